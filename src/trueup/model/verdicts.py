"""What one comparison is worth: CLEAN, DISCREPANT or UNKNOWN, with its time and its reach."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trueup.model.coverage import Coverage, RecordKind, Window
from trueup.model.discrepancies import Discrepancy


class VerdictState(StrEnum):
    """The three answers there are."""

    CLEAN = "CLEAN"
    DISCREPANT = "DISCREPANT"
    UNKNOWN = "UNKNOWN"


# What a verdict claims unless told otherwise. Balances move with every mark price and funding payment and are not
# claimed.
DEFAULT_CLAIMS = frozenset({RecordKind.ORDERS_OPEN, RecordKind.ORDERS_CLOSED, RecordKind.FILLS, RecordKind.POSITIONS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Hold the outcome of one comparison of one account.

    Parameters
    ----------
    state : VerdictState
        UNKNOWN whenever the coverage is not complete for what the verdict claims and no discrepancy was seen. A
        discrepancy that was seen is evidence whatever else was not read, so DISCREPANT comes before UNKNOWN.
    account_id : str
        The account.
    time_ns : int
        When the readings ended.
    window : Window or None
        The span of history that was compared.
    coverage : Coverage
        How far the venue's reading reached.
    claims : frozenset of RecordKind
        The kinds that the verdict speaks for.
    discrepancy_count : int
        How many differences were found.
    pending_count : int
        How many orders are between the node and the venue, which is no difference yet.
    unknowns : tuple of str
        Why it is UNKNOWN, or what stays unknown beside the discrepancies: one clause each.
    unchecked : tuple of str
        What the operator wants unchecked, one line for each policy that ignores anything. A CLEAN verdict with such
        lines says nothing about what they name.
    """

    state: VerdictState
    account_id: str
    time_ns: int
    window: Window | None
    coverage: Coverage
    claims: frozenset[RecordKind]
    discrepancy_count: int = 0
    pending_count: int = 0
    unknowns: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()

    def age_ns(self, now_ns: int) -> int:
        """Return how long ago it was given, never negative."""
        return max(0, now_ns - self.time_ns)

    def is_stale(self, now_ns: int, age_ns_max: int) -> bool:
        """Return whether it is too old to be relied on."""
        return self.age_ns(now_ns) > age_ns_max

    def state_at(self, now_ns: int, age_ns_max: int) -> VerdictState:
        """Return what it is worth now: a stale CLEAN is UNKNOWN, a stale DISCREPANT stays one."""
        if self.state is VerdictState.CLEAN and self.is_stale(now_ns, age_ns_max):
            return VerdictState.UNKNOWN
        return self.state


def verdict_of(
    *,
    account_id: str,
    time_ns: int,
    coverage: Coverage,
    discrepancies: tuple[Discrepancy, ...],
    pending_count: int = 0,
    node_unknowns: tuple[str, ...] = (),
    claims: frozenset[RecordKind] = DEFAULT_CLAIMS,
    unchecked: tuple[str, ...] = (),
) -> Verdict:
    """Give the verdict of one comparison.

    ``node_unknowns`` names what could not be read of the node (a store that failed). The window is that of the fills
    where they are claimed, else None.
    """
    unknowns = [_why_incomplete(coverage, kind) for kind in coverage.incomplete(claims)]
    unknowns += node_unknowns
    if discrepancies:
        state = VerdictState.DISCREPANT
    elif unknowns:
        state = VerdictState.UNKNOWN
    else:
        state = VerdictState.CLEAN
    return Verdict(
        state=state,
        account_id=account_id,
        time_ns=time_ns,
        window=coverage.fills.got if RecordKind.FILLS in claims else None,
        coverage=coverage,
        claims=claims,
        discrepancy_count=len(discrepancies),
        pending_count=pending_count,
        unknowns=tuple(unknowns),
        unchecked=unchecked,
    )


def _why_incomplete(coverage: Coverage, kind: RecordKind) -> str:
    part = coverage.of(kind)
    name = kind.lower().replace("_", " ")
    if part.asked is None:
        return f"{name}: not read"
    if part.failures:
        first = part.failures[0]
        where = f" for {first.instrument_id}" if first.instrument_id else ""
        more = f" and {len(part.failures) - 1} more" if len(part.failures) > 1 else ""
        return f"{name}: {first.query}{where} failed ({first.reason}){more}"
    if part.got is None:
        return f"{name}: nothing was got"
    if part.cut_short:
        return f"{name}: the list was cut short"
    return f"{name}: the answer does not span the window that was asked"
