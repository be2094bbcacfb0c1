"""One account that is audited again and again: its verdicts, its differences, its pauses."""

from __future__ import annotations

import random
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Final

from trueup.audit.account import AccountOutcome
from trueup.audit.lives import follow
from trueup.config.sight.audit import AuditConfig
from trueup.core.lifecycle import Ledger, Life, Transition
from trueup.model.verdicts import VerdictState
from trueup.monitor.status import CycleStatus

CYCLES_KEPT: Final = 60
NS_PER_SEC: Final = 1_000_000_000
DOUBLINGS_MAX: Final = 16
RESULTS: Final = {"CLEAN": "clean", "DISCREPANT": "discrepant", "UNKNOWN": "unknown"}


@dataclass(slots=True)
class WatchedAccount:
    """Hold what is known of one account; only its own loop changes it, and everybody may read it.

    Parameters
    ----------
    name, trader_id, exchange : str
        Who it is.
    """

    name: str
    trader_id: str
    exchange: str
    outcome: AccountOutcome | None = None
    ledger: Ledger = field(default_factory=Ledger)
    severities: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    results: Counter[str] = field(default_factory=Counter)
    cycles: deque[CycleStatus] = field(default_factory=lambda: deque(maxlen=CYCLES_KEPT))
    failures: int = 0
    full_read_at: float | None = None

    @property
    def state(self) -> str:
        """Return the last verdict; UNKNOWN before the first."""
        return "UNKNOWN" if self.outcome is None else self.outcome.result.state

    @property
    def is_venue_reachable(self) -> bool:
        """Return whether the venue answered anything in the last audit."""
        venue = None if self.outcome is None else self.outcome.venue
        return venue is not None and any(
            part.got is not None for part in (venue.coverage.positions, venue.coverage.orders_open)
        )

    @property
    def is_store_reachable(self) -> bool:
        """Return whether the node's store answered in the last audit."""
        return self.outcome is not None and self.outcome.node is not None

    def is_full_read_due(self, interval_secs: float | None) -> bool:
        """Return whether the whole window is to be read again."""
        if self.full_read_at is None:
            return True
        return interval_secs is not None and time.monotonic() - self.full_read_at >= interval_secs

    def take(self, outcome: AccountOutcome, *, full: bool) -> tuple[Transition, ...]:
        """Take in an audit; return the differences that changed."""
        result = outcome.result
        ledger, transitions = follow(self.ledger, outcome)
        kept = ledger.open.keys() | {life.fingerprint for life in ledger.ended}
        severities = {name: said for name, said in self.severities.items() if name in kept}
        for one in outcome.confirmed:
            severities[one.fingerprint] = (str(one.severity), one.subject.instrument_id, str(one.subject))
        self.ledger, self.severities, self.outcome = ledger, severities, outcome
        self.results[RESULTS[result.state]] += 1
        is_failure = outcome.verdict.state is VerdictState.UNKNOWN
        self.failures = self.failures + 1 if is_failure else 0
        if full and not is_failure:
            self.full_read_at = time.monotonic()
        self.cycles.append(
            CycleStatus(
                time_ns=result.time_ns,
                check="audit",
                result=RESULTS[result.state],
                secs=result.secs,
                verdict=result.state,
                discrepancies=result.discrepancies_total,
            )
        )
        return transitions

    def pause_secs(self, config: AuditConfig) -> float:
        """Return how long to wait before the next audit: longer after each that could not be made, never in step."""
        wanted = config.interval_secs * float(2 ** min(self.failures, DOUBLINGS_MAX))
        bounded = min(wanted, max(config.backoff_secs_max, config.interval_secs))
        return bounded * (1 + random.uniform(-config.jitter_share, config.jitter_share))

    def open_lives(self) -> list[Life]:
        """Return the differences that stand, the oldest first."""
        return sorted(self.ledger.open.values(), key=lambda life: life.first_seen_ns)
