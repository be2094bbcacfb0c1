"""The reference of the metrics, generated from their registry."""

from __future__ import annotations

from collections.abc import Iterator

from trueup.ops.metric import Label, Metric, MetricType, Source
from trueup.ops.metrics import (
    ACCOUNTS_MAX,
    CLIENTS_MAX,
    DETECTION_OBJECTIVE_SECS,
    GROUPS,
    METRICS,
    TARGETS_MAX,
    series_limit,
)

GENERATED = "<!-- Generated from the code; change it there. -->"
INTRODUCTION = (
    "What `/metrics` of a node and of `trueup watch` exports. Ages are computed while the scrape is answered, so that "
    "they grow when the node's event loop hangs. No order, instrument or error text is ever a label."
)


def render() -> str:
    """Return ``docs/reference/metrics.md``."""
    node = [(a, series_limit(Source.NODE, accounts=a, clients=a)) for a in (1, 2, 5)]
    lines = [
        "# Metrics",
        "",
        GENERATED,
        "",
        INTRODUCTION,
        "",
        "Series of one node: "
        + ", ".join(f"at most {series:,} with {a} account{'s' * (a > 1)}" for a, series in node)
        + f" (one client each). An auditor has at most "
        f"{series_limit(Source.WATCH, accounts=1, clients=0, targets=1)} and 32 more for each further node or account."
        f" Beyond {ACCOUNTS_MAX} accounts or {CLIENTS_MAX} clients in a node, or {TARGETS_MAX} nodes under an auditor,"
        " what would be one more label value is left out and counted in `trueup_monitor_dropped_total`.",
        "",
        f"A detection is late after {DETECTION_OBJECTIVE_SECS:g} s.",
    ]
    for title, metrics in GROUPS.items():
        lines += ["", f"## {title}", "", "| Metric | Type | Labels | What it says | Series |", "|---|---|---|---|---:|"]
        lines += [_row(metric) for metric in metrics]
    return "\n".join([*lines, *_labels()]) + "\n"


def _row(metric: Metric) -> str:
    says = metric.help
    if metric.absent:
        says += f" Absent {metric.absent}."
    labels = ", ".join(f"`{name}`" for name in metric.label_names)
    return f"| `{metric.name}` | {metric.type} | {labels} | {says} | {_series(metric)} |"


def _series(metric: Metric) -> str:
    each = metric.series_each
    factors = [str(len(label.values)) for label in metric.labels if label.values]
    unbounded = [label.name.removesuffix("_id") + "s" for label in metric.labels if not label.values]
    known = [str(each)] if each > 1 or not factors + unbounded else []
    if metric.name.endswith("node_info"):
        return "1"
    return " x ".join([*unbounded, *factors, *known])


def _labels() -> Iterator[str]:
    seen: dict[tuple[str, tuple[str, ...]], Label] = {}
    for metric in METRICS.values():
        for label in metric.labels:
            seen.setdefault((label.name, label.values), label)
    yield from ("", "## Labels", "", "| Label | Names | Values |", "|---|---|---|")
    for label in seen.values():
        values = ", ".join(f"`{value}`" for value in label.values) or f"at most {label.values_max}"
        yield f"| `{label.name}` | {label.help} | {values} |"
    buckets = {metric.name: metric.buckets for metric in METRICS.values() if metric.type is MetricType.HISTOGRAM}
    yield from ("", "## Buckets", "", "| Histogram | Upper bounds |", "|---|---|")
    for name, bounds in buckets.items():
        yield f"| `{name}` | {', '.join(f'{bound:g}' for bound in bounds)} |"
