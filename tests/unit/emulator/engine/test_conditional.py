"""The algo service: triggers, life cycles, and what reaches the matching engine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.emulator.engine.arrange import BTC, D, Desk, algo, limit, market, refusal
from trueup.emulator.engine.enums import (
    AlgoStatus,
    OrderStatus,
    OrderType,
    PositionSide,
    Side,
    TimeInForce,
    WorkingType,
)
from trueup.emulator.engine.events import AlgoEvent, OrderEvent


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.account()
    return desk


def statuses(desk: Desk) -> list[str]:
    return [event.algo.status for event in desk.told(AlgoEvent)]


def test_a_stop_market_order_lives_through_new_triggering_triggered_finished(desk: Desk) -> None:
    desk.venue.place_order("main", market(Side.BUY, "0.010"))
    desk.events.clear()
    placed = desk.venue.place_algo_order(
        "main",
        algo(OrderType.STOP_MARKET, Side.SELL, quantity="0.010", trigger_price="49500", client_order_id="stop"),
    )
    assert (placed.status, placed.actual_order_id) == (AlgoStatus.NEW, 0)
    desk.venue.set_market(BTC, D("49400.0"), D("49400.1"))
    assert statuses(desk) == ["NEW", "TRIGGERING", "TRIGGERED", "FINISHED"]
    ended = desk.venue.algo_order("main", client_algo_id="stop")
    order = desk.venue.order("main", BTC, client_order_id="stop")
    assert ended.actual_order_id == order.order_id
    assert (ended.actual_executed_quantity, ended.actual_average_price) == (D("0.010"), D("49400.0"))
    assert (order.type, order.original_type, order.stop_price) == ("MARKET", "STOP_MARKET", D(49500))
    kinds = [type(event).__name__ for event in desk.events]
    assert kinds == ["AlgoEvent", "AlgoEvent", "OrderEvent", "AlgoEvent", "AccountEvent", "OrderEvent", "AlgoEvent"]


@pytest.mark.parametrize(
    ("kind", "side", "trigger", "moves_to"),
    [
        (OrderType.STOP_MARKET, Side.BUY, "50500", "50500.0"),
        (OrderType.STOP_MARKET, Side.SELL, "49500", "49500.0"),
        (OrderType.TAKE_PROFIT_MARKET, Side.BUY, "49500", "49500.0"),
        (OrderType.TAKE_PROFIT_MARKET, Side.SELL, "50500", "50500.0"),
    ],
)
def test_a_trigger_fires_at_its_price_and_not_a_tick_before(
    desk: Desk, kind: OrderType, side: Side, trigger: str, moves_to: str
) -> None:
    placed = desk.venue.place_algo_order("main", algo(kind, side, quantity="0.010", trigger_price=trigger))
    short_of = D(moves_to) + (D("-0.1") if D(moves_to) > 50_000 else D("0.1"))
    desk.venue.move_to(BTC, short_of)
    assert desk.venue.algo_order("main", algo_id=placed.algo_id).status is AlgoStatus.NEW
    desk.venue.move_to(BTC, D(moves_to))
    assert desk.venue.algo_order("main", algo_id=placed.algo_id).status is AlgoStatus.FINISHED


def test_a_stop_limit_order_rests_at_its_price_and_finishes_when_that_order_ends(desk: Desk) -> None:
    placed = desk.venue.place_algo_order(
        "main", algo(OrderType.STOP, Side.BUY, quantity="0.010", trigger_price="50500", price="50400")
    )
    desk.venue.move_to(BTC, D("50500.0"))
    triggered = desk.venue.algo_order("main", algo_id=placed.algo_id)
    assert triggered.status is AlgoStatus.TRIGGERED
    (order,) = desk.venue.open_orders("main")
    assert (order.order_id, order.price, order.type) == (triggered.actual_order_id, D(50400), OrderType.LIMIT)
    assert desk.venue.open_algo_orders("main") == []
    desk.venue.cancel_order("main", BTC, order_id=order.order_id)
    assert desk.venue.algo_order("main", algo_id=placed.algo_id).status is AlgoStatus.FINISHED


def test_a_mark_price_stop_looks_at_the_mark_and_not_at_the_last_price(desk: Desk) -> None:
    placed = desk.venue.place_algo_order(
        "main",
        algo(
            OrderType.STOP_MARKET,
            Side.SELL,
            quantity="0.010",
            trigger_price="49500",
            working_type=WorkingType.MARK_PRICE,
        ),
    )
    desk.venue.set_market(BTC, D("49400.0"), D("49400.1"), mark=D(50_000))
    assert desk.venue.algo_order("main", algo_id=placed.algo_id).status is AlgoStatus.NEW
    desk.venue.set_mark_price(BTC, D(49_500))
    assert desk.venue.algo_order("main", algo_id=placed.algo_id).status is AlgoStatus.FINISHED


def test_a_trailing_stop_follows_the_best_price_and_fires_at_the_callback(desk: Desk) -> None:
    placed = desk.venue.place_algo_order(
        "main", algo(OrderType.TRAILING_STOP_MARKET, Side.SELL, quantity="0.010", callback_rate="1")
    )
    desk.venue.move_to(BTC, D("52000.0"))
    desk.venue.move_to(BTC, D("51500.0"))
    assert desk.venue.algo_order("main", algo_id=placed.algo_id).status is AlgoStatus.NEW
    desk.venue.move_to(BTC, D("51480.0"))
    assert desk.venue.algo_order("main", algo_id=placed.algo_id).status is AlgoStatus.FINISHED


def test_a_trailing_stop_waits_for_its_activation_price(desk: Desk) -> None:
    placed = desk.venue.place_algo_order(
        "main",
        algo(
            OrderType.TRAILING_STOP_MARKET,
            Side.SELL,
            quantity="0.010",
            callback_rate="1",
            activate_price="51000",
        ),
    )
    desk.venue.move_to(BTC, D("50900.0"))
    desk.venue.move_to(BTC, D("49000.0"))
    assert desk.venue.algo_order("main", algo_id=placed.algo_id).status is AlgoStatus.NEW
    desk.venue.move_to(BTC, D("51000.0"))
    desk.venue.move_to(BTC, D("50400.0"))
    assert desk.venue.algo_order("main", algo_id=placed.algo_id).status is AlgoStatus.FINISHED


def test_close_position_closes_whatever_is_held_at_the_trigger(desk: Desk) -> None:
    desk.venue.place_order("main", market(Side.BUY, "0.010"))
    desk.venue.place_algo_order(
        "main", algo(OrderType.STOP_MARKET, Side.SELL, trigger_price="49500", close_position=True)
    )
    desk.venue.place_order("main", market(Side.BUY, "0.030"))
    desk.venue.move_to(BTC, D("49500.0"))
    assert desk.venue.positions("main") == []
    assert desk.venue.trades("main", BTC)[-1].quantity == D("0.040")


def test_close_position_without_a_position_expires_at_the_trigger(desk: Desk) -> None:
    placed = desk.venue.place_algo_order(
        "main", algo(OrderType.STOP_MARKET, Side.SELL, trigger_price="49500", close_position=True)
    )
    desk.venue.move_to(BTC, D("49500.0"))
    ended = desk.venue.algo_order("main", algo_id=placed.algo_id)
    assert (ended.status, ended.failure) == (AlgoStatus.EXPIRED, "ReduceOnly Order is rejected.")
    assert desk.told(OrderEvent) == []


def test_what_the_matching_engine_refuses_at_the_trigger_is_rejected_with_its_words(desk: Desk) -> None:
    placed = desk.venue.place_algo_order(
        "main", algo(OrderType.STOP_MARKET, Side.SELL, quantity="0.010", trigger_price="49500", reduce_only=True)
    )
    huge = desk.venue.place_algo_order(
        "main", algo(OrderType.STOP_MARKET, Side.SELL, quantity="100", trigger_price="49500")
    )
    desk.venue.move_to(BTC, D("49500.0"))
    assert desk.venue.algo_order("main", algo_id=placed.algo_id).failure == "ReduceOnly Order is rejected."
    assert desk.venue.algo_order("main", algo_id=huge.algo_id).failure == "Margin is insufficient."
    assert desk.venue.algo_order("main", algo_id=huge.algo_id).status is AlgoStatus.REJECTED


def test_a_gte_gtc_order_expires_with_its_position_and_a_gtc_order_stays(desk: Desk) -> None:
    desk.venue.place_order("main", market(Side.BUY, "0.010"))
    more: dict[str, Any] = {"trigger_price": "49500", "close_position": True}
    bound = desk.venue.place_algo_order(
        "main", algo(OrderType.STOP_MARKET, Side.SELL, time_in_force=TimeInForce.GTE_GTC, **more)
    )
    free = desk.venue.place_algo_order("main", algo(OrderType.STOP_MARKET, Side.SELL, **more))
    desk.venue.place_order("main", market(Side.SELL, "0.010"))
    assert desk.venue.algo_order("main", algo_id=bound.algo_id).status is AlgoStatus.EXPIRED
    assert desk.venue.algo_order("main", algo_id=free.algo_id).status is AlgoStatus.NEW


def test_conditional_orders_are_cancelled_one_by_one_and_all_together(desk: Desk) -> None:
    request = algo(OrderType.STOP_MARKET, Side.SELL, quantity="0.010", trigger_price="49500")
    first = desk.venue.place_algo_order("main", request)
    second = desk.venue.place_algo_order("main", request)
    assert desk.venue.cancel_algo_order("main", algo_id=first.algo_id).status is AlgoStatus.CANCELED
    with refusal(-2011):
        desk.venue.cancel_algo_order("main", algo_id=first.algo_id)
    assert [ended.algo_id for ended in desk.venue.cancel_all_algo_orders("main", BTC)] == [second.algo_id]
    assert [algo.status for algo in desk.venue.all_algo_orders("main", BTC)] == [AlgoStatus.CANCELED] * 2


def test_price_protection_holds_a_trigger_back_while_mark_and_last_are_far_apart(desk: Desk) -> None:
    placed = desk.venue.place_algo_order(
        "main",
        algo(OrderType.STOP_MARKET, Side.SELL, quantity="0.010", trigger_price="49500", price_protect=True),
    )
    desk.venue.set_market(BTC, D("47000.0"), D("47000.1"), mark=D(50_000))
    assert desk.venue.algo_order("main", algo_id=placed.algo_id).status is AlgoStatus.NEW
    desk.venue.set_mark_price(BTC, D(47_000))
    desk.venue.move_to(BTC, D("46999.0"))
    assert desk.venue.algo_order("main", algo_id=placed.algo_id).status is AlgoStatus.FINISHED


def test_a_take_profit_of_a_hedge_leg_closes_that_leg() -> None:
    desk = Desk()
    desk.account(hedge_mode=True)
    desk.venue.place_order("main", market(Side.SELL, "0.010", position_side=PositionSide.SHORT))
    desk.venue.place_algo_order(
        "main",
        algo(
            OrderType.TAKE_PROFIT_MARKET,
            Side.BUY,
            trigger_price="49500",
            close_position=True,
            position_side=PositionSide.SHORT,
        ),
    )
    desk.venue.move_to(BTC, D("49500.0"))
    assert desk.venue.positions("main") == []


def test_one_trigger_sets_off_the_next(desk: Desk) -> None:
    desk.venue.set_market(BTC, D("50000.0"), D("50000.1"), bids=((D("50000.0"), D("0.010")), (D("49000.0"), D("1"))))
    for trigger in ("49900", "49000"):
        desk.venue.place_algo_order(
            "main", algo(OrderType.STOP_MARKET, Side.SELL, quantity="0.020", trigger_price=trigger)
        )
    desk.venue.place_order("main", market(Side.SELL, "0.020"))
    assert [ended.status for ended in desk.venue.all_algo_orders("main", BTC)] == [AlgoStatus.FINISHED] * 2
    desk.venue.ledger.check_invariants()


def test_the_id_of_a_waiting_order_is_taken_and_a_working_order_with_it_rejects_the_trigger(desk: Desk) -> None:
    request = algo(OrderType.STOP_MARKET, Side.SELL, quantity="0.010", trigger_price="49500", client_order_id="x")
    placed = desk.venue.place_algo_order("main", request)
    with refusal(-4116):
        desk.venue.place_algo_order("main", request)
    working = desk.venue.place_order("main", limit(Side.BUY, "0.010", "48000.0", client_order_id="x"))
    desk.venue.move_to(BTC, D("49500.0"))
    assert desk.venue.algo_order("main", algo_id=placed.algo_id).status is AlgoStatus.REJECTED
    assert desk.venue.order("main", BTC, order_id=working.order_id).status is OrderStatus.NEW
