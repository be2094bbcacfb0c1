"""The venue's state: what is persisted, and the indexes rebuilt from it.

The structs are the live image that a checkpoint writes. Closed orders, trades, incomes and the like never change again;
they live in `Archive` lists and are written once (see `journal`).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from trueup.emulator.engine import rejections
from trueup.emulator.engine.book import Book
from trueup.emulator.engine.enums import MarginType, PositionSide
from trueup.emulator.engine.events import MarketEvent, VenueEvent
from trueup.emulator.engine.index import AccountIndex, SymbolIndex
from trueup.emulator.engine.settings import AccountSettings, VenueSettings
from trueup.emulator.engine.statements import AggTrade, Kline
from trueup.emulator.engine.symbols import SymbolRules, symbol_table
from trueup.emulator.engine.values import ZERO, AlgoOrder, Amendment, Income, Order, Trade
from trueup.errors import EmulatorError

FIRST_ORDER_ID = 8_389_765_000_000_000_001
"""Order ids begin where the venue's largest are: above 2**53, so that a client that reads them as floats is caught."""

FIRST_ALGO_ID = 1_000_000_000_000_001
FIRST_TRADE_ID = 1_000_001
FIRST_TRANSACTION_ID = 9_689_322_000_001


class Leg(msgspec.Struct, gc=False):
    """One leg of a position; `fees` were paid since it was last flat."""

    quantity: Decimal = ZERO
    entry_price: Decimal = ZERO
    realised: Decimal = ZERO
    isolated_wallet: Decimal = ZERO
    fees: Decimal = ZERO
    update_time_ms: int = 0


class SymbolAccount(msgspec.Struct):
    """An account's settings and legs of one symbol."""

    leverage: int
    margin_type: MarginType
    legs: dict[PositionSide, Leg] = msgspec.field(default_factory=dict)


class Wallet(msgspec.Struct, gc=False):
    """One asset of one account with the totals that explain it.

    ``balance = deposits + realised - fees + funding + insurance`` always, exactly.
    """

    balance: Decimal = ZERO
    deposits: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    insurance: Decimal = ZERO
    update_time_ms: int = 0


class AccountState(msgspec.Struct):
    """One account as it is now."""

    settings: AccountSettings
    hedge_mode: bool
    fee_tier: int
    wallets: dict[str, Wallet]
    symbols: dict[str, SymbolAccount] = msgspec.field(default_factory=dict)
    countdowns: dict[str, int] = msgspec.field(default_factory=dict)
    warned: bool = False

    @property
    def account_id(self) -> str:
        """Return the account's id."""
        return self.settings.account_id


class MarketState(msgspec.Struct):
    """The synthetic market of one symbol and its public tape.

    `taken_bids` and `taken_asks` hold what takers took from the generated levels since the last step, by tick.
    `counterparty` is the position of everybody who is not an account of ours.
    """

    symbol: str
    bid_ticks: int
    ask_ticks: int
    mark: Decimal
    last: Decimal
    low: Decimal
    high: Decimal
    funding_rate: Decimal
    step: int = 0
    update_id: int = 1
    next_trade_id: int = FIRST_TRADE_ID
    next_agg_id: int = 1
    counterparty: Decimal = ZERO
    last_quantity: Decimal = ZERO
    last_time_ms: int = 0
    explicit_bids: list[tuple[int, Decimal]] = msgspec.field(default_factory=list)
    explicit_asks: list[tuple[int, Decimal]] = msgspec.field(default_factory=list)
    explicit: bool = False
    taken: dict[int, Decimal] = msgspec.field(default_factory=dict)
    bars: list[Kline] = msgspec.field(default_factory=list)
    tape: list[AggTrade] = msgspec.field(default_factory=list)


class Counters(msgspec.Struct, gc=False):
    """The next identifiers."""

    order_id: int = FIRST_ORDER_ID
    algo_id: int = FIRST_ALGO_ID
    transaction_id: int = FIRST_TRANSACTION_ID
    amendment_id: int = 1
    priority: int = 1
    sequence: int = 0


class Image(msgspec.Struct):
    """Everything that can still change, as a checkpoint writes it; `working` is in order of priority.

    ``waiting`` also holds triggered conditional orders whose order still works.
    """

    settings: VenueSettings
    now_ms: int
    next_funding_ms: int
    counters: Counters = msgspec.field(default_factory=Counters)
    paused: bool = False
    accounts: dict[str, AccountState] = msgspec.field(default_factory=dict)
    markets: dict[str, MarketState] = msgspec.field(default_factory=dict)
    working: list[Order] = msgspec.field(default_factory=list)
    waiting: list[AlgoOrder] = msgspec.field(default_factory=list)


class Archive(msgspec.Struct):
    """What will never change again, since the last checkpoint."""

    orders: list[Order] = msgspec.field(default_factory=list)
    algos: list[AlgoOrder] = msgspec.field(default_factory=list)
    trades: list[Trade] = msgspec.field(default_factory=list)
    incomes: list[Income] = msgspec.field(default_factory=list)
    amendments: list[Amendment] = msgspec.field(default_factory=list)


class State:
    """The image and its indexes. Every module of the engine works on one of these.

    Parameters
    ----------
    image : Image
        Owned by the state from now on.
    archive : Archive, optional
        The closed past of a recovered venue.
    keep_archive : bool
        Whether closed records are collected for the next checkpoint; a venue without a journal needs none.
    """

    def __init__(self, image: Image, archive: Archive | None = None, *, keep_archive: bool = False) -> None:
        table = symbol_table(image.settings.synthetic_symbols)
        unknown = [name for name in image.settings.symbols if name not in table]
        if unknown:
            raise EmulatorError(
                f"the settings list {unknown[0]}, which the symbol table does not have",
                allowed=f"{len(table)} symbols such as {', '.join(list(table)[:5])}",
                action="remove it from the settings",
            )
        names = image.settings.symbols or tuple(table)
        self.image = image
        self.rules: Mapping[str, SymbolRules] = {name: table[name] for name in names}
        self.books: dict[str, Book] = {name: Book() for name in names}
        self.orders: dict[int, Order] = {}
        self.algos: dict[int, AlgoOrder] = {}
        self.indexes: dict[str, AccountIndex] = {account_id: AccountIndex() for account_id in image.accounts}
        self.by_key: dict[str, str] = {a.settings.api_key: a.account_id for a in image.accounts.values()}
        self.due: list[tuple[int, str, str]] = []
        self.keep_archive = keep_archive
        self.fresh = Archive()
        self.touched: dict[str, None] = {}
        self.at_risk: dict[str, None] = {}
        self.reduced: dict[tuple[str, str, PositionSide], None] = {}
        self.books_changed: dict[str, None] = {}
        self.traded: dict[str, None] = {}
        self.holders: dict[str, dict[str, None]] = {name: {} for name in names}
        self.listeners: list[Callable[[VenueEvent], None]] = []
        self.market_listeners: list[Callable[[MarketEvent], None]] = []
        self.waiting: dict[str, dict[int, None]] = {name: {} for name in names}
        self._rebuild(archive or Archive())

    # --- lookups ------------------------------------------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        """Return the time of the command that runs."""
        return self.image.now_ms

    def rule(self, symbol: str) -> SymbolRules:
        """Return a symbol's rules; `Rejection` -1121 when it is not listed."""
        rules = self.rules.get(symbol)
        if rules is None:
            raise rejections.invalid_symbol()
        return rules

    def account(self, account_id: str) -> AccountState:
        """Return an account; `EmulatorError` when there is none."""
        account = self.image.accounts.get(account_id)
        if account is None:
            raise EmulatorError(
                f"no account is named {account_id!r}",
                allowed=", ".join(self.image.accounts) or "none: no account was created",
                action="create it first",
            )
        return account

    def symbol_account(self, account: AccountState, symbol: str) -> SymbolAccount:
        """Return an account's record of a symbol, made on first use."""
        found = account.symbols.get(symbol)
        if found is None:
            found = account.symbols[symbol] = self.look_up(account, symbol)
        return found

    def look_up(self, account: AccountState, symbol: str) -> SymbolAccount:
        """Return an account's record of a symbol without making one: a refused command must leave no trace."""
        found = account.symbols.get(symbol)
        if found is not None:
            return found
        leverage = min(account.settings.leverage, self.rules[symbol].leverage_max)
        return SymbolAccount(leverage, account.settings.margin_type)

    def held(self, account: AccountState, symbol: str, side: PositionSide) -> Decimal:
        """Return the signed quantity of a leg, zero when it was never touched."""
        record = account.symbols.get(symbol)
        leg = record.legs.get(side) if record is not None else None
        return ZERO if leg is None else leg.quantity

    def leg(self, account: AccountState, symbol: str, side: PositionSide) -> Leg:
        """Return a leg, made on first use."""
        legs = self.symbol_account(account, symbol).legs
        leg = legs.get(side)
        if leg is None:
            leg = legs[side] = Leg()
        return leg

    def index(self, account_id: str, symbol: str) -> SymbolIndex:
        """Return the index of an account's symbol, made on first use."""
        symbols = self.indexes[account_id].symbols
        found = symbols.get(symbol)
        if found is None:
            found = symbols[symbol] = SymbolIndex()
        return found

    # --- effects ------------------------------------------------------------------------------------------------------

    def next_sequence(self) -> int:
        """Return the sequence of the next private event."""
        self.image.counters.sequence += 1
        return self.image.counters.sequence

    def emit(self, event: VenueEvent) -> None:
        """Tell the listeners."""
        for listener in self.listeners:
            listener(event)

    def schedule(self, due_ms: int, kind: str, key: str) -> None:
        """Remember that something is due; a stale entry is harmless, and the order does not hang on history."""
        heapq.heappush(self.due, (due_ms, kind, key))

    def mark_dirty(self, account_id: str, symbol: str) -> None:
        """Note that an account's margin in a symbol is to be computed anew."""
        self.indexes[account_id].dirty[symbol] = None

    def book_changed(self, market: MarketState) -> None:
        """Note that a book is no longer what it was."""
        market.update_id += 1
        self.books_changed[market.symbol] = None

    # --- rebuilding ---------------------------------------------------------------------------------------------------

    def _rebuild(self, archive: Archive) -> None:
        working = {order.order_id for order in self.image.working}
        orders = sorted([*archive.orders, *self.image.working], key=lambda order: order.order_id)
        for order in orders:
            self.orders[order.order_id] = order
            self.indexes[order.account_id].add_order(order)
        for order in self.image.working:
            self.rest(order)
        assert len(working) == len(self.image.working)
        for trade in archive.trades:
            self.index(trade.account_id, trade.symbol).add_trade(trade)
        for income in archive.incomes:
            self.indexes[income.account_id].income.append(income)
        for amendment in archive.amendments:
            self.indexes[amendment.account_id].amendments.append(amendment)
        for algo in sorted([*archive.algos, *self.image.waiting], key=lambda algo: algo.algo_id):
            self.algos[algo.algo_id] = algo
            self.indexes[algo.account_id].add_algo(algo)
        for algo in self.image.waiting:
            if not algo.status.is_open:
                continue  # triggered: its order works
            self.waiting[algo.symbol][algo.algo_id] = None
            if algo.good_till_date_ms:
                self.schedule(algo.good_till_date_ms, "algo", str(algo.algo_id))
        for account in self.image.accounts.values():
            self._rebuild_account(account)
        self.image.working = []
        self.image.waiting = []
        if self.image.next_funding_ms:
            self.schedule(self.image.next_funding_ms, "funding", "")

    def _rebuild_account(self, account: AccountState) -> None:
        for symbol, due_ms in account.countdowns.items():
            self.schedule(due_ms, "countdown", f"{account.account_id}\n{symbol}")
        index = self.indexes[account.account_id]
        index.dirty.update(dict.fromkeys(index.symbols))
        for symbol, record in account.symbols.items():
            index.dirty[symbol] = None
            if any(leg.quantity for leg in record.legs.values()):
                self.holders[symbol][account.account_id] = None

    def rest(self, order: Order) -> None:
        """Put an order into the book at the end of its queue, and count it as working."""
        ticks = self.rules[order.symbol].to_ticks(order.price)
        self.books[order.symbol].add(order.side, ticks, order.order_id, order.remaining)
        index = self.indexes[order.account_id]
        index.working[order.order_id] = None
        index.working_by_client[order.client_order_id] = order.order_id
        self.index(order.account_id, order.symbol).add_working(order)
        if order.good_till_date_ms:
            self.schedule(order.good_till_date_ms, "order", str(order.order_id))

    def unrest(self, order: Order) -> None:
        """Take a working order out of the book."""
        ticks = self.rules[order.symbol].to_ticks(order.price)
        self.books[order.symbol].remove(order.side, ticks, order.order_id)
        index = self.indexes[order.account_id]
        del index.working[order.order_id]
        del index.working_by_client[order.client_order_id]
        self.index(order.account_id, order.symbol).remove_working(order)

    def snapshot(self) -> Image:
        """Return the image for a checkpoint; it shares the live structs and must be encoded at once."""
        book_order = [oid for book in self.books.values() for oid in book.order_ids()]
        self.image.working = [self.orders[order_id] for order_id in book_order]
        self.image.waiting = [self.algos[algo_id] for ids in self.waiting.values() for algo_id in ids]
        self.image.waiting += [self.algos[order.algo_id] for order in self.image.working if order.algo_id]
        return self.image
