"""Alerts and dashboards name only what is exported, and everything that they name is documented."""

from __future__ import annotations

import re

import pytest

from tests.unit.ops.promql import label_values, matchers, metrics, parse
from trueup.ops.alerts import ALERTS, GROUPS
from trueup.ops.dashboards import DASHBOARDS
from trueup.ops.metrics import METRICS
from trueup.ops.panel import COLUMNS

TARGET_LABELS = {"job", "instance"}
SAMPLES = {sample: metric for metric in METRICS.values() for sample in metric.sample_names}
RECORDED = {recording.name: recording for group in GROUPS for recording in group.recordings}

QUERIES: dict[str, str] = {
    **{alert.name: alert.expression for alert in ALERTS.values()},
    **{name: recording.expression for name, recording in RECORDED.items()},
    **{
        f"{spec.uid}: {panel.title}, {letter}": query.expression
        for spec in DASHBOARDS
        for panel in spec.panels
        for letter, query in zip("ABCDEFGHIJ", panel.queries, strict=False)
    },
    **{f"{spec.uid}: {one.name}": one.expression for spec in DASHBOARDS for one in spec.annotations},
}


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_is_promql_over_metrics_and_labels_that_exist(name: str) -> None:
    expression = QUERIES[name]

    parse(expression)

    for metric in metrics(expression):
        assert metric in SAMPLES or metric in RECORDED, f"{metric} is exported by nobody"
    for metric, label, value in matchers(expression):
        if metric not in SAMPLES or label in TARGET_LABELS:
            continue
        known = {one.name: one for one in SAMPLES[metric].labels}
        assert label in known, f"{metric} has no label {label}"
        for one in label_values(value):
            assert not known[label].values or one in known[label].values, f"{label} of {metric} is never {one!r}"


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_keeps_its_target_so_that_inhibition_and_links_can_match(name: str) -> None:
    expression = ALERTS[name].expression
    for labels in re.findall(r"(?:sum|max|min|count) by \(([^)]*)\)", expression):
        assert {"job", "instance"} <= {label.strip() for label in labels.split(",")}


@pytest.mark.parametrize("name", ALERTS)
def test_every_text_of_an_alert_uses_only_labels_that_its_metrics_have(name: str) -> None:
    alert = ALERTS[name]
    names = metrics(alert.expression)
    labels = {label.name for name in names if name in SAMPLES for label in SAMPLES[name].labels}
    for used in re.findall(r"\$labels\.(\w+)", alert.summary + alert.description):
        assert used in labels | TARGET_LABELS
    assert alert.summary.strip()
    assert alert.description.endswith(".")
    assert alert.why.endswith(".") or alert.name.startswith("TrueupDetection")


def test_every_panel_says_what_an_operator_reads_from_it_and_fits_the_grid() -> None:
    for spec in DASHBOARDS:
        titles = [panel.title for panel in spec.panels]
        assert len(titles) == len(set(titles)), f"{spec.uid}: two panels of one title"
        for panel in spec.panels:
            assert panel.description.endswith(".")
            assert 1 <= panel.width <= COLUMNS
            assert panel.queries


def test_what_is_exported_is_looked_at_by_an_alert_or_a_panel_or_says_who_needs_it() -> None:
    looked_at = {
        SAMPLES[name].name for expression in QUERIES.values() for name in metrics(expression) if name in SAMPLES
    }
    for_queries_by_hand = {
        "trueup_node_started_timestamp_seconds",
        "trueup_startup_limit_seconds",
        "trueup_verdict_timestamp_seconds",
        "trueup_coverage_complete",
        "trueup_last_cycle_timestamp_seconds",
        "trueup_positions_open",
        "trueup_external_orders_total",
        "trueup_venue_last_success_timestamp_seconds",
        "trueup_store_write_behind_events",
        "trueup_store_losses_total",
        "trueup_store_rewritten_total",
        "trueup_loop_heartbeat_timestamp_seconds",
        "trueup_guard_changes_total",
        "trueup_guard_commands_refused_total",
        "trueup_journal_records_total",
        "trueup_journal_waiting",
        "trueup_journal_last_write_timestamp_seconds",
        "trueup_scrape_duration_seconds",
        "trueup_audit_cycles_total",
        "trueup_audit_duration_seconds",
        "trueup_audit_discrepancies_open",
        "trueup_audit_venue_reachable",
        "trueup_audit_store_reachable",
    }

    assert set(METRICS) - looked_at - for_queries_by_hand == set()
