"""One look at both sides of an account, as a value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from trueup.core.diff import Comparison
from trueup.model.coverage import Coverage, KindCoverage, RecordKind
from trueup.model.discrepancies import Discrepancy
from trueup.model.positions import PositionKey
from trueup.model.snapshots import NodeSnapshot
from trueup.model.steps import Refusal, Step
from trueup.model.verdicts import Verdict, VerdictState, verdict_of
from trueup.node.pacing import Pile
from trueup.venues.draft import VenueReading

CHEAP_CLAIMS = frozenset({RecordKind.ORDERS_OPEN, RecordKind.POSITIONS})
"""What a cheap look can speak for: two calls, no history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Hold one look: both readings, their comparison, and the verdict.

    Parameters
    ----------
    reading : VenueReading
        The venue's side.
    node : NodeSnapshot
        The node's side, read after it.
    comparison : Comparison
        What differs, and what is only under way.
    verdict : Verdict
        What the look is worth.
    unexplained : frozenset of PositionKey
        Positions that the fills read did not explain.
    """

    reading: VenueReading
    node: NodeSnapshot
    comparison: Comparison
    verdict: Verdict
    unexplained: frozenset[PositionKey] = frozenset()

    @property
    def discrepancies(self) -> tuple[Discrepancy, ...]:
        """Return what differs."""
        return self.comparison.discrepancies

    @property
    def fingerprints(self) -> frozenset[str]:
        """Return the stable names of what differs."""
        return frozenset(one.fingerprint for one in self.comparison.discrepancies)

    def piles(self) -> list[Pile]:
        """Return all that the look holds, to be freed piece by piece (`trueup.node.pacing.let_go`).

        Nobody may read the look afterwards: its indexes are emptied.
        """
        venue, node = self.reading.snapshot, self.node
        return [
            list(self.discrepancies),
            list(venue.orders),
            list(venue.fills),
            list(node.orders),
            list(node.fills),
            self.reading.order_reports,
            self.reading.fill_reports,
            *venue.indexes(),
            *node.indexes(),
        ]

    @property
    def is_clean(self) -> bool:
        """Return whether the look proved both sides equal, as far as it claims."""
        return self.verdict.state is VerdictState.CLEAN


UNKNOWNS_TOLD_MAX = 20
"""Of one look: hundreds of failed questions have one cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookNote:
    """Hold what is told of one check of one account, whether it found anything or not.

    Parameters
    ----------
    account_id : str
        The account.
    check : str
        ``startup``, ``cheap``, ``deep``, ``gap`` or ``demand``.
    began_ns : int
        When it began, on the node's clock.
    secs : float
        How long it took.
    look : Look or None
        The last look in it; None when it raised before it saw anything.
    steps : int
        How many steps were applied.
    failure : str
        What it raised.
    """

    account_id: str
    check: str
    began_ns: int
    secs: float
    look: Look | None
    steps: int = 0
    failure: str = ""

    def as_data(self) -> dict[str, Any]:
        """Return the note as plain JSON values."""
        data: dict[str, Any] = {
            "account_id": self.account_id,
            "check": self.check,
            "began_ns": self.began_ns,
            "secs": self.secs,
            "steps": self.steps,
            "failure": self.failure,
            "verdict": VerdictState.UNKNOWN.value,
        }
        if self.look is None or self.failure:
            return data
        verdict = self.look.verdict
        return data | {
            "verdict": verdict.state.value,
            "verdict_ns": verdict.time_ns,
            "discrepancies": verdict.discrepancy_count,
            "pending": verdict.pending_count,
            "unknowns": list(verdict.unknowns[:UNKNOWNS_TOLD_MAX]),
            "unchecked": list(verdict.unchecked),
            "window_from_ns": None if verdict.window is None else verdict.window.start_ns,
            "coverage": {kind.value: _how_far(verdict.coverage.of(kind)) for kind in RecordKind},
        }


def _how_far(part: KindCoverage) -> str:
    """Return the coverage of one kind in a word: ``complete``, ``cut``, ``failed`` or ``not_asked``."""
    if part.asked is None:
        return "not_asked"
    if part.failures or part.got is None:
        return "failed"
    return "complete" if part.is_complete else "cut"


STEPS_KEPT_MAX = 2_000
"""Of one true-up. A replay of 100,000 steps is no list to read, and would keep 50 MB for as long as it is shown."""
_WORST_FIRST = (VerdictState.DISCREPANT, VerdictState.UNKNOWN, VerdictState.CLEAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueUpOutcome:
    """Hold what a true-up of a node came to, all accounts together.

    Parameters
    ----------
    verdicts : tuple of Verdict
        One for each account, after everything was done.
    discrepancies : tuple of Discrepancy
        What still differs.
    refused : tuple of Refusal
        Why it was not healed, and what the operator should do.
    steps : tuple of Step
        What was applied to the node; of a long replay the first `STEPS_KEPT_MAX`.
    steps_more : int
        Steps that were applied beyond those.
    problems : tuple of str
        Steps that could not be applied.
    """

    verdicts: tuple[Verdict, ...] = ()
    discrepancies: tuple[Discrepancy, ...] = ()
    refused: tuple[Refusal, ...] = ()
    steps: tuple[Step, ...] = ()
    steps_more: int = 0
    problems: tuple[str, ...] = ()

    @property
    def steps_count(self) -> int:
        """Return how many steps were applied."""
        return len(self.steps) + self.steps_more

    def with_steps(self, steps: tuple[Step, ...]) -> TrueUpOutcome:
        """Return the outcome with more steps applied, of which only so many are kept."""
        kept = (*self.steps, *steps[: max(0, STEPS_KEPT_MAX - len(self.steps))])
        return replace(self, steps=kept, steps_more=self.steps_count + len(steps) - len(kept))

    @property
    def verdict(self) -> VerdictState:
        """Return the worst verdict of any account; UNKNOWN where there is none."""
        states = {verdict.state for verdict in self.verdicts}
        return next((state for state in _WORST_FIRST if state in states), VerdictState.UNKNOWN)

    @property
    def coverage(self) -> dict[str, Coverage]:
        """Return how far the venue was read, account by account."""
        return {verdict.account_id: verdict.coverage for verdict in self.verdicts}

    @property
    def lines(self) -> tuple[str, ...]:
        """Return one line for each difference, each unknown and each refusal, for a person to read.

        There is at least one unless the verdict is CLEAN. What is not checked is said of a CLEAN verdict, too.
        """
        said = [str(one) for one in self.discrepancies]
        said += [unknown for verdict in self.verdicts for unknown in verdict.unknowns]
        said += [f"not healed: {refusal.reason}; do: {refusal.action}" for refusal in self.refused]
        said += self.problems
        if not said and self.verdict is VerdictState.UNKNOWN:
            said.append("no account was looked at")
        said += [line for verdict in self.verdicts for line in verdict.unchecked]
        return tuple(said)


def unfinished(account_id: str, time_ns: int, reason: str) -> TrueUpOutcome:
    """Return the outcome of an account whose true-up was not finished: UNKNOWN, and why.

    It must have a verdict of its own, else the other accounts' would stand for it.
    """
    verdict = verdict_of(
        account_id=account_id,
        time_ns=time_ns,
        coverage=Coverage(),
        discrepancies=(),
        node_unknowns=(reason,),
        claims=frozenset(),
    )
    return TrueUpOutcome(verdicts=(verdict,))


def together(outcomes: list[TrueUpOutcome]) -> TrueUpOutcome:
    """Return the outcomes of several accounts as one."""
    return TrueUpOutcome(
        verdicts=tuple(one for outcome in outcomes for one in outcome.verdicts),
        discrepancies=tuple(one for outcome in outcomes for one in outcome.discrepancies),
        refused=tuple(one for outcome in outcomes for one in outcome.refused),
        steps=tuple(one for outcome in outcomes for one in outcome.steps),
        steps_more=sum(outcome.steps_more for outcome in outcomes),
        problems=tuple(one for outcome in outcomes for one in outcome.problems),
    )
