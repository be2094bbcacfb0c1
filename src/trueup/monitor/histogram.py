"""A histogram that one thread writes and others read, and the quantiles of its latest values."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from math import ceil

LATEST_MAX = 256
"""Values kept for quantiles: enough that the 99th percentile is not simply the highest."""


class Histogram:
    """Count values by bucket, as Prometheus does, and keep the latest.

    Written by one thread and read by others without a lock: a reader may see a value in its bucket and not yet in the
    sum, which the next scrape mends.

    Parameters
    ----------
    bounds : tuple of float
        Upper bounds, rising, without infinity.
    """

    __slots__ = ("bounds", "counts", "latest", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0
        self.latest: deque[float] = deque(maxlen=LATEST_MAX)

    def add(self, value: float) -> None:
        """Take a value in."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value
        self.latest.append(value)

    def cumulative(self) -> list[tuple[str, float]]:
        """Return the buckets as Prometheus writes them: each bound with how many values are not above it."""
        counts = list(self.counts)
        found, so_far = [], 0
        for bound, count in zip((*self.bounds, float("inf")), counts, strict=True):
            so_far += count
            found.append(("+Inf" if bound == float("inf") else repr(bound), float(so_far)))
        return found

    def quantiles(self, *shares: float) -> tuple[float | None, ...]:
        """Return the quantiles of the latest values by nearest rank; None where there is no value."""
        values = sorted(self.latest.copy())
        if not values:
            return (None,) * len(shares)
        return tuple(values[max(0, ceil(share * len(values)) - 1)] for share in shares)
