"""Positions and money: both modes, reduce-only, profits, fees, isolated margin."""

from __future__ import annotations

import pytest

from tests.unit.emulator.engine.arrange import BTC, ETH, D, Desk, limit, market, refusal
from trueup.emulator.engine.enums import IncomeType, MarginType, OrderStatus, PositionSide, Side
from trueup.emulator.engine.events import OrderEvent


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.account()
    return desk


def test_adding_averages_the_entry_and_reducing_keeps_it(desk: Desk) -> None:
    venue = desk.venue
    venue.place_order("main", market(Side.BUY, "0.010"))
    venue.set_market(BTC, D("51000.0"), D("51000.1"))
    venue.place_order("main", market(Side.BUY, "0.030"))
    (position,) = venue.positions("main")
    assert position.entry_price == D("50750.1")
    venue.place_order("main", market(Side.SELL, "0.010"))
    (position,) = venue.positions("main")
    assert (position.quantity, position.entry_price) == (D("0.030"), D("50750.1"))
    assert position.accumulated_realised == D("2.499")


def test_selling_more_than_is_held_turns_the_position_over(desk: Desk) -> None:
    venue = desk.venue
    venue.place_order("main", market(Side.BUY, "0.010"))
    venue.place_order("main", market(Side.SELL, "0.030"))
    (position,) = venue.positions("main")
    assert (position.quantity, position.entry_price) == (D("-0.020"), D("50000.0"))


def test_the_wallet_is_deposits_plus_profit_minus_fees_and_income_says_so(desk: Desk) -> None:
    venue = desk.venue
    venue.place_order("main", market(Side.BUY, "0.010"))
    venue.set_market(BTC, D("50500.0"), D("50500.1"))
    venue.place_order("main", market(Side.SELL, "0.010"))
    wallet = venue.ledger.account("main").wallets["USDT"]
    assert wallet.realised == D("4.999")
    assert wallet.fees == D("0.2500005") + D("0.2525")
    assert wallet.balance == D(100_000) + wallet.realised - wallet.fees
    kinds = [income.type for income in venue.income("main")]
    assert kinds == [
        IncomeType.TRANSFER,
        IncomeType.COMMISSION,
        IncomeType.REALIZED_PNL,
        IncomeType.COMMISSION,
    ]


def test_hedge_mode_holds_both_legs_and_each_order_names_its_own() -> None:
    desk = Desk()
    desk.account(hedge_mode=True)
    venue = desk.venue
    venue.place_order("main", market(Side.BUY, "0.010", position_side=PositionSide.LONG))
    venue.place_order("main", market(Side.SELL, "0.020", position_side=PositionSide.SHORT))
    held = {position.position_side: position.quantity for position in venue.positions("main")}
    assert held == {PositionSide.LONG: D("0.010"), PositionSide.SHORT: D("-0.020")}
    with refusal(-4061):
        venue.place_order("main", market(Side.BUY, "0.010"))


def test_hedge_mode_refuses_to_close_more_than_a_leg_holds_and_takes_no_reduce_only() -> None:
    desk = Desk()
    desk.account(hedge_mode=True)
    desk.venue.place_order("main", market(Side.BUY, "0.010", position_side=PositionSide.LONG))
    with refusal(-2022):
        desk.venue.place_order("main", market(Side.SELL, "0.020", position_side=PositionSide.LONG))
    with refusal(-1106):
        desk.venue.place_order("main", market(Side.SELL, "0.010", position_side=PositionSide.LONG, reduce_only=True))


def test_a_reduce_only_order_fills_at_most_the_position_and_expires_with_the_rest(desk: Desk) -> None:
    desk.venue.place_order("main", market(Side.BUY, "0.010"))
    order = desk.venue.place_order("main", market(Side.SELL, "0.030", reduce_only=True))
    assert (order.status, order.executed_quantity) == (OrderStatus.EXPIRED, D("0.010"))
    assert desk.venue.positions("main") == []


def test_working_reduce_only_orders_expire_when_the_position_is_closed(desk: Desk) -> None:
    desk.venue.place_order("main", market(Side.BUY, "0.010"))
    resting = desk.venue.place_order("main", limit(Side.SELL, "0.010", "51000.0", reduce_only=True))
    desk.events.clear()
    desk.venue.place_order("main", market(Side.SELL, "0.010"))
    assert desk.venue.order("main", BTC, order_id=resting.order_id).status is OrderStatus.EXPIRED
    assert desk.told(OrderEvent)[-1].order.order_id == resting.order_id


def test_a_reduce_only_order_survives_a_partial_close_and_is_capped_when_hit(desk: Desk) -> None:
    desk.venue.place_order("main", market(Side.BUY, "0.020"))
    resting = desk.venue.place_order("main", limit(Side.SELL, "0.020", "50100.0", reduce_only=True))
    desk.venue.place_order("main", market(Side.SELL, "0.010"))
    assert desk.venue.order("main", BTC, order_id=resting.order_id).status is OrderStatus.NEW
    desk.venue.move_to(BTC, D("50100.0"))
    order = desk.venue.order("main", BTC, order_id=resting.order_id)
    assert (order.status, order.executed_quantity) == (OrderStatus.EXPIRED, D("0.010"))
    assert desk.venue.positions("main") == []


def test_an_order_below_the_smallest_notional_is_taken_when_it_only_reduces(desk: Desk) -> None:
    desk.venue.place_order("main", market(Side.BUY, "0.010"))
    order = desk.venue.place_order("main", market(Side.SELL, "0.001", reduce_only=True))
    assert order.status is OrderStatus.FILLED


def test_isolated_positions_take_their_margin_out_of_the_wallet_and_give_it_back() -> None:
    desk = Desk()
    desk.account(margin_type=MarginType.ISOLATED, leverage=10)
    venue = desk.venue
    venue.place_order("main", market(Side.BUY, "0.020"))
    (position,) = venue.positions("main")
    assert position.isolated_wallet == D("100.0002")
    balance = venue.balances("main")[0]
    assert balance.wallet - balance.cross_wallet == D("100.0002")
    venue.place_order("main", market(Side.SELL, "0.010"))
    assert venue.positions("main")[0].isolated_wallet == D("50.0001")
    venue.place_order("main", market(Side.SELL, "0.010"))
    balance = venue.balances("main")[0]
    assert balance.wallet == balance.cross_wallet


def test_margin_can_be_added_to_and_taken_from_an_isolated_position() -> None:
    desk = Desk()
    desk.account(margin_type=MarginType.ISOLATED, leverage=10)
    with refusal(-4049):
        desk.venue.adjust_margin("main", BTC, D(5))
    desk.venue.place_order("main", market(Side.BUY, "0.020"))
    desk.venue.adjust_margin("main", BTC, D(5))
    assert desk.venue.positions("main")[0].isolated_wallet == D("105.0002")
    with refusal(-4051):
        desk.venue.adjust_margin("main", BTC, D(-6))
    with refusal(-4050):
        desk.venue.adjust_margin("main", BTC, D(200_000))
    desk.venue.adjust_margin("main", BTC, D(-4))
    assert desk.venue.positions("main")[0].isolated_wallet == D("101.0002")


def test_modes_and_margin_types_cannot_change_under_orders_or_positions(desk: Desk) -> None:
    venue = desk.venue
    with refusal(-4059):
        venue.set_position_mode("main", hedge_mode=False)
    with refusal(-4046):
        venue.set_margin_type("main", BTC, MarginType.CROSSED)
    order = venue.place_order("main", limit(Side.BUY, "0.010", "49000.0"))
    with refusal(-4067):
        venue.set_position_mode("main", hedge_mode=True)
    with refusal(-4047):
        venue.set_margin_type("main", BTC, MarginType.ISOLATED)
    venue.cancel_order("main", BTC, order_id=order.order_id)
    venue.place_order("main", market(Side.BUY, "0.010"))
    with refusal(-4068):
        venue.set_position_mode("main", hedge_mode=True)
    with refusal(-4048):
        venue.set_margin_type("main", BTC, MarginType.ISOLATED)
    venue.set_margin_type("main", ETH, MarginType.ISOLATED)
    assert venue.symbol_configs("main", ETH)[0].margin_type is MarginType.ISOLATED


def test_open_orders_hold_margin_and_a_cancel_frees_it(desk: Desk) -> None:
    free = desk.venue.balances("main")[0].available
    order = desk.venue.place_order("main", limit(Side.BUY, "0.100", "48000.0"))
    held = desk.venue.balances("main")[0]
    assert held.open_order_initial_margin == D(240)
    assert held.available == free - 240
    desk.venue.cancel_order("main", BTC, order_id=order.order_id)
    assert desk.venue.balances("main")[0].available == free


def test_opposite_orders_of_one_symbol_hold_the_larger_margin_only(desk: Desk) -> None:
    desk.venue.place_order("main", limit(Side.BUY, "0.100", "48000.0"))
    desk.venue.place_order("main", limit(Side.SELL, "0.100", "52000.0"))
    assert desk.venue.balances("main")[0].open_order_initial_margin == D(260)


def test_leverage_moves_the_margin_and_has_bounds(desk: Desk) -> None:
    venue = desk.venue
    venue.place_order("main", market(Side.BUY, "1.000"))
    assert venue.set_leverage("main", BTC, 50).leverage == 50
    assert venue.balances("main")[0].position_initial_margin == D("1000.001")
    with refusal(-4028):
        venue.set_leverage("main", BTC, 126)
    venue.withdraw("main", "USDT", D(90_000))
    with refusal(-2028):
        venue.set_leverage("main", BTC, 1)


def test_a_withdrawal_takes_only_what_is_free(desk: Desk) -> None:
    desk.venue.place_order("main", market(Side.BUY, "1.000"))
    with refusal(-2018):
        desk.venue.withdraw("main", "USDT", D(99_000))
    desk.venue.withdraw("main", "USDT", D(90_000))
    assert desk.venue.ledger.account("main").wallets["USDT"].deposits == D(10_000)
