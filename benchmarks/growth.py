"""How a start-up grows with the history: native beside verified, at many sizes, as curves."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from typing import Final

from benchmarks.node.process import live
from benchmarks.result import Chart, Curve, Figure, Result

SIZES: Final = (500, 1_000, 2_000, 5_000, 10_000, 20_000)
SIZES_QUICK: Final = (200, 400)
REPETITIONS: Final = 3
REPETITIONS_NATIVE: Final = 1
"""At 20,000 orders a native start takes a minute, and differs between runs by less than the curve's line is wide."""

CASES: Final = {
    "Native, one-sided": ("native", "one_sided", "current"),
    "Native, round trips": ("native", "round_trips", "current"),
    "Verified, one-sided": ("verified", "one_sided", "current"),
    "Verified, round trips, `full`": ("verified", "round_trips", "full"),
    "Verified, round trips, default": ("verified", "round_trips", "current"),
}
"""What is started, by the name of its curve."""

type Samples = Mapping[int, tuple[float, ...]]
"""Processor time in seconds by the number of closed orders."""


def run(quick: bool) -> Result:
    """Measure every case at every size, one process after the other."""
    sizes = SIZES_QUICK if quick else SIZES
    found = {name: _measure(case, sizes, quick=quick) for name, case in CASES.items()}
    return Result(
        title="Growth of a start-up with its history",
        measured=(
            "The account of *Start-up* (1,000 working orders, 100 positions) with a history of"
            f" {sizes[0]:,} to {sizes[-1]:,} closed orders of one fill each, all of it read and nothing in a store."
            " Processor time of the engine's start-up reconciliation, the verified one with its second look; one"
            " process after the other on the same machine in the same run. The chart is logarithmic on both axes: the"
            " slope of a line is the exponent with which it grows."
        ),
        excludes=(
            "Wall time, which is the same within a few percent where nothing else runs, and reading from a venue.",
            "Native starts are run once at each size, verified ones three times; the chart shows medians.",
            "At the smallest sizes most of the time is that of the 1,000 working orders and 100 positions.",
        ),
        figures=tuple(figure for name in CASES for figure in _figures(name, found[name])),
        charts=(
            Chart(
                name="startup",
                title="Processor time of a start-up, by closed orders in its history",
                x="closed orders",
                y="seconds of processor time",
                curves=tuple(_curve(name, samples) for name, samples in found.items()),
                logarithmic=True,
            ),
        ),
    )


def _measure(case: tuple[str, str, str], sizes: tuple[int, ...], *, quick: bool) -> Samples:
    mode, shape, history = case
    times = 1 if quick else REPETITIONS_NATIVE if mode == "native" else REPETITIONS
    return {
        closed: tuple(
            float(live("startup", mode=mode, shape=shape, history=history, closed=closed)["start_up"]["cpu_secs"])
            for _ in range(times)
        )
        for closed in sizes
    }


def _curve(name: str, samples: Samples) -> Curve:
    points = tuple((float(closed), statistics.median(times)) for closed, times in samples.items())
    return Curve(name.replace("`", ""), points)


def _figures(name: str, samples: Samples) -> list[Figure]:
    """Return the time at the largest size, and the exponent with which it grew over the last two sizes."""
    small, large = sorted(samples)[-2:]
    spent = Figure(f"{name}, {large:,} closed orders: processor time", "s", samples[large], better="less")
    growth = statistics.median(samples[large]) / statistics.median(samples[small])
    exponent = math.log(growth) / math.log(large / small)
    words = f"{name}: exponent of growth, {small:,} to {large:,} (1 is in proportion, 2 is with the square)"
    return [spent, Figure(words, "", (exponent,), better="less")]
