"""The status of a node, made from what its monitor holds: on any thread, without a lock, as one value."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from trueup.model.verdicts import VerdictState
from trueup.monitor.account_book import AccountLine
from trueup.monitor.status import (
    AccountStatus,
    GuardStatus,
    JournalStatus,
    LoopStatus,
    NodeStatus,
    OrdersStatus,
    StoreStatus,
)

if TYPE_CHECKING:
    from trueup.monitor.node_monitor import NodeMonitor

NATIVE_LINE = "in native mode the engine reconciles by itself, and nothing here proves it right: run trueup audit"
NS_PER_SECOND = 1_000_000_000


def status_of(monitor: NodeMonitor) -> NodeStatus:
    """Return everything that is known now."""
    now_ns = time.time_ns()
    handle, counts, identity = monitor.handle, monitor.counts, monitor.identity
    shown, hidden = monitor.discrepancies.open_now(handle.ledgers, monitor.config.discrepancies_shown)
    verdict, age_secs = handle.last_verdict, handle.verdict_age_secs
    pending = handle.pending_discrepancies
    return NodeStatus(
        trueup_version=monitor.version,
        engine_version=identity.engine_version,
        trader_id=identity.trader_id,
        instance_id=identity.instance_id,
        environment=identity.environment,
        mode=identity.mode,
        started_ns=monitor.started_ns,
        now_ns=now_ns,
        phase=handle.phase.value,
        phase_since_ns=monitor.startup.phase_since_ns,
        failure=monitor.redactor.text(handle.failure),
        is_reconciled=handle.is_reconciled,
        verdict=(verdict or VerdictState.UNKNOWN).value,
        verdict_ns=now_ns - int(age_secs * NS_PER_SECOND) if math.isfinite(age_secs) else 0,
        verdict_age_secs_max=handle.age_secs_max if math.isfinite(handle.age_secs_max) else None,
        lines=_lines(monitor, verdict, age_secs),
        startup_secs=monitor.startup.took_secs,
        last_check_ns=monitor.last_check_ns,
        pending_discrepancies=pending,
        external_orders_count=monitor.external_orders_count,
        inflight_orders_count=counts.inflight,
        accounts=account_statuses(monitor),
        discrepancies=shown,
        discrepancies_hidden=max(hidden, pending - len(shown)),
        resolved_lately=tuple(reversed(monitor.discrepancies.lately.copy())),
        cycles=tuple(monitor.cycles.latest.copy()),
        venue=monitor.venue.status(),
        orders=OrdersStatus(
            open=counts.open,
            inflight=counts.inflight,
            inflight_oldest_ns=counts.inflight_oldest_ns,
            external_claimed=counts.external_claimed,
            external_unclaimed=counts.external_unclaimed,
            external_filtered=monitor.external["filtered"],
            inferred_fills=monitor.inferred_fills,
            synthetic_orders=monitor.synthetic_orders,
        ),
        guard=guard_status(monitor),
        store=store_status(monitor),
        loop=loop_status(monitor),
        journal=journal_status(monitor),
        events_dropped=sum(monitor.dropped().values()),
    )


def account_statuses(monitor: NodeMonitor) -> tuple[AccountStatus, ...]:
    """Return what each account's last verdict is worth now."""
    handle = monitor.handle
    worth = {verdict.account_id: verdict.state for verdict in handle.verdicts}
    if handle.last_verdict is VerdictState.UNKNOWN:
        worth = {name: VerdictState.UNKNOWN if s is VerdictState.CLEAN else s for name, s in worth.items()}
    clients = {client.account_id: client.client_id for client in monitor.clients}
    return tuple(
        AccountStatus(
            account_id=account_id,
            client_id=clients.get(account_id, ""),
            verdict=worth.get(account_id, VerdictState.UNKNOWN).value,
            time_ns=line.time_ns,
            window_from_ns=line.window_from_ns,
            discrepancies=line.discrepancies,
            pending=line.pending,
            unknowns=line.unknowns,
            coverage=line.coverage_status(),
        )
        for account_id, line in monitor.accounts.lines.copy().items()
    )


def unknown_since_ns(monitor: NodeMonitor, line: AccountLine) -> int:
    """Return since when an account whose verdict is UNKNOWN has been so."""
    if line.unknown_since_ns is not None:
        return line.unknown_since_ns
    limit_secs = monitor.handle.age_secs_max
    if not line.time_ns or not math.isfinite(limit_secs):
        return monitor.started_ns
    return line.time_ns + int(limit_secs * NS_PER_SECOND)


def guard_status(monitor: NodeMonitor) -> GuardStatus:
    """Return how the guard is: its own word, or what was said of it where there is none or it cannot speak."""
    if monitor.shows_guard is not None:
        try:
            return monitor.shows_guard()
        except Exception:
            monitor.drop("handler_failed")
    said = monitor.guard_said
    return GuardStatus(
        state=said.state,
        effective=monitor.counts.trading_state,
        since_ns=said.since_ns,
        reason=said.reason,
        source=said.source,
        history=said.history,
    )


def journal_status(monitor: NodeMonitor) -> JournalStatus:
    """Return how the journal is, by its own word."""
    if monitor.shows_journal is not None:
        try:
            return monitor.shows_journal()
        except Exception:
            monitor.drop("handler_failed")
            return JournalStatus(state="FAILING", error="the journal does not say how it is")
    return JournalStatus()


def store_status(monitor: NodeMonitor) -> StoreStatus:
    """Return how the store is: what the node's own watch said last counts before the probe's finding."""
    if monitor.probe is None:
        return StoreStatus()
    found = monitor.probe.status
    if monitor.store_said is None or monitor.store_said[0] == "PRESENT":
        return found
    state, since_ns = monitor.store_said
    return StoreStatus(
        state=state,
        since_ns=since_ns,
        persistent=found.persistent,
        write_behind_events=found.write_behind_events,
        write_behind_ns=found.write_behind_ns,
        ping_ms=None if state == "LOST" else found.ping_ms,
        detail=found.detail,
    )


def loop_status(monitor: NodeMonitor) -> LoopStatus:
    """Return how the event loop is."""
    loop = monitor.loop
    half, most = loop.seconds.quantiles(0.5, 0.99)
    return LoopStatus(
        heartbeat_ns=loop.beat_ns,
        lag_ms_p50=None if half is None else round(half * 1000, 3),
        lag_ms_p99=None if most is None else round(most * 1000, 3),
        lag_ms_max=round(loop.lag_max_secs * 1000, 3),
    )


def _lines(monitor: NodeMonitor, verdict: VerdictState | None, age_secs: float) -> tuple[str, ...]:
    """Return why the verdict is what it is, in words."""
    if monitor.identity.mode == "native":
        return (NATIVE_LINE,)
    if verdict is None:
        failure = monitor.redactor.text(monitor.handle.failure)
        return (failure,) if failure else ("no look has ended yet",)
    if verdict is VerdictState.UNKNOWN and not monitor.lines:
        return (f"no look has confirmed the last verdict, CLEAN, for {age_secs:.0f} s",)
    return monitor.lines
