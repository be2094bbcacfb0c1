"""The differences of names: one name on two orders, and orders that nobody owns."""

from __future__ import annotations

from trueup.core.owners import EXTERNAL_OWNER
from trueup.core.view import View
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind, Healability, Severity, Subject
from trueup.model.orders import OrderRecord


def both_names(order: OrderRecord) -> str:
    """Return an order's two names, client order id first."""
    return f"{order.client_order_id or '-'}/{order.venue_order_id or '-'}"


def diff_identifiers(view: View) -> list[Discrepancy]:
    """Return every name that two orders carry."""
    found: list[Discrepancy] = []
    for order, other in view.pairing.clashing:
        found.append(
            Discrepancy(
                kind=DiscrepancyKind.IDENTIFIER_DUPLICATED,
                subject=Subject(instrument_id=order.instrument_id, venue_order_id=order.venue_order_id or ""),
                venue=both_names(order),
                node=both_names(other),
                detail="the client order id belongs to another order of the venue",
                time_ns=order.updated_ns,
                severity=Severity.CRITICAL if order.is_open else Severity.WARNING,
                healability=Healability.MANUAL,
            )
        )
    for (numbered_on, name), orders in view.node.order_clashes.items():
        instrument_id = orders[0].instrument_id
        found.append(
            Discrepancy(
                kind=DiscrepancyKind.IDENTIFIER_DUPLICATED,
                subject=Subject(
                    instrument_id=instrument_id,
                    client_order_id="" if numbered_on else name,
                    venue_order_id=name if numbered_on else "",
                ),
                node=", ".join(sorted(both_names(order) for order in orders)),
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
