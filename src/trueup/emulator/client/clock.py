"""The emulator's clock by the control port."""

from __future__ import annotations

import msgspec

from trueup.emulator.client.connection import Connection


class ClockReading(msgspec.Struct, frozen=True):
    """The emulator's clock: its kind (real or manual), its time, and its offset if it is real."""

    kind: str
    now_ms: int
    offset_ms: int


class Clock(Connection):
    """Read, step and offset the clock."""

    def clock(self) -> ClockReading:
        """Return the clock."""
        return self._call("GET", "/clock", ClockReading)

    def step_clock(self, step_ms: int) -> int:
        """Step a manual clock, let happen what is due, and return the new time."""
        return self._call("POST", "/clock/step", dict[str, int], {"step_ms": step_ms})["now_ms"]

    def offset_clock(self, offset_ms: int) -> int:
        """Set the offset of a real clock and return the new time."""
        return self._call("POST", "/clock/offset", dict[str, int], {"offset_ms": offset_ms})["now_ms"]
