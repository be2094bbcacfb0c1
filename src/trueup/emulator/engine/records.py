"""How records come to be: wallet movements, tape, and the events of orders. The only writers of the past."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from trueup.emulator.engine.enums import (
    AccountReason,
    AlgoStatus,
    ExecutionType,
    IncomeType,
    MarginType,
    OrderStatus,
    PositionSide,
)
from trueup.emulator.engine.events import (
    AccountEvent,
    AggTradeEvent,
    AlgoEvent,
    BalanceChange,
    KlineEvent,
    OrderEvent,
    PositionChange,
)
from trueup.emulator.engine.margin import wallet
from trueup.emulator.engine.money import cents
from trueup.emulator.engine.positions import break_even
from trueup.emulator.engine.state import AccountState, MarketState, State
from trueup.emulator.engine.statements import AggTrade, Kline
from trueup.emulator.engine.values import ZERO, AlgoOrder, Income, Order, Trade

MINUTE_MS = 60_000
BARS_MAX = 3_000
"""Two days of one-minute bars per symbol: enough for the 24-hour ticker; older ones are dropped."""

TAPE_MAX = 2_000
"""Public trades kept per symbol: two full pages of the query."""


def notionals(state: State, account_id: str, symbol: str) -> tuple[Decimal, Decimal]:
    """Return the open notional of an account's working orders of a symbol, buys and sells."""
    index = state.index(account_id, symbol)
    return sum(index.open_buy.values(), ZERO), sum(index.open_sell.values(), ZERO)


def order_event(state: State, execution: ExecutionType, order: Order, trade: Trade | None = None) -> None:
    """Tell what happened to an order."""
    sequence = state.next_sequence()
    if state.listeners:
        bids, asks = notionals(state, order.account_id, order.symbol)
        state.emit(OrderEvent(sequence, state.now_ms, order.account_id, execution, order, trade, bids, asks))


def algo_event(state: State, algo: AlgoOrder) -> None:
    """Store a conditional order's new state and tell it."""
    state.algos[algo.algo_id] = algo
    index = state.indexes[algo.account_id]
    if not algo.status.is_open and state.waiting[algo.symbol].pop(algo.algo_id, 0) is None:
        del index.waiting_by_client[algo.client_algo_id]
    if state.keep_archive and algo.status in (
        AlgoStatus.FINISHED,
        AlgoStatus.CANCELED,
        AlgoStatus.EXPIRED,
        AlgoStatus.REJECTED,
    ):
        state.fresh.algos.append(algo)
    state.emit(AlgoEvent(state.next_sequence(), state.now_ms, algo.account_id, algo))


def end_algo(state: State, algo: AlgoOrder, status: AlgoStatus, failure: str = "") -> AlgoOrder:
    """End a conditional order that never reached the matching engine."""
    ended = msgspec.structs.replace(algo, status=status, failure=failure, update_time_ms=state.now_ms)
    algo_event(state, ended)
    return ended


def account_event(
    state: State,
    account: AccountState,
    reason: AccountReason,
    asset: str,
    change: Decimal,
    legs: tuple[tuple[str, PositionSide], ...] = (),
) -> None:
    """Tell what a wallet and legs are now."""
    sequence = state.next_sequence()
    if not state.listeners:
        return
    balance = BalanceChange(asset, wallet(account, asset).balance, cross_wallet(state, account, asset), change)
    positions = tuple(_position_change(state, account, symbol, side) for symbol, side in legs)
    state.emit(AccountEvent(sequence, state.now_ms, account.account_id, reason, (balance,), positions))


def cross_wallet(state: State, account: AccountState, asset: str) -> Decimal:
    """Return the part of a wallet that isolated positions do not hold."""
    held = ZERO
    for symbol, record in account.symbols.items():
        if record.margin_type is MarginType.ISOLATED and state.rules[symbol].quote == asset:
            held += sum((leg.isolated_wallet for leg in record.legs.values()), ZERO)
    return wallet(account, asset).balance - held


def _position_change(state: State, account: AccountState, symbol: str, side: PositionSide) -> PositionChange:
    leg = state.leg(account, symbol, side)
    mark = state.image.markets[symbol].mark
    return PositionChange(
        symbol=symbol,
        position_side=side,
        quantity=leg.quantity,
        entry_price=leg.entry_price,
        break_even_price=break_even(leg),
        accumulated_realised=leg.realised,
        unrealised_pnl=cents((mark - leg.entry_price) * leg.quantity),
        margin_type=state.symbol_account(account, symbol).margin_type,
        isolated_wallet=leg.isolated_wallet,
    )


def book_income(
    state: State,
    account: AccountState,
    kind: IncomeType,
    asset: str,
    amount: Decimal,
    *,
    symbol: str = "",
    info: str = "",
    trade_id: int = 0,
    time_ms: int | None = None,
) -> None:
    """Move a wallet, and record why. Every change of a wallet goes through here."""
    target = wallet(account, asset)
    target.balance += amount
    match kind:
        case IncomeType.TRANSFER:
            target.deposits += amount
        case IncomeType.REALIZED_PNL:
            target.realised += amount
        case IncomeType.COMMISSION:
            target.fees -= amount
        case IncomeType.FUNDING_FEE:
            target.funding += amount
        case IncomeType.INSURANCE_CLEAR:
            target.insurance += amount
    when = state.now_ms if time_ms is None else time_ms
    target.update_time_ms = when
    counters = state.image.counters
    income = Income(
        counters.transaction_id,
        account.account_id,
        symbol,
        kind,
        amount,
        asset,
        info,
        trade_id,
        when,
    )
    counters.transaction_id += 1
    state.indexes[account.account_id].income.append(income)
    if state.keep_archive:
        state.fresh.incomes.append(income)


def close_order(state: State, order: Order, status: OrderStatus, execution: ExecutionType, *, resting: bool) -> Order:
    """End an order without a fill: cancelled or expired."""
    if resting:
        state.unrest(order)
        state.book_changed(state.image.markets[order.symbol])
        state.mark_dirty(order.account_id, order.symbol)
    closed = msgspec.structs.replace(order, status=status, update_time_ms=state.now_ms)
    state.orders[order.order_id] = closed
    order_event(state, execution, closed)
    order_closed(state, closed)
    return closed


def order_closed(state: State, order: Order) -> None:
    """Archive an order that ended, and finish the conditional order that it came from."""
    if state.keep_archive:
        state.fresh.orders.append(order)
    if order.algo_id:
        algo = state.algos[order.algo_id]
        algo_event(
            state,
            msgspec.structs.replace(
                algo,
                status=AlgoStatus.FINISHED,
                actual_executed_quantity=order.executed_quantity,
                actual_average_price=order.average_price,
                update_time_ms=state.now_ms,
            ),
        )


def print_tape(state: State, market: MarketState, price: Decimal, quantity: Decimal, *, buyer_maker: bool) -> int:
    """Write a match to the public tape: last price, bar, aggregate trade. Return its trade id."""
    trade_id = market.next_trade_id
    market.next_trade_id += 1
    market.last_quantity = quantity
    market.last_time_ms = state.now_ms
    touch_last(state, market, price)
    agg = AggTrade(market.symbol, market.next_agg_id, price, quantity, trade_id, trade_id, buyer_maker, state.now_ms)
    market.next_agg_id += 1
    market.tape.append(agg)
    if len(market.tape) >= 2 * TAPE_MAX:
        del market.tape[:-TAPE_MAX]
    _print_bar(market, agg)
    for listener in state.market_listeners:
        listener(AggTradeEvent(agg))
        listener(KlineEvent(market.bars[-1]))
    return trade_id


def touch_last(state: State, market: MarketState, price: Decimal) -> None:
    """Move the last price; conditional orders look at all prices since they last looked."""
    market.last = price
    market.low = min(market.low, price)
    market.high = max(market.high, price)
    state.touched[market.symbol] = None


def _print_bar(market: MarketState, trade: AggTrade) -> None:
    open_ms = trade.time_ms - trade.time_ms % MINUTE_MS
    quote = trade.price * trade.quantity
    taker_buy = ZERO if trade.buyer_maker else trade.quantity
    taker_quote = ZERO if trade.buyer_maker else quote
    if market.bars and market.bars[-1].open_time_ms == open_ms:
        bar = market.bars[-1]
        market.bars[-1] = msgspec.structs.replace(
            bar,
            high=max(bar.high, trade.price),
            low=min(bar.low, trade.price),
            close=trade.price,
            volume=bar.volume + trade.quantity,
            quote_volume=bar.quote_volume + quote,
            trades=bar.trades + 1,
            taker_buy_volume=bar.taker_buy_volume + taker_buy,
            taker_buy_quote_volume=bar.taker_buy_quote_volume + taker_quote,
        )
        return
    price = trade.price
    market.bars.append(
        Kline(
            trade.symbol,
            "1m",
            open_ms,
            open_ms + MINUTE_MS - 1,
            price,
            price,
            price,
            price,
            trade.quantity,
            quote,
            1,
            taker_buy,
            taker_quote,
        ),
    )
    if len(market.bars) >= 2 * BARS_MAX:
        del market.bars[:-BARS_MAX]
