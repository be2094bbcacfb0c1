"""A night at the venue for a whole verified node, compressed: a day of the venue's clock passes in seconds.

The emulator's manual clock flows at the rate of ours, and jumps by minutes when told. The client's own intervals are
made as short as the jumps are quick; every rule that it follows is the one of a real night.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import urlopen

import pytest

from trueup.drills.binance.node import NodeProcess, state_of
from trueup.drills.compare import compare
from trueup.drills.own.books import LedgerBooks
from trueup.emulator.client import ControlClient
from trueup.emulator.process import EmulatorProcess
from trueup.emulator.wire.request_log import LoggedRequest
from trueup.venues.binance.probe.bench import Bench

MINUTE_MS = 60_000
FLOW_SECS = 0.05
MAINTENANCE_MINUTES = 40
CLEAN_SECS_MAX = 30.0
LEFT_BY_ANOTHER = 2_280
"""Of the venue's 2,400 what another process uses up: a look of 85 still fits, and one that knows of it waits."""
TERMINAL = {"REJECTED", "DENIED", "CANCELED", "EXPIRED"}

pytestmark = pytest.mark.node


@contextmanager
def flowing(control: ControlClient) -> Iterator[None]:
    """Let a manual clock flow at the rate of ours."""
    ended = threading.Event()

    def flow() -> None:
        last = time.monotonic()
        while not ended.wait(FLOW_SECS):
            now = time.monotonic()
            control.step_clock(int((now - last) * 1_000))
            last = now

    thread = threading.Thread(target=flow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def gaps(seen: dict[str, Any]) -> int:
    """Return of how many gaps in the stream a node spoke."""
    return sum(one["event"] == "stream_gap" for one in seen["said"])


def differences(bench: Bench, seen: dict[str, Any]) -> list[str]:
    """Return what differs between what a node holds and the emulator's ledger."""
    return [str(one) for one in compare(LedgerBooks(bench.control, bench.account), state_of(seen)).findings]


class Night:
    """One account, one node, and a clock that jumps."""

    def __init__(self, bench: Bench, node: NodeProcess) -> None:
        self.bench = bench
        self.node = node

    def jump(self, minutes: int) -> None:
        """Let minutes pass, and then the client renew its listen key."""
        before = self.renewals()
        self.bench.control.step_clock(minutes * MINUTE_MS)
        deadline = time.monotonic() + 60
        while self.renewals() <= before:
            assert time.monotonic() < deadline, "the listen key was not renewed"
            time.sleep(0.05)

    def renewals(self) -> int:
        """Return how often the venue renewed the listen key."""
        entries = self.bench.control.requests(limit=20_000, path="/fapi/v1/listenKey")
        return sum(entry.method == "PUT" and entry.status == 200 for entry in entries)

    def working(self) -> list[int]:
        """Return the venue's working orders, oldest first."""
        return sorted(order.order_id for order in self.bench.control.open_orders(self.bench.account))

    def is_true(self, seen: dict[str, Any]) -> bool:
        """Return whether the node holds what the venue holds, and says so."""
        return seen["verdict"] == "CLEAN" and not differences(self.bench, seen)

    def becomes_true(self) -> dict[str, Any]:
        """Wait until the node is true, and return what it holds."""
        seen = self.node.look_until(self.is_true, CLEAN_SECS_MAX)
        assert seen["verdict"] == "CLEAN", seen["lines"]
        assert differences(self.bench, seen) == [], seen["statuses"]
        return seen

    def weight_runs_out(self) -> None:
        """Let another process of the address use up the minute, six seconds before its end; the node looks after it."""
        control = self.bench.control
        control.step_clock((MINUTE_MS - control.clock().now_ms % MINUTE_MS - 6_000) % MINUTE_MS)
        used = 0
        while used < LEFT_BY_ANOTHER:
            with urlopen(f"{self.bench.ready.rest}/fapi/v1/depth?symbol=BTCUSDT&limit=1000", timeout=10) as answer:
                used = int(answer.headers["X-MBX-USED-WEIGHT-1M"])
        minute = control.clock().now_ms // MINUTE_MS
        deadline = time.monotonic() + 60
        while not any(entry.time_ms // MINUTE_MS > minute for entry in self.looks()):
            assert time.monotonic() < deadline, "the node did not look again"
            time.sleep(0.1)

    def looks(self) -> list[LoggedRequest]:
        """Return the node's questions for its working orders."""
        return self.bench.control.requests(limit=20_000, path="/fapi/v1/openOrders")

    def maintenance(self, order_index: int) -> None:
        """Let every answer be a 503 for 40 minutes, an order be accepted unheard, and another one fill."""
        control = self.bench.control
        self.bench.fault({"method": "POST", "path": "/fapi/v1/order", "count": 1}, {"kind": "accepted_but"})
        down = {"kind": "respond", "status": 503, "body": "Service Unavailable."}
        for method in ("GET", "PUT", "DELETE"):
            self.bench.fault({"method": method}, down)
        control.add_fault({"match": {"path": "/fapi/v1/time"}, "action": down})
        self.bench.fault({"method": "POST", "path": "/fapi/v1/listenKey"}, down)
        control.cut_streams(self.bench.account)
        working = self.working()
        self.node.submit("BTCUSDT", "BUY", "0.010", "39000")
        deadline = time.monotonic() + 60
        while self.working() == working:  # it arrives before the clock jumps, else its timestamp is refused
            assert time.monotonic() < deadline, "the submit never arrived"
            time.sleep(0.02)
        control.fill(working[order_index])
        for _ in range(MAINTENANCE_MINUTES // 5):
            control.step_clock(5 * MINUTE_MS)
            time.sleep(0.1)
        seen = self.node.look_until(lambda seen: seen["verdict"] == "UNKNOWN", 60)  # by the next look, at the latest
        assert seen["verdict"] == "UNKNOWN"
        assert not TERMINAL & set(seen["statuses"].values()), seen["statuses"]
        control.clear_faults()


@pytest.mark.parametrize("hours", [2, pytest.param(22, marks=pytest.mark.long)])
def test_no_order_becomes_falsely_terminal_in_a_night_and_the_node_is_clean_within_30_s_of_its_end(hours: int) -> None:
    with EmulatorProcess(settings={"clock": {"kind": "manual"}}) as emulator, flowing(emulator.control):
        emulator.control.pause_market()
        bench = Bench(emulator, hardened=True)
        plan = {"night": True, "orders": [("BTCUSDT", "BUY", "0.010", f"{40_000 + 100 * n}") for n in range(3)]}
        with NodeProcess(bench.ready, "verified", plan) as node:
            night = Night(bench, node)
            assert node.is_trading_within(120.0)
            node.look_until(lambda seen: len(seen["open"]) == 3, 60)
            for _ in range(hours * 3):
                night.jump(20)  # the listen key dies after 60 minutes without a renewal
            assert gaps(node.look()) == 0
            bench.control.fill(bench.control.open_orders(bench.account)[0].order_id)
            night.becomes_true()
            night.weight_runs_out()
            night.becomes_true()
            night.maintenance(0)
            seen = night.becomes_true()
            assert len(seen["open"]) == 2
            before = gaps(seen)
            bench.control.step_clock(24 * 60 * MINUTE_MS)  # the venue's cut, and the end of the listen key
            assert gaps(node.look_until(lambda seen: gaps(seen) > before, 60)) > before
            bench.control.fill(bench.control.open_orders(bench.account)[0].order_id)
            seen = night.becomes_true()
            assert not TERMINAL & set(seen["statuses"].values()), seen["statuses"]
            requests = bench.control.requests(limit=20_000)
            node.stop()
    assert [entry for entry in requests if entry.status in (418, 429)] == []
