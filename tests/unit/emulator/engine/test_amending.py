"""Changing and cancelling working orders, and what happens when an account meets itself."""

from __future__ import annotations

import pytest

from tests.unit.emulator.engine.arrange import BTC, D, Desk, limit, market, refusal
from trueup.emulator.engine.enums import OrderStatus, SelfTradePrevention, Side, TimeInForce
from trueup.emulator.engine.events import OrderEvent


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.account()
    desk.account("other")
    return desk


def test_an_amended_order_keeps_its_id_and_tells_amendment(desk: Desk) -> None:
    order = desk.venue.place_order("main", limit(Side.BUY, "0.010", "49000.0"))
    amended = desk.venue.amend_order("main", BTC, order_id=order.order_id, quantity=D("0.020"), price=D(49_100))
    assert (amended.order_id, amended.quantity, amended.price) == (order.order_id, D("0.020"), D(49_100))
    assert desk.told(OrderEvent)[-1].execution_type == "AMENDMENT"
    (change,) = desk.venue.amendments("main", BTC)
    assert (change.price_before, change.price_after, change.count) == (D(49_000), D(49_100), 1)


def test_an_amended_order_goes_to_the_end_of_its_queue(desk: Desk) -> None:
    first = desk.venue.place_order("main", limit(Side.SELL, "0.010", "50010.0"))
    second = desk.venue.place_order("other", limit(Side.SELL, "0.010", "50010.0"))
    desk.venue.amend_order("main", BTC, order_id=first.order_id, quantity=D("0.009"), price=D(50_010))
    desk.venue.print_trade(BTC, D(50_010), D("0.010"), buyer_maker=False)
    assert desk.venue.order("other", BTC, order_id=second.order_id).status is OrderStatus.FILLED
    assert desk.venue.order("main", BTC, order_id=first.order_id).status is OrderStatus.NEW


def test_an_order_amended_across_the_market_takes(desk: Desk) -> None:
    order = desk.venue.place_order("main", limit(Side.BUY, "0.010", "49000.0"))
    amended = desk.venue.amend_order("main", BTC, order_id=order.order_id, quantity=D("0.010"), price=D("50000.1"))
    assert amended.status is OrderStatus.FILLED
    assert not desk.venue.trades("main", BTC)[0].maker


def test_an_order_amended_to_what_it_executed_is_cancelled(desk: Desk) -> None:
    order = desk.venue.place_order("main", limit(Side.BUY, "0.010", "49000.0"))
    desk.venue.fill(order.order_id, D("0.006"))
    amended = desk.venue.amend_order("main", BTC, order_id=order.order_id, quantity=D("0.006"), price=D(49_000))
    assert (amended.status, amended.executed_quantity) == (OrderStatus.CANCELED, D("0.006"))


def test_a_gtx_order_amended_across_the_market_is_cancelled(desk: Desk) -> None:
    order = desk.venue.place_order("main", limit(Side.BUY, "0.010", "49000.0", time_in_force=TimeInForce.GTX))
    amended = desk.venue.amend_order("main", BTC, order_id=order.order_id, quantity=D("0.010"), price=D("50000.1"))
    assert amended.status is OrderStatus.CANCELED


def test_an_amendment_that_changes_nothing_or_breaks_a_filter_is_refused_and_the_order_stays(desk: Desk) -> None:
    order = desk.venue.place_order("main", limit(Side.BUY, "0.010", "49000.0"))
    for quantity, price, code in (("0.010", "49000", -5027), ("0.010", "49000.05", -4014), ("90", "49000", -2019)):
        with refusal(code):
            desk.venue.amend_order("main", BTC, order_id=order.order_id, quantity=D(quantity), price=D(price))
    assert desk.venue.open_orders("main") == [order]


def test_a_cancelled_order_keeps_what_it_executed(desk: Desk) -> None:
    order = desk.venue.place_order("main", limit(Side.BUY, "0.010", "49000.0"))
    desk.venue.fill(order.order_id, D("0.004"))
    ended = desk.venue.cancel_order("main", BTC, client_order_id=order.client_order_id)
    assert (ended.status, ended.executed_quantity) == (OrderStatus.CANCELED, D("0.004"))


def test_cancel_all_takes_one_symbol_and_one_account_only(desk: Desk) -> None:
    desk.venue.place_order("main", limit(Side.BUY, "0.010", "49000.0"))
    kept = desk.venue.place_order("main", limit(Side.BUY, "1.000", "2900.00", "ETHUSDT"))
    others = desk.venue.place_order("other", limit(Side.BUY, "0.010", "49000.0"))
    assert len(desk.venue.cancel_all_orders("main", BTC)) == 1
    assert desk.venue.open_orders("main") == [kept]
    assert desk.venue.open_orders("other") == [others]


@pytest.mark.parametrize(
    ("prevention", "taker", "maker"),
    [
        (SelfTradePrevention.NONE, OrderStatus.FILLED, OrderStatus.FILLED),
        (SelfTradePrevention.EXPIRE_TAKER, OrderStatus.EXPIRED_IN_MATCH, OrderStatus.NEW),
        (SelfTradePrevention.EXPIRE_MAKER, OrderStatus.NEW, OrderStatus.EXPIRED_IN_MATCH),
        (SelfTradePrevention.EXPIRE_BOTH, OrderStatus.EXPIRED_IN_MATCH, OrderStatus.EXPIRED_IN_MATCH),
    ],
)
def test_an_account_that_meets_itself_does_as_its_taker_says(
    desk: Desk, prevention: SelfTradePrevention, taker: OrderStatus, maker: OrderStatus
) -> None:
    desk.venue.set_market(BTC, D("50000.0"), D("50000.9"))
    resting = desk.venue.place_order("main", limit(Side.SELL, "0.010", "50000.5"))
    taking = desk.venue.place_order("main", limit(Side.BUY, "0.010", "50000.5", self_trade_prevention=prevention))
    assert desk.venue.order("main", BTC, order_id=taking.order_id).status is taker
    assert desk.venue.order("main", BTC, order_id=resting.order_id).status is maker
    desk.venue.ledger.check_invariants()


def test_a_self_trade_leaves_two_trades_with_one_id(desk: Desk) -> None:
    desk.venue.place_order("main", limit(Side.SELL, "0.010", "50000.1"))
    desk.venue.place_order("main", market(Side.BUY, "0.010", self_trade_prevention=SelfTradePrevention.NONE))
    first, second = desk.venue.trades("main", BTC)
    assert first.trade_id == second.trade_id
    assert {first.side, second.side} == set(Side)
    assert desk.venue.positions("main") == []
