"""What a query gives, as far as its text says it: labels, least and greatest value, and what kind of number it is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from trueup.ops.metric import Metric, MetricType
from trueup.ops.metrics import METRICS

TARGET_LABELS = frozenset({"job", "instance"})


class Kind(StrEnum):
    """What a number is a number of."""

    COUNT = "a count"
    SECONDS = "seconds"
    MOMENT = "seconds since 1970"
    MOMENT_MS = "milliseconds since 1970"
    SHARE = "a share"
    RATE = "a count a second"
    FLAG = "0 or 1"
    CODE = "a code for a word"
    BUCKETS = "buckets of a histogram"
    NUMBER = "a plain number"


@dataclass(frozen=True, slots=True)
class Shape:
    """What an expression gives.

    Parameters
    ----------
    labels : frozenset of str
        Those that its series have; of a plain number, none.
    low, high : float
        Between which its values are.
    kind : Kind
        What they count.
    is_scalar : bool
        Whether it is one number and no series.
    of : Metric or None
        The metric, where it is one's samples as they are.
    """

    labels: frozenset[str]
    low: float = -math.inf
    high: float = math.inf
    kind: Kind = Kind.COUNT
    is_scalar: bool = False
    of: Metric | None = None

    def values_of(self, label: str) -> tuple[str, ...]:
        """Return all that a label of the metric can be; nothing where the configuration decides, or of no metric."""
        labels = () if self.of is None else self.of.labels
        return next((one.values for one in labels if one.name == label), ())

    def made(self, **changes: object) -> Shape:
        """Return what a computation makes of it: no metric's own samples any more."""
        return replace(self, of=None, **changes)  # type: ignore[arg-type] # the fields above, checked where they are made


def number(value: float) -> Shape:
    """Return the shape of a literal."""
    return Shape(frozenset(), value, value, Kind.NUMBER, is_scalar=True)


PROMETHEUS_OWN = {
    "up": Shape(TARGET_LABELS, 0.0, 1.0, Kind.FLAG),
    "ALERTS": Shape(frozenset(), 1.0, 1.0, Kind.FLAG),
    "ALERTS_FOR_STATE": Shape(frozenset(), 0.0, math.inf, Kind.MOMENT),
}
"""Series that Prometheus makes itself. Those of alerts have the labels of the alerts' expressions, too."""

ALERT_LABELS = TARGET_LABELS | {"alertname", "severity", "component"}
SIGNED = {"trueup_clock_skew_seconds"}
"""The one metric that can be less than nothing."""


def samples() -> Iterator[tuple[str, Shape]]:
    """Yield every sample that trueup exports, with its shape."""
    for metric in METRICS.values():
        labels = TARGET_LABELS | set(metric.label_names)
        for name in metric.sample_names:
            le = {"le"} if name.endswith("_bucket") else set()
            yield name, Shape(labels | le, *_bounds(metric), _kind(metric, name), of=metric)
    yield "up", PROMETHEUS_OWN["up"]
    yield "ALERTS", replace(PROMETHEUS_OWN["ALERTS"], labels=ALERT_LABELS | {"alertstate"})
    yield "ALERTS_FOR_STATE", replace(PROMETHEUS_OWN["ALERTS_FOR_STATE"], labels=ALERT_LABELS)


def _is_flag(metric: Metric) -> bool:
    return metric.type is MetricType.GAUGE and (metric.help.startswith("1 ") or metric.help.endswith("always 1."))


def _bounds(metric: Metric) -> tuple[float, float]:
    if metric.name in SIGNED:
        return -math.inf, math.inf
    return (0.0, 1.0) if _is_flag(metric) else (0.0, math.inf)


def _kind(metric: Metric, sample: str) -> Kind:
    if sample.endswith("_bucket"):
        return Kind.BUCKETS
    if metric.name.endswith("_timestamp_seconds"):
        return Kind.MOMENT
    if metric.type is MetricType.HISTOGRAM:
        return Kind.SECONDS if sample.endswith("_sum") else Kind.COUNT
    if _is_flag(metric):
        return Kind.FLAG
    return Kind.SECONDS if metric.unit == "seconds" else Kind.COUNT
