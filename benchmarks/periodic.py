"""A periodic check with thousands of working orders and nothing wrong, native beside verified."""

from __future__ import annotations

from typing import Any, Final

from benchmarks.node.process import live
from benchmarks.result import Figure, Result

WORKING: Final = 5_000
SAMPLES: Final = 20
CHECK_SECS_GOAL: Final = 1.0
CHECK_WALL_SECS_GOAL: Final = 5.0
LOOP_MS_GOAL: Final = 50.0

_WORDS: Final = {
    "open_only": "Native, orders and positions, `open_check_open_only=True`",
    "all": "Native, orders and positions, `open_check_open_only=False`",
    "cheap": "Verified, the cheap look of every interval",
    "deep": "Verified, a whole true-up (orders, fills, positions, history of the last hour)",
}


def run(quick: bool) -> Result:
    """Measure one node of each mode."""
    working, samples = (500, 5) if quick else (WORKING, SAMPLES)
    found: dict[str, list[dict[str, float]]] = {}
    for mode in ("native", "verified"):
        found |= live("periodic", mode=mode, working=working, samples=samples)
    figures: list[Figure] = []
    for kind, words in _WORDS.items():
        goals = kind in ("cheap", "deep")
        figures += [
            _figure(f"{words}: processor time", "s", found[kind], "cpu_secs", CHECK_SECS_GOAL if goals else None),
            _figure(f"{words}: wall time", "s", found[kind], "wall_secs", CHECK_WALL_SECS_GOAL if goals else None),
            _figure(f"{words}: loop held", "ms", found[kind], "held_ms", LOOP_MS_GOAL if goals else None),
        ]
    return Result(
        title="Periodic check",
        measured=(
            f"A running node with {working:,} working orders, 1,000 closed ones and 100 positions, all equal to the"
            f" venue's; {samples} checks of each kind. Native: the two methods that the engine's own loop calls."
            " Verified: what the monitor does at every interval, and what it does in rotation or on demand."
        ),
        excludes=(
            "The client answers from reports built before: no network, no decoding.",
            "Nothing differs. A check that finds something asks further questions, whose cost is the venue's latency.",
            "The native check compares status and filled quantity of orders; the verified one all that a record has.",
            (
                "Wall time holds the time in which other processes had the processor; processor time does not,"
                " but it is longer on a busy machine, too (shared caches and cores)."
            ),
            "*Loop held* counts of each pause between two turns of the loop what this process computed meanwhile.",
        ),
        figures=tuple(figures),
    )


def _figure(words: str, unit: str, found: list[dict[str, Any]], field: str, goal: float | None) -> Figure:
    return Figure(words, unit, tuple(float(one[field]) for one in found), goal, better="less")
