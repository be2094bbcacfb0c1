"""A venue, a store, a node that trades, its auditor, and a Prometheus that scrapes both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from tests.integration.audit.stage import NODE, PATIENT, SYMBOLS, Stage, set_up, wait_until_trading
from tests.integration.ops.dashboards.prometheus import Prometheus
from tests.integration.ops.waiting import until
from trueup.demo.node_life import NodeLife
from trueup.ops.alert import NODE_JOB, WATCH_JOB
from trueup.ops.observer import Observer, Target, free_port

INSTANCE, AUDITOR = "node-1", "auditor-1"
ALERT = "TrueupStoreDown"
"""What fires, and goes on firing, where the store is gone for good."""
PATIENCE_SECS = 90.0
FAULT_SECS = 15
"""Between two faults of one kind: three cheap looks."""
SIGHT = """
[ops]
port = {port}

[audit]
interval_secs = 2.0
second_look_secs = 0.3
source_address = "127.0.0.2"  # the venue counts weight by address

[audit.ops]
port = 0
"""


@dataclass(frozen=True, slots=True)
class Ground:
    """What is observed, and who observes."""

    stage: Stage
    node: NodeLife
    prometheus: Prometheus
    began_secs: float

    def value(self, expression: str) -> float:
        """Return the sum of what a query gives, 0 where it gives nothing."""
        return sum(float(row["value"][1]) for row in self.prometheus.instant(expression))

    def lose_a_fill(self) -> None:
        """Let a fill of the node's never reach it, and wait until a look has timed that and it was healed.

        A fault takes one fill. Where a late event explains the loss by itself, the next fill is taken.
        """
        timed, healed = self.value("sum(trueup_detections_total)"), self.value("sum(trueup_steps_applied_total)")
        deadline = time.monotonic() + PATIENCE_SECS
        while True:
            fault = self.stage.control.add_fault(
                {
                    "match": {"event": "ORDER_TRADE_UPDATE", "execution": "TRADE", "count": 1},
                    "action": {"kind": "drop_event"},
                }
            )
            for _ in range(FAULT_SECS):
                time.sleep(1)
                is_timed = self.value("sum(trueup_detections_total)") > timed
                if is_timed and self.value("sum(trueup_steps_applied_total)") > healed:
                    return
            assert time.monotonic() < deadline, "no lost fill was seen and healed"
            self.stage.control.remove_fault(fault)

    def bring_trouble(self) -> None:
        """Let the venue refuse to name open orders and the store end for good; wait until everybody has noticed."""
        body = {"code": -1001, "msg": "Internal error"}
        self.stage.control.add_fault(
            {"match": {"path": "/fapi/v1/openOrders"}, "action": {"kind": "respond", "status": 503, "body": body}}
        )
        failed = 'sum(increase(trueup_venue_queries_total{outcome="failure"}[1m]))'
        until(lambda: self.value(failed) > 0, "no question failed")
        with redis.Redis.from_url(self.stage.store_url) as server:
            server.shutdown(nosave=True)
        until(lambda: self.value(f'sum(ALERTS{{alertname="{ALERT}", alertstate="firing"}})') > 0, "no alert fired")
        until(lambda: self.value('sum(trueup_audit_verdict{verdict="CLEAN"})') == 0, "the auditor saw nothing")


@contextmanager
def watching(stage: Stage, path: Path) -> Iterator[str]:
    """Run ``trueup watch`` and yield ``host:port`` of its endpoint."""
    said = path.with_name("watch.err")
    with said.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "trueup", "watch", str(path), "--json"],
            env={**os.environ, **stage.environment},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "serving":
                yield str(event["url"]).removeprefix("http://").rstrip("/")
                break
        else:
            raise AssertionError(f"the watch ended: {said.read_text()}")
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def observed_node(directory: Path, *, pace_secs: float = 0.4) -> Iterator[Ground]:
    """Start everything, and yield when the node has been looked at for a while and is CLEAN."""
    port, began = free_port(), time.time()
    with ExitStack() as stack:
        stage = stack.enter_context(set_up(directory))
        path = directory / "node.toml"
        store_port = stage.store_url.rpartition(":")[2].partition("/")[0]
        text = NODE.format(
            trader_id="DEMO-001",
            state=directory / "state",
            logs=directory / "logs",
            name="node",
            redis_port=store_port,
            rest=stage.ready.urls.rest,
            stream=stage.ready.urls.stream,
            instruments=", ".join(f'"{symbol}-PERP.BINANCE"' for symbol in SYMBOLS),
            pace_secs=pace_secs,
        )
        path.write_text(text + SIGHT.format(port=port) + PATIENT, encoding="utf-8")
        node = stack.enter_context(stage.node(path))
        target = Target(address=f"127.0.0.1:{port}", instance=INSTANCE, job=NODE_JOB)
        observer = stack.enter_context(Observer(directory / "observer", [target]))
        wait_until_trading(node)
        address = stack.enter_context(watching(stage, path))
        observer.watch([target, Target(address=address, instance=AUDITOR, job=WATCH_JOB)])
        ground = Ground(stage, node, Prometheus(observer.prometheus_url, scrape_secs=1), began)
        until(
            lambda: ground.value('sum(increase(trueup_cycles_total{check="cheap",result="clean"}[1m]))') > 0, "no look"
        )
        until(lambda: ground.value('sum(trueup_audit_verdict{verdict="CLEAN"})') > 0, "no audit was CLEAN")
        asked = "max_over_time(sum(rate(trueup_venue_query_duration_seconds_count[4s]))[2m:1s])"
        until(lambda: ground.value(asked) > 0, "Prometheus saw no question to the venue")
        yield ground
