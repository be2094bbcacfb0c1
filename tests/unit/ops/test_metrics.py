"""The registry of metrics: names that Prometheus' conventions allow, labels that are bounded, series that add up."""

from __future__ import annotations

import math
import re
import subprocess
import sys

import pytest

from trueup.ops.metric import Metric, MetricType, Source
from trueup.ops.metrics import GROUPS, METRICS, metrics_of, series_limit
from trueup.ops.metrics_reference import render

RESERVED = {"job", "instance", "le", "quantile", "__name__"}


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_metric_keeps_the_conventions(metric: Metric) -> None:
    assert re.fullmatch(r"trueup_[a-z][a-z0-9]*(_[a-z0-9]+)*", metric.name)
    assert metric.name.endswith("_total") == (metric.type is MetricType.COUNTER)
    assert metric.help.endswith(".")
    assert "\n" not in metric.help
    assert (metric.unit == "seconds") == metric.name.removesuffix("_total").endswith("_seconds")
    assert not metric.name.endswith(("_milliseconds", "_ms", "_ns"))
    assert metric.name not in {f"{other}_{tail}" for other in METRICS for tail in ("bucket", "sum", "count")}


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_every_label_is_bounded_and_allowed(metric: Metric) -> None:
    assert len(set(metric.label_names)) == len(metric.labels)
    for label in metric.labels:
        assert label.name not in RESERVED
        assert 0 < label.values_max <= 64
        assert len(set(label.values)) == len(label.values) <= label.values_max


@pytest.mark.parametrize(
    "metric", [m for m in METRICS.values() if m.type is MetricType.HISTOGRAM], ids=lambda m: m.name
)
def test_buckets_rise_and_are_finite(metric: Metric) -> None:
    assert list(metric.buckets) == sorted(set(metric.buckets))
    assert all(math.isfinite(bound) and bound > 0 for bound in metric.buckets)


def test_a_nodes_series_grow_by_what_an_account_and_a_client_bring_and_nothing_else() -> None:
    one = series_limit(Source.NODE, accounts=1, clients=1)
    account = series_limit(Source.NODE, accounts=2, clients=1) - one
    client = series_limit(Source.NODE, accounts=1, clients=2) - one
    assert series_limit(Source.NODE, accounts=3, clients=4) == one + 2 * account + 3 * client
    assert one < 700
    assert account < 200
    assert client < 200


def test_what_only_the_auditor_exports_is_not_asked_of_a_node() -> None:
    assert not {m.name for m in metrics_of(Source.NODE)} & {m.name for m in GROUPS["The auditor"]}
    assert {m.name for m in GROUPS["The auditor"]} <= {m.name for m in metrics_of(Source.WATCH)}


def test_the_reference_names_every_metric_and_every_label_value_once() -> None:
    text = render()
    for metric in METRICS.values():
        assert text.count(f"| `{metric.name}` | {metric.type}") == 1
        for label in metric.labels:
            assert all(f"`{value}`" in text for value in label.values)


def test_the_registry_loads_without_the_engine() -> None:
    program = "import sys, trueup.ops.metrics_reference; sys.exit('nautilus_trader' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
