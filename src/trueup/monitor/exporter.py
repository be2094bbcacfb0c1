"""A node's metrics in Prometheus' text format, made at the scrape from what the monitor holds.

Nothing is counted in `prometheus_client`'s own objects: the node's loop pays for plain numbers alone, and whoever
scrapes pays for the rest, on a thread of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from trueup.monitor.families import Values, values_of
from trueup.monitor.node_monitor import NodeMonitor
from trueup.ops.metric import Metric, MetricType, Source
from trueup.ops.metrics import METRICS, metrics_of, series_limit

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PAUSE_SAMPLES = 25
"""Samples rendered before the interpreter's lock is let go: a whole answer takes 6 ms of processor time (575 samples,
measured), and the node's loop must not wait for all of it. 25 take a quarter of a millisecond."""


class NodeExporter(Collector):
    """Export one node.

    Parameters
    ----------
    monitor : NodeMonitor
        What is exported.
    """

    def __init__(self, monitor: NodeMonitor) -> None:
        self._monitor = monitor
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        self._series = 0
        self._took_secs = 0.0

    def render(self) -> bytes:
        """Return the answer to a scrape. Safe on every thread but the node's, where it would cost milliseconds."""
        began = time.perf_counter()
        text = generate_latest(self._registry)
        self._took_secs = time.perf_counter() - began
        return text

    def describe(self) -> Iterable[Family]:
        """Return nothing: the names are those of the registry of metrics, and nobody else registers here."""
        return ()

    def collect(self) -> Iterator[Family]:
        """Yield every metric of a node, those without a sample too, so that its help is there."""
        monitor = self._monitor
        values = values_of(monitor)
        series = 0
        accounts, clients = len(monitor.accounts.lines), len(monitor.venue.clients)
        values["trueup_exported_series_limit"] = [
            ((), float(series_limit(Source.NODE, accounts=max(1, accounts), clients=max(1, clients))))
        ]
        values["trueup_scrape_duration_seconds"] = [((), self._took_secs)]
        unpaused = 0
        for metric in metrics_of(Source.NODE):
            if metric.name == "trueup_exported_series":
                continue
            family = family_of(metric, values.get(metric.name, []))
            series += len(family.samples)
            yield family
            unpaused += len(family.samples)
            if unpaused >= PAUSE_SAMPLES:
                unpaused = 0
                time.sleep(0)
        yield family_of(METRICS["trueup_exported_series"], [((), float(series + 1))])


def family_of(metric: Metric, values: Values) -> Family:
    """Return a metric with its samples, as `prometheus_client` renders it."""
    match metric.type:
        case MetricType.HISTOGRAM:
            histogram = HistogramMetricFamily(metric.name, metric.help, labels=metric.label_names)
            for labels, value in values:
                buckets, total = value
                histogram.add_metric(labels, buckets, total)
            return histogram
        case MetricType.COUNTER:
            counter = CounterMetricFamily(metric.name, metric.help, labels=metric.label_names)
            for labels, value in values:
                counter.add_metric(labels, value)
            return counter
        case MetricType.GAUGE:
            gauge = GaugeMetricFamily(metric.name, metric.help, labels=metric.label_names)
            for labels, value in values:
                gauge.add_metric(labels, value)
            return gauge
