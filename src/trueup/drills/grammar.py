"""The words of a scenario: one step a line, readable by a trader, parsed into the values of ``trueup.drills.steps``."""

from __future__ import annotations

from decimal import Decimal

from trueup.drills.step_rules import Found, StepRules
from trueup.drills.steps import (
    Amend,
    AwaitNode,
    Break,
    Cancel,
    External,
    Fill,
    Finish,
    Heal,
    KillNode,
    Modify,
    Move,
    Reconcile,
    Redis,
    Restart,
    SetClock,
    StartNode,
    Step,
    StopNode,
    Submit,
    Wait,
    WaitFor,
)
from trueup.drills.venue.faults import Fault
from trueup.drills.venue.values import Leg, OrderStatus, Side

GRAMMAR = """\
node start [cold] [natively] [refused | pending]
node kill [now]
node stop
node restart 10 times
node submit V-1 BUY 3 @ 100 [on ETH] [leg LONG] [routed]
node burst V 150 BUY 1 @ 100 [on ETH] [leg LONG]
node cancel V-1
node modify V-1 to 4 [@ 101]
node reconcile
venue fill V-1 1 [@ 101] [as T-7] [silently | twice | delayed 0.8s] [times 2]
venue cancel V-1 [silently | twice | delayed 0.8s]      also: expire, reject
venue amend V-1 to 4 [@ 101] [silently | twice | delayed 0.8s]
venue external X-1 BUY 2 @ 100 [on ETH] [leg LONG] [nameless] [filled] [silently | twice | delayed 0.8s]
venue moves BTC [leg LONG] to 3 [@ 101]
venue clock -3h                                         also: now
fault orders fail [of KIND] [by 0.8s] [times 2]
heal [orders]
redis kill                                              also: start
wait 2s
wait for V-1 FILLED
wait for node [refused]"""
"""Every step there is, for a reader; brackets hold what may be left out."""

_NAME, _NUMBER = r"(?P<name>[\w.-]+)", r"\d+(?:\.\d+)?"
_QUANTITY, _PRICE = rf"(?P<quantity>{_NUMBER})", rf"(?P<price>{_NUMBER})"
_ORDER = rf"(?P<side>BUY|SELL) {_QUANTITY} @ {_PRICE}(?: on (?P<symbol>\w+))?(?: leg (?P<leg>LONG|SHORT))?"
_PUSH = r"(?: (?P<push>silently|twice|delayed (?P<delay>[\d.]+)s))?"
_TIMES = r"(?: times (?P<times>\d+))?"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _decimal(found: Found, key: str) -> Decimal | None:
    text = found.get(key)
    return None if text is None else Decimal(text)


def _required(found: Found, key: str) -> Decimal:
    value = _decimal(found, key)
    assert value is not None
    return value


def _leg(found: Found) -> Leg:
    return Leg(found.get("leg") or "BOTH")


def _push(found: Found) -> Fault | None:
    match (found.get("push") or "").split(" ")[0]:
        case "silently":
            return Fault("push", "lose")
        case "twice":
            return Fault("push", "duplicate")
        case "delayed":
            return Fault("push", "delay", delay_secs=float(found["delay"] or 0))
    return None


def _submit(found: Found) -> Submit:
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


def _external(found: Found) -> External:
    return External(
        name=found["name"] or "",
        side=Side(found["side"] or ""),
        quantity=_required(found, "quantity"),
        price=_required(found, "price"),
        symbol=found["symbol"] or "BTC",
        leg=_leg(found),
        nameless=bool(found["nameless"]),
        filled=bool(found["filled"]),
        push=_push(found),
    )


def _fault(found: Found) -> Break:
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

_READER: StepRules[Step] = StepRules(
    GRAMMAR,
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
    (rf"venue external {_NAME} {_ORDER}(?P<nameless> nameless)?(?P<filled> filled)?{_PUSH}", _external),
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

parse_step = _READER.step
parse_steps = _READER.steps
