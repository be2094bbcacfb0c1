"""One start of one node on an account full of external orders, claimed at the start or while it runs."""

from __future__ import annotations

import asyncio
import gc
import time
from dataclasses import asdict, dataclass
from typing import Any, Final

from nautilus_trader.config import StrategyConfig
from nautilus_trader.trading.strategy import Strategy

import trueup
from benchmarks.node.account import make_account
from benchmarks.node.client import build_node
from benchmarks.node.meters import LoopWatch, spending
from trueup.strategies import ClaimingStrategyConfig

STOP_SECS: Final = 20.0
OWNER: Final = "Strategy-001"


@dataclass(frozen=True, slots=True)
class Task:
    """What to start.

    Parameters
    ----------
    mode : str
        ``native`` (claims by id: the engine knows no other) or ``verified`` (one pattern).
    when : str
        ``start``, or ``running``: nobody claims at the start, and then the strategy does.
    """

    mode: str
    when: str = "start"
    working: int = 1_000
    instruments: int = 100


def run(task: Task) -> dict[str, Any]:
    """Start the node and return what claiming took."""
    account = make_account("one_sided", task.instruments, task.working, task.instruments, time.time_ns())
    ids = [one.id for one in account.instruments]
    if task.when == "running":
        config = StrategyConfig(order_id_tag="001")
    elif task.mode == "native":
        config = StrategyConfig(order_id_tag="001", external_order_claims=ids)
    else:
        config = ClaimingStrategyConfig(order_id_tag="001", claim_patterns=("C*USDT-PERP.BINANCE",))
    node = build_node(account, strategies=(Strategy(config),))
    handle = trueup.attach(node, {"mode": task.mode})
    life = _Life(node, handle, task)
    node.kernel.loop.run_until_complete(life.run())
    return life.found


class _Life:
    def __init__(self, node: Any, handle: Any, task: Task) -> None:
        self.found: dict[str, Any] = {}
        self._node = node
        self._handle = handle
        self._task = task
        self._reconciled = asyncio.Event()
        engine = node.kernel.exec_engine
        self._reconcile = engine.reconcile_execution_state
        engine.reconcile_execution_state = self._timed

    async def run(self) -> None:
        running = asyncio.create_task(self._node.run_async())
        await self._reconciled.wait()
        if self._task.when == "running":
            while not self._node.trader.is_running:  # noqa: ASYNC110 - the trader has no event
                await asyncio.sleep(0.02)
            gc.collect()
            async with LoopWatch() as watch:
                with spending() as spent:
                    done = await self._handle.claims.add(OWNER, "C*USDT-PERP.BINANCE")
            self._check(done.verdict == "CLEAN")
            self.found |= {"claiming": asdict(spent), "held_ms_max": watch.held_ms_max}
        await asyncio.wait_for(self._node.stop_async(), STOP_SECS)
        await asyncio.wait({running}, timeout=STOP_SECS)

    async def _timed(self, timeout_secs: float = 10.0) -> bool:
        gc.collect()
        async with LoopWatch() as watch:
            with spending() as spent:
                succeeded = bool(await self._reconcile(timeout_secs))
        if self._task.when == "start":
            self._check(succeeded)
        self.found |= {"claiming": asdict(spent), "held_ms_max": watch.held_ms_max}
        self._reconciled.set()
        return succeeded

    def _check(self, succeeded: bool) -> None:
        """Refuse a figure of a claim that did not give everything to its strategy."""
        cache = self._node.cache
        owners = {one.strategy_id.value for one in (*cache.orders_open(), *cache.positions_open())}
        held = (cache.orders_open_count(), cache.positions_open_count())
        if not succeeded or owners != {OWNER} or held != (self._task.working, self._task.instruments):
            raise AssertionError(f"{self._task}: succeeded {succeeded}, owners {owners}, {held} open")
