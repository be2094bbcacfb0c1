"""Clocks: the only source of time that the engine knows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Tell the time in UNIX milliseconds."""

    def now_ms(self) -> int:
        """Return the time now."""
        ...


class RealClock:
    """The machine's clock, moved by a fixed offset.

    Parameters
    ----------
    offset_ms : int, default 0
        Added to every reading. It may be changed while the venue runs; the venue itself never goes back in time.
    """

    def __init__(self, offset_ms: int = 0) -> None:
        self.offset_ms = offset_ms

    def now_ms(self) -> int:
        """Return the machine's time with the offset."""
        return time.time_ns() // 1_000_000 + self.offset_ms


class ManualClock:
    """A clock that only steps when told.

    Parameters
    ----------
    start_ms : int
        The first reading.
    """

    def __init__(self, start_ms: int) -> None:
        self._now_ms = start_ms
        self._listeners: list[Callable[[int], None]] = []

    def now_ms(self) -> int:
        """Return the time last set."""
        return self._now_ms

    def subscribe(self, listener: Callable[[int], None]) -> None:
        """Call `listener` with the new time after each step; the venue subscribes its own `advance`."""
        self._listeners.append(listener)

    def advance(self, step_ms: int) -> int:
        """Step forward and fire what is due.

        Returns
        -------
        int
            The new time.

        Raises
        ------
        ValueError
            If `step_ms` is negative: the venue's history only grows.
        """
        if step_ms < 0:
            msg = f"step_ms was {step_ms}, a clock only steps forward"
            raise ValueError(msg)
        self._now_ms += step_ms
        for listener in self._listeners:
            listener(self._now_ms)
        return self._now_ms
