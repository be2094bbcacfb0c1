"""Every metric that trueup exports, once: the exporter, the rules, the dashboards and the reference all read this.

No order, instrument, strategy or error text is ever a label: only what is bounded by configuration or by the code.
Ages are computed while a scrape is answered, outside of the node's event loop, so that they grow when it hangs.
"""

from __future__ import annotations

from typing import Final

from trueup.ops.metric import Metric, Source
from trueup.ops.metrics.auditor import AUDIT_METRICS
from trueup.ops.metrics.node import LOOP_METRICS, NODE_METRICS, ORDER_METRICS
from trueup.ops.metrics.safety import GUARD_METRICS, JOURNAL_METRICS, SELF_METRICS, STORE_METRICS
from trueup.ops.metrics.truth import CYCLE_METRICS, DISCREPANCY_METRICS, VERDICT_METRICS
from trueup.ops.metrics.venue import VENUE_METRICS
from trueup.ops.metrics.words import (
    ACCOUNTS_MAX,
    CHECKS,
    CLIENTS_MAX,
    CYCLE_BUCKETS,
    DETECTION_BUCKETS,
    DETECTION_OBJECTIVE_SECS,
    DISPOSITIONS,
    DROP_REASONS,
    ENGINE_CHECKS,
    JOURNAL_STATES,
    LAG_BUCKETS,
    OUTCOMES,
    QUERIES,
    QUERY_BUCKETS,
    QUEUES,
    RESULTS,
    STARTUP_STATES,
    STORE_STATES,
    TARGETS_MAX,
)

__all__ = [
    "ACCOUNTS_MAX",
    "CHECKS",
    "CLIENTS_MAX",
    "CYCLE_BUCKETS",
    "DETECTION_BUCKETS",
    "DETECTION_OBJECTIVE_SECS",
    "DISPOSITIONS",
    "DROP_REASONS",
    "ENGINE_CHECKS",
    "GROUPS",
    "JOURNAL_STATES",
    "LAG_BUCKETS",
    "METRICS",
    "OUTCOMES",
    "QUERIES",
    "QUERY_BUCKETS",
    "QUEUES",
    "RESULTS",
    "STARTUP_STATES",
    "STORE_STATES",
    "TARGETS_MAX",
    "metrics_of",
    "series_limit",
]

GROUPS: Final[dict[str, tuple[Metric, ...]]] = {
    "The node": NODE_METRICS,
    "Verdicts and coverage": VERDICT_METRICS,
    "Checks": CYCLE_METRICS,
    "Discrepancies": DISCREPANCY_METRICS,
    "Orders": ORDER_METRICS,
    "The venue": VENUE_METRICS,
    "The store": STORE_METRICS,
    "The event loop": LOOP_METRICS,
    "The guard": GUARD_METRICS,
    "The journal": JOURNAL_METRICS,
    "The monitor itself": SELF_METRICS,
    "The auditor": AUDIT_METRICS,
}
"""The metrics as the reference shows them."""

METRICS: Final[dict[str, Metric]] = {metric.name: metric for group in GROUPS.values() for metric in group}
"""Every metric by name."""

assert len(METRICS) == sum(len(group) for group in GROUPS.values()), "a metric's name must be unique"


def metrics_of(source: Source) -> tuple[Metric, ...]:
    """Return the metrics that one program exports, in the order of the reference."""
    return tuple(metric for metric in METRICS.values() if source in metric.sources)


def series_limit(source: Source, *, accounts: int, clients: int, targets: int = 1) -> int:
    """Return the most series that one program exports with so many accounts, clients and audited nodes."""
    sizes = {"account_id": accounts, "client_id": clients, "trader_id": targets}
    return sum(metric.series_for(sizes) for metric in metrics_of(source))
