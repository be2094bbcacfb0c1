"""The dashboard of an incident: everything that changes state, one below the other on one time axis."""

from __future__ import annotations

from typing import Final

from trueup.ops.dashboards.shared import INSTANCE, ONE, RATE, TRADER, audited, firing, marks, series, state, timeline
from trueup.ops.panel import (
    GUARDS,
    JOURNALS,
    PHASES,
    SECONDS,
    SEVERITIES,
    STORES,
    TRUE_OR_NOT,
    VERDICTS,
    DashboardSpec,
    Query,
    Row,
)

_STATES = Row(
    title="What changed, and what came first?",
    panels=(
        timeline(
            "Alerts",
            "Which alerts of Prometheus' rules fired, when, and how bad they are.",
            SEVERITIES,
            Query(expression=firing(ONE, by="alertname"), legend="{{alertname}}"),
            height=7,
            nothing="No alert fired",
        ),
        timeline(
            "Verdict",
            "What was known of each account, and what an auditor said from outside.",
            VERDICTS,
            state("trueup_verdict", "verdict", VERDICTS, "account_id", "{{account_id}}"),
            Query(expression=audited("instance", ONE), legend="auditor"),
            height=5,
        ),
        timeline(
            "Phase",
            "Where the node was in its life.",
            PHASES,
            state("trueup_phase", "phase", PHASES, "instance", "phase"),
            height=4,
        ),
        timeline(
            "Guard",
            "What the node was permitted.",
            GUARDS,
            state("trueup_guard_state", "state", GUARDS, "instance", "asked for"),
            state("trueup_guard_effective", "state", GUARDS, "instance", "effective"),
            height=5,
        ),
        timeline(
            "Venue",
            "Whether it answered, and whether the client was connected.",
            TRUE_OR_NOT,
            Query(expression=f"trueup_venue_reachable{{{ONE}}}", legend="{{client_id}} answers"),
            Query(expression=f"trueup_client_connected{{{ONE}}}", legend="{{client_id}} connected"),
            height=5,
        ),
        timeline(
            "Store",
            "Whether the node had a memory.",
            STORES,
            state("trueup_store_state", "state", STORES, "instance", "store"),
            height=4,
        ),
        timeline(
            "Journal",
            "Whether what happened was recorded.",
            JOURNALS,
            state("trueup_journal_state", "state", JOURNALS, "instance", "journal"),
            height=4,
        ),
    ),
)

_WHAT = Row(
    title="What happened?",
    panels=(
        series(
            "Discrepancies",
            "Differences at each moment, by kind.",
            Query(expression=f"sum by (kind) (trueup_discrepancies_open{{{ONE}}}) > 0", legend="{{kind}}"),
            width=12,
            stacked=True,
            nothing="No discrepancy in this time",
        ),
        series(
            "Checks by result",
            "Checks that ended within each interval.",
            Query(
                expression=f"sum by (check, result) (increase(trueup_cycles_total{{{ONE}}}{RATE})) > 0",
                legend="{{check}} {{result}}",
            ),
            width=12,
            stacked=True,
        ),
        series(
            "Failed questions",
            "Questions to the venue that were not answered, by kind and outcome.",
            Query(
                expression="sum by (query, outcome) "
                f'(increase(trueup_venue_queries_total{{{ONE}, outcome!="success"}}{RATE})) > 0',
                legend="{{query}} {{outcome}}",
            ),
            width=12,
            stacked=True,
            nothing="Every question was answered",
        ),
        series(
            "Heartbeat and lag",
            "A heartbeat that ages means a loop that hangs.",
            Query(expression=f"max(trueup_loop_heartbeat_age_seconds{{{ONE}}})", legend="age of the heartbeat"),
            Query(expression=f"max(trueup_cycle_age_seconds{{{ONE}}})", legend="since the last check"),
            Query(expression=f"max(trueup_inflight_oldest_age_seconds{{{ONE}}})", legend="oldest order in flight"),
            width=12,
            unit=SECONDS,
        ),
    ),
)

INCIDENT: Final = DashboardSpec(
    uid="trueup-incident",
    title="trueup / Incident",
    description="Every state of one node below the other: find what changed first.",
    variables=(TRADER, INSTANCE),
    annotations=marks(ONE),
    since="now-1h",
    rows=(_STATES, _WHAT),
)
