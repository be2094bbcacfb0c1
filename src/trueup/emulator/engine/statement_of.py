"""Valuations: positions, balances and whole accounts at this moment."""

from __future__ import annotations

from decimal import Decimal

from trueup.emulator.engine import margin
from trueup.emulator.engine.enums import MarginType, PositionSide
from trueup.emulator.engine.money import cents
from trueup.emulator.engine.positions import break_even
from trueup.emulator.engine.state import AccountState, Leg, State
from trueup.emulator.engine.statements import AccountSummary, Balance, Position
from trueup.emulator.engine.symbols import MARGIN_ASSETS
from trueup.emulator.engine.values import ZERO


def position(state: State, account: AccountState, symbol: str, side: PositionSide) -> Position:
    """Return one leg, valued at the mark price; flat when it was never touched."""
    record = account.symbols.get(symbol)
    rules, market = state.rules[symbol], state.image.markets[symbol]
    leg = (record.legs.get(side) if record is not None else None) or Leg()
    leverage = record.leverage if record is not None else min(account.settings.leverage, rules.leverage_max)
    margin_type = record.margin_type if record is not None else account.settings.margin_type
    unrealised = cents((market.mark - leg.entry_price) * leg.quantity)
    notional = cents(leg.quantity * market.mark)
    index = state.indexes[account.account_id].symbols.get(symbol)
    held = cents(abs(notional) / leverage)
    open_initial = ZERO
    if record is not None and index is not None:
        open_initial = max(margin.leg_initial(record, index, market.mark, side) - held, ZERO)
    isolated = margin_type is MarginType.ISOLATED
    return Position(
        account_id=account.account_id,
        symbol=symbol,
        position_side=side,
        quantity=leg.quantity,
        entry_price=leg.entry_price,
        break_even_price=break_even(leg),
        mark_price=market.mark,
        unrealised_pnl=unrealised,
        liquidation_price=_liquidation_price(state, account, symbol, leg, isolated=isolated),
        leverage=leverage,
        margin_type=margin_type,
        isolated_margin=leg.isolated_wallet + unrealised if isolated and leg.quantity else ZERO,
        isolated_wallet=leg.isolated_wallet,
        notional=notional,
        margin_asset=rules.quote,
        initial_margin=held + open_initial,
        maint_margin=cents(abs(notional) * rules.maint_margin_rate),
        position_initial_margin=held,
        open_order_initial_margin=open_initial,
        bid_notional=index.open_buy.get(side, ZERO) if index is not None else ZERO,
        ask_notional=index.open_sell.get(side, ZERO) if index is not None else ZERO,
        accumulated_realised=leg.realised,
        adl_quantile=_adl_quantile(leg, unrealised),
        update_time_ms=leg.update_time_ms,
    )


def _adl_quantile(leg: Leg, unrealised: Decimal) -> int:
    """Return 0 when flat, 1 for a loser, 2 for a winner: the venue's 0 to 4 rank needs the whole market."""
    if leg.quantity == 0:
        return 0
    return 2 if unrealised > 0 else 1


def _liquidation_price(state: State, account: AccountState, symbol: str, leg: Leg, *, isolated: bool) -> Decimal:
    """Return the mark price at which this leg alone would use up its margin; zero when there is none."""
    if leg.quantity == 0:
        return ZERO
    rules, mark = state.rules[symbol], state.image.markets[symbol].mark
    rate = rules.maint_margin_rate
    if isolated:
        collateral = leg.isolated_wallet
    else:
        total = margin.totals(state, account, rules.quote)
        own_loss = (mark - leg.entry_price) * leg.quantity
        own_need = abs(leg.quantity) * mark * rate
        wallet = margin.wallet(account, rules.quote).balance - total.isolated_wallet
        collateral = wallet + (total.cross_unrealised - own_loss) - (total.cross_maintenance - own_need)
    slope = abs(leg.quantity) * rate - leg.quantity
    if slope == 0:
        return ZERO
    price = (collateral - leg.entry_price * leg.quantity) / slope
    return cents(price) if price > 0 else ZERO


def balance(state: State, account: AccountState, asset: str) -> Balance:
    """Return one asset."""
    total = margin.totals(state, account, asset)
    held = account.wallets.get(asset)
    wallet = held.balance if held is not None else ZERO
    cross_wallet = wallet - total.isolated_wallet
    available = max(margin.available(state, account, asset), ZERO)
    return Balance(
        account_id=account.account_id,
        asset=asset,
        wallet=wallet,
        cross_wallet=cross_wallet,
        unrealised_pnl=cents(total.unrealised),
        cross_unrealised_pnl=cents(total.cross_unrealised),
        margin_balance=cents(wallet + total.unrealised),
        initial_margin=total.position_initial + total.open_order_initial,
        position_initial_margin=total.position_initial,
        open_order_initial_margin=total.open_order_initial,
        maint_margin=total.maintenance,
        available=cents(available),
        max_withdraw=cents(min(available, max(cross_wallet, ZERO))),
        update_time_ms=held.update_time_ms if held is not None else 0,
    )


def sides(account: AccountState) -> tuple[PositionSide, ...]:
    """Return the legs that the account's position mode has."""
    return (PositionSide.LONG, PositionSide.SHORT) if account.hedge_mode else (PositionSide.BOTH,)


def positions(state: State, account: AccountState, symbol: str | None, *, include_flat: bool) -> list[Position]:
    """Return legs: the open ones, or with `include_flat` those of every listed symbol."""
    if include_flat:
        symbols = [symbol] if symbol is not None else list(state.rules)
        return [position(state, account, name, side) for name in symbols for side in sides(account)]
    names = [symbol] if symbol is not None else list(account.symbols)
    return [
        position(state, account, name, side)
        for name in names
        if name in account.symbols
        for side, leg in account.symbols[name].legs.items()
        if leg.quantity
    ]


def summary(state: State, account: AccountState) -> AccountSummary:
    """Return an account whole."""
    symbols = dict.fromkeys([*account.symbols, *state.indexes[account.account_id].symbols])
    touched = [position(state, account, symbol, side) for symbol in symbols for side in sides(account)]
    return AccountSummary(
        account_id=account.account_id,
        fee_tier=account.fee_tier,
        hedge_mode=account.hedge_mode,
        multi_assets_margin=False,
        balances=tuple(balance(state, account, asset) for asset in MARGIN_ASSETS),
        positions=tuple(touched),
        update_time_ms=max((wallet.update_time_ms for wallet in account.wallets.values()), default=0),
    )
