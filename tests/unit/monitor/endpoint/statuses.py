"""Statuses as nodes say them, for whoever shows them: sound, in trouble, hostile and many."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from trueup.monitor.status import (
    AccountStatus,
    CoverageStatus,
    CycleStatus,
    DiscrepancyStatus,
    GuardChange,
    GuardStatus,
    JournalStatus,
    LoopStatus,
    NodeStatus,
    OrdersStatus,
    StoreStatus,
    VenueQueryStatus,
)

SECOND_NS = 1_000_000_000
NOW_NS = 1_790_000_000 * SECOND_NS
KINDS = ("open_orders", "closed_orders", "fills", "positions", "balances")

HOSTILE = '<img src=x onerror="window.__owned=1"><script>window.__owned=1</script>\'"&amp;\u202e]]>{{7*7}}'
"""Markup, quotes, an entity, a bidirectional override, a template: what an order's name could hold."""


def ago(secs: float, now_ns: int = NOW_NS) -> int:
    """Return the time `secs` before `now_ns`."""
    return now_ns - int(secs * SECOND_NS)


def clean(now_ns: int | None = None, **changes: Any) -> NodeStatus:
    """Return a node that trades and was found equal to its venue four seconds ago."""
    now = NOW_NS if now_ns is None else now_ns
    whole = tuple(CoverageStatus(kind=kind, state="complete") for kind in KINDS)
    fields: dict[str, Any] = {
        "trueup_version": "0.1.0",
        "engine_version": "1.231.0",
        "trader_id": "TRADER-001",
        "instance_id": "6f0c1a52-7f5e-4d0e-9f0b-2f6b0d9e7a11",
        "environment": "LIVE",
        "mode": "verified",
        "started_ns": ago(3 * 3600 + 720, now),
        "now_ns": now,
        "phase": "MONITORING",
        "phase_since_ns": ago(3 * 3600 + 700, now),
        "is_reconciled": True,
        "verdict": "CLEAN",
        "verdict_ns": ago(4, now),
        "verdict_age_secs_max": 120.0,
        "startup_secs": 2.314,
        "last_check_ns": ago(4, now),
        "inflight_orders_count": 2,
        "external_orders_count": 3,
        "accounts": (
            AccountStatus(
                account_id="BINANCE-USDT_FUTURES-master",
                client_id="BINANCE",
                verdict="CLEAN",
                time_ns=ago(4, now),
                window_from_ns=ago(3600, now),
                coverage=whole,
            ),
            AccountStatus(
                account_id="BINANCE_SPOT-SPOT-master",
                client_id="BINANCE_SPOT",
                verdict="CLEAN",
                time_ns=ago(9, now),
                window_from_ns=ago(3600, now),
                coverage=(*whole[:3], CoverageStatus(kind="positions", state="not_asked"), whole[4]),
            ),
        ),
        "resolved_lately": (
            discrepancy(90, "FILL_MISSING", "CRITICAL", now, resolved_by="reconciled", state="resolved"),
            discrepancy(91, "ORDER_STATUS", "WARNING", now, resolved_by="canceled", state="resolved"),
        ),
        "cycles": cycles(now),
        "venue": venue(now),
        "orders": OrdersStatus(
            open=41,
            inflight=2,
            inflight_oldest_ns=ago(0.8, now),
            external_claimed=2,
            external_unclaimed=1,
        ),
        "guard": GuardStatus(
            effective="ACTIVE",
            since_ns=ago(3 * 3600, now),
            reason="the last verdict is CLEAN",
            source="verdict",
            history=(
                GuardChange(time_ns=ago(3 * 3600 + 710, now), state="HALTED", reason="start-up", source="start-up"),
                GuardChange(
                    time_ns=ago(3 * 3600, now), state="ACTIVE", reason="the last verdict is CLEAN", source="verdict"
                ),
            ),
        ),
        "store": StoreStatus(
            state="PRESENT",
            since_ns=ago(3 * 3600 + 719, now),
            persistent=True,
            write_behind_events=0,
            write_behind_ns=0,
            ping_ms=0.21,
        ),
        "loop": LoopStatus(heartbeat_ns=ago(0.1, now), lag_ms_p50=0.3, lag_ms_p99=1.9, lag_ms_max=14.2),
        "journal": JournalStatus(
            state="OK", where="sqlite: trueup-journal.sqlite", records=1284, last_write_ns=ago(4, now)
        ),
    }
    return NodeStatus(**{**fields, **changes})


def discrepancy(number: int, kind: str, severity: str, now_ns: int = NOW_NS, **changes: Any) -> DiscrepancyStatus:
    """Return one discrepancy; a higher number is an older one."""
    fields: dict[str, Any] = {
        "fingerprint": f"{number:016x}",
        "kind": kind,
        "severity": severity,
        "subject": f"order O-20260922-{number:06d}-001-000-{number}",
        "line": f"order O-20260922-{number:06d}-001-000-{number} quantity: 0.002 -> 0.005 (+0.003)",
        "state": "open",
        "first_ns": ago(3 + number * 7, now_ns),
        "last_ns": ago(2, now_ns),
        "account_id": "BINANCE-USDT_FUTURES-master",
        "instrument_id": "BTCUSDT-PERP.BINANCE",
        "count": 1 + number % 5,
    }
    return DiscrepancyStatus(**{**fields, **changes})


def cycles(now_ns: int, number: int = 90) -> tuple[CycleStatus, ...]:
    """Return a quarter of an hour of checks: most cheap, some deep, one slow, one of a gap."""
    made = []
    for index in range(number):
        deep, gap = index % 12 == 0, index == 61
        made.append(
            CycleStatus(
                time_ns=ago((number - index) * 10 - 6, now_ns),
                check="startup" if index == 0 else "gap" if gap else "deep" if deep else "cheap",
                result="clean",
                secs=2.314
                if index == 0
                else 0.9
                if gap
                else 0.18 + index % 7 / 50
                if deep
                else 0.031 + index % 5 / 300,
                verdict="DISCREPANT" if gap else "CLEAN",
                discrepancies=2 if gap else 0,
                steps=2 if gap else 0,
            )
        )
    return tuple(made)


def venue(now_ns: int) -> tuple[VenueQueryStatus, ...]:
    """Return the questions that two clients asked."""
    rows = (
        ("BINANCE", "open_orders", 1104, 0, 0, 31.2, 88.0),
        ("BINANCE", "fills", 97, 1, 0, 44.9, 210.5),
        ("BINANCE", "positions", 1104, 0, 2, 28.4, 1250.0),
        ("BINANCE_SPOT", "open_orders", 960, 0, 0, 35.8, 92.3),
        ("BINANCE_SPOT", "balances", 12, 0, 0, 22.0, None),
    )
    return tuple(
        VenueQueryStatus(
            client_id=client,
            query=query,
            count=count,
            failures=failures,
            timeouts=timeouts,
            p50_ms=p50,
            p99_ms=p99,
            last_ns=ago(4, now_ns),
            last_error="HTTP 502 from the venue" if failures else "",
        )
        for client, query, count, failures, timeouts, p50, p99 in rows
    )


def discrepant(now_ns: int | None = None, number: int = 5, **changes: Any) -> NodeStatus:
    """Return a node that differs from its venue in `number` ways; a third of them critical."""
    now = NOW_NS if now_ns is None else now_ns
    sound = clean(now)
    kinds = (("POSITION_QUANTITY", "CRITICAL"), ("ORDER_STATUS", "WARNING"), ("FILL_COMMISSION", "INFO"))
    found = tuple(discrepancy(index, *kinds[index % 3], now) for index in range(number))
    futures, spot = sound.accounts
    fields: dict[str, Any] = {
        "verdict": "DISCREPANT",
        "is_reconciled": False,
        "lines": (f"{number} differences", found[0].line) if found else (),
        "pending_discrepancies": number,
        "discrepancies": found,
        "accounts": (
            AccountStatus(
                account_id=futures.account_id,
                client_id=futures.client_id,
                verdict="DISCREPANT",
                time_ns=ago(4, now),
                window_from_ns=ago(3600, now),
                discrepancies=number,
                pending=1,
                coverage=futures.coverage,
            ),
            spot,
        ),
        "guard": GuardStatus(
            state="REDUCING",
            effective="REDUCING",
            since_ns=ago(42, now),
            reason="a critical discrepancy is older than 30 s",
            source="policy",
            history=(
                *sound.guard.history,
                GuardChange(
                    time_ns=ago(42, now),
                    state="REDUCING",
                    reason="a critical discrepancy is older than 30 s",
                    source="policy",
                ),
            ),
        ),
    }
    return clean(now, **{**fields, **changes})


def unknown(now_ns: int | None = None, **changes: Any) -> NodeStatus:
    """Return a node whose venue does not answer: coverage failed, store lost, journal failing, guard halted."""
    now = NOW_NS if now_ns is None else now_ns
    sound = clean(now)
    futures, spot = sound.accounts
    failed = (
        CoverageStatus(kind="open_orders", state="failed", detail="HTTP 502 three times"),
        CoverageStatus(kind="closed_orders", state="cut", detail="stopped at 1,000 records"),
        *futures.coverage[2:],
    )
    fields: dict[str, Any] = {
        "verdict": "UNKNOWN",
        "verdict_ns": ago(31, now),
        "is_reconciled": False,
        "lines": ("open orders of BINANCE-USDT_FUTURES-master could not be read",),
        "accounts": (
            AccountStatus(
                account_id=futures.account_id,
                client_id=futures.client_id,
                verdict="UNKNOWN",
                time_ns=ago(31, now),
                unknowns=("open_orders: HTTP 502 three times", "closed_orders: stopped at 1,000 records"),
                coverage=failed,
            ),
            spot,
        ),
        "guard": GuardStatus(
            state="HALTED",
            effective="ACTIVE",
            since_ns=ago(25, now),
            reason="coverage is not complete",
            source="policy",
            can_act=False,
            alarm="the engine's trading state is ACTIVE, though HALTED was set",
            control="LOST",
            commands_refused={"stale": 2},
            history=sound.guard.history,
        ),
        "store": StoreStatus(state="LOST", since_ns=ago(50, now), detail="connection refused", write_behind_events=12),
        "journal": JournalStatus(
            state="FAILING", where="sqlite: trueup-journal.sqlite", waiting=40, dropped=3, error="disk is full"
        ),
        "cycles": (
            *sound.cycles[:-3],
            *(msgspec.structs.replace(one, verdict="UNKNOWN", result="failed") for one in sound.cycles[-3:]),
        ),
        "loop": LoopStatus(heartbeat_ns=ago(0.2, now), lag_ms_p50=4.0, lag_ms_p99=812.0, lag_ms_max=1900.0),
        "events_dropped": 7,
    }
    return clean(now, **{**fields, **changes})


def starting(now_ns: int | None = None, **changes: Any) -> NodeStatus:
    """Return a node that has only just begun."""
    now = NOW_NS if now_ns is None else now_ns
    fields: dict[str, Any] = {"trader_id": "TRADER-001", "mode": "verified", "started_ns": ago(2, now), "now_ns": now}
    return NodeStatus(**{**fields, **changes})


def failed(now_ns: int | None = None) -> NodeStatus:
    """Return a node whose start-up could not be verified."""
    return unknown(now_ns, phase="ERROR", failure="the start-up could not be verified within 30 s")


def hung(now_ns: int | None = None) -> NodeStatus:
    """Return a node whose verdict is fine, and whose loop has not answered for 12 s."""
    now = NOW_NS if now_ns is None else now_ns
    return clean(now, loop=LoopStatus(heartbeat_ns=ago(12, now)))


def stale(now_ns: int | None = None) -> NodeStatus:
    """Return a node that was CLEAN ten minutes ago, and has not looked since."""
    now = NOW_NS if now_ns is None else now_ns
    return clean(now, verdict_ns=ago(600, now))


def hostile(now_ns: int | None = None) -> NodeStatus:
    """Return a node in which every text that comes from outside holds markup."""
    now = NOW_NS if now_ns is None else now_ns
    made = discrepancy(
        1, HOSTILE, "CRITICAL", now, subject=HOSTILE, line=HOSTILE, account_id=HOSTILE, instrument_id=HOSTILE
    )
    return discrepant(
        now,
        1,
        trader_id=HOSTILE,
        lines=(HOSTILE,),
        failure=HOSTILE,
        discrepancies=(made, discrepancy(2, "ORDER_STATUS", HOSTILE, now, line=HOSTILE * 40)),
        resolved_lately=(discrepancy(3, HOSTILE, "INFO", now, line=HOSTILE, resolved_by=HOSTILE),),
        accounts=(
            AccountStatus(
                account_id=HOSTILE,
                client_id=HOSTILE,
                verdict=HOSTILE,
                unknowns=(HOSTILE,),
                coverage=(CoverageStatus(kind=HOSTILE, state=HOSTILE, detail=HOSTILE),),
            ),
        ),
        cycles=(CycleStatus(time_ns=ago(5, now), check=HOSTILE, result=HOSTILE, secs=-1.0, verdict=HOSTILE),),
        venue=(
            VenueQueryStatus(
                client_id=HOSTILE, query=HOSTILE, count=1, failures=1, timeouts=0, p50_ms=0.0, last_error=HOSTILE
            ),
        ),
        guard=GuardStatus(
            state=HOSTILE,
            effective=HOSTILE,
            reason=HOSTILE,
            history=(GuardChange(time_ns=ago(1, now), state=HOSTILE, reason=HOSTILE, source=HOSTILE),),
        ),
        store=StoreStatus(state=HOSTILE, detail=HOSTILE),
        journal=JournalStatus(state=HOSTILE, where=HOSTILE, error=HOSTILE),
    )


def live_now_ns() -> int:
    """Return the time that a server of the tests gives as the node's."""
    return time.time_ns()


ALL = {
    "clean": clean,
    "discrepant": discrepant,
    "unknown": unknown,
    "starting": starting,
    "failed": failed,
    "hung": hung,
    "stale": stale,
    "hostile": hostile,
}
"""Every kind of status by name."""
