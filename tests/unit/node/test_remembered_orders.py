"""What was read of an order is kept while readings ask for it, and no longer."""

from __future__ import annotations

from typing import cast

from trueup.node.v1.engine_records import OrderParts
from trueup.node.v1.remembered import READINGS_MAX, RememberedOrders

PARTS = cast(OrderParts, object())


def test_an_order_that_readings_ask_for_is_read_once_and_one_that_they_do_not_is_forgotten() -> None:
    remembered = RememberedOrders()
    remembered.keep("asked", 1, PARTS)
    remembered.keep("left", 1, PARTS)
    freed: list[str] = []
    for _ in range(2 * READINGS_MAX):
        freed += remembered.begin_reading()
        assert remembered.get("asked", 1) is PARTS
    assert freed == ["left"]
    assert len(remembered) == 1
    assert remembered.get("left", 1) is None


def test_an_order_that_was_asked_for_a_look_ago_is_still_there() -> None:
    remembered = RememberedOrders()
    remembered.keep("left", 1, PARTS)
    for _ in range(READINGS_MAX):
        remembered.begin_reading()
    assert remembered.get("left", 1) is PARTS


def test_an_order_with_another_last_event_is_read_anew() -> None:
    remembered = RememberedOrders()
    remembered.keep("moved", 1, PARTS)
    assert remembered.get("moved", 2) is None
    assert remembered.last("moved") is PARTS
    remembered.keep("moved", 2, PARTS)
    assert remembered.get("moved", 2) is PARTS
    remembered.clear()
    assert remembered.last("moved") is None
    assert len(remembered) == 0
