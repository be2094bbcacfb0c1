"""What to do about one order: from what the node has to what the venue has, through reports that the engine accepts.

The rules were measured on NautilusTrader 1.231.0 (see `core.order_steps` for those of the single step):

* An amendment comes before the fills that need the new quantity.
* CANCELED is the one terminal status that a fill may follow; CANCELED may then be reported again.
* A terminal order without fills can be revived; with fills it can only be rebuilt with its instrument.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from trueup.core.cases import OrderCase
from trueup.core.diff_lone_orders import is_answered_unknown, is_proven_by_fills
from trueup.core.diff_orders import is_renamed, prices_differ, same_status, triggers_differ
from trueup.core.netting import in_time_order
from trueup.core.order_steps import ENDS, amendment, book, final, fresh_known, fresh_steps, merged, pending_resolved
from trueup.core.owners import EXTERNAL_OWNER
from trueup.core.view import TRIGGERABLE_TYPES, View
from trueup.model.coverage import RecordKind
from trueup.model.discrepancies import DiscrepancyKind
from trueup.model.enums import OrderStatus
from trueup.model.fills import FillRecord
from trueup.model.identifiers import external_client_order_id
from trueup.model.orders import OrderRecord
from trueup.model.steps import Amend, Final, RefusalCode, Revive, Step

_ZERO = Decimal(0)
_ABSENT = frozenset({DiscrepancyKind.ORDER_MISSING_AT_VENUE, DiscrepancyKind.FILL_INVENTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlan:
    """Hold the steps of one order, or why there are none.

    ``refused`` and ``reason`` are given when nothing can be done now; neither steps nor a refusal means that it is
    too early (some of its discrepancies wait for their second look).
    """

    steps: tuple[Step, ...] = ()
    refused: RefusalCode | None = None
    reason: str = ""


WAIT = OrderPlan()


def refuse(code: RefusalCode, reason: str) -> OrderPlan:
    """Return the plan of an order that cannot be healed by reports."""
    return OrderPlan(refused=code, reason=reason)


def plan_order(case: OrderCase, view: View, owner: str) -> OrderPlan:
    """Return the steps of one order.

    Parameters
    ----------
    case : OrderCase
        The order and its discrepancies.
    view : View
        Both snapshots.
    owner : str
        Who owns the order if the node does not know it.
    """
    if case.pair is None:
        return _plan_unlisted(case, view)
    if case.is_damaged:
        return refuse(RefusalCode.NEEDS_REBUILD, "the node holds fills that the venue did not report so")
    if case.node is None:
        return _plan_unknown(case, view, owner)
    if DiscrepancyKind.IDENTIFIER_MISMATCH in case.observed:
        if is_renamed(case.pair.venue, case.node):
            return refuse(RefusalCode.NEEDS_REBUILD, f"the node knows it as {case.node.client_order_id}")
        return refuse(RefusalCode.IDENTIFIERS_CLASH, "both sides name the order differently")
    booked = case.node.filled_quantity + _sum(case.missing)
    if booked > case.pair.venue.filled_quantity:
        return refuse(RefusalCode.NEEDS_REBUILD, "the node holds more fills than the venue counts")
    if booked < case.pair.venue.filled_quantity:
        return refuse(RefusalCode.FILLS_INCOMPLETE, "the fills that were read do not add up to the filled quantity")
    return _plan_known(case, case.pair.venue, case.node)


def _sum(fills: Sequence[FillRecord]) -> Decimal:
    if len(fills) == 1:
        return fills[0].quantity
    return sum((fill.quantity for fill in fills), _ZERO)


def _plan_unlisted(case: OrderCase, view: View) -> OrderPlan:
    """Plan an order that the node holds and the venue did not list."""
    node = case.node
    is_absent = DiscrepancyKind.ORDER_MISSING_AT_VENUE in case.observed
    if node is None or not (is_absent or case.is_damaged):
        return refuse(RefusalCode.FILLS_INCOMPLETE, "the order of these fills was not read")
    if case.is_damaged or node.is_closed:
        return _plan_stranger(case, node, view)
    if case.missing:
        return refuse(RefusalCode.FILLS_INCOMPLETE, "the venue lists fills of the order, and not the order")
    if DiscrepancyKind.ORDER_MISSING_AT_VENUE not in case.allowed:
        return WAIT
    coverage = view.venue.coverage
    is_list_complete = all(
        coverage.complete_for(kind, node.instrument_id) for kind in (RecordKind.ORDERS_OPEN, RecordKind.POSITIONS)
    )
    if not (is_list_complete and is_answered_unknown(node, view)):
        return refuse(RefusalCode.NOT_PROVEN_ABSENT, "not among the open orders, and the venue was not asked about it")
    status = OrderStatus.CANCELED if node.venue_order_id is not None else OrderStatus.REJECTED
    return OrderPlan(
        steps=(
            Final(
                order=replace(node, status=status, owner=node.owner or EXTERNAL_OWNER),
                time_ns=max(node.updated_ns, view.venue.ended_ns),
                reason="the venue does not know the order",
            ),
        )
    )


def _plan_stranger(case: OrderCase, node: OrderRecord, view: View) -> OrderPlan:
    """Plan an order that would leave the node for good, with its fills: the venue's word about it alone permits that.

    A list that lacks it proves nothing. One that was empty for a moment made a start purge real orders, for which no
    later look asked any more, since they were older than its proof (found by a campaign).
    """
    if case.missing or is_proven_by_fills(node, view):
        return refuse(RefusalCode.FILLS_INCOMPLETE, "the venue lists a fill of the order, and not the order")
    if not is_answered_unknown(node, view):
        return refuse(RefusalCode.NOT_PROVEN_ABSENT, "no list has the order, and the venue did not say it is unknown")
    if (case.observed - case.allowed) & _ABSENT:
        return WAIT
    return refuse(RefusalCode.NEEDS_REBUILD, "the venue never had this order")


def _plan_unknown(case: OrderCase, view: View, owner: str) -> OrderPlan:
    """Plan an order that the venue holds and the node does not know."""
    assert case.pair is not None
    venue = case.pair.venue
    if DiscrepancyKind.ORDER_MISSING_IN_NODE not in case.allowed:
        return WAIT
    if _sum(case.missing) != venue.filled_quantity:
        return refuse(RefusalCode.FILLS_INCOMPLETE, "the fills that were read do not add up to the filled quantity")
    client_order_id = venue.client_order_id or external_client_order_id(
        view.node.account_id, venue.instrument_id, venue.venue_order_id or ""
    )
    steps = fresh_steps(
        venue, case.allowed_missing, name=client_order_id, owner=owner, is_new=True, is_whole=case.all_allowed
    )
    return OrderPlan(steps=tuple(steps))


def _plan_known(case: OrderCase, venue: OrderRecord, node: OrderRecord) -> OrderPlan:
    """Plan an order that both sides hold, with fills that add up."""
    order = merged(venue, node)
    if node.status in {OrderStatus.EMULATED, OrderStatus.RELEASED}:
        return refuse(RefusalCode.NO_STEP_EXISTS, "the node emulates the order, the venue has it")
    if node.is_closed:
        return _plan_closed(case, order, node)
    if node.status in {OrderStatus.INITIALIZED, OrderStatus.SUBMITTED} or node.venue_order_id is None:
        if DiscrepancyKind.ORDER_STATUS not in case.allowed:
            return WAIT
        steps = fresh_known(order, case.allowed_missing, is_whole=case.all_allowed)
        return OrderPlan(steps=tuple(steps))
    return _plan_open(case, order, node)


def _plan_closed(case: OrderCase, order: OrderRecord, node: OrderRecord) -> OrderPlan:
    """Plan an order that is terminal in the node."""
    assert case.pair is not None
    agrees = same_status(case.pair)
    if agrees and not case.missing:
        return OrderPlan(steps=tuple(_amend(case, order, node, in_need=False)))
    if not case.all_allowed:
        return WAIT
    if node.status is OrderStatus.CANCELED and case.missing and order.status is not OrderStatus.REJECTED:
        ordered = in_time_order(case.missing)
        steps = _amend(case, order, node, in_need=True)
        steps += book(order, ordered)
        if order.status in ENDS:
            if DiscrepancyKind.ORDER_STATUS not in case.allowed and not agrees:
                return WAIT
            steps.append(final(order, order.status, ordered, again=True))
        return OrderPlan(steps=tuple(steps))
    if node.filled_quantity:
        return refuse(RefusalCode.NEEDS_REBUILD, f"the node ended the order as {node.status} with fills booked")
    if not agrees and DiscrepancyKind.ORDER_STATUS not in case.allowed:
        return WAIT
    revive = Revive(
        client_order_id=node.client_order_id or "",
        instrument_id=node.instrument_id,
        owner=node.owner or EXTERNAL_OWNER,
        was=node.status,
        becomes=order.status,
    )
    return OrderPlan(steps=(revive, *fresh_known(order, case.missing, is_whole=True)))


def _plan_open(case: OrderCase, order: OrderRecord, node: OrderRecord) -> OrderPlan:
    """Plan an order that works in the node."""
    may_end = DiscrepancyKind.ORDER_STATUS in case.allowed
    if order.quantity < node.filled_quantity:
        return refuse(RefusalCode.NEEDS_REBUILD, "the node filled more than the venue's quantity")
    if order.status is OrderStatus.FILLED and not case.missing:
        return refuse(
            RefusalCode.NEEDS_REBUILD, "the order is filled at its amended quantity; the engine keeps it open"
        )
    if order.status is OrderStatus.REJECTED and (node.filled_quantity or case.missing):
        return refuse(RefusalCode.NEEDS_REBUILD, "the venue rejected an order that has fills")
    ordered = in_time_order(case.allowed_missing)
    steps = _amend(case, order, node, in_need=bool(ordered))
    if node.status.is_pending and order.is_open and may_end and not ordered:
        steps = _end_request(order, node, steps)
    steps += book(order, ordered)
    if may_end and case.all_allowed and order.status in ENDS:
        steps.append(final(order, order.status, ordered))
    if may_end and _must_trigger(order, node):
        steps.append(final(order, OrderStatus.TRIGGERED, ordered))
    return OrderPlan(steps=tuple(steps))


def _must_trigger(order: OrderRecord, node: OrderRecord) -> bool:
    is_behind = node.status is OrderStatus.ACCEPTED or node.status.is_pending
    return order.status is OrderStatus.TRIGGERED and is_behind and node.order_type in TRIGGERABLE_TYPES


def _end_request(order: OrderRecord, node: OrderRecord, update: list[Step]) -> list[Step]:
    """Return what ends a request that the venue did not act upon; a fill would end it by itself.

    An amendment that the venue shows was not refused, and the update alone ends it. A refused cancel cannot lead back
    to TRIGGERED in the engine's state machine (1.231.0), so a triggerable order is reported as ACCEPTED instead.
    """
    if node.status is OrderStatus.PENDING_UPDATE and update:
        return update
    if node.status is OrderStatus.PENDING_CANCEL and node.order_type in TRIGGERABLE_TYPES and not node.filled_quantity:
        return update or [Amend(order=amendment(order, node), time_ns=order.updated_ns)]
    return [pending_resolved(order, node), *update]


def _amend(case: OrderCase, order: OrderRecord, node: OrderRecord, *, in_need: bool) -> list[Step]:
    """Return the amendment of an order, if it differs and may be acted on, or if its fills need the new quantity."""
    quantity = order.quantity != node.quantity
    price, trigger = prices_differ(order, node), triggers_differ(order, node)
    may_act = (
        (quantity and DiscrepancyKind.ORDER_QUANTITY in case.allowed)
        or (price and DiscrepancyKind.ORDER_PRICE in case.allowed)
        or (trigger and DiscrepancyKind.ORDER_TRIGGER_PRICE in case.allowed)
    )
    if not may_act and not (quantity and in_need):
        return []
    first_ns = min((fill.time_ns for fill in case.allowed_missing), default=order.updated_ns)
    return [Amend(order=amendment(order, node), time_ns=min(first_ns, order.updated_ns))]
