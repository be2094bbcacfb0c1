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

FLAT = Leg()
"""Stands for every leg that was never touched; read only."""


def position(
    state: State, account: AccountState, symbol: str, side: PositionSide, cross: dict[str, Decimal] | None = None
) -> Position:
    """Return one leg, valued at the mark price; flat when it was never touched.

    Parameters
    ----------
    cross : dict[str, Decimal], optional
        What `_cross_collateral` gave for the account's assets so far. Callers that value many legs pass one dictionary.
    """
    record = account.symbols.get(symbol)
    rules, mark = state.rules[symbol], state.image.markets[symbol].mark
    leg = (record.legs.get(side) if record is not None else None) or FLAT
    leverage = record.leverage if record is not None else min(account.settings.leverage, rules.leverage_max)
    margin_type = record.margin_type if record is not None else account.settings.margin_type
    index = state.indexes[account.account_id].symbols.get(symbol)
    buys = index.open_buy.get(side, ZERO) if index is not None else ZERO
    sells = index.open_sell.get(side, ZERO) if index is not None else ZERO
    quantity = leg.quantity
    exact = quantity * mark
    notional = cents(exact) if quantity else ZERO
    held = cents(abs(notional) / leverage) if quantity else ZERO
    open_initial = ZERO
    if buys or sells:
        open_initial = max(cents(margin.need(side, exact, buys, sells) / leverage) - held, ZERO)
    profit = (mark - leg.entry_price) * quantity if quantity else ZERO
    unrealised = cents(profit) if quantity else ZERO
    maintenance = abs(exact) * rules.maint_margin_rate if quantity else ZERO
    isolated = margin_type is MarginType.ISOLATED
    liquidation_price = ZERO
    if quantity:
        if isolated:
            collateral = leg.isolated_wallet
        else:
            asset = rules.quote
            if cross is None:
                cross = {}
            if asset not in cross:
                cross[asset] = _cross_collateral(state, account, asset)
            collateral = cross[asset] - profit + maintenance
        liquidation_price = _liquidation_price(leg, collateral, rules.maint_margin_rate)
    # By position: with names, making one of these takes longer than any of the sums above.
    return Position(
        account.account_id,
        symbol,
        side,
        quantity,
        leg.entry_price,
        break_even(leg),
        mark,
        unrealised,
        liquidation_price,
        leverage,
        margin_type,
        leg.isolated_wallet + unrealised if isolated and quantity else ZERO,
        leg.isolated_wallet,
        notional,
        rules.quote,
        held + open_initial,
        cents(abs(notional) * rules.maint_margin_rate) if quantity else ZERO,
        held,
        open_initial,
        buys,
        sells,
        leg.realised,
        _adl_quantile(leg, unrealised),
        leg.update_time_ms,
    )


def _adl_quantile(leg: Leg, unrealised: Decimal) -> int:
    """Return 0 when flat, 1 for a loser, 2 for a winner: the venue's 0 to 4 rank needs the whole market."""
    if leg.quantity == 0:
        return 0
    return 2 if unrealised > 0 else 1


def _cross_collateral(state: State, account: AccountState, asset: str) -> Decimal:
    """Return what an account's crossed legs of an asset stand on, all of their profits and needs counted."""
    total = margin.totals(state, account, asset)
    balance_now = margin.balance_of(account, asset)
    return balance_now - total.isolated_wallet + total.cross_unrealised - total.cross_maintenance


def _liquidation_price(leg: Leg, collateral: Decimal, rate: Decimal) -> Decimal:
    """Return the mark price at which a leg alone would use up its `collateral`; zero when there is none."""
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
    cross: dict[str, Decimal] = {}
    if include_flat:
        symbols = [symbol] if symbol is not None else list(state.rules)
        return [position(state, account, name, side, cross) for name in symbols for side in sides(account)]
    names = [symbol] if symbol is not None else list(account.symbols)
    return [
        position(state, account, name, side, cross)
        for name in names
        if name in account.symbols
        for side, leg in account.symbols[name].legs.items()
        if leg.quantity
    ]


def summary(state: State, account: AccountState) -> AccountSummary:
    """Return an account whole."""
    symbols = dict.fromkeys([*account.symbols, *state.indexes[account.account_id].symbols])
    cross: dict[str, Decimal] = {}
    touched = [position(state, account, symbol, side, cross) for symbol in symbols for side in sides(account)]
    return AccountSummary(
        account_id=account.account_id,
        fee_tier=account.fee_tier,
        hedge_mode=account.hedge_mode,
        multi_assets_margin=False,
        balances=tuple(balance(state, account, asset) for asset in MARGIN_ASSETS),
        positions=tuple(touched),
        update_time_ms=max((wallet.update_time_ms for wallet in account.wallets.values()), default=0),
    )
