"""The clock: dates, countdowns, and a time that never goes back."""

from __future__ import annotations

import pytest

from tests.unit.emulator.engine.arrange import BTC, ETH, START_MS, D, Desk, algo, limit
from trueup.emulator.engine.clock import ManualClock, RealClock
from trueup.emulator.engine.enums import AlgoStatus, OrderStatus, OrderType, Side, TimeInForce
from trueup.emulator.engine.events import OrderEvent
from trueup.emulator.engine.settings import VenueSettings
from trueup.emulator.engine.venue import Venue


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.account()
    return desk


def test_a_gtd_order_expires_at_its_date_however_far_the_clock_steps(desk: Desk) -> None:
    date = START_MS + 700_000
    order = desk.venue.place_order(
        "main", limit(Side.BUY, "0.010", "49000.0", time_in_force=TimeInForce.GTD, good_till_date_ms=date)
    )
    desk.clock.advance(699_999)
    assert desk.venue.open_orders("main") == [order]
    desk.clock.advance(10**9)
    event = desk.told(OrderEvent)[-1]
    assert (event.order.status, event.time_ms, event.order.update_time_ms) == (OrderStatus.EXPIRED, date, date)


def test_a_conditional_gtd_order_expires_at_its_date_before_and_after_its_trigger(desk: Desk) -> None:
    date = START_MS + 700_000
    for side, trigger in ((Side.BUY, "50500"), (Side.SELL, "49000")):
        desk.venue.place_algo_order(
            "main",
            algo(
                OrderType.STOP,
                side,
                quantity="0.010",
                trigger_price=trigger,
                price="50000",
                time_in_force=TimeInForce.GTD,
                good_till_date_ms=date,
            ),
        )
    desk.clock.advance(600_000)
    desk.venue.move_to(BTC, D("50500.0"))
    (order,) = desk.venue.open_orders("main")
    desk.clock.advance(100_000)
    assert desk.venue.order("main", BTC, order_id=order.order_id).status is OrderStatus.EXPIRED
    triggered, waiting = desk.venue.all_algo_orders("main", BTC)
    assert (triggered.status, waiting.status) == (AlgoStatus.FINISHED, AlgoStatus.EXPIRED)


def test_a_countdown_cancels_one_symbol_unless_it_is_renewed_or_disarmed(desk: Desk) -> None:
    desk.venue.place_order("main", limit(Side.BUY, "0.010", "49000.0"))
    eth = desk.venue.place_order("main", limit(Side.BUY, "1.000", "2900.00", ETH))
    desk.venue.countdown_cancel_all("main", BTC, 1_000)
    desk.clock.advance(900)
    desk.venue.countdown_cancel_all("main", BTC, 1_000)
    desk.clock.advance(900)
    assert len(desk.venue.open_orders("main")) == 2
    desk.clock.advance(100)
    assert desk.venue.open_orders("main") == [eth]
    desk.venue.countdown_cancel_all("main", ETH, 1_000)
    desk.venue.countdown_cancel_all("main", ETH, 0)
    desk.clock.advance(5_000)
    assert desk.venue.open_orders("main") == [eth]


def test_a_manual_clock_refuses_to_step_back() -> None:
    with pytest.raises(ValueError, match="a clock only steps forward"):
        ManualClock(START_MS).advance(-1)


def test_the_venue_never_goes_back_when_its_clock_does() -> None:
    clock = RealClock()
    venue = Venue(VenueSettings(symbols=(BTC,)), clock=clock)
    venue.set_market(BTC, D("50000.0"), D("50000.1"))
    before = venue._state.now_ms  # of the last command: a reading of the clock by itself binds nobody
    clock.offset_ms = -3_600_000
    venue.set_market(BTC, D("50001.0"), D("50001.1"))
    assert venue.now_ms >= before


def test_the_time_of_what_is_due_next_is_known(desk: Desk) -> None:
    assert desk.venue.next_due_ms() == START_MS + 8 * 3_600_000
    desk.venue.countdown_cancel_all("main", BTC, 1_000)
    assert desk.venue.next_due_ms() == START_MS + 1_000
