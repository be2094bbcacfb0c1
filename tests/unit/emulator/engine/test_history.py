"""Queries of the past: windows, pages, what the venue forgets, and the bulk past for benchmarks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.emulator.engine.arrange import BTC, ETH, START_MS, D, Desk, limit, market, refusal
from trueup.emulator.engine.enums import OrderStatus, Side
from trueup.emulator.engine.venue import Venue
from trueup.errors import EmulatorError

DAY_MS = 86_400_000


@pytest.fixture
def desk() -> Desk:
    """Return a desk with one filled order a day for ten days."""
    desk = Desk()
    desk.account()
    for day in range(10):
        desk.clock.advance(DAY_MS if day else 0)
        desk.venue.place_order("main", market(Side.BUY if day % 2 == 0 else Side.SELL, "0.010"))
    return desk


def test_without_bounds_the_last_seven_days_are_shown(desk: Desk) -> None:
    orders = desk.venue.all_orders("main", BTC)
    assert [order.time_ms for order in orders] == [START_MS + day * DAY_MS for day in range(2, 10)]
    assert [trade.time_ms for trade in desk.venue.trades("main", BTC)] == [order.time_ms for order in orders]


def test_a_start_shows_seven_days_from_there_oldest_first(desk: Desk) -> None:
    orders = desk.venue.all_orders("main", BTC, start_ms=START_MS, limit=3)
    assert [order.time_ms for order in orders] == [START_MS + day * DAY_MS for day in range(3)]
    assert len(desk.venue.all_orders("main", BTC, start_ms=START_MS)) == 8


def test_a_page_without_start_is_of_the_newest_and_still_ascends(desk: Desk) -> None:
    trades = desk.venue.trades("main", BTC, limit=2)
    assert [trade.time_ms for trade in trades] == [START_MS + 8 * DAY_MS, START_MS + 9 * DAY_MS]


def test_an_id_reaches_behind_the_window(desk: Desk) -> None:
    first = desk.venue.all_orders("main", BTC, start_ms=START_MS, limit=1)[0]
    assert len(desk.venue.all_orders("main", BTC, order_id=first.order_id)) == 10
    assert len(desk.venue.trades("main", BTC, from_id=0)) == 10
    third = desk.venue.trades("main", BTC, from_id=0, limit=3)[-1]
    assert desk.venue.trades("main", BTC, from_id=third.trade_id, limit=1) == [third]
    assert len(desk.venue.trades("main", BTC, order_id=first.order_id)) == 1


def test_pages_by_id_give_every_trade_once(desk: Desk) -> None:
    seen, from_id = [], 0
    while page := desk.venue.trades("main", BTC, from_id=from_id, limit=3):
        seen += page
        from_id = page[-1].trade_id + 1
    assert seen == list(desk.venue.ledger.account("main").trades)


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda v: v.all_orders("main", BTC, start_ms=0, end_ms=7 * DAY_MS + 1), -4165),
        (lambda v: v.trades("main", BTC, start_ms=0, end_ms=7 * DAY_MS + 1), -4165),
        (lambda v: v.all_orders("main", BTC, start_ms=2, end_ms=1), -1023),
        (lambda v: v.all_orders("main", BTC, limit=1001), -1130),
        (lambda v: v.trades("main", BTC, limit=0), -1130),
        (lambda v: v.trades("main", BTC, from_id=1, start_ms=1), -1128),
        (lambda v: v.all_orders("main", "NOPE"), -1121),
        (lambda v: v.order("main", BTC), -1102),
        (lambda v: v.klines(BTC, "7m"), -1120),
    ],
)
def test_a_query_out_of_bounds_is_refused(desk: Desk, ask: Callable[[Venue], object], code: int) -> None:
    with refusal(code):
        ask(desk.venue)


def test_an_unfilled_order_is_forgotten_after_three_days_and_a_filled_one_after_ninety() -> None:
    desk = Desk()
    desk.account()
    filled = desk.venue.place_order("main", market(Side.BUY, "0.010"))
    cancelled = desk.venue.place_order("main", limit(Side.BUY, "0.010", "49000.0"))
    working = desk.venue.place_order("main", limit(Side.BUY, "0.010", "48000.0"))
    desk.venue.cancel_order("main", BTC, order_id=cancelled.order_id)
    desk.clock.advance(3 * DAY_MS)
    assert len(desk.venue.all_orders("main", BTC)) == 3
    desk.clock.advance(1)
    assert [o.order_id for o in desk.venue.all_orders("main", BTC)] == [filled.order_id, working.order_id]
    with refusal(-2013):
        desk.venue.order("main", BTC, order_id=cancelled.order_id)
    desk.clock.advance(90 * DAY_MS)
    with refusal(-2013):
        desk.venue.order("main", BTC, order_id=filled.order_id)
    assert desk.venue.order("main", BTC, order_id=working.order_id) == working
    assert len(desk.venue.ledger.account("main").orders) == 3


def test_an_open_order_older_than_the_window_is_only_among_the_open_ones() -> None:
    desk = Desk()
    desk.account()
    order = desk.venue.place_order("main", limit(Side.BUY, "0.010", "49000.0"))
    desk.clock.advance(8 * DAY_MS)
    assert desk.venue.all_orders("main", BTC) == []
    assert desk.venue.open_orders("main") == [order]


def test_a_loaded_past_obeys_every_invariant_and_ends_flat() -> None:
    desk = Desk()
    desk.account()
    desk.venue.load_history("main", 1_000, symbols=(BTC, ETH), seed=3)
    desk.venue.ledger.check_invariants()
    assert desk.venue.positions("main") == []
    record = desk.venue.ledger.account("main")
    assert len(record.orders) == 1_000
    assert {order.status for order in record.orders} == {OrderStatus.FILLED, OrderStatus.CANCELED}
    assert len(desk.venue.all_orders("main", BTC, limit=1000)) + len(
        desk.venue.all_orders("main", ETH, limit=1000)
    ) == len([o for o in record.orders if o.executed_quantity or o.time_ms > START_MS - 3 * DAY_MS])
    desk.venue.place_order("main", market(Side.BUY, "0.010"))
    desk.venue.ledger.check_invariants()
    with pytest.raises(EmulatorError, match="already has orders"):
        desk.venue.load_history("main", 10, symbols=(BTC,))


def test_equal_seeds_load_equal_pasts() -> None:
    pasts = []
    for seed in (1, 1, 2):
        desk = Desk()
        desk.account()
        desk.venue.load_history("main", 50, seed=seed)
        pasts.append(desk.venue.ledger.account("main").trades)
    assert pasts[0] == pasts[1]
    assert pasts[0] != pasts[2]
    assert D(sum(trade.quantity for trade in pasts[0])) > 0
