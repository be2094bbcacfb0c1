"""A seeded past for an account, made in bulk for benchmarks, by the same settlement as live trading."""

from __future__ import annotations

import random
from decimal import ROUND_UP, Decimal

import msgspec

from trueup.emulator.engine import commands
from trueup.emulator.engine.entry import made_up_id
from trueup.emulator.engine.enums import (
    OrderStatus,
    OrderType,
    PositionSide,
    PriceMatch,
    SelfTradePrevention,
    Side,
    TimeInForce,
    WorkingType,
)
from trueup.emulator.engine.settlement import book_fill, filled_order
from trueup.emulator.engine.state import AccountState, State
from trueup.emulator.engine.symbols import SymbolRules
from trueup.emulator.engine.values import ZERO, Order
from trueup.errors import EmulatorError

ORDERS_MAX = 1_000_000
CANCELLED_IN_TEN = 1
"""One order in ten was cancelled without a fill."""


def load(state: State, command: commands.LoadHistory) -> None:
    """Make the past; see `Control.load_history`."""
    account = state.account(command.account_id)
    symbols = [state.rule(symbol).symbol for symbol in command.symbols]
    if not symbols or not 0 <= command.orders <= ORDERS_MAX or command.span_ms <= 0:
        raise EmulatorError(
            f"a past of {command.orders} orders over {command.span_ms} ms in {len(symbols)} symbols was asked for",
            allowed=f"0 to {ORDERS_MAX} orders over a positive span in at least one symbol",
        )
    for symbol in symbols:
        index = state.indexes[account.account_id].symbols.get(symbol)
        if index is not None and index.order_ids:
            raise EmulatorError(
                f"the account {account.account_id!r} already has orders of {symbol}",
                action="load the past before the account trades",
            )
    chance = random.Random(command.seed)
    start_ms = state.now_ms - command.span_ms
    openings: dict[str, Order] = {}
    for number in range(command.orders):
        time_ms = start_ms + command.span_ms * number // command.orders
        symbol = symbols[chance.randrange(len(symbols))]
        rules = state.rules[symbol]
        opening = openings.pop(symbol, None)
        # An opening order is only drawn while another order of the symbol can still close it at the end.
        last_chance = number >= command.orders - 4 * len(symbols)
        order = _order(state, account, rules, chance, time_ms, opening)
        if opening is None and (last_chance or chance.randrange(10) < CANCELLED_IN_TEN):
            _close(state, msgspec.structs.replace(order, status=OrderStatus.CANCELED))
            continue
        _fill(state, account, order, time_ms)
        if opening is None:
            openings[symbol] = order
    for symbol, opening in openings.items():
        order = _order(state, account, state.rules[symbol], chance, state.now_ms, opening)
        _fill(state, account, order, state.now_ms)
    for symbol in symbols:
        state.mark_dirty(account.account_id, symbol)


def _order(
    state: State,
    account: AccountState,
    rules: SymbolRules,
    chance: random.Random,
    time_ms: int,
    opening: Order | None,
) -> Order:
    """Return a new order near the market: one that closes `opening`, or opens."""
    market = state.image.markets[rules.symbol]
    away = Decimal(chance.randint(-100, 100)) / 10_000
    price = rules.round_price(market.mark * (1 + away))
    if opening is None:
        side = Side.BUY if account.hedge_mode or chance.getrandbits(1) else Side.SELL
        smallest = (rules.min_notional / price / rules.step).to_integral_value(ROUND_UP) * rules.step
        quantity = smallest * chance.randint(1, 3)
    else:
        side, quantity = opening.side.opposite, opening.quantity
    counters = state.image.counters
    order_id = counters.order_id
    counters.order_id += 1
    order = Order(
        order_id=order_id,
        account_id=account.account_id,
        client_order_id=made_up_id(order_id),
        symbol=rules.symbol,
        side=side,
        position_side=PositionSide.LONG if account.hedge_mode else PositionSide.BOTH,
        type=OrderType.LIMIT,
        original_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        quantity=quantity,
        price=price,
        average_price=ZERO,
        executed_quantity=ZERO,
        cumulative_quote=ZERO,
        status=OrderStatus.NEW,
        reduce_only=False,
        close_position=False,
        stop_price=ZERO,
        working_type=WorkingType.CONTRACT_PRICE,
        price_protect=False,
        activate_price=None,
        callback_rate=None,
        good_till_date_ms=0,
        self_trade_prevention=SelfTradePrevention.EXPIRE_MAKER,
        price_match=PriceMatch.NONE,
        time_ms=time_ms,
        update_time_ms=time_ms,
    )
    state.indexes[account.account_id].add_order(order)
    return order


def _fill(state: State, account: AccountState, order: Order, time_ms: int) -> None:
    market = state.image.markets[order.symbol]
    trade_id = market.next_trade_id
    market.next_trade_id += 1
    market.counterparty -= order.quantity * order.side.sign
    trade = book_fill(state, account, order, order.price, order.quantity, trade_id, maker=True, time_ms=time_ms)
    _close(state, filled_order(order, trade))


def _close(state: State, order: Order) -> None:
    state.orders[order.order_id] = order
    if state.keep_archive:
        state.fresh.orders.append(order)
