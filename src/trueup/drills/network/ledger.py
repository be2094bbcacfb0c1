"""Hold what a node's store has against the emulator's ledger; no line of this is shared with the core."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal

from trueup.emulator.client import ControlClient
from trueup.model import NodeSnapshot

PRODUCT_SUFFIX = "-PERP.BINANCE"
STATUSES = {"NEW": "ACCEPTED", "EXPIRED_IN_MATCH": "EXPIRED"}
ENDED_UNFILLED = frozenset({"REJECTED", "DENIED", "CANCELED", "EXPIRED", "INITIALIZED"})


def differences(held: NodeSnapshot, control: ControlClient, account: str) -> Iterator[str]:
    """Yield what differs between a node that remembers everything and the venue's ledger, a line each."""
    yield from _orders(held, control, account)
    yield from _fills(held, control, account)
    yield from positions(held, control, account)


def _orders(held: NodeSnapshot, control: ControlClient, account: str) -> Iterator[str]:
    by_id = {order.venue_order_id: order for order in held.orders if order.venue_order_id}
    by_name = {order.client_order_id: order for order in held.orders if order.client_order_id}
    real = control.orders(account)
    for order in real:
        status = STATUSES.get(order.status.value, order.status.value)
        mine = by_id.get(str(order.order_id)) or by_name.get(order.client_order_id)
        if mine is None:
            yield f"order {order.client_order_id}: venue {status}, node nothing"
        elif mine.status.value != status or mine.filled_quantity != order.executed_quantity:
            theirs = f"{status} {order.executed_quantity} of {order.quantity}"
            yield f"order {order.client_order_id}: venue {theirs}, node {mine.status.value} {mine.filled_quantity}"
    known = {str(order.order_id) for order in real} | {order.client_order_id for order in real}
    for one in held.orders:
        is_nothing = one.status.value in ENDED_UNFILLED and not one.filled_quantity  # it never came to the venue
        if not is_nothing and one.venue_order_id not in known and one.client_order_id not in known:
            yield f"order {one.client_order_id}: venue nothing, node {one.status.value}"


def _fills(held: NodeSnapshot, control: ControlClient, account: str) -> Iterator[str]:
    real = Counter((trade.symbol, str(trade.trade_id)) for trade in control.trades(account))
    mine = Counter((fill.instrument_id.removesuffix(PRODUCT_SUFFIX), fill.trade_id) for fill in held.fills)
    for symbol, trade_id in sorted((real - mine).keys()):
        yield f"fill {symbol} {trade_id}: in the venue alone"
    for symbol, trade_id in sorted((mine - real).keys()):
        yield f"fill {symbol} {trade_id}: in the node alone, or twice"


def positions(held: NodeSnapshot, control: ControlClient, account: str) -> Iterator[str]:
    """Yield what of the net positions differs."""
    net: dict[str, Decimal] = defaultdict(Decimal)
    for position in held.positions:
        net[position.instrument_id.removesuffix(PRODUCT_SUFFIX)] += position.quantity
    legs = {leg.symbol: leg.quantity for leg in control.positions(account)}
    for symbol in sorted({*net, *legs}):
        wanted = legs.get(symbol, Decimal(0))
        if net[symbol] != wanted:
            yield f"position {symbol}: venue {wanted}, node {net[symbol]}"
