"""Every kind of discrepancy in a running node: how long until it is seen, and until it is healed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from typing import Any, Final

from benchmarks.result import Figure, Result

LIVES: Final = 5
TIMEOUT_SECS: Final = 3_600.0
PATIENCE_SECS: Final = 300.0
"""Of one wait in a life: a look at history comes once a minute, and a difference that stays is looked at ever rarer."""
SEEN_SECS_GOAL: Final = 15.0
SHIPPED: Final = {"mode": "verified", "startup_delay_secs": 0.1}
"""What is shipped in all that matters here: a look every 5 s, at history every 60 s, a submit grace of 10 s."""
QUICK: Final = {
    **SHIPPED,
    "open_check_interval_secs": 0.3,
    "second_look_secs": 0.15,
    "submit_grace_secs": 0.5,
    "deep_interval_secs": 1.0,
}
SEEN_BY_DEEP_LOOKS: Final = frozenset({"FILL_COMMISSION"})
"""Without an effect on any order or position, so that only the look at history sees it."""


def run(quick: bool) -> Result:
    """Run some lives side by side, in each of which every kind is brought about once: they mostly wait."""
    lives = [_start(QUICK if quick else SHIPPED, seed) for seed in range(1 if quick else LIVES)]
    try:
        found = [_finish(process) for process in lives]
    finally:
        for process in lives:
            process.kill()
            process.wait()
    by_kind: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for said in found:
        for one in said:
            by_kind[one["kind"]].append(one)
    figures: list[Figure] = []
    for kind, samples in by_kind.items():
        figures += _figures(kind, samples)
    return Result(
        title="Detection and healing, kind by kind",
        measured=(
            "A running verified node on a small venue in its own process, a look every 5 s and a look at history every"
            " 60 s as shipped. At a random instant between two looks the venue's truth is changed, or its stream says"
            " something else than its lists. *Seen*: until the monitor was told of the difference. *Healed*: from there"
            " until two looks agreed and the node was equal again. *Gone after the cure*: for what a running node"
            " refuses to heal by itself, from the moment when the venue's truth was put right. Where the difference is"
            " that an order is not listed, the order is older than the submit grace of 10 s."
        ),
        excludes=(
            "No network: a real venue adds the latency of two questions, and of about three more for healing.",
            "One difference at a time, in a node that trades nothing else meanwhile.",
            "A trade that was booked on two orders is put right by the next start alone, which is not measured here.",
            "A difference of balances is not brought about: no verdict claims balances.",
        ),
        figures=tuple(figures),
    )


def _figures(kind: str, samples: list[dict[str, Any]]) -> list[Figure]:
    words = f"`{kind}`"
    goal = None if kind in SEEN_BY_DEEP_LOOKS else SEEN_SECS_GOAL
    figures = [Figure(f"{words}: seen", "s", _secs(samples, "detected_secs"), goal, better="less")]
    resolved = [one for one in samples if "resolved_secs" in one]
    if resolved:
        end = "gone after the cure" if resolved[0]["cured"] else "healed"
        figures.append(Figure(f"{words}: {end}", "s", _secs(resolved, "resolved_secs")))
    return figures


def _secs(samples: list[dict[str, Any]], field: str) -> tuple[float, ...]:
    return tuple(float(one[field]) for one in samples)


def _start(settings: dict[str, Any], seed: int) -> subprocess.Popen[str]:
    # The program is that of the tests: what is measured is what is proven.
    return subprocess.Popen(
        [sys.executable, "-m", "tests.integration.monitor.kinds_main", json.dumps(settings)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PATIENCE_SECS": str(PATIENCE_SECS), "SEED": str(seed)},
    )


def _finish(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    _, said = process.communicate(timeout=TIMEOUT_SECS)
    lines = [json.loads(line.removeprefix("LINE ")) for line in said.splitlines() if line.startswith("LINE ")]
    failed = [line["error"] for line in lines if line["event"] == "script_failed"]
    if failed or process.returncode:
        raise RuntimeError(f"a life ended with {process.returncode}: {failed or said[-2_000:]}")
    return [line for line in lines if line["event"] == "kind"]
