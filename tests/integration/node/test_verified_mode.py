"""A real node kept true by trueup: start-up, lost events, failing venues, kills."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.config.nodes import OLDEST_PYTHON
from tests.integration.node.lines import NodeProcess
from trueup.store.embedded import EmbeddedValkey

pytestmark = pytest.mark.node
MAIN = "tests.integration.node.verified_main"


def live(case: str, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    node = NodeProcess(MAIN, case, *arguments)
    code = node.end(within_secs=120)
    failed = [line for line in node.said if line["event"] == "script_failed"]
    assert not failed, node.tell()
    return code, node.said


def only(said: list[dict[str, Any]], kind: str, **wanted: Any) -> dict[str, Any]:
    (line,) = [one for one in said if one["event"] == kind and all(one[k] == v for k, v in wanted.items())]
    return line


def test_a_cold_node_is_given_the_venues_state_and_trades_only_then() -> None:
    code, said = live("starts")
    assert code == 0
    assert [line["phase"] for line in said if line["event"] == "phase"] == ["RECONCILING", "RECONCILED", "MONITORING"]
    kinds = [line["event"] for line in said]
    assert kinds.index("verdict") < kinds.index("trading")
    assert only(said, "verdict", during="start-up")["verdict"] == "CLEAN"
    orders = [line for line in said if line["event"] == "order"]
    assert sorted((line["status"], *line["trades"]) for line in orders) == [
        ("FILLED", "T-2"),
        ("PARTIALLY_FILLED", "T-1"),
    ]
    assert len({line["name"] for line in orders}) == 2
    position = only(said, "position")
    assert position["quantity"] == "2.000"
    assert position["average"] == 102.0


def test_a_venue_that_fails_for_a_while_delays_the_start_and_no_more() -> None:
    code, said = live("recovers")
    assert code == 0
    assert only(said, "verdict", during="start-up")["verdict"] == "CLEAN"


def test_a_venue_that_never_answers_ends_the_start_in_time_and_out_loud() -> None:
    code, said = live("hangs")
    assert code == 1
    assert not [line for line in said if line["event"] == "trading"]
    assert only(said, "verdict")["verdict"] != "CLEAN"
    assert "positions failed (no answer within" in only(said, "failed")["reason"]


def test_a_fill_that_the_stream_lost_is_booked_once_with_its_own_trade_id() -> None:
    code, said = live("lost-fill")
    assert code == 0
    order = only(said, "order")
    assert order["trades"] == ["T-1"]
    assert order["filled"] == "0.500"
    assert only(said, "position")["average"] == 99.5


def test_a_fill_that_comes_late_leaves_the_average_price_of_the_venues_order() -> None:
    code, said = live("late-fill")
    assert code == 0
    assert sorted(only(said, "order")["trades"]) == ["T-1", "T-2"]
    assert only(said, "position")["average"] == 95.0


def test_many_orders_that_rested_for_long_and_filled_unseen_are_proven_look_by_look_and_asked_for_once() -> None:
    """A look asked for the same ten of eighteen for ever, and the node stayed UNKNOWN (found by a soak)."""
    code, said = live("rested")
    assert code == 0
    told = only(said, "rested")
    assert told["verdicts"] == ["CLEAN"] * 3
    assert told["asked_again"] == 0


def test_an_order_that_never_reached_the_venue_ends_after_the_grace_and_not_before() -> None:
    _, said = live("lost-submit")
    assert only(said, "closed")["after_secs"] >= 1.0
    assert only(said, "order")["status"] == "REJECTED"


def test_a_hung_venue_makes_the_verdict_unknown_and_the_looks_go_on() -> None:
    code, said = live("hangs-later")
    assert code == 0
    assert only(said, "while_hung")["verdict"] == "UNKNOWN"
    assert only(said, "after")["verdict"] == "CLEAN"


def test_an_empty_position_list_flattens_nothing_and_halts_trading_until_it_is_right_again() -> None:
    code, said = live("positions-hidden")
    assert code == 0
    assert only(said, "guarded")["state"] == "HALTED"
    assert only(said, "freed")["state"] == "ACTIVE"
    assert only(said, "position")["quantity"] == "2.000"


def test_an_order_that_was_purged_even_in_the_middle_of_a_look_is_not_missed_and_never_made_again() -> None:
    code, said = live("purges")
    assert code == 0
    purged = only(said, "purged")
    assert (purged["steps"], purged["verdicts"], purged["orders"]) == (0, ["CLEAN"] * 4, 0)
    assert not [line["line"] for line in said if line["event"] == "discrepancy"]


def test_the_oldest_supported_engine_is_kept_true_by_the_same_binding() -> None:
    node = NodeProcess(MAIN, "late-fill", python=OLDEST_PYTHON)
    assert node.end(within_secs=120) == 0, node.tell()
    assert only(node.said, "position")["average"] == 95.0


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey.start(tmp_path / "valkey") as server:
        yield server


@pytest.mark.server
def test_a_kill_between_purge_and_add_loses_neither_the_order_nor_its_owner(
    tmp_path: Path, valkey: EmbeddedValkey
) -> None:
    arguments = (str(tmp_path / "truth.json"), str(valkey.port), str(tmp_path / "state"))
    _, said = live("damage", *arguments)
    assert only(said, "order")["status"] == "REJECTED"

    code, _ = live("dies", *arguments)
    assert code == -signal.SIGKILL

    code, said = live("revives", *arguments)
    assert code == 0
    order = only(said, "order")
    assert (order["name"], order["status"], order["owner"]) == ("O-1", "ACCEPTED", "Buyer-001")
    assert only(said, "verdict", during="start-up")["verdict"] == "CLEAN"

    code, said = live("revives", *arguments)
    assert only(said, "verdict", during="start-up")["steps"] == 0


@pytest.mark.server
def test_a_store_that_was_away_is_noticed_and_brought_level(tmp_path: Path) -> None:
    server = EmbeddedValkey.start(tmp_path / "valkey", fsync="always")
    port = server.port
    arguments = (str(tmp_path / "truth.json"), str(port), str(tmp_path / "state"))
    node = NodeProcess(MAIN, "store-dies", *arguments)
    try:
        node.await_line("kill_the_store")
        os.kill(server.pid, signal.SIGKILL)
        began = time.monotonic()
        node.await_line("store", state="LOST")
        assert time.monotonic() - began < 5.0
        node.await_line("start_the_store")
        server.stop()
        server = EmbeddedValkey.start(tmp_path / "valkey", port=port, fsync="always")
        node.await_line("store", state="PRESENT")
        assert node.end() == 0

        code, said = live("starts-again", *arguments)
        assert code == 0
        assert only(said, "verdict", during="start-up")["steps"] == 0
        assert {line["name"]: line["owner"] for line in said if line["event"] == "order"} == {
            "O-1": "Buyer-001",
            "O-2": "Buyer-001",
        }
    finally:
        server.stop()


def test_of_two_accounts_each_is_judged_and_healed_by_its_own_venue() -> None:
    node = NodeProcess("tests.integration.node.two_accounts_main")
    code = node.end(within_secs=120)
    clean, wrong = {"BINANCE-001": "CLEAN", "OTHER-001": "CLEAN"}, {"BINANCE-001": "CLEAN", "OTHER-001": "DISCREPANT"}
    held = {"BTCUSDT-PERP.BINANCE": "1.000", "BTCUSDT-PERP.OTHER": "1.000"}
    seen = {kind: only(node.said, kind) for kind in ("started", "hidden", "healed", "hung")}
    assert code == 0, node.tell()
    assert (seen["started"]["verdicts"], seen["started"]["held"]) == (clean, held)
    assert (seen["hidden"]["verdicts"], seen["hidden"]["held"]) == (wrong, held)
    assert (seen["healed"]["verdicts"], seen["healed"]["held"]) == (clean, held | {"BTCUSDT-PERP.OTHER": "1.500"})
    assert (seen["hung"]["all"], seen["hung"]["verdicts"]) == ("UNKNOWN", clean | {"BINANCE-001": "UNKNOWN"})
    later = node.said[node.said.index(seen["started"]) :]  # a cold start lacks everything
    found = {one["account_id"] for one in later if one["event"] == "discrepancy"}
    assert found == {"OTHER-001"}
