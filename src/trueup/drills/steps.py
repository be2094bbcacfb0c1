"""The steps of a scenario: one line each, in words that a trader reads, parsed into frozen values.

::

    node start [cold] [natively] [refused | pending]
                                               node submit V-1 BUY 3 @ 100 [on ETH] [leg LONG] [routed]
    node kill [now] | node stop                node cancel V-1
    node burst V 150 BUY 1 @ 100               node modify V-1 to 4 [@ 101]
    node reconcile                             node restart 10 times
    venue fill V-1 1 [@ 101] [as T-7] [silently | twice | delayed 0.8s] [times N]
    venue external X-1 BUY 2 @ 100 [on ETH] [leg LONG] [nameless] [silently]
    venue cancel|expire|reject V-1 [silently | delayed 0.8s]
    venue amend V-1 to 4 [@ 101] [silently]
    venue moves BTC [leg LONG] to 3 [@ 101]    venue clock -3h | venue clock now
    fault SUBJECT EFFECT [of KIND] [by 0.8s] [times N]
    heal [SUBJECT]
    redis kill | redis start
    wait 2s                                    wait for V-1 FILLED
    wait for node [refused]
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from trueup.drills.venue.faults import Fault
from trueup.drills.venue.values import Leg, OrderStatus, Side
from trueup.errors import ConfigValueError


@dataclass(frozen=True, slots=True)
class StartNode:
    """Start a node; ``outcome`` is what to wait for: ``trading``, ``refused`` or ``pending`` (nothing).

    ``natively`` starts it without trueup in either mode, to leave behind what the native engine leaves.
    """

    cold: bool = False
    outcome: str = "trading"
    natively: bool = False


@dataclass(frozen=True, slots=True)
class KillNode:
    """Kill the node with SIGKILL, at once or after what is under way has been handled."""

    now: bool = False


@dataclass(frozen=True, slots=True)
class StopNode:
    """Stop the node in good order."""


@dataclass(frozen=True, slots=True)
class Restart:
    """Kill and start the node several times; whatever a restart changes in its state is a difference."""

    times: int


@dataclass(frozen=True, slots=True)
class Submit:
    """The strategy submits limit orders: one, or several with numbered names."""

    name: str
    side: Side
    quantity: Decimal
    price: Decimal
    symbol: str = "BTC"
    leg: Leg = Leg.BOTH
    routed: bool = False
    count: int = 1


@dataclass(frozen=True, slots=True)
class Cancel:
    """The strategy cancels an order."""

    name: str


@dataclass(frozen=True, slots=True)
class Modify:
    """The strategy amends an order."""

    name: str
    quantity: Decimal
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Reconcile:
    """An operator asks the running engine to reconcile again."""


@dataclass(frozen=True, slots=True)
class Fill:
    """The venue executes part of an order, ``count`` times."""

    name: str
    quantity: Decimal
    price: Decimal | None = None
    trade_id: str | None = None
    push: Fault | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class External:
    """Somebody else places an order on the account, with or without a client order id."""

    name: str
    side: Side
    quantity: Decimal
    price: Decimal
    symbol: str = "BTC"
    leg: Leg = Leg.BOTH
    nameless: bool = False
    push: Fault | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """The venue closes an order."""

    name: str
    status: OrderStatus
    push: Fault | None = None


@dataclass(frozen=True, slots=True)
class Amend:
    """The venue changes an order by itself."""

    name: str
    quantity: Decimal
    price: Decimal | None = None
    push: Fault | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """The venue changes a position without any fill."""

    symbol: str
    quantity: Decimal
    price: Decimal | None = None
    leg: Leg = Leg.BOTH


@dataclass(frozen=True, slots=True)
class SetClock:
    """The venue's clock is set back, to make history, or to now."""

    offset_secs: float


@dataclass(frozen=True, slots=True)
class Break:
    """A fault begins."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Heal:
    """The faults of a subject end, or all."""

    subject: str = ""


@dataclass(frozen=True, slots=True)
class Redis:
    """The store's server is killed or started again."""

    action: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes."""

    secs: float


@dataclass(frozen=True, slots=True)
class AwaitNode:
    """Wait until a node that was started as pending trades, or until it is clear that it will not."""

    outcome: str = "trading"


@dataclass(frozen=True, slots=True)
class WaitFor:
    """Wait until the node has an order in a state."""

    name: str
    status: str


Step = (
    StartNode
    | KillNode
    | StopNode
    | Restart
    | Submit
    | Cancel
    | Modify
    | Reconcile
    | Fill
    | External
    | Finish
    | Amend
    | Move
    | SetClock
    | Break
    | Heal
    | Redis
    | Wait
    | AwaitNode
    | WaitFor
)

_Found = dict[str, str | None]
_NAME, _NUMBER = r"(?P<name>[\w.-]+)", r"\d+(?:\.\d+)?"
_QUANTITY, _PRICE = rf"(?P<quantity>{_NUMBER})", rf"(?P<price>{_NUMBER})"
_ORDER = rf"(?P<side>BUY|SELL) {_QUANTITY} @ {_PRICE}(?: on (?P<symbol>\w+))?(?: leg (?P<leg>LONG|SHORT))?"
_PUSH = r"(?: (?P<push>silently|twice|delayed (?P<delay>[\d.]+)s))?"
_TIMES = r"(?: times (?P<times>\d+))?"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _decimal(found: _Found, key: str) -> Decimal | None:
    text = found.get(key)
    return None if text is None else Decimal(text)


def _required(found: _Found, key: str) -> Decimal:
    value = _decimal(found, key)
    assert value is not None
    return value


def _leg(found: _Found) -> Leg:
    return Leg(found.get("leg") or "BOTH")


def _push(found: _Found) -> Fault | None:
    match (found.get("push") or "").split(" ")[0]:
        case "silently":
            return Fault("push", "lose")
        case "twice":
            return Fault("push", "duplicate")
        case "delayed":
            return Fault("push", "delay", delay_secs=float(found["delay"] or 0))
    return None


def _submit(found: _Found) -> Submit:
    return Submit(
        name=found["name"] or "",
        side=Side(found["side"] or ""),
        quantity=_required(found, "quantity"),
        price=_required(found, "price"),
        symbol=found["symbol"] or "BTC",
        leg=_leg(found),
        routed=bool(found.get("routed")),
        count=int(found.get("count") or 1),
    )


def _external(found: _Found) -> External:
    return External(
        name=found["name"] or "",
        side=Side(found["side"] or ""),
        quantity=_required(found, "quantity"),
        price=_required(found, "price"),
        symbol=found["symbol"] or "BTC",
        leg=_leg(found),
        nameless=bool(found["nameless"]),
        push=_push(found),
    )


def _fault(found: _Found) -> Break:
    return Break(
        Fault(
            subject=found["subject"] or "",
            effect=found["effect"] or "",
            kind=found["kind"] or "",
            delay_secs=float(found["delay"] or 0),
            times=None if found["times"] is None else int(found["times"]),
        )
    )


_FINISHED = {"cancel": OrderStatus.CANCELED, "expire": OrderStatus.EXPIRED, "reject": OrderStatus.REJECTED}

_GRAMMAR: tuple[tuple[str, Callable[[_Found], Step]], ...] = (
    (
        r"node start(?P<cold> cold)?(?P<natively> natively)?(?: (?P<outcome>refused|pending))?",
        lambda found: StartNode(bool(found["cold"]), found["outcome"] or "trading", bool(found["natively"])),
    ),
    (r"node kill(?P<now> now)?", lambda found: KillNode(bool(found["now"]))),
    (r"node stop", lambda _: StopNode()),
    (r"node restart (?P<times>\d+) times", lambda found: Restart(int(found["times"] or 0))),
    (rf"node submit {_NAME} {_ORDER}(?P<routed> routed)?", _submit),
    (rf"node burst {_NAME} (?P<count>\d+) {_ORDER}", _submit),
    (rf"node cancel {_NAME}", lambda found: Cancel(found["name"] or "")),
    (
        rf"node modify {_NAME} to {_QUANTITY}(?: @ {_PRICE})?",
        lambda found: Modify(found["name"] or "", _required(found, "quantity"), _decimal(found, "price")),
    ),
    (r"node reconcile", lambda _: Reconcile()),
    (
        rf"venue fill {_NAME} {_QUANTITY}(?: @ {_PRICE})?(?: as (?P<trade>[\w-]+))?{_PUSH}{_TIMES}",
        lambda found: Fill(
            found["name"] or "",
            _required(found, "quantity"),
            _decimal(found, "price"),
            found["trade"],
            _push(found),
            int(found["times"] or 1),
        ),
    ),
    (rf"venue external {_NAME} {_ORDER}(?P<nameless> nameless)?{_PUSH}", _external),
    (
        rf"venue (?P<how>cancel|expire|reject) {_NAME}{_PUSH}",
        lambda found: Finish(found["name"] or "", _FINISHED[found["how"] or ""], _push(found)),
    ),
    (
        rf"venue amend {_NAME} to {_QUANTITY}(?: @ {_PRICE})?{_PUSH}",
        lambda found: Amend(found["name"] or "", _required(found, "quantity"), _decimal(found, "price"), _push(found)),
    ),
    (
        rf"venue moves (?P<symbol>\w+)(?: leg (?P<leg>LONG|SHORT))? to (?P<quantity>-?{_NUMBER})(?: @ {_PRICE})?",
        lambda found: Move(found["symbol"] or "", _required(found, "quantity"), _decimal(found, "price"), _leg(found)),
    ),
    (
        rf"venue clock (?:now|-(?P<number>{_NUMBER})(?P<unit>[smhd]))",
        lambda found: SetClock(-float(found["number"] or 0) * _SECONDS[found["unit"] or "s"]),
    ),
    (
        rf"fault (?P<subject>\w+) (?P<effect>\w+)(?: of (?P<kind>\w+))?(?: by (?P<delay>[\d.]+)s)?{_TIMES}",
        _fault,
    ),
    (r"heal(?: (?P<subject>\w+))?", lambda found: Heal(found["subject"] or "")),
    (r"redis (?P<action>kill|start)", lambda found: Redis(found["action"] or "")),
    (r"wait for node(?: (?P<outcome>refused))?", lambda found: AwaitNode(found["outcome"] or "trading")),
    (rf"wait (?P<secs>{_NUMBER})s", lambda found: Wait(float(found["secs"] or 0))),
    (
        rf"wait for {_NAME} (?P<status>[A-Z_]+)",
        lambda found: WaitFor(found["name"] or "", found["status"] or ""),
    ),
)
_COMPILED = tuple((re.compile(pattern), build) for pattern, build in _GRAMMAR)


def parse_step(line: str) -> Step:
    """Return the step that a line says.

    Raises
    ------
    ConfigValueError
        If no step reads like this.
    """
    words = " ".join(line.split())
    for pattern, build in _COMPILED:
        if (found := pattern.fullmatch(words)) is not None:
            return build(found.groupdict())
    raise ConfigValueError(
        f"the step {words!r} is not understood", allowed=str(__doc__).split("::", maxsplit=1)[1].strip("\n")
    )


def parse_steps(text: str) -> tuple[Step, ...]:
    """Return the steps of a text, one a line; ``#`` begins a remark."""
    lines = (line.split("#", maxsplit=1)[0].strip() for line in text.splitlines())
    return tuple(parse_step(line) for line in lines if line)
