"""Turn the engine's execution reports into the model's records.

Reports are read by attribute, so a report of any adapter will do. The vocabularies are mapped by name.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from nautilus_trader.model import enums as engine_enums

from trueup.model.enums import Leg, LiquiditySide, OrderSide, OrderStatus, OrderType, TimeInForce
from trueup.model.fills import FillRecord
from trueup.model.identifiers import leg_of, unique_client_order_id
from trueup.model.orders import OrderRecord
from trueup.model.positions import PositionRecord
from trueup.venues.values import decimal_of, fee_of, instrument_name


def _by_value[T](engine_enum: Any, ours: type[T]) -> dict[int, T]:
    names = {member.name: member for member in ours}  # type: ignore[attr-defined]  # every T here is an enumeration
    return {int(member): names[member.name] for member in engine_enum if member.name in names}


ORDER_SIDES: dict[int, OrderSide] = _by_value(engine_enums.OrderSide, OrderSide)
ORDER_STATUSES: dict[int, OrderStatus] = _by_value(engine_enums.OrderStatus, OrderStatus)
ORDER_TYPES: dict[int, OrderType] = _by_value(engine_enums.OrderType, OrderType)
TIMES_IN_FORCE: dict[int, TimeInForce] = _by_value(engine_enums.TimeInForce, TimeInForce)
LIQUIDITY_SIDES: dict[int, LiquiditySide] = _by_value(engine_enums.LiquiditySide, LiquiditySide)
_NS_PER_SECOND = 1_000_000_000


def _decimal(value: Any) -> Decimal | None:
    if value is None:
        return None
    return value if isinstance(value, Decimal) else decimal_of(value)


def _text(value: Any) -> str | None:
    return None if value is None else value.value


def _leg(report: Any, instrument_id: str) -> Leg:
    position_id = report.venue_position_id
    return Leg.BOTH if position_id is None else leg_of(position_id.value, instrument_id)


def order_record(report: Any) -> OrderRecord:
    """Return the record of an ``OrderStatusReport``."""
    expire_time = report.expire_time
    filled = decimal_of(report.filled_qty)
    venue_order_id = _text(report.venue_order_id)
    instrument_id = instrument_name(report.instrument_id)
    linked = report.linked_order_ids
    return OrderRecord(
        instrument_id=instrument_id,
        side=ORDER_SIDES[int(report.order_side)],
        status=ORDER_STATUSES[int(report.order_status)],
        quantity=decimal_of(report.quantity),
        filled_quantity=filled,
        client_order_id=unique_client_order_id(_text(report.client_order_id), venue_order_id),
        venue_order_id=venue_order_id,
        order_type=ORDER_TYPES[int(report.order_type)],
        price=_decimal(report.price),
        trigger_price=_decimal(report.trigger_price),
        average_price=_decimal(report.avg_px) if filled else None,
        time_in_force=TIMES_IN_FORCE[int(report.time_in_force)],
        reduce_only=bool(report.reduce_only),
        post_only=bool(report.post_only),
        leg=_leg(report, instrument_id),
        accepted_ns=int(report.ts_accepted),
        updated_ns=int(report.ts_last),
        expires_ns=None if expire_time is None else int(expire_time.timestamp() * _NS_PER_SECOND),
        contingent_ids=tuple([one.value for one in linked]) if linked else (),
    )


def fill_record(report: Any) -> FillRecord:
    """Return the record of a ``FillReport``."""
    commission, currency = fee_of(report.commission)
    venue_order_id = _text(report.venue_order_id)
    instrument_id = instrument_name(report.instrument_id)
    return FillRecord(
        trade_id=report.trade_id.value,
        instrument_id=instrument_id,
        side=ORDER_SIDES[int(report.order_side)],
        quantity=decimal_of(report.last_qty),
        price=decimal_of(report.last_px),
        time_ns=int(report.ts_event),
        venue_order_id=venue_order_id,
        client_order_id=unique_client_order_id(_text(report.client_order_id), venue_order_id),
        commission=commission,
        commission_currency=currency,
        liquidity=LIQUIDITY_SIDES[int(report.liquidity_side)],
        leg=_leg(report, instrument_id),
    )


def position_record(report: Any) -> PositionRecord:
    """Return the record of a ``PositionStatusReport``; a flat one keeps its key and holds nothing."""
    quantity = report.signed_decimal_qty
    average = report.avg_px_open
    instrument_id = instrument_name(report.instrument_id)
    return PositionRecord(
        instrument_id=instrument_id,
        quantity=quantity,
        leg=_leg(report, instrument_id),
        # An adapter that knows no price says None or 0; both mean unknown (measured: native books 0.0 as a price).
        average_price=average if quantity and average else None,
        updated_ns=int(report.ts_last),
    )
