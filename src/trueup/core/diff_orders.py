"""The differences of an order that both sides have."""

from __future__ import annotations

from trueup.core.diff_names import both_names
from trueup.core.pending import PendingOrder
from trueup.core.tolerance import Tolerance
from trueup.core.view import PRICED_TYPES, STOP_TYPES, TRIGGERABLE_TYPES, TruePair, View
from trueup.core.wording import plain, signed_change
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind, Healability, Severity, Subject
from trueup.model.enums import OrderStatus
from trueup.model.identifiers import unique_client_order_id
from trueup.model.orders import OrderRecord


def same_status(pair: TruePair) -> bool:
    """Return whether both sides say the same of an order's status, as far as the venue can tell it.

    A venue that lists a triggered order as a working one tells less than the node knows; that is no difference.
    """
    assert pair.node is not None
    venue, node = pair.venue.status, pair.node.status
    if venue is node:
        return True
    return node is OrderStatus.TRIGGERED and venue is OrderStatus.ACCEPTED and pair.node.order_type in TRIGGERABLE_TYPES


def is_same(venue: OrderRecord, node: OrderRecord) -> bool:
    """Return whether two orders agree in every value: the short way for nearly all of them."""
    return (
        venue.status is node.status
        and venue.filled_quantity == node.filled_quantity
        and venue.quantity == node.quantity
        and venue.price == node.price
        and venue.trigger_price == node.trigger_price
        and venue.venue_order_id == node.venue_order_id
        and (venue.client_order_id is None or venue.client_order_id == node.client_order_id)
        and venue.side is node.side
    )


def diff_pair(pair: TruePair, view: View, tolerance: Tolerance) -> tuple[list[Discrepancy], PendingOrder | None]:
    """Return the differences of one order that both sides list."""
    node = pair.node
    assert node is not None
    if _is_settling(node, view, tolerance):
        return [], PendingOrder(
            client_order_id=node.name,
            instrument_id=node.instrument_id,
            status=node.status,
            reason="the venue's answer is on its way",
        )
    return _differences(pair), None


def _is_settling(node: OrderRecord, view: View, tolerance: Tolerance) -> bool:
    if not node.status.is_in_flight:
        return False
    return max(node.updated_ns, node.submitted_ns) + tolerance.settle_ns > view.venue.started_ns


def _differences(pair: TruePair) -> list[Discrepancy]:
    venue, node = pair.venue, pair.node
    assert node is not None
    subject = Subject.of_order(node, venue)
    found: list[Discrepancy] = []

    def add(kind: DiscrepancyKind, severity: Severity, said: object, held: object, change: str = "") -> None:
        found.append(
            Discrepancy(
                kind=kind,
                subject=subject,
                venue=None if said is None else str(said),
                node=None if held is None else str(held),
                change=change,
                time_ns=venue.updated_ns,
                severity=severity,
                healability=_healability(kind, venue, node),
            )
        )

    alive = Severity.CRITICAL if venue.is_open or node.is_open else Severity.WARNING
    if venue.side is not node.side:
        add(DiscrepancyKind.ORDER_SIDE, Severity.CRITICAL, venue.side, node.side)
    if not same_status(pair):
        add(DiscrepancyKind.ORDER_STATUS, alive, venue.status, node.status)
    if venue.quantity != node.quantity:
        change = signed_change(venue.quantity, node.quantity)
        add(DiscrepancyKind.ORDER_QUANTITY, alive, plain(venue.quantity), plain(node.quantity), change)
    if venue.filled_quantity != node.filled_quantity:
        change = signed_change(venue.filled_quantity, node.filled_quantity)
        said, held = plain(venue.filled_quantity), plain(node.filled_quantity)
        add(DiscrepancyKind.ORDER_FILLED_QUANTITY, Severity.CRITICAL, said, held, change)
    if prices_differ(venue, node):
        add(DiscrepancyKind.ORDER_PRICE, alive, plain(venue.price), plain(node.price))
    if triggers_differ(venue, node):
        add(DiscrepancyKind.ORDER_TRIGGER_PRICE, alive, plain(venue.trigger_price), plain(node.trigger_price))
    if _identifiers_differ(venue, node):
        add(DiscrepancyKind.IDENTIFIER_MISMATCH, Severity.WARNING, both_names(venue), both_names(node))
    return found


def prices_differ(venue: OrderRecord, node: OrderRecord) -> bool:
    """Return whether the limit prices differ, for a type that has one, when the venue says one."""
    return venue.price is not None and venue.price != node.price and node.order_type in PRICED_TYPES


def triggers_differ(venue: OrderRecord, node: OrderRecord) -> bool:
    """Return whether the trigger prices differ, for a type that has one, when the venue says one."""
    return (
        venue.trigger_price is not None and venue.trigger_price != node.trigger_price and node.order_type in STOP_TYPES
    )


def _identifiers_differ(venue: OrderRecord, node: OrderRecord) -> bool:
    if venue.venue_order_id and node.venue_order_id and venue.venue_order_id != node.venue_order_id:
        return True
    said = unique_client_order_id(venue.client_order_id, venue.venue_order_id)
    held = unique_client_order_id(node.client_order_id, node.venue_order_id)
    return bool(said and held and said != held)


def is_renamed(venue: OrderRecord, node: OrderRecord) -> bool:
    """Return whether the node holds the venue's very order, by its number, under a name that is not its own.

    The engine invents one where a reading gave it none (a random UUID, 1.231.0).
    """
    return venue.venue_order_id is not None and venue.venue_order_id == node.venue_order_id


def _healability(kind: DiscrepancyKind, venue: OrderRecord, node: OrderRecord) -> Healability:
    if kind is DiscrepancyKind.IDENTIFIER_MISMATCH:
        return Healability.REBUILD if is_renamed(venue, node) else Healability.MANUAL
    if kind is DiscrepancyKind.ORDER_SIDE:
        return Healability.REBUILD
    if kind is DiscrepancyKind.ORDER_STATUS and node.is_closed and node.status is not OrderStatus.CANCELED:
        return Healability.REBUILD
    if kind is DiscrepancyKind.ORDER_FILLED_QUANTITY:
        return Healability.DERIVED
    return Healability.HEALABLE
