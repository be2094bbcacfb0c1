"""The steps that take an order somewhere, in the order in which the engine accepts them.

The rules were measured on NautilusTrader 1.231.0:

* An order that the engine does not know as accepted is seeded as ACCEPTED with nothing filled, then filled, then ended.
  Reporting FILLED or PARTIALLY_FILLED as news makes the engine invent fills.
* An amendment is reported with the node's own filled quantity, under the one status that publishes an update and
  nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from trueup.core.diff_orders import prices_differ, triggers_differ
from trueup.core.netting import in_time_order
from trueup.core.owners import EXTERNAL_OWNER
from trueup.model.enums import OrderStatus
from trueup.model.fills import FillRecord
from trueup.model.making import with_changes
from trueup.model.orders import OrderRecord
from trueup.model.steps import Fill, Final, PendingResolved, Seed, Step

_ZERO = Decimal(0)
ENDS = frozenset({OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED})
_LAST = ENDS | {OrderStatus.TRIGGERED}


def fresh_steps(
    order: OrderRecord, fills: Iterable[FillRecord], *, name: str, owner: str, is_new: bool, is_whole: bool
) -> list[Step]:
    """Return what takes an order that the engine does not know as accepted to the venue's state.

    Parameters
    ----------
    order : OrderRecord
        The venue's order.
    fills : iterable of FillRecord
        Those to book.
    name, owner : str
        The client order id under which the node knows it, or will, and who owns it.
    is_new : bool
        Whether the node does not know the order at all.
    is_whole : bool
        Whether these are all its fills: only then it may be ended.
    """
    ordered = in_time_order(fills)
    if order.status is OrderStatus.REJECTED and not is_new:
        return [final(with_changes(order, client_order_id=name, owner=owner), order.status, ordered)]
    accepted_ns = order.accepted_ns or order.updated_ns
    if ordered:
        accepted_ns = min(accepted_ns, ordered[0].time_ns)
    # One copy for each order and none for a fill that is named already: a cold start has 50,000 of each.
    seeded = with_changes(
        order,
        client_order_id=name,
        owner=owner,
        status=OrderStatus.ACCEPTED,
        filled_quantity=_ZERO,
        average_price=None,
        accepted_ns=accepted_ns,
        updated_ns=accepted_ns,
    )
    steps: list[Step] = [Seed(order=seeded, is_new=is_new)]
    steps += book(seeded, ordered)
    if is_whole and order.status in _LAST:
        steps.append(final(with_changes(order, client_order_id=name, owner=owner), order.status, ordered))
    return steps


def book(order: OrderRecord, fills: Iterable[FillRecord]) -> list[Step]:
    """Return the steps that book fills on an order, under its names."""
    owner = order.owner or EXTERNAL_OWNER
    return [Fill(fill=_named(fill, order), owner=owner) for fill in fills]


def _named(fill: FillRecord, order: OrderRecord) -> FillRecord:
    if fill.client_order_id == order.client_order_id and fill.venue_order_id == order.venue_order_id:
        return fill
    return with_changes(fill, client_order_id=order.client_order_id, venue_order_id=order.venue_order_id)


def final(order: OrderRecord, status: OrderStatus, fills: list[FillRecord], *, again: bool = False) -> Final:
    """Return the step that gives an order its last status, after these fills."""
    last_ns = fills[-1].time_ns if fills else 0
    time_ns = max(order.updated_ns, order.accepted_ns, last_ns)
    report = order if order.status is status else with_changes(order, status=status)
    return Final(order=report, time_ns=time_ns, again=again)


def fresh_known(order: OrderRecord, fills: Iterable[FillRecord], *, is_whole: bool) -> list[Step]:
    """Return `fresh_steps` of an order that the node knows, already merged with the node's own."""
    return fresh_steps(
        order,
        fills,
        name=order.client_order_id or "",
        owner=order.owner or EXTERNAL_OWNER,
        is_new=False,
        is_whole=is_whole,
    )


def merged(venue: OrderRecord, node: OrderRecord) -> OrderRecord:
    """Return the venue's order under the node's names, owner, type and instructions."""
    return with_changes(
        venue,
        client_order_id=node.client_order_id,
        venue_order_id=venue.venue_order_id or node.venue_order_id,
        owner=node.owner or EXTERNAL_OWNER,
        order_type=node.order_type,
        contingent_ids=node.contingent_ids,
        submitted_ns=node.submitted_ns,
    )


def amendment(order: OrderRecord, node: OrderRecord) -> OrderRecord:
    """Return the report of an amendment: the venue's quantity and prices, the node's fills."""
    return with_changes(
        order,
        status=_amend_status(node),
        filled_quantity=node.filled_quantity,
        average_price=node.average_price,
        price=order.price if prices_differ(order, node) else node.price,
        trigger_price=order.trigger_price if triggers_differ(order, node) else node.trigger_price,
    )


def _amend_status(node: OrderRecord) -> OrderStatus:
    """Return the status under which the engine publishes an update and nothing else."""
    if node.is_closed or node.status is OrderStatus.TRIGGERED:
        return node.status
    return OrderStatus.PARTIALLY_FILLED if node.filled_quantity else OrderStatus.ACCEPTED


def pending_resolved(order: OrderRecord, node: OrderRecord) -> PendingResolved:
    """Return the step that ends a request on which the venue did not act."""
    return PendingResolved(
        client_order_id=node.client_order_id or "",
        venue_order_id=order.venue_order_id,
        instrument_id=node.instrument_id,
        owner=node.owner or EXTERNAL_OWNER,
        request=node.status,
        time_ns=order.updated_ns,
    )
