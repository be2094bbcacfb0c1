"""What each metric of a node is worth at this moment: read from the monitor, on the thread of whoever scrapes."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from trueup.core.lifecycle import Ledger, LifeState
from trueup.guard.message import RefusalReason
from trueup.model.coverage import RecordKind
from trueup.model.discrepancies import DiscrepancyKind
from trueup.model.guard import GuardState
from trueup.model.phase import Phase
from trueup.model.verdicts import VerdictState
from trueup.monitor.account_book import COMPLETE
from trueup.monitor.node_monitor import NodeMonitor
from trueup.monitor.telling import account_statuses, guard_status, journal_status, store_status, unknown_since_ns
from trueup.ops.metric import PREFIX
from trueup.ops.metrics import JOURNAL_STATES, STARTUP_STATES, STORE_STATES

Labels = tuple[str, ...]
Values = list[tuple[Labels, Any]]
"""Label values in the metric's order, and the value: a number, or buckets and sum of a histogram."""

NS_PER_SECOND = 1_000_000_000
OPEN_STATES = tuple(state for state in LifeState if state is not LifeState.RESOLVED)


def values_of(monitor: NodeMonitor) -> dict[str, Values]:
    """Return the values of every metric that a node exports now; a metric without a value is absent now."""
    now_ns = time.time_ns()
    found: dict[str, Values] = {}
    for part in (_node, _verdicts, _cycles, _discrepancies, _orders, _venue, _store, _loop, _guard, _journal):
        found |= part(monitor, now_ns)
    found["monitor_dropped_total"] = [((reason,), float(count)) for reason, count in monitor.dropped().items()]
    return {PREFIX + name: values for name, values in found.items()}


def _node(monitor: NodeMonitor, now_ns: int) -> dict[str, Values]:
    identity, startup = monitor.identity, monitor.startup
    who = (identity.trader_id, identity.environment, identity.mode, monitor.version, identity.engine_version)
    limit_secs = monitor.startup_limit_secs
    return {
        "node_info": [(who, 1.0)],
        "node_started_timestamp_seconds": _one(monitor.started_ns / NS_PER_SECOND),
        "phase": _chosen(Phase, monitor.handle.phase),
        "phase_since_timestamp_seconds": _one(startup.phase_since_ns / NS_PER_SECOND),
        "startup_state": _chosen(STARTUP_STATES, startup.state),
        "startup_duration_seconds": _one(startup.running_secs(now_ns)),
        "startup_limit_seconds": _one_if(limit_secs),
        "trading": _one(monitor.counts.is_trading),
        "reconciled": _one(monitor.handle.is_reconciled),
    }


def _verdicts(monitor: NodeMonitor, now_ns: int) -> dict[str, Values]:
    handle = monitor.handle
    lines = monitor.accounts.lines.copy()
    statuses = {status.account_id: status for status in account_statuses(monitor)}
    verdicts = {name: status.verdict for name, status in statuses.items()}
    age_secs, limit_secs = handle.verdict_age_secs, handle.age_secs_max
    unknown: Values = []
    for name, verdict in verdicts.items():
        since_ns = unknown_since_ns(monitor, lines[name]) if verdict == VerdictState.UNKNOWN else now_ns
        unknown.append(((name,), _age(since_ns, now_ns)))
    return {
        "verdict": [
            ((name, state.value), float(state == verdict))
            for name, verdict in verdicts.items()
            for state in VerdictState
        ],
        "verdict_timestamp_seconds": [
            ((n,), line.time_ns / NS_PER_SECOND) for n, line in lines.items() if line.time_ns
        ],
        "verdict_age_seconds": _one_if(age_secs if math.isfinite(age_secs) else None),
        "verdict_age_limit_seconds": _one_if(limit_secs if math.isfinite(limit_secs) else None),
        "verdict_unknown_seconds": unknown,
        "coverage_complete": [
            ((name, kind.value), float(line.coverage[kind] == COMPLETE))
            for name, line in lines.items()
            for kind in RecordKind
        ],
        "coverage_unknown_seconds": [((n,), _age(line.incomplete_since_ns, now_ns)) for n, line in lines.items()],
        "stream_gaps_total": [((name,), float(line.gaps)) for name, line in lines.items()],
        "steps_applied_total": [((name,), float(line.steps)) for name, line in lines.items()],
    }


def _cycles(monitor: NodeMonitor, now_ns: int) -> dict[str, Values]:
    cycles = monitor.cycles
    last_ns = cycles.last_ns.copy()
    since_ns = monitor.startup.monitoring_since_ns
    ended_ns = max((last_ns.get(check, 0) for check in monitor.periodic_checks), default=0)
    waiting_ns = None if since_ns is None or not monitor.periodic_checks else max(ended_ns, since_ns)
    return {
        "cycles_total": [(key, float(count)) for key, count in cycles.results.copy().items()],
        "cycle_duration_seconds": [
            ((check,), (seconds.cumulative(), seconds.total)) for check, seconds in cycles.seconds.items()
        ],
        "last_cycle_timestamp_seconds": [((check,), ns / NS_PER_SECOND) for check, ns in last_ns.items()],
        "cycle_interval_seconds": [((check,), secs) for check, secs in monitor.intervals_secs.items()],
        "cycle_age_seconds": _one(_age(waiting_ns, now_ns)),
        "problems_total": _one(monitor.problems),
    }


def _discrepancies(monitor: NodeMonitor, now_ns: int) -> dict[str, Values]:
    book = monitor.discrepancies
    ledgers = monitor.handle.ledgers
    empty = Ledger()
    by_kind: Values = []
    by_state: Values = []
    oldest: Values = []
    for account_id in sorted(book.accounts.copy()):
        lives = list(ledgers.get(account_id, empty).open.values())
        for kind in DiscrepancyKind:
            of_kind = [life for life in lives if life.kind is kind]
            by_kind.append(((account_id, kind.value), float(len(of_kind))))
            age_ns = max((life.age_ns(now_ns) for life in of_kind), default=0)
            oldest.append(((account_id, kind.value), age_ns / NS_PER_SECOND))
        states = Counter(life.state for life in lives)
        by_state += [((account_id, state.value), float(states[state])) for state in OPEN_STATES]
    return {
        "discrepancies_detected_total": _counted(book.detected),
        "discrepancies_resolved_total": _counted(book.resolved),
        "discrepancies_gave_up_total": _counted(book.gave_up),
        "discrepancies_recurred_total": [((name,), float(count)) for name, count in book.recurred.copy().items()],
        "discrepancies_open": by_kind,
        "discrepancies_open_state": by_state,
        "discrepancy_oldest_age_seconds": oldest,
        "detection_delay_seconds": [((), (book.delay.cumulative(), book.delay.total))],
        "detections_total": _one(book.detections),
        "detections_late_total": _one(book.late),
    }


def _orders(monitor: NodeMonitor, now_ns: int) -> dict[str, Values]:
    counts = monitor.counts
    return {
        "orders_open": _one(counts.open),
        "orders_inflight": _one(counts.inflight),
        "inflight_oldest_age_seconds": _one(_age(counts.inflight_oldest_ns, now_ns)),
        "positions_open": _one(counts.positions),
        "external_orders_open": [
            (("claimed",), float(counts.external_claimed)),
            (("unclaimed",), float(counts.external_unclaimed)),
        ],
        "external_orders_total": [((name,), float(count)) for name, count in monitor.external.copy().items()],
        "inferred_fills_total": _one(monitor.inferred_fills),
        "synthetic_orders_total": _one(monitor.synthetic_orders),
    }


def _venue(monitor: NodeMonitor, _now_ns: int) -> dict[str, Values]:
    book, clients = monitor.venue, monitor.clients
    lines = book.lines.copy()
    known = [client for client in clients if client.client_id in book.clients]
    return {
        "venue_queries_total": [
            ((*key, outcome), float(count)) for key, line in lines.items() for outcome, count in line.outcomes.items()
        ],
        "venue_query_duration_seconds": [
            (key, (line.seconds.cumulative(), line.seconds.total)) for key, line in lines.items()
        ],
        "venue_reachable": [((name,), float(answers)) for name, answers in book.clients.copy().items()],
        "venue_last_success_timestamp_seconds": [
            ((name,), ns / NS_PER_SECOND) for name, ns in book.last_success_ns.copy().items()
        ],
        "client_connected": [((client.client_id,), float(client.connected)) for client in known],
        "venue_weight_used": [((c.client_id,), float(c.weight_used)) for c in known if c.weight_used is not None],
        "venue_weight_limit": [((c.client_id,), float(c.weight_limit)) for c in known if c.weight_limit is not None],
        "clock_skew_seconds": [((c.client_id,), c.skew_secs) for c in known if c.skew_secs is not None],
    }


def _store(monitor: NodeMonitor, now_ns: int) -> dict[str, Values]:
    status, probe = store_status(monitor), monitor.probe
    found: dict[str, Values] = {
        "store_state": _chosen(STORE_STATES, status.state),
        "store_losses_total": _one(max(monitor.store_losses, 0 if probe is None else probe.losses)),
        "store_rewritten_total": _one(monitor.store_rewritten),
    }
    if probe is None:
        return found
    return found | {
        "store_up": _one(status.state != "LOST"),
        "store_persistent": _one_if(status.persistent),
        "store_write_behind_events": _one_if(status.write_behind_events),
        "store_write_behind_seconds": _one(_age(probe.behind_since_ns, now_ns)),
        "store_foreign_events": _one(probe.foreign_events),
        "store_ping_seconds": _one_if(None if status.ping_ms is None else status.ping_ms / 1000),
    }


def _loop(monitor: NodeMonitor, now_ns: int) -> dict[str, Values]:
    loop, counts = monitor.loop, monitor.counts
    beat_ns = loop.beat_ns or monitor.started_ns
    return {
        "loop_lag_seconds": [((), (loop.seconds.cumulative(), loop.seconds.total))],
        "loop_heartbeat_timestamp_seconds": _one(beat_ns / NS_PER_SECOND),
        "loop_heartbeat_age_seconds": _one(_age(beat_ns, now_ns)),
        "engine_queue_depth": [
            (("commands",), float(counts.commands_waiting)),
            (("events",), float(counts.events_waiting)),
        ],
    }


def _guard(monitor: NodeMonitor, _now_ns: int) -> dict[str, Values]:
    status = guard_status(monitor)
    return {
        "guard_state": _chosen(GuardState, status.state),
        "guard_effective": _chosen(GuardState, status.effective),
        "guard_can_act": _one(status.can_act),
        "guard_sees_others": _one(status.sees_others),
        "guard_changes_total": [((state,), float(count)) for state, count in monitor.guard_changes.copy().items()],
        "guard_since_timestamp_seconds": _one(status.since_ns / NS_PER_SECOND),
        "guard_commands_refused_total": [
            ((reason.value,), float(status.commands_refused.get(reason, 0))) for reason in RefusalReason
        ],
    }


def _journal(monitor: NodeMonitor, _now_ns: int) -> dict[str, Values]:
    status = journal_status(monitor)
    last_ns = status.last_write_ns
    return {
        "journal_state": _chosen(JOURNAL_STATES, status.state),
        "journal_records_total": _one(status.records),
        "journal_waiting": _one(status.waiting),
        "journal_dropped_total": _one(status.dropped),
        "journal_last_write_timestamp_seconds": _one_if(last_ns / NS_PER_SECOND if last_ns else None),
    }


def _one(value: float) -> Values:
    return [((), float(value))]


def _one_if(value: float | None) -> Values:
    return [] if value is None else _one(value)


def _chosen(values: Iterable[str], now: str) -> Values:
    return [((str(value),), float(value == now)) for value in values]


def _counted[K: Labels](counts: Counter[K]) -> Values:
    return [(key, float(count)) for key, count in counts.copy().items()]


def _age(since_ns: int | None, now_ns: int) -> float:
    return 0.0 if since_ns is None else max(0.0, (now_ns - since_ns) / NS_PER_SECOND)
