"""Turn what the venue says into the engine's report objects."""

from __future__ import annotations

from decimal import Decimal

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import FillReport, OrderStatusReport, PositionStatusReport
from nautilus_trader.model.enums import (
    LiquiditySide,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    TimeInForce,
)
from nautilus_trader.model.identifiers import (
    AccountId,
    ClientOrderId,
    InstrumentId,
    PositionId,
    TradeId,
    VenueOrderId,
)
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Money

from trueup.drills.engine.instruments import SETTLEMENT
from trueup.drills.venue.values import Leg, Side, VenueFill, VenueOrder, VenuePosition

SIDES = {Side.BUY: OrderSide.BUY, Side.SELL: OrderSide.SELL}


def client_order_id_of(record: VenueOrder | VenueFill) -> ClientOrderId | None:
    """Return the client order id that the venue has on record, if any."""
    return None if record.client_order_id is None else ClientOrderId(record.client_order_id)


def position_id_of(instrument_id: InstrumentId, leg: Leg) -> PositionId | None:
    """Return the venue's position id of a leg; None where the account has one position per instrument."""
    return None if leg is Leg.BOTH else PositionId(f"{instrument_id}-{leg.value}")


def order_report(order: VenueOrder, instrument: Instrument, account_id: AccountId, now_ns: int) -> OrderStatusReport:
    """Return the status report of one order."""
    return OrderStatusReport(
        account_id=account_id,
        instrument_id=instrument.id,
        venue_order_id=VenueOrderId(order.venue_order_id),
        client_order_id=client_order_id_of(order),
        venue_position_id=position_id_of(instrument.id, order.leg),
        order_side=SIDES[order.side],
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        order_status=OrderStatus[order.status.value],
        price=instrument.make_price(order.price),
        quantity=instrument.make_qty(order.quantity),
        filled_qty=instrument.make_qty(order.filled_quantity),
        avg_px=order.average_price,
        cancel_reason=order.reason or None,
        report_id=UUID4(),
        ts_accepted=order.accepted_ns,
        ts_last=order.updated_ns,
        ts_init=now_ns,
    )


def fill_report(fill: VenueFill, instrument: Instrument, account_id: AccountId, now_ns: int) -> FillReport:
    """Return the report of one fill."""
    return FillReport(
        account_id=account_id,
        instrument_id=instrument.id,
        venue_order_id=VenueOrderId(fill.venue_order_id),
        client_order_id=client_order_id_of(fill),
        venue_position_id=position_id_of(instrument.id, fill.leg),
        trade_id=TradeId(fill.trade_id),
        order_side=SIDES[fill.side],
        last_qty=instrument.make_qty(fill.quantity),
        last_px=instrument.make_price(fill.price),
        commission=Money(fill.commission, SETTLEMENT),
        liquidity_side=LiquiditySide.MAKER,
        report_id=UUID4(),
        ts_event=fill.time_ns,
        ts_init=now_ns,
    )


def position_report(
    position: VenuePosition, instrument: Instrument, account_id: AccountId, now_ns: int
) -> PositionStatusReport:
    """Return the report of one position or leg."""
    side = PositionSide.FLAT
    if position.quantity:
        side = PositionSide.LONG if position.quantity > 0 else PositionSide.SHORT
    average = position.average_price
    return PositionStatusReport(
        account_id=account_id,
        instrument_id=instrument.id,
        position_side=side,
        quantity=instrument.make_qty(abs(position.quantity)),
        venue_position_id=position_id_of(instrument.id, position.leg),
        avg_px_open=None if average is None else Decimal(average),
        report_id=UUID4(),
        ts_last=position.updated_ns,
        ts_init=now_ns,
    )
