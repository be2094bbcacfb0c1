"""Whole nodes on the emulated venue: the adapter's client in native mode beside ours in verified mode."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any

import pytest

from trueup.drills.binance.node import NodeProcess
from trueup.drills.binance.run import MODES
from trueup.drills.described import Mode
from trueup.emulator.process import EmulatorProcess
from trueup.venues.binance.probe.bench import Bench

START_SECS_MAX = 120.0

pytestmark = pytest.mark.node


def benches(emulator: EmulatorProcess) -> dict[Mode, Bench]:
    """Return an account for each kind of node."""
    return {mode: Bench(emulator, hardened=mode == "verified") for mode in MODES}


def live(made: dict[Mode, Bench], plan: dict[str, Any], secs: float) -> dict[Mode, dict[str, Any]]:
    """Run a node of each kind side by side, and return what each holds so long after its start."""
    with ExitStack() as stack:
        nodes = {name: stack.enter_context(NodeProcess(bench.ready, name, plan)) for name, bench in made.items()}
        for node in nodes.values():
            node.is_trading_within(START_SECS_MAX)
        time.sleep(secs)
        looks = {name: node.look() for name, node in nodes.items()}
        for node in nodes.values():
            node.stop()
    return looks


def after_a_gap(seen: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the verdicts of the true-ups that gaps asked for."""
    return [one for one in seen["said"] if one["event"] == "verdict" and one["during"] == "after a gap"]


def test_a_venue_that_fails_at_the_start_keeps_ours_from_trading_blind(emulator: EmulatorProcess) -> None:
    made = benches(emulator)
    for bench in made.values():
        bench.limit("BTCUSDT", "BUY", "0.010", "40000")
        body = {"code": -1001, "msg": "Internal error"}
        bench.fault({"path": "/fapi/v1/allOrders"}, {"kind": "respond", "status": 503, "body": body})
    results = live(made, {"timeout_reconciliation": 2.0}, 0.5)
    assert results["native"]["trading"]
    assert results["native"]["open"] == []
    assert not results["verified"]["trading"]


def test_a_fill_that_a_cut_stream_swallowed_is_in_the_node_seconds_later_without_any_periodic_look(
    emulator: EmulatorProcess,
) -> None:
    bench = Bench(emulator, hardened=True)
    plan = {"orders": [["BTCUSDT", "BUY", "0.010", "40000"]], "settings": {"open_check_interval_secs": None}}
    with NodeProcess(bench.ready, "verified", plan) as node:
        assert node.is_trading_within(START_SECS_MAX)
        node.look_until(lambda seen: bool(seen["open"]), 60)
        # No listen key is given while the order fills, so that the new stream comes after it.
        refused = bench.fault({"path": "/fapi/v1/listenKey"}, {"kind": "respond", "status": 503, "body": {}})
        bench.control.cut_streams(bench.account)
        bench.control.fill(bench.control.open_orders(bench.account)[0].order_id)
        bench.control.remove_fault(refused)
        seen = node.look_until(lambda seen: bool(after_a_gap(seen)), 60)
        node.stop()
    gap = next(one for one in seen["said"] if one["event"] == "stream_gap")
    healed = after_a_gap(seen)[-1]
    assert healed["verdict"] == seen["verdict"] == "CLEAN"
    assert healed["time_ns"] - gap["time_ns"] < 5e9
    assert seen["fills"] == [str(trade.trade_id) for trade in bench.control.trades(bench.account)]
    assert seen["net"]["BTCUSDT"] == str(bench.position("BTCUSDT")) == "0.010"
