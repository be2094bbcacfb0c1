"""Metrics of the venue as the node sees it."""

from __future__ import annotations

from typing import Final

from trueup.ops.metric import Label
from trueup.ops.metrics.build import COUNTER, GAUGE, HISTOGRAM, metric
from trueup.ops.metrics.labels import CLIENT, QUERY
from trueup.ops.metrics.words import OUTCOMES, QUERY_BUCKETS

VENUE_METRICS: Final = (
    metric(
        "venue_queries_total",
        COUNTER,
        "Questions to the venue.",
        CLIENT,
        QUERY,
        Label.of("outcome", OUTCOMES, "outcome"),
    ),
    metric(
        "venue_query_duration_seconds",
        HISTOGRAM,
        "How long the venue took to answer, or not to.",
        CLIENT,
        QUERY,
        unit="seconds",
        buckets=QUERY_BUCKETS,
    ),
    metric("venue_reachable", GAUGE, "1 while the last question to the venue was answered.", CLIENT),
    metric(
        "venue_last_success_timestamp_seconds",
        GAUGE,
        "When the venue last answered.",
        CLIENT,
        unit="seconds",
        absent="before the first answer",
    ),
    metric("client_connected", GAUGE, "1 while the execution client is connected.", CLIENT),
    metric(
        "venue_weight_used",
        GAUGE,
        "Request weight used in the venue's running minute.",
        CLIENT,
        unit="weight",
        absent="for clients that do not count it",
    ),
    metric(
        "venue_weight_limit",
        GAUGE,
        "Request weight that the venue allows in a minute.",
        CLIENT,
        unit="weight",
        absent="for clients that do not count it",
    ),
    metric(
        "clock_skew_seconds",
        GAUGE,
        "The venue's clock less the node's.",
        CLIENT,
        unit="seconds",
        absent="for clients that do not measure it",
    ),
)
