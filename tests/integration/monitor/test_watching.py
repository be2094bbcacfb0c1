"""The monitor of real nodes: native and verified, hung, hostile, without a store, and never with a secret."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.monitor.watching_main import HANG_SECS, SECRET, SIGNATURE
from tests.integration.node.lines import NodeProcess
from trueup.monitor.status import NodeStatus, decode
from trueup.store.embedded import EmbeddedValkey

pytestmark = pytest.mark.node
MAIN = "tests.integration.monitor.watching_main"


def metric(line: dict[str, Any], name: str, **labels: str) -> float:
    """Return one sample of what was exported, or the sum of those that have the labels."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(line["metrics"])
        for sample in family.samples
        if sample.name == f"trueup_{name}" and labels.items() <= sample.labels.items()
    )


def only(said: list[dict[str, Any]], name: str) -> tuple[dict[str, Any], NodeStatus]:
    (line,) = [one for one in said if one["event"] == name]
    return line, decode(line["status"])


def ended(node: NodeProcess) -> None:
    assert node.end(within_secs=120) == 0, node.tell()
    assert not [line for line in node.said if line["event"] == "script_failed"], node.tell()


def log_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], Path]:
    directory = tmp_path_factory.mktemp("native")
    server = EmbeddedValkey.start(directory / "valkey")
    try:
        node = NodeProcess(MAIN, "native", str(directory / "log"), str(server.port))
        node.await_line("kill_the_store", within_secs=150)  # more than one of its waits may take; then it says which
        os.kill(server.pid, signal.SIGKILL)
        ended(node)
    finally:
        server.stop()
    return node.said, directory / "log"


@pytest.mark.server
def test_in_native_mode_what_the_engine_does_by_itself_is_seen(native: tuple[list[dict[str, Any]], Path]) -> None:
    line, status = only(native[0], "watched")
    assert (status.mode, status.phase, status.verdict, status.is_reconciled) == (
        "native",
        "MONITORING",
        "UNKNOWN",
        True,
    )
    assert status.orders.inferred_fills == metric(line, "inferred_fills_total") >= 1
    assert status.orders.external_unclaimed == 2
    assert metric(line, "external_orders_total", disposition="unclaimed") == 2
    assert {cycle.check for cycle in status.cycles} >= {"engine_inflight", "engine_orders"}
    assert metric(line, "cycles_total", check="engine_orders", result="done") >= 1
    assert {one.query for one in status.venue} >= {"mass_status", "open_orders", "positions"}
    assert metric(line, "startup_state", state="succeeded") == 1.0
    assert status.last_check_ns > 0


@pytest.mark.server
def test_a_store_is_seen_to_be_there_persistent_and_level_and_then_to_be_gone(
    native: tuple[list[dict[str, Any]], Path],
) -> None:
    line, status = only(native[0], "watched")
    assert (status.store.state, status.store.persistent, status.store.write_behind_events) == ("PRESENT", True, 0)
    assert metric(line, "store_up") == metric(line, "store_persistent") == 1.0
    assert metric(line, "store_foreign_events") == 0.0
    line, status = only(native[0], "without_store")
    assert status.store.state == "LOST"
    assert metric(line, "store_up") == 0.0
    assert metric(line, "store_losses_total") == 1.0


@pytest.mark.server
def test_a_store_that_takes_no_writes_is_seen_to_lag_and_a_second_writer_is_seen(
    native: tuple[list[dict[str, Any]], Path],
) -> None:
    line, status = only(native[0], "behind")
    assert status.store.state == "PRESENT"
    assert status.store.write_behind_events is not None
    assert metric(line, "store_write_behind_events") == status.store.write_behind_events >= 1
    assert metric(line, "store_foreign_events") == 0.0
    line, _ = only(native[0], "two_writers")
    assert metric(line, "store_foreign_events") == 1.0
    assert metric(line, "store_write_behind_events") == metric(line, "store_write_behind_seconds") == 0.0


@pytest.mark.server
def test_a_hung_loop_is_told_by_another_thread_whose_word_stays_whole(
    native: tuple[list[dict[str, Any]], Path],
) -> None:
    hung = [line for line in native[0] if line["event"] == "while_hung"]
    first, second = (decode(line["status"]) for line in hung)
    assert first.loop.heartbeat_ns == second.loop.heartbeat_ns, "nothing beats in a hung loop"
    assert second.now_ns > first.now_ns
    ages = [metric(line, "loop_heartbeat_age_seconds") for line in hung]
    assert ages[1] - ages[0] >= HANG_SECS / 4
    assert (first.orders, first.cycles, first.venue) == (second.orders, second.cycles, second.venue)
    line, after = only(native[0], "after_hang")
    assert after.loop.heartbeat_ns > second.loop.heartbeat_ns
    assert after.loop.lag_ms_max is not None
    assert after.loop.lag_ms_max >= HANG_SECS * 900
    assert metric(line, "loop_lag_seconds_count") > metric(hung[0], "loop_lag_seconds_count")


@pytest.mark.server
def test_the_log_of_a_native_node_is_json_line_by_line(native: tuple[list[dict[str, Any]], Path]) -> None:
    lines = log_lines(native[1])
    assert [line["phase"] for line in lines if line["event"] == "phase"][:3] == [
        "RECONCILING",
        "RECONCILED",
        "MONITORING",
    ]
    assert all(line["trader_id"] == "TESTER-001" and line["level"] and line["timestamp"] for line in lines)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[NodeProcess, Path]:
    log = tmp_path_factory.mktemp("hostile") / "log"
    node = NodeProcess(MAIN, "hostile", str(log))
    ended(node)
    return node, log


def test_a_venue_that_fails_limits_and_hangs_is_told_by_outcome(hostile: tuple[NodeProcess, Path]) -> None:
    line, status = only(hostile[0].said, "refused")
    assert (status.verdict, status.is_reconciled) == ("UNKNOWN", False)
    assert metric(line, "venue_reachable") == 0.0
    assert metric(line, "verdict", verdict="UNKNOWN") == 1.0
    assert metric(line, "coverage_complete", record="ORDERS_OPEN") == 0.0
    line, status = only(hostile[0].said, "hung")
    for outcome in ("success", "failure", "rate_limited", "timeout"):
        assert metric(line, "venue_queries_total", outcome=outcome) >= 1, outcome
    (positions,) = [one for one in status.venue if one.query == "positions"]
    assert positions.timeouts == 1
    assert "no answer within" in positions.last_error
    assert metric(line, "coverage_unknown_seconds") > 0.0
    line, status = only(hostile[0].said, "well")
    assert (status.verdict, status.is_reconciled) == ("CLEAN", True)
    assert metric(line, "venue_reachable") == 1.0
    assert metric(line, "coverage_unknown_seconds") == metric(line, "verdict_unknown_seconds") == 0.0


def test_listeners_that_raise_or_are_slow_cost_nothing_but_a_count(hostile: tuple[NodeProcess, Path]) -> None:
    line, status = only(hostile[0].said, "well")
    dropped = metric(line, "monitor_dropped_total", reason="listener_failed")
    assert status.events_dropped == dropped > 0
    assert metric(line, "monitor_dropped_total") == dropped
    complaints = [text for text in hostile[0].other if text.startswith("the listener")]
    assert len(complaints) == 1, "said once, counted after that"


def test_a_planted_secret_is_in_no_status_no_metric_no_log_and_on_no_terminal(
    hostile: tuple[NodeProcess, Path],
) -> None:
    node, log = hostile
    everything = json.dumps(node.said) + "".join(node.other) + log.read_text(encoding="utf-8")
    assert "apiKey=***&signature=***" in everything, "the text that held it was said"
    assert SECRET not in everything
    assert SIGNATURE not in everything


def test_a_start_that_fails_is_told_with_its_reason_and_the_venue_that_would_not_answer(tmp_path: Path) -> None:
    node = NodeProcess(MAIN, "refused-start", str(tmp_path / "log"))
    ended(node)
    line, status = only(node.said, "failed")
    assert (status.phase, status.is_reconciled) == ("ERROR", False)
    assert "could not be proven equal to the venue" in status.failure
    assert metric(line, "startup_state", state="failed") == 1.0
    assert metric(line, "cycles_total", check="startup", result="unknown") == 1.0
    assert metric(line, "trading") == 0.0
    assert metric(line, "venue_queries_total", query="open_orders", outcome="failure") >= 1
    (failed,) = [one for one in log_lines(tmp_path / "log") if one["event"] == "failed"]
    assert failed["level"] == "error"
