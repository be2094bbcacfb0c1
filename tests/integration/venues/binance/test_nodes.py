"""Whole nodes on the emulated venue: the adapter's client in native mode beside ours in verified mode."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from trueup.emulator.process import EmulatorProcess
from trueup.venues.binance.probe.bench import Bench

ROOT = Path(__file__).parents[4]
NODE_SECS_MAX = 90.0
KINDS = {
    "adapter, native": {"hardened": False, "mode": "native"},
    "hardened, verified": {"hardened": True, "mode": "verified"},
}

pytestmark = pytest.mark.node


def live(plans: dict[str, tuple[Bench, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Run a node for each plan, side by side, and return what each became."""
    children = {}
    for name, (bench, plan) in plans.items():
        whole = {"ready": asdict(bench.ready), "symbols": ["BTCUSDT", "ETHUSDT"], **KINDS[name], **plan}
        command = [sys.executable, "-m", "tests.integration.venues.binance.node_main", json.dumps(whole)]
        children[name] = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    results = {}
    for name, child in children.items():
        try:
            output, _ = child.communicate(timeout=NODE_SECS_MAX)
        except subprocess.TimeoutExpired:
            child.kill()
            output, _ = child.communicate()
        lines = [line for line in output.splitlines() if line.startswith("RESULT ")]
        assert lines, f"{name}: the node told nothing:\n{output[-3_000:]}"
        results[name] = json.loads(lines[-1].removeprefix("RESULT "))
    return results


def benches(emulator: EmulatorProcess) -> dict[str, Bench]:
    """Return an account for each kind of node."""
    return {name: Bench(emulator, hardened=bool(kind["hardened"])) for name, kind in KINDS.items()}


def test_a_node_holds_what_the_venue_holds_also_when_an_order_was_accepted_with_an_error(
    emulator: EmulatorProcess,
) -> None:
    made = benches(emulator)
    for bench in made.values():
        bench.market("BTCUSDT", "BUY", "0.050")
        bench.limit("ETHUSDT", "BUY", "0.100", "2000")
        bench.fault({"method": "POST", "path": "/fapi/v1/order"}, {"kind": "accepted_but"})
    results = live({name: (bench, {"orders": [["BTCUSDT", "0.010", "40000"]]}) for name, bench in made.items()})
    ours, theirs = results["hardened, verified"], results["adapter, native"]
    bench = made["hardened, verified"]
    assert ours["verdict"] == "CLEAN"
    assert ours["net"]["BTCUSDT"] == str(bench.position("BTCUSDT"))
    assert ours["open"] == sorted(str(order.order_id) for order in bench.control.open_orders(bench.account))
    assert set(ours["fills"]) == {str(trade.trade_id) for trade in bench.control.trades(bench.account)}
    assert "REJECTED" in theirs["statuses"].values()
    assert len(theirs["open"]) < len(made["adapter, native"].control.open_orders(made["adapter, native"].account))


def test_a_venue_that_fails_at_the_start_keeps_ours_from_trading_blind(emulator: EmulatorProcess) -> None:
    made = benches(emulator)
    for bench in made.values():
        bench.limit("BTCUSDT", "BUY", "0.010", "40000")
        body = {"code": -1001, "msg": "Internal error"}
        bench.fault({"path": "/fapi/v1/allOrders"}, {"kind": "respond", "status": 503, "body": body})
    results = live({name: (bench, {"timeout_reconciliation": 2.0}) for name, bench in made.items()})
    assert results["adapter, native"]["trading"]
    assert results["adapter, native"]["open"] == []
    assert not results["hardened, verified"]["trading"]
