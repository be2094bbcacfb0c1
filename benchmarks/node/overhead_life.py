"""A node that trades without a pause, with its monitor switched on and off in turn: what the monitor costs."""

# mypy: disallow-subclassing-any=False
# The engine ships no usable type information: subclassing an untyped base is the only way to use it.

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.enums import LiquiditySide, OrderSide
from nautilus_trader.model.identifiers import TradeId, VenueOrderId
from nautilus_trader.model.objects import Money
from nautilus_trader.trading.strategy import Strategy

import trueup
from benchmarks.node.account import Account, make_account
from benchmarks.node.client import AccountClient, build_node
from benchmarks.node.meters import until
from trueup.config.sight.monitor import LogFormat, MonitorConfig
from trueup.monitor.exporter import NodeExporter
from trueup.node.sight import SightSettings

START_SECS: Final = 120.0
STOP_SECS: Final = 20.0
WARM_SECS: Final = 3.0
TICK_SECS: Final = 0.01
LAG_TICK_SECS: Final = 0.002
SCRAPE_ROUNDS: Final = 6
TURNS: Final = ("on", "off", "off", "on")
"""So that what grows with time (the cache) weighs on both alike."""


@dataclass(frozen=True, slots=True)
class Task:
    """How busy, and for how long.

    Parameters
    ----------
    orders_per_sec : int
        Each is submitted, accepted and filled, and adds to a position.
    working : int
        Orders that lie in the cache meanwhile.
    segment_secs : float
        Of one turn with or without the monitor.
    rounds : int
        Of four turns.
    scrape_secs : float
        Of the part that looks at what a scrape costs the loop; half of it without any.
    scrapes_per_sec : int
        In the part that looks at what a scrape costs the loop.
    """

    orders_per_sec: int = 200
    working: int = 500
    segment_secs: float = 0.5
    rounds: int = 60
    scrape_secs: float = 60.0
    scrapes_per_sec: int = 5


class BusyClient(AccountClient):
    """Accept and fill whatever is submitted, as a venue's stream would say it."""

    trades = 0

    async def _submit_order(self, command: Any) -> None:
        order, now_ns = command.order, self._clock.timestamp_ns()
        ids = (order.strategy_id, order.instrument_id, order.client_order_id)
        self.trades += 1
        venue_order_id = VenueOrderId(f"B-{self.trades}")
        self.generate_order_submitted(*ids, now_ns)
        self.generate_order_accepted(*ids, venue_order_id, now_ns)
        instrument = self._cache.instrument(order.instrument_id)
        self.generate_order_filled(
            *ids,
            venue_order_id,
            None,
            TradeId(f"T-{self.trades}"),
            order.side,
            order.order_type,
            order.quantity,
            instrument.make_price(50),
            USDT,
            Money(0.1, USDT),
            LiquiditySide.TAKER,
            now_ns,
        )


class Busy(Strategy):
    """Buy, and never close: with each closed position the engine's own cost of the next one grows, without bound."""

    def __init__(self) -> None:
        super().__init__(StrategyConfig(order_id_tag="001"))
        self.placed = 0

    def trade(self, instruments: list[Any]) -> None:
        """Place one order."""
        instrument = instruments[self.placed % len(instruments)]
        self.placed += 1
        self.submit_order(self.order_factory.market(instrument.id, OrderSide.BUY, instrument.make_qty(1)))


class Switch:
    """Take the monitor out of the node and put it back: its samples, its ears and its taps."""

    def __init__(self, node: Any, monitor: Any) -> None:
        self._monitor = monitor
        self._loop = node.kernel.loop
        engine = node.kernel.exec_engine
        (client,) = engine._clients.values()
        self._taps = [(owner, name) for owner in (engine, client) for name in vars(owner) if _is_tap(owner, name)]
        self._wrapped = [vars(owner)[name] for owner, name in self._taps]

    def off(self) -> None:
        """Leave a node as if it had never had a monitor."""
        self._monitor.loop.end()
        self._monitor.handle.announcer._observers.remove(self._monitor.hear)
        for owner, name in self._taps:
            delattr(owner, name)

    def on(self) -> None:
        """Bring the monitor back."""
        for (owner, name), wrapped in zip(self._taps, self._wrapped, strict=True):
            setattr(owner, name, wrapped)
        self._monitor.handle.announcer.observe(self._monitor.hear)
        self._monitor.loop.begin(self._loop, self._monitor._on_beat)


def _is_tap(owner: Any, name: str) -> bool:
    return getattr(vars(owner)[name], "__module__", "") == "trueup.node.v1.taps"


def run(task: Task) -> dict[str, Any]:
    """Start the node, let it trade, and return what each turn took."""
    account = make_account("one_sided", 20, task.working, 20, time.time_ns())
    busy = Busy()
    node = build_node(account, kind=BusyClient, strategies=(busy,), inflight_check_interval_ms=2_000)
    sight = SightSettings(monitor=MonitorConfig(log_format=LogFormat.OFF))
    handle = trueup.attach(node, {"mode": "native"}, sight=sight)
    found: dict[str, Any] = node.kernel.loop.run_until_complete(_live(node, handle, busy, account, task))
    return found


async def _live(node: Any, handle: Any, busy: Busy, account: Account, task: Task) -> dict[str, Any]:
    running = asyncio.create_task(node.run_async())
    assert await until(lambda: bool(node.trader.is_running), START_SECS), handle.failure
    switch = Switch(node, handle._monitor)
    await _segment(node, busy, account, task, WARM_SECS)
    turns: list[dict[str, Any]] = []
    now = "on"
    own = Own(handle._monitor)
    for _ in range(task.rounds):
        for wanted in TURNS:
            if wanted != now:
                getattr(switch, wanted)()
                now = wanted
            own_secs = own.secs
            with _uncollected():
                turn = await _segment(node, busy, account, task, task.segment_secs)
            turns.append({"monitor": wanted, **turn, "own_secs": own.secs - own_secs})
    assert now == "on", "what is scraped is a monitor at work"
    scrapes = await _scraped(node, busy, account, task, NodeExporter(handle._monitor))
    await asyncio.wait_for(node.stop_async(), STOP_SECS)
    await asyncio.wait({running}, timeout=STOP_SECS)
    return {"turns": turns, "scrapes": scrapes}


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector out of a turn: one of its full runs costs as much as the turn itself, and falls on
    the one or the other by chance."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Own:
    """Add up the processor time of what the monitor itself does on the loop."""

    def __init__(self, monitor: Any) -> None:
        self.secs = 0.0
        for owner, name in ((monitor, "hear"), (monitor.loop, "_beat")):
            setattr(owner, name, self._timed(getattr(owner, name)))
        # The observer that is registered is the bound method of before.
        observers = monitor.handle.announcer._observers
        observers[:] = [monitor.hear if one.__name__ == "hear" else one for one in observers]

    def _timed(self, call: Any) -> Any:
        def hear(*arguments: Any) -> None:
            began = time.thread_time()
            try:
                call(*arguments)
            finally:
                self.secs += time.thread_time() - began

        return hear


async def _segment(node: Any, busy: Busy, account: Account, task: Task, secs: float) -> dict[str, Any]:
    """Trade for so long, and return processor time, events and orders."""
    engine = node.kernel.exec_engine
    events, placed = engine.event_count, busy.placed
    each = max(1, round(task.orders_per_sec * TICK_SECS))
    cpu, ends = time.process_time(), time.monotonic() + secs
    while time.monotonic() < ends:
        for _ in range(each):
            busy.trade(account.instruments)
        await asyncio.sleep(TICK_SECS)
    await until(lambda: not engine.cmd_qsize() and not engine.evt_qsize(), STOP_SECS)
    return {
        "cpu_secs": time.process_time() - cpu,
        "events": engine.event_count - events,
        "orders": busy.placed - placed,
    }


async def _scraped(node: Any, busy: Busy, account: Account, task: Task, exporter: NodeExporter) -> dict[str, Any]:
    """Trade with and without a scraper in another thread, and return how late the loop was."""
    lags: dict[str, list[float]] = {"with": [], "without": []}
    took: list[float] = []
    turns = ("without", "with", "with", "without") * SCRAPE_ROUNDS
    for turn in turns:
        ending = threading.Event()
        thread = threading.Thread(target=_scrape, args=(exporter, 1 / task.scrapes_per_sec, ending, took))
        if turn == "with":
            thread.start()
        watching = asyncio.create_task(_watch_lag(lags[turn]))
        await _segment(node, busy, account, task, task.scrape_secs / len(turns))
        watching.cancel()
        ending.set()
        if turn == "with":
            await asyncio.to_thread(thread.join)
    return {"lags": {turn: sorted(values) for turn, values in lags.items()}, "took_secs": took}


def _scrape(exporter: NodeExporter, pause_secs: float, ending: threading.Event, took: list[float]) -> None:
    while not ending.wait(pause_secs):
        began = time.perf_counter()
        exporter.render()
        took.append(time.perf_counter() - began)


async def _watch_lag(lags: list[float]) -> None:
    """Count of each lag what this process computed meanwhile (all threads): the rest is other processes' doing."""
    while True:
        due, cpu = time.perf_counter() + LAG_TICK_SECS, time.process_time()
        await asyncio.sleep(LAG_TICK_SECS)
        lags.append(max(0.0, min(time.perf_counter() - due, time.process_time() - cpu)))
