"""Accounts: opening, transfers, and the settings that a client may change."""

from __future__ import annotations

from trueup.emulator.engine import commands, margin, rejections
from trueup.emulator.engine.enums import AccountReason, IncomeType, MarginType
from trueup.emulator.engine.events import AccountConfigEvent
from trueup.emulator.engine.fees import TIERS
from trueup.emulator.engine.index import AccountIndex
from trueup.emulator.engine.money import cents
from trueup.emulator.engine.records import account_event, book_income
from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.engine.settings import AccountSettings
from trueup.emulator.engine.state import AccountState, State
from trueup.emulator.engine.symbols import MARGIN_ASSETS
from trueup.emulator.engine.values import ZERO
from trueup.errors import EmulatorError


def create(state: State, command: commands.CreateAccount) -> None:
    """Open an account; see `Control.create_account`."""
    settings = command.settings
    _check_new(state, settings)
    account = AccountState(settings, settings.hedge_mode, settings.fee_tier, {})
    state.image.accounts[settings.account_id] = account
    state.indexes[settings.account_id] = AccountIndex()
    state.by_key[settings.api_key] = settings.account_id
    for asset, amount in settings.deposits.items():
        if amount:
            book_income(state, account, IncomeType.TRANSFER, asset, cents(amount), info="TRANSFER")


def _check_new(state: State, settings: AccountSettings) -> None:
    if not settings.account_id or settings.account_id in state.image.accounts:
        raise EmulatorError(
            f"the account id {settings.account_id!r} was empty or taken",
            allowed="an id that no account has",
        )
    if not settings.api_key or settings.api_key in state.by_key:
        raise EmulatorError("the API key was empty or taken", allowed="a key that no account has")
    for asset, amount in settings.deposits.items():
        if asset not in MARGIN_ASSETS or not amount.is_finite() or amount < 0:
            raise EmulatorError(
                f"the deposit of {amount} {asset} was not possible",
                allowed=f"amounts from 0 of {', '.join(MARGIN_ASSETS)}",
            )
    _check_tier(settings.fee_tier)
    if settings.leverage < 1:
        raise EmulatorError(f"the leverage was {settings.leverage}", allowed="1 or more")


def _check_tier(fee_tier: int) -> None:
    if not 0 <= fee_tier < len(TIERS):
        raise EmulatorError(f"the fee tier was {fee_tier}", allowed=f"0 to {len(TIERS) - 1}")


def transfer(state: State, command: commands.Transfer) -> None:
    """Move money in or out; see `Control.deposit` and `Control.withdraw`."""
    account = state.account(command.account_id)
    if command.asset not in MARGIN_ASSETS or not command.amount.is_finite():
        raise EmulatorError(f"{command.amount} {command.asset} cannot be transferred", allowed=", ".join(MARGIN_ASSETS))
    amount = cents(command.amount)
    if amount == 0:
        raise rejections.amount_not_positive()
    if amount < 0 and -amount > margin.available(state, account, command.asset):
        raise Rejection(-2018, "Balance is insufficient.")
    book_income(state, account, IncomeType.TRANSFER, command.asset, amount, info="TRANSFER")
    reason = AccountReason.DEPOSIT if amount > 0 else AccountReason.WITHDRAW
    account_event(state, account, reason, command.asset, amount)
    state.at_risk[account.account_id] = None


def set_fee_tier(state: State, command: commands.SetFeeTier) -> None:
    """Change the fee tier."""
    _check_tier(command.fee_tier)
    state.account(command.account_id).fee_tier = command.fee_tier


def set_leverage(state: State, command: commands.SetLeverage) -> None:
    """Change a leverage; see `Trading.set_leverage`."""
    account, rules = state.account(command.account_id), state.rule(command.symbol)
    if not 1 <= command.leverage <= rules.leverage_max:
        raise rejections.invalid_leverage(command.leverage)
    record = state.look_up(account, command.symbol)
    held = any(leg.quantity for leg in record.legs.values())
    if command.leverage < record.leverage:
        if held and record.margin_type is MarginType.ISOLATED:
            raise rejections.isolated_leverage_reduction()
        _check_lower_leverage(state, account, command)
    exposure = sum(abs(leg.quantity) for leg in record.legs.values()) * state.image.markets[command.symbol].mark
    if exposure > margin.max_notional(rules, command.leverage):
        raise rejections.over_leverage()
    state.symbol_account(account, command.symbol).leverage = command.leverage
    state.mark_dirty(account.account_id, command.symbol)
    event = AccountConfigEvent(
        state.next_sequence(), state.now_ms, account.account_id, command.symbol, command.leverage
    )
    state.emit(event)


def _check_lower_leverage(state: State, account: AccountState, command: commands.SetLeverage) -> None:
    record = state.look_up(account, command.symbol)
    asset = state.rules[command.symbol].quote
    free = margin.available(state, account, asset)
    now = margin.compute(state, account, command.symbol)
    then = now.position_initial + now.open_order_initial
    more = cents(then * record.leverage / command.leverage) - then
    if more > 0 and more > free:
        raise rejections.leverage_too_small()


def set_margin_type(state: State, command: commands.SetMarginType) -> None:
    """Change a margin type; see `Trading.set_margin_type`."""
    account = state.account(command.account_id)
    state.rule(command.symbol)
    record = state.look_up(account, command.symbol)
    if record.margin_type is command.margin_type:
        raise rejections.same_margin_type()
    if _has_orders(state, account, command.symbol):
        raise rejections.margin_type_with_orders()
    if any(leg.quantity for leg in record.legs.values()):
        raise rejections.margin_type_with_position()
    state.symbol_account(account, command.symbol).margin_type = command.margin_type
    state.mark_dirty(account.account_id, command.symbol)


def set_position_mode(state: State, command: commands.SetPositionMode) -> None:
    """Switch the position mode; see `Trading.set_position_mode`."""
    account = state.account(command.account_id)
    if account.hedge_mode == command.hedge_mode:
        raise rejections.same_position_mode()
    if _has_orders(state, account, None):
        raise rejections.position_mode_with_orders()
    if any(leg.quantity for record in account.symbols.values() for leg in record.legs.values()):
        raise rejections.position_mode_with_position()
    account.hedge_mode = command.hedge_mode


def _has_orders(state: State, account: AccountState, symbol: str | None) -> bool:
    index = state.indexes[account.account_id]
    working = any(symbol in (None, state.orders[order_id].symbol) for order_id in index.working)
    waiting = any(symbol in (None, state.algos[algo_id].symbol) for algo_id in index.waiting_by_client.values())
    return working or waiting


def adjust_margin(state: State, command: commands.AdjustMargin) -> None:
    """Move margin between the wallet and an isolated position; see `Trading.adjust_margin`."""
    account, rules = state.account(command.account_id), state.rule(command.symbol)
    record = account.symbols.get(command.symbol)
    amount = cents(command.amount)
    if amount == 0:
        raise rejections.amount_not_positive()
    if record is None or record.margin_type is not MarginType.ISOLATED:
        raise rejections.margin_only_isolated()
    leg = record.legs.get(command.position_side)
    if leg is None or leg.quantity == 0:
        raise rejections.margin_without_position()
    if amount > 0 and amount > margin.available(state, account, rules.quote):
        raise rejections.cross_balance_insufficient()
    mark = state.image.markets[command.symbol].mark
    spare = leg.isolated_wallet + min((mark - leg.entry_price) * leg.quantity, ZERO)
    spare -= abs(leg.quantity) * mark / record.leverage
    if amount < 0 and -amount > spare:
        raise rejections.isolated_balance_insufficient()
    leg.isolated_wallet += amount
    state.mark_dirty(account.account_id, command.symbol)
    state.at_risk[account.account_id] = None
    legs = ((command.symbol, command.position_side),)
    account_event(state, account, AccountReason.MARGIN_TRANSFER, rules.quote, ZERO, legs)
