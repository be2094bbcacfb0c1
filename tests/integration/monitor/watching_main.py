"""Nodes whose monitor is put to the test: ``python -m tests.integration.monitor.watching_main CASE [ARGUMENT...]``."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import redis
from nautilus_trader.common.config import DatabaseConfig
from nautilus_trader.config import CacheConfig

from tests.integration.node.sim import TRUTH, build_sim_node, client_of
from tests.integration.node.verified_main import FAST, Buyer, say
from trueup.config.sight.monitor import LogFormat, MonitorConfig
from trueup.monitor.exporter import NodeExporter
from trueup.monitor.status import encode
from trueup.node.announcer import LifeCycleEvent
from trueup.node.attach import attach
from trueup.node.sight import SightSettings

SECRET = "planted-secret-of-the-venue-0123456789"
SIGNATURE = "f00dfacef00dfacef00dfacef00dface"
PATIENCE_SECS = 60.0
HANG_SECS = 1.0
PAUSE_MS = 600_000
"""A bound against hanging: the pause ends once it was seen."""


class Watched:
    """One node with its monitor."""

    def __init__(self, settings: dict[str, Any], *, redis_port: str = "", log: str = "", **engine: Any) -> None:
        cache = None
        if redis_port:
            cache = CacheConfig(database=DatabaseConfig(type="redis", host="127.0.0.1", port=int(redis_port)))
        self.redis_port = int(redis_port or 0)
        self.buyer = Buyer()
        self.node = build_sim_node(cache=cache, strategies=[self.buyer], **engine)
        monitor = MonitorConfig(
            poll_secs=0.1, loop_sample_ms=20, log_format=LogFormat.JSON, log_file=Path(log) if log else None
        )
        sight = SightSettings(monitor=monitor, secret_texts=(SECRET,))
        self.handle = attach(self.node, settings, sight=sight)
        monitor_of: Any = self.handle
        self.monitor = monitor_of._monitor
        self.exporter = NodeExporter(self.monitor)

    async def until(self, what: Callable[[], bool], said: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECS
        while not what():
            assert time.monotonic() < deadline, said
            await asyncio.sleep(0.02)

    def tell(self, name: str) -> None:
        say(name, status=encode(self.handle.status()).decode(), metrics=self.exporter.render().decode())

    def run(self, script: Callable[[Watched], Awaitable[None]]) -> int:
        async def life() -> None:
            running = asyncio.ensure_future(self.node.run_async())
            try:
                await script(self)
            except Exception as error:
                say("script_failed", error=f"{type(error).__name__}: {error}")
            finally:
                await self.node.stop_async()
                await asyncio.wait({running}, timeout=5)
                self.handle.close()

        self.node.kernel.loop.run_until_complete(life())
        return 0


async def _native(one: Watched) -> None:
    """Let the engine invent a fill and take an order over, hang its loop, then let the store die."""
    await one.until(lambda: one.handle.phase.value == "MONITORING", "no monitoring")
    await one.until(lambda: one.monitor.cycles.results["engine_orders", "done"] > 0, "no check of the engine's")
    one.buyer.buy("O-1", "2.000", "100.0")
    await one.until(lambda: one.node.cache.orders_open_count() == 3, "O-1 does not work")
    number = next(row.venue_order_id for row in TRUTH.orders.values() if row.client_order_id == "O-1")
    TRUTH.fill("T-1", number, "0.500", "99.0", time.time_ns())
    await one.until(lambda: one.monitor.inferred_fills > 0, "nothing was inferred")
    await one.until(lambda: one.handle.status().store.write_behind_events == 0, "the store lags")
    await asyncio.sleep(0.2)
    one.tell("watched")
    await _hang(one)
    await _disturb_the_store(one)
    say("kill_the_store")
    await one.until(lambda: one.handle.status().store.state == "LOST", "the loss was not seen")
    one.tell("without_store")


async def _disturb_the_store(one: Watched) -> None:
    """Let the store take no writes for a while, then let somebody else write to the node's keys."""
    with redis.Redis(port=one.redis_port) as server:
        server.client_pause(PAUSE_MS, all=False)
        one.buyer.buy("O-2", "1.000", "98.0")
        await one.until(lambda: (one.handle.status().store.write_behind_events or 0) > 0, "no lag was seen")
        one.tell("behind")
        server.client_unpause()
        await one.until(lambda: one.handle.status().store.write_behind_events == 0, "the lag stayed")
        server.rpush("trader-TESTER-001:orders:O-2", b"an event of another node's")
        await one.until(lambda: one.monitor.probe.foreign_events > 0, "no second writer was seen")
        one.tell("two_writers")


async def _hang(one: Watched) -> None:
    """Block the event loop, and let another thread look at the node meanwhile."""
    ready = threading.Event()
    seen: list[tuple[Any, str]] = []

    def look() -> None:
        ready.wait(5)
        for pause_secs in (HANG_SECS / 4, HANG_SECS / 2):
            time.sleep(pause_secs)
            seen.append((one.handle.status(), one.exporter.render().decode()))

    thread = threading.Thread(target=look)
    thread.start()
    ready.set()
    time.sleep(HANG_SECS)  # noqa: ASYNC251 - this is the hang
    thread.join()
    await asyncio.sleep(0.2)
    for status, metrics in seen:
        say("while_hung", status=encode(status).decode(), metrics=metrics)
    one.tell("after_hang")


async def _hostile(one: Watched) -> None:
    """Let listeners raise and be slow, the venue fail, hang and limit, and every text hold a secret."""
    one.handle.announcer.observe(_raise)
    one.handle.announcer.observe(lambda _: time.sleep(0.005))
    await one.until(lambda: one.handle.phase.value == "MONITORING", "no monitoring")
    client = client_of(one.node)
    await one.until(lambda: one.monitor.counts.is_trading, "the trader is not seen to run")

    async def refuse(name: str) -> None:
        raise ConnectionError(f"{name}: GET /x?apiKey={SECRET}&signature={SIGNATURE} gave 503")

    ask = client._ask
    client._ask = refuse  # type: ignore[method-assign]  # one instance, in a test
    await one.until(lambda: str(one.handle.last_verdict) == "UNKNOWN", "still CLEAN")
    one.tell("refused")

    async def limit(name: str) -> None:
        raise ConnectionError(f"429 Too Many Requests on {name}")

    client._ask = limit  # type: ignore[method-assign]  # as above
    await one.until(lambda: _outcomes(one, "rate_limited") > 0, "no limit seen")
    client._ask = ask  # type: ignore[method-assign]  # as above
    TRUTH.hangs.add("positions")
    await one.until(lambda: _outcomes(one, "timeout") > 0, "no time-out seen")
    one.tell("hung")
    TRUTH.hangs.clear()
    await one.until(lambda: str(one.handle.last_verdict) == "CLEAN", "not CLEAN again")
    one.tell("well")


def _raise(_event: LifeCycleEvent) -> None:
    raise RuntimeError(f"a listener of somebody's, with {SECRET}")


def _outcomes(one: Watched, outcome: str) -> int:
    return sum(line.outcomes[outcome] for line in one.monitor.venue.lines.values())


async def _refused_start(one: Watched) -> None:
    await one.until(lambda: one.handle.phase.value == "ERROR", "the start did not fail")
    await asyncio.sleep(0.3)
    one.tell("failed")


def main(case: str, log: str = "", redis_port: str = "") -> int:
    if case == "native":
        TRUTH.order("V-9", "BUY", "1.000", "90.0", time_ns=1)
        TRUTH.order("V-8", "BUY", "1.000", "91.0", time_ns=1)
        checks = {"open_check_interval_secs": 0.2, "inflight_check_interval_ms": 200, "open_check_threshold_ms": 100}
        one = Watched(
            {"mode": "native"},
            redis_port=redis_port,
            log=log,
            reconciliation_startup_delay_secs=0.1,
            position_check_interval_secs=0.5,
            **checks,
        )
        return one.run(_native)
    if case == "refused-start":
        TRUTH.fails.add("orders")
        return Watched({**FAST, "startup_timeout_secs": 0.5}, log=log).run(_refused_start)
    return Watched({**FAST, "query_timeout_secs": 0.3}, log=log, inflight_check_interval_ms=0).run(_hostile)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
