"""Clocks: wall, processor, how long the event loop was held, and memory."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TURN_SECS: Final = 0.001
MIB: Final = 1024.0


@dataclass
class Spent:
    """What a piece of work took."""

    wall_secs: float = 0.0
    cpu_secs: float = 0.0


@contextmanager
def spending() -> Iterator[Spent]:
    """Measure a piece of work; the processor time is that of all threads of this process."""
    spent = Spent()
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield spent
    finally:
        spent.wall_secs, spent.cpu_secs = time.perf_counter() - wall, time.process_time() - cpu


class LoopWatch:
    """Watch the event loop: the longest time between two of its turns.

    ``wall_ms_max`` is what a clock shows; on a shared machine it holds the time in which other processes had the
    processor. ``held_ms_max`` counts of each such pause only what this process itself computed meanwhile (all threads,
    so the interpreter's lock is in it), which is never more than what the clock shows.
    """

    def __init__(self) -> None:
        self.wall_ms_max = 0.0
        self.held_ms_max = 0.0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> LoopWatch:
        self._task = asyncio.create_task(self._watch())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        await asyncio.sleep(2 * TURN_SECS)  # let it see a pause that has just ended
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _watch(self) -> None:
        while True:
            wall, cpu = time.perf_counter(), time.process_time()
            await asyncio.sleep(TURN_SECS)
            paused = time.perf_counter() - wall - TURN_SECS
            self.wall_ms_max = max(self.wall_ms_max, paused * 1000)
            self.held_ms_max = max(self.held_ms_max, min(paused, time.process_time() - cpu) * 1000)


def resident_mib(field: str = "VmRSS") -> float:
    """Return the resident memory of this process, or with ``VmHWM`` its peak since `forget_peak`."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / MIB
    raise AssertionError(f"no {field}")


def forget_peak() -> None:
    """Let the peak begin anew (man 5 proc, clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


async def until(holds: Callable[[], bool], timeout_secs: float, poll_secs: float = 0.02) -> bool:
    """Wait until something holds, and return whether it does: nothing of the engine can be awaited for it."""
    ends = time.monotonic() + timeout_secs
    while not (held := holds()) and time.monotonic() < ends:  # noqa: ASYNC110 - see above
        await asyncio.sleep(poll_secs)
    return held
