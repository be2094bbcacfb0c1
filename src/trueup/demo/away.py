"""What happens at the venue while the node is dead: other people's trades, another client's orders."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from decimal import Decimal

from trueup.demo.configuration import WATCHED
from trueup.demo.truth import PRODUCT_SUFFIX
from trueup.emulator.client import ControlClient
from trueup.emulator.engine.enums import OrderType, Side, TimeInForce
from trueup.emulator.engine.symbols import SymbolRules, symbol_table
from trueup.emulator.engine.values import Order, OrderRequest

OTHER_CLIENT_PREFIX = "web_"
"""The venue's own web page names its orders so."""

FILLED_MAX, PARTLY_FILLED_MAX, CANCELLED_MAX = 4, 3, 3
"""Bounds what happens, so that some orders are left as they were."""


def happen(control: ControlClient, account: str, seed: int) -> Iterator[str]:
    """Fill, partly fill and cancel open orders; place an order and open a position from another client.

    Which orders are hit follows from the seed and from what is open, in the venue's order.

    Yields
    ------
    str
        One sentence for each thing that happened.
    """
    rng = random.Random(f"away {seed}")
    rules = symbol_table()
    left = [order for order in control.open_orders(account) if order.remaining > 0]
    left.sort(key=lambda order: order.order_id)
    rng.shuffle(left)
    for order in _take(left, FILLED_MAX):
        control.fill(order.order_id)
        yield f"{_name(order)} was filled"
    for order in _take(left, PARTLY_FILLED_MAX):
        part = _part(order, rules[order.symbol], rng)
        if part is not None:
            control.fill(order.order_id, quantity=part)
            yield f"{_name(order)} was filled in part, {part}"
    for order in _take(left, CANCELLED_MAX):
        control.cancel_order(account, order.symbol, order_id=order.order_id)
        yield f"{_name(order)} was cancelled"
    yield from _other_client(control, account, rules, rng)


def _take(orders: list[Order], count_max: int) -> list[Order]:
    """Take up to a number of orders, and never more than a third of what is there."""
    taken = orders[: min(count_max, max(1, len(orders) // 3))]
    del orders[: len(taken)]
    return taken


def _part(order: Order, rules: SymbolRules, rng: random.Random) -> Decimal | None:
    steps = int(order.remaining / rules.step)
    return rules.step * rng.randint(1, steps - 1) if steps > 1 else None


def _other_client(
    control: ControlClient, account: str, rules: Mapping[str, SymbolRules], rng: random.Random
) -> Iterator[str]:
    top = control.book_top("BTCUSDT")
    price = rules["BTCUSDT"].round_price(top.bid * Decimal("0.99"))
    resting = control.place_order(
        account,
        OrderRequest(
            symbol="BTCUSDT",
            side=Side.BUY,
            type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            quantity=Decimal("0.010"),
            price=price,
            client_order_id=f"{OTHER_CLIENT_PREFIX}{rng.randrange(10**8):08d}",
        ),
    )
    yield f"another client placed {_name(resting)}"
    symbol = WATCHED.removesuffix(PRODUCT_SUFFIX)
    opened = control.place_order(
        account,
        OrderRequest(
            symbol=symbol,
            side=rng.choice((Side.BUY, Side.SELL)),
            type=OrderType.MARKET,
            quantity=rules[symbol].step * rng.randint(10, 60),
            client_order_id=f"{OTHER_CLIENT_PREFIX}{rng.randrange(10**8):08d}",
        ),
    )
    yield f"another client opened a position: {_name(opened)} at {opened.average_price}"


def _name(order: Order) -> str:
    price = f" @ {order.price}" if order.price else ""
    return f"{order.side} {order.quantity} {order.symbol}{price} ({order.client_order_id})"
