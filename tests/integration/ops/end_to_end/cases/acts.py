"""What several trials do to a rig."""

from __future__ import annotations

import time
from typing import Final

from tests.integration.ops.end_to_end.rig import BTC, Rig
from tests.integration.ops.waiting import until

OPEN_ORDERS, ORDER = "/fapi/v1/openOrders", "/fapi/v1/order"
POSITIONS, TRADES = "/fapi/v3/positionRisk", "/fapi/v1/userTrades"
FAILED: Final = {"kind": "respond", "status": 503, "body": {"code": -1001, "msg": "Internal error"}}
QUANTITY, PRICE = "0.010", "30000.0"


def nothing(_: Rig) -> None:
    """It cures itself, or is there already."""


def disarm(rig: Rig) -> None:
    """End all faults of the venue, and what works there."""
    rig.disarm()
    rig.sweep()


def start_again(rig: Rig) -> None:
    """Kill the node and start it again, on a venue that is well."""
    rig.kill_node()
    rig.disarm()
    rig.start_node(await_phase="RECONCILED")
    rig.sweep()


def let_it_start(rig: Rig) -> None:
    """Let the venue be well, and wait until the node that starts is true."""
    rig.disarm()
    rig.node.wait_for(lambda said: said.get("phase") == "RECONCILED", "RECONCILED", 180)


def lose_orders(rig: Rig, count: int = 1) -> None:
    """Let another client place orders of which the stream says nothing."""
    rig.arm({"kind": "drop_event"}, event="ORDER_TRADE_UPDATE")
    for _ in range(count):
        rig.by_hand("BTCUSDT", QUANTITY)


def fill_silently(rig: Rig, *, unlisted: bool = False) -> None:
    """Fill half of an order of the node's, and lose the event; ``unlisted``, the list of fills lacks it, too."""
    name = f"F-{time.monotonic_ns()}"
    rig.tell("buy", instrument=BTC, quantity="0.020", price=PRICE, name=name)
    account = rig.venue.ready.account
    until(lambda: [one for one in rig.control.open_orders(account) if one.client_order_id == name], "no order")
    rig.arm({"kind": "drop_event"}, execution="TRADE")
    if unlisted:
        rig.arm({"kind": "empty_list"}, path=TRADES)
    (order,) = [one for one in rig.control.open_orders(account) if one.client_order_id == name]
    rig.control.fill(order.order_id, quantity=order.quantity / 2)
