"""Every kind of discrepancy on a real node: detected, explained, shown, counted, and gone within two checks.

Kinds that a running node may not heal by itself (the plan refuses them and says what to do) count as gone within two
checks of the venue's truth being put right; a trade that was booked twice is put right by the next start alone.
Balances are the one kind that is not here: no verdict of a node claims them. The auditor compares them where it is told
to, and finds one within two audits (`tests/integration/audit/test_real_node.py`).
"""

from __future__ import annotations

from typing import Any

import msgspec
import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.monitor.kinds_main import LAST, ROUND
from tests.integration.node.lines import NodeProcess
from trueup.model.discrepancies import DiscrepancyKind
from trueup.monitor.status import NodeStatus, decode

pytestmark = pytest.mark.node
CYCLES_MAX = 2
"""Checks that ended from the fault (or its cure) on. One that was under way then ends without having seen it, and is
not one of the two: so there may be as many before the one in which it is seen and over."""
DEEP_CYCLES_MAX = 6
"""Cheap looks from one look at history to the next, at the settings below, and two."""
SETTINGS: dict[str, Any] = {
    "mode": "verified",
    "open_check_interval_secs": 0.3,
    "second_look_secs": 0.15,
    "startup_delay_secs": 0.05,
    "submit_grace_secs": 0.5,
    "inflight_threshold_secs": 0.3,
    "query_timeout_secs": 1.0,
    "startup_timeout_secs": 3.0,
    "deep_interval_secs": 1.0,
}
HEALED = {
    "ORDER_MISSING_IN_NODE",
    "ORDER_MISSING_AT_VENUE",
    "ORDER_STATUS",
    "ORDER_QUANTITY",
    "ORDER_PRICE",
    "ORDER_TRIGGER_PRICE",
    "ORDER_FILLED_QUANTITY",
    "FILL_MISSING",
    "POSITION_QUANTITY",
    "POSITION_SIDE",
}
"""What a running node heals; the others it refuses, out loud."""


@pytest.fixture(scope="module")
def said() -> list[dict[str, Any]]:
    node = NodeProcess("tests.integration.monitor.kinds_main", orjson.dumps(SETTINGS).decode())
    code = node.end(within_secs=120)
    assert code == 0, node.tell()
    assert not [line for line in node.said if line["event"] == "script_failed"], node.tell()
    return node.said


@pytest.fixture(scope="module")
def kinds(said: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {line["kind"]: line for line in said if line["event"] == "kind"}


def test_every_kind_but_balances_was_brought_about(kinds: dict[str, dict[str, Any]]) -> None:
    brought = {kind.value for _, of_fault in (*ROUND, LAST) for kind in of_fault}
    assert set(kinds) == brought == {kind.value for kind in DiscrepancyKind} - {"BALANCE"}


@pytest.mark.parametrize("kind", [kind.value for kind in DiscrepancyKind if kind is not DiscrepancyKind.BALANCE])
def test_a_kind_is_seen_told_counted_and_over_within_two_checks(kind: str, kinds: dict[str, dict[str, Any]]) -> None:
    told = kinds[kind]
    # No cheap look sees a commission: two looks at history lie further apart.
    assert told["detected_cycles"] < (DEEP_CYCLES_MAX if kind == "FILL_COMMISSION" else CYCLES_MAX)
    assert told["counted"] == 1, "one difference is one record, however often it is seen"
    assert " -> " in told["line"], "the explanation says what the node has and what the venue has"
    assert told["states"][0] == "NEW"
    assert told["cured"] is (kind not in HEALED)
    if kind in HEALED:
        assert told["states"] == ["NEW", "HEALING", "RESOLVED"]
        assert told["resolved_by"] == "TRUE_UP"
        assert told["detected_cycles"] + told["resolved_cycles"] <= CYCLES_MAX
        return
    assert "REFUSED" in told["states"], "what cannot be healed is said, not passed over"
    assert told["shown"], "what is not healed stands in the status"
    if kind != LAST[1][0].value:
        assert told["states"][-1] == "RESOLVED"
        assert told["resolved_cycles"] <= CYCLES_MAX


@pytest.fixture(scope="module")
def status(said: list[dict[str, Any]]) -> NodeStatus:
    (line,) = [one for one in said if one["event"] == "status"]
    return decode(line["text"])


def test_the_status_shows_what_is_wrong_and_what_was(status: NodeStatus) -> None:
    assert (status.phase, status.verdict, status.is_reconciled) == ("MONITORING", "DISCREPANT", False)
    assert "FILL_DUPLICATED" in {one.kind for one in status.discrepancies}
    assert all(one.state == "REFUSED" and one.line and one.subject for one in status.discrepancies)
    assert {one.kind for one in status.resolved_lately} >= HEALED
    assert {cycle.check for cycle in status.cycles} == {"startup", "cheap", "deep"}
    assert status.guard.effective in {"REDUCING", "HALTED"}
    (account,) = status.accounts
    assert {one.kind: one.state for one in account.coverage}["FILLS"] == "complete"
    assert {one.query for one in status.venue} >= {"open_orders", "orders", "fills", "positions"}
    assert all(one.failures == 0 for one in status.venue)
    assert status.orders.external_claimed + status.orders.external_unclaimed == status.external_orders_count > 0
    assert status.loop.lag_ms_p99 is not None
    assert status.events_dropped == 0
    assert msgspec.json.decode(msgspec.json.encode(status), type=NodeStatus) == status


def test_the_metrics_add_up_to_the_status(said: list[dict[str, Any]], status: NodeStatus) -> None:
    (line,) = [one for one in said if one["event"] == "metrics"]
    found: dict[str, float] = {}
    by_kind: dict[str, float] = {}
    for family in text_string_to_metric_families(line["text"]):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0.0) + sample.value
            if sample.name == "trueup_discrepancies_open":
                by_kind[sample.labels["kind"]] = sample.value
    open_now = sum(1 for one in status.discrepancies)
    assert found["trueup_discrepancies_open"] == found["trueup_discrepancies_open_state"] == open_now
    assert {kind for kind, count in by_kind.items() if count} == {one.kind for one in status.discrepancies}
    detected, resolved = found["trueup_discrepancies_detected_total"], found["trueup_discrepancies_resolved_total"]
    assert detected - resolved == open_now
    assert found["trueup_detections_total"] > 0
    assert found["trueup_detections_late_total"] == 0
    assert found["trueup_steps_applied_total"] >= len(HEALED) - 3  # three kinds go with one fill
    assert found["trueup_monitor_dropped_total"] == 0
