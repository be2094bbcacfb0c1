"""A node with many working orders: what one periodic check takes when nothing is wrong."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass
from typing import Any, Final

import trueup
from benchmarks.node.account import make_account
from benchmarks.node.client import build_node
from benchmarks.node.meters import LoopWatch, spending, until
from trueup.node.monitor import Monitor
from trueup.node.phase import Phase

INTERVAL_SECS: Final = 0.5
PAUSE_SECS: Final = 0.1
START_SECS: Final = 300.0
STOP_SECS: Final = 20.0
NEVER_SECS: Final = 10**6


@dataclass(frozen=True, slots=True)
class Task:
    """What to check, and how often."""

    mode: str
    working: int = 5_000
    closed: int = 1_000
    instruments: int = 100
    samples: int = 20


def run(task: Task) -> dict[str, Any]:
    """Start the node, let it check, and return what the checks took."""
    account = make_account("one_sided", task.closed, task.working, task.instruments, time.time_ns())
    node = build_node(account)
    looks: list[dict[str, float]] = []
    if task.mode == "verified":
        _time_cheap_looks(looks)
    settings = {"startup_delay_secs": 0.1, "open_check_interval_secs": INTERVAL_SECS, "deep_interval_secs": NEVER_SECS}
    handle = trueup.attach(node, {"mode": task.mode, "history": "full", **settings})
    work = _verified(node, handle, task, looks) if task.mode == "verified" else _native(node, task)
    found: dict[str, Any] = node.kernel.loop.run_until_complete(work)
    return found


def _time_cheap_looks(looks: list[dict[str, float]]) -> None:
    """Measure what the monitor does every few seconds; the handle says nothing of a clean cheap look."""
    cycle = Monitor.cycle

    async def timed(self: Monitor) -> Any:
        async with LoopWatch() as watch:
            with spending() as spent:
                outcome = await cycle(self)
        assert outcome is None, f"the cheap look found something: {outcome}"
        looks.append(asdict(spent) | {"held_ms": watch.held_ms_max})
        return outcome

    Monitor.cycle = timed  # type: ignore[method-assign]  # this process measures, and does nothing else


async def _verified(node: Any, handle: Any, task: Task, cheap: list[dict[str, float]]) -> dict[str, Any]:
    running = asyncio.create_task(node.run_async())
    assert await until(lambda: handle.phase is Phase.MONITORING, START_SECS), handle.failure
    assert await until(lambda: len(cheap) >= task.samples, START_SECS), "the monitor does not look"
    deep = []
    for _ in range(task.samples):
        async with LoopWatch() as watch:
            with spending() as spent:
                outcome = await handle.true_up()
        assert outcome.verdict.value == "CLEAN", outcome.lines[:5]
        deep.append(asdict(spent) | {"held_ms": watch.held_ms_max})
        await asyncio.sleep(PAUSE_SECS)
    await asyncio.wait_for(node.stop_async(), STOP_SECS)
    await asyncio.wait({running}, timeout=STOP_SECS)
    return {"cheap": cheap[: task.samples], "deep": deep}


async def _native(node: Any, task: Task) -> dict[str, Any]:
    running = asyncio.create_task(node.run_async())
    assert await until(lambda: bool(node.trader.is_running), START_SECS), "the node did not start"
    engine = node.kernel.exec_engine
    found: dict[str, Any] = {}
    for name, open_only in (("open_only", True), ("all", False)):
        engine.open_check_open_only = open_only
        found[name] = []
        for _ in range(task.samples):
            async with LoopWatch() as watch:
                with spending() as spent:
                    await engine._check_orders_consistency()  # what the engine's own loop calls
                    await engine._check_positions_consistency()
            found[name].append(asdict(spent) | {"held_ms": watch.held_ms_max})
            await asyncio.sleep(PAUSE_SECS)
    assert node.cache.orders_open_count() == task.working, "the checks changed what was true"
    await asyncio.wait_for(node.stop_async(), STOP_SECS)
    await asyncio.wait({running}, timeout=STOP_SECS)
    return found
