"""How the registry writes a metric down: its name without the prefix, its type in one word."""

from __future__ import annotations

from typing import Final

from trueup.ops.metric import PREFIX, Label, Metric, MetricType, Source

GAUGE: Final = MetricType.GAUGE
COUNTER: Final = MetricType.COUNTER
HISTOGRAM: Final = MetricType.HISTOGRAM

NODE_ONLY: Final = frozenset({Source.NODE})
WATCH_ONLY: Final = frozenset({Source.WATCH})
BOTH: Final = frozenset({Source.NODE, Source.WATCH})


def metric(
    name: str,
    type_: MetricType,
    help_: str,
    *labels: Label,
    unit: str = "",
    buckets: tuple[float, ...] = (),
    sources: frozenset[Source] = NODE_ONLY,
    absent: str = "",
) -> Metric:
    """Return a metric with trueup's prefix; the parameters are those of :class:`trueup.ops.metric.Metric`."""
    return Metric(
        name=PREFIX + name,
        type=type_,
        help=help_,
        unit=unit,
        labels=labels,
        buckets=buckets,
        sources=sources,
        absent=absent,
    )
