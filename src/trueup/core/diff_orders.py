"""The differences of orders and of identifiers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from trueup.core.tolerance import Tolerance
from trueup.core.view import PRICED_TYPES, STOP_TYPES, TRIGGERABLE_TYPES, TruePair, View
from trueup.model.coverage import RecordKind
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind, Healability, Severity, Subject
from trueup.model.enums import OrderStatus
from trueup.model.orders import OrderRecord

EXTERNAL_OWNER = "EXTERNAL"
"""The engine's name for the owner of orders that no strategy claims."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingOrder:
    """Hold an order that is between the node and the venue: no difference yet, and no agreement either."""

    client_order_id: str
    instrument_id: str
    status: OrderStatus
    reason: str


def plain(value: Decimal | None) -> str | None:
    """Return a number as people write it, without exponent or trailing zeros."""
    if value is None:
        return None
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def signed_change(venue: Decimal, node: Decimal) -> str:
    """Return what must be added to the node's number, with its sign."""
    text = plain(venue - node) or "0"
    return text if text.startswith("-") else f"+{text}"


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
        add(DiscrepancyKind.IDENTIFIER_MISMATCH, Severity.WARNING, _names(venue), _names(node))
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
    return bool(venue.client_order_id and node.client_order_id and venue.client_order_id != node.client_order_id)


def _names(order: OrderRecord) -> str:
    return f"{order.client_order_id or '-'}/{order.venue_order_id or '-'}"


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
    return f"{order.status} {order.side} {plain(order.filled_quantity)} of {plain(order.quantity)}"


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
    if not order.filled_quantity:
        return []
    covered = view.venue.coverage.complete_for(
        RecordKind.ORDERS_CLOSED, order.instrument_id, max(order.updated_ns, order.accepted_ns)
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


def diff_identifiers(view: View) -> list[Discrepancy]:
    """Return every name that two orders carry."""
    found: list[Discrepancy] = []
    for order, other in view.pairing.clashing:
        found.append(
            Discrepancy(
                kind=DiscrepancyKind.IDENTIFIER_DUPLICATED,
                subject=Subject(instrument_id=order.instrument_id, venue_order_id=order.venue_order_id or ""),
                venue=_names(order),
                node=_names(other),
                detail="the client order id belongs to another order of the venue",
                time_ns=order.updated_ns,
                severity=Severity.CRITICAL if order.is_open else Severity.WARNING,
                healability=Healability.MANUAL,
            )
        )
    for name, orders in view.node.order_clashes.items():
        instrument_id = orders[0].instrument_id
        found.append(
            Discrepancy(
                kind=DiscrepancyKind.IDENTIFIER_DUPLICATED,
                subject=Subject(instrument_id=instrument_id, venue_order_id=name),
                node=", ".join(sorted(_names(order) for order in orders)),
                venue=name,
                time_ns=max(order.updated_ns for order in orders),
                severity=Severity.CRITICAL if any(order.is_open for order in orders) else Severity.WARNING,
                healability=Healability.REBUILD,
            )
        )
    return found


def diff_owners(view: View, claims: dict[str, str]) -> list[Discrepancy]:
    """Return the open orders that nobody owns on instruments that a strategy claims."""
    if not claims:
        return []
    return [
        Discrepancy(
            kind=DiscrepancyKind.ORDER_OWNER,
            subject=Subject.of_order(order),
            venue=claims[order.instrument_id],
            node=order.owner,
            detail="claimed, yet owned by nobody",
            time_ns=order.accepted_ns,
            severity=Severity.WARNING,
            healability=Healability.REBUILD,
        )
        for order in view.node.order_by_client_id.values()
        if order.is_open and order.owner == EXTERNAL_OWNER and order.instrument_id in claims
    ]
