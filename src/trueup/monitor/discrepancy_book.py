"""What was ever seen to differ, counted; what is there now is in the ledgers of the accounts."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from itertools import product
from typing import Any

from trueup.core.lifecycle import Ledger, Life, LifeState, ResolvedBy
from trueup.model.discrepancies import DiscrepancyKind
from trueup.monitor.histogram import Histogram
from trueup.monitor.status import DiscrepancyStatus
from trueup.ops.metrics import ACCOUNTS_MAX, DETECTION_BUCKETS, DETECTION_OBJECTIVE_SECS

RESOLVED_KEPT = 50
SUBJECTS_MAX = 20_000
"""Subjects remembered of what is open: their words are told once, when a life begins."""
NS_PER_SECOND = 1_000_000_000
TIMED_KINDS = frozenset({DiscrepancyKind.FILL_MISSING, DiscrepancyKind.ORDER_MISSING_IN_NODE})
"""What the venue's record dates by itself: a fill, and an order that is new. The time of an order that is known is that
of its last change, which need not be the one that differs."""


class DiscrepancyBook:
    """Count the lives of discrepancies, by account and kind."""

    def __init__(self) -> None:
        self.accounts: set[str] = set()
        self.detected: Counter[tuple[str, str]] = Counter()
        self.resolved: Counter[tuple[str, str, str]] = Counter()
        self.gave_up: Counter[tuple[str, str]] = Counter()
        self.recurred: Counter[str] = Counter()
        self.delay = Histogram(DETECTION_BUCKETS)
        self.detections = 0
        self.late = 0
        self.lately: deque[DiscrepancyStatus] = deque(maxlen=RESOLVED_KEPT)
        self._subjects: dict[str, str] = {}

    def know(self, account_id: str) -> bool:
        """Make the counters of an account, all at once; return whether there is room for it."""
        if account_id in self.accounts:
            return True
        if len(self.accounts) >= ACCOUNTS_MAX:
            return False
        for kind in DiscrepancyKind:
            self.detected[account_id, kind.value] += 0
            self.gave_up[account_id, kind.value] += 0
        for kind, by in product(DiscrepancyKind, ResolvedBy):
            self.resolved[account_id, kind.value, by.value] += 0
        self.recurred[account_id] += 0
        self.accounts.add(account_id)
        return True

    def add(self, change: Mapping[str, Any], *, timed_from_ns: int | None) -> bool:
        """Take one change in; return whether there was room for it.

        Parameters
        ----------
        change : Mapping
            The data of a ``discrepancy`` event (`trueup.node.changes.LifeChange.as_data`).
        timed_from_ns : int or None
            Since when the node watches: what came about earlier could not be seen in time. None times nothing.
        """
        account_id, kind, state = change["account_id"], change["kind"], change["state"]
        if not self.know(account_id):
            return False
        if change["before"] is None:
            self.detected[account_id, kind] += 1
            self.recurred[account_id] += bool(change["recurring"])
            if len(self._subjects) < SUBJECTS_MAX:
                self._subjects[change["fingerprint"]] = change["subject"]
            came_about_ns = change["came_about_ns"]
            if timed_from_ns is not None and kind in TIMED_KINDS and came_about_ns >= timed_from_ns:
                self._time(change["first_ns"] - came_about_ns)
        if state == LifeState.GIVEN_UP:
            self.gave_up[account_id, kind] += 1
        elif state == LifeState.RESOLVED:
            self.resolved[account_id, kind, change["resolved_by"] or ResolvedBy.ITSELF.value] += 1
            self.lately.append(self._ended(change))
        return True

    def open_now(self, ledgers: Mapping[str, Ledger], shown_max: int) -> tuple[tuple[DiscrepancyStatus, ...], int]:
        """Return what differs now, the worst and oldest first, and how many more there are."""
        lives = [(account_id, life) for account_id, ledger in ledgers.items() for life in ledger.open.values()]
        if len(lives) > shown_max:
            lives.sort(key=_worst_first)
            shown = lives[:shown_max]
        else:
            shown = sorted(lives, key=_worst_first)
        return tuple(self._shown(account_id, life) for account_id, life in shown), len(lives) - len(shown)

    def _time(self, delay_ns: int) -> None:
        secs = max(0.0, delay_ns / NS_PER_SECOND)
        self.delay.add(secs)
        self.detections += 1
        self.late += secs > DETECTION_OBJECTIVE_SECS

    def _ended(self, change: Mapping[str, Any]) -> DiscrepancyStatus:
        return DiscrepancyStatus(
            fingerprint=change["fingerprint"],
            kind=change["kind"],
            severity=change["severity"],
            subject=self._subjects.pop(change["fingerprint"], ""),
            line=change["line"],
            state=change["state"],
            first_ns=change["first_ns"],
            last_ns=change["last_ns"],
            account_id=change["account_id"],
            instrument_id=change["instrument_id"],
            count=change["looks"],
            resolved_by=change["resolved_by"] or "",
        )

    def _shown(self, account_id: str, life: Life) -> DiscrepancyStatus:
        return DiscrepancyStatus(
            fingerprint=life.fingerprint,
            kind=life.kind.value,
            severity=life.severity.value,
            subject=self._subjects.get(life.fingerprint, ""),
            line=f"{life.line}; {life.reason}" if life.reason else life.line,
            state=life.state.value,
            first_ns=life.first_seen_ns,
            last_ns=life.last_seen_ns,
            account_id=account_id,
            instrument_id=life.instrument_id,
            count=life.looks,
        )


_SEVERITIES = {"CRITICAL": 0, "WARNING": 1, "INFO": 2}


def _worst_first(item: tuple[str, Life]) -> tuple[int, int, str]:
    life = item[1]
    return (_SEVERITIES[life.severity.value], life.first_seen_ns, life.fingerprint)
