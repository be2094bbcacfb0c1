"""A TradingNode with a Binance client on the emulator, as a process: what it becomes, as JSON lines.

python -m trueup.drills.engine.binance_node '{"hardened": true, "mode": "verified", ...}' FILE_DESCRIPTOR

It says TRADING once its trader runs, or STOPPED when it never will, answers each line `look` with what the node holds
(RESULT and JSON), submits an order for each line `submit` and JSON (and answers with a look), and ends after a line
`stop`, or when its input ends. `trueup.drills.binance.node` is the other side.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

import msgspec
from nautilus_trader.adapters.binance import factories as adapter
from nautilus_trader.adapters.binance.common.enums import BinanceAccountType
from nautilus_trader.adapters.binance.config import BinanceDataClientConfig, BinanceInstrumentProviderConfig
from nautilus_trader.config import (
    CacheConfig,
    DatabaseConfig,
    LiveExecEngineConfig,
    LoggingConfig,
    StrategyConfig,
    TradingNodeConfig,
)
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId
from nautilus_trader.trading.strategy import Strategy

import trueup
from trueup.drills.engine.dump import books_of
from trueup.drills.records import OWN_STRATEGY
from trueup.emulator.server import Ready
from trueup.venues.binance.factories import HardenedBinanceDataClientFactory, HardenedBinanceExecClientFactory
from trueup.venues.binance.probe.bench import QUICK
from trueup.venues.binance.probe.rig import exec_config

POLL_SECS = 0.01
PATIENT = replace(
    QUICK,
    request_timeout_secs=4.0,
    stream=replace(QUICK.stream, silence_secs=3.0, connect_timeout_secs=5.0),
)
"""As `QUICK`, but patient with processes that share few cores: a late answer is not the fault that is looked at."""
NIGHT = replace(PATIENT, clock_interval_secs=0.5, stream=replace(PATIENT.stream, renew_secs=0.5, renew_retry_secs=0.5))
"""For a venue whose clock jumps by minutes several times a second: renewed and measured as often."""
VERIFIED = {"mode": "verified", "history": "full", "open_check_interval_secs": 5.0}
"""The defaults, but for the history. Looks twice a second would use up the venue's minute, and then wait for it."""


def instrument_id(symbol: str) -> InstrumentId:
    """Return the engine's name of a symbol."""
    return InstrumentId.from_str(f"{symbol}-PERP.BINANCE")


def symbol_of(instrument: InstrumentId) -> str:
    """Return the venue's name of an instrument."""
    return str(instrument.symbol.value).removesuffix("-PERP")


class Trader(Strategy):
    """Submit what the plan says, once, and later what it is told."""

    def __init__(self, plan: dict[str, Any]) -> None:
        claims = [instrument_id(symbol) for symbol in plan["symbols"]]
        name, _, tag = OWN_STRATEGY.partition("-")
        super().__init__(
            StrategyConfig(strategy_id=name, order_id_tag=tag, oms_type="NETTING", external_order_claims=claims)
        )
        self.plan = plan

    def on_start(self) -> None:
        """Submit the orders: symbol, side, quantity, and a price unless it is a market order."""
        for wanted in self.plan.get("orders", []):
            self.submit(*wanted)

    def submit(self, symbol: str, side: str, quantity: str, price: str | None, name: str | None = None) -> None:
        """Submit one order, under the engine's own name for it if none is given."""
        instrument = self.cache.instrument(instrument_id(symbol))
        size = instrument.make_qty(Decimal(quantity))
        named = None if name is None else ClientOrderId(name)
        if price is None:
            order = self.order_factory.market(instrument.id, OrderSide[side], size, client_order_id=named)
        else:
            limit = instrument.make_price(Decimal(price))
            order = self.order_factory.limit(instrument.id, OrderSide[side], size, limit, client_order_id=named)
        self.submit_order(order)


def build(plan: dict[str, Any]) -> tuple[TradingNode, Any]:
    """Build the node and attach trueup if the plan wants it."""
    ready = Ready(**plan["ready"])
    symbols = tuple(plan["symbols"])
    hardened = plan["hardened"]
    provider = BinanceInstrumentProviderConfig(load_ids=frozenset(map(instrument_id, symbols)))
    data = BinanceDataClientConfig(
        api_key=ready.api_key,
        api_secret=ready.secret,
        account_type=BinanceAccountType.USDT_FUTURES,
        base_url_http=ready.rest,
        base_url_ws=ready.stream,
        instrument_provider=provider,
    )
    settings = NIGHT if plan.get("night") else PATIENT
    store = None
    if plan.get("redis_port"):
        store = CacheConfig(database=DatabaseConfig(type="redis", host="127.0.0.1", port=plan["redis_port"]))
    config = TradingNodeConfig(
        trader_id="DRILL-001",
        logging=LoggingConfig(log_level=plan.get("log_level", "ERROR"), log_colors=False, print_config=False),
        cache=store,
        # The engine's own defaults, but for the wait after the start, which lets nothing happen here.
        exec_engine=LiveExecEngineConfig(reconciliation=True, reconciliation_startup_delay_secs=0.1),
        data_clients={"BINANCE": data},
        exec_clients={"BINANCE": exec_config(ready, hardened=hardened, settings=settings, symbols=symbols)},
        timeout_connection=15.0,
        timeout_reconciliation=plan.get("timeout_reconciliation", 15.0),
        timeout_disconnection=3.0,
        timeout_post_stop=0.2,
    )
    node = TradingNode(config)
    node.trader.add_strategy(Trader(plan))
    node.add_data_client_factory(
        "BINANCE", HardenedBinanceDataClientFactory if hardened else adapter.BinanceLiveDataClientFactory
    )
    node.add_exec_client_factory(
        "BINANCE", HardenedBinanceExecClientFactory if hardened else adapter.BinanceLiveExecClientFactory
    )
    node.build()
    handle = None
    if plan["mode"] == "verified":
        state = {"state_dir": plan["state_dir"]} if plan.get("state_dir") else {}
        handle = trueup.attach(node, {**VERIFIED, **state, **plan.get("settings", {})})
    return node, handle


class Watched:
    """One node, and what it did so far."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.node, self.handle = build(plan)
        self.applied: list[str] = []
        self.said: list[dict[str, Any]] = []
        self.node.kernel.msgbus.subscribe("events.order.*", self._on_event)
        if self.handle is not None:
            self.handle.listen(lambda event: self.said.append(event.as_dict()))

    def _on_event(self, event: Any) -> None:
        if type(event).__name__ == "OrderFilled":
            self.applied.append(event.trade_id.value)

    def look(self) -> dict[str, Any]:
        """Return what the node holds now."""
        cache, handle = self.node.kernel.cache, self.handle
        fills = [event for order in cache.orders() for event in order.events if type(event).__name__ == "OrderFilled"]
        return {
            "trading": self.node.trader.is_running,
            "verdict": None if handle is None or handle.last_verdict is None else handle.last_verdict.value,
            "lines": [] if handle is None else list(handle.lines),
            "said": self.said,
            "net": {symbol: str(self._net(symbol)) for symbol in self.plan["symbols"]},
            "open": sorted(order.venue_order_id.value for order in cache.orders_open() if order.venue_order_id),
            "state": books_of(self.node, symbol_of),
            "statuses": {order.client_order_id.value: order.status_string() for order in cache.orders()},
            "fills": sorted(event.trade_id.value for event in fills),
            "applied": self.applied,
            "realised": str(self._realised()),
            "calls": self._calls() if self.plan.get("calls") else [],
        }

    def _calls(self) -> list[dict[str, Any]]:
        """Return every request that the client accounted."""
        (client,) = self.node.kernel.exec_engine._clients.values()  # noqa: SLF001 - there is no public way to it
        return [asdict(call) for call in client.gate.account.calls]

    def _net(self, symbol: str) -> Decimal:
        positions = self.node.kernel.cache.positions_open(instrument_id=instrument_id(symbol))
        return sum((position.signed_decimal_qty() for position in positions), Decimal(0))

    def _realised(self) -> Decimal:
        results = (self.node.kernel.portfolio.realized_pnl(instrument_id(symbol)) for symbol in self.plan["symbols"])
        return sum((result.as_decimal() for result in results if result is not None), Decimal(0))

    async def live(self, commands: asyncio.StreamReader) -> None:
        """Run the node until it is told to stop."""
        run = asyncio.ensure_future(self.node.run_async())
        started = asyncio.ensure_future(self._say_when_trading(run))
        try:
            while (line := (await commands.readline()).decode().strip()) not in ("", "stop"):
                word, _, rest = line.partition(" ")
                assert word in ("look", "submit"), line
                if word == "submit":
                    (strategy,) = self.node.trader.strategies()
                    strategy.submit(*msgspec.json.decode(rest))
                say("RESULT", self.look())
        finally:
            started.cancel()
            await asyncio.wait_for(self.node.stop_async(), 10)
            await asyncio.sleep(0.1)
            say("ENDED", self.look())
            run.cancel()
            await asyncio.gather(run, started, return_exceptions=True)

    async def _say_when_trading(self, run: asyncio.Future[None]) -> None:
        while not self.node.trader.is_running:
            if run.done() or (self.handle is not None and self.handle.failure):
                say("STOPPED", {})
                return
            await asyncio.sleep(POLL_SECS)
        say("TRADING", {})


def say(word: str, data: dict[str, Any]) -> None:
    """Write one line for the parent, on the pipe that it gave: logs have the standard streams."""
    with open(int(sys.argv[2]), "w", encoding="utf-8", closefd=False) as answers:
        answers.write(f"{word} {msgspec.json.encode(data).decode()}\n")


async def read_stdin() -> asyncio.StreamReader:
    """Return the process's input as a stream."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def main() -> None:
    """Run one node."""
    await Watched(msgspec.json.decode(sys.argv[1])).live(await read_stdin())


if __name__ == "__main__":
    asyncio.set_event_loop(loop := asyncio.new_event_loop())
    loop.run_until_complete(main())
