"""One metric as data: what it is called, what it says, by which labels, and how many series it can have."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

PREFIX = "trueup_"


class MetricType(StrEnum):
    """The types of Prometheus that are used. There are no summaries: they cannot be added up over nodes."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


class Source(StrEnum):
    """Which program exports a metric."""

    NODE = "node"
    WATCH = "watch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One label.

    Parameters
    ----------
    name : str
        Its name.
    values : tuple of str
        All that it can be; empty where the operator's configuration decides (accounts, clients, nodes).
    values_max : int
        How many there can be at most: what is beyond is counted as dropped and not exported.
    help : str
        What it names.
    """

    name: str
    values: tuple[str, ...] = ()
    values_max: int
    help: str

    @classmethod
    def of(cls, name: str, values: tuple[str, ...] | type[StrEnum], help: str) -> Label:  # noqa: A002 - Prometheus' word
        """Return a label whose values are known."""
        known = tuple(str(value) for value in values)
        return cls(name=name, values=known, values_max=len(known), help=help)

    @classmethod
    def open(cls, name: str, values_max: int, help: str) -> Label:  # noqa: A002 - Prometheus' word
        """Return a label whose values the configuration decides."""
        return cls(name=name, values_max=values_max, help=help)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric.

    Parameters
    ----------
    name : str
        The whole name as it is exported, ``_total`` of a counter included.
    type : MetricType
        Its type.
    help : str
        One sentence, as exported.
    unit : str
        ``seconds``, ``events``, and so on; empty where the value is a count of what the name says, or 0 and 1.
    labels : tuple of Label
        Its labels.
    buckets : tuple of float
        Upper bounds of a histogram, without infinity.
    sources : frozenset of Source
        Who exports it.
    absent : str
        When there is no sample of it; empty when there always is one.
    """

    name: str
    type: MetricType
    help: str
    unit: str = ""
    labels: tuple[Label, ...] = ()
    buckets: tuple[float, ...] = ()
    sources: frozenset[Source] = frozenset({Source.NODE})
    absent: str = ""

    @property
    def label_names(self) -> tuple[str, ...]:
        """Return the names of the labels, in their order."""
        return tuple(label.name for label in self.labels)

    @property
    def sample_names(self) -> tuple[str, ...]:
        """Return the names of the samples that are exported for it."""
        if self.type is MetricType.HISTOGRAM:
            return (f"{self.name}_bucket", f"{self.name}_sum", f"{self.name}_count")
        return (self.name,)

    @property
    def series_each(self) -> int:
        """Return the series of one combination of labels."""
        return len(self.buckets) + 3 if self.type is MetricType.HISTOGRAM else 1

    @property
    def series_max(self) -> int:
        """Return the most series that one program can export for it."""
        return self.series_each * math.prod(label.values_max for label in self.labels)

    def series_for(self, sizes: dict[str, int]) -> int:
        """Return the most series when open labels have so many values, by label name."""
        return self.series_each * math.prod(
            len(label.values) or min(sizes.get(label.name, 1), label.values_max) for label in self.labels
        )
