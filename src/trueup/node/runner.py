"""Run an attached node to its end: signals, bounded stopping, and an exit code that tells the truth."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from trueup.node.handle import Handle
from trueup.node.phase import Phase
from trueup.node.v1.lifecycle import stopping_limit_secs

EXIT_OK = 0
EXIT_NOT_TRADING = 1
"""The start-up failed or could not be verified: the node never traded."""
EXIT_STOP_TIMED_OUT = 4
"""The node would not stop within its own time-outs and was ended."""
EXIT_FORCED = 130
"""A second interrupt: 128 + SIGINT, the shell's convention."""

FORCED_CLOSE_SECS_MAX = 1.0
"""For logs and journal to be flushed when nobody wants to wait any longer."""

RUN_END_SECS = 3.0
"""How long the engine's queues get to see that the node has stopped."""

Exit = Callable[[int], None]


class NodeRunner:
    """Run one node until it stops by itself, by a signal, or because its start-up failed.

    Parameters
    ----------
    node : TradingNode
        A built node with trueup attached.
    handle : Handle
        What ``attach`` returned for it.
    exit_now : Callable[[int], None], optional
        Ends the process at once; only a second interrupt or a stuck node gets there.
    """

    def __init__(self, node: Any, handle: Handle, *, exit_now: Exit = os._exit) -> None:
        self._node = node
        self._handle = handle
        self._exit_now = exit_now
        self._stop_wanted = asyncio.Event()
        self._interrupts = 0
        self._watchdog: threading.Timer | None = None
        handle.outlive_node()

    def run(self) -> int:
        """Run the node on its own event loop and return the exit code."""
        loop = self._node.get_event_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._on_signal, number)
        try:
            loop.run_until_complete(self._supervise())
            self._node.dispose()
        finally:
            if self._watchdog is not None:
                self._watchdog.cancel()
        code = EXIT_NOT_TRADING if self._handle.phase is Phase.ERROR else EXIT_OK
        self._handle.announcer.say("stopped", exit_code=code, reason=self._handle.failure)
        self._handle.close()
        return code

    def _on_signal(self, number: int) -> None:
        self._interrupts += 1
        if self._interrupts > 1 and number == signal.SIGINT:
            self._handle.announcer.say("stopped", exit_code=EXIT_FORCED, reason="forced by a second interrupt")
            self._handle.close(FORCED_CLOSE_SECS_MAX)
            self._exit_now(EXIT_FORCED)
        if self._interrupts == 1:
            self._arm_watchdog()
            self._handle.announcer.say("stopping", signal=signal.Signals(number).name)
            self._stop_wanted.set()

    def _arm_watchdog(self) -> None:
        """Bound everything after this, the blocking parts included, by a thread that needs no event loop."""
        if self._watchdog is None:
            self._watchdog = threading.Timer(stopping_limit_secs(self._node), self._end_stuck)
            self._watchdog.daemon = True
            self._watchdog.start()

    def _end_stuck(self) -> None:
        self._handle.announcer.say(
            "stopped", exit_code=EXIT_STOP_TIMED_OUT, reason="the node did not stop within its own time-outs"
        )
        self._handle.close(FORCED_CLOSE_SECS_MAX)
        self._exit_now(EXIT_STOP_TIMED_OUT)

    async def _supervise(self) -> None:
        run = asyncio.create_task(self._node.run_async(), name="trueup-run-node")
        wanted = asyncio.create_task(self._stop_wanted.wait(), name="trueup-await-signal")
        await asyncio.wait({run, wanted}, return_when=asyncio.FIRST_COMPLETED)
        if not run.done():
            await self._stop(run)
        wanted.cancel()
        if run.done() and not run.cancelled() and (error := run.exception()) is not None:
            self._handle.fail(f"the node ended with {type(error).__name__}: {error}")
        if self._handle.phase is Phase.ERROR:
            self._arm_watchdog()
            await self._await_stopped()

    async def _stop(self, run: asyncio.Task[None]) -> None:
        if self._node.trader.is_running or self._handle.phase is not Phase.ERROR:
            await self._node.stop_async()
        await asyncio.wait({run}, timeout=RUN_END_SECS)
        if not run.done():
            run.cancel()  # a start that still waits for the venue never sees that the node has stopped
            await asyncio.wait({run}, timeout=RUN_END_SECS)

    async def _await_stopped(self) -> None:
        while self._node.kernel.is_running():  # noqa: ASYNC110 - the kernel offers no event; the watchdog bounds it
            await asyncio.sleep(0.02)
