"""What an account must hold: initial and maintenance margin, and what is left to trade with.

Sums per asset are kept and only the symbols that changed are computed anew, so that an account with hundreds of
positions still places an order in microseconds.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

from trueup.emulator.engine.enums import MarginType, PositionSide, Side
from trueup.emulator.engine.index import AccountIndex, SymbolIndex, SymbolMargin
from trueup.emulator.engine.money import EXACT, cents
from trueup.emulator.engine.state import AccountState, State, SymbolAccount, Wallet
from trueup.emulator.engine.symbols import SymbolRules
from trueup.emulator.engine.values import ZERO

NOTIONAL_PER_LEVERAGE = {"BTC": Decimal(1_000_000_000), "ETH": Decimal(500_000_000)}
"""Position limit times leverage, in quote units: 50 million at 20x for BTC. Assumed, in place of brackets."""

NOTIONAL_PER_LEVERAGE_OTHERS = Decimal(100_000_000)
NOTHING = SymbolMargin()


def max_notional(rules: SymbolRules, leverage: int) -> Decimal:
    """Return the largest position in quote units that `leverage` allows."""
    return cents(NOTIONAL_PER_LEVERAGE.get(rules.base, NOTIONAL_PER_LEVERAGE_OTHERS) / leverage)


def wallet(account: AccountState, asset: str) -> Wallet:
    """Return the wallet of an asset, made on first use."""
    found = account.wallets.get(asset)
    if found is None:
        found = account.wallets[asset] = Wallet()
    return found


def balance_of(account: AccountState, asset: str) -> Decimal:
    """Return the wallet balance of an asset, zero when there is no wallet."""
    found = account.wallets.get(asset)
    return ZERO if found is None else found.balance


def totals(state: State, account: AccountState, asset: str) -> SymbolMargin:
    """Return the sums over all symbols margined in `asset`, valued now."""
    index = state.indexes[account.account_id]
    if index.dirty:
        _refresh(state, account, index)
    return index.totals.get(asset, NOTHING)


def _refresh(state: State, account: AccountState, index: AccountIndex) -> None:
    with localcontext(EXACT):
        for symbol in index.dirty:
            quote = state.rules[symbol].quote
            symbol_index = state.index(account.account_id, symbol)
            now = compute(state, account, symbol)
            index.totals[quote] = index.totals.get(quote, NOTHING).plus(now).plus(symbol_index.margin, -1)
            symbol_index.margin = now
        index.dirty.clear()


def available(state: State, account: AccountState, asset: str) -> Decimal:
    """Return what new orders may use; negative when a loss has eaten it."""
    total = totals(state, account, asset)
    return (
        balance_of(account, asset)
        - total.isolated_wallet
        + total.cross_unrealised
        - total.cross_position_initial
        - total.open_order_initial
    )


def extra_initial(
    state: State,
    account: AccountState,
    symbol: str,
    side: Side,
    leg: PositionSide,
    notional: Decimal,
) -> Decimal:
    """Return how much more initial margin one more order of `notional` would take."""
    record = state.look_up(account, symbol)
    index = state.index(account.account_id, symbol)
    mark = state.image.markets[symbol].mark
    now = _initial(record, index, mark, ZERO, ZERO, leg)
    buy, sell = (notional, ZERO) if side is Side.BUY else (ZERO, notional)
    return _initial(record, index, mark, buy, sell, leg) - now


def compute(state: State, account: AccountState, symbol: str) -> SymbolMargin:
    """Return what one symbol needs and yields now."""
    record = state.look_up(account, symbol)
    index = state.index(account.account_id, symbol)
    rules, mark = state.rules[symbol], state.image.markets[symbol].mark
    unrealised = held = isolated_wallet = maintenance = ZERO
    for leg in record.legs.values():
        if leg.quantity:
            notional = abs(leg.quantity) * mark
            unrealised += (mark - leg.entry_price) * leg.quantity
            held += notional
            maintenance += notional * rules.maint_margin_rate
            isolated_wallet += leg.isolated_wallet
    position_initial = cents(held / record.leverage)
    total_initial = sum(
        (_initial(record, index, mark, ZERO, ZERO, side) for side in _sides(record, index)),
        ZERO,
    )
    crossed = record.margin_type is MarginType.CROSSED
    return SymbolMargin(
        unrealised=unrealised,
        cross_unrealised=unrealised if crossed else ZERO,
        position_initial=position_initial,
        open_order_initial=max(total_initial - position_initial, ZERO),
        cross_position_initial=position_initial if crossed else ZERO,
        maintenance=cents(maintenance),
        cross_maintenance=cents(maintenance) if crossed else ZERO,
        isolated_wallet=isolated_wallet,
    )


def _sides(record: SymbolAccount, index: SymbolIndex) -> set[PositionSide]:
    return set(record.legs) | set(index.open_buy) | set(index.open_sell)


def _initial(
    record: SymbolAccount,
    index: SymbolIndex,
    mark: Decimal,
    buy: Decimal,
    sell: Decimal,
    side: PositionSide,
) -> Decimal:
    """Return the initial margin of one leg with its open orders and `buy` and `sell` more."""
    leg = record.legs.get(side)
    held = leg.quantity * mark if leg is not None else ZERO
    buys = index.open_buy.get(side, ZERO) + buy
    sells = index.open_sell.get(side, ZERO) + sell
    return cents(need(side, held, buys, sells) / record.leverage)


def need(side: PositionSide, held: Decimal, buys: Decimal, sells: Decimal) -> Decimal:
    """Return the notional that a leg of (signed) value `held` with open orders needs margin for."""
    if side is PositionSide.LONG:
        return held + buys
    if side is PositionSide.SHORT:
        return sells - held
    return max(abs(held + buys), abs(held - sells))
