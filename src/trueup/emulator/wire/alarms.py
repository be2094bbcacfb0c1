"""Waits in the emulator's own time: with a manual clock nothing passes until it is stepped."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import Final

from trueup.emulator.engine.clock import Clock, ManualClock

PENDING_MAX: Final = 100_000  # delayed answers and events; beyond it the oldest fire early rather than memory growing


class Alarms:
    """Call back at a time of the emulator's clock.

    Parameters
    ----------
    clock : Clock
        With a `ManualClock`, alarms fire from `fire`, which the step calls; with any other, from the event loop.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._manual = isinstance(clock, ManualClock)
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._handles: set[asyncio.TimerHandle] = set()

    def at(self, due_ms: int, callback: Callable[[], None]) -> None:
        """Call `callback` once the clock reaches `due_ms`; of equal times the first set fires first."""
        if self._manual:
            heapq.heappush(self._heap, (due_ms, next(self._order), callback))
            if len(self._heap) > PENDING_MAX:
                heapq.heappop(self._heap)[2]()
            return
        loop = asyncio.get_running_loop()

        def ring() -> None:
            self._handles.discard(handle)
            callback()

        handle = loop.call_later(max(0, due_ms - self._clock.now_ms()) / 1_000, ring)
        self._handles.add(handle)

    async def sleep_ms(self, duration_ms: int) -> None:
        """Wait for `duration_ms` of the emulator's clock."""
        if duration_ms <= 0:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not done.done():
                done.set_result(None)

        self.at(self._clock.now_ms() + duration_ms, wake)
        await done

    @property
    def pending(self) -> int:
        """Return how many alarms are set."""
        return len(self._heap) + len(self._handles)

    def fire(self) -> None:
        """Fire what the manual clock has reached."""
        while self._heap and self._heap[0][0] <= self._clock.now_ms():
            heapq.heappop(self._heap)[2]()

    def close(self) -> None:
        """Forget every alarm."""
        self._heap.clear()
        for handle in self._handles:
            handle.cancel()
        self._handles.clear()
