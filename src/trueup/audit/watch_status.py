"""What ``trueup watch`` serves: the status of every node that it audits, and its metrics. Pure readings."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from trueup._version import __version__
from trueup.audit.result import AccountResult
from trueup.audit.watched import NS_PER_SEC, WatchedAccount
from trueup.config.sight.audit import AuditConfig
from trueup.core.lifecycle import Life
from trueup.model.discrepancies import DiscrepancyKind
from trueup.model.verdicts import VerdictState
from trueup.monitor.exporter import family_of
from trueup.monitor.status import (
    AccountStatus,
    CoverageStatus,
    DiscrepancyStatus,
    JournalStatus,
    LoopStatus,
    NodeStatus,
    StoreStatus,
    VenueQueryStatus,
)
from trueup.ops.metric import PREFIX, Source
from trueup.ops.metrics import RESULTS, metrics_of, series_limit

SHOWN_MAX: Final = 200
RESOLVED_MAX: Final = 50
LINES_MAX: Final = 20
_STATES: Final = {"complete": "complete", "cut": "cut", "partial": "cut", "failed": "failed", "not_asked": "not_asked"}
_WORST_FIRST: Final = ("DISCREPANT", "UNKNOWN", "CLEAN")


def node_status(
    accounts: Sequence[WatchedAccount],
    config: AuditConfig,
    *,
    started_ns: int,
    beat_ns: int,
    journal: JournalStatus,
    environment: str = "",
) -> NodeStatus:
    """Return the status of one node: of its accounts, as the auditor sees them."""
    first = accounts[0]
    results = [one.outcome.result for one in accounts if one.outcome is not None]
    states = {one.state for one in accounts}
    verdict = next(state for state in _WORST_FIRST if state in states)
    lives = [(one, life) for one in accounts for life in one.open_lives()]
    gone = [(one, life) for one in accounts for life in one.ledger.ended]
    verdict_ns = min((result.time_ns for result in results), default=0)
    age_secs_max = 2 * config.interval_secs * (1 + config.jitter_share) + config.audit_timeout_secs
    return NodeStatus(
        source="watch",
        trueup_version=__version__,
        trader_id=first.trader_id,
        environment=environment,
        mode="audit",
        started_ns=started_ns,
        now_ns=time.time_ns(),
        phase="MONITORING" if len(results) == len(accounts) else "INITIALIZING",
        phase_since_ns=started_ns,
        is_reconciled=verdict == "CLEAN",
        verdict=verdict,
        verdict_ns=verdict_ns,
        verdict_age_secs_max=age_secs_max,
        lines=tuple(_lines(results))[:LINES_MAX],
        last_check_ns=max((result.time_ns for result in results), default=0),
        pending_discrepancies=len(lives),
        inflight_orders_count=sum(result.pending_total for result in results),
        accounts=tuple(_account(one) for one in accounts),
        discrepancies=tuple(_life(one, life) for one, life in lives[:SHOWN_MAX]),
        discrepancies_hidden=max(0, len(lives) - SHOWN_MAX),
        resolved_lately=tuple(_life(one, life) for one, life in gone[-RESOLVED_MAX:][::-1]),
        cycles=tuple(cycle for one in accounts for cycle in one.cycles),
        venue=tuple(status for one in accounts for status in _queries(one)),
        store=_store(accounts),
        loop=LoopStatus(heartbeat_ns=beat_ns),
        journal=journal,
    )


def _lines(results: Iterable[AccountResult]) -> Iterator[str]:
    for result in results:
        yield from (f"{result.name}: {line}" for line in result.unknowns)
        yield from (f"{result.name}: {line}" for line in result.unchecked)
        yield from (f"{result.name}: {one.line}" for one in result.writers if one.certain)
        yield from (f"{result.name}: {one.line}" for one in result.discrepancies)


def _account(one: WatchedAccount) -> AccountStatus:
    if one.outcome is None:
        return AccountStatus(account_id=one.name, client_id=one.name)
    result = one.outcome.result
    return AccountStatus(
        account_id=result.account_id or one.name,
        client_id=one.name,
        verdict=result.state,
        time_ns=result.time_ns,
        window_from_ns=result.window_from_ns,
        discrepancies=result.discrepancies_total,
        pending=result.pending_total,
        unknowns=result.unknowns,
        coverage=tuple(
            CoverageStatus(kind=line.kind, state=_STATES[line.state], detail="; ".join(line.failures))
            for line in result.coverage
            if line.side == "venue"
        ),
    )


def _life(one: WatchedAccount, life: Life) -> DiscrepancyStatus:
    severity, instrument_id, subject = one.severities.get(
        life.fingerprint, (str(life.severity), life.instrument_id, "")
    )
    result = None if one.outcome is None else one.outcome.result
    return DiscrepancyStatus(
        fingerprint=life.fingerprint,
        kind=str(life.kind),
        severity=severity,
        subject=subject,
        line=life.line,
        state=str(life.state),
        first_ns=life.first_seen_ns,
        last_ns=life.last_seen_ns,
        account_id=one.name if result is None else result.account_id or one.name,
        instrument_id=instrument_id,
        count=life.looks,
        resolved_by="" if life.resolved_by is None else str(life.resolved_by),
    )


def _queries(one: WatchedAccount) -> Iterator[VenueQueryStatus]:
    for line in () if one.outcome is None else one.outcome.result.queries:
        yield VenueQueryStatus(
            client_id=one.name,
            query=line.query,
            count=line.count,
            failures=line.failures,
            timeouts=line.timeouts,
            p50_ms=line.p50_ms,
            p99_ms=line.p99_ms,
            last_ns=line.last_ns,
            last_error=line.last_error,
        )


def _store(accounts: Sequence[WatchedAccount]) -> StoreStatus:
    seen = [one for one in accounts if one.outcome is not None]
    if not seen:
        return StoreStatus()
    lost = [one for one in seen if not one.is_store_reachable]
    last_ns = max((one.outcome.result.node_last_event_ns for one in seen if one.outcome is not None), default=0)
    detail = lost[0].outcome.result.unknowns[0] if lost and lost[0].outcome and lost[0].outcome.result.unknowns else ""
    return StoreStatus(state="LOST" if lost else "PRESENT", since_ns=0 if lost else last_ns, detail=detail)


class WatchExporter(Collector):
    """Export the metrics of an auditor, made at the scrape.

    Parameters
    ----------
    accounts : sequence of WatchedAccount
        What is audited.
    config : AuditConfig
        How often.
    """

    def __init__(self, accounts: Sequence[WatchedAccount], config: AuditConfig) -> None:
        self._accounts = accounts
        self._config = config
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        self._took_secs = 0.0

    def render(self) -> bytes:
        """Return the answer to a scrape."""
        began = time.perf_counter()
        text = generate_latest(self._registry)
        self._took_secs = time.perf_counter() - began
        return text

    def describe(self) -> Iterable[Family]:
        """Return nothing: nobody else registers here."""
        return ()

    def collect(self) -> Iterator[Family]:
        """Yield every metric of an auditor, those without a sample too, so that its help is there."""
        values = self._values()
        wanted = metrics_of(Source.WATCH)
        series = sum(len(values.get(metric.name, [])) for metric in wanted) + 1
        values[PREFIX + "exported_series"] = [((), float(series))]
        for metric in wanted:
            yield family_of(metric, values.get(metric.name, []))

    def _values(self) -> dict[str, list[tuple[tuple[str, ...], Any]]]:
        found: dict[str, list[tuple[tuple[str, ...], Any]]] = {}

        def put(name: str, value: float, *labels: str) -> None:
            found.setdefault(PREFIX + name, []).append((labels, float(value)))

        targets = len({one.trader_id for one in self._accounts})
        put("audit_interval_seconds", self._config.interval_secs)
        put("scrape_duration_seconds", self._took_secs)
        put(
            "exported_series_limit",
            series_limit(Source.WATCH, accounts=len(self._accounts), clients=1, targets=targets),
        )
        for one in self._accounts:
            outcome = one.outcome
            account_id = one.name if outcome is None else outcome.result.account_id or one.name
            who = (one.trader_id, account_id)
            for state in VerdictState:
                put("audit_verdict", one.state == state, *who, str(state))
            for result in RESULTS[:4]:
                put("audit_cycles_total", one.results[result], *who, result)
            put("audit_venue_reachable", one.is_venue_reachable, *who)
            put("audit_store_reachable", one.is_store_reachable, *who)
            counts = {} if outcome is None else outcome.result.discrepancies_by_kind
            for kind in DiscrepancyKind:
                put("audit_discrepancies_open", counts.get(str(kind), 0), *who, str(kind))
            writers = () if outcome is None else outcome.result.writers
            put("audit_two_writers", any(writer.certain for writer in writers), *who)
            if outcome is not None:
                put("audit_verdict_timestamp_seconds", outcome.result.time_ns / NS_PER_SEC, *who)
                put("audit_duration_seconds", outcome.result.secs, *who)
        return found
