"""One account's records, gathered: which symbols to ask, what no question may leave out, what need not be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from trueup.venues.binance.memo import History, HistoryMemo, Remembered
from trueup.venues.binance.paging import windows_spanned
from trueup.venues.binance.profiles import DAY_MS, WEEK_MS, VenueProfile
from trueup.venues.binance.queries import VenueQueries
from trueup.venues.binance.settings import HardeningSettings

END_MARGIN_MS = 2_000
"""Read this far past our estimate of the venue's time: a record stamped just now must not fall outside by its error."""
ORDERS_KEPT_MS = 90 * DAY_MS
"""The venue forgets orders 90 days after their creation; nothing older can be listed."""


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """An order that the node believes to be working, by the names that the venue knows it by."""

    symbol: str
    client_order_id: str
    venue_order_id: str | None
    conditional: bool


class KnownToNode(Protocol):
    """What the node knows: it decides what must be asked beyond what the venue lists by itself."""

    def open_orders(self, symbol: str | None) -> list[KnownOrder]:
        """Return the orders that the node believes to be working or under way."""

    def active_symbols(self) -> set[str]:
        """Return the symbols with an order or a position in the node, as the venue writes them."""

    def conditional_symbols(self, since_ms: int | None) -> set[str]:
        """Return the symbols of which the node had a conditional order alive at or after an instant."""

    def listed_symbols(self) -> set[str]:
        """Return the symbols that the node loaded."""


@dataclass(slots=True)
class OrdersRead:
    """What a question for orders brought.

    Parameters
    ----------
    orders : dict
        (symbol, order id) to the venue's record.
    conditional : dict
        Algo id to the venue's record of a conditional order that has not become an ordinary one.
    became : dict
        Ordinary order's (symbol, order id) to the client id of the conditional order it came from.
    unknown : list
        Orders of the node that the venue answered it does not know.
    """

    orders: dict[tuple[str, int], Any] = field(default_factory=dict)
    conditional: dict[int, Any] = field(default_factory=dict)
    became: dict[tuple[str, int], str] = field(default_factory=dict)
    unknown: list[KnownOrder] = field(default_factory=list)

    def add(self, orders: Iterable[Any]) -> None:
        """Take in ordinary orders; of two readings of one the later stays."""
        for order in orders:
            key = (order.symbol, order.orderId)
            held = self.orders.get(key)
            if held is None or (order.updateTime or 0) >= (held.updateTime or 0):
                self.orders[key] = order

    def has(self, known: KnownOrder) -> bool:
        """Return whether an order of the node is among what was read."""
        return any(
            order.clientOrderId == known.client_order_id or str(order.orderId) == known.venue_order_id
            for (symbol, _), order in self.orders.items()
            if symbol == known.symbol
        )


@dataclass(frozen=True, slots=True)
class _Alive:
    """Which symbols matter now.

    ``quiet`` are those whose histories are remembered and have not moved; ``marks`` is each symbol's position and
    working orders as listed now.
    """

    asked_ms: int
    symbols: frozenset[str]
    quiet: frozenset[str]
    marks: dict[str, Hashable]


def _marks(read: OrdersRead, positions: Iterable[Any]) -> dict[str, Hashable]:
    parts: dict[str, list[tuple[Any, ...]]] = {}
    for (symbol, order_id), order in read.orders.items():
        parts.setdefault(symbol, []).append(("order", order_id, order.updateTime, order.executedQty))
    for algo_id, algo in read.conditional.items():
        parts.setdefault(algo.symbol, []).append(("conditional", algo_id, algo.updateTime))
    for position in positions:
        held = ("position", position.positionSide.value, position.positionAmt, position.entryPrice)
        parts.setdefault(position.symbol, []).append(held)
    return {symbol: tuple(sorted(map(str, listed))) for symbol, listed in parts.items()}


class AccountReader:
    """Read one account.

    Parameters
    ----------
    queries : VenueQueries
        How to ask.
    profile : VenueProfile
        The venue.
    settings : HardeningSettings
        Bounds.
    known : KnownToNode
        What the node knows.
    has_positions : bool
        Whether the account has positions and conditional orders of their own kind (futures).
    """

    def __init__(
        self,
        queries: VenueQueries,
        profile: VenueProfile,
        settings: HardeningSettings,
        known: KnownToNode,
        *,
        has_positions: bool,
    ) -> None:
        self.queries = queries
        self._profile = profile
        self._settings = settings
        self._known = known
        self._has_positions = has_positions
        self._memo = HistoryMemo()

    async def open_orders(self, symbol: str | None) -> OrdersRead:
        """Read the working orders, ordinary and conditional, of any age."""
        read = OrdersRead()
        if not self._has_positions:
            read.add(await self.queries.open_orders(symbol))
            return read
        orders, algos = await _all(self.queries.open_orders(symbol), self.queries.open_conditional_orders(symbol))
        read.add(orders)
        read.conditional = {algo.algoId: algo for algo in algos if not algo.actualOrderId}
        return read

    async def orders(self, symbol: str | None, start_ms: int | None, now_ms: int) -> OrdersRead:
        """Read orders of a span and all working ones, and what became of every order that the node believes alive.

        Parameters
        ----------
        symbol : str or None
            One symbol, or all that matter.
        start_ms : int or None
            Since when; None reads the last week, the orders of all fills that the venue keeps, and all working orders.
        now_ms : int
            The venue's time.
        """
        alive, read = await _all(self._alive(symbol, start_ms, now_ms), self.open_orders(symbol))
        for name in alive.quiet:
            read.add(self._memo.recall(History.ORDERS, name))
        end_ms = now_ms + END_MARGIN_MS
        since_ms = end_ms - WEEK_MS + 1 if start_ms is None else max(start_ms, now_ms - ORDERS_KEPT_MS)
        names = sorted(alive.symbols - alive.quiet)
        lists = [self.queries.orders(name, since_ms, end_ms) for name in names]
        # The same question for fills that `fills` asks, put at the same time: it is sent once.
        fills = [self.queries.fills(name, None, end_ms) for name in names] if start_ms is None else []
        answers = await _all(*lists, *fills)
        for orders in answers[: len(names)]:
            read.add(orders)
        pairs = zip(names, answers[len(names) :], strict=False)
        await _all(*(self._add_orders_of_fills(read, name, trades, since_ms, now_ms) for name, trades in pairs))
        by_symbol: dict[str, list[Any]] = {name: [] for name in names}
        for (name, _), order in read.orders.items():
            if name in by_symbol:
                by_symbol[name].append(order)
        self._remember(History.ORDERS, by_symbol, alive, start_ms)
        if self._has_positions:
            await self._add_conditional(read, alive.symbols, since_ms, end_ms)
        await self._add_known(read, symbol)
        return read

    async def fills(self, symbol: str | None, start_ms: int | None, now_ms: int) -> list[Any]:
        """Read the fills of a span, oldest first across all symbols: by venue time, then id."""
        alive = await self._alive(symbol, start_ms, now_ms)
        names = sorted(alive.symbols - alive.quiet)
        lists = await _all(*(self.queries.fills(name, start_ms, now_ms + END_MARGIN_MS) for name in names))
        self._remember(History.FILLS, dict(zip(names, lists, strict=True)), alive, start_ms)
        fills = [fill for one in lists for fill in one]
        for name in alive.quiet:
            held = self._memo.recall(History.FILLS, name)
            fills += [fill for fill in held if start_ms is None or fill.time >= start_ms]
        return sorted(fills, key=lambda fill: (fill.time, fill.id, fill.symbol))

    async def positions(self, symbol: str | None) -> list[Any]:
        """Read the positions that are not flat."""
        if not self._has_positions:
            return []
        return [position for position in await self.queries.positions(symbol) if float(position.positionAmt) != 0]

    async def order(self, known: KnownOrder, *, maybe_conditional: bool) -> OrdersRead:
        """Ask for one order; empty when the venue answers that it knows no such order.

        Parameters
        ----------
        known : KnownOrder
            Its names.
        maybe_conditional : bool
            Whether to ask for a conditional order too when there is no ordinary one.
        """
        read = OrdersRead()
        if known.conditional and await self._add_one_conditional(read, known):
            return read
        number = None if known.conditional else known.venue_order_id
        # The engine gives an order that it invented a number of its own, a UUID: that one is asked for by its name.
        order_id = int(number) if number is not None and number.isdecimal() else None
        found = await self._ordinary(known, order_id)
        if found is not None:
            read.add([found])
        elif maybe_conditional and self._has_positions and not known.conditional:
            await self._add_one_conditional(read, known)
        return read

    async def history_symbols(self, symbol: str | None, start_ms: int | None, now_ms: int) -> set[str]:
        """Return the symbols whose history matters: alive at the venue or in the node, or traded since `start_ms`."""
        alive = await self._alive(symbol, start_ms, now_ms)
        return set(alive.symbols)

    # -- details -----------------------------------------------------------------------------------------------------

    async def _alive(self, symbol: str | None, start_ms: int | None, now_ms: int) -> _Alive:
        if symbol is not None:
            return _Alive(now_ms, frozenset({symbol}), frozenset(), {})
        read, positions = await _all(self.open_orders(None), self.positions(None))
        marks = _marks(read, positions)
        symbols = set(marks) | self._known.active_symbols()
        flat = self._known.listed_symbols() - symbols
        if len(flat) <= self._settings.direct_symbols_max or not self._has_positions:
            symbols |= flat
        else:
            since_ms = now_ms - self._settings.flat_history_days * DAY_MS if start_ms is None else start_ms
            traded = await self._traded(max(since_ms, now_ms - ORDERS_KEPT_MS), now_ms)
            symbols |= flat if traded is None else flat & traded
        quiet = await self._quiet(symbols, marks, start_ms, now_ms)
        return _Alive(now_ms, frozenset(symbols), quiet, marks)

    async def _quiet(
        self, symbols: set[str], marks: dict[str, Hashable], start_ms: int | None, now_ms: int
    ) -> frozenset[str]:
        """Return the symbols whose histories were read before and have not moved since."""
        if not self._has_positions:
            return frozenset()
        ages = self._memo.candidates(symbols, marks, start_ms)
        if len(ages) <= self._settings.direct_symbols_max:
            return frozenset()  # asking them costs less than asking whether they moved
        traded = await self._traded(min(ages.values()) - END_MARGIN_MS, now_ms)
        return frozenset() if traded is None else frozenset(ages.keys() - traded)

    def _remember(self, history: History, lists: dict[str, list[Any]], alive: _Alive, start_ms: int | None) -> None:
        if not alive.marks and not self._has_positions:
            return
        for name, records in lists.items():
            remembered = Remembered(start_ms, alive.asked_ms, alive.marks.get(name), records)
            self._memo.remember(history, name, remembered)

    async def _traded(self, since_ms: int, now_ms: int) -> set[str] | None:
        async def question(begun: Any) -> set[str] | None:
            begun()
            return await self.queries.traded_symbols(since_ms, now_ms + END_MARGIN_MS)

        answer: set[str] | None = await self.queries.flights.ask(("traded", since_ms), question)
        return answer

    async def _add_orders_of_fills(
        self, read: OrdersRead, symbol: str, fills: list[Any], listed_from_ms: int, now_ms: int
    ) -> None:
        wanted = {fill.orderId: fill.time for fill in fills if (symbol, fill.orderId) not in read.orders}
        if not wanted:
            return
        earliest_ms = max(min(wanted.values()) - WEEK_MS, now_ms - ORDERS_KEPT_MS)
        windows = windows_spanned(earliest_ms, listed_from_ms, self._profile.history_window_ms)
        list_weight = self._profile.weigh("GET", self._profile.all_orders) * windows
        if len(wanted) * self._profile.weigh("GET", self._profile.order) > list_weight:
            read.add(await self.queries.orders(symbol, earliest_ms, listed_from_ms))
        rest = [order_id for order_id in wanted if (symbol, order_id) not in read.orders]
        found = await _all(*(self.queries.order(symbol, order_id=order_id) for order_id in rest))
        read.add(order for order in found if order is not None)

    async def _add_conditional(self, read: OrdersRead, symbols: set[str], since_ms: int, now_ms: int) -> None:
        # The history of conditional orders is asked only where one is or was: elsewhere it cannot hold anything.
        waiting = {algo.symbol for algo in read.conditional.values()}
        wanted = (waiting | self._known.conditional_symbols(since_ms)) & symbols
        lists = await _all(*(self.queries.conditional_orders(name, since_ms, now_ms) for name in sorted(wanted)))
        for algo in (algo for one in lists for algo in one):
            if not algo.actualOrderId:
                read.conditional.setdefault(algo.algoId, algo)
                continue
            await self._follow(read, algo)

    async def _add_known(self, read: OrdersRead, symbol: str | None) -> None:
        listed = {algo.clientAlgoId for algo in read.conditional.values()}
        followed = set(read.became.values())
        missing = [
            known
            for known in self._known.open_orders(symbol)
            if known.client_order_id not in listed
            # A conditional order that is older than the span is in no list, and what it became bears its name.
            and not (known.client_order_id in followed if known.conditional else read.has(known))
        ]
        answers = await _all(*(self.order(known, maybe_conditional=False) for known in missing))
        for known, answer in zip(missing, answers, strict=True):
            if not answer.orders and not answer.conditional:
                read.unknown.append(known)
            read.add(answer.orders.values())
            read.conditional |= answer.conditional
            read.became |= answer.became

    async def _add_one_conditional(self, read: OrdersRead, known: KnownOrder) -> bool:
        algo = await self.queries.conditional_order(client_algo_id=known.client_order_id)
        if algo is None:
            return False
        if algo.actualOrderId:
            return await self._follow(read, algo)
        read.conditional[algo.algoId] = algo
        return True

    async def _follow(self, read: OrdersRead, algo: Any) -> bool:
        """Read the ordinary order that a conditional one became."""
        key = (algo.symbol, int(algo.actualOrderId))
        read.became[key] = algo.clientAlgoId
        if key in read.orders:
            return True
        found = await self.queries.order(algo.symbol, order_id=key[1])
        if found is None:
            return False
        read.add([found])
        return True

    async def _ordinary(self, known: KnownOrder, order_id: int | None) -> Any:
        if order_id is not None:
            return await self.queries.order(known.symbol, order_id=order_id)
        return await self.queries.order(known.symbol, client_order_id=known.client_order_id)


async def _all(*questions: Awaitable[Any]) -> list[Any]:
    """Ask side by side; when one fails the others end before its error goes on, so that nothing runs unseen."""
    tasks = [asyncio.ensure_future(question) for question in questions]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
