"""The orders that one side has and the other has not."""

from __future__ import annotations

from trueup.core.pending import PendingOrder
from trueup.core.tolerance import Tolerance
from trueup.core.view import View
from trueup.core.wording import plain
from trueup.model.coverage import RecordKind
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind, Healability, Severity, Subject
from trueup.model.enums import OrderStatus
from trueup.model.orders import OrderRecord


def diff_missing_orders(orders: tuple[OrderRecord, ...]) -> list[Discrepancy]:
    """Return one discrepancy for each order that the node is expected to know and does not."""
    return [
        Discrepancy(
            kind=DiscrepancyKind.ORDER_MISSING_IN_NODE,
            subject=Subject.of_order(order),
            venue=_state(order),
            time_ns=order.accepted_ns,
            severity=_missing_severity(order),
        )
        for order in orders
    ]


def _missing_severity(order: OrderRecord) -> Severity:
    if order.is_open:
        return Severity.CRITICAL
    return Severity.WARNING if order.filled_quantity else Severity.INFO


def _state(order: OrderRecord) -> str:
    return " ".join((order.status, order.side, plain(order.filled_quantity), "of", plain(order.quantity)))


def diff_node_only(view: View, tolerance: Tolerance) -> tuple[list[Discrepancy], list[PendingOrder]]:
    """Return what to make of the orders that the node holds and the venue did not list.

    Absence is evidence only from a complete list that was read after the order's last event, and after the submit
    grace.
    """
    found: list[Discrepancy] = []
    pending: list[PendingOrder] = []
    for order in view.pairing.node_only:
        if order.is_local_only or view.is_opening_order(order):
            continue
        if order.is_closed:
            found += _phantom(order, view)
            continue
        is_unknown = is_answered_unknown(order, view)
        if order.status is OrderStatus.INITIALIZED and not is_unknown:
            continue  # never sent, as far as anyone knows: nothing at the venue could correspond to it
        if max(order.updated_ns, order.submitted_ns) + tolerance.submit_grace_ns > view.venue.started_ns:
            reason = "within the submit grace, and not at the venue yet"
            pending.append(
                PendingOrder(
                    client_order_id=order.name, instrument_id=order.instrument_id, status=order.status, reason=reason
                )
            )
        elif is_unknown or _open_list_excludes(order, view):
            found.append(_missing_at_venue(order, is_unknown=is_unknown))
    return found, pending


def is_proven_by_fills(order: OrderRecord, view: View) -> bool:
    """Return whether the venue lists a fill of an order that it does not list.

    Such a fill proves its order, whatever the venue says of the order itself: where the two do not agree, the one that
    says less is wrong.
    """
    return any(view.pair_of(fill) is None for fill in view.venue.fills_of(order))


def is_answered_unknown(order: OrderRecord, view: View) -> bool:
    """Return whether the venue, asked about this very order, answered that it does not know it."""
    unknown = view.venue.unknown_orders
    return order.client_order_id in unknown or order.venue_order_id in unknown


def _open_list_excludes(order: OrderRecord, view: View) -> bool:
    coverage = view.venue.coverage
    return coverage.complete_for(RecordKind.ORDERS_OPEN, order.instrument_id, max(order.updated_ns, order.accepted_ns))


def _missing_at_venue(order: OrderRecord, *, is_unknown: bool) -> Discrepancy:
    return Discrepancy(
        kind=DiscrepancyKind.ORDER_MISSING_AT_VENUE,
        subject=Subject.of_order(order),
        node=_state(order),
        detail="the venue answered: unknown order" if is_unknown else "not among the venue's open orders",
        time_ns=order.updated_ns,
        severity=Severity.CRITICAL,
        healability=Healability.HEALABLE if is_unknown else Healability.DERIVED,
    )


def _phantom(order: OrderRecord, view: View) -> list[Discrepancy]:
    """Return a closed order with fills that a complete list of the venue does not have."""
    if not order.filled_quantity or is_proven_by_fills(order, view):
        return []
    # A list of closed orders begins at a time: of their creation at Binance, of their last change elsewhere.
    # An order on both sides of that time may be left out of it, so both its ends must lie inside.
    covered = all(
        view.venue.coverage.complete_for(RecordKind.ORDERS_CLOSED, order.instrument_id, each) for each in order.span_ns
    )
    if not covered and not is_answered_unknown(order, view):
        return []
    return [
        Discrepancy(
            kind=DiscrepancyKind.ORDER_MISSING_AT_VENUE,
            subject=Subject.of_order(order),
            node=_state(order),
            detail="closed in the node, never at the venue",
            time_ns=order.updated_ns,
            severity=Severity.WARNING,
            healability=Healability.REBUILD,
        )
    ]
