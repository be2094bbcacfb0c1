"""One start of one node on an emulated Binance: from the call that runs it to its trader running."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass
from typing import Any, Final

from nautilus_trader.adapters.binance import factories as adapter
from nautilus_trader.adapters.binance.common.enums import BinanceAccountType
from nautilus_trader.adapters.binance.config import BinanceDataClientConfig, BinanceInstrumentProviderConfig
from nautilus_trader.config import LiveExecEngineConfig, LoggingConfig, TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.identifiers import InstrumentId

import trueup
from benchmarks.node.meters import Spent, until
from trueup.emulator.server import Ready
from trueup.venues.binance.factories import HardenedBinanceDataClientFactory, HardenedBinanceExecClientFactory
from trueup.venues.binance.probe.rig import exec_config

POLL_SECS: Final = 0.002
STOP_SECS_MAX: Final = 20.0


@dataclass(frozen=True, slots=True)
class Task:
    """What to start.

    Parameters
    ----------
    ready : dict
        The emulator's addresses and the account's key: the fields of `Ready`.
    symbols : list of str
        Instruments that the node loads.
    hardened, verified : bool
        Whose client, and whether trueup is attached.
    start_secs_max : float
        The node's own time-out of its start.
    """

    ready: dict[str, Any]
    symbols: list[str]
    hardened: bool
    verified: bool
    start_secs_max: float = 400.0


def run(task: Task) -> dict[str, Any]:
    """Start the node and return what it took."""
    asyncio.set_event_loop(loop := asyncio.new_event_loop())
    node = _build(task)
    handle = trueup.attach(node, {"mode": "verified"}) if task.verified else None
    return loop.run_until_complete(_live(task, node, handle))


def _build(task: Task) -> TradingNode:
    ready = Ready(**task.ready)
    names = frozenset(InstrumentId.from_str(f"{symbol}-PERP.BINANCE") for symbol in task.symbols)
    data = BinanceDataClientConfig(
        api_key=ready.api_key,
        api_secret=ready.secret,
        account_type=BinanceAccountType.USDT_FUTURES,
        base_url_http=ready.rest,
        base_url_ws=ready.stream,
        instrument_provider=BinanceInstrumentProviderConfig(load_ids=names),
    )
    execution = exec_config(ready, hardened=task.hardened, settings=None, symbols=tuple(task.symbols))
    config = TradingNodeConfig(
        trader_id="BENCH-001",
        logging=LoggingConfig(log_level="ERROR"),
        exec_engine=LiveExecEngineConfig(reconciliation=True),
        data_clients={"BINANCE": data},
        exec_clients={"BINANCE": execution},
        timeout_connection=60.0,
        timeout_reconciliation=task.start_secs_max,
        timeout_disconnection=5.0,
        timeout_post_stop=0.1,
    )
    node = TradingNode(config)
    if task.hardened:
        node.add_data_client_factory("BINANCE", HardenedBinanceDataClientFactory)
        node.add_exec_client_factory("BINANCE", HardenedBinanceExecClientFactory)
    else:
        node.add_data_client_factory("BINANCE", adapter.BinanceLiveDataClientFactory)
        node.add_exec_client_factory("BINANCE", adapter.BinanceLiveExecClientFactory)
    node.build()
    return node


async def _live(task: Task, node: TradingNode, handle: Any) -> dict[str, Any]:
    wall, cpu = time.perf_counter(), time.process_time()
    running = asyncio.ensure_future(node.run_async())
    engine = node.kernel.exec_engine
    await until(lambda: engine.check_connected() or running.done(), 60.0, POLL_SECS)
    connected = Spent(time.perf_counter() - wall, time.process_time() - cpu)
    await until(lambda: node.trader.is_running or running.done(), task.start_secs_max, POLL_SECS)
    started = Spent(time.perf_counter() - wall, time.process_time() - cpu)
    nets = {str(position.instrument_id): str(position.signed_decimal_qty()) for position in node.cache.positions_open()}
    found = {
        "connected": asdict(connected),
        "started": asdict(started),
        "trading": node.trader.is_running,
        "verdict": None if handle is None or handle.last_verdict is None else handle.last_verdict.value,
        "nets": nets,
        "orders": len(node.cache.orders_open()),
    }
    await asyncio.wait_for(node.stop_async(), STOP_SECS_MAX)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return found
