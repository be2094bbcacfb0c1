"""A TradingNode on an emulated venue, as a process: what it becomes, as one JSON line.

python -m tests.integration.venues.binance.node_main '{"hardened": true, "mode": "verified", ...}'
"""

from __future__ import annotations

import asyncio
import json
import sys
from decimal import Decimal
from typing import Any

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
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

import trueup
from trueup.emulator.server import Ready
from trueup.venues.binance.factories import HardenedBinanceDataClientFactory, HardenedBinanceExecClientFactory
from trueup.venues.binance.probe.bench import QUICK
from trueup.venues.binance.probe.rig import exec_config

RUN_SECS = 3.0


class Trader(Strategy):
    """Buy once, if told to."""

    def __init__(self, plan: dict[str, Any]) -> None:
        claims = [InstrumentId.from_str(f"{symbol}-PERP.BINANCE") for symbol in plan["symbols"]]
        super().__init__(
            StrategyConfig(strategy_id="E2E", order_id_tag="001", oms_type="NETTING", external_order_claims=claims)
        )
        self.plan = plan

    def on_start(self) -> None:
        """Submit what the plan says."""
        for symbol, quantity, price in self.plan.get("orders", []):
            instrument = self.cache.instrument(InstrumentId.from_str(f"{symbol}-PERP.BINANCE"))
            size = instrument.make_qty(Decimal(quantity))
            if price is None:
                self.submit_order(self.order_factory.market(instrument.id, OrderSide.BUY, size))
            else:
                limit = instrument.make_price(Decimal(price))
                self.submit_order(self.order_factory.limit(instrument.id, OrderSide.BUY, size, limit))


def build(plan: dict[str, Any]) -> tuple[TradingNode, Any]:
    """Build the node and attach trueup if the plan wants it."""
    ready = Ready(**plan["ready"])
    symbols = tuple(plan["symbols"])
    hardened = plan["hardened"]
    provider = BinanceInstrumentProviderConfig(
        load_ids=frozenset(InstrumentId.from_str(f"{symbol}-PERP.BINANCE") for symbol in symbols)
    )
    data = BinanceDataClientConfig(
        api_key=ready.api_key,
        api_secret=ready.secret,
        account_type=BinanceAccountType.USDT_FUTURES,
        base_url_http=ready.rest,
        base_url_ws=ready.stream,
        instrument_provider=provider,
    )
    config = TradingNodeConfig(
        trader_id="E2E-001",
        logging=LoggingConfig(log_level=plan.get("log_level", "ERROR")),
        cache=CacheConfig(database=DatabaseConfig(type="redis", host="127.0.0.1", port=plan["redis_port"]))
        if plan.get("redis_port")
        else None,
        exec_engine=LiveExecEngineConfig(
            reconciliation=True, inflight_check_interval_ms=0, reconciliation_startup_delay_secs=0.1
        ),
        data_clients={"BINANCE": data},
        exec_clients={"BINANCE": exec_config(ready, hardened=hardened, settings=QUICK, symbols=symbols)},
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
        handle = trueup.attach(node, {"mode": "verified", "open_check_interval_secs": 0.5, "second_look_secs": 0.2})
        if hardened:
            client = next(iter(node.kernel.exec_engine._clients.values()))

            async def repair(gap: Any) -> None:
                del gap
                await handle.true_up()

            client.on_gap(repair)
    return node, handle


async def live(plan: dict[str, Any]) -> dict[str, Any]:
    """Run the node for a while and return what it became."""
    node, handle = build(plan)
    task = asyncio.ensure_future(node.run_async())
    try:
        await asyncio.wait({task}, timeout=plan.get("run_secs", RUN_SECS))
        cache = node.kernel.cache
        result = {
            "trading": node.trader.is_running,
            "verdict": None if handle is None or handle.last_verdict is None else handle.last_verdict.value,
            "net": {
                symbol: str(
                    sum(
                        (
                            position.signed_decimal_qty()
                            for position in cache.positions_open(
                                instrument_id=InstrumentId.from_str(f"{symbol}-PERP.BINANCE")
                            )
                        ),
                        Decimal(0),
                    )
                )
                for symbol in plan["symbols"]
            },
            "open": sorted(order.venue_order_id.value for order in cache.orders_open() if order.venue_order_id),
            "statuses": {order.client_order_id.value: order.status_string() for order in cache.orders()},
            "fills": sorted(
                event.trade_id.value
                for order in cache.orders()
                for event in order.events
                if type(event).__name__ == "OrderFilled"
            ),
            "commission": str(
                sum(
                    (
                        event.commission.as_decimal()
                        for order in cache.orders()
                        for event in order.events
                        if type(event).__name__ == "OrderFilled"
                    ),
                    Decimal(0),
                )
            ),
        }
    finally:
        await asyncio.wait_for(node.stop_async(), 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return result


def main() -> None:
    """Run and print."""
    plan = json.loads(sys.argv[1])
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    result = loop.run_until_complete(live(plan))
    print("RESULT " + json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
