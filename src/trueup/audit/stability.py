"""Which of the differences that a look found are differences, and which are only on their way. Pure.

The node is read over its store, which it writes behind its own state, and the venue by several calls. So the rule of
two looks (`trueup.core.two_look`) holds here, too, and two things more:

* what happened at the venue less than the store's lag ago may be on its way into the store;
* a position of an instrument that trades is compared with what the node held *when the venue answered*: the fills that
  came later are taken off again. Else the position of a busy instrument would differ in every look, and a real
  difference would hide behind that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from trueup.core.two_look import Looks, take_look
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind, Healability
from trueup.model.fills import FillRecord
from trueup.model.positions import PositionKey
from trueup.model.snapshots import NodeSnapshot, VenueSnapshot

POSITION_MARGIN_NS: Final = 500_000_000
"""How far from the venue's answer a fill may lie of which it is not known whether the answer held it: clocks differ,
and answers age."""
SAME_DRIFT_LOOKS: Final = 4
"""A position that moves, and is apart by the same amount in so many looks, is apart."""
SUFFIX_MAX: Final = 200
"""Fills within the margin that are tried; more than this in half a second is no trading that can be told apart."""

_QUANTITY = frozenset({DiscrepancyKind.POSITION_QUANTITY, DiscrepancyKind.POSITION_SIDE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Hold what one look came to.

    Parameters
    ----------
    confirmed : tuple of Discrepancy
        Differences.
    unsettled : tuple of Discrepancy
        What may be on its way.
    memory : Memory
        To be carried into the next look.
    """

    confirmed: tuple[Discrepancy, ...]
    unsettled: tuple[Discrepancy, ...]
    memory: Memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Hold what earlier looks saw. Start with ``Memory()``."""

    looks: Looks = field(default_factory=Looks)
    drifts: Mapping[str, tuple[str, int]] = field(default_factory=lambda: MappingProxyType({}))


def settle(
    memory: Memory,
    discrepancies: Iterable[Discrepancy],
    venue: VenueSnapshot,
    node: NodeSnapshot,
    *,
    lag_ns: int,
    gap_ns: int,
) -> Settled:
    """Take one look: return what is confirmed and what is not yet.

    Parameters
    ----------
    memory : Memory
        What earlier looks saw.
    discrepancies : iterable of Discrepancy
        What this one found.
    venue, node
        The readings.
    lag_ns : int
        How long an event may be on its way into the node's store.
    gap_ns : int
        How far two looks must lie apart.
    """
    found = [one for one in discrepancies if not passed_through(one, venue, node)]
    result = take_look(memory.looks, found, venue, node, gap_ns_min=gap_ns)
    acted = {id(one) for one in result.act_on}
    drifts = _drifts(memory, found)
    confirmed: list[Discrepancy] = []
    unsettled: list[Discrepancy] = []
    for one in found:
        is_young = bool(one.time_ns) and one.time_ns + lag_ns > venue.started_ns
        is_steady = drifts.get(one.fingerprint, ("", 0))[1] >= SAME_DRIFT_LOOKS
        (confirmed if (id(one) in acted and not is_young) or is_steady else unsettled).append(one)
    return Settled(
        confirmed=tuple(confirmed),
        unsettled=tuple(unsettled),
        memory=Memory(looks=result.looks, drifts=MappingProxyType(drifts)),
    )


def passed_through(one: Discrepancy, venue: VenueSnapshot, node: NodeSnapshot) -> bool:
    """Return whether a position differs only by fills that came after the venue answered.

    The node's latest fills are taken off one after the other. If the venue's quantity comes out where the remaining
    ones end about when the venue answered, it is one that the node passed through while it was read.
    """
    got = venue.coverage.positions.got
    if one.kind not in _QUANTITY or got is None:
        return False
    key = (one.subject.instrument_id, one.subject.leg)
    held = venue.positions_by_key.get(key)
    wanted = held[0].quantity if held is not None else Decimal(0)
    quantity = sum((position.quantity for position in node.positions_by_key.get(key, ())), Decimal(0))
    latest = _latest_fills(node, key, got.end_ns - POSITION_MARGIN_NS)
    for place, fill in enumerate(latest):
        quantity -= fill.signed_quantity
        ends_ns = latest[place + 1].time_ns if place + 1 < len(latest) else 0
        if quantity == wanted and ends_ns <= got.end_ns + POSITION_MARGIN_NS:
            return True
    return False


def _latest_fills(node: NodeSnapshot, key: PositionKey, since_ns: int) -> list[FillRecord]:
    """Return the node's fills of a position since an instant, the latest first."""
    found = {
        fill.key: fill for fill in node.fills if fill.time_ns >= since_ns and (fill.instrument_id, fill.leg) == key
    }
    if not found:
        return []
    ordered = sorted(found.values(), key=lambda fill: fill.order_time_key, reverse=True)
    return ordered[:SUFFIX_MAX]


def _drifts(memory: Memory, found: Iterable[Discrepancy]) -> dict[str, tuple[str, int]]:
    """Return by how much each position is apart that no fill explains, and in how many looks in a row by the same."""
    drifts = {}
    for one in found:
        if one.kind in _QUANTITY and one.healability is Healability.MANUAL:
            change, looks = memory.drifts.get(one.fingerprint, ("", 0))
            drifts[one.fingerprint] = (one.change, looks + 1 if change == one.change else 1)
    return drifts
