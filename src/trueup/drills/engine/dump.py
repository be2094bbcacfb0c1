"""Read a node's whole state from its cache, as plain records."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import liquidity_side_to_str, order_side_to_str
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.orders import Order
from nautilus_trader.model.position import Position

from trueup.drills.engine.instruments import SETTLEMENT, VENUE, symbol_of
from trueup.drills.records import NodeFill, NodeOrder, NodePosition, NodeState

Naming = Callable[[InstrumentId], str]


def node_state(node: TradingNode) -> NodeState:
    """Return the orders, fills, open positions and balance of a node on the simulated venue."""
    account = node.cache.account_for_venue(VENUE)
    total = None if account is None else account.balance_total(SETTLEMENT)
    return books_of(node, symbol_of, balance=None if total is None else total.as_decimal())


def books_of(node: TradingNode, naming: Naming, *, balance: Decimal | None = None) -> NodeState:
    """Return a node's orders, fills and open positions.

    Parameters
    ----------
    node : TradingNode
        The node.
    naming : Callable
        What the venue calls an instrument.
    balance : Decimal, optional
        What is to be said of its balance.
    """
    return NodeState(
        trading=bool(node.trader.is_running),
        orders=tuple(_order(order, naming) for order in node.cache.orders()),
        positions=tuple(_position(position, naming) for position in node.cache.positions_open()),
        balance=balance,
    )


def _order(order: Order, naming: Naming) -> NodeOrder:
    price: Any = order.price if order.has_price else None
    return NodeOrder(
        client_order_id=order.client_order_id.value,
        venue_order_id=None if order.venue_order_id is None else order.venue_order_id.value,
        symbol=naming(order.instrument_id),
        side=order_side_to_str(order.side),
        status=order.status_string(),
        quantity=order.quantity.as_decimal(),
        price=None if price is None else price.as_decimal(),
        filled_quantity=order.filled_qty.as_decimal(),
        owner=order.strategy_id.value,
        tags=tuple(order.tags or ()),
        fills=tuple(_fill(event) for event in order.events if isinstance(event, OrderFilled)),
    )


def _fill(event: OrderFilled) -> NodeFill:
    return NodeFill(
        trade_id=event.trade_id.value,
        quantity=event.last_qty.as_decimal(),
        price=event.last_px.as_decimal(),
        commission=None if event.commission is None else event.commission.as_decimal(),
        liquidity=liquidity_side_to_str(event.liquidity_side),
        reconciliation=bool(event.reconciliation),
    )


def _position(position: Position, naming: Naming) -> NodePosition:
    return NodePosition(
        position_id=position.id.value,
        symbol=naming(position.instrument_id),
        owner=position.strategy_id.value,
        quantity=position.signed_decimal_qty(),
        average_price=Decimal(str(position.avg_px_open)),
    )
