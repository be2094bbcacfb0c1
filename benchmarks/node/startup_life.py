"""One start of one node: from the engine's call of its start-up reconciliation to its return."""

from __future__ import annotations

import asyncio
import gc
import time
from dataclasses import asdict, dataclass
from typing import Any, Final

import redis

import trueup
from benchmarks.node.account import Account, make_account
from benchmarks.node.client import TRADER_ID, build_node
from benchmarks.node.meters import LoopWatch, Spent, forget_peak, resident_mib, spending

DRAIN_POLL_SECS: Final = 0.05
DRAIN_SECS_MAX: Final = 300.0
STOP_SECS: Final = 20.0
NAMES_ASKED: Final = 5_000
LENGTHS: Final = "local n = {} for i, key in ipairs(KEYS) do n[i] = redis.call('LLEN', key) end return n"
WRITTEN_SECS: Final = 0.5  # the word of the proof follows the orders


@dataclass(frozen=True, slots=True)
class Task:
    """What to start.

    Parameters
    ----------
    mode, history : str
        ``native`` or ``verified``; ``current`` or ``full``.
    redis_port : int or None
        The store's, where there is one.
    purge : bool
        Purge what is closed, from the store too, before the node stops.
    reconcile : bool
        False ends after the constructor.
    """

    mode: str
    shape: Any = "one_sided"
    history: str = "current"
    closed: int = 1_000
    working: int = 1_000
    instruments: int = 100
    redis_port: int | None = None
    state_dir: str | None = None
    purge: bool = False
    reconcile: bool = True


def run(task: Task) -> dict[str, Any]:
    """Start the node and return what it took."""
    account = make_account(task.shape, task.closed, task.working, task.instruments, time.time_ns())
    gc.collect()
    memory_before = resident_mib()
    forget_peak()
    with spending() as constructor:
        node = build_node(account, redis_port=task.redis_port)
    found = {"constructor": asdict(constructor), "loaded_orders": node.cache.orders_total_count()}
    if not task.reconcile:
        return found
    settings: dict[str, Any] = {"mode": task.mode, "history": task.history}
    if task.purge:
        settings |= {"purge_buffer_secs": 0.0, "purge_from_store": True}
    if task.state_dir:
        settings["state_dir"] = task.state_dir
    handle = trueup.attach(node, settings)
    life = _Life(node, task, account)
    node.kernel.loop.run_until_complete(life.run())
    said = handle.last_verdict
    if task.mode == "verified" and str(said) != "CLEAN":
        raise AssertionError(f"the start-up ended {said}: {handle.failure} {handle.lines[:5]}")
    peak = {"peak_mib": life.peak_mib - memory_before, "peak_whole_mib": life.peak_mib}
    return found | life.found | peak


class _Life:
    def __init__(self, node: Any, task: Task, account: Account) -> None:
        self.found: dict[str, Any] = {}
        self.peak_mib = 0.0
        self._node = node
        self._task = task
        self._account = account
        self._done = asyncio.Event()
        engine = node.kernel.exec_engine
        self._reconcile = engine.reconcile_execution_state
        engine.reconcile_execution_state = self._timed

    async def run(self) -> None:
        running = asyncio.create_task(self._node.run_async())
        await self._done.wait()
        if self._task.purge:
            now_ns = self._node.kernel.clock.timestamp_ns()
            self._node.cache.purge_closed_orders(now_ns, purge_from_database=True)
            self._node.cache.purge_closed_positions(now_ns, purge_from_database=True)
            with spending() as purged:
                await self._purged(self._task.redis_port)
            self.found["purged_secs"] = purged.wall_secs
        if self._task.redis_port is not None:
            await self._drained(self._task.redis_port)
            await asyncio.sleep(WRITTEN_SECS)
        await asyncio.wait_for(self._node.stop_async(), STOP_SECS)
        await asyncio.wait({running}, timeout=STOP_SECS)

    async def _timed(self, timeout_secs: float = 10.0) -> bool:
        gc.collect()
        drained = Spent()
        async with LoopWatch() as watch:
            with spending() as until_drained, spending() as spent:
                succeeded = bool(await self._reconcile(timeout_secs))
        if self._task.redis_port is not None:
            with spending() as drained:
                await self._drained(self._task.redis_port)
        self.peak_mib = resident_mib("VmHWM")
        self._check(succeeded)
        self.found |= {
            "start_up": asdict(spent),
            "drained_secs": until_drained.wall_secs + drained.wall_secs,
            "wall_ms_max": watch.wall_ms_max,
            "held_ms_max": watch.held_ms_max,
            "orders": self._node.cache.orders_total_count(),
        }
        self._done.set()
        return succeeded

    def _check(self, succeeded: bool) -> None:
        """Refuse a figure of a start-up that did not do its work."""
        cache = self._node.cache
        held = {one.instrument_id: one.signed_decimal_qty() for one in cache.positions_open()}
        wanted = {name: one.quantity.as_decimal() for name, one in self._account.positions.items()}
        open_orders = cache.orders_open_count()
        if not succeeded or held != wanted or open_orders != len(self._account.open_orders):
            raise AssertionError(
                f"{self._task}: succeeded {succeeded}, {open_orders} open orders of {len(self._account.open_orders)},"
                f" positions equal: {held == wanted} ({len(held)} of {len(wanted)})"
            )

    async def _purged(self, port: int | None) -> None:
        """Wait until the store has no order that the cache has not; the writer deletes one after the other."""
        assert port is not None, "only a store is purged"
        ends = time.monotonic() + DRAIN_SECS_MAX
        while await asyncio.to_thread(_orders_stored, port) > self._node.cache.orders_total_count():
            if time.monotonic() > ends:
                raise AssertionError(f"the store was not purged after {DRAIN_SECS_MAX:g} s")
            await asyncio.sleep(10 * DRAIN_POLL_SECS)

    async def _drained(self, port: int) -> None:
        """Wait until the store has every event of every order in the cache."""
        ends = time.monotonic() + DRAIN_SECS_MAX
        counts = {one.client_order_id.value: one.event_count for one in self._node.cache.orders()}
        while counts and time.monotonic() < ends:
            stored = await asyncio.to_thread(_stored, port, list(counts))
            counts = {name: count for name, count in counts.items() if stored[name] < count}
            if counts:
                await asyncio.sleep(DRAIN_POLL_SECS)
        if counts:
            raise AssertionError(f"the store lacks events of {len(counts)} orders after {DRAIN_SECS_MAX:g} s")


def _stored(port: int, names: list[str]) -> dict[str, int]:
    """Let the server count the events of each order: 51,000 questions of ours took 1.5 s of what is measured."""
    with redis.Redis(host="127.0.0.1", port=port) as client:
        found: list[int] = []
        for first in range(0, len(names), NAMES_ASKED):
            keys = [f"trader-{TRADER_ID}:orders:{name}" for name in names[first : first + NAMES_ASKED]]
            found += client.eval(LENGTHS, len(keys), *keys)
    return dict(zip(names, found, strict=True))


def _orders_stored(port: int) -> int:
    with redis.Redis(host="127.0.0.1", port=port) as client:
        return sum(1 for _ in client.scan_iter(f"trader-{TRADER_ID}:orders:*", count=5_000))
