"""The node of a simulated month: the engine's own execution engine, cache and portfolio, on a clock that is stepped.

No event loop, no timer, no adapter: events come from the venue's core by hand, and trueup's own code reads the cache
and applies its plans to it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import MessageBus, TestClock
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.config import LiveExecEngineConfig
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.engine import ExecutionEngine
from nautilus_trader.live.execution_engine import LiveExecutionEngine
from nautilus_trader.model.currencies import BTC, ETH, USDT
from nautilus_trader.model.enums import AccountType, LiquiditySide, OmsType, OrderSide
from nautilus_trader.model.events import (
    AccountState,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderSubmitted,
)
from nautilus_trader.model.identifiers import (
    AccountId,
    ClientId,
    ClientOrderId,
    InstrumentId,
    StrategyId,
    TradeId,
    TraderId,
    VenueOrderId,
)
from nautilus_trader.model.identifiers import Symbol as RawSymbol
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import AccountBalance, Money, Price, Quantity
from nautilus_trader.portfolio.portfolio import Portfolio

from trueup.drills.soak.month.venue import ACCOUNT_ID, LOOKBACK_MINS, NS_PER_MS, instrument_name
from trueup.emulator.engine.events import AccountEvent, OrderEvent, VenueEvent
from trueup.emulator.engine.symbols import SymbolRules
from trueup.model.plans import Plan
from trueup.model.snapshots import NodeSnapshot, VenueSnapshot
from trueup.node.ledger import RepairLedger
from trueup.node.v1.apply import Applier, OwnerChoice
from trueup.node.v1.repair import Repairs
from trueup.node.v1.snapshot import CacheReader
from trueup.venues.draft import VenueReading

TRADER_ID = "MONTH-001"
STRATEGY = StrategyId("Walker-001")
CLIENT = ClientId("BINANCE")
PURGE_BUFFER_SECS = LOOKBACK_MINS * 60
_BASES = {"BTCUSDT": BTC, "ETHUSDT": ETH}
_ENDS = {"CANCELED": OrderCanceled, "EXPIRED": OrderExpired, "EXPIRED_IN_MATCH": OrderExpired}


class MonthNode:
    """Hold one node's engine and cache.

    Parameters
    ----------
    directory : Path
        Where it notes its repairs.
    now_ns : int
        When it begins.
    """

    def __init__(self, directory: Path, now_ns: int) -> None:
        trader_id = TraderId(TRADER_ID)
        self.clock = TestClock()
        self.clock.set_time(now_ns)
        self._account_id = AccountId(ACCOUNT_ID)
        bus = MessageBus(trader_id=trader_id, clock=self.clock)
        self.cache = Cache()
        self._portfolio = Portfolio(msgbus=bus, cache=self.cache, clock=self.clock)
        self._loop = asyncio.new_event_loop()  # the engine asks for one; it never runs
        config = LiveExecEngineConfig()
        self._engine = LiveExecutionEngine(
            loop=self._loop, msgbus=bus, cache=self.cache, clock=self.clock, config=config
        )
        self._factory = OrderFactory(trader_id=trader_id, strategy_id=STRATEGY, clock=self.clock)
        self._reader = CacheReader(self.cache, self._account_id, lambda _: True)
        repairs = Repairs(
            self.cache,
            self._account_id,
            RepairLedger(directory),
            OmsType.NETTING,
            self.clock.timestamp_ns,
            lambda: None,
        )
        client = SimpleNamespace(id=CLIENT, account_id=self._account_id)
        owners = OwnerChoice(self._engine)
        self._applier = Applier(self._engine, self.cache, client, owners, repairs, self.clock.timestamp_ns)
        self.purges = 0
        self.applied: Counter[str] = Counter()

    def close(self) -> None:
        """Let go of the loop that never ran."""
        self._loop.close()

    def know(self, rules: SymbolRules) -> None:
        """Take an instrument in."""
        tick, step = f"{rules.tick.normalize():f}", f"{rules.step.normalize():f}"
        price, size = Price.from_str(tick), Quantity.from_str(step)
        self.cache.add_instrument(
            CryptoPerpetual(
                instrument_id=InstrumentId.from_str(instrument_name(rules.symbol)),
                raw_symbol=RawSymbol(rules.symbol),
                base_currency=_BASES[rules.symbol],
                quote_currency=USDT,
                settlement_currency=USDT,
                is_inverse=False,
                price_precision=price.precision,
                size_precision=size.precision,
                price_increment=price,
                size_increment=size,
                margin_init=Decimal("0.05"),
                margin_maint=Decimal("0.025"),
                maker_fee=Decimal("0.0002"),
                taker_fee=Decimal("0.0004"),
                ts_event=0,
                ts_init=0,
            )
        )

    def register(self, wallet: Decimal) -> None:
        """Take the account's state in."""
        total, nothing, now_ns = Money(wallet, USDT), Money(0, USDT), self.clock.timestamp_ns()
        self._portfolio.update_account(
            AccountState(
                account_id=self._account_id,
                account_type=AccountType.MARGIN,
                base_currency=None,
                reported=True,
                balances=[AccountBalance(total, nothing, total)],
                margins=[],
                info={},
                event_id=UUID4(),
                ts_event=now_ns,
                ts_init=now_ns,
            )
        )

    # -- events --------------------------------------------------------------------------------------------------------

    def submit(self, symbol: str, side: str, quantity: Decimal, price: Decimal | None) -> str:
        """Make an order and call it submitted; return its name."""
        instrument = self.cache.instrument(InstrumentId.from_str(instrument_name(symbol)))
        amount = instrument.make_qty(quantity)
        if price is None:
            order = self._factory.market(instrument.id, OrderSide[side], amount)
        else:
            order = self._factory.limit(instrument.id, OrderSide[side], amount, instrument.make_price(price))
        self.cache.add_order(order, None, CLIENT)
        now_ns = self.clock.timestamp_ns()
        self._process(
            OrderSubmitted(
                order.trader_id,
                STRATEGY,
                instrument.id,
                order.client_order_id,
                self._account_id,
                UUID4(),
                now_ns,
                now_ns,
            )
        )
        return str(order.client_order_id.value)

    def hear(self, event: VenueEvent) -> None:
        """Take in what the stream brought."""
        if isinstance(event, AccountEvent):
            for balance in event.balances:
                if balance.asset == "USDT":
                    self.register(balance.wallet)
        elif isinstance(event, OrderEvent):
            self._hear_order(event)

    def _hear_order(self, event: OrderEvent) -> None:
        order = self.cache.order(ClientOrderId(event.order.client_order_id))
        if order is None:
            return  # purged, or another's
        number, time_ns = VenueOrderId(str(event.order.order_id)), event.time_ms * NS_PER_MS
        names = (order.trader_id, STRATEGY, order.instrument_id, order.client_order_id, number, self._account_id)
        when = (UUID4(), time_ns, self.clock.timestamp_ns())
        kind = event.execution_type.value
        if event.trade is not None:
            instrument, trade = self.cache.instrument(order.instrument_id), event.trade
            self._process(
                OrderFilled(
                    *names,
                    TradeId(str(trade.trade_id)),
                    None,
                    order.side,
                    order.order_type,
                    instrument.make_qty(trade.quantity),
                    instrument.make_price(trade.price),
                    USDT,
                    Money(trade.commission, USDT),
                    LiquiditySide.MAKER if trade.maker else LiquiditySide.TAKER,
                    *when,
                )
            )
        elif kind == "NEW":
            self._process(OrderAccepted(*names, *when))
        elif event.order.status.value in _ENDS:
            self._process(_ENDS[event.order.status.value](*names, *when))

    def _process(self, event: object) -> None:
        ExecutionEngine.process(self._engine, event)  # the live engine's own would queue it for its event loop

    # -- what trueup does ----------------------------------------------------------------------------------------------

    def purge(self) -> None:
        """Purge what is old, as the engine's timers do."""
        now_ns = self.clock.timestamp_ns()
        self.cache.purge_closed_orders(ts_now=now_ns, buffer_secs=PURGE_BUFFER_SECS)
        self.cache.purge_closed_positions(ts_now=now_ns, buffer_secs=PURGE_BUFFER_SECS)
        self.cache.purge_account_events(ts_now=now_ns, lookback_secs=PURGE_BUFFER_SECS)
        self.purges += 1

    def read(self, began_ns: int) -> NodeSnapshot:
        """Return what the node holds; it answers for what is no older than its purge."""
        now_ns = self.clock.timestamp_ns()
        return self._reader.read_all_now(now_ns, max(began_ns, now_ns - PURGE_BUFFER_SECS * 1_000_000_000))

    def apply(self, made: Plan, look: VenueSnapshot) -> None:
        """Apply a plan, made from a look at the venue, through the engine."""
        applied = self._applier.begin(VenueReading(look, order_reports={}, fill_reports={}, out_of_scope=frozenset()))
        for step in made.steps:
            self._applier.apply(step)
        self._applier.end()
        self.applied.update(applied.done)

    def sizes(self) -> dict[str, float]:
        """Return how much the engine holds."""
        account = self.cache.account(self._account_id)
        return {
            "engine_orders": float(len(self.cache.client_order_ids())),
            "engine_positions": float(len(self.cache.positions())),
            "engine_account_events": float(len(account.events) if account is not None else 0),
            "engine_position_fills": float(sum(len(position.events) for position in self.cache.positions())),
        }
