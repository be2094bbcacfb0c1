"""The words of a scenario on the Binance adapter: one step a line, readable by a trader, parsed into values."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, cast

from trueup.drills.emulator_faults import EVENT_EFFECTS, EVENT_SUBJECTS, REQUEST_EFFECTS, REQUEST_SUBJECTS
from trueup.drills.step_rules import Found, StepRules
from trueup.drills.venue.values import Side

SYMBOLS: Final = ("BTCUSDT", "ETHUSDT")
"""What the node trades. They stand still at 50,000 and 3,000."""

GRAMMAR: Final = f"""\
node start                                       waits until it trades, or has given up
node start pending                               waits until its process answers
node stop                                        also: kill
node submit V-1 BUY 0.010 [@ 40000] [on ETHUSDT] at the market if no price is given
venue external X-1 BUY 0.5 [@ 40000] [on ETHUSDT]
venue fill V-1 [0.010] [times 1200]              what is left of it if no quantity is given
venue clock -8d                                  its clock is behind, and not yet the node's; also: now
stream cut                                       the user stream, without a close frame
fault SUBJECT EFFECT [times 1]
heal
wait 6s
wait for V-1 FILLED                              in the node
wait for V-1 at the venue
wait for the fault                               until the last one has been met

SUBJECT of the stream: {", ".join(EVENT_SUBJECTS)}
EFFECT on it:          {", ".join(EVENT_EFFECTS)}
SUBJECT of requests:   {", ".join(REQUEST_SUBJECTS)}
EFFECT on them:        {", ".join(REQUEST_EFFECTS)}"""
"""Every step there is, for a reader; brackets hold what may be left out."""


@dataclass(frozen=True, slots=True)
class StartNode:
    """A node process is started; ``pending`` does not wait for it to trade."""

    pending: bool = False


@dataclass(frozen=True, slots=True)
class EndNode:
    """The node ends, in good order or not."""

    how: Literal["stop", "kill"]


@dataclass(frozen=True, slots=True)
class Place:
    """An order is placed, by the node's strategy or by another client; at the market without a price."""

    by: Literal["node", "external"]
    name: str
    side: Side
    quantity: Decimal
    price: Decimal | None = None
    symbol: str = SYMBOLS[0]


@dataclass(frozen=True, slots=True)
class Fill:
    """The venue executes part of an order, ``count`` times; what is left of it without a quantity."""

    name: str
    quantity: Decimal | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class SetClock:
    """The venue's clock is behind the machine's by so much."""

    behind_days: int


@dataclass(frozen=True, slots=True)
class CutStream:
    """The connection of the user stream ends without a close frame."""


@dataclass(frozen=True, slots=True)
class Break:
    """Something goes wrong from now on, so many times or until it is healed."""

    subject: str
    effect: str
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Heal:
    """Every fault is taken back."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes."""

    secs: float


@dataclass(frozen=True, slots=True)
class WaitForOrder:
    """An order comes to have a status in the node, or without one to be at the venue."""

    name: str
    status: str | None = None


@dataclass(frozen=True, slots=True)
class WaitForFault:
    """What was broken last has been met."""


Step = (
    StartNode | EndNode | Place | Fill | SetClock | CutStream | Break | Heal | Wait | WaitForOrder | WaitForFault
)  # fmt: skip

_NUMBER, _NAME = r"\d+(?:\.\d+)?", r"(?P<name>[\w-]+)"
_SIZE = rf"(?P<side>BUY|SELL) (?P<quantity>{_NUMBER})(?: @ (?P<price>{_NUMBER}))?"
_ORDER = rf"{_SIZE}(?: on (?P<symbol>{'|'.join(SYMBOLS)}))?"
_TIMES = r"(?: times (?P<times>[1-9]\d*))?"


def _decimal(found: Found, key: str) -> Decimal | None:
    text = found.get(key)
    return None if text is None else Decimal(text)


def _times(found: Found) -> int | None:
    return None if found["times"] is None else int(found["times"])


def _place(found: Found) -> Place:
    return Place(
        by="node" if found["by"] == "node submit" else "external",
        name=found["name"] or "",
        side=Side(found["side"] or ""),
        quantity=Decimal(found["quantity"] or 0),
        price=_decimal(found, "price"),
        symbol=found["symbol"] or SYMBOLS[0],
    )


def _break(found: Found) -> Break:
    return Break(found["subject"] or "", found["effect"] or "", _times(found))


_READER: StepRules[Step] = StepRules(
    GRAMMAR,
    (r"node start(?P<pending> pending)?", lambda found: StartNode(bool(found["pending"]))),
    (r"node (?P<how>stop|kill)", lambda found: EndNode(cast("Literal['stop', 'kill']", found["how"]))),
    (rf"(?P<by>node submit|venue external) {_NAME} {_ORDER}", _place),
    (
        rf"venue fill {_NAME}(?: (?P<quantity>{_NUMBER})(?: times (?P<times>[1-9]\d*))?)?",
        lambda found: Fill(found["name"] or "", _decimal(found, "quantity"), _times(found) or 1),
    ),
    (r"venue clock (?:now|-(?P<days>\d+)d)", lambda found: SetClock(int(found["days"] or 0))),
    (r"stream cut", lambda _: CutStream()),
    (rf"fault (?P<subject>{'|'.join(EVENT_SUBJECTS)}) (?P<effect>{'|'.join(EVENT_EFFECTS)}){_TIMES}", _break),
    (rf"fault (?P<subject>{'|'.join(REQUEST_SUBJECTS)}) (?P<effect>{'|'.join(REQUEST_EFFECTS)}){_TIMES}", _break),
    (r"heal", lambda _: Heal()),
    (rf"wait (?P<secs>{_NUMBER})s", lambda found: Wait(float(found["secs"] or 0))),
    (r"wait for the fault", lambda _: WaitForFault()),
    (
        rf"wait for {_NAME} (?:at the venue|(?P<status>[A-Z_]+))",
        lambda found: WaitForOrder(found["name"] or "", found["status"]),
    ),
)

parse_step = _READER.step
parse_steps = _READER.steps
