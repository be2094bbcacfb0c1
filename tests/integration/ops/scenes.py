"""The trial of every alert, by hand: not made from the registry, so that a threshold that moves is noticed."""

from __future__ import annotations

from tests.integration.ops.scene import (
    Scene,
    Wave,
    age,
    always,
    appears,
    flat,
    jump,
    lately,
    rising,
    stamped,
    steps,
)

NODE = {"job": "trueup", "instance": "node-1"}
_SECOND, _THIRD = {**NODE, "instance": "node-2"}, {**NODE, "instance": "node-3"}
AUDITOR = {"job": "trueup-watch", "instance": "audit-1"}
ACCOUNT = {**NODE, "account_id": "BINANCE-001"}
CLIENT = {**NODE, "client_id": "BINANCE"}
AUDITED = {**AUDITOR, "trader_id": "T-1", "account_id": "BINANCE-001"}


def of(name: str, /, labels: dict[str, str] = NODE, **more: str) -> str:
    """Return a series' name with its labels."""
    inside = ",".join(f'{key}="{value}"' for key, value in {**labels, **more}.items())
    return f"{name}{{{inside}}}"


def _slow(name: str, labels: dict[str, str], bound_ok: str, bound_slow: str, **more: str) -> dict[str, Wave]:
    """Return a histogram whose observations, one a second, move from one bucket to a slower one."""
    return {
        of(f"{name}_bucket", labels, **more, le=bound_ok): rising(1, 0),
        of(f"{name}_bucket", labels, **more, le=bound_slow): rising(1, 1),
        of(f"{name}_bucket", labels, **more, le="+Inf"): rising(1, 1),
    }


_node = [
    Scene(
        alert="TrueupNodeDown",
        series={of("up"): flat(1, 0)},
        labels=NODE,
        summary="Node node-1 does not answer",
        silent_secs=55,
        fires_secs=60,
        severity="critical",
    ),
    Scene(
        alert="TrueupNodeAbsent",
        series={of("up"): flat(1, None)},
        labels={"job": "trueup"},
        summary="Prometheus scrapes no node",
        lasts_secs=600,
        silent_secs=295,
        fires_secs=300,
        severity="critical",
    ),
    Scene(
        alert="TrueupStartupFailed",
        # The process ended before a scrape saw that it had failed.
        series={of("up"): flat(1, 0), of("trueup_startup_state", state="succeeded"): flat(0, None)},
        labels=NODE,
        summary="Node node-1 could not be proven equal to its venue and does not trade",
        silent_secs=-5,
        fires_secs=0,
        severity="critical",
    ),
    Scene(
        alert="TrueupStartupSlow",
        series={
            of("trueup_startup_duration_seconds"): age(8),
            of("trueup_startup_state", state="running"): flat(0, 1),
        },
        labels=NODE,
        summary="Node node-1 has been starting for 33s",
        silent_secs=20,
        fires_secs=25,
    ),
    Scene(
        alert="TrueupNotTrading",
        series={of("trueup_trading"): flat(1, 0), of("trueup_startup_state", state="succeeded"): always(1)},
        labels=NODE,
        summary="Node node-1 runs, and its trader does not",
        silent_secs=55,
        fires_secs=60,
        severity="critical",
    ),
    Scene(
        alert="TrueupRestarting",
        series={of("trueup_node_started_timestamp_seconds"): steps(60)},
        labels=NODE,
        summary="Node node-1 has started 4 times in 15 minutes",
        start_secs=1200,
        lasts_secs=240,
        silent_secs=175,
        fires_secs=180,
        resolves_secs=850,
    ),
    Scene(
        alert="TrueupLoopHung",
        series={of("trueup_loop_heartbeat_age_seconds"): age()},
        labels=NODE,
        summary="The event loop of node-1 has not turned for 15s",
        silent_secs=10,
        fires_secs=15,
        severity="critical",
    ),
    Scene(
        alert="TrueupLoopLag",
        series=_slow("trueup_loop_lag_seconds", NODE, "0.25", "0.5"),
        labels=NODE,
        # 75 of 300 observations in the upper bucket, of which 72 lie below the 99th percentile: 0.25 + 0.25 * 72 / 75.
        summary="The event loop of node-1 lags by 490ms (p99)",
        lasts_secs=75,
        silent_secs=55,
        fires_secs=75,
        resolves_secs=300,
    ),
    Scene(
        alert="TrueupEngineQueueGrowing",
        series={of("trueup_engine_queue_depth", queue="events"): flat(3, 1500)},
        labels={**NODE, "queue": "events"},
        summary="1500 events wait in the engine of node-1",
        silent_secs=55,
        fires_secs=60,
    ),
]

_truth = [
    Scene(
        alert="TrueupVerdictStale",
        series={of("trueup_verdict_age_seconds"): age(3), of("trueup_verdict_age_limit_seconds"): always(83)},
        labels=NODE,
        summary="No look has confirmed that node-1 is true for 1m 38s",
        silent_secs=90,
        fires_secs=95,
        severity="critical",
    ),
    Scene(
        alert="TrueupVerdictUnknown",
        series={of("trueup_verdict_unknown_seconds", ACCOUNT): age()},
        labels=ACCOUNT,
        summary="The state of BINANCE-001 on node-1 has been UNKNOWN for 2m 5s",
        silent_secs=120,
        fires_secs=125,
    ),
    Scene(
        alert="TrueupVerdictUnknownLong",
        series={of("trueup_verdict_unknown_seconds", ACCOUNT): age()},
        labels=ACCOUNT,
        summary="The state of BINANCE-001 on node-1 has been UNKNOWN for 10m 5s",
        lasts_secs=700,
        silent_secs=600,
        fires_secs=605,
        severity="critical",
    ),
    Scene(
        alert="TrueupCoverageIncomplete",
        series={of("trueup_coverage_unknown_seconds", ACCOUNT): age()},
        labels=ACCOUNT,
        summary="Looks at BINANCE-001 on node-1 have not read all that they asked for during 5m 5s",
        lasts_secs=400,
        silent_secs=300,
        fires_secs=305,
    ),
    Scene(
        alert="TrueupCheckStale",
        series={
            of("trueup_cycle_age_seconds"): age(),
            of("trueup_cycle_interval_seconds", check="cheap"): always(5),
            of("trueup_cycle_interval_seconds", check="deep"): always(60),
        },
        labels=NODE,
        summary="No check has ended on node-1 for 1m 30s",
        silent_secs=85,
        fires_secs=90,
        severity="critical",
    ),
    Scene(
        alert="TrueupCheckSlow",
        series=_slow("trueup_cycle_duration_seconds", NODE, "5", "10", check="deep"),
        labels={**NODE, "check": "deep"},
        # 120 of the last 600 took between 5 and 10 s, and the 540th of 600 is the 60th of those: 7.5 s.
        summary="One in ten deep looks of node-1 takes more than 7.5s",
        start_secs=605,
        lasts_secs=120,
        silent_secs=60,
        fires_secs=125,
        resolves_secs=600,
    ),
    Scene(
        alert="TrueupCheckFailing",
        series={of("trueup_cycles_total", check="cheap", result="failed"): jump(4)},
        labels={**NODE, "check": "cheap"},
        summary="cheap checks of node-1 fail",
        silent_secs=-5,
        fires_secs=5,
    ),
    Scene(
        alert="TrueupTrueUpProblems",
        series={of("trueup_problems_total"): jump(6)},
        labels=NODE,
        summary="6 steps of true-ups could not be applied on node-1",
        start_secs=900,
        lasts_secs=600,
        silent_secs=-5,
        fires_secs=5,
    ),
    Scene(
        alert="TrueupPositionMismatch",
        series={
            of("trueup_discrepancies_open", ACCOUNT, kind="POSITION_QUANTITY"): flat(0, 2),
            of("trueup_discrepancies_open", ACCOUNT, kind="POSITION_SIDE"): flat(0, 1),
            of("trueup_discrepancies_open", ACCOUNT, kind="FILL_MISSING"): always(5),
        },
        labels=ACCOUNT,
        summary="3 positions of BINANCE-001 on node-1 differ from the venue's",
        silent_secs=10,
        fires_secs=15,
        severity="critical",
    ),
    Scene(
        alert="TrueupDiscrepancyUnresolved",
        series={
            of("trueup_discrepancy_oldest_age_seconds", ACCOUNT, kind="FILL_MISSING"): age(),
            of("trueup_discrepancy_oldest_age_seconds", ACCOUNT, kind="ORDER_STATUS"): always(0),
        },
        labels=ACCOUNT,
        summary="A difference on BINANCE-001 of node-1 has stood for 1m 5s",
        silent_secs=60,
        fires_secs=65,
    ),
    Scene(
        alert="TrueupGaveUp",
        series={of("trueup_discrepancies_open_state", ACCOUNT, state="GIVEN_UP"): flat(0, 1)},
        labels=ACCOUNT,
        summary="1 differences on BINANCE-001 of node-1 cannot be healed",
        silent_secs=-5,
        fires_secs=0,
        severity="critical",
    ),
    Scene(
        alert="TrueupRepairRefused",
        series={of("trueup_discrepancies_open_state", ACCOUNT, state="REFUSED"): flat(0, 2)},
        labels=ACCOUNT,
        summary="2 differences on BINANCE-001 of node-1 wait for something",
        silent_secs=55,
        fires_secs=60,
    ),
    Scene(
        alert="TrueupDiscrepancyStorm",
        series={
            of("trueup_discrepancies_detected_total", ACCOUNT, kind="FILL_MISSING"): jump(30),
            of("trueup_discrepancies_detected_total", ACCOUNT, kind="ORDER_STATUS"): jump(40),
            of("trueup_node_started_timestamp_seconds"): always(1),
            of("trueup_startup_state", state="succeeded"): always(1),
            # One beside it that was started again, and one whose start-up is looked at.
            of("trueup_discrepancies_detected_total", {**ACCOUNT, **_SECOND}, kind="FILL_MISSING"): jump(70),
            of("trueup_node_started_timestamp_seconds", _SECOND): stamped(),
            of("trueup_startup_state", _SECOND, state="succeeded"): always(1),
            of("trueup_discrepancies_detected_total", {**ACCOUNT, **_THIRD}, kind="FILL_MISSING"): jump(70),
            of("trueup_node_started_timestamp_seconds", _THIRD): always(1),
            of("trueup_startup_state", _THIRD, state="succeeded"): flat(1, 0),
        },
        labels=ACCOUNT,
        summary="70 differences appeared on BINANCE-001 of node-1 in 5 minutes",
        silent_secs=-5,
        fires_secs=5,
    ),
    Scene(
        alert="TrueupDiscrepancyRecurring",
        series={of("trueup_discrepancies_recurred_total", ACCOUNT): jump(8)},
        labels=ACCOUNT,
        summary="Differences on BINANCE-001 of node-1 come back after they were healed",
        start_secs=1200,
        lasts_secs=900,
        silent_secs=-5,
        fires_secs=5,
    ),
]

_DAY = 86_400
_late = {of("trueup_detections_late_total"): rising(0, 0.5), of("trueup_detections_total"): rising(2, 2)}
_objective = [
    Scene(
        alert="TrueupDetectionBudgetBurnsFast",
        # A quarter of all is late: 25 times the budget. The hour's window passes 14.4 % after 0.144 / 0.25 of an hour.
        series=_late,
        labels=NODE,
        summary="15.42% of the differences on node-1 are seen late",
        start_secs=8 * 3600,
        lasts_secs=2400,
        step_secs=30,
        silent_secs=2040,
        fires_secs=2220,
        resolves_secs=3600,
        severity="critical",
    ),
    Scene(
        alert="TrueupDetectionBudgetBurnsSlowly",
        series={of("trueup_detections_late_total"): rising(0, 0.125), of("trueup_detections_total"): rising(2, 2)},
        labels=NODE,
        # One in 16 is late: 6.25 times the budget, so that the day's window passes 3 % after 0.03 / 0.0625 of a day.
        summary="3.125% of the differences on node-1 are seen late",
        start_secs=4 * _DAY,
        lasts_secs=_DAY // 2,
        step_secs=300,
        silent_secs=40_200,
        fires_secs=43_200,
        resolves_secs=4 * _DAY,
    ),
]

_orders = [
    Scene(
        alert="TrueupInflightStuck",
        series={
            of("trueup_inflight_oldest_age_seconds"): age(),
            of("trueup_startup_state", state="succeeded"): always(1),
            # A node that has just been started, with an order of its life before.
            of("trueup_inflight_oldest_age_seconds", {**NODE, "instance": "node-2"}): always(300),
            of("trueup_startup_state", {**NODE, "instance": "node-2"}, state="succeeded"): always(0),
        },
        labels=NODE,
        summary="An order of node-1 has waited for the venue's answer for 35s",
        silent_secs=30,
        fires_secs=35,
    ),
    Scene(
        alert="TrueupUnclaimedExternalOrders",
        series={
            of("trueup_external_orders_open", disposition="unclaimed"): flat(0, 2),
            of("trueup_external_orders_open", disposition="claimed"): always(7),
        },
        labels={**NODE, "disposition": "unclaimed"},
        summary="2 working orders of node-1 belong to no strategy",
        silent_secs=55,
        fires_secs=60,
    ),
    Scene(
        alert="TrueupInferredFills",
        series={of("trueup_inferred_fills_total"): jump(1)},
        labels=NODE,
        summary="The engine of node-1 invented 1 fills",
        start_secs=900,
        lasts_secs=600,
        silent_secs=-5,
        fires_secs=5,
    ),
    Scene(
        alert="TrueupSyntheticOrders",
        # Counted before the first scrape, so that no step is ever seen.
        series={of("trueup_synthetic_orders_total"): appears(2)},
        labels=NODE,
        summary="The engine of node-1 invented 2 orders",
        start_secs=900,
        lasts_secs=600,
        silent_secs=-5,
        fires_secs=5,
    ),
]

_venue = [
    Scene(
        alert="TrueupVenueUnreachable",
        series={
            of("trueup_venue_reachable", CLIENT): flat(1, 0),
            of("trueup_venue_last_success_timestamp_seconds", CLIENT): stamped(),
            # A client beside it whose last question always fails, and the one before it never.
            of("trueup_venue_reachable", {**NODE, "client_id": "OTHER"}): always(0),
            of("trueup_venue_last_success_timestamp_seconds", {**NODE, "client_id": "OTHER"}): lately(),
        },
        labels=CLIENT,
        summary="BINANCE of node-1 gets no answer from its venue",
        silent_secs=35,
        fires_secs=40,
        severity="critical",
    ),
    Scene(
        alert="TrueupClientDisconnected",
        series={
            of("trueup_client_connected", CLIENT): flat(1, 0),
            of("trueup_startup_state", state="succeeded"): always(1),
        },
        labels=CLIENT,
        summary="BINANCE of node-1 is not connected",
        silent_secs=25,
        fires_secs=30,
        severity="critical",
    ),
    Scene(
        alert="TrueupVenueErrors",
        series={
            of("trueup_venue_queries_total", CLIENT, query="fills", outcome="success"): rising(1, 0),
            of("trueup_venue_queries_total", CLIENT, query="fills", outcome="failure"): rising(0, 0.5),
            of("trueup_venue_queries_total", CLIENT, query="fills", outcome="timeout"): rising(0, 0.5),
        },
        labels=CLIENT,
        # 150 of the last 300 questions.
        summary="50% of the questions of BINANCE on node-1 fail",
        silent_secs=60,
        fires_secs=150,
        resolves_secs=300,
    ),
    Scene(
        alert="TrueupVenueSlow",
        series=_slow("trueup_venue_query_duration_seconds", CLIENT, "2.5", "5", query="fills"),
        labels=CLIENT,
        # 100 of 300 took between 2.5 and 5 s; the 270th of 300 is the 70th of those: 2.5 + 2.5 * 0.7.
        summary="One in ten answers to BINANCE on node-1 takes more than 4.25s",
        lasts_secs=100,
        silent_secs=60,
        fires_secs=100,
        resolves_secs=300,
    ),
    Scene(
        alert="TrueupRateLimited",
        series={of("trueup_venue_queries_total", CLIENT, query="orders", outcome="rate_limited"): jump(1)},
        labels=CLIENT,
        summary="The venue refuses questions of BINANCE on node-1: too many",
        silent_secs=-5,
        fires_secs=5,
    ),
    Scene(
        alert="TrueupWeightNearlySpent",
        series={
            of("trueup_venue_weight_used", CLIENT): flat(1920, 2100),
            of("trueup_venue_weight_limit", CLIENT): always(2400),
        },
        labels=CLIENT,
        summary="BINANCE of node-1 has used 87.5% of its request weight",
        silent_secs=55,
        fires_secs=60,
    ),
    Scene(
        alert="TrueupStreamGaps",
        series={of("trueup_stream_gaps_total", ACCOUNT): jump(8)},
        labels=ACCOUNT,
        summary="The event stream of BINANCE-001 on node-1 breaks again and again",
        start_secs=1200,
        lasts_secs=900,
        silent_secs=-5,
        fires_secs=5,
    ),
    Scene(
        alert="TrueupClockSkew",
        series={of("trueup_clock_skew_seconds", CLIENT): flat(-0.5, -0.75)},
        labels=CLIENT,
        summary="The clock of node-1 is 750ms off its venue's",
        silent_secs=55,
        fires_secs=60,
    ),
]

_safety = [
    Scene(
        alert="TrueupStoreDown",
        series={of("trueup_store_up"): flat(1, 0)},
        labels=NODE,
        summary="The Redis of node-1 does not answer",
        silent_secs=5,
        fires_secs=10,
        severity="critical",
    ),
    Scene(
        alert="TrueupStoreNotPersistent",
        series={of("trueup_store_persistent"): flat(1, 0)},
        labels=NODE,
        summary="The Redis of node-1 keeps nothing on disk",
        lasts_secs=400,
        silent_secs=295,
        fires_secs=300,
    ),
    Scene(
        alert="TrueupStoreWriteBehind",
        series={of("trueup_store_write_behind_seconds"): age()},
        labels=NODE,
        summary="The Redis of node-1 has lacked events for 10s",
        silent_secs=5,
        fires_secs=10,
    ),
    Scene(
        alert="TrueupTwoWriters",
        series={
            of("trueup_audit_two_writers", AUDITED): flat(0, 1),
            of("trueup_store_foreign_events"): always(0),
            of("trueup_guard_sees_others"): always(0),
        },
        labels=AUDITED,
        summary="Two nodes write what belongs to audit-1",
        silent_secs=-5,
        fires_secs=0,
        severity="critical",
    ),
    Scene(
        alert="TrueupGuardReducing",
        series={of("trueup_guard_state", state="REDUCING"): flat(0, 1)},
        labels={**NODE, "state": "REDUCING"},
        summary="node-1 may only reduce its positions",
        silent_secs=25,
        fires_secs=30,
    ),
    Scene(
        alert="TrueupGuardHalted",
        series={
            of("trueup_guard_state", state="HALTED"): flat(0, 1),
            of("trueup_startup_state", state="succeeded"): always(1),
            # A node beside it that is only starting.
            of("trueup_guard_state", {**NODE, "instance": "node-2"}, state="HALTED"): always(1),
            of("trueup_startup_state", {**NODE, "instance": "node-2"}, state="succeeded"): always(0),
        },
        labels={**NODE, "state": "HALTED"},
        summary="node-1 may not send orders",
        silent_secs=-5,
        fires_secs=0,
        severity="critical",
    ),
    Scene(
        alert="TrueupGuardCannotAct",
        series={of("trueup_guard_can_act"): flat(1, 0)},
        labels=NODE,
        summary="The guard of node-1 cannot change what the node may do",
        silent_secs=-5,
        fires_secs=0,
        severity="critical",
    ),
    Scene(
        alert="TrueupGuardOverridden",
        series={
            of("trueup_guard_state", state="HALTED"): always(1),
            of("trueup_guard_effective", state="HALTED"): flat(1, 0),
            of("trueup_guard_effective", state="ACTIVE"): flat(0, 1),
            # A node beside it whose guard was obeyed.
            of("trueup_guard_state", {**NODE, "instance": "node-2"}, state="HALTED"): always(1),
            of("trueup_guard_effective", {**NODE, "instance": "node-2"}, state="HALTED"): always(1),
        },
        labels={**NODE, "state": "HALTED"},
        summary="The engine of node-1 is not in the state HALTED that the guard asks for",
        silent_secs=25,
        fires_secs=30,
    ),
    Scene(
        alert="TrueupAuditorDown",
        series={of("up", AUDITOR): flat(1, 0)},
        labels=AUDITOR,
        summary="Auditor audit-1 does not answer",
        silent_secs=115,
        fires_secs=120,
    ),
    Scene(
        alert="TrueupAuditorStale",
        series={
            of("trueup_audit_verdict_timestamp_seconds", AUDITED): stamped(),
            of("trueup_audit_interval_seconds", AUDITOR): always(30),
        },
        labels=AUDITED,
        summary="The auditor has given no verdict on T-1 for 2m 35s",
        silent_secs=150,
        fires_secs=155,
    ),
    Scene(
        alert="TrueupAuditDiscrepant",
        series={of("trueup_audit_verdict", AUDITED, verdict="DISCREPANT"): flat(0, 1)},
        labels={**AUDITED, "verdict": "DISCREPANT"},
        summary="The auditor finds that T-1 differs from BINANCE-001 at the venue",
        silent_secs=55,
        fires_secs=60,
        severity="critical",
    ),
    Scene(
        alert="TrueupAuditUnknown",
        series={of("trueup_audit_verdict", AUDITED, verdict="UNKNOWN"): flat(0, 1)},
        labels={**AUDITED, "verdict": "UNKNOWN"},
        summary="The auditor cannot say whether T-1 is true",
        lasts_secs=700,
        silent_secs=595,
        fires_secs=600,
    ),
    Scene(
        alert="TrueupAuditorDisagrees",
        series={
            of("trueup_audit_verdict", AUDITED, verdict="DISCREPANT"): flat(0, 1),
            of("trueup_verdict", ACCOUNT, verdict="CLEAN"): always(1),
            of("trueup_node_info", trader_id="T-1"): always(1),
            # Another trader's node, whose account is called the same.
            of("trueup_audit_verdict", AUDITED, trader_id="T-2", verdict="DISCREPANT"): always(1),
            of("trueup_verdict", {**ACCOUNT, "instance": "node-2"}, verdict="CLEAN"): always(0),
            of("trueup_node_info", {**NODE, "instance": "node-2"}, trader_id="T-2"): always(1),
        },
        labels={**AUDITED, "verdict": "DISCREPANT"},
        summary="T-1 says CLEAN and the auditor says DISCREPANT",
        silent_secs=115,
        fires_secs=120,
        severity="critical",
    ),
    Scene(
        alert="TrueupJournalFailing",
        series={of("trueup_journal_state", state="FAILING"): flat(0, 1)},
        labels={**NODE, "state": "FAILING"},
        summary="The journal of node-1 cannot be written",
        silent_secs=25,
        fires_secs=30,
    ),
    Scene(
        alert="TrueupJournalDropping",
        series={of("trueup_journal_dropped_total"): jump(3)},
        labels=NODE,
        summary="The journal of node-1 lost 3 records",
        silent_secs=-5,
        fires_secs=5,
        severity="critical",
    ),
    Scene(
        alert="TrueupMonitorDropping",
        series={of("trueup_monitor_dropped_total", reason="queue_full"): jump(12)},
        labels=NODE,
        summary="The monitor of node-1 dropped 12 events",
        silent_secs=-5,
        fires_secs=5,
    ),
    Scene(
        alert="TrueupSeriesGrowth",
        series={of("trueup_monitor_dropped_total", reason="too_many"): jump(1)},
        labels=NODE,
        summary="node-1 has more accounts, clients or series than are exported",
        silent_secs=-5,
        fires_secs=5,
    ),
]

SCENES: tuple[Scene, ...] = (*_node, *_truth, *_objective, *_orders, *_venue, *_safety)
