"""Drills: scenarios in which a live node loses touch with its venue, run for real and judged from outside.

A scenario is data (``scenarios/*.toml``). A run has a simulated venue whose truth lives in the drill's process, and a
real node in a process of its own, which is killed for real. A comparer that shares no code with the core of trueup says
what differs at the end. Only ``trueup.drills.engine`` imports NautilusTrader.
"""

from __future__ import annotations

from trueup.drills.compare import Comparison, Difference, Finding, compare
from trueup.drills.fleet import Fleet, run_all
from trueup.drills.outcome import Outcome
from trueup.drills.scenario import Mode, Scenario, find_scenario, scenarios

__all__ = [
    "Comparison",
    "Difference",
    "Finding",
    "Fleet",
    "Mode",
    "Outcome",
    "Scenario",
    "compare",
    "find_scenario",
    "run_all",
    "scenarios",
]
