"""Metrics of the auditor, which only ``trueup watch`` exports."""

from __future__ import annotations

from typing import Final

from trueup.ops.metric import Label
from trueup.ops.metrics.build import COUNTER, GAUGE, WATCH_ONLY, metric
from trueup.ops.metrics.labels import ACCOUNT, KIND, TRADER, VERDICT
from trueup.ops.metrics.words import RESULTS

AUDIT_METRICS: Final = (
    metric("audit_verdict", GAUGE, "1 for the auditor's verdict.", TRADER, ACCOUNT, VERDICT, sources=WATCH_ONLY),
    metric(
        "audit_verdict_timestamp_seconds",
        GAUGE,
        "When the auditor last gave a verdict.",
        TRADER,
        ACCOUNT,
        unit="seconds",
        sources=WATCH_ONLY,
    ),
    metric("audit_interval_seconds", GAUGE, "Between two audits, as configured.", unit="seconds", sources=WATCH_ONLY),
    metric(
        "audit_cycles_total",
        COUNTER,
        "Audits that ended.",
        TRADER,
        ACCOUNT,
        Label.of("result", RESULTS[:4], "how it ended"),
        sources=WATCH_ONLY,
    ),
    metric(
        "audit_duration_seconds",
        GAUGE,
        "How long the last audit took.",
        TRADER,
        ACCOUNT,
        unit="seconds",
        sources=WATCH_ONLY,
    ),
    metric(
        "audit_discrepancies_open",
        GAUGE,
        "Differences that the auditor sees.",
        TRADER,
        ACCOUNT,
        KIND,
        sources=WATCH_ONLY,
    ),
    metric("audit_two_writers", GAUGE, "1 where two nodes write one account.", TRADER, ACCOUNT, sources=WATCH_ONLY),
    metric("audit_venue_reachable", GAUGE, "1 while the venue answers.", TRADER, ACCOUNT, sources=WATCH_ONLY),
    metric("audit_store_reachable", GAUGE, "1 while the node's Redis answers.", TRADER, ACCOUNT, sources=WATCH_ONLY),
)
