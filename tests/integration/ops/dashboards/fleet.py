"""Fifty nodes that are not there: the real registry, rendered by the real exporter, with values drawn by seed.

Every node exports as many series as it ever can, and some are in trouble of their own kind for some of the time.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from trueup.monitor.exporter import CONTENT_TYPE, family_of
from trueup.ops.alert import NODE_JOB, WATCH_JOB
from trueup.ops.metric import Metric, MetricType, Source
from trueup.ops.metrics import metrics_of
from trueup.ops.observer import Target

NODES = 50
SICK = (7, 19, 23, 31, 44)
"""The nodes that are in trouble, one kind each: discrepant, unknown, held back, not trading, near its weight."""
KINDS = ("discrepant", "unknown", "held", "idle", "weight")
ILL_SECS = (60.0, 600.0)
"""From when to when after the beginning they are."""
WELL = {
    "trueup_phase": "MONITORING",
    "trueup_startup_state": "succeeded",
    "trueup_store_state": "PRESENT",
    "trueup_journal_state": "OK",
    "trueup_guard_state": "ACTIVE",
    "trueup_guard_effective": "ACTIVE",
    "trueup_verdict": "CLEAN",
    "trueup_audit_verdict": "CLEAN",
}
"""The state that each group of 0-and-1 series is in when nothing is wrong."""
STATES_OF = {
    "discrepant": {"trueup_verdict": "DISCREPANT", "trueup_audit_verdict": "DISCREPANT"},
    "unknown": {"trueup_verdict": "UNKNOWN"},
    "held": {"trueup_guard_state": "REDUCING", "trueup_guard_effective": "REDUCING"},
}
VALUES_OF = {
    "discrepant": {"trueup_reconciled": 0.0},
    "unknown": {"trueup_reconciled": 0.0},
    "idle": {"trueup_trading": 0.0},
    "weight": {"trueup_venue_weight_used": 2_200.0},
}
"""What is otherwise in each kind of trouble."""
STEADY = {
    "trueup_venue_weight_limit": 2_400.0,
    "trueup_cycle_interval_seconds": 5.0,
    "trueup_verdict_age_limit_seconds": 80.0,
    "trueup_exported_series": 600.0,
    "trueup_exported_series_limit": 700.0,
}
DRAWN = {
    "trueup_venue_weight_used": (100.0, 600.0),
    "trueup_verdict_age_seconds": (0.0, 6.0),
    "trueup_orders_open": (0.0, 30.0),
    "trueup_startup_duration_seconds": (1.0, 6.0),
    "trueup_store_ping_seconds": (0.0002, 0.002),
    "trueup_loop_heartbeat_age_seconds": (0.0, 0.1),
}
"""Between which values a gauge of a well node is drawn, anew every ten seconds."""
RATES = {MetricType.COUNTER: 0.2, MetricType.HISTOGRAM: 0.5}
"""Counts and observations a second, about."""
QUIET = (
    *("gave_up", "problems", "dropped", "late", "recurred", "detected", "resolved", "steps"),
    *("losses", "synthetic", "inferred", "gaps", "guard_changes"),
)
"""Counters that stand still on a node that is well."""


def instance(number: int) -> str:
    """Return what Prometheus calls a node."""
    return f"node-{number:02d}"


def trader(number: int) -> str:
    """Return what a node calls itself."""
    return f"TRADER-{number:03d}"


@dataclass(slots=True, eq=False)
class Drawn(Collector):
    """One program's metrics.

    Parameters
    ----------
    source : Source
        A node, or the auditor of all of them.
    number : int
        Of the node; 0 for the auditor.
    began_secs : float
        When the fleet began.
    ill_secs : tuple of float
        From when to when a sick one is ill.
    """

    source: Source
    number: int
    began_secs: float
    ill_secs: tuple[float, float] = ILL_SECS

    def collect(self) -> Iterator[Family]:
        now = time.time()
        for metric in metrics_of(self.source):
            combinations = itertools.product(*(self._values(metric, name) for name in metric.label_names))
            yield family_of(metric, [(labels, self._worth(metric, labels, now)) for labels in combinations])

    def render(self) -> bytes:
        """Return the answer to a scrape."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        return generate_latest(registry)

    def _values(self, metric: Metric, name: str) -> tuple[str, ...]:
        (label,) = [one for one in metric.labels if one.name == name]
        if label.values:
            return label.values
        if name == "trader_id":
            return (trader(self.number),) if self.source is Source.NODE else tuple(map(trader, range(1, NODES + 1)))
        known = {"account_id": "BINANCE-001", "client_id": "BINANCE", "mode": "verified", "environment": "live"}
        return (known.get(name, "1.0"),)

    def _trouble(self, number: int, now: float) -> str:
        if number not in SICK or not self.ill_secs[0] <= now - self.began_secs < self.ill_secs[1]:
            return ""
        return KINDS[SICK.index(number)]

    def _worth(self, metric: Metric, labels: tuple[str, ...], now: float) -> Any:
        number = self.number or int(labels[0].removeprefix("TRADER-")) if labels or self.number else 0
        elapsed = now - self.began_secs
        if metric.type is not MetricType.GAUGE:
            still = any(word in metric.name for word in QUIET) and "audit" not in metric.name
            failures = {"failure", "timeout", "rate_limited", "failed", "discrepant", "unknown"} & set(labels)
            count = 0.0 if still or failures else float(int(elapsed * RATES[metric.type] * (1 + number / 100)))
            if metric.type is MetricType.COUNTER:
                return count
            steps = [count * min(1.0, (index + 1) / 4) for index in range(len(metric.buckets))]
            bounds = [*(f"{bound}" for bound in metric.buckets), "+Inf"]
            return list(zip(bounds, [*steps, count], strict=True)), count * metric.buckets[2]
        return self._gauge(metric, labels, number, now)

    def _gauge(self, metric: Metric, labels: tuple[str, ...], number: int, now: float) -> float:
        name, trouble = metric.name, self._trouble(number, now)
        ill_secs = now - self.began_secs - self.ill_secs[0]
        if name in WELL:
            chosen = STATES_OF.get(trouble, {}).get(name, WELL[name])
            return float(chosen in labels)
        if name.endswith("_timestamp_seconds"):
            moves = "verdict" in name or "heartbeat" in name
            return now - self._draw(number, name, now).uniform(1, 6) if moves else self.began_secs
        if trouble == "discrepant" and name == "trueup_discrepancies_open":
            return 2.0 * ("POSITION_QUANTITY" in labels)
        if trouble == "discrepant" and name == "trueup_discrepancy_oldest_age_seconds":
            return ill_secs * ("POSITION_QUANTITY" in labels)
        if trouble == "unknown" and name == "trueup_verdict_age_seconds":
            return ill_secs
        if name in VALUES_OF.get(trouble, {}):
            return VALUES_OF[trouble][name]
        if name in DRAWN:
            value = self._draw(number, name, now).uniform(*DRAWN[name])
            return float(round(value)) if name == "trueup_orders_open" else value
        if name in STEADY:
            return STEADY[name]
        is_flag = metric.help.startswith("1 ") or metric.help.endswith("always 1.")
        return float(is_flag and not any(word in name for word in ("two_writers", "sees_others")))

    @staticmethod
    def _draw(number: int, name: str, now: float) -> random.Random:
        return random.Random(f"{number} {name} {int(now / 10)}")


def _server(drawn: Drawn) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = drawn.render()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):  # whoever asked has gone: the machine is slow
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    return server


@contextmanager
def fleet(ill_secs: tuple[float, float] = ILL_SECS) -> Iterator[list[Target]]:
    """Serve fifty nodes and their auditor, each on a port of its own, and yield what to scrape."""
    began = time.time()
    programs = [Drawn(Source.NODE, number, began, ill_secs) for number in range(1, NODES + 1)]
    programs.append(Drawn(Source.WATCH, 0, began, ill_secs))
    servers = [_server(one) for one in programs]
    threads = [threading.Thread(target=server.serve_forever, args=(0.2,), daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield list(_targets(programs, servers))
    finally:
        with ThreadPoolExecutor(len(servers)) as pool:  # each waits for its server's next turn
            list(pool.map(ThreadingHTTPServer.shutdown, servers))
        for server in servers:
            server.server_close()


def _targets(programs: Iterable[Drawn], servers: Iterable[ThreadingHTTPServer]) -> Iterator[Target]:
    for drawn, server in zip(programs, servers, strict=True):
        is_node = drawn.source is Source.NODE
        name, job = (instance(drawn.number), NODE_JOB) if is_node else ("auditor-1", WATCH_JOB)
        yield Target(address=f"127.0.0.1:{server.server_port}", instance=name, job=job)
