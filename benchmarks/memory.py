"""A thousand purge cycles: what a node keeps, native beside verified."""

from __future__ import annotations

from typing import Final

from benchmarks.node.process import finish, start
from benchmarks.result import Chart, Curve, Figure, Result

CYCLES: Final = 1_000
WARM_UP: Final = 200
INSTRUMENTS: Final = 4
FLAT_MIB: Final = 8.0
"""Beyond native's own growth. A leak of one order record and its fill (1.5 KiB) a closed order would be 9 MiB."""
FLAT_OBJECTS: Final = 2.0
"""Objects a cycle beyond native's. A leak of one record for each of the 8 orders of a cycle would be 8 or more."""


def run(quick: bool) -> Result:
    """Measure one node of each mode, side by side."""
    cycles, warm_up = (150, 130) if quick else (CYCLES, WARM_UP)
    terms = {"cycles": cycles, "warm_up": warm_up, "instruments": INSTRUMENTS}
    lives = {mode: start("memory", mode=mode, **terms) for mode in ("native", "verified")}
    try:
        found = {mode: finish(process) for mode, process in lives.items()}
    finally:
        for process in lives.values():
            process.kill()
            process.wait()
    grown = {mode: _grown_mib(one["samples"], warm_up) for mode, one in found.items()}
    objects = {mode: (one["objects"][1] - one["objects"][0]) / (cycles - warm_up) for mode, one in found.items()}
    figures: list[Figure] = []
    for mode in ("native", "verified"):
        one = found[mode]
        whole = one["samples"][-1][1]
        figures += [
            Figure(f"{mode.capitalize()}: resident memory at the end", "MiB", (whole,), better="less"),
            Figure(
                f"{mode.capitalize()}: growth of resident memory, cycle {warm_up} to {cycles}",
                "MiB",
                (grown[mode],),
                better="less",
            ),
            Figure(
                f"{mode.capitalize()}: objects kept for each cycle (8 orders, 8 fills, 4 positions)",
                "objects",
                (objects[mode],),
                better="less",
                note=_most(one["grown"]),
            ),
            Figure(
                f"{mode.capitalize()}: orders left in the cache at the end",
                "orders",
                (float(one["orders_left"]),),
                better="less",
            ),
        ]
    beyond = grown["verified"] - grown["native"]
    figures += [
        Figure("Verified beyond native: growth of resident memory", "MiB", (beyond,), FLAT_MIB, better="less"),
        Figure(
            "Verified beyond native: objects kept for each cycle",
            "objects",
            (objects["verified"] - objects["native"],),
            FLAT_OBJECTS,
            better="less",
        ),
    ]
    return Result(
        title="Memory over purge cycles",
        measured=(
            f"{cycles:,} cycles in one node: a strategy buys and sells one contract of {INSTRUMENTS} instruments, the"
            " verified node makes a whole true-up, and everything that has been closed for a second is purged from the"
            " cache (orders, positions, account events) by the calls that the engine's purge timers make. Resident"
            " memory after a full collection, and a count of all objects that the collector knows, after"
            f" {warm_up} cycles and at the end."
        ),
        excludes=(
            (
                "Accelerated: a cycle takes a fraction of a second instead of the ten minutes of the shipped"
                " interval, and the buffer is a second instead of an hour."
            ),
            (
                "What native itself keeps for ever (statistics of every closed position, a snapshot of every"
                " closed cycle) grows in both modes; it is what *beyond native* leaves out."
            ),
            "In memory, without a store. The venue of the benchmark keeps its newest 1,000 orders.",
            (
                "The collector does not know objects without references to others, such as numbers and texts;"
                " resident memory holds them."
            ),
        ),
        figures=tuple(figures),
        charts=(
            Chart(
                name="resident",
                title="Resident memory over purge cycles",
                x="cycles",
                y="MiB",
                curves=tuple(
                    Curve(mode.capitalize(), tuple((float(cycle), float(mib)) for cycle, mib in one["samples"]))
                    for mode, one in found.items()
                ),
            ),
        ),
    )


def _grown_mib(samples: list[tuple[int, float]], warm_up: int) -> float:
    first = min(samples, key=lambda one: abs(one[0] - warm_up))
    return float(samples[-1][1] - first[1])


def _most(grown: list[tuple[str, int]]) -> str:
    return "most: " + ", ".join(f"{count:,} `{name}`" for name, count in grown[:3]) if grown else ""
