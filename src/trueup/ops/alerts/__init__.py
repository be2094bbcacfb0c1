"""Every alert, once: rule files, Grafana's alerts, the runbook index and the documents are made from here."""

from __future__ import annotations

from typing import Final

from trueup.ops.alert import Alert, RuleGroup
from trueup.ops.alerts.node import NODE_ALERTS
from trueup.ops.alerts.objective import OBJECTIVE_ALERTS, OBJECTIVE_RECORDINGS
from trueup.ops.alerts.orders import ORDER_ALERTS
from trueup.ops.alerts.safety import AUDITOR_ALERTS, GUARD_ALERTS, JOURNAL_ALERTS, MONITORING_ALERTS, STORE_ALERTS
from trueup.ops.alerts.truth import TRUTH_ALERTS
from trueup.ops.alerts.venue import VENUE_ALERTS

GROUPS: Final[tuple[RuleGroup, ...]] = (
    NODE_ALERTS,
    TRUTH_ALERTS,
    OBJECTIVE_RECORDINGS,
    OBJECTIVE_ALERTS,
    ORDER_ALERTS,
    VENUE_ALERTS,
    STORE_ALERTS,
    GUARD_ALERTS,
    AUDITOR_ALERTS,
    JOURNAL_ALERTS,
    MONITORING_ALERTS,
)
"""The groups in the order of the rule file."""

ALERTS: Final[dict[str, Alert]] = {alert.name: alert for group in GROUPS for alert in group.alerts}
"""Every alert by name."""

assert len(ALERTS) == sum(len(group.alerts) for group in GROUPS), "an alert's name must be unique"
