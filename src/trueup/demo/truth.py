"""Venue truth from the emulator's ledger, as a snapshot: the oracle's view, which no page, window or adapter limits."""

from __future__ import annotations

import time
from decimal import Decimal

from trueup.emulator.client import ControlClient
from trueup.emulator.engine.enums import OrderStatus as VenueStatus
from trueup.emulator.engine.enums import PositionSide
from trueup.emulator.engine.enums import TimeInForce as VenueTimeInForce
from trueup.emulator.engine.values import Order, Trade
from trueup.model import (
    Coverage,
    FillRecord,
    Leg,
    LiquiditySide,
    OrderRecord,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionRecord,
    TimeInForce,
    VenueSnapshot,
)

NS_PER_MS = 1_000_000
PRODUCT_SUFFIX = "-PERP.BINANCE"

_STATUS = {
    VenueStatus.NEW: OrderStatus.ACCEPTED,
    VenueStatus.PARTIALLY_FILLED: OrderStatus.PARTIALLY_FILLED,
    VenueStatus.FILLED: OrderStatus.FILLED,
    VenueStatus.CANCELED: OrderStatus.CANCELED,
    VenueStatus.EXPIRED: OrderStatus.EXPIRED,
    VenueStatus.EXPIRED_IN_MATCH: OrderStatus.EXPIRED,
}
_TIME_IN_FORCE = {
    VenueTimeInForce.IOC: TimeInForce.IOC,
    VenueTimeInForce.FOK: TimeInForce.FOK,
    VenueTimeInForce.GTD: TimeInForce.GTD,
}
_LEG = {PositionSide.BOTH: Leg.BOTH, PositionSide.LONG: Leg.LONG, PositionSide.SHORT: Leg.SHORT}


def read_truth(control: ControlClient, venue_account: str, node_account: str) -> VenueSnapshot:
    """Read everything that the ledger holds of an account.

    Parameters
    ----------
    control : ControlClient
        The emulator's control port.
    venue_account : str
        The account's name at the emulator.
    node_account : str
        The node's name for it, which both snapshots must carry to be compared.
    """
    started_ns = time.time_ns()
    orders = control.orders(venue_account)
    trades = control.trades(venue_account)
    positions = control.positions(venue_account)
    ended_ns = time.time_ns()
    names = {(order.symbol, order.order_id): order.client_order_id for order in orders}
    return VenueSnapshot(
        account_id=node_account,
        started_ns=started_ns,
        ended_ns=ended_ns,
        orders=tuple(_order(order) for order in orders),
        fills=tuple(_fill(trade, names.get((trade.symbol, trade.order_id))) for trade in trades),
        positions=tuple(
            PositionRecord(
                instrument_id=position.symbol + PRODUCT_SUFFIX,
                quantity=position.quantity,
                leg=_LEG[position.position_side],
                average_price=position.entry_price if position.quantity else None,
            )
            for position in positions
            if position.quantity
        ),
        coverage=Coverage.full(ended_ns),
    )


def _order(order: Order) -> OrderRecord:
    return OrderRecord(
        instrument_id=order.symbol + PRODUCT_SUFFIX,
        side=OrderSide(order.side.value),
        status=_STATUS[order.status],
        quantity=order.quantity,
        filled_quantity=order.executed_quantity,
        client_order_id=order.client_order_id,
        venue_order_id=str(order.order_id),
        order_type=OrderType(order.type.value),
        price=_or_none(order.price),
        average_price=_or_none(order.average_price),
        time_in_force=_TIME_IN_FORCE.get(order.time_in_force, TimeInForce.GTC),
        reduce_only=order.reduce_only,
        post_only=order.time_in_force is VenueTimeInForce.GTX,
        leg=_LEG[order.position_side],
        accepted_ns=order.time_ms * NS_PER_MS,
        updated_ns=order.update_time_ms * NS_PER_MS,
    )


def _fill(trade: Trade, client_order_id: str | None) -> FillRecord:
    return FillRecord(
        trade_id=str(trade.trade_id),
        instrument_id=trade.symbol + PRODUCT_SUFFIX,
        side=OrderSide(trade.side.value),
        quantity=trade.quantity,
        price=trade.price,
        time_ns=trade.time_ms * NS_PER_MS,
        venue_order_id=str(trade.order_id),
        client_order_id=client_order_id,
        commission=trade.commission,
        commission_currency=trade.commission_asset,
        liquidity=LiquiditySide.MAKER if trade.maker else LiquiditySide.TAKER,
        leg=_LEG[trade.position_side],
    )


def _or_none(price: Decimal) -> Decimal | None:
    return price or None
