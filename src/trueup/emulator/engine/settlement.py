"""What one fill does to one order: position, wallet, records, events, in the venue's order.

Events of a fill: TRADE_LITE, ACCOUNT_UPDATE, ORDER_TRADE_UPDATE.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from trueup.emulator.engine.enums import AccountReason, ExecutionType, IncomeType, OrderStatus
from trueup.emulator.engine.events import TradeLite
from trueup.emulator.engine.fees import fee_rate
from trueup.emulator.engine.money import average, cents
from trueup.emulator.engine.positions import apply_fill, apply_isolated
from trueup.emulator.engine.records import account_event, book_income, order_closed, order_event
from trueup.emulator.engine.state import AccountState, State
from trueup.emulator.engine.values import ZERO, Order, Trade


def settle(
    state: State,
    order: Order,
    price: Decimal,
    quantity: Decimal,
    trade_id: int,
    *,
    maker: bool,
    execution: ExecutionType = ExecutionType.TRADE,
) -> Order:
    """Fill `quantity` of `order` at `price` and return the order afterwards.

    A maker is in the book and is taken out, or its rest adjusted; a taker is not.
    """
    assert 0 < quantity <= order.remaining, f"fill of {quantity}, remaining {order.remaining}"
    account = state.image.accounts[order.account_id]
    trade = book_fill(state, account, order, price, quantity, trade_id, maker=maker)
    filled = filled_order(order, trade)
    state.orders[order.order_id] = filled
    if maker:
        _adjust_book(state, order, filled, quantity)
    state.mark_dirty(order.account_id, order.symbol)
    state.at_risk[order.account_id] = None
    _track_holder(state, account, order.symbol)
    if state.image.settings.trade_lite and execution is ExecutionType.TRADE:
        sequence = state.next_sequence()
        state.emit(TradeLite(sequence, state.now_ms, order.account_id, filled, trade))
    asset = trade.commission_asset
    legs = ((order.symbol, order.position_side),)
    account_event(state, account, AccountReason.ORDER, asset, ZERO, legs)
    order_event(state, execution, filled, trade)
    if filled.status is OrderStatus.FILLED:
        order_closed(state, filled)
    return filled


def book_fill(
    state: State,
    account: AccountState,
    order: Order,
    price: Decimal,
    quantity: Decimal,
    trade_id: int,
    *,
    maker: bool,
    time_ms: int | None = None,
) -> Trade:
    """Change leg and wallet by a fill, record the trade and its incomes, and return the trade."""
    when = state.now_ms if time_ms is None else time_ms
    symbol, asset = order.symbol, state.rules[order.symbol].quote
    record = state.symbol_account(account, symbol)
    leg = state.leg(account, symbol, order.position_side)
    before = leg.quantity
    realised = apply_fill(leg, quantity * order.side.sign, price)
    apply_isolated(leg, before, price, record.leverage, record.margin_type)
    quote = price * quantity
    fee = cents(quote * fee_rate(account.fee_tier, maker=maker))
    if before and (leg.quantity == 0 or (leg.quantity > 0) != (before > 0)):
        state.reduced[account.account_id, symbol, order.position_side] = None
    leg.fees = leg.fees + fee if leg.quantity else ZERO
    leg.update_time_ms = when
    trade = Trade(
        trade_id=trade_id,
        order_id=order.order_id,
        account_id=order.account_id,
        symbol=symbol,
        side=order.side,
        position_side=order.position_side,
        price=price,
        quantity=quantity,
        quote_quantity=quote,
        commission=fee,
        commission_asset=asset,
        realised_pnl=realised,
        maker=maker,
        time_ms=when,
    )
    info = str(trade_id)
    if realised:
        book_income(
            state,
            account,
            IncomeType.REALIZED_PNL,
            asset,
            realised,
            symbol=symbol,
            info=info,
            trade_id=trade_id,
            time_ms=when,
        )
    if fee:
        book_income(
            state,
            account,
            IncomeType.COMMISSION,
            asset,
            -fee,
            symbol=symbol,
            info=info,
            trade_id=trade_id,
            time_ms=when,
        )
    state.index(order.account_id, symbol).add_trade(trade)
    if state.keep_archive:
        state.fresh.trades.append(trade)
    state.traded[symbol] = None
    return trade


def filled_order(order: Order, trade: Trade) -> Order:
    """Return `order` after a fill.

    Equal numbers are one object where that is easy to see: 100,000 filled orders are 30 MiB smaller for it.
    """
    whole = trade.quantity == order.quantity
    executed = order.quantity if whole else order.executed_quantity + trade.quantity
    quote = trade.quote_quantity if whole else order.cumulative_quote + trade.quote_quantity
    average_price = average(quote / executed)
    return msgspec.structs.replace(
        order,
        executed_quantity=executed,
        cumulative_quote=quote,
        average_price=order.price if average_price == order.price else average_price,
        status=OrderStatus.FILLED if executed == order.quantity else OrderStatus.PARTIALLY_FILLED,
        update_time_ms=trade.time_ms,
    )


def _adjust_book(state: State, before: Order, after: Order, quantity: Decimal) -> None:
    state.index(before.account_id, before.symbol).filled_working(before, quantity)
    if after.status is OrderStatus.FILLED:
        state.unrest(after)
    else:
        ticks = state.rules[after.symbol].to_ticks(after.price)
        state.books[after.symbol].half(after.side).set_remaining(ticks, after.order_id, after.remaining)


def _track_holder(state: State, account: AccountState, symbol: str) -> None:
    holders = state.holders[symbol]
    if any(leg.quantity for leg in account.symbols[symbol].legs.values()):
        holders[account.account_id] = None
    else:
        holders.pop(account.account_id, None)
