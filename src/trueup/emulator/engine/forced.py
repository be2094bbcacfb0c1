"""What the venue does to accounts without being asked: forced fills, ADL, liquidation, insurance."""

from __future__ import annotations

from decimal import Decimal

from trueup.emulator.engine import changing, commands, conditional, entry, margin, rejections
from trueup.emulator.engine.enums import (
    AccountReason,
    ExecutionType,
    IncomeType,
    MarginType,
    OrderType,
    PositionSide,
    Side,
    TimeInForce,
)
from trueup.emulator.engine.events import MarginCall
from trueup.emulator.engine.filters import check_price
from trueup.emulator.engine.matching import fill_maker
from trueup.emulator.engine.money import cents
from trueup.emulator.engine.positions import reducible
from trueup.emulator.engine.records import account_event, book_income, cross_wallet, print_tape
from trueup.emulator.engine.settlement import settle
from trueup.emulator.engine.state import AccountState, State
from trueup.emulator.engine.statement_of import position
from trueup.emulator.engine.values import ZERO, Order, OrderRequest
from trueup.errors import EmulatorError

WARNING_RATIO = Decimal("0.8")
"""Maintenance margin over margin balance at which MARGIN_CALL is sent. Assumed."""

type LegKey = tuple[str, PositionSide]


def force_fill(state: State, command: commands.ForceFill) -> Order:
    """Fill a working order against the outside; see `Control.fill`."""
    order = state.orders.get(command.order_id)
    if order is None or command.order_id not in state.indexes[order.account_id].working:
        raise rejections.unknown_order()
    rules = state.rules[order.symbol]
    quantity = order.remaining if command.quantity is None else command.quantity
    if quantity <= 0 or quantity % rules.step:
        raise rejections.off_step()
    most = order.remaining
    if order.reduce_only:
        account = state.account(order.account_id)
        most = min(most, reducible(order.side, state.held(account, order.symbol, order.position_side)))
    if quantity > most:
        raise rejections.quantity_above_max()
    price = order.price if command.price is None else command.price
    check_price(rules, price)
    return fill_maker(state, order, price, quantity)


def auto_deleverage(state: State, command: commands.AutoDeleverage) -> Order:
    """Reduce a position; see `Control.auto_deleverage`."""
    account = state.account(command.account_id)
    rules = state.rule(command.symbol)
    held = state.held(account, command.symbol, command.position_side)
    if not 0 < command.quantity <= abs(held) or command.quantity % rules.step:
        raise EmulatorError(
            f"{command.quantity} of {command.symbol} cannot be deleveraged",
            allowed=f"more than 0, at most the position of {abs(held)}, on the step of {rules.step}",
        )
    price = command.price
    if price is None:
        price = rules.round_price(state.image.markets[command.symbol].mark)
    else:
        check_price(rules, price)
    return _close_out(state, account, command.symbol, command.position_side, command.quantity, price, "adl_autoclose")


def liquidate(state: State, command: commands.Liquidate) -> list[Order]:
    """Liquidate; see `Control.liquidate`."""
    account = state.account(command.account_id)
    if command.symbol is not None:
        state.rule(command.symbol)
    legs = [key for key in _open_legs(account) if command.symbol in (None, key[0])]
    return _liquidate(state, account, legs)


def assess(state: State, account: AccountState) -> None:
    """Look at an account's margin after prices or positions moved: warn, or liquidate."""
    for asset in list(account.wallets):
        total = margin.totals(state, account, asset)
        if total.cross_maintenance <= 0:
            continue
        balance = margin.wallet(account, asset).balance - total.isolated_wallet + total.cross_unrealised
        if balance <= total.cross_maintenance:
            legs = [key for key in _open_legs(account) if _crossed(state, account, key[0], asset)]
            _liquidate(state, account, legs)
            account.warned = False
        elif total.cross_maintenance >= balance * WARNING_RATIO:
            _warn(state, account, asset)
        else:
            account.warned = False
    for symbol, side in _open_legs(account):
        if account.symbols[symbol].margin_type is MarginType.ISOLATED:
            _assess_isolated(state, account, symbol, side)


def _assess_isolated(state: State, account: AccountState, symbol: str, side: PositionSide) -> None:
    leg, mark = account.symbols[symbol].legs[side], state.image.markets[symbol].mark
    need = abs(leg.quantity) * mark * state.rules[symbol].maint_margin_rate
    if leg.isolated_wallet + (mark - leg.entry_price) * leg.quantity <= need:
        _liquidate(state, account, [(symbol, side)])


def _warn(state: State, account: AccountState, asset: str) -> None:
    if account.warned:
        return
    account.warned = True
    held = tuple(
        position(state, account, symbol, side)
        for symbol, side in _open_legs(account)
        if _crossed(state, account, symbol, asset)
    )
    wallet = cross_wallet(state, account, asset)
    state.emit(MarginCall(state.next_sequence(), state.now_ms, account.account_id, wallet, held))


def _crossed(state: State, account: AccountState, symbol: str, asset: str) -> bool:
    return account.symbols[symbol].margin_type is MarginType.CROSSED and state.rules[symbol].quote == asset


def _open_legs(account: AccountState) -> list[LegKey]:
    return [
        (symbol, side)
        for symbol, record in account.symbols.items()
        for side, leg in record.legs.items()
        if leg.quantity
    ]


def _liquidate(state: State, account: AccountState, legs: list[LegKey]) -> list[Order]:
    """Take the account's orders away, close `legs` at the mark price, take the fee, and fill a hole in the wallet."""
    isolated = all(account.symbols[symbol].margin_type is MarginType.ISOLATED for symbol, _ in legs)
    scope: list[str | None] = list(dict.fromkeys(symbol for symbol, _ in legs)) if isolated else [None]
    for symbol in scope:
        changing.cancel_working(state, account, symbol)
        conditional.cancel_waiting(state, account, symbol)
    orders = []
    for number, (symbol, side) in enumerate(legs):
        quantity = abs(account.symbols[symbol].legs[side].quantity)
        price = state.rules[symbol].round_price(state.image.markets[symbol].mark)
        client_id = f"autoclose-{state.now_ms}{number:06d}"
        orders.append(_close_out(state, account, symbol, side, quantity, price, client_id))
        _insurance_fee(state, account, symbol, price * quantity)
    for asset in dict.fromkeys(state.rules[symbol].quote for symbol, _ in legs):
        _fill_hole(state, account, asset)
    return orders


def _insurance_fee(state: State, account: AccountState, symbol: str, notional: Decimal) -> None:
    """Take the liquidation fee, at most what the cross wallet holds."""
    rules = state.rules[symbol]
    fee = min(cents(notional * rules.liquidation_fee), cross_wallet(state, account, rules.quote))
    if fee > 0:
        _insurance(state, account, rules.quote, -fee, symbol)


def _fill_hole(state: State, account: AccountState, asset: str) -> None:
    """Let the insurance fund carry a wallet below zero once nothing is held in that asset."""
    hole = margin.wallet(account, asset).balance
    held = any(state.rules[symbol].quote == asset for symbol, _ in _open_legs(account))
    if hole < 0 and not held:
        _insurance(state, account, asset, -hole, "")


def _insurance(state: State, account: AccountState, asset: str, amount: Decimal, symbol: str) -> None:
    book_income(state, account, IncomeType.INSURANCE_CLEAR, asset, amount, symbol=symbol)
    account_event(state, account, AccountReason.INSURANCE_CLEAR, asset, amount)


def _close_out(
    state: State,
    account: AccountState,
    symbol: str,
    side: PositionSide,
    quantity: Decimal,
    price: Decimal,
    client_id: str,
) -> Order:
    """Close `quantity` of a leg at `price` against the outside, as CALCULATED."""
    held = state.held(account, symbol, side)
    order_side = Side.SELL if held > 0 else Side.BUY
    request = OrderRequest(symbol, order_side, OrderType.LIMIT, side, TimeInForce.IOC, quantity, price)
    draft = entry.Draft(request, TimeInForce.IOC, price, quantity, reduce_only=True)
    order = entry.accept(state, account, draft, client_id)
    market = state.image.markets[symbol]
    trade_id = print_tape(state, market, price, quantity, buyer_maker=order_side is Side.SELL)
    market.counterparty -= quantity * order_side.sign
    assert quantity > ZERO
    return settle(state, order, price, quantity, trade_id, maker=False, execution=ExecutionType.CALCULATED)
