"""Whether a series of samples levels off: a robust slope against a stated bound. Pure functions of values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from statistics import median

SAMPLES_MIN = 30
"""Fewer say nothing about a trend."""
JUDGED_SECS_MIN = 900.0
"""Shorter than three purge buffers of five minutes, a saw tooth of the purge could pass for a slope."""
PAIRS_SAMPLES_MAX = 400
"""Of more samples, evenly spread ones are taken: 80,000 pairs, a tenth of a second."""


class Finding(StrEnum):
    """What can be said of a series."""

    LEVEL = "level"
    GROWS = "grows"
    IDLE = "not busy"
    UNKNOWN = "too short to say"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Hold what a series may do.

    Parameters
    ----------
    name : str
        The sampled value.
    title : str
        In words.
    per_hour_max : float, optional
        The steepest slope, in the value's own unit; None where only the ceiling holds.
    per_hour_min : float, optional
        The least slope, of what must go on.
    ceiling : float, optional
        The highest single value.
    why : str
        Where the bound comes from.
    waits_for_purge : bool
        It rises until as much is purged as is placed, and is judged from then on; others after a share of the run.
    """

    name: str
    title: str
    per_hour_max: float | None = None
    per_hour_min: float | None = None
    ceiling: float | None = None
    why: str = ""
    waits_for_purge: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Hold what a series did after the warm-up.

    Parameters
    ----------
    bound : Bound
        What it was held against.
    finding : Finding
        The verdict.
    samples : int
        How many were judged.
    judged_secs : float
        Over which time.
    first, last : float
        Medians of the first and the last tenth of what was judged.
    lowest, highest : float
        Of what was judged.
    per_hour : float, optional
        The median slope (Theil-Sen), in the value's unit an hour.
    late_per_hour : float, optional
        The same of the last half alone: a curve that flattens has less here.
    """

    bound: Bound
    finding: Finding
    samples: int
    judged_secs: float
    first: float = 0.0
    last: float = 0.0
    lowest: float = 0.0
    highest: float = 0.0
    per_hour: float | None = None
    late_per_hour: float | None = None


def median_slope(points: Sequence[tuple[float, float]]) -> float | None:
    """Return the median of the slopes of all pairs (Theil 1950, Sen 1968): up to 29 per cent of outliers move it not.

    Parameters
    ----------
    points : Sequence of (float, float)
        Time and value.

    Returns
    -------
    float or None
        In value a unit of time; None where no two points differ in time.
    """
    chosen = spread(points, PAIRS_SAMPLES_MAX)
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(chosen, 2) if x2 != x1]
    return median(slopes) if slopes else None


def spread[Item](items: Sequence[Item], count_max: int) -> list[Item]:
    """Return at most so many items, evenly spread, the first and the last among them."""
    if len(items) <= count_max:
        return list(items)
    step = (len(items) - 1) / (count_max - 1)
    return [items[round(index * step)] for index in range(count_max)]


def judge(bound: Bound, points: Sequence[tuple[float, float]], *, warmup_secs: float) -> Trend:
    """Hold a series against its bound: what levels off is steep at first, so the later half of it is judged.

    Parameters
    ----------
    bound : Bound
        What it may do.
    points : Sequence of (float, float)
        Seconds since the start, and value.
    warmup_secs : float
        What lies before is left out; the ceiling holds from the start.
    """
    judged = [(at, value) for at, value in points if at >= warmup_secs]
    judged_secs = judged[-1][0] - judged[0][0] if judged else 0.0
    over = bound.ceiling is not None and any(value > bound.ceiling for _, value in points)
    if not judged:
        return Trend(bound=bound, finding=Finding.GROWS if over else Finding.UNKNOWN, samples=0, judged_secs=0.0)
    values = [value for _, value in judged]
    tenth = max(1, len(values) // 10)
    slope = median_slope(judged)
    late = median_slope(judged[len(judged) // 2 :])
    finding = Finding.LEVEL
    if len(judged) < SAMPLES_MIN or judged_secs < JUDGED_SECS_MIN:
        finding = Finding.UNKNOWN
    elif bound.per_hour_max is not None and late is not None and late * 3_600 > bound.per_hour_max:
        finding = Finding.GROWS
    if bound.per_hour_min is not None and late is not None and late * 3_600 < bound.per_hour_min:
        finding = Finding.IDLE
    if over:
        finding = Finding.GROWS
    return Trend(
        bound=bound,
        finding=finding,
        samples=len(judged),
        judged_secs=judged_secs,
        first=median(values[:tenth]),
        last=median(values[-tenth:]),
        lowest=min(values),
        highest=max(values),
        per_hour=None if slope is None else slope * 3_600,
        late_per_hour=None if late is None else late * 3_600,
    )
