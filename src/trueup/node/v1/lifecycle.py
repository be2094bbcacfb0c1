"""The life cycle of a 1.x node made visible: phases, the engine's own word, and no zombies.

Measured on 1.231.0: a start-up that fails (connection, reconciliation, portfolio) raises nothing. The node logs
"RUNNING", ``node.is_running()`` is true, and the trader never starts. Here such a start-up is said out loud and the
node is stopped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from trueup.node.handle import Handle
from trueup.node.phase import Phase

_logger = logging.getLogger("trueup.node")

SAYS_SUCCEEDED = "Execution state reconciled"
SAYS_FAILED = "Execution state could not be reconciled"

MONITOR_POLL_SECS = 0.2
"""How often the end of the engine's own start-up delay is looked for; nothing depends on its exactness."""

STOP_SLACK_SECS = 5.0
"""Added to the node's own stopping time-outs before it is called stuck."""


def stopping_limit_secs(node: Any) -> float:
    """Return how long a node may take to stop by its own configuration, in seconds."""
    config = node._config  # noqa: SLF001 - the node keeps its configuration nowhere else
    limit = config.timeout_post_stop + 2 * config.timeout_disconnection + config.timeout_shutdown
    return float(limit) + STOP_SLACK_SECS


class LifeCycleHooks:
    """Wrap a node's start so that every phase is said and a failed start ends the node.

    Parameters
    ----------
    node : TradingNode
        The node, after ``build()`` and before ``run()``.
    handle : Handle
        Where the phases go.
    startup_delay_secs : float
        The engine's wait between its start-up and its first continuous check.
    observes : bool
        Native mode: the engine reconciles by itself, and its phases are derived from what it does.
    """

    def __init__(self, node: Any, handle: Handle, *, startup_delay_secs: float, observes: bool) -> None:
        self._node = node
        self._handle = handle
        self._startup_delay_secs = startup_delay_secs
        self._observes = observes
        self._reconciled: bool | None = None
        self._stop_task: asyncio.Task[None] | None = None
        self._monitor_task: asyncio.Task[None] | None = None

    def install(self) -> None:
        """Put the wrappers on the instances of this node; no other node is touched."""
        kernel = self._node.kernel
        kernel.start_async = self._wrap_start(kernel.start_async)
        engine = kernel.exec_engine
        if self._observes:
            engine.reconcile_execution_state = self._wrap_reconcile(engine.reconcile_execution_state)

    def _wrap_start(self, start: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def start_async() -> None:
            try:
                await start()
            except Exception as error:
                self._handle.fail(f"the node's start raised {type(error).__name__}: {error}")
                raise
            if self._node.trader.is_running:
                self._handle.announcer.say("trading", running=True)
                if self._observes:
                    self._monitor_task = asyncio.create_task(self._await_monitoring(), name="trueup-await-monitoring")
                return
            self._handle.fail(self._why_not_trading())
            # Left alone the node would look RUNNING for ever, with nobody trading.
            self._stop_task = asyncio.create_task(self._node.stop_async(), name="trueup-stop-failed-node")

        return start_async

    def _wrap_reconcile(self, reconcile: Callable[..., Awaitable[bool]]) -> Callable[..., Awaitable[bool]]:
        async def reconcile_execution_state(timeout_secs: float = 10.0) -> bool:
            self._handle.enter(Phase.RECONCILING)
            try:
                self._reconciled = bool(await reconcile(timeout_secs))
            except Exception as error:
                self._reconciled = False
                _logger.exception("the engine's reconciliation raised %s", type(error).__name__)
            self._handle.announcer.say(
                "engine_says", text=SAYS_SUCCEEDED if self._reconciled else SAYS_FAILED, succeeded=self._reconciled
            )
            if self._reconciled:
                self._handle.enter(Phase.RECONCILED)
            return self._reconciled

        return reconcile_execution_state

    def _why_not_trading(self) -> str:
        kernel = self._node.kernel
        if not kernel.data_engine.check_connected():
            return "a data client did not connect within timeout_connection, so the trader was not started"
        if not kernel.exec_engine.check_connected():
            return "an execution client did not connect within timeout_connection, so the trader was not started"
        if self._reconciled is False:
            return "the execution state was not reconciled with the venue, so the trader was not started"
        if not kernel.portfolio.initialized:
            return "the portfolio was not initialized within timeout_portfolio, so the trader was not started"
        return "the engine did not start the trader"

    async def _await_monitoring(self) -> None:
        """Enter MONITORING once the engine's own continuous checks run; never, if none is configured."""
        await asyncio.sleep(self._startup_delay_secs)
        engine = self._node.kernel.exec_engine
        while self._node.trader.is_running:
            task = engine.get_reconciliation_task()
            if task is None or task.done():
                return  # no continuous check is configured, or it ended
            if self._handle.phase in {Phase.RECONCILED, Phase.INITIALIZING}:
                self._handle.enter(Phase.MONITORING)
                return
            await asyncio.sleep(MONITOR_POLL_SECS)
