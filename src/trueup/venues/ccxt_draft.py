"""A reading through `ccxt` while it is being made: records by their names, and how far each kind was read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from trueup.errors import VenueError
from trueup.model.balances import BalanceRecord
from trueup.model.coverage import Coverage, FailedQuery, KindCoverage, RecordKind, Window
from trueup.model.fills import FillRecord
from trueup.model.orders import OrderRecord
from trueup.model.positions import PositionKey, PositionRecord
from trueup.model.snapshots import VenueSnapshot

NS_PER_MS: Final = 1_000_000
UNREADABLE: Final = (KeyError, ValueError, ArithmeticError, TypeError, AttributeError)
"""What a row raises that is not what the venue documents."""
FAILURES_MAX: Final = 100
"""Failed queries kept for each kind; the hundredth says nothing that the first did not."""

type OrderKey = tuple[str, str]
"""Instrument and the venue's number."""
type TradeKey = tuple[str, str, str]
"""Instrument, trade id and side: a self-trade has one id and two sides."""


@dataclass(slots=True)
class SymbolHistory:
    """Hold what was read of one symbol so far; each ``to_ms`` is None until that was read whole."""

    from_ms: int
    orders_to_ms: int | None = None
    fills_to_ms: int | None = None
    orders: dict[str, OrderRecord] = field(default_factory=dict)
    fills: dict[TradeKey, FillRecord] = field(default_factory=dict)
    realised: dict[TradeKey, Decimal] = field(default_factory=dict)

    def forget_before(self, from_ms: int) -> None:
        """Let go of what lies before a window that moved on."""
        before_ns = from_ms * NS_PER_MS
        self.from_ms = max(self.from_ms, from_ms)
        self.fills = {key: fill for key, fill in self.fills.items() if fill.time_ns >= before_ns}
        self.realised = {key: profit for key, profit in self.realised.items() if key in self.fills}
        self.orders = {
            key: order
            for key, order in self.orders.items()
            if order.is_open or max(order.updated_ns, order.accepted_ns) >= before_ns
        }


@dataclass(slots=True)
class CcxtDraft:
    """Collect one reading. Everything is keyed by its name, so a record that comes twice counts once."""

    account_id: str
    started_ns: int
    orders: dict[OrderKey, OrderRecord] = field(default_factory=dict)
    fills: dict[TradeKey, FillRecord] = field(default_factory=dict)
    positions: dict[PositionKey, PositionRecord] = field(default_factory=dict)
    balances: list[BalanceRecord] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    kinds: dict[RecordKind, KindCoverage] = field(default_factory=dict)

    def add_order(self, order: OrderRecord) -> None:
        """Keep an order; of two readings of one the later, fuller, closed one stays."""
        key = (order.instrument_id, order.venue_order_id or "")
        held = self.orders.get(key)
        if held is None or _rank(order) >= _rank(held):
            self.orders[key] = order

    def add_fill(self, fill: FillRecord) -> None:
        """Keep a fill."""
        self.fills[(fill.instrument_id, fill.trade_id, fill.side)] = fill

    def asked(self, kind: RecordKind, window: Window, instruments: frozenset[str] | None = None) -> None:
        """Note what is asked for."""
        self.kinds[kind] = KindCoverage(asked=window, instruments=instruments)

    def got(self, kind: RecordKind, window: Window) -> None:
        """Note that the answers came."""
        self.kinds[kind] = replace(self.kinds[kind], got=window)

    def failed(self, kind: RecordKind, query: str, reason: str, instrument_id: str | None = None) -> None:
        """Note that an answer did not come, or could not be read."""
        held = self.kinds.get(kind, KindCoverage())
        if len(held.failures) < FAILURES_MAX:
            self.kinds[kind] = replace(held, failures=(*held.failures, FailedQuery(query, reason, instrument_id)))

    def answered(self, kinds: tuple[RecordKind, ...], names: tuple[str, ...]) -> None:
        """Note that the venue answered a question about one order."""
        for kind in kinds:
            held = self.kinds.get(kind, KindCoverage())
            self.kinds[kind] = replace(held, orders=held.orders | set(names))

    def snapshot(self, ended_ns: int) -> VenueSnapshot:
        """Return the reading as values."""
        kinds = {kind.lower(): coverage for kind, coverage in self.kinds.items()}
        return VenueSnapshot(
            account_id=self.account_id,
            started_ns=self.started_ns,
            ended_ns=max(ended_ns, self.started_ns),
            orders=tuple(self.orders.values()),
            fills=tuple(self.fills.values()),
            positions=tuple(self.positions.values()),
            balances=tuple(self.balances),
            coverage=Coverage(**kinds),
            unknown_orders=frozenset(self.unknown),
        )


def _rank(order: OrderRecord) -> tuple[int, object, bool]:
    return (order.updated_ns, order.filled_quantity, order.is_closed)


def reason_of(error: BaseException) -> str:
    """Return why a question brought nothing, without what the venue was asked."""
    if isinstance(error, VenueError):
        return error.found
    return f"a record cannot be read ({type(error).__name__}: {error})"
