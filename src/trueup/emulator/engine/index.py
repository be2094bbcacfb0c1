"""Where to find an account's records: indexes over the past, and running sums over what works now.

Everything here is rebuilt from records; nothing here is persisted.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from trueup.emulator.engine.enums import PositionSide, Side
from trueup.emulator.engine.values import ZERO, AlgoOrder, Amendment, Income, Order, Trade


class SymbolMargin(msgspec.Struct, frozen=True, gc=False):
    """What one symbol needs and yields, valued at the mark price; the `cross` parts leave isolated positions out."""

    unrealised: Decimal = ZERO
    cross_unrealised: Decimal = ZERO
    position_initial: Decimal = ZERO
    open_order_initial: Decimal = ZERO
    cross_position_initial: Decimal = ZERO
    maintenance: Decimal = ZERO
    cross_maintenance: Decimal = ZERO
    isolated_wallet: Decimal = ZERO

    def plus(self, other: SymbolMargin, sign: int = 1) -> SymbolMargin:
        """Return the sum (or, with sign -1, the difference) of both."""
        return SymbolMargin(
            *(getattr(self, name) + sign * getattr(other, name) for name in SymbolMargin.__struct_fields__),
        )


class SymbolIndex:
    """An account's records of one symbol, ascending by id and time."""

    __slots__ = ("algo_ids", "margin", "open_buy", "open_sell", "order_ids", "order_times", "trade_times", "trades")

    def __init__(self) -> None:
        self.order_ids: list[int] = []
        self.order_times: list[int] = []
        self.trades: list[Trade] = []
        self.trade_times: list[int] = []
        self.algo_ids: list[int] = []
        self.open_buy: dict[PositionSide, Decimal] = {}
        self.open_sell: dict[PositionSide, Decimal] = {}
        self.margin = SymbolMargin()

    def add_trade(self, trade: Trade) -> None:
        """Append a trade."""
        self.trades.append(trade)
        self.trade_times.append(trade.time_ms)

    def add_working(self, order: Order) -> None:
        """Count an order's open notional; a reduce-only order needs no margin."""
        self._count(order, order.remaining * order.price)

    def remove_working(self, order: Order) -> None:
        """Uncount what `add_working` counted and fills left."""
        self._count(order, -order.remaining * order.price)

    def filled_working(self, order: Order, quantity: Decimal) -> None:
        """Uncount a fill of a working order."""
        self._count(order, -quantity * order.price)

    def _count(self, order: Order, notional: Decimal) -> None:
        if order.reduce_only:
            return
        sums = self.open_buy if order.side is Side.BUY else self.open_sell
        sums[order.position_side] = sums.get(order.position_side, ZERO) + notional


class AccountIndex:
    """An account's records over all symbols."""

    __slots__ = (
        "algos_by_client",
        "amendments",
        "dirty",
        "income",
        "latest_by_client",
        "symbols",
        "totals",
        "waiting_by_client",
        "working",
        "working_by_client",
    )

    def __init__(self) -> None:
        self.symbols: dict[str, SymbolIndex] = {}
        self.working: dict[int, None] = {}
        self.working_by_client: dict[str, int] = {}
        self.latest_by_client: dict[str, int] = {}
        self.waiting_by_client: dict[str, int] = {}
        self.algos_by_client: dict[str, int] = {}
        self.income: list[Income] = []
        self.amendments: list[Amendment] = []
        self.dirty: dict[str, None] = {}
        self.totals: dict[str, SymbolMargin] = {}

    def add_order(self, order: Order) -> None:
        """Append an order; ids only rise."""
        index = self.symbols.get(order.symbol)
        if index is None:
            index = self.symbols[order.symbol] = SymbolIndex()
        index.order_ids.append(order.order_id)
        index.order_times.append(order.time_ms)
        self.latest_by_client[order.client_order_id] = order.order_id

    def add_algo(self, algo: AlgoOrder) -> None:
        """Append a conditional order; ids only rise."""
        index = self.symbols.get(algo.symbol)
        if index is None:
            index = self.symbols[algo.symbol] = SymbolIndex()
        index.algo_ids.append(algo.algo_id)
        self.algos_by_client[algo.client_algo_id] = algo.algo_id
        if algo.status.is_open:
            self.waiting_by_client[algo.client_algo_id] = algo.algo_id
