"""What became of the steps of a plan."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

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
