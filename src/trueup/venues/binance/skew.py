"""How far the venue's clock is from ours, measured. Pure.

One exchange of times bounds the offset by half its round trip (Cristian's algorithm): the venue read its clock between
our sending and our receiving. The narrowest of the last measurements counts, and a new one that contradicts it
(a clock was set) replaces it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SAMPLES_MAX: Final = 8
"""Measurements kept: enough to meet a quick round trip, few enough that a drift of 1 ms a minute shows."""
WARN_MS: Final = 1_000
"""Beyond this the venue refuses timestamps that are ahead of it (-1021), whatever the recvWindow."""


@dataclass(frozen=True, slots=True)
class SkewSample:
    """One exchange of times, in milliseconds: ours when sent, the venue's, ours when received."""

    sent_ms: int
    venue_ms: int
    received_ms: int

    @property
    def round_trip_ms(self) -> int:
        """Return the round trip, never negative."""
        return max(0, self.received_ms - self.sent_ms)

    @property
    def offset_ms(self) -> int:
        """Return what to add to our clock to have the venue's."""
        return self.venue_ms - (self.sent_ms + self.received_ms) // 2

    @property
    def error_ms(self) -> int:
        """Return the most by which `offset_ms` can be wrong: half a round trip and a millisecond of rounding."""
        return self.round_trip_ms // 2 + 1


@dataclass(frozen=True, slots=True)
class SkewEstimate:
    """The offset in use, how sure it is, and the measurements behind it."""

    samples: tuple[SkewSample, ...] = ()

    @property
    def best(self) -> SkewSample | None:
        """Return the narrowest measurement, the newest of equals."""
        return min(reversed(self.samples), key=lambda sample: sample.error_ms, default=None)

    @property
    def offset_ms(self) -> int:
        """Return what to add to our clock to have the venue's; 0 before the first measurement."""
        best = self.best
        return 0 if best is None else best.offset_ms

    @property
    def error_ms(self) -> int | None:
        """Return the most by which the offset can be wrong, or None before the first measurement."""
        best = self.best
        return None if best is None else best.error_ms

    @property
    def is_large(self) -> bool:
        """Return whether a client that did not correct its clock would be refused."""
        best = self.best
        return best is not None and abs(best.offset_ms) - best.error_ms >= WARN_MS

    def venue_ms(self, now_ms: int) -> int:
        """Return the venue's time at our `now_ms`."""
        return now_ms + self.offset_ms

    def add(self, sample: SkewSample) -> SkewEstimate:
        """Take in a measurement; older ones that it contradicts are forgotten."""
        kept = tuple(held for held in self.samples if _agree(held, sample))
        return SkewEstimate((*kept, sample)[-SAMPLES_MAX:])


def _agree(one: SkewSample, other: SkewSample) -> bool:
    return abs(one.offset_ms - other.offset_ms) <= one.error_ms + other.error_ms
