"""The dashboard of one node: an operator's questions, in the order in which they are asked."""

from __future__ import annotations

from typing import Final

from trueup.ops.dashboards.shared import INSTANCE, ONE, TRADER, VENUE, marks
from trueup.ops.panel import (
    GUARDS,
    JOURNALS,
    PHASES,
    STORES,
    TRUE_OR_NOT,
    VERDICTS,
    Colour,
    DashboardSpec,
    Panel,
    PanelKind,
    Query,
    Row,
    Threshold,
    coded,
    zero_is_good,
)

_RATE = "[$__rate_interval]"
_OF_VENUE = f'{ONE}, client_id=~"$venue"'


def _stat(title: str, description: str, expression: str, width: int = 4, **more: object) -> Panel:
    query = Query(expression=expression, legend=title, instant=True)
    return Panel(
        title=title,
        kind=PanelKind.STAT,
        description=description,
        queries=(query,),
        width=width,
        height=4,
        **more,  # type: ignore[arg-type] # the fields of a panel, as the callers write them below
    )


def _series(title: str, description: str, *queries: Query, width: int = 8, **more: object) -> Panel:
    return Panel(
        title=title,
        kind=PanelKind.TIME_SERIES,
        description=description,
        queries=queries,
        width=width,
        **more,  # type: ignore[arg-type] # as above
    )


_TRUE_NOW = Row(
    title="Is it true now?",
    panels=(
        _stat(
            "Verdict",
            "What the last look says of all accounts together. A CLEAN that nothing confirmed in time is UNKNOWN.",
            f"max({coded('trueup_verdict', 'verdict', VERDICTS, ONE, 'account_id')})",
            meanings=VERDICTS,
        ),
        _stat(
            "Age of the verdict",
            "How long ago a look confirmed it. Red from the age on at which it says nothing any more.",
            f"max(trueup_verdict_age_seconds{{{ONE}}})",
            unit="s",
            thresholds=(
                Threshold(since=None, colour=Colour.GOOD),
                Threshold(since=30, colour=Colour.WATCH),
                Threshold(since=80, colour=Colour.BAD),
            ),
        ),
        _stat(
            "Phase",
            "Where the node is in its life. MONITORING is where it should be; ERROR is never left.",
            coded("trueup_phase", "phase", PHASES, ONE, "instance"),
            meanings=PHASES,
        ),
        _stat("Trading", "Whether the trader runs.", f"max(trueup_trading{{{ONE}}})", meanings=TRUE_OR_NOT),
        _stat(
            "Guard",
            "What the node may do.",
            coded("trueup_guard_state", "state", GUARDS, ONE, "instance"),
            meanings=GUARDS,
        ),
        _stat(
            "Open discrepancies",
            "Differences between node and venue now.",
            f"sum(trueup_discrepancies_open{{{ONE}}})",
            thresholds=zero_is_good(),
        ),
        Panel(
            title="Verdict of each account",
            kind=PanelKind.STATE_TIMELINE,
            description="CLEAN, UNKNOWN or DISCREPANT over time.",
            queries=(
                Query(
                    expression=coded("trueup_verdict", "verdict", VERDICTS, ONE, "account_id"), legend="{{account_id}}"
                ),
            ),
            width=24,
            height=5,
            meanings=VERDICTS,
        ),
    ),
)

_WHAT_IS_WRONG = Row(
    title="What is wrong?",
    panels=(
        _series(
            "Open discrepancies by kind",
            "Positions first: they mean a wrong exposure.",
            Query(
                expression=f"sum by (kind) (trueup_discrepancies_open{{{ONE}}}) > 0",
                legend="{{kind}}",
            ),
            width=12,
            stacked=True,
        ),
        _series(
            "Open discrepancies by where they stand",
            "GIVEN_UP and REFUSED wait for an operator, or for history that the venue does not give.",
            Query(expression=f"sum by (state) (trueup_discrepancies_open_state{{{ONE}}})", legend="{{state}}"),
            width=12,
            stacked=True,
        ),
    ),
)

_SINCE_WHEN = Row(
    title="Since when?",
    panels=(
        _series(
            "Age of the oldest discrepancy",
            "What is older than a minute was not healed.",
            Query(expression=f"max by (kind) (trueup_discrepancy_oldest_age_seconds{{{ONE}}}) > 0", legend="{{kind}}"),
            unit="s",
        ),
        _series(
            "Time without knowing",
            "For how long a verdict has been UNKNOWN, and for how long a look has not read all that it asked for.",
            Query(expression=f"trueup_verdict_unknown_seconds{{{ONE}}}", legend="verdict UNKNOWN, {{account_id}}"),
            Query(expression=f"trueup_coverage_unknown_seconds{{{ONE}}}", legend="coverage incomplete, {{account_id}}"),
            unit="s",
        ),
        _series(
            "Time to detection",
            "From what the venue did to its being seen as a difference: nine in ten, and one in two.",
            Query(
                expression=f"histogram_quantile(0.9, sum by (le) (rate(trueup_detection_delay_seconds_bucket{{{ONE}}}"
                f"{_RATE})))",
                legend="p90",
            ),
            Query(
                expression=f"histogram_quantile(0.5, sum by (le) (rate(trueup_detection_delay_seconds_bucket{{{ONE}}}"
                f"{_RATE})))",
                legend="p50",
            ),
            unit="s",
        ),
    ),
)

_WHAT_WAS_DONE = Row(
    title="What was done?",
    panels=(
        _series(
            "Detected and resolved",
            "Differences that came and went. Resolved by ITSELF means that a late event of the stream explained it.",
            Query(expression=f"sum(increase(trueup_discrepancies_detected_total{{{ONE}}}{_RATE}))", legend="detected"),
            Query(
                expression=f"sum by (resolution) (increase(trueup_discrepancies_resolved_total{{{ONE}}}{_RATE}))",
                legend="resolved by {{resolution}}",
            ),
        ),
        _series(
            "Steps and problems",
            "Steps of true-ups that were applied, and those that the engine refused.",
            Query(expression=f"sum(increase(trueup_steps_applied_total{{{ONE}}}{_RATE}))", legend="steps applied"),
            Query(expression=f"sum(increase(trueup_problems_total{{{ONE}}}{_RATE}))", legend="problems"),
            Query(expression=f"sum(increase(trueup_discrepancies_gave_up_total{{{ONE}}}{_RATE}))", legend="gave up"),
            Query(expression=f"sum(increase(trueup_discrepancies_recurred_total{{{ONE}}}{_RATE}))", legend="came back"),
        ),
        Panel(
            title="Guard over time",
            kind=PanelKind.STATE_TIMELINE,
            description="What the guard asked for, and what the engine's own trading state was.",
            queries=(
                Query(expression=coded("trueup_guard_state", "state", GUARDS, ONE, "instance"), legend="asked for"),
                Query(expression=coded("trueup_guard_effective", "state", GUARDS, ONE, "instance"), legend="effective"),
            ),
            width=8,
            meanings=GUARDS,
        ),
        _series(
            "Orders that nobody in the node placed",
            "Working orders from outside, by whether a strategy claims them.",
            Query(expression=f"sum by (disposition) (trueup_external_orders_open{{{ONE}}})", legend="{{disposition}}"),
            stacked=True,
        ),
        _series(
            "Orders in flight",
            "Orders that wait for the venue's answer, and how long the oldest has waited.",
            Query(expression=f"sum(trueup_orders_inflight{{{ONE}}})", legend="orders in flight"),
            Query(expression=f"max(trueup_inflight_oldest_age_seconds{{{ONE}}})", legend="oldest, in seconds"),
        ),
        _series(
            "What the engine made up",
            "Only native mode does this: fills and orders that the venue never had.",
            Query(expression=f"sum(increase(trueup_inferred_fills_total{{{ONE}}}{_RATE}))", legend="inferred fills"),
            Query(
                expression=f"sum(increase(trueup_synthetic_orders_total{{{ONE}}}{_RATE}))", legend="synthetic orders"
            ),
        ),
    ),
)

_VENUE_WELL = Row(
    title="Is the venue well?",
    panels=(
        _series(
            "Answers by outcome",
            "Questions to the venue in a second.",
            Query(
                expression=f"sum by (outcome) (rate(trueup_venue_queries_total{{{_OF_VENUE}}}{_RATE}))",
                legend="{{outcome}}",
            ),
            unit="reqps",
            stacked=True,
        ),
        _series(
            "Time to answer",
            "Nine in ten answers, by kind of question.",
            Query(
                expression="histogram_quantile(0.9, sum by (query, le) "
                f"(rate(trueup_venue_query_duration_seconds_bucket{{{_OF_VENUE}}}{_RATE})))",
                legend="{{query}}",
            ),
            unit="s",
        ),
        _series(
            "Request weight",
            "Share of what the venue allows in a minute. Above four fifths orders are in danger.",
            Query(
                expression=f"trueup_venue_weight_used{{{_OF_VENUE}}} / trueup_venue_weight_limit{{{_OF_VENUE}}}",
                legend="{{client_id}}",
            ),
            unit="percentunit",
        ),
        Panel(
            title="Venue answers",
            kind=PanelKind.STATE_TIMELINE,
            description="Whether the last question was answered, and whether the client is connected.",
            queries=(
                Query(expression=f"trueup_venue_reachable{{{_OF_VENUE}}}", legend="{{client_id}} answers"),
                Query(expression=f"trueup_client_connected{{{_OF_VENUE}}}", legend="{{client_id}} connected"),
            ),
            width=8,
            meanings=TRUE_OR_NOT,
        ),
        _series(
            "Clock",
            "The venue's clock less the node's.",
            Query(expression=f"trueup_clock_skew_seconds{{{_OF_VENUE}}}", legend="{{client_id}}"),
            unit="s",
        ),
        _series(
            "Gaps in the event stream",
            "Each is followed by a true-up.",
            Query(
                expression=f"sum by (account_id) (increase(trueup_stream_gaps_total{{{ONE}}}{_RATE}))",
                legend="{{account_id}}",
            ),
        ),
    ),
)

_NODE_WELL = Row(
    title="Is the node well?",
    panels=(
        _series(
            "Time of a check",
            "Nine in ten, by check. The plan allows a periodic one 5 s.",
            Query(
                expression="histogram_quantile(0.9, sum by (check, le) "
                f"(rate(trueup_cycle_duration_seconds_bucket{{{ONE}}}{_RATE})))",
                legend="{{check}}",
            ),
            unit="s",
        ),
        _series(
            "Event loop",
            "How late the loop is (99 in 100), and the age of its heartbeat.",
            Query(
                expression=f"histogram_quantile(0.99, sum by (le) (rate(trueup_loop_lag_seconds_bucket{{{ONE}}}"
                f"{_RATE})))",
                legend="lag p99",
            ),
            Query(expression=f"max(trueup_loop_heartbeat_age_seconds{{{ONE}}})", legend="heartbeat"),
            unit="s",
        ),
        _series(
            "Queues of the engine",
            "What waits to be processed.",
            Query(expression=f"sum by (queue) (trueup_engine_queue_depth{{{ONE}}})", legend="{{queue}}"),
        ),
        Panel(
            title="Store over time",
            kind=PanelKind.STATE_TIMELINE,
            description="Whether the node has a memory.",
            queries=(Query(expression=coded("trueup_store_state", "state", STORES, ONE, "instance"), legend="store"),),
            width=8,
            meanings=STORES,
        ),
        Panel(
            title="Journal over time",
            kind=PanelKind.STATE_TIMELINE,
            description="Whether what happens is recorded.",
            queries=(
                Query(expression=coded("trueup_journal_state", "state", JOURNALS, ONE, "instance"), legend="journal"),
            ),
            width=8,
            meanings=JOURNALS,
        ),
        _series(
            "Store",
            "How far the store lags behind the node, and its round trip.",
            Query(expression=f"max(trueup_store_write_behind_seconds{{{ONE}}})", legend="write-behind"),
            Query(expression=f"max(trueup_store_ping_seconds{{{ONE}}})", legend="round trip"),
            unit="s",
        ),
        _stat(
            "Start-up took",
            "The plan allows 30 s.",
            f"max(trueup_startup_duration_seconds{{{ONE}}})",
            width=8,
            unit="s",
            thresholds=(
                Threshold(since=None, colour=Colour.GOOD),
                Threshold(since=20, colour=Colour.WATCH),
                Threshold(since=30, colour=Colour.BAD),
            ),
        ),
        _stat("Working orders", "In the node.", f"sum(trueup_orders_open{{{ONE}}})", width=8, thresholds=()),
        _stat(
            "Series exported",
            "Of the most that there can be.",
            f"max(trueup_exported_series{{{ONE}}}) / max(trueup_exported_series_limit{{{ONE}}})",
            width=8,
            unit="percentunit",
        ),
    ),
)

NODE: Final = DashboardSpec(
    uid="trueup-node",
    title="trueup / Node",
    description="Is this node true to its venue, what is wrong, since when, what was done, and are both sides well?",
    variables=(TRADER, INSTANCE, VENUE),
    annotations=marks(ONE),
    rows=(_TRUE_NOW, _WHAT_IS_WRONG, _SINCE_WHEN, _WHAT_WAS_DONE, _VENUE_WELL, _NODE_WELL),
)
