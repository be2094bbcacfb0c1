"""A rig: one Binance execution client, the adapter's or ours, with the real engine around it and an emulator as venue.

Not a node: no strategies, no data, no risk engine. What is looked at is the client and what the engine makes of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from nautilus_trader.adapters.binance import factories as adapter
from nautilus_trader.adapters.binance.common.enums import BinanceAccountType
from nautilus_trader.adapters.binance.config import BinanceExecClientConfig, BinanceInstrumentProviderConfig
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock, MessageBus
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import (
    BatchCancelOrders,
    CancelAllOrders,
    CancelOrder,
    ModifyOrder,
    SubmitOrder,
)
from nautilus_trader.live.config import LiveExecEngineConfig
from nautilus_trader.live.execution_engine import LiveExecutionEngine
from nautilus_trader.model.enums import OrderSide, TriggerType
from nautilus_trader.model.identifiers import InstrumentId, PositionId, StrategyId, TraderId
from nautilus_trader.model.orders import Order
from nautilus_trader.portfolio.portfolio import Portfolio

from trueup.emulator.server import Ready
from trueup.venues.binance.factories import (
    HardenedBinanceExecClientConfig,
    HardenedBinanceExecClientFactory,
)
from trueup.venues.binance.settings import HardeningSettings

TRADER: Final = TraderId("TRUEUP-001")
STRATEGY: Final = StrategyId("PROBE-001")
WAIT_SECS_MAX: Final = 10.0
POLL_SECS: Final = 0.01


@dataclass(slots=True)
class Store:
    """What outlives a restart: the node's orders and positions, and the order ids given out."""

    orders: list[Order] = field(default_factory=list)
    positions: list[Any] = field(default_factory=list)
    orders_made: int = 0


def exec_config(ready: Ready, *, hardened: bool, settings: HardeningSettings | None, symbols: tuple[str, ...]) -> Any:
    """Return the configuration of an execution client that trades on an emulator."""
    kind = HardenedBinanceExecClientConfig if hardened else BinanceExecClientConfig
    known = set(BinanceExecClientConfig.__struct_fields__)
    stream = {"base_url_ws_stream": ready.stream} if "base_url_ws_stream" in known else {"base_url_ws": ready.stream}
    extra = {"hardening": settings or HardeningSettings()} if hardened else {}
    return kind(
        api_key=ready.api_key,
        api_secret=ready.secret,
        account_type=BinanceAccountType.USDT_FUTURES,
        base_url_http=ready.rest,
        use_reduce_only=True,
        use_position_ids=False,
        instrument_provider=BinanceInstrumentProviderConfig(
            load_ids=frozenset(InstrumentId.from_str(f"{symbol}-PERP.BINANCE") for symbol in symbols)
        ),
        max_retries=3,
        recv_window_ms=1_500,
        retry_delay_initial_ms=50,
        retry_delay_max_ms=200,
        **stream,
        **extra,
    )


class Rig:
    """One client and its engine.

    Parameters
    ----------
    ready : Ready
        The emulator's addresses and account.
    hardened : bool
        Ours, or the adapter's.
    symbols : tuple of str
        Instruments that the node loads.
    settings : HardeningSettings, optional
        Bounds of ours.
    store : Store, optional
        What an earlier life left, for a warm start.
    config : BinanceExecClientConfig, optional
        Instead of one for a futures account of the emulator.
    suffix : str
        What the engine's names of instruments add to the venue's symbols.
    """

    def __init__(
        self,
        ready: Ready,
        *,
        hardened: bool,
        symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT"),
        settings: HardeningSettings | None = None,
        store: Store | None = None,
        config: Any = None,
        suffix: str = "-PERP",
    ) -> None:
        self.ready = ready
        self.hardened = hardened
        self.suffix = suffix
        self.store = store or Store()
        self.clock = LiveClock()
        self.bus = MessageBus(trader_id=TRADER, clock=self.clock)
        self.cache = Cache()
        self.portfolio = Portfolio(msgbus=self.bus, cache=self.cache, clock=self.clock)
        loop = asyncio.get_running_loop()
        self.engine = LiveExecutionEngine(
            loop=loop,
            msgbus=self.bus,
            cache=self.cache,
            clock=self.clock,
            config=LiveExecEngineConfig(inflight_check_interval_ms=0),
        )
        factory = HardenedBinanceExecClientFactory if hardened else adapter.BinanceLiveExecClientFactory
        # The adapter keeps HTTP client and instruments of the last node in this process; a rig is a node of its own.
        adapter.get_cached_binance_http_client.cache_clear()
        adapter.get_cached_binance_futures_instrument_provider.cache_clear()
        adapter.get_cached_binance_spot_instrument_provider.cache_clear()
        config = config or exec_config(ready, hardened=hardened, settings=settings, symbols=symbols)
        self.client: Any = factory.create(loop, "BINANCE", config, self.bus, self.cache, self.clock)
        self.engine.register_client(self.client)
        self.orders = OrderFactory(trader_id=TRADER, strategy_id=STRATEGY, clock=self.clock)
        self.orders.set_client_order_id_count(self.store.orders_made)
        self.events: list[Any] = []
        self.bus.subscribe(topic="events.order.*", handler=self.events.append)

    # -- life ---------------------------------------------------------------------------------------------------------

    async def start(self, *, reconcile: bool = True, timeout_secs: float = 30.0) -> bool:
        """Connect, bring in what an earlier life left, reconcile as the engine does, and return whether it did."""
        self.engine.start()
        self.client.connect()
        await self.until(lambda: self.client.is_connected, timeout_secs)
        for instrument in self.client._instrument_provider.list_all():  # noqa: SLF001  # the data client's part in a node
            self.cache.add_instrument(instrument)
        for order in self.store.orders:
            self.cache.add_order(order, None, None)
            self.cache.update_order(order)
            if order.venue_order_id is not None:
                self.cache.add_venue_order_id(order.client_order_id, order.venue_order_id)
        for position in self.store.positions:
            self.cache.add_position(position, self.client_oms())
        if not reconcile:
            return True
        return bool(
            await asyncio.wait_for(self.engine.reconcile_execution_state(timeout_secs=timeout_secs), timeout_secs)
        )

    async def stop(self) -> Store:
        """Stop the client, and return what a store would hold."""
        self.client.stop()
        self.client.disconnect()
        with contextlib.suppress(TimeoutError):
            await self.until(lambda: not self.client.is_connected, 15.0)
        self.engine.stop()
        await asyncio.sleep(0)
        self.store = Store(
            list(self.cache.orders()), list(self.cache.positions()), self.store.orders_made + len(self.cache.orders())
        )
        return self.store

    def client_oms(self) -> Any:
        """Return the order management of the client."""
        return self.client.oms_type

    # -- commands -----------------------------------------------------------------------------------------------------

    def market(self, symbol: str, side: str, quantity: str) -> Order:
        """Submit a market order."""
        order = self.orders.market(self.instrument_id(symbol), OrderSide[side], self.quantity(symbol, quantity))
        return self.submit(order)

    def limit(self, symbol: str, side: str, quantity: str, price: str) -> Order:
        """Submit a limit order."""
        instrument = self.cache.instrument(self.instrument_id(symbol))
        order = self.orders.limit(
            instrument.id, OrderSide[side], self.quantity(symbol, quantity), instrument.make_price(Decimal(price))
        )
        return self.submit(order)

    def stop_market(self, symbol: str, side: str, quantity: str, trigger: str) -> Order:
        """Submit a conditional order."""
        instrument = self.cache.instrument(self.instrument_id(symbol))
        order = self.orders.stop_market(
            instrument.id,
            OrderSide[side],
            self.quantity(symbol, quantity),
            instrument.make_price(Decimal(trigger)),
            trigger_type=TriggerType.LAST_PRICE,
        )
        return self.submit(order)

    def cancel(self, order: Order) -> None:
        """Cancel an order."""
        self.engine.execute(
            CancelOrder(
                trader_id=TRADER,
                strategy_id=STRATEGY,
                instrument_id=order.instrument_id,
                client_order_id=order.client_order_id,
                venue_order_id=order.venue_order_id,
                command_id=UUID4(),
                ts_init=self.clock.timestamp_ns(),
            )
        )

    def cancel_batch(self, orders: list[Order]) -> None:
        """Cancel several orders at once."""
        cancels = [
            CancelOrder(
                TRADER,
                STRATEGY,
                order.instrument_id,
                order.client_order_id,
                order.venue_order_id,
                UUID4(),
                self.clock.timestamp_ns(),
            )
            for order in orders
        ]
        self.engine.execute(
            BatchCancelOrders(TRADER, STRATEGY, orders[0].instrument_id, cancels, UUID4(), self.clock.timestamp_ns())
        )

    def cancel_all(self, symbol: str) -> None:
        """Cancel all orders of a symbol."""
        self.engine.execute(
            CancelAllOrders(
                TRADER,
                STRATEGY,
                self.instrument_id(symbol),
                OrderSide.NO_ORDER_SIDE,
                UUID4(),
                self.clock.timestamp_ns(),
            )
        )

    def amend(self, order: Order, *, quantity: str | None = None, price: str | None = None) -> None:
        """Amend a limit order."""
        instrument = self.cache.instrument(order.instrument_id)
        self.engine.execute(
            ModifyOrder(
                TRADER,
                STRATEGY,
                order.instrument_id,
                order.client_order_id,
                order.venue_order_id,
                None if quantity is None else instrument.make_qty(Decimal(quantity)),
                None if price is None else instrument.make_price(Decimal(price)),
                None,
                UUID4(),
                self.clock.timestamp_ns(),
            )
        )

    # -- looking ------------------------------------------------------------------------------------------------------

    def instrument_id(self, symbol: str) -> InstrumentId:
        """Return the engine's name of a symbol."""
        return InstrumentId.from_str(f"{symbol}{self.suffix}.BINANCE")

    def quantity(self, symbol: str, quantity: str) -> Any:
        """Return a quantity of a symbol."""
        return self.cache.instrument(self.instrument_id(symbol)).make_qty(Decimal(quantity))

    def net(self, symbol: str) -> Decimal:
        """Return the node's net position in a symbol."""
        positions = self.cache.positions_open(instrument_id=self.instrument_id(symbol))
        return sum((position.signed_decimal_qty() for position in positions), Decimal(0))

    def fills(self, symbol: str) -> list[Any]:
        """Return the fills that the node holds of a symbol, in the order in which it applied them."""
        return [
            event
            for order in self.cache.orders(instrument_id=self.instrument_id(symbol))
            for event in order.events
            if type(event).__name__ == "OrderFilled"
        ]

    async def until(self, holds: Callable[[], Any], timeout_secs: float = WAIT_SECS_MAX) -> None:
        """Wait until something holds.

        Raises
        ------
        TimeoutError
            It did not within `timeout_secs`.
        """
        deadline = time.monotonic() + timeout_secs
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"it did not come true within {timeout_secs:g} s")
            await asyncio.sleep(POLL_SECS)

    # -- details ------------------------------------------------------------------------------------------------------

    def submit(self, order: Order, position_id: PositionId | None = None) -> Order:
        """Submit an order."""
        self.cache.add_order(order, position_id, None)
        self.engine.execute(
            SubmitOrder(
                trader_id=TRADER,
                strategy_id=STRATEGY,
                order=order,
                position_id=position_id,
                command_id=UUID4(),
                ts_init=self.clock.timestamp_ns(),
            )
        )
        return order


@contextlib.asynccontextmanager
async def rig(ready: Ready, **options: Any) -> AsyncIterator[Rig]:
    """Make a rig and stop it afterwards."""
    made = Rig(ready, **options)
    try:
        yield made
    finally:
        await made.stop()
