"""What is told of a discrepancy whenever its life changes: a value that the log, the monitor and the journal share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trueup.core.lifecycle import Ledger, Life, Transition
from trueup.model.discrepancies import Discrepancy


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeChange:
    """One change in the life of a discrepancy of one account.

    Parameters
    ----------
    account_id : str
        The account.
    transition : Transition
        What changed.
    life : Life
        The life after it; for one that ended, as it was before.
    discrepancy : Discrepancy or None
        The difference itself, None when it is gone.
    """

    account_id: str
    transition: Transition
    life: Life
    discrepancy: Discrepancy | None

    def as_data(self) -> dict[str, Any]:
        """Return the change as plain JSON values."""
        change, life, found = self.transition, self.life, self.discrepancy
        return {
            "fingerprint": change.fingerprint,
            "account_id": self.account_id,
            "kind": change.kind.value,
            "severity": life.severity.value,
            "instrument_id": life.instrument_id,
            "subject": "" if found is None else str(found.subject),
            "before": None if change.before is None else change.before.value,
            "state": change.after.value,
            "line": change.line,
            "venue": None if found is None else found.venue,
            "node": None if found is None else found.node,
            "reason": change.reason,
            "resolved_by": None if change.resolved_by is None else change.resolved_by.value,
            "recurring": change.is_recurring,
            "first_ns": life.first_seen_ns,
            "last_ns": change.time_ns,
            "looks": life.looks,
            "came_about_ns": 0 if found is None else found.time_ns,
        }


def changes_of(
    account_id: str,
    before: Ledger,
    after: Ledger,
    transitions: tuple[Transition, ...],
    discrepancies: tuple[Discrepancy, ...],
) -> Iterator[LifeChange]:
    """Put each transition together with what it is about."""
    found = {one.fingerprint: one for one in discrepancies}
    for transition in transitions:
        name = transition.fingerprint
        life = after.open.get(name) or before.open.get(name)
        assert life is not None, "what changes was there before or is there after"
        yield LifeChange(account_id=account_id, transition=transition, life=life, discrepancy=found.get(name))
