"""Write audits into the journal, on a chain of the auditor's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trueup.audit.account import AccountOutcome
from trueup.config.trading_node.live_config import LiveTradingNodeConfig
from trueup.core.lifecycle import Transition
from trueup.journal.configured import place_of, settings_of, state_dir_of
from trueup.journal.events import EntryMaker
from trueup.journal.journal import Journal
from trueup.journal.values import Settle, Source
from trueup.model.discrepancies import Discrepancy
from trueup.model.verdicts import VerdictState
from trueup.monitor.status import JournalStatus

VENUE_SIDE = "venue"


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One event of an audit, in the shape of those that a node's own machinery gives the journal."""

    kind: str
    time_ns: int
    data: Mapping[str, Any]


class AuditJournal:
    """Write the audits of a file's accounts, a chain for each node.

    Parameters
    ----------
    config : LiveTradingNodeConfig
        The file, which says where the journal is.
    role : str
        ``audit`` or ``watch``.
    trader_ids : iterable of str
        The nodes.
    """

    def __init__(self, config: LiveTradingNodeConfig, role: str, trader_ids: Iterable[str]) -> None:
        state_dir = state_dir_of(config)
        place = place_of(config.journal, state_dir)
        settings = settings_of(config.journal, state_dir=state_dir, secrets=config.secret_texts())
        self._role = role
        self._makers = {name: EntryMaker(config.journal.heartbeat_secs) for name in sorted(set(trader_ids))}
        self._journals = {
            name: Journal.open(
                place,
                source=Source(trader_id=name, role=role, instance=config.journal.instance),
                settings=settings,
            )
            for name in self._makers
        }

    def record(self, outcome: AccountOutcome, transitions: Iterable[Transition] = ()) -> None:
        """Write one account's verdict, and the discrepancies that changed. Never waits, never raises."""
        result = outcome.result
        journal = self._journals.get(result.trader_id)
        if journal is None:
            return
        by_fingerprint = {one.fingerprint: one for one in outcome.confirmed}
        events = [self._look(outcome)]
        events += [
            self._discrepancy(one, by_fingerprint.get(one.fingerprint), result.account_id) for one in transitions
        ]
        for event in events:
            for entry in self._makers[result.trader_id].entries(event):
                journal.append(entry)

    def settle(self, outcome: AccountOutcome, before_ns: int) -> None:
        """End what a former auditor left open, on an account that was just proven equal."""
        journal = self._journals.get(outcome.result.trader_id)
        if journal is not None and outcome.verdict.state is VerdictState.CLEAN:
            journal.settle(
                Settle(account_ids=(outcome.result.account_id,), before_ns=before_ns, time_ns=outcome.verdict.time_ns)
            )

    def say(self, trader_id: str, kind: str, time_ns: int, data: Mapping[str, Any]) -> None:
        """Write something else: that the auditor began, stopped, or demanded a guard."""
        journal = self._journals.get(trader_id)
        if journal is not None:
            for entry in self._makers[trader_id].entries(AuditEvent(kind, time_ns, data)):
                journal.append(entry)

    def status(self, trader_id: str) -> JournalStatus:
        """Return how the journal is."""
        journal = self._journals.get(trader_id)
        return JournalStatus() if journal is None else journal.status()

    def close(self) -> bool:
        """Write what waits; return whether all of it is on the disk."""
        ended = [journal.close() for journal in self._journals.values()]
        return all(ended)

    # -- details -----------------------------------------------------------------------------------------------------

    def _look(self, outcome: AccountOutcome) -> AuditEvent:
        result = outcome.result
        data = {
            "account_id": result.account_id or result.name,
            "verdict": result.state,
            "check": self._role,
            "discrepancies": result.discrepancies_total,
            "unknowns": list(result.unknowns),
            "unchecked": list(result.unchecked),
            "coverage": {one.kind: one.state for one in result.coverage if one.side == VENUE_SIDE},
            "pending": result.pending_total,
            "writers": [one.line for one in result.writers if one.certain],
            "fills": {"venue": result.fills_venue, "node": result.fills_node},
            "orders": {"venue": result.orders_venue, "node": result.orders_node},
            "secs": round(result.secs, 3),
        }
        return AuditEvent("look", result.time_ns, data)

    def _discrepancy(self, one: Transition, known: Discrepancy | None, account_id: str) -> AuditEvent:
        data = {
            "fingerprint": one.fingerprint,
            "account_id": account_id,
            "kind": str(one.kind),
            "state": str(one.after),
            "line": one.line,
            "reason": one.reason,
            "resolved_by": "" if one.resolved_by is None else str(one.resolved_by),
            "recurring": one.is_recurring,
        }
        if known is not None:
            data |= {
                "severity": str(known.severity),
                "instrument_id": known.subject.instrument_id,
                "subject": str(known.subject),
                "venue": known.venue,
                "node": known.node,
            }
        return AuditEvent("discrepancy", one.time_ns, data)
