"""The dashboard of an incident: everything that changes state, one below the other on one time axis."""

from __future__ import annotations

from typing import Final

from trueup.ops.dashboards.shared import INSTANCE, ONE, TRADER, marks
from trueup.ops.panel import (
    GUARDS,
    JOURNALS,
    PHASES,
    STORES,
    TRUE_OR_NOT,
    VERDICTS,
    DashboardSpec,
    Meaning,
    Panel,
    PanelKind,
    Query,
    Row,
    coded,
)


def _line(title: str, description: str, meanings: tuple[Meaning, ...], *queries: Query, height: int = 4) -> Panel:
    return Panel(
        title=title,
        kind=PanelKind.STATE_TIMELINE,
        description=description,
        queries=queries,
        width=24,
        height=height,
        meanings=meanings,
    )


def _state(metric: str, label: str, meanings: tuple[Meaning, ...], by: str, legend: str) -> Query:
    return Query(expression=coded(metric, label, meanings, ONE, by), legend=legend)


_STATES = Row(
    title="What changed, and what came first?",
    panels=(
        _line(
            "Phase",
            "Where the node was in its life.",
            PHASES,
            _state("trueup_phase", "phase", PHASES, "instance", "phase"),
        ),
        _line(
            "Verdict",
            "What was known of each account.",
            VERDICTS,
            _state("trueup_verdict", "verdict", VERDICTS, "account_id", "{{account_id}}"),
        ),
        _line(
            "Guard",
            "What the node was permitted.",
            GUARDS,
            _state("trueup_guard_state", "state", GUARDS, "instance", "asked for"),
            _state("trueup_guard_effective", "state", GUARDS, "instance", "effective"),
            height=5,
        ),
        _line(
            "Venue",
            "Whether it answered, and whether the client was connected.",
            TRUE_OR_NOT,
            Query(expression=f"trueup_venue_reachable{{{ONE}}}", legend="{{client_id}} answers"),
            Query(expression=f"trueup_client_connected{{{ONE}}}", legend="{{client_id}} connected"),
            height=5,
        ),
        _line(
            "Store",
            "Whether the node had a memory.",
            STORES,
            _state("trueup_store_state", "state", STORES, "instance", "store"),
        ),
        _line(
            "Journal",
            "Whether what happened was recorded.",
            JOURNALS,
            _state("trueup_journal_state", "state", JOURNALS, "instance", "journal"),
        ),
    ),
)

_WHAT = Row(
    title="What happened?",
    panels=(
        Panel(
            title="Discrepancies",
            kind=PanelKind.TIME_SERIES,
            description="Differences at each moment, by kind.",
            queries=(Query(expression=f"sum by (kind) (trueup_discrepancies_open{{{ONE}}}) > 0", legend="{{kind}}"),),
            width=12,
            stacked=True,
        ),
        Panel(
            title="Checks by result",
            kind=PanelKind.TIME_SERIES,
            description="Checks that ended within each interval.",
            queries=(
                Query(
                    expression=f"sum by (check, result) (increase(trueup_cycles_total{{{ONE}}}[$__rate_interval])) > 0",
                    legend="{{check}} {{result}}",
                ),
            ),
            width=12,
            stacked=True,
        ),
        Panel(
            title="Failed questions",
            kind=PanelKind.TIME_SERIES,
            description="Questions to the venue that were not answered, by kind and outcome.",
            queries=(
                Query(
                    expression="sum by (query, outcome) "
                    f'(increase(trueup_venue_queries_total{{{ONE}, outcome!="success"}}[$__rate_interval])) > 0',
                    legend="{{query}} {{outcome}}",
                ),
            ),
            width=12,
            stacked=True,
        ),
        Panel(
            title="Heartbeat and lag",
            kind=PanelKind.TIME_SERIES,
            description="A heartbeat that ages means a loop that hangs.",
            queries=(
                Query(expression=f"max(trueup_loop_heartbeat_age_seconds{{{ONE}}})", legend="age of the heartbeat"),
                Query(expression=f"max(trueup_cycle_age_seconds{{{ONE}}})", legend="since the last check"),
                Query(expression=f"max(trueup_inflight_oldest_age_seconds{{{ONE}}})", legend="oldest order in flight"),
            ),
            width=12,
            unit="s",
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
