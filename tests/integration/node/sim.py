"""A small venue inside the test process, behind an ordinary execution client, with its truth as plain rows."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from nautilus_trader.common.providers import InstrumentProvider
from nautilus_trader.config import (
    InstrumentProviderConfig,
    LiveExecClientConfig,
    LiveExecEngineConfig,
    LoggingConfig,
    TradingNodeConfig,
)
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import FillReport, OrderStatusReport, PositionStatusReport
from nautilus_trader.live.execution_client import LiveExecutionClient
from nautilus_trader.live.factories import LiveExecClientFactory
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.enums import (
    AccountType,
    LiquiditySide,
    OmsType,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    TimeInForce,
)
from nautilus_trader.model.identifiers import (
    AccountId,
    ClientId,
    ClientOrderId,
    InstrumentId,
    PositionId,
    TradeId,
    Venue,
    VenueOrderId,
)
from nautilus_trader.model.objects import AccountBalance, Money, Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider

VENUE = Venue("BINANCE")
BTC = TestInstrumentProvider.btcusdt_perp_binance()
ETH = TestInstrumentProvider.ethusdt_perp_binance()
INSTRUMENTS = {str(instrument.id): instrument for instrument in (BTC, ETH)}
SECOND_NS = 1_000_000_000


@dataclass
class SimOrder:
    venue_order_id: str
    instrument_id: str
    side: str
    quantity: str
    price: str
    status: str = "ACCEPTED"
    client_order_id: str | None = None
    time_ns: int = 0
    order_type: str = "LIMIT"


@dataclass
class SimFill:
    trade_id: str
    venue_order_id: str
    quantity: str
    price: str
    time_ns: int
    commission: str = "0.10"


@dataclass
class Truth:
    """What is true at the venue, and how it misbehaves."""

    orders: dict[str, SimOrder] = field(default_factory=dict)
    fills: list[SimFill] = field(default_factory=list)
    fails: set[str] = field(default_factory=set)
    hangs: set[str] = field(default_factory=set)
    calls: Counter[str] = field(default_factory=Counter)
    hides_positions: bool = False
    newest_first: bool = False
    submits_lost: bool = False
    acks_lost: bool = False
    position_prices: bool = True

    def order(self, venue_order_id: str, side: str, quantity: str, price: str, **more: Any) -> SimOrder:
        order = SimOrder(venue_order_id, str(BTC.id), side, quantity, price, **more)
        self.orders[venue_order_id] = order
        return order

    def fill(self, trade_id: str, venue_order_id: str, quantity: str, price: str, time_ns: int) -> SimFill:
        fill = SimFill(trade_id, venue_order_id, quantity, price, time_ns)
        self.fills.append(fill)
        return fill

    def filled(self, venue_order_id: str) -> Decimal:
        return sum((Decimal(f.quantity) for f in self.fills if f.venue_order_id == venue_order_id), Decimal(0))

    def position(self, instrument_id: str) -> tuple[Decimal, Decimal]:
        """Return signed quantity and average open price, by the textbook's rule."""
        quantity, average = Decimal(0), Decimal(0)
        for fill in sorted(self.fills, key=lambda row: (row.time_ns, row.trade_id)):
            order = self.orders[fill.venue_order_id]
            if order.instrument_id != instrument_id:
                continue
            signed = Decimal(fill.quantity) * (1 if order.side == "BUY" else -1)
            after = quantity + signed
            if quantity * signed >= 0:
                average = (average * abs(quantity) + Decimal(fill.price) * abs(signed)) / abs(after)
            elif quantity * after < 0:
                average = Decimal(fill.price)
            quantity = after
        return quantity, average


TRUTH = Truth()
TRUTHS: dict[str, Truth] = {}
"""By the name of a client, which is its venue's, too: of nodes that have several."""


class SimExecutionClient(LiveExecutionClient):
    """Answer from its truth (`TRUTHS` by its name, else `TRUTH`) as a well-behaved adapter would."""

    def __init__(self, loop: Any, name: str, msgbus: Any, cache: Any, clock: Any) -> None:
        super().__init__(
            loop=loop,
            client_id=ClientId(name),
            venue=Venue(name) if name in TRUTHS else VENUE,
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            base_currency=None,
            instrument_provider=InstrumentProvider(InstrumentProviderConfig()),
            msgbus=msgbus,
            cache=cache,
            clock=clock,
        )
        self.truth = TRUTHS.get(name, TRUTH)
        self._set_account_id(AccountId(f"{name}-001"))

    async def _ask(self, name: str) -> None:
        self.truth.calls[name] += 1
        await asyncio.sleep(0)
        if name in self.truth.hangs:
            await asyncio.Event().wait()
        if name in self.truth.fails:
            raise ConnectionError(f"503 on {name}")

    async def _connect(self) -> None:
        for instrument in INSTRUMENTS.values():
            self._cache.add_instrument(instrument)
        balance = AccountBalance(Money(100_000, USDT), Money(0, USDT), Money(100_000, USDT))
        self.generate_account_state([balance], [], True, self._clock.timestamp_ns())
        await self._await_account_registered()

    async def _disconnect(self) -> None:
        pass

    def _order_report(self, row: SimOrder) -> OrderStatusReport:
        instrument = INSTRUMENTS[row.instrument_id]
        filled = self.truth.filled(row.venue_order_id)
        status = row.status
        if status == "ACCEPTED" and filled:
            status = "FILLED" if filled == Decimal(row.quantity) else "PARTIALLY_FILLED"
        fills = [f for f in self.truth.fills if f.venue_order_id == row.venue_order_id]
        notional = sum((Decimal(f.quantity) * Decimal(f.price) for f in fills), Decimal(0))
        is_limit = row.order_type == "LIMIT"
        return OrderStatusReport(
            account_id=self.account_id,
            instrument_id=instrument.id,
            venue_order_id=VenueOrderId(row.venue_order_id),
            client_order_id=ClientOrderId(row.client_order_id) if row.client_order_id else None,
            order_side=OrderSide[row.side],
            order_type=OrderType[row.order_type],
            time_in_force=TimeInForce.GTC if is_limit else TimeInForce.IOC,
            order_status=OrderStatus[status],
            quantity=Quantity(Decimal(row.quantity), instrument.size_precision),
            filled_qty=Quantity(filled, instrument.size_precision),
            price=Price(Decimal(row.price), instrument.price_precision) if is_limit else None,
            avg_px=notional / filled if filled else None,
            report_id=UUID4(),
            ts_accepted=row.time_ns,
            ts_last=max([row.time_ns, *(f.time_ns for f in fills)]),
            ts_init=self._clock.timestamp_ns(),
        )

    def _fill_report(self, row: SimFill) -> FillReport:
        order = self.truth.orders[row.venue_order_id]
        instrument = INSTRUMENTS[order.instrument_id]
        return FillReport(
            account_id=self.account_id,
            instrument_id=instrument.id,
            venue_order_id=VenueOrderId(row.venue_order_id),
            client_order_id=ClientOrderId(order.client_order_id) if order.client_order_id else None,
            trade_id=TradeId(row.trade_id),
            order_side=OrderSide[order.side],
            last_qty=Quantity(Decimal(row.quantity), instrument.size_precision),
            last_px=Price(Decimal(row.price), instrument.price_precision),
            commission=Money(Decimal(row.commission), USDT),
            liquidity_side=LiquiditySide.TAKER,
            report_id=UUID4(),
            ts_event=row.time_ns,
            ts_init=self._clock.timestamp_ns(),
        )

    def _is_open(self, row: SimOrder) -> bool:
        return row.status == "ACCEPTED" and self.truth.filled(row.venue_order_id) < Decimal(row.quantity)

    async def generate_order_status_report(self, command: Any) -> OrderStatusReport | None:
        await self._ask("order")
        for row in self.truth.orders.values():
            if command.venue_order_id is not None and row.venue_order_id == command.venue_order_id.value:
                return self._order_report(row)
            if command.client_order_id is not None and row.client_order_id == command.client_order_id.value:
                return self._order_report(row)
        return None

    async def generate_order_status_reports(self, command: Any) -> list[OrderStatusReport]:
        await self._ask("orders")
        start_ns = 0 if command.start is None else command.start.value
        rows = [r for r in self.truth.orders.values() if not command.open_only or self._is_open(r)]
        rows = [r for r in rows if self._is_open(r) or r.time_ns >= start_ns]
        if command.instrument_id is not None:
            rows = [r for r in rows if r.instrument_id == str(command.instrument_id)]
        return [self._order_report(r) for r in (rows[::-1] if self.truth.newest_first else rows)]

    async def generate_fill_reports(self, command: Any) -> list[FillReport]:
        await self._ask("fills")
        start_ns = 0 if command.start is None else command.start.value
        rows = [r for r in self.truth.fills if r.time_ns >= start_ns]
        if command.venue_order_id is not None:
            rows = [r for r in rows if r.venue_order_id == command.venue_order_id.value]
        if command.instrument_id is not None:
            wanted = str(command.instrument_id)
            rows = [r for r in rows if self.truth.orders[r.venue_order_id].instrument_id == wanted]
        return [self._fill_report(r) for r in (rows[::-1] if self.truth.newest_first else rows)]

    async def generate_position_status_reports(self, command: Any) -> list[PositionStatusReport]:
        await self._ask("positions")
        reports = []
        for name, instrument in INSTRUMENTS.items():
            quantity, average = self.truth.position(name)
            if not quantity or self.truth.hides_positions:
                continue
            reports.append(
                PositionStatusReport(
                    account_id=self.account_id,
                    instrument_id=instrument.id,
                    position_side=PositionSide.LONG if quantity > 0 else PositionSide.SHORT,
                    quantity=Quantity(abs(quantity), instrument.size_precision),
                    avg_px_open=average if self.truth.position_prices else None,
                    report_id=UUID4(),
                    ts_last=self._clock.timestamp_ns(),
                    ts_init=self._clock.timestamp_ns(),
                )
            )
        return reports

    async def _submit_order(self, command: Any) -> None:
        order = command.order
        self.generate_order_submitted(
            order.strategy_id, order.instrument_id, order.client_order_id, self._clock.timestamp_ns()
        )
        if self.truth.submits_lost:
            return
        number = f"V-{len(self.truth.orders) + 1}"
        self.truth.orders[number] = SimOrder(
            number,
            str(order.instrument_id),
            order.side_string(),
            str(order.quantity),
            str(order.price) if order.has_price else "0",
            client_order_id=order.client_order_id.value,
            time_ns=self._clock.timestamp_ns(),
            order_type=order.type_string(),
        )
        if not self.truth.acks_lost:
            self.generate_order_accepted(
                order.strategy_id,
                order.instrument_id,
                order.client_order_id,
                VenueOrderId(number),
                self._clock.timestamp_ns(),
            )

    async def _cancel_order(self, command: Any) -> None:
        await self._ask("cancel")
        for row in self.truth.orders.values():
            if row.client_order_id == command.client_order_id.value:
                row.status = "CANCELED"
                self.generate_order_canceled(
                    command.strategy_id,
                    command.instrument_id,
                    command.client_order_id,
                    VenueOrderId(row.venue_order_id),
                    self._clock.timestamp_ns(),
                )

    def push_fill(self, fill: SimFill) -> None:
        """Send a fill as the stream would."""
        row = self.truth.orders[fill.venue_order_id]
        assert row.client_order_id is not None
        order = self._cache.order(ClientOrderId(row.client_order_id))
        instrument = INSTRUMENTS[row.instrument_id]
        self.generate_order_filled(
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            venue_order_id=VenueOrderId(row.venue_order_id),
            venue_position_id=None,
            trade_id=TradeId(fill.trade_id),
            order_side=order.side,
            order_type=order.order_type,
            last_qty=Quantity(Decimal(fill.quantity), instrument.size_precision),
            last_px=Price(Decimal(fill.price), instrument.price_precision),
            quote_currency=USDT,
            commission=Money(Decimal(fill.commission), USDT),
            liquidity_side=LiquiditySide.TAKER,
            ts_event=fill.time_ns,
        )


class SimFactory(LiveExecClientFactory):
    @staticmethod
    def create(loop: Any, name: str, config: Any, msgbus: Any, cache: Any, clock: Any, **_: Any) -> SimExecutionClient:
        return SimExecutionClient(loop, name, msgbus, cache, clock)


def build_sim_node(cache: Any = None, strategies: Any = (), more: Any = None, **engine: Any) -> TradingNode:
    """Build a real node whose only venue is `TRUTH`; ``more`` goes to its configuration."""
    config = TradingNodeConfig(
        trader_id="TESTER-001",
        logging=LoggingConfig(log_level=os.environ.get("SIM_LOG_LEVEL", "ERROR"), use_pyo3=False),
        exec_engine=LiveExecEngineConfig(**engine),
        exec_clients={name: LiveExecClientConfig() for name in TRUTHS or ("BINANCE",)},
        cache=cache,
        timeout_connection=5.0,
        timeout_reconciliation=5.0,
        timeout_portfolio=2.0,
        timeout_disconnection=2.0,
        timeout_post_stop=0.1,
        timeout_shutdown=1.0,
        **(more or {}),
    )
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    node = TradingNode(config=config, loop=loop)
    for strategy in strategies:
        node.trader.add_strategy(strategy)
    for name in TRUTHS or ("BINANCE",):
        node.add_exec_client_factory(name, SimFactory)
    node.build()
    return node


def client_of(node: TradingNode) -> SimExecutionClient:
    (client,) = node.kernel.exec_engine._clients.values()
    return client


def instrument_id(name: str) -> InstrumentId:
    return InstrumentId.from_str(name)


def position_id(name: str) -> PositionId:
    return PositionId(name)
