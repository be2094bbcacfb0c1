"""What the venue does unasked: liquidation, ADL, funding, margin calls, forced fills."""

from __future__ import annotations

import pytest

from tests.unit.emulator.engine.arrange import BTC, ETH, START_MS, D, Desk, limit, market, refusal
from trueup.emulator.engine.enums import (
    AccountReason,
    ExecutionType,
    IncomeType,
    MarginType,
    OrderStatus,
    PositionSide,
    Side,
)
from trueup.emulator.engine.events import AccountEvent, MarginCall, OrderEvent
from trueup.errors import EmulatorError

HOUR_MS = 3_600_000


def test_an_account_without_margin_is_warned_and_then_liquidated() -> None:
    desk = Desk()
    desk.account(usdt="600")
    desk.venue.place_order("main", market(Side.BUY, "0.200"))
    desk.events.clear()
    desk.venue.set_mark_price(BTC, D(47_240))
    assert len(desk.told(MarginCall)) == 1
    desk.venue.set_mark_price(BTC, D(47_239))
    assert len(desk.told(MarginCall)) == 1
    desk.events.clear()
    desk.venue.set_mark_price(BTC, D(47_000))
    told = desk.told(OrderEvent)
    assert [event.execution_type for event in told] == [ExecutionType.NEW, ExecutionType.CALCULATED]
    order = told[-1].order
    assert order.client_order_id.startswith("autoclose-")
    assert (order.status, order.side, order.type, order.time_in_force) == ("FILLED", "SELL", "LIMIT", "IOC")
    assert desk.venue.positions("main") == []
    assert desk.venue.balances("main")[0].wallet == 0
    assert IncomeType.INSURANCE_CLEAR in {income.type for income in desk.venue.income("main")}
    desk.venue.ledger.check_invariants()


def test_liquidation_cancels_working_and_conditional_orders_first() -> None:
    desk = Desk()
    desk.account()
    desk.venue.place_order("main", market(Side.BUY, "0.100"))
    order = desk.venue.place_order("main", limit(Side.BUY, "1.000", "2900.00", ETH))
    (closed,) = desk.venue.liquidate("main")
    assert desk.venue.order("main", ETH, order_id=order.order_id).status is OrderStatus.CANCELED
    assert closed.executed_quantity == D("0.100")


def test_a_liquidation_price_is_where_liquidation_happens() -> None:
    desk = Desk()
    desk.account(usdt="600")
    desk.venue.place_order("main", market(Side.BUY, "0.200"))
    price = desk.venue.positions("main")[0].liquidation_price
    desk.venue.set_mark_price(BTC, price + 1)
    assert desk.venue.positions("main")
    desk.venue.set_mark_price(BTC, price - 1)
    assert desk.venue.positions("main") == []


def test_an_isolated_position_is_liquidated_alone() -> None:
    desk = Desk()
    desk.account(margin_type=MarginType.ISOLATED, leverage=50)
    desk.venue.place_order("main", market(Side.SELL, "0.100"))
    desk.venue.place_order("main", market(Side.BUY, "1.000", ETH))
    price = desk.venue.positions("main", BTC)[0].liquidation_price
    desk.venue.set_mark_price(BTC, price - 1)
    assert len(desk.venue.positions("main")) == 2
    desk.venue.set_mark_price(BTC, price + 1)
    assert [position.symbol for position in desk.venue.positions("main")] == [ETH]
    assert desk.venue.balances("main")[0].wallet > 99_000


def test_auto_deleveraging_reduces_with_its_own_client_order_id() -> None:
    desk = Desk()
    desk.account(hedge_mode=True)
    desk.venue.place_order("main", market(Side.SELL, "0.100", position_side=PositionSide.SHORT))
    order = desk.venue.auto_deleverage("main", BTC, D("0.040"), PositionSide.SHORT, price=D(49_000))
    assert (order.client_order_id, order.status, order.side) == ("adl_autoclose", OrderStatus.FILLED, Side.BUY)
    assert desk.told(OrderEvent)[-1].execution_type is ExecutionType.CALCULATED
    assert desk.venue.positions("main")[0].quantity == D("-0.060")
    with pytest.raises(EmulatorError, match="cannot be deleveraged"):
        desk.venue.auto_deleverage("main", BTC, D("0.070"), PositionSide.SHORT)


def test_funding_is_paid_by_longs_to_shorts_and_names_isolated_positions_only() -> None:
    desk = Desk()
    desk.account("long")
    desk.account("short", margin_type=MarginType.ISOLATED)
    desk.venue.place_order("long", market(Side.BUY, "0.100"))
    desk.venue.place_order("short", market(Side.SELL, "0.100"))
    desk.events.clear()
    desk.venue.apply_funding(BTC, D("0.001"))
    paid = desk.venue.income("long", income_type=IncomeType.FUNDING_FEE)[0].amount
    got = desk.venue.income("short", income_type=IncomeType.FUNDING_FEE)[0].amount
    assert paid == D("-5.00000500")
    assert got == -paid
    events = {event.account_id: event for event in desk.told(AccountEvent)}
    assert events["long"].reason is AccountReason.FUNDING_FEE
    assert events["long"].positions == ()
    assert len(events["short"].positions) == 1
    assert events["long"].balances[0].change == paid


def test_funding_settles_by_itself_every_eight_hours_at_its_own_time() -> None:
    desk = Desk()
    desk.account()
    desk.venue.place_order("main", market(Side.BUY, "0.100"))
    desk.clock.advance(7 * 24 * HOUR_MS)
    paid = desk.venue.income("main", income_type=IncomeType.FUNDING_FEE, start_ms=START_MS, limit=1000)
    assert len(paid) == 21
    assert [income.time_ms for income in paid[:2]] == [START_MS + 8 * HOUR_MS, START_MS + 16 * HOUR_MS]


def test_a_forced_fill_makes_a_maker_trade_of_the_quantity_and_price_told() -> None:
    desk = Desk()
    desk.account()
    order = desk.venue.place_order("main", limit(Side.BUY, "0.010", "49000.0"))
    filled = desk.venue.fill(order.order_id, D("0.004"), D("48990.0"))
    assert (filled.status, filled.average_price) == (OrderStatus.PARTIALLY_FILLED, D(48_990))
    assert desk.venue.trades("main", BTC)[0].maker
    with refusal(-4005):
        desk.venue.fill(order.order_id, D("0.007"))
    assert desk.venue.fill(order.order_id).status is OrderStatus.FILLED
    with refusal(-2011):
        desk.venue.fill(order.order_id)
