"""What became of the steps of a plan."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from trueup.model.steps import Amend, Fill, Final, Seed, Step

PROBLEMS_MAX = 200
"""Problems kept of one plan; what happened two hundred times needs no further telling."""


@dataclass
class Applied:
    """Count what was done, step by step, and hold what went wrong."""

    done: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def note(self, problem: str) -> None:
        """Keep a problem, within bounds."""
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(problem)

    @property
    def steps(self) -> int:
        """Return how many steps were done."""
        return sum(self.done.values())


def instrument_of(step: Step) -> str:
    """Return the instrument that a step is about."""
    match step:
        case Seed() | Amend() | Final():
            return step.order.instrument_id
        case Fill():
            return step.fill.instrument_id
        case _:
            return step.instrument_id
