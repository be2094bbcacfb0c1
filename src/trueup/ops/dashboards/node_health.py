"""The last two questions about a node: is the venue well, and is the node well?"""

from __future__ import annotations

from typing import Final

from trueup.ops.dashboards.shared import ONE, RATE, quantile, series, stat, state, timeline
from trueup.ops.panel import (
    EACH_SECOND,
    JOURNALS,
    SECONDS,
    SHARE,
    STORES,
    TRUE_OR_NOT,
    Colour,
    Query,
    Row,
    Threshold,
)

OF_VENUE: Final = f'{ONE}, client_id=~"$venue"'
"""Matchers for the chosen venues of the node that is looked at."""

VENUE_WELL: Final = Row(
    title="Is the venue well?",
    panels=(
        timeline(
            "Venue answers",
            "Whether the last question was answered, and whether the client is connected.",
            TRUE_OR_NOT,
            Query(expression=f"trueup_venue_reachable{{{OF_VENUE}}}", legend="{{client_id}} answers"),
            Query(expression=f"trueup_client_connected{{{OF_VENUE}}}", legend="{{client_id}} connected"),
            width=8,
        ),
        series(
            "Answers by outcome",
            "Questions to the venue in a second.",
            Query(
                expression=f"sum by (outcome) (rate(trueup_venue_queries_total{{{OF_VENUE}}}{RATE}))",
                legend="{{outcome}}",
            ),
            unit=EACH_SECOND,
            stacked=True,
        ),
        series(
            "Time to answer",
            "Nine in ten answers, by kind of question.",
            quantile(0.9, "trueup_venue_query_duration_seconds", OF_VENUE, "query", "{{query}}"),
            unit=SECONDS,
        ),
        series(
            "Request weight",
            "Share of what the venue allows in a minute. Above four fifths orders are in danger.",
            Query(
                expression=f"trueup_venue_weight_used{{{OF_VENUE}}} / trueup_venue_weight_limit{{{OF_VENUE}}}",
                legend="{{client_id}}",
            ),
            unit=SHARE,
        ),
        series(
            "Clock",
            "The venue's clock less the node's.",
            Query(expression=f"trueup_clock_skew_seconds{{{OF_VENUE}}}", legend="{{client_id}}"),
            unit=SECONDS,
        ),
        series(
            "Gaps in the event stream",
            "Each is followed by a true-up.",
            Query(
                expression=f"sum by (account_id) (increase(trueup_stream_gaps_total{{{ONE}}}{RATE}))",
                legend="{{account_id}}",
            ),
        ),
    ),
)

NODE_WELL: Final = Row(
    title="Is the node well?",
    panels=(
        stat(
            "Start-up took",
            "The plan allows 30 s.",
            f"max(trueup_startup_duration_seconds{{{ONE}}})",
            width=8,
            unit=SECONDS,
            thresholds=(
                Threshold(since=None, colour=Colour.GOOD),
                Threshold(since=20, colour=Colour.WATCH),
                Threshold(since=30, colour=Colour.BAD),
            ),
        ),
        stat("Working orders", "In the node.", f"sum(trueup_orders_open{{{ONE}}})", width=8),
        stat(
            "Series exported",
            "Of the most that there can be.",
            f"max(trueup_exported_series{{{ONE}}}) / max(trueup_exported_series_limit{{{ONE}}})",
            width=8,
            unit=SHARE,
        ),
        series(
            "Time of a check",
            "Nine in ten, by check. The plan allows a periodic one 5 s.",
            quantile(0.9, "trueup_cycle_duration_seconds", ONE, "check", "{{check}}"),
            width=12,
            unit=SECONDS,
        ),
        series(
            "Event loop",
            "How late the loop is (99 in 100), and the age of its heartbeat.",
            Query(
                expression=f"histogram_quantile(0.99, sum by (le) (rate(trueup_loop_lag_seconds_bucket{{{ONE}}}"
                f"{RATE})))",
                legend="lag p99",
            ),
            Query(expression=f"max(trueup_loop_heartbeat_age_seconds{{{ONE}}})", legend="heartbeat"),
            width=12,
            unit=SECONDS,
        ),
        series(
            "What waits",
            "Orders without the venue's answer, and what the engine has not processed yet.",
            Query(expression=f"sum(trueup_orders_inflight{{{ONE}}})", legend="orders in flight"),
            Query(expression=f"sum by (queue) (trueup_engine_queue_depth{{{ONE}}})", legend="{{queue}}"),
            width=12,
        ),
        series(
            "How long it waits",
            "The oldest order without an answer, the store's lag behind the node, and its round trip.",
            Query(expression=f"max(trueup_inflight_oldest_age_seconds{{{ONE}}})", legend="order in flight"),
            Query(expression=f"max(trueup_store_write_behind_seconds{{{ONE}}})", legend="store behind"),
            Query(expression=f"max(trueup_store_ping_seconds{{{ONE}}})", legend="store's round trip"),
            width=12,
            unit=SECONDS,
        ),
        timeline(
            "Store over time",
            "Whether the node has a memory.",
            STORES,
            state("trueup_store_state", "state", STORES, "instance", "store"),
            width=12,
            height=4,
        ),
        timeline(
            "Journal over time",
            "Whether what happens is recorded.",
            JOURNALS,
            state("trueup_journal_state", "state", JOURNALS, "instance", "journal"),
            width=12,
            height=4,
        ),
    ),
)
