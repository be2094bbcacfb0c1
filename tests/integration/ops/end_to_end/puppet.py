"""A strategy that does what it is told: the faults that sit inside of a node.

It reads lines of JSON that are appended to a file, so that a test can steer a node in a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from nautilus_trader.config import StrategyConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import OrderAccepted
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId
from nautilus_trader.trading.strategy import Strategy

POLL_SECS = 0.05


class PuppetConfig(StrategyConfig, frozen=True):  # type: ignore[call-arg]  # msgspec's class keyword
    """Configure the puppet.

    Parameters
    ----------
    orders_path : str
        The file that it reads its orders from.
    instrument_ids : list[InstrumentId]
        What it subscribes to.
    """

    orders_path: str
    instrument_ids: list[InstrumentId]


class Puppet(Strategy):
    """Obey."""

    def __init__(self, config: PuppetConfig) -> None:
        super().__init__(config)
        self._path = Path(config.orders_path)
        self._task: asyncio.Task[None] | None = None
        self._acts: dict[str, Callable[..., None]] = {
            "buy": self._buy,
            "cancel": self._cancel,
            "spin": self._spin,
            "be_slow": self._be_slow,
            "be_well": self._be_well,
            "deafen": self._deafen,
            "undeafen": self._undeafen,
            "end_tasks": self._end_tasks,
            "ask_often": self._ask_often,
            "swallow_reports": self._swallow_reports,
            "pass_reports": self._pass_reports,
            "stumble": self._stumble,
            "walk": self._walk,
            "end_threads": self._end_threads,
        }
        self._slow: tuple[float, float] | None = None
        self._free_at = 0.0
        self._stumbles = False

    def on_start(self) -> None:
        """Begin to read."""
        for instrument_id in self.config.instrument_ids:
            self.subscribe_quote_ticks(instrument_id)
        self._task = asyncio.get_running_loop().create_task(self._obey(), name="puppet")

    def on_stop(self) -> None:
        """Leave everything working."""
        if self._task is not None:
            self._task.cancel()

    async def _obey(self) -> None:
        done = len(self._path.read_bytes()) if self._path.exists() else 0  # what an earlier life was told
        while True:
            await asyncio.sleep(POLL_SECS)
            text = self._path.read_bytes()[done:] if self._path.exists() else b""
            whole = text[: text.rfind(b"\n") + 1]
            done += len(whole)
            for line in whole.splitlines():
                self._do(**json.loads(line))
            if self._slow is not None and time.monotonic() >= self._free_at:
                busy_secs, pause_secs = self._slow
                self._spin(busy_secs)
                self._free_at = time.monotonic() + pause_secs

    def _do(self, act: str, **more: Any) -> None:
        try:
            self._acts[act](**more)
        except Exception as error:
            self.log.exception(f"the puppet could not {act}", error)

    # -- orders --------------------------------------------------------------------------------------------------------

    def _buy(self, instrument: str, quantity: str, price: str = "", name: str = "", side: str = "BUY") -> None:
        traded = self.cache.instrument(InstrumentId.from_str(instrument))
        more: dict[str, Any] = {"client_order_id": ClientOrderId(name)} if name else {}
        amount = traded.make_qty(Decimal(quantity))
        if price:
            order = self.order_factory.limit(
                traded.id, OrderSide[side], amount, traded.make_price(Decimal(price)), **more
            )
        else:
            order = self.order_factory.market(traded.id, OrderSide[side], amount, **more)
        self.submit_order(order)

    def _cancel(self, name: str) -> None:
        self.cancel_order(self.cache.order(ClientOrderId(name)))

    def _ask_often(self, name: str, times: int) -> None:
        """Ask the venue about one order, over and over: as many commands for the engine."""
        order = self.cache.order(ClientOrderId(name))
        for _ in range(times):
            self.query_order(order)

    # -- the event loop ------------------------------------------------------------------------------------------------

    def _spin(self, secs: float) -> None:
        """Compute without a pause, on the node's event loop."""
        until = time.monotonic() + secs
        while time.monotonic() < until:
            sum(range(1_000))

    def _be_slow(self, busy_secs: float, pause_secs: float) -> None:
        self._slow = (busy_secs, pause_secs)

    def _be_well(self) -> None:
        self._slow = None

    def _end_tasks(self, named: str) -> None:
        """Cancel tasks that are not its own, as a strategy does that cleans up with too wide a broom."""
        for task in asyncio.all_tasks():
            if named in f"{task.get_name()} {task.get_coro()}":
                task.cancel()

    # -- its own faults ------------------------------------------------------------------------------------------------

    def on_order_accepted(self, _event: OrderAccepted) -> None:
        """Raise, when told to: a fault of the strategy's own, in the middle of what the engine does."""
        if self._stumbles:
            raise ValueError("a fault of the strategy's own")

    def _stumble(self) -> None:
        self._stumbles = True

    def _walk(self) -> None:
        self._stumbles = False

    def _end_threads(self) -> None:
        """Shut down the threads of the event loop, as a strategy does that takes them for its own."""
        self._kernel().executor.shutdown(wait=False)

    # -- the engine's own parts ----------------------------------------------------------------------------------------

    def _kernel(self) -> Any:
        """Find the node that it runs in, which a strategy is not given: by the task that runs it."""
        for task in asyncio.all_tasks():
            frame = getattr(task.get_coro(), "cr_frame", None)
            owner = None if frame is None else frame.f_locals.get("self")
            if isinstance(owner, TradingNode):
                return owner.kernel
        raise RuntimeError("no task runs a node")

    def _swallow_reports(self) -> None:
        """Let the engine say that it has taken in what it has not."""
        self._kernel().exec_engine.reconcile_execution_report = lambda _report: True

    def _pass_reports(self) -> None:
        del self._kernel().exec_engine.reconcile_execution_report

    def _deafen(self) -> None:
        """Let the risk engine ignore what trading state it is told."""
        self._kernel().risk_engine.set_trading_state = lambda _state: None

    def _undeafen(self) -> None:
        del self._kernel().risk_engine.set_trading_state
