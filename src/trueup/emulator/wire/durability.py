"""Group commit: no answer and no event leaves before the journal records it rests on are durable.

The engine appends to its journal inside the call; making that durable is a blocking fsync. While one fsync runs in a
worker thread the next batch of answers and events gathers, so the cost of a sync is shared by all that came meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Protocol

from trueup.emulator.engine.events import MarketEvent, VenueEvent


class Journal(Protocol):
    """What the wire needs of the engine's journal."""

    @property
    def pending(self) -> bool:
        """Whether anything was appended that a kill would lose."""

    def sync(self) -> None:
        """Make everything appended so far survive a kill; blocking, called in a worker thread."""


class GroupCommit:
    """Hold back events and answers until the journal is durable.

    Parameters
    ----------
    journal : Journal | None
        The engine's journal; ``None`` if the venue keeps nothing.
    publish : Callable[[list[VenueEvent | MarketEvent]], None]
        Receives private and market events in the venue's order once they may leave.
    """

    def __init__(self, journal: Journal | None, publish: Callable[[list[VenueEvent | MarketEvent]], None]) -> None:
        self._journal = journal
        self._publish = publish
        self._events: list[VenueEvent | MarketEvent] = []
        self._waiters: list[asyncio.Future[None]] = []
        self._task: asyncio.Task[None] | None = None
        self.failure: OSError | None = None
        self.failed = asyncio.Event()

    def collect(self, event: VenueEvent | MarketEvent) -> None:
        """Take an event from the engine; call `flush` or `settled` once the engine call has returned."""
        self._events.append(event)

    @property
    def _pending(self) -> bool:
        return self._journal is not None and self._journal.pending

    def flush(self) -> None:
        """Publish what may leave now, or start a commit that will.

        To be called after an engine call that nobody waits for: a timer, a step of the market.
        """
        if self.failure is not None:
            self._events.clear()
        elif self._task is None and not self._pending:
            self._release()
        else:
            self._start()

    def settled(self) -> asyncio.Future[None] | None:
        """Return what to await before the answer to the engine call just made may leave; ``None`` if it may at once.

        Answers that only read wait too: they may have seen what is not durable yet. After a failed sync every
        answer fails with its `OSError`.
        """
        if self.failure is not None:
            refused: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            refused.set_exception(self.failure)
            return refused
        if self._task is None and not self._pending:
            if self._events:
                self._release()
            return None
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._start()
        return waiter

    async def close(self) -> None:
        """Commit what is left; a sync that fails now was reported to nobody as done."""
        waiter = self.settled()
        if waiter is not None:
            with contextlib.suppress(OSError):
                await waiter

    def _start(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._commit())

    def _release(self) -> None:
        events, self._events = self._events, []
        if events:
            self._publish(events)

    async def _commit(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiters or self._events or self._pending:
                # Taken at one instant between engine calls: every one of these rests on records appended by now.
                events, self._events = self._events, []
                waiters, self._waiters = self._waiters, []
                if self._journal is not None and self._journal.pending:
                    try:
                        await loop.run_in_executor(None, self._journal.sync)
                    except OSError as error:
                        self._fail(error, waiters)
                        return
                if events:
                    self._publish(events)
                for waiter in waiters:
                    if not waiter.done():
                        waiter.set_result(None)
        finally:
            self._task = None

    def _fail(self, error: OSError, waiters: list[asyncio.Future[None]]) -> None:
        """Give up: after a failed sync nobody knows what is on the disk, so nothing may be acknowledged any more."""
        self.failure = error
        self._events.clear()
        waiters += self._waiters
        self._waiters = []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_exception(error)
        self.failed.set()
