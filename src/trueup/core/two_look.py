"""The two-look rule: act at run time only on what two readings agree on.

A stream and a reading overtake each other: what is missing in one reading may be on its way. So a discrepancy is
acted on when a second reading, a moment later, shows it again, and nothing of its own subject moved in the node
between the two. The scope is the subject, so that a busy instrument does not starve (measured: scoped to the
instrument, it does):

* a fill: its trade id is missing in both readings, whatever else happened to the order;
* a status or an amendment: the node's own order is the same in both;
* an order missing at the venue: the same, and the venue answered "unknown order" in both, with a complete list of
open orders; * a position: the node's own position is the same in both;
* anything else: it is there in both.

At start-up nothing trades yet, and everything may be acted on at once, but for what the venue's silence alone says
(`absences`). An order that no list has would leave the node for good: purged wrongly, it is older than the proof that
follows, and no look asks for it again. An order that is alive in the node would be ended, and its strategy told so,
where a venue fails to list it and denies it for a moment. A status that was healed wrongly is seen wrong by the next
look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from trueup.model.coverage import RecordKind
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind, Healability
from trueup.model.snapshots import NodeSnapshot, VenueSnapshot

# Longer than the lag of a healthy user stream (0.15 s in the measured race) with room to spare, and shorter than any
# sensible interval between looks (the shortest that the configuration allows is 1 s).
GAP_NS_MIN = 500_000_000
# A sighting that later readings could neither confirm nor refute is forgotten after this many of them: the memory
# stays bounded.
UNSEEN_LOOKS_MAX = 50

_FILLS = frozenset(
    {
        DiscrepancyKind.FILL_MISSING,
        DiscrepancyKind.FILL_DUPLICATED,
        DiscrepancyKind.FILL_INVENTED,
        DiscrepancyKind.FILL_PRICE,
        DiscrepancyKind.FILL_QUANTITY,
        DiscrepancyKind.FILL_COMMISSION,
    }
)
_ABSENT = frozenset({DiscrepancyKind.ORDER_MISSING_AT_VENUE, DiscrepancyKind.FILL_INVENTED})
_POSITIONS = frozenset(
    {
        DiscrepancyKind.POSITION_QUANTITY,
        DiscrepancyKind.POSITION_SIDE,
        DiscrepancyKind.POSITION_AVERAGE_PRICE,
        DiscrepancyKind.POSITION_SPLIT_OWNERSHIP,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Hold when a discrepancy was first seen with its subject as it is now.

    ``mark`` is what the node (and, for an absence, the venue) said of the subject then; a different mark starts anew.
    """

    first_ns: int
    mark: object
    kind: DiscrepancyKind
    instrument_id: str
    unseen_looks: int = 0


@dataclass(frozen=True, slots=True)
class Looks:
    """Hold the sightings so far, by fingerprint. Start with ``Looks()``."""

    sightings: Mapping[str, Sighting] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class LookResult:
    """Hold what may be acted on after a look, and the sightings to carry into the next."""

    act_on: tuple[Discrepancy, ...]
    looks: Looks


def take_look(
    looks: Looks,
    discrepancies: Iterable[Discrepancy],
    venue: VenueSnapshot,
    node: NodeSnapshot,
    *,
    at_startup: bool = False,
    gap_ns_min: int = GAP_NS_MIN,
) -> LookResult:
    """Take one look: return which discrepancies may be acted on now.

    Parameters
    ----------
    looks : Looks
        What the looks before have seen.
    discrepancies : iterable of Discrepancy
        What this look found.
    venue, node
        The snapshots that it was found in.
    at_startup : bool
        Nothing trades yet: act at once.
    gap_ns_min : int
        How far the two readings must lie apart.
    """
    found = tuple(discrepancies)
    carried: dict[str, Sighting] = {}
    act_on: list[Discrepancy] = []
    for one in found:
        fingerprint = one.fingerprint
        mark = _mark(one, venue, node)
        before = looks.sightings.get(fingerprint)
        if before is not None and before.mark == mark:
            carried[fingerprint] = Sighting(
                first_ns=before.first_ns, mark=mark, kind=one.kind, instrument_id=one.subject.instrument_id
            )
            if venue.started_ns - before.first_ns >= gap_ns_min:
                act_on.append(one)
        else:
            carried[fingerprint] = Sighting(
                first_ns=venue.ended_ns, mark=mark, kind=one.kind, instrument_id=one.subject.instrument_id
            )
    for fingerprint, sighting in looks.sightings.items():
        if fingerprint not in carried and not reads_kind(sighting.kind, sighting.instrument_id, venue):
            kept = _unseen(sighting)
            if kept is not None:
                carried[fingerprint] = kept
    return LookResult(act_on=found if at_startup else tuple(act_on), looks=Looks(MappingProxyType(carried)))


def absences(found: Iterable[Discrepancy], venue: VenueSnapshot) -> frozenset[str]:
    """Return the fingerprints of what the venue's silence alone says of orders that no list has.

    Those with fills, which a rebuild would purge and not make again; and those alive in the node that the venue denies,
    which would be ended.

    Parameters
    ----------
    found : iterable of Discrepancy
        What a look found.
    venue : VenueSnapshot
        The reading that it was found in.
    """
    return frozenset(one.fingerprint for one in found if _is_absence(one, venue))


def _is_absence(one: Discrepancy, venue: VenueSnapshot) -> bool:
    is_denied = one.kind is DiscrepancyKind.ORDER_MISSING_AT_VENUE and one.healability is Healability.HEALABLE
    if one.kind not in _ABSENT or not (is_denied or one.healability is Healability.REBUILD):
        return False
    subject = one.subject
    listed = venue.order_named(
        client_order_id=subject.client_order_id or None,
        venue_order_id=subject.venue_order_id or None,
        instrument_id=subject.instrument_id,
    )
    return listed is None


def _mark(one: Discrepancy, venue: VenueSnapshot, node: NodeSnapshot) -> object:
    """Return what must be the same in both looks."""
    if one.kind in _FILLS:
        return None
    subject = one.subject
    if one.kind in _POSITIONS:
        return node.positions_by_key.get((subject.instrument_id, subject.leg), ())
    if one.kind is DiscrepancyKind.BALANCE:
        return None
    own = node.order_named(
        client_order_id=subject.client_order_id or None,
        venue_order_id=subject.venue_order_id or None,
        instrument_id=subject.instrument_id,
    )
    if one.kind is DiscrepancyKind.ORDER_MISSING_AT_VENUE:
        is_unknown = subject.client_order_id in venue.unknown_orders or subject.venue_order_id in venue.unknown_orders
        is_complete = venue.coverage.complete_for(RecordKind.ORDERS_OPEN, subject.instrument_id)
        return (own, is_unknown and is_complete)
    return own


def reads_kind(kind: DiscrepancyKind, instrument_id: str, venue: VenueSnapshot) -> bool:
    """Return whether a reading covers what a kind of discrepancy is about, so that its absence means something."""
    if kind in _FILLS:
        kinds = [RecordKind.FILLS]
    elif kind in _POSITIONS:
        kinds = [RecordKind.POSITIONS]
    elif kind is DiscrepancyKind.BALANCE:
        kinds = [RecordKind.BALANCES]
    else:
        kinds = [RecordKind.ORDERS_OPEN, RecordKind.ORDERS_CLOSED]
    return all(venue.coverage.complete_for(one, instrument_id or None) for one in kinds)


def _unseen(sighting: Sighting) -> Sighting | None:
    if sighting.unseen_looks + 1 > UNSEEN_LOOKS_MAX:
        return None
    return Sighting(
        first_ns=sighting.first_ns,
        mark=sighting.mark,
        kind=sighting.kind,
        instrument_id=sighting.instrument_id,
        unseen_looks=sighting.unseen_looks + 1,
    )
