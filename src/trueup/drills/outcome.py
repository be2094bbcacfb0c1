"""What came of one run of one scenario."""

from __future__ import annotations

from dataclasses import dataclass, field

from trueup.drills.compare import Comparison
from trueup.drills.records import NodeVerdict


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a run.

    Parameters
    ----------
    scenario_id, mode : str
        What was run.
    trading : bool
        Whether the node traded at the end.
    comparison : Comparison, optional
        The node beside the truth; None if the node could not be asked.
    unaided : bool
        Whether it was equal before verified mode was asked for a true-up at the end.
    equal_after_secs : float, optional
        When, counted from the last thing that happened to the node or the venue, it became equal for good.
    wall_secs : float
        How long the run took.
    starts : tuple[str, ...]
        How each start of a node ended: ``trading``, ``refused: ...``, ``pending``.
    verdict : NodeVerdict, optional
        What verified mode says of itself.
    queries : dict[str, int]
        How often the venue was asked what.
    warnings : tuple[str, ...]
        The engine's own words of level WARN and above, in the last life, without times.
    failure : str
        Why the run could not be completed; empty if it was.
    """

    scenario_id: str
    mode: str
    trading: bool = False
    comparison: Comparison | None = None
    unaided: bool = False
    equal_after_secs: float | None = None
    wall_secs: float = 0.0
    starts: tuple[str, ...] = ()
    verdict: NodeVerdict | None = None
    queries: dict[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    failure: str = ""

    @property
    def converged(self) -> bool | None:
        """Return whether the node traded and ended equal to the venue; None if it never came to trade."""
        if self.comparison is None or not self.trading:
            return None
        return self.comparison.is_equal

    @property
    def lines(self) -> tuple[str, ...]:
        """Return every difference in one line each, ownership and balance last."""
        if self.comparison is None:
            return ()
        all_findings = (*self.comparison.findings, *self.comparison.ownership, *self.comparison.balance)
        return tuple(str(finding) for finding in all_findings)
