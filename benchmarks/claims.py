"""Claims: an account full of orders that somebody else placed, given to one strategy."""

from __future__ import annotations

from typing import Any, Final

from benchmarks.node.process import live
from benchmarks.result import Figure, Result

WORKING: Final = 10_000
INSTRUMENTS: Final = 100
REPETITIONS: Final = 2
CLAIMED_SECS_GOAL: Final = 10.0


def run(quick: bool) -> Result:
    """Measure, each start in a process of its own."""
    working, repetitions = (500, 1) if quick else (WORKING, REPETITIONS)
    found: dict[str, list[dict[str, Any]]] = {"native": [], "verified": [], "running": []}
    for _ in range(repetitions):
        terms = {"working": working, "instruments": INSTRUMENTS}
        found["native"].append(live("claims", mode="native", **terms))
        found["verified"].append(live("claims", mode="verified", **terms))
        found["running"].append(live("claims", mode="verified", when="running", **terms))
    what = {
        "native": "Native, claims by id, at the start",
        "verified": "Verified, claimed by one pattern, at the start",
        "running": "Verified, claimed while the node runs",
    }
    figures = []
    for name, lives in found.items():
        goal = None if name == "native" else CLAIMED_SECS_GOAL
        wall = tuple(float(one["claiming"]["wall_secs"]) for one in lives)
        cpu = tuple(float(one["claiming"]["cpu_secs"]) for one in lives)
        held = tuple(float(one["held_ms_max"]) for one in lives)
        figures += [
            Figure(f"{what[name]}: wall time", "s", wall, goal, better="less"),
            Figure(f"{what[name]}: processor time", "s", cpu, better="less"),
            Figure(f"{what[name]}: loop held", "ms", held, better="less"),
        ]
    return Result(
        title="Claims",
        measured=(
            f"A real node on an account with {working:,} working orders that somebody else placed and {INSTRUMENTS}"
            " open positions, behind an ordinary `LiveExecutionClient` whose reports were built before the clock began."
            " At the start: from the engine's call of its start-up reconciliation to its return, all of it given to one"
            " strategy. While the node runs: everything was EXTERNAL's; from `handle.claims.add(...)` to its return,"
            " which looks at the venue, moves everything, and looks again. Each in a process of its own, native and"
            " verified by turns. A run in which any order or position has another owner gives no figure."
        ),
        excludes=(
            "No network: reading 10,000 open orders of a real venue takes its own time, in both modes.",
            "No store: with one the move writes every moved order anew.",
            "While it runs, the move itself holds the event loop: who owns what must not change half.",
        ),
        figures=tuple(figures),
    )
