"""NautilusTrader's own adapter in a real node: stops that trigger, hedge mode, and a user stream that is cut.

Limit, amend, cancel, batches and both kinds of key are in ``test_the_real_adapter_trades.py``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.node.lines import NodeProcess
from trueup.emulator import EmulatorProcess

pytestmark = pytest.mark.node

SYMBOL = "BTCUSDT"
WAIT_SECS_MAX = 60.0


@contextmanager
def node_of(walk: str, **account: Any) -> Iterator[tuple[EmulatorProcess, NodeProcess]]:
    """Run a node with a strategy against an emulator of its own; nothing may be refused or go wrong."""
    settings = {"symbols": [SYMBOL], "accounts": [{"account_id": "main", **account}]}
    with EmulatorProcess(settings=settings) as emulator:
        emulator.control.set_market(SYMBOL, Decimal("50000.0"), Decimal("50000.1"))
        where = json.dumps({**asdict(emulator.ready), "walk": walk})
        node = NodeProcess("tests.integration.emulator.oracles.adapter_main", where)
        try:
            yield emulator, node
        finally:
            assert node.end(within_secs=WAIT_SECS_MAX) == 0
        assert [line for line in node.said if line["event"] == "refused"] == []
        assert emulator.control.health().internal_errors == 0
        emulator.control.check_invariants()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECS_MAX
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_stop_triggers_at_the_venue_and_fills_in_the_node() -> None:
    with node_of("stops") as (emulator, node):
        node.await_line("protected", within_secs=WAIT_SECS_MAX)
        (algo,) = emulator.control.algo_orders("main")
        assert (algo.status, algo.type, algo.trigger_price) == ("NEW", "STOP_MARKET", Decimal("49000.0"))
        emulator.control.move_to(SYMBOL, Decimal("48999.0"))
        done = node.await_line("done", within_secs=WAIT_SECS_MAX)
        orders = [(order.type, order.status) for order in emulator.control.orders("main")]
        (algo,) = emulator.control.algo_orders("main")
        profit = sum(trade.realised_pnl - trade.commission for trade in emulator.control.trades("main"))

    assert orders == [("MARKET", "FILLED"), ("MARKET", "FILLED"), ("LIMIT", "EXPIRED")]
    assert algo.status == "FINISHED"
    assert done["positions"] == {}
    assert Decimal(done["realised"]) == pytest.approx(profit, abs=Decimal("0.00000001"))


def test_both_legs_of_hedge_mode_are_the_venues_legs() -> None:
    with node_of("legs", hedge_mode=True) as (emulator, node):
        done = node.await_line("done", within_secs=WAIT_SECS_MAX)
        held = {leg.position_side.value: leg.quantity for leg in emulator.control.positions("main")}

    assert held == {"LONG": Decimal("0.010"), "SHORT": Decimal("-0.010")}
    assert {leg: Decimal(quantity) for leg, quantity in done["positions"].items()} == held


def test_a_cut_user_stream_and_an_ended_listen_key_are_recovered_from() -> None:
    with node_of("cut") as (emulator, node):
        control = emulator.control
        node.await_line("resting", within_secs=WAIT_SECS_MAX)
        sockets = control.health().sockets
        working = control.open_orders("main")
        orders = {str(order.price): order.order_id for order in working}

        assert control.cut_streams("main") == 1
        wait_for(lambda: control.health().sockets == sockets)
        control.fill(orders["45000.0"])
        node.await_line("filled", price="45000.0", within_secs=WAIT_SECS_MAX)

        control.clear_requests()
        assert control.expire_listen_key("main") is True
        wait_for(lambda: any(request.path == "/fapi/v1/listenKey" for request in control.requests()))
        wait_for(lambda: control.health().sockets == sockets)
        control.fill(orders["44000.0"])
        node.await_line("filled", price="44000.0", within_secs=WAIT_SECS_MAX)
        node.await_line("done", within_secs=WAIT_SECS_MAX)
        (position,) = control.positions("main")

    # Not compared with the node's position: its reconciliation after a reconnection of 1.231.0 doubles the reports of
    # a symbol and may add a position of its own, which is what this project is about.
    assert position.quantity == Decimal("0.020")
    final = {line["client_order_id"]: line["status"] for line in node.said if line["event"] == "order"}
    ours = {order.client_order_id for order in working}
    assert {name: status for name, status in final.items() if name in ours} == dict.fromkeys(ours, "FILLED")
