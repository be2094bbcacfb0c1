"""The repairs, as data: one id each, what it does, and what is wrong without it. Pure.

`docs/binance.md` has a section for each id, `trueup probe binance` an experiment; the tests hold all three together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Repair:
    """One repair.

    Parameters
    ----------
    id : str
        ``BNnn``, for ever.
    title : str
        What the hardened client does.
    fault : str
        What the adapter does instead.
    source : str
        Where the fault was found: measured on a version, or an upstream issue.
    repaired_in : tuple of int, optional
        The engine's version in which the adapter does it right by itself; None for no released 1.x.
    """

    id: str
    title: str
    fault: str
    source: str
    repaired_in: tuple[int, int] | None = None


REPAIRS: Final = (
    Repair(
        "BN01",
        "Each symbol is asked once",
        "A symbol of the node (BTCUSDT-PERP) and the same of the venue (BTCUSDT) are both asked for, every report comes"
        " twice, and a warm restart can end flat while the venue is long.",
        "measured on 1.231.0",
    ),
    Repair(
        "BN02",
        "A failed question fails the reading",
        "An error answer to a list of orders or fills becomes an empty list, and the start goes on under 'succeeded'.",
        "measured on 1.231.0",
    ),
    Repair(
        "BN03",
        "Every request has a time-out",
        "No request has one, so that a question that is never answered holds the start for ever.",
        "measured on 1.231.0",
    ),
    Repair(
        "BN04",
        "A refused listen key is asked for again",
        "One error while the user stream is opened again ends it for good; the node goes on, blind.",
        "measured on 1.231.0",
    ),
    Repair(
        "BN05",
        "An unknown outcome of a submit stays unknown until the venue was asked",
        "A 503 after the venue accepted the order makes it REJECTED in the node and leaves it live at the venue.",
        "measured on 1.231.0",
    ),
    Repair(
        "BN06",
        "What may have been executed is not sent again",
        "A submit whose outcome the venue does not know (-1007) is sent again; the second one is refused as a"
        " duplicate, and the live order becomes REJECTED.",
        "measured on 1.231.0; nautilus_trader issue 4215",
    ),
    Repair(
        "BN07",
        "A stop in the middle of a submit rejects nothing",
        "A node that stops while a submit is under way writes REJECTED for an order that is live.",
        "measured on 1.231.0",
    ),
    Repair(
        "BN08",
        "A lost fill event is noticed",
        "When the event of a fill is lost, nothing notices, although the account's own event tells the position.",
        "measured on 1.231.0",
    ),
    Repair(
        "BN09",
        "The fills of a gap are applied in the venue's order",
        "After a gap fills of different orders are applied in random order, and the realised result with them.",
        "measured on 1.231.0",
    ),
    Repair(
        "BN10",
        "Histories are read to their end",
        "Of more than 500 fills only one page is read, and the rest is invented.",
        "measured on 1.231.0",
    ),
    Repair(
        "BN11",
        "Working orders are listed whatever their age",
        "A working order older than seven days is dropped.",
        "measured on 1.231.0",
    ),
    Repair(
        "BN12",
        "Symbols that are flat now, or hold only orders, are read too",
        "Fills of a symbol without a position are never asked for on a cold start.",
        "measured on 1.231.0",
    ),
    Repair(
        "BN13",
        "Requests are paced inside the venue's weight",
        "Weights are not counted and Retry-After is not read; past the limit answers become empty lists.",
        "measured on 1.231.0",
    ),
    Repair(
        "BN14",
        "The history of conditional orders is asked only where there is one",
        "It is asked for every symbol, at weight 5 each.",
        "measured on 1.231.0",
    ),
    Repair(
        "BN15",
        "A silent stream is noticed and replaced",
        "A connection on which nothing comes any more, not even a pong, is not noticed within the minute.",
        "measured on 1.231.0",
    ),
    Repair(
        "BN16",
        "The venue's clock is measured and timestamps are corrected",
        "The difference is logged; every signed request is refused when it exceeds the receive window.",
        "measured on 1.231.0",
    ),
    Repair(
        "BN17",
        "Questions are asked side by side",
        "Each symbol is asked after the other, twice: 42 s for 200 symbols at 100 ms.",
        "measured on 1.231.0",
    ),
    Repair(
        "BN18",
        "A cancel of an order that is no longer open asks what became of it",
        "-2011 becomes 'cancel rejected', and an order whose end was not heard of stays open in the node.",
        "measured on 1.231.0",
    ),
    Repair(
        "BN19",
        "A conditional order is followed into what it became",
        "When a conditional order triggers unheard, its fill is refused for its new venue order id, and after a restart"
        " it is cancelled at the wrong endpoint.",
        "measured on 1.231.0",
    ),
    Repair(
        "BN20",
        "An order that self-trade prevention ended is expired, in reports as on the stream",
        "A report calls it cancelled, which the stream and the venue call expired: a restart tells another end than the"
        " one that the node heard.",
        "measured on 1.231.0",
    ),
)
REPAIR_BY_ID: Final = {repair.id: repair for repair in REPAIRS}


def needed_at(version: tuple[int, int]) -> tuple[Repair, ...]:
    """Return the repairs that an engine version still needs; where it needs none, the adapter's own client serves."""
    return tuple(repair for repair in REPAIRS if repair.repaired_in is None or version < repair.repaired_in)
