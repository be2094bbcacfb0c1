"""The model's records of the engine's orders, fills and positions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from nautilus_trader.model.events import OrderFilled, OrderSubmitted

from trueup.model.fills import FillRecord
from trueup.model.identifiers import leg_of
from trueup.model.orders import OrderRecord
from trueup.model.positions import PositionRecord
from trueup.store.synthetic import is_synthetic_fill
from trueup.venues.records import LIQUIDITY_SIDES, ORDER_SIDES, ORDER_STATUSES, ORDER_TYPES, TIMES_IN_FORCE
from trueup.venues.values import decimal_of, fee_of, instrument_name, name_of


class OrderParts(NamedTuple):
    """Hold what one order of the cache gives: itself, its fills with their events, and the numbers it bore before."""

    record: OrderRecord
    fills: tuple[FillRecord, ...]
    fill_events: tuple[Any, ...]
    former_venue_order_ids: tuple[str, ...]


def order_parts(order: Any, position_id: Any | None) -> OrderParts:
    """Return what an order gives.

    Parameters
    ----------
    order : Order
        The order.
    position_id : PositionId or None
        Its position: by itself, else by the cache's index, the only place that tells it of an order without a fill.
    """
    # Tuples are made of lists here, not of generators, whose making takes longer than the few events of an order.
    events = order.events
    tags = order.tags or ()
    fill_events = [event for event in events if isinstance(event, OrderFilled)]
    fills = tuple([fill_record(event, tags=tags) for event in fill_events])
    instrument_id = instrument_name(order.instrument_id)
    price = order.price if order.has_price else None
    trigger_price = order.trigger_price if order.has_trigger_price else None
    filled = decimal_of(order.filled_qty)
    venue_order_id = text_of(order.venue_order_id)
    linked = order.linked_order_ids
    record = OrderRecord(
        instrument_id=instrument_id,
        side=ORDER_SIDES[int(order.side)],
        status=ORDER_STATUSES[int(order.status)],
        quantity=decimal_of(order.quantity),
        filled_quantity=filled,
        client_order_id=order.client_order_id.value,
        venue_order_id=venue_order_id,
        order_type=ORDER_TYPES[int(order.order_type)],
        price=None if price is None else decimal_of(price),
        trigger_price=None if trigger_price is None else decimal_of(trigger_price),
        average_price=average_price(fills) if filled else None,
        time_in_force=TIMES_IN_FORCE[int(order.time_in_force)],
        reduce_only=bool(order.is_reduce_only),
        post_only=bool(order.is_post_only),
        leg=leg_of(text_of(position_id), instrument_id),
        accepted_ns=int(order.ts_accepted),
        updated_ns=int(order.ts_last),
        submitted_ns=_submitted_ns(events),
        # Order types that cannot expire have no such attribute.
        expires_ns=int(getattr(order, "expire_time_ns", 0)) or None,
        owner=name_of(order.strategy_id),
        contingent_ids=tuple([one.value for one in linked]) if linked else (),
    )
    former = tuple([one.value for one in order.venue_order_ids if one.value != venue_order_id])
    return OrderParts(record, fills, tuple(fill_events), former)


def _submitted_ns(events: list[Any]) -> int:
    for event in events:
        if isinstance(event, OrderSubmitted):
            return int(event.ts_event)
    return 0


def text_of(identifier: Any) -> str | None:
    """Return an identifier's text, None of none."""
    if identifier is None:
        return None
    text: str = identifier.value
    return text


def average_price(fills: tuple[FillRecord, ...]) -> Decimal | None:
    """Return the exact average price of fills: the engine's own is a binary fraction."""
    if len(fills) == 1:
        return fills[0].price
    quantity = sum((fill.quantity for fill in fills), Decimal(0))
    if not quantity:
        return None
    return sum((fill.quantity * fill.price for fill in fills), Decimal(0)) / quantity


def fill_record(
    event: Any, *, tags: Iterable[str] = (), is_reconciled: Callable[[], bool] = lambda: False
) -> FillRecord:
    """Return the record of an ``OrderFilled``.

    Parameters
    ----------
    event : OrderFilled
        The event.
    tags : iterable of str
        Its order's.
    is_reconciled : Callable[[], bool]
        Asked where the event does not say that a reconciliation made it and the trade id looks as if.
    """
    commission, currency = fee_of(event.commission)
    trade_id = event.trade_id.value
    instrument_id = instrument_name(event.instrument_id)
    is_suspect = is_synthetic_fill(trade_id, reconciliation=True, order_tags=tags)
    return FillRecord(
        trade_id=trade_id,
        instrument_id=instrument_id,
        side=ORDER_SIDES[int(event.order_side)],
        quantity=decimal_of(event.last_qty),
        price=decimal_of(event.last_px),
        time_ns=int(event.ts_event),
        venue_order_id=text_of(event.venue_order_id),
        client_order_id=event.client_order_id.value,
        commission=commission,
        commission_currency=currency,
        liquidity=LIQUIDITY_SIDES[int(event.liquidity_side)],
        leg=leg_of(text_of(event.position_id), instrument_id),
        synthetic=is_suspect
        and is_synthetic_fill(trade_id, reconciliation=bool(event.reconciliation) or is_reconciled(), order_tags=tags),
    )


def position_record(position: Any, fills: tuple[FillRecord, ...]) -> PositionRecord:
    """Return the record of a ``Position`` with the fills that it holds itself."""
    instrument_id = instrument_name(position.instrument_id)
    quantity = position.signed_decimal_qty()
    return PositionRecord(
        instrument_id=instrument_id,
        quantity=quantity,
        leg=leg_of(position.id.value, instrument_id),
        average_price=Decimal(repr(position.avg_px_open)) if quantity else None,
        owner=position.strategy_id.value,
        position_id=position.id.value,
        opened_ns=int(position.ts_opened),
        updated_ns=int(position.ts_last),
        fills=fills,
        adjusted=bool(getattr(position, "adjustments", None)),
    )
