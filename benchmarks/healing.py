"""A fill that gets lost without a trace: how long until the node has it, at the settings that are shipped."""

from __future__ import annotations

from typing import Any, Final

from benchmarks.node.process import finish, start
from benchmarks.result import Figure, Result

SAMPLES: Final = 8
PATIENCE_SECS: Final = 45.0
HEALED_SECS_GOAL: Final = 15.0


def run(quick: bool) -> Result:
    """Measure one node of each mode, side by side: both mostly wait."""
    samples = 2 if quick else SAMPLES
    lives = {
        mode: start("healing", mode=mode, samples=samples, patience_secs=PATIENCE_SECS)
        for mode in ("native", "verified")
    }
    try:
        found = {mode: finish(process)["samples"] for mode, process in lives.items()}
    finally:
        for process in lives.values():
            process.kill()
            process.wait()
    figures: list[Figure] = []
    for mode in ("native", "verified"):
        for whole, words in ((True, "a lost fill that filled its order whole"), (False, "a lost fill of a part")):
            figures += _figures(mode, words, [one for one in found[mode] if one["whole"] is whole])
    return Result(
        title="Healing of a lost fill",
        measured=(
            "A running node with 20 working orders and 20 positions, with the plan's reconciliation settings as they"
            " are shipped (`ReconciliationConfig()`, a look every 5 s); at a random instant the venue fills an order"
            " and nothing of it reaches the node. Measured until the node's order has the filled quantity. *With the"
            " venue's own record* counts those whose trade id, price and commission are the venue's."
        ),
        excludes=(
            "No network: a real venue adds the latency of about three questions.",
            f"A fill that the node has not got after {PATIENCE_SECS:g} s counts as {PATIENCE_SECS:g} s and not healed.",
            "Native with its own defaults makes no periodic check at all; here it has the plan's.",
            "One fill at a time, in an account that is otherwise quiet.",
        ),
        figures=tuple(figures),
    )


def _figures(mode: str, words: str, found: list[dict[str, Any]]) -> list[Figure]:
    goal = HEALED_SECS_GOAL if mode == "verified" else None
    secs = tuple(float(one["secs"]) for one in found)
    figures = [Figure(f"{mode.capitalize()}: {words}, until the node has it", "s", secs, goal, better="less")]
    for field, says in (("healed", "healed"), ("real", "with the venue's own record")):
        share = 100.0 * sum(bool(one[field]) for one in found) / len(found)
        figures.append(
            Figure(f"{mode.capitalize()}: {words}, {says}", "%", (share,), 100.0 if mode == "verified" else None)
        )
    return figures
