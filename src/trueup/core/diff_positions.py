"""The differences of positions and balances."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from trueup.core.life_cycle import true_life_cycle
from trueup.core.netting import in_time_order, net
from trueup.core.tolerance import Tolerance, within
from trueup.core.view import View
from trueup.core.wording import plain, shown_average, signed_change
from trueup.model.coverage import RecordKind
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind, Healability, Severity, Subject
from trueup.model.enums import Leg
from trueup.model.fills import FillRecord
from trueup.model.positions import PositionKey, PositionRecord

_ZERO = Decimal(0)


def diff_positions(view: View, missing: Iterable[FillRecord], tolerance: Tolerance) -> list[Discrepancy]:
    """Return the differences of every position that either side holds, per leg."""
    explained: dict[PositionKey, Decimal] = {}
    for fill in missing:
        if fill.key not in view.position_booked:
            key = (fill.instrument_id, fill.leg)
            explained[key] = explained.get(key, _ZERO) + fill.signed_quantity
    found: list[Discrepancy] = []
    for key in sorted(view.venue.positions_by_key.keys() | view.node.positions_by_key.keys()):
        venue_quantity = view.venue_quantity(key)
        if venue_quantity is None or not view.node.coverage.complete_for(RecordKind.POSITIONS, key[0]):
            continue
        node_quantity = view.node_quantity(key)
        if not tolerance.same_quantity(key[0], venue_quantity, node_quantity):
            is_explained = tolerance.same_quantity(key[0], venue_quantity, node_quantity + explained.get(key, _ZERO))
            found.append(_quantity(key, venue_quantity, node_quantity, is_explained=is_explained, view=view))
        found += _owners(view, key)
        found += _average(view, key, venue_quantity, node_quantity, tolerance)
    return found


def _quantity(
    key: PositionKey, venue_quantity: Decimal, node_quantity: Decimal, *, is_explained: bool, view: View
) -> Discrepancy:
    opposite = venue_quantity * node_quantity < 0
    held = view.venue.positions_by_key.get(key)
    return Discrepancy(
        kind=DiscrepancyKind.POSITION_SIDE if opposite else DiscrepancyKind.POSITION_QUANTITY,
        subject=_subject(key),
        venue=plain(venue_quantity),
        node=plain(node_quantity),
        change=signed_change(venue_quantity, node_quantity),
        detail="explained by missing fills" if is_explained else "not explained by any fill that was read",
        time_ns=held[0].updated_ns if held else 0,
        severity=Severity.CRITICAL,
        healability=Healability.DERIVED if is_explained else Healability.MANUAL,
    )


def _subject(key: PositionKey) -> Subject:
    return Subject(instrument_id=key[0], leg=key[1])


def _owners(view: View, key: PositionKey) -> list[Discrepancy]:
    """Return whether a one-way position is held by more than one owner."""
    if key[1] is not Leg.BOTH:
        return []
    held = [position for position in view.node.positions_by_key.get(key, ()) if position.quantity]
    if len({position.owner for position in held}) < 2:
        return []
    return [
        Discrepancy(
            kind=DiscrepancyKind.POSITION_SPLIT_OWNERSHIP,
            subject=_subject(key),
            venue="one position",
            node=", ".join(f"{position.owner} {plain(position.quantity)}" for position in held),
            severity=Severity.WARNING,
            healability=Healability.REBUILD,
        )
    ]


def _average(
    view: View, key: PositionKey, venue_quantity: Decimal, node_quantity: Decimal, tolerance: Tolerance
) -> list[Discrepancy]:
    """Return whether the average price is wrong, where both sides hold the same quantity and the node holds it once."""
    if not venue_quantity or not tolerance.same_quantity(key[0], venue_quantity, node_quantity):
        return []
    held = [position for position in view.node.positions_by_key.get(key, ()) if position.quantity]
    if len(held) != 1 or held[0].average_price is None:
        return []
    node_average = held[0].average_price
    true_average = _true_average(view, key, held[0])
    by_venue = view.venue.positions_by_key.get(key)
    venue_average = by_venue[0].average_price if by_venue else None
    if true_average is not None and not within(true_average, node_average, tolerance.arithmetic_relative):
        said, detail = true_average, "its fills were applied out of the venue's time order"
    elif venue_average is not None and not within(venue_average, node_average, tolerance.average_price_relative):
        said, detail = venue_average, ""
    else:
        return []
    return [
        Discrepancy(
            kind=DiscrepancyKind.POSITION_AVERAGE_PRICE,
            subject=_subject(key),
            venue=plain(shown_average(said)),
            node=plain(shown_average(node_average)),
            change=signed_change(shown_average(said), shown_average(node_average)),
            detail=detail,
            severity=Severity.WARNING,
            healability=Healability.REBUILD,
        )
    ]


def _true_average(view: View, key: PositionKey, position: PositionRecord) -> Decimal | None:
    """Return the average by the venue's own history where that is listed, else by the position's fills in time order.

    Venues round what they publish, and the tolerance for that (1e-4) would hide a fill that was booked in the wrong
    life cycle: 4.5e-5 in a drill.
    """
    listed = None if position.adjusted else true_life_cycle(view, key)
    return average_in_time_order(position) if listed is None else listed.average_price


def average_in_time_order(position: PositionRecord) -> Decimal | None:
    """Return what a position's own fills come to in the venue's time order, None where its fills do not tell.

    The first fill of a life cycle that began with a flip is held with its rest only, so the fills add up to the
    quantity.
    """
    fills = position.fills
    if not fills or position.adjusted:
        return None
    ordered = in_time_order(fills)
    if ordered == list(fills):
        return None
    netted = net(ordered)
    return netted.average_price if netted.quantity == position.quantity else None


def diff_balances(view: View, tolerance: Tolerance) -> list[Discrepancy]:
    """Return the balances that lie further apart than allowed; none unless a tolerance is set."""
    if tolerance.balance is None:
        return []
    complete = view.venue.coverage.complete_for(RecordKind.BALANCES)
    found: list[Discrepancy] = []
    for currency in sorted(view.venue.balance_by_currency.keys() | view.node.balance_by_currency.keys()):
        said = view.venue.balance_by_currency.get(currency)
        held = view.node.balance_by_currency.get(currency)
        if said is None and not complete:
            continue
        venue_total = said.total if said is not None else _ZERO
        node_total = held.total if held is not None else _ZERO
        if abs(venue_total - node_total) > tolerance.balance:
            found.append(
                Discrepancy(
                    kind=DiscrepancyKind.BALANCE,
                    subject=Subject(currency=currency),
                    venue=plain(venue_total),
                    node=plain(node_total),
                    change=signed_change(venue_total, node_total),
                    healability=Healability.MANUAL,
                )
            )
    return found
