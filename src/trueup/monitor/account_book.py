"""What the looks at each account came to: reach, age, and for how long there has been no answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trueup.model.coverage import RecordKind
from trueup.model.verdicts import VerdictState
from trueup.monitor.status import CoverageStatus
from trueup.ops.metrics import ACCOUNTS_MAX

NOT_ASKED = "not_asked"
COMPLETE = "complete"


@dataclass(slots=True)
class AccountLine:
    """One account. Times are nanoseconds since the epoch, 0 or None where there is none."""

    time_ns: int = 0
    unknown_since_ns: int | None = None
    incomplete_since_ns: int | None = None
    window_from_ns: int | None = None
    discrepancies: int = 0
    pending: int = 0
    unknowns: tuple[str, ...] = ()
    coverage: dict[str, str] = field(default_factory=lambda: dict.fromkeys(RecordKind, NOT_ASKED))
    steps: int = 0
    gaps: int = 0

    def take(self, look: Mapping[str, Any], now_ns: int) -> None:
        """Take a look in. What a cheap look does not ask keeps what the last deep one said of it."""
        self.steps += look["steps"]
        if look["failure"]:
            self.unknown_since_ns = self.unknown_since_ns or now_ns
            self.unknowns = (look["failure"],)
            return
        is_unknown = look["verdict"] == VerdictState.UNKNOWN
        self.unknown_since_ns = (self.unknown_since_ns or now_ns) if is_unknown else None
        if "coverage" not in look:
            return
        self.time_ns = look["verdict_ns"]
        self.discrepancies, self.pending = look["discrepancies"], look["pending"]
        self.unknowns = tuple(look["unknowns"])
        if look["window_from_ns"] is not None:
            self.window_from_ns = look["window_from_ns"]
        asked = {kind: state for kind, state in look["coverage"].items() if state != NOT_ASKED}
        self.coverage = self.coverage | asked
        incomplete = any(state not in {COMPLETE, NOT_ASKED} for state in self.coverage.values())
        self.incomplete_since_ns = (self.incomplete_since_ns or now_ns) if incomplete else None

    def coverage_status(self) -> tuple[CoverageStatus, ...]:
        """Return how far each kind of record was read."""
        return tuple(CoverageStatus(kind=kind, state=state) for kind, state in self.coverage.items())


class AccountBook:
    """Keep at most `ACCOUNTS_MAX` accounts."""

    def __init__(self) -> None:
        self.lines: dict[str, AccountLine] = {}

    def line(self, account_id: str) -> AccountLine | None:
        """Return the line of an account; None where there is no room for another."""
        found = self.lines.get(account_id)
        if found is None and len(self.lines) < ACCOUNTS_MAX:
            found = self.lines[account_id] = AccountLine()
        return found
