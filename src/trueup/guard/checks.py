"""Whether a row can ever matter, and whether one is weaker than another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trueup.guard.facts import ADVICE_RANK, LIFE_RANK, SEVERITY_RANK
from trueup.guard.groups import worst_severity
from trueup.guard.policy import PolicyRow
from trueup.model.discrepancies import DiscrepancyKind, Severity
from trueup.model.guard import GuardState
from trueup.model.verdicts import VerdictState


def why_never(row: PolicyRow) -> str:
    """Return why a row can never match; empty if it can."""
    if not row.names_something:
        return "it names no condition"
    if VerdictState.CLEAN in row.verdicts:
        return "it names the verdict CLEAN, which is what releases the guard"
    if row.severity is Severity.CRITICAL and row.kinds and not any(map(_can_be_critical, row.kinds)):
        return f"{', '.join(sorted(row.kinds))} is never CRITICAL"
    if row.node_is_flat and row.kinds and DiscrepancyKind.POSITION_QUANTITY not in row.kinds:
        return "only POSITION_QUANTITY can be about a position of which the node holds nothing"
    if any(level < 1 for _, level in row.levels):
        return "it names the level at which nothing is wrong"
    return ""


def _can_be_critical(kind: DiscrepancyKind) -> bool:
    return worst_severity(kind) is Severity.CRITICAL


def why_weaker(row: PolicyRow, than: PolicyRow) -> tuple[str, ...]:
    """Return in what a row lets more pass than another; empty if it holds wherever the other does, as strictly."""
    return tuple(_weaknesses(row, than))


def _weaknesses(row: PolicyRow, than: PolicyRow) -> Iterator[str]:
    if row.state.rank < than.state.rank:
        yield f"{row.state} instead of {than.state}"
    if row.state is GuardState.ACTIVE:
        return
    if row.age_secs > than.age_secs:
        yield f"after {row.age_secs:g} s instead of {than.age_secs:g} s"
    yield from _of_discrepancies(row, than)
    for name in ("phases", "verdicts"):
        mine, other = getattr(row, name), getattr(than, name)
        if mine and not (other and mine >= other):
            yield f"only in {' or '.join(sorted(mine))}"
    others = dict(than.levels)
    for dimension, level in row.levels:
        if level > others.get(dimension, 0):
            yield f"only with {dimension} worse"


def _of_discrepancies(row: PolicyRow, than: PolicyRow) -> Iterator[str]:
    if row.is_about_discrepancies and not than.is_about_discrepancies:
        yield "only with a discrepancy"
    if row.kinds and not (than.kinds and row.kinds >= than.kinds):
        lost = ", ".join(sorted(than.kinds - row.kinds)) if than.kinds else "every other kind"
        yield f"without {lost}"
    for name, rank in (("severity", SEVERITY_RANK), ("life", LIFE_RANK), ("advice", ADVICE_RANK)):
        mine, other = getattr(row, name), getattr(than, name)
        if mine is not None and rank[mine] > (rank[other] if other is not None else 0):
            yield f"{name} at least {mine}"
    if row.node_is_flat and not than.node_is_flat:
        yield "only where the node holds nothing"


def made_needless(row: PolicyRow, others: Iterable[PolicyRow]) -> PolicyRow | None:
    """Return a row that holds whenever this one does, at least as strictly; None if this one ever matters."""
    return next((other for other in others if other.id != row.id and not why_weaker(other, row)), None)
