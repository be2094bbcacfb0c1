"""What a node exports is the registry, whole and nothing else, as Prometheus itself reads it."""

from __future__ import annotations

import subprocess
import threading
from collections import defaultdict
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.unit.monitor.nodes import Eyes, change, look, many_clients, monitor
from trueup.guard.message import RefusalReason
from trueup.monitor.exporter import NodeExporter
from trueup.monitor.node_monitor import NodeMonitor
from trueup.monitor.status import GuardStatus
from trueup.monitor.store_probe import StoreProbe
from trueup.node.phase import Phase
from trueup.ops.metric import MetricType, Source
from trueup.ops.metrics import ACCOUNTS_MAX, CLIENTS_MAX, METRICS, metrics_of, series_limit
from trueup.store.connection import StoreAddress
from trueup.store.redis_keys import StoreKeys


def busy() -> NodeMonitor:
    """Return a monitor of which nothing is absent that can be there without a server."""
    made = monitor(intervals_secs={"cheap": 5.0, "deep": 60.0}, startup_limit_secs=30.0)
    made.handle.limit_age(30.0)
    for phase in (Phase.RECONCILING, Phase.RECONCILED, Phase.MONITORING):
        made.handle.enter(phase)
    made._on_beat()
    look(made)
    change(made)
    change(made, before="HEALING", state="RESOLVED", resolved_by="TRUE_UP")
    taps = made.eyes.taps  # type: ignore[attr-defined]  # the eyes are the test's own
    assert taps is not None
    taps.venue_query("BINANCE", "fills", 0.1, "timeout", "no answer")
    return made


def samples(text: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = defaultdict(dict)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = tuple(sorted(sample.labels.items()))
            assert key not in found[sample.name], f"{sample.name}{key} is there twice"
            found[sample.name][key] = sample.value
    return dict(found)


def test_every_metric_of_the_registry_is_exported_and_no_other() -> None:
    text = NodeExporter(busy()).render().decode()
    declared = {line.split()[2]: line.split()[3] for line in text.splitlines() if line.startswith("# TYPE")}
    assert declared == {metric.name: metric.type.value for metric in metrics_of(Source.NODE)}
    helped = {line.split()[2]: line.split(maxsplit=3)[3] for line in text.splitlines() if line.startswith("# HELP")}
    assert helped == {metric.name: metric.help for metric in metrics_of(Source.NODE)}
    known = {name for metric in metrics_of(Source.NODE) for name in metric.sample_names}
    assert set(samples(text)) <= known
    assert "_created" not in text


def test_every_label_and_every_value_is_one_that_the_registry_names() -> None:
    found = samples(NodeExporter(busy()).render().decode())
    for metric in metrics_of(Source.NODE):
        for name in metric.sample_names:
            for labels in found.get(name, {}):
                given = dict(labels)
                given.pop("le", None)
                assert set(given) == set(metric.label_names), name
                for label in metric.labels:
                    assert not label.values or given[label.name] in label.values


def test_what_has_known_labels_is_there_from_the_first_scrape_so_that_a_first_failure_is_a_step() -> None:
    made = monitor()
    made._on_beat()
    found = samples(NodeExporter(made).render().decode())
    for metric in metrics_of(Source.NODE):
        if metric.type is MetricType.COUNTER:
            wanted = metric.series_for({"account_id": 1, "client_id": 1})
            assert len(found[metric.name]) == wanted, metric.name


def test_messages_that_the_guard_did_not_obey_are_counted_by_reason() -> None:
    made = busy()
    made.show_guard(lambda: GuardStatus(commands_refused={"forged": 4, "replayed": 1}))
    found = samples(NodeExporter(made).render().decode())["trueup_guard_commands_refused_total"]
    assert found[("reason", "forged"),] == 4
    assert found[("reason", "replayed"),] == 1
    assert sum(found.values()) == 5
    assert len(found) == len(RefusalReason)


def test_a_step_that_could_not_be_applied_and_a_true_up_that_raised_are_each_counted_once() -> None:
    made = busy()
    exporter = NodeExporter(made)
    say = made.handle.announcer.say
    say("steps", account_id="X", stage="planned", total=2, told=2, counts={}, first=1, heals=[], steps=[])
    say("steps", account_id="X", stage="applied", total=2, done={}, skipped={}, problems=["Seed failed", "Fill failed"])
    assert samples(exporter.render().decode())["trueup_problems_total"][()] == 2
    look(made, failure="RuntimeError: no")
    say("problem", text="RuntimeError: no")
    assert samples(exporter.render().decode())["trueup_problems_total"][()] == 3


@pytest.mark.parametrize("sees", [False, True])
def test_another_node_of_the_same_identity_is_told_as_the_guard_sees_it(sees: bool) -> None:
    made = busy()
    made.show_guard(lambda: GuardStatus(sees_others=sees))
    assert samples(NodeExporter(made).render().decode())["trueup_guard_sees_others"] == {(): float(sees)}


def test_the_series_are_counted_and_never_more_than_the_limit_says() -> None:
    exporter = NodeExporter(busy())
    found = samples(exporter.render().decode())
    count = sum(len(rows) for rows in found.values())
    assert found["trueup_exported_series"][()] == count
    limit = series_limit(Source.NODE, accounts=1, clients=1)
    assert found["trueup_exported_series_limit"][()] == limit
    assert 0.9 * limit < count <= limit


def test_more_accounts_and_clients_than_there_is_room_for_are_counted_and_left_out() -> None:
    eyes = Eyes()
    eyes.seen = many_clients(CLIENTS_MAX + 3)
    made = monitor(eyes)
    made._on_beat()
    for number in range(ACCOUNTS_MAX + 2):
        look(made, account_id=f"X-{number}")
    found = samples(NodeExporter(made).render().decode())
    assert len(found["trueup_venue_reachable"]) == CLIENTS_MAX
    assert len(found["trueup_stream_gaps_total"]) == ACCOUNTS_MAX
    assert found["trueup_monitor_dropped_total"][("reason", "too_many"),] >= 5
    assert found["trueup_exported_series"][()] <= series_limit(Source.NODE, accounts=ACCOUNTS_MAX, clients=CLIENTS_MAX)


def test_a_node_with_a_store_exports_what_is_absent_without_one() -> None:
    without = samples(NodeExporter(monitor()).render().decode())
    address = StoreAddress(host="127.0.0.1", port=1)
    made = monitor(store=(address, StoreKeys("TESTER-001")))
    try:
        assert isinstance(made.probe, StoreProbe)
        made.probe.poll()
        made.probe.poll()
        held = samples(NodeExporter(made).render().decode())
    finally:
        made.close()
    assert not any(name in without for name in ("trueup_store_up", "trueup_store_foreign_events"))
    assert held["trueup_store_up"] == {(): 0.0}
    assert held["trueup_store_state"][("state", "LOST"),] == 1.0
    assert "trueup_store_ping_seconds" not in held


def test_prometheus_own_tool_finds_no_fault_in_it() -> None:
    text = NodeExporter(busy()).render()
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


def test_a_scrape_during_a_flood_of_events_is_whole() -> None:
    made = busy()
    exporter = NodeExporter(made)
    ending = threading.Event()
    faults: list[Exception] = []

    def scrape() -> None:
        while not ending.is_set():
            try:
                samples(exporter.render().decode())
                made.status()
            except Exception as error:
                faults.append(error)
                return

    thread = threading.Thread(target=scrape)
    thread.start()
    for number in range(3_000):
        change(made, fingerprint=f"f{number}")
        change(made, fingerprint=f"f{number}", before="NEW", state="RESOLVED", resolved_by="ITSELF")
        look(made, secs=number / 1_000)
    ending.set()
    thread.join(30)
    assert not faults
    assert not thread.is_alive()


@pytest.mark.parametrize("metric", ["trueup_discrepancies_detected_total", "trueup_discrepancies_resolved_total"])
def test_a_discrepancy_is_counted_under_its_account_and_kind(metric: str) -> None:
    rows = samples(NodeExporter(busy()).render().decode())[metric]
    counted = {labels: value for labels, value in rows.items() if value}
    (labels,) = counted
    assert counted[labels] == 1.0
    assert {("account_id", "BINANCE-001"), ("kind", "FILL_MISSING")} <= set(labels)


def test_the_committed_reference_is_what_the_registry_says() -> None:
    from trueup.ops.metrics_reference import render

    path = Path(__file__).resolve().parents[3] / "docs" / "reference" / "metrics.md"
    assert path.read_text(encoding="utf-8") == render()
    assert METRICS
