"""Group commit: no answer and no event leaves before the journal records it rests on are durable.

The engine appends to its journal inside the call; making that durable is a blocking fsync. While one fsync runs in a
worker thread the next batch of answers and events gathers, so the cost of a sync is shared by all that came meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final, Protocol

from trueup.emulator.engine.events import MarketEvent, VenueEvent
from trueup.errors import EmulatorError

RETRY_SECS: Final = 1.0  # a full disk is not asked again more often than this


class Journal(Protocol):
    """What the wire needs of the engine's journal: counts of records, and the blocking way to make them durable."""

    appended: int
    durable: int

    def sync(self) -> None:
        """Make everything appended so far survive a kill; called in a worker thread. `EmulatorError` if it fails."""


class GroupCommit:
    """Hold back events and answers until the journal is durable.

    Parameters
    ----------
    journal : Journal
        The engine's journal.
    publish : Callable[[list[VenueEvent | MarketEvent]], None]
        Receives private and market events in the venue's order once they may leave.
    """

    def __init__(self, journal: Journal, publish: Callable[[list[VenueEvent | MarketEvent]], None]) -> None:
        self._journal = journal
        self._publish = publish
        self._events: list[VenueEvent | MarketEvent] = []
        self._waiters: list[asyncio.Future[None]] = []
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self.failures = 0

    def collect(self, event: VenueEvent | MarketEvent) -> None:
        """Take an event from the engine; call `flush` or `settled` once the engine call has returned."""
        self._events.append(event)

    @property
    def _pending(self) -> bool:
        return self._journal.durable < self._journal.appended

    def flush(self) -> None:
        """Publish what may leave now, or start a commit that will.

        To be called after an engine call that nobody waits for: a timer, a step of the market.
        """
        if self._task is None and not self._pending:
            self._release()
        else:
            self._start()

    def settled(self) -> asyncio.Future[None] | None:
        """Return what to await before the answer to the engine call just made may leave; ``None`` if it may at once.

        Answers that only read wait too: they may have seen what is not durable yet. When the sync fails the future
        raises its `EmulatorError`, and the client must be told that the outcome is unknown.
        """
        if self._task is None and not self._pending:
            if self._events:
                self._release()
            return None
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._start()
        return waiter

    async def close(self) -> None:
        """Commit what is left; what cannot be made durable now was reported to nobody as done."""
        self._closed = True
        waiter = self.settled()
        if waiter is not None:
            with contextlib.suppress(EmulatorError):
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
                if self._pending:
                    try:
                        await loop.run_in_executor(None, self._journal.sync)
                    except EmulatorError as error:
                        self._fail(error, events, waiters)
                        return
                for waiter in waiters:
                    if not waiter.done():
                        waiter.set_result(None)
                # Answers are only woken here, they run after this returns: events go out first, and an event that
                # cannot be sent costs nobody an answer.
                if events:
                    self._publish(events)
        finally:
            self._task = None

    def _fail(
        self, error: EmulatorError, events: list[VenueEvent | MarketEvent], waiters: list[asyncio.Future[None]]
    ) -> None:
        """Fail the answers, keep the events: they are true, and leave once the disk takes their records."""
        self.failures += 1
        self._events = events + self._events
        waiters += self._waiters
        self._waiters = []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_exception(error)
        if not self._closed:
            asyncio.get_running_loop().call_later(RETRY_SECS, self.flush)
