"""What nobody claims, by policy: told, halted for, cancelled one by one, left unchecked and said so; else adopted."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.integration.external.desk import Desk, until
from trueup.demo.node_life import NodeLife
from trueup.emulator import EmulatorProcess
from trueup.node.outside_record import RECORD_FILE
from trueup.store.embedded import EmbeddedValkey

pytestmark = [pytest.mark.node, pytest.mark.server]

SOL = "SOLUSDT-PERP.BINANCE"

POLICIES = """
[[external.policies]]
name = "strays"
action = "cancel"
client_order_ids = ["stray-*", "O-*-009-*"]

[[external.policies]]
name = "hands"
action = "alert"
sources = ["hand"]

[[external.policies]]
name = "forced"
action = "halt"
sources = ["adl", "liquidation"]

[[external.policies]]
name = "grid-bot"
action = "ignore"
client_order_ids = ["grid-*"]

[[external.policies]]
name = "the-other-desk"
action = "ignore"
instruments = ["SOL*-PERP.BINANCE"]
"""
OWN_NAME = "O-20261122-171041-001-009-12"
"""As a strategy of this very trader would name an order; there is no such strategy."""


def test_each_policy_does_what_it_says_and_a_verdict_says_what_it_leaves_out(tmp_path: Path) -> None:
    with (
        EmulatorProcess(settings={"limits": {"enforced": False}}) as venue,
        EmbeddedValkey.start(tmp_path / "valkey") as store,
    ):
        desk = Desk(venue, store, tmp_path, POLICIES)
        desk.place("ETH", "buy", 1, 2000, name="plain-1")
        desk.place("ETH", "buy", 1, 2001, name="stray-1")
        desk.place("ETH", "buy", 1, 2002, name="web_1")
        desk.place("ETH", "buy", 1, 2003, name="grid-1")
        desk.place("ETH", "buy", 1, 2004, name=OWN_NAME)
        desk.place("ETH", "buy", 1)
        desk.place("SOL", "buy", 10)
        desk.place("SOL", "buy", 10, 100, name="sol-1")
        desk.place("BNB", "buy", 2)
        with desk.start() as life:
            _start_up(life, desk)
            _audited(desk)
            _cancelled(life, desk)
            _unreadable(life, desk)
            _halted(life, desk)
            life.kill()
        with desk.start() as life:
            _once_is_once(life, desk)
            assert life.stop() == 0


def _start_up(life: NodeLife, desk: Desk) -> None:
    verdict = life.events[-1]
    assert verdict["verdict"] == "CLEAN"
    unchecked = [line for line in verdict["lines"] if line.startswith("not checked")]
    grid, other = unchecked
    assert grid.startswith("not checked, by the policy grid-bot (client order ids grid-*): 1 open orders and 0 pos")
    assert grid.endswith("on ETHUSDT-PERP.BINANCE; 1 differences do not count")
    assert other.startswith("not checked, by the policy the-other-desk (instruments SOL*-PERP.BINANCE): 1 open orders")
    assert f"and 1 positions at the venue on {SOL}; " in other
    told = [one for one in life.events if one["event"] == "external"]
    assert [(one["act"], one["client_order_id"], one["source"]) for one in told] == [("alert", "web_1", "hand")]


def _audited(desk: Desk) -> None:
    """Whoever looks from outside leaves out the same, and says so."""
    report = orjson.loads(desk.ask("audit", str(desk.path), "--json"))
    (account,) = report["accounts"]
    assert (account["state"], account["discrepancies"]) == ("CLEAN", [])
    grid, other = account["unchecked"]
    assert grid.startswith("not checked, by the policy grid-bot (client order ids grid-*): 1 open orders and 0 pos")
    assert other.startswith("not checked, by the policy the-other-desk (instruments SOL*-PERP.BINANCE): 1 open orders")
    assert "not checked, by the policy grid-bot" in desk.ask("audit", str(desk.path))


def _cancelled(life: NodeLife, desk: Desk) -> None:
    """The stray order goes; what may be the node's own stays, and it is said why."""
    kept = life.wait_for(lambda one: one.get("act") == "not cancelled", "a refusal", 60)
    assert kept["client_order_id"] == OWN_NAME
    assert "its name is one that this node gives" in kept["line"]
    until(lambda: "stray-1" not in desk.working())
    desk.place("ETH", "sell", 1, 4000, name="stray-2")
    until(lambda: "stray-2" not in desk.working())
    assert desk.working() == {"plain-1", "web_1", "grid-1", "sol-1", OWN_NAME}
    assert desk.held()["ETHUSDT"] == 1, "a policy that cancels touches no position"


def _unreadable(life: NodeLife, desk: Desk) -> None:
    """While the venue does not answer nothing is cancelled, though the stream tells of the order."""
    control = desk.venue.control
    broken = {"kind": "respond", "status": 503, "body": "unavailable"}
    control.add_fault({"match": {"path": "/fapi/*/positionRisk"}, "action": broken})
    life.wait_for(lambda one: one["event"] == "verdict" and one["verdict"] == "UNKNOWN", "UNKNOWN", 60)
    desk.place("ETH", "sell", 1, 4001, name="stray-3")
    refused = life.wait_for(lambda one: _is_about(one, "stray-3"), "a refusal", 60)
    assert refused["act"] == "not cancelled"
    assert "what the venue works is not known" in refused["line"]
    assert "stray-3" in desk.working()
    control.clear_faults()
    until(lambda: "stray-3" not in desk.working())


def _is_about(one: dict[str, Any], name: str) -> bool:
    return one["event"] == "external" and one["client_order_id"] == name


def _halted(life: NodeLife, desk: Desk) -> None:
    account = desk.venue.ready.account
    record = desk.path.parent / "state" / RECORD_FILE
    before = record.read_text(encoding="utf-8")  # of the orders that were cancelled before
    desk.venue.control.auto_deleverage(account, "BNBUSDT", Decimal(1))
    halted = life.wait_for(lambda one: one["event"] == "guard" and one["state"] == "HALTED", "a halt", 60)
    assert (halted["source"], halted["who"]) == ("auditor", "policy forced")
    assert "adl_autoclose" in halted["reason"]
    # Killed before it wrote that down, the node would rightly halt once more at its next start.
    until(lambda: record.read_text(encoding="utf-8") != before)


def _once_is_once(life: NodeLife, desk: Desk) -> None:
    """A restart keeps the halt until an operator releases it, and tells nothing twice."""
    assert "HALTED" in desk.ask("guard", "status", str(desk.path))
    assert "ACTIVE" in desk.ask("guard", "release", str(desk.path), "--reason", "seen", "--force")
    assert "ACTIVE" in desk.ask("guard", "status", str(desk.path))
    lines = desk.journal("NOTE")
    assert len([one for one in lines if one.startswith("alert, by the policy hands")]) == 1
    assert any(one.startswith("halt, by the policy forced") for one in lines)
    assert len([one for one in lines if one.startswith("cancel, by the policy strays")]) == 3
