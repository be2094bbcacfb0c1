"""Metrics of the node itself: who it is, its phase, its orders, its event loop."""

from __future__ import annotations

from typing import Final

from trueup.model.phase import Phase
from trueup.ops.metric import Label
from trueup.ops.metrics.build import COUNTER, GAUGE, HISTOGRAM, metric
from trueup.ops.metrics.words import DISPOSITIONS, LAG_BUCKETS, QUEUES, STARTUP_STATES


def _identity(name: str) -> Label:
    return Label.open(name, 1, "as the node says it")


NODE_METRICS: Final = (
    metric(
        "node_info",
        GAUGE,
        "Who the node is; always 1.",
        _identity("trader_id"),
        _identity("environment"),
        _identity("mode"),
        _identity("trueup_version"),
        _identity("engine_version"),
    ),
    metric("node_started_timestamp_seconds", GAUGE, "When trueup was attached to the node.", unit="seconds"),
    metric("phase", GAUGE, "1 for the phase that the node is in.", Label.of("phase", Phase, "phase")),
    metric("phase_since_timestamp_seconds", GAUGE, "When the node entered its phase.", unit="seconds"),
    metric(
        "startup_state",
        GAUGE,
        "1 for where the start-up stands.",
        Label.of("state", STARTUP_STATES, "where the start-up stands"),
    ),
    metric("startup_duration_seconds", GAUGE, "How long the start-up took, or runs by now.", unit="seconds"),
    metric(
        "startup_limit_seconds",
        GAUGE,
        "How long the start-up may take.",
        unit="seconds",
        absent="in native mode: the engine does not enforce its limit",
    ),
    metric("trading", GAUGE, "1 while the trader runs."),
    metric("reconciled", GAUGE, "1 while the node is proven equal to its venues, the age of the proof included."),
)

ORDER_METRICS: Final = (
    metric("orders_open", GAUGE, "Working orders in the node."),
    metric("orders_inflight", GAUGE, "Orders that wait for the venue's answer."),
    metric("inflight_oldest_age_seconds", GAUGE, "How long the oldest of them has waited; 0 for none.", unit="seconds"),
    metric("positions_open", GAUGE, "Open positions in the node."),
    metric(
        "external_orders_open",
        GAUGE,
        "Working orders that no strategy of the node placed.",
        Label.of("disposition", DISPOSITIONS[:2], "whether a strategy claims it"),
    ),
    metric(
        "external_orders_total",
        COUNTER,
        "Orders met that no strategy of the node placed.",
        Label.of("disposition", DISPOSITIONS, "what became of it"),
    ),
    metric("inferred_fills_total", COUNTER, "Fills that the engine invented to explain a quantity."),
    metric("synthetic_orders_total", COUNTER, "Orders that the engine invented to explain a position."),
)

LOOP_METRICS: Final = (
    metric("loop_lag_seconds", HISTOGRAM, "How late the event loop was.", unit="seconds", buckets=LAG_BUCKETS),
    metric("loop_heartbeat_timestamp_seconds", GAUGE, "When the event loop last ran the monitor.", unit="seconds"),
    metric("loop_heartbeat_age_seconds", GAUGE, "How long ago that was.", unit="seconds"),
    metric("engine_queue_depth", GAUGE, "What waits in the engine's queues.", Label.of("queue", QUEUES, "queue")),
)
