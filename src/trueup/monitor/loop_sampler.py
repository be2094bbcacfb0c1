"""How late an event loop is, and whether it runs at all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from trueup.monitor.histogram import Histogram
from trueup.ops.metrics import LAG_BUCKETS


class LoopSampler:
    """Ask an event loop again and again to do nothing, and note how late it does it.

    The clock is ``time.perf_counter``: uvloop's own ``loop.time()`` has steps of 1 ms.

    Parameters
    ----------
    interval_secs : float
        Between two samples.
    """

    def __init__(self, interval_secs: float) -> None:
        self.seconds = Histogram(LAG_BUCKETS)
        self.lag_max_secs = 0.0
        self.beat_ns = 0
        self._interval_secs = interval_secs
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._on_beat: Callable[[], None] | None = None

    def begin(self, loop: asyncio.AbstractEventLoop, on_beat: Callable[[], None] | None = None) -> None:
        """Begin, on the loop; ``on_beat`` is called at each sample and must be quick and not raise."""
        self._loop, self._on_beat = loop, on_beat
        self._beat_again()

    def end(self) -> None:
        """End; what is scheduled on a loop that is closed never runs anyway."""
        self._loop = None
        if self._timer is not None:
            self._timer.cancel()

    def _beat(self) -> None:
        lag_secs = max(0.0, time.perf_counter() - self._due)
        self.seconds.add(lag_secs)
        self.lag_max_secs = max(self.lag_max_secs, lag_secs)
        if self._on_beat is not None:
            self._on_beat()
        self._beat_again()

    def _beat_again(self) -> None:
        self.beat_ns = time.time_ns()
        if self._loop is not None and not self._loop.is_closed():
            self._due = time.perf_counter() + self._interval_secs
            self._timer = self._loop.call_later(self._interval_secs, self._beat)
