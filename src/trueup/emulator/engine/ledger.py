"""The ledger: the oracle's view of accounts, and the invariants that hold after every command.

1. Wallet = deposits + realised profit - fees + funding + insurance, and = the sum of its incomes.
2. The sum of an account's fills is its position, per leg.
3. The positions of all accounts and of the market counterparty sum to zero, per symbol.
4. The book holds exactly the working orders, at their prices, with what remains of them.
5. What was executed never exceeds the quantity, and an order's fills sum to what was executed of it.
6. Order, trade and transaction ids rise strictly.
7. The running sums (open notional, margin) equal those computed anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal, localcontext

import msgspec

from trueup.emulator.engine import margin
from trueup.emulator.engine.enums import PositionSide, Side
from trueup.emulator.engine.index import SymbolIndex, SymbolMargin
from trueup.emulator.engine.money import EXACT
from trueup.emulator.engine.state import AccountState, State, Wallet
from trueup.emulator.engine.values import ZERO, AlgoOrder, Income, Order, Trade
from trueup.errors import EmulatorError


class InvariantError(EmulatorError):
    """The venue contradicts itself: a defect of the emulator, never of its user."""


class LegRecord(msgspec.Struct, frozen=True):
    """One leg as the ledger has it."""

    symbol: str
    position_side: PositionSide
    quantity: Decimal
    entry_price: Decimal
    realised: Decimal


class AccountRecord(msgspec.Struct, frozen=True):
    """One account as the ledger has it: everything, also what the venue's API forgets."""

    account_id: str
    wallets: dict[str, Wallet]
    legs: tuple[LegRecord, ...]
    orders: tuple[Order, ...]
    trades: tuple[Trade, ...]
    algo_orders: tuple[AlgoOrder, ...]
    incomes: tuple[Income, ...]


class Ledger:
    """Read the venue as its oracle does; obtained as ``venue.ledger``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def account(self, account_id: str) -> AccountRecord:
        """Return everything about one account; trades and orders ascending by id within a symbol."""
        state = self._state
        account = state.account(account_id)
        indexes = state.indexes[account_id].symbols
        return AccountRecord(
            account_id=account_id,
            wallets=dict(account.wallets),
            legs=tuple(
                LegRecord(symbol, side, leg.quantity, leg.entry_price, leg.realised)
                for symbol, record in account.symbols.items()
                for side, leg in record.legs.items()
            ),
            orders=tuple(state.orders[oid] for index in indexes.values() for oid in index.order_ids),
            trades=tuple(trade for index in indexes.values() for trade in index.trades),
            algo_orders=tuple(state.algos[algo_id] for index in indexes.values() for algo_id in index.algo_ids),
            incomes=tuple(state.indexes[account_id].income),
        )

    def check_invariants(self) -> None:
        """Check everything, in time proportional to the whole history.

        Raises
        ------
        InvariantError
            With each law that is broken and the numbers that break it.
        """
        with localcontext(EXACT):
            broken = list(_broken(self._state))
        _raise(broken)


def check_touched(state: State) -> None:
    """Check, after a command, the wallets and the balance of the symbols that traded in it."""
    broken: list[str] = []
    for symbol in state.traded:
        broken.extend(_broken_balance(state, symbol))
        for account_id in state.holders[symbol]:
            broken.extend(_broken_wallets(state.image.accounts[account_id]))
    state.traded.clear()
    _raise(broken)


def _raise(broken: list[str]) -> None:
    if broken:
        raise InvariantError(
            f"the venue contradicts itself in {len(broken)} places:\n  " + "\n  ".join(broken),
            action="report this with the state directory: it is a defect of the emulator",
        )


def _broken(state: State) -> Iterator[str]:
    for symbol in state.rules:
        yield from _broken_balance(state, symbol)
        yield from _broken_book(state, symbol)
    for account in state.image.accounts.values():
        yield from _broken_wallets(account)
        yield from _broken_incomes(state, account)
        for symbol, index in state.indexes[account.account_id].symbols.items():
            yield from _broken_positions(state, account, symbol, index.trades)
            yield from _broken_orders(state, account, symbol, index)
        yield from _broken_sums(state, account)


def _broken_balance(state: State, symbol: str) -> Iterator[str]:
    held = state.image.markets[symbol].counterparty
    for account_id in state.holders[symbol]:
        held += sum((leg.quantity for leg in state.image.accounts[account_id].symbols[symbol].legs.values()), ZERO)
    if held:
        yield f"{symbol}: the positions of accounts and market sum to {held}, not to zero"


def _broken_wallets(account: AccountState) -> Iterator[str]:
    for asset, wallet in account.wallets.items():
        explained = wallet.deposits + wallet.realised - wallet.fees + wallet.funding + wallet.insurance
        if wallet.balance != explained:
            yield f"{account.account_id}: the {asset} wallet holds {wallet.balance}, its history explains {explained}"


def _broken_incomes(state: State, account: AccountState) -> Iterator[str]:
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    before = 0
    for income in state.indexes[account.account_id].income:
        totals[income.asset] += income.amount
        if income.transaction_id <= before:
            yield f"{account.account_id}: transaction {income.transaction_id} follows {before}"
        before = income.transaction_id
    for asset, wallet in account.wallets.items():
        if wallet.balance != totals[asset]:
            yield f"{account.account_id}: the {asset} wallet holds {wallet.balance}, its incomes sum to {totals[asset]}"


def _broken_positions(state: State, account: AccountState, symbol: str, trades: Iterable[Trade]) -> Iterator[str]:
    sums: defaultdict[PositionSide, Decimal] = defaultdict(Decimal)
    realised: defaultdict[PositionSide, Decimal] = defaultdict(Decimal)
    before = 0
    for trade in trades:
        sums[trade.position_side] += trade.quantity * trade.side.sign
        realised[trade.position_side] += trade.realised_pnl
        if trade.trade_id < before:
            yield f"{account.account_id} {symbol}: trade {trade.trade_id} follows {before}"
        before = trade.trade_id
    record = state.look_up(account, symbol)
    for side in set(sums) | set(record.legs):
        leg = record.legs.get(side)
        held, profit = (leg.quantity, leg.realised) if leg is not None else (ZERO, ZERO)
        if held != sums[side] or profit != realised[side]:
            yield (
                f"{account.account_id} {symbol} {side}: the leg holds {held} with {profit} realised, "
                f"its trades sum to {sums[side]} with {realised[side]}"
            )
        if (side is PositionSide.LONG and held < 0) or (side is PositionSide.SHORT and held > 0):
            yield f"{account.account_id} {symbol}: the {side} leg holds {held}"
    if any(leg.quantity for leg in record.legs.values()) != (account.account_id in state.holders[symbol]):
        yield f"{account.account_id} {symbol}: the list of holders is wrong"


def _broken_orders(state: State, account: AccountState, symbol: str, index: SymbolIndex) -> Iterator[str]:
    fills: defaultdict[int, Decimal] = defaultdict(Decimal)
    quotes: defaultdict[int, Decimal] = defaultdict(Decimal)
    for trade in index.trades:
        fills[trade.order_id] += trade.quantity
        quotes[trade.order_id] += trade.quote_quantity
    working = state.indexes[account.account_id].working
    before = 0
    for order_id in index.order_ids:
        order = state.orders[order_id]
        where = f"{account.account_id} {symbol} order {order_id}"
        if order_id <= before:
            yield f"{where} follows {before}"
        before = order_id
        if order.executed_quantity != fills[order_id] or order.cumulative_quote != quotes[order_id]:
            yield f"{where}: executed {order.executed_quantity}, its fills sum to {fills[order_id]}"
        if order.executed_quantity > order.quantity:
            yield f"{where}: executed {order.executed_quantity} of {order.quantity}"
        if order.status.is_open != (order_id in working):
            yield f"{where}: status {order.status}, {'working' if order_id in working else 'not working'}"
    if index.order_times != sorted(index.order_times) or index.trade_times != sorted(index.trade_times):
        yield f"{account.account_id} {symbol}: times do not rise with ids"


def _broken_book(state: State, symbol: str) -> Iterator[str]:
    book, rules = state.books[symbol], state.rules[symbol]
    found: set[int] = set()
    for side in Side:
        half = book.half(side)
        if half.ticks != sorted(half.levels):
            yield f"{symbol} {side}: the list of prices is not that of the levels"
        for tick, level in half.levels.items():
            for order_id, remaining in level.items():
                order = state.orders[order_id]
                found.add(order_id)
                right = order.side is side and order.status.is_open and rules.to_ticks(order.price) == tick
                if not right or order.remaining != remaining or remaining <= 0:
                    yield f"{symbol}: the book holds order {order_id} at tick {tick} with {remaining}: {order}"
    working = {
        order_id
        for index in state.indexes.values()
        for order_id in index.working
        if state.orders[order_id].symbol == symbol
    }
    if working != found:
        yield f"{symbol}: working orders and book differ in {sorted(working ^ found)}"
    bid, ask = book.bids.best(), book.asks.best()
    if bid is not None and ask is not None and bid >= ask:
        yield f"{symbol}: the accounts' book is crossed, bid tick {bid}, ask tick {ask}"


def _broken_sums(state: State, account: AccountState) -> Iterator[str]:
    fresh: defaultdict[tuple[str, Side, PositionSide], Decimal] = defaultdict(Decimal)
    for order_id in state.indexes[account.account_id].working:
        order = state.orders[order_id]
        if not order.reduce_only:
            fresh[order.symbol, order.side, order.position_side] += order.remaining * order.price
    for symbol, index in state.indexes[account.account_id].symbols.items():
        for side, sums in ((Side.BUY, index.open_buy), (Side.SELL, index.open_sell)):
            for leg, total in sums.items():
                if total != fresh[symbol, side, leg]:
                    yield (
                        f"{account.account_id} {symbol} {side} {leg}: open notional {total}, "
                        f"orders sum to {fresh[symbol, side, leg]}"
                    )
    for asset in account.wallets:
        kept = margin.totals(state, account, asset)
        anew = SymbolMargin()
        for symbol in state.indexes[account.account_id].symbols:
            if state.rules[symbol].quote == asset:
                anew = anew.plus(margin.compute(state, account, symbol))
        if kept != anew:
            yield f"{account.account_id} {asset}: margin {kept}, computed anew {anew}"
