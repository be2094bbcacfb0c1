"""Bounds: leverage and position size, market orders outside the band, countdowns, fee tiers, funding rates."""

from __future__ import annotations

import pytest

from tests.unit.emulator.engine.arrange import BTC, ETH, SOL, D, Desk, limit, market, refusal
from trueup.emulator.engine.enums import MarginType, OrderStatus, Side
from trueup.emulator.engine.events import AccountConfigEvent, AccountEvent
from trueup.errors import EmulatorError


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.account(usdt="100000000")
    return desk


def test_a_position_cannot_grow_beyond_what_its_leverage_allows(desk: Desk) -> None:
    assert desk.venue.set_leverage("main", SOL, 100).max_notional == D(1_000_000)
    desk.venue.place_order("main", limit(Side.BUY, "9000", "99.00", SOL))
    with refusal(-2027):
        desk.venue.place_order("main", limit(Side.BUY, "20000", "99.00", SOL))


def test_a_higher_leverage_is_refused_when_the_position_is_too_large_for_it(desk: Desk) -> None:
    desk.venue.place_order("main", market(Side.BUY, "14000", SOL))
    with refusal(-2027):
        desk.venue.set_leverage("main", SOL, 100)
    assert desk.venue.symbol_configs("main", SOL)[0].leverage == 20


def test_an_isolated_position_keeps_its_leverage_or_raises_it() -> None:
    desk = Desk()
    desk.account(margin_type=MarginType.ISOLATED)
    desk.venue.place_order("main", market(Side.BUY, "0.010"))
    with refusal(-4161):
        desk.venue.set_leverage("main", BTC, 10)
    desk.venue.set_leverage("main", BTC, 30)
    (event,) = desk.told(AccountConfigEvent)
    assert (event.symbol, event.leverage) == (BTC, 30)


def test_a_market_order_is_refused_when_the_best_price_is_outside_the_band(desk: Desk) -> None:
    desk.venue.set_market(BTC, D("50000.0"), D("53000.0"), mark=D(50_000))
    with refusal(-4131):
        desk.venue.place_order("main", market(Side.BUY, "0.010"))


def test_a_market_order_stops_at_the_band(desk: Desk) -> None:
    desk.venue.set_market(BTC, D(50_000), D(50_001), D(50_000), asks=((D(50_001), D("0.01")), (D(53_000), D(1))))
    order = desk.venue.place_order("main", market(Side.BUY, "0.020"))
    assert (order.status, order.executed_quantity) == (OrderStatus.EXPIRED, D("0.010"))


def test_a_fee_tier_changes_what_a_fill_costs(desk: Desk) -> None:
    desk.venue.set_fee_tier("main", 9)
    assert desk.venue.commission_rate("main", BTC).taker == D("0.00017")
    desk.venue.place_order("main", market(Side.BUY, "0.010"))
    assert desk.venue.trades("main", BTC)[0].commission == D("0.08500017")
    with pytest.raises(EmulatorError, match="fee tier was 10"):
        desk.venue.set_fee_tier("main", 10)


def test_deposits_and_withdrawals_are_told_and_recorded(desk: Desk) -> None:
    desk.venue.deposit("main", "USDC", D("12.5"))
    desk.venue.withdraw("main", "USDC", D("2.5"))
    first, second = desk.told(AccountEvent)
    assert (first.reason, first.balances[0].change) == ("DEPOSIT", D("12.5"))
    assert (second.reason, second.balances[0].wallet) == ("WITHDRAW", D(10))
    with refusal(-4055):
        desk.venue.deposit("main", "USDC", D(0))
    with pytest.raises(EmulatorError, match="1 DOGE cannot be transferred"):
        desk.venue.deposit("main", "DOGE", D(1))


def test_margin_of_one_asset_does_not_carry_orders_of_another(desk: Desk) -> None:
    poor = Desk()
    poor.account(usdt="0")
    poor.venue.deposit("main", "USDC", D(100_000))
    with refusal(-2019):
        poor.venue.place_order("main", limit(Side.BUY, "0.010", "49000.0"))


def test_what_the_owner_asks_out_of_bounds_is_refused_in_words(desk: Desk) -> None:
    with pytest.raises(EmulatorError, match=r"funding rate was 0.5"):
        desk.venue.apply_funding(ETH, D("0.5"))
    with pytest.raises(EmulatorError, match="0 steps were asked for"):
        desk.venue.step_market(0)
    with pytest.raises(EmulatorError, match="was not a trade"):
        desk.venue.print_trade(ETH, D(3000), D(0), buyer_maker=True)
    with pytest.raises(EmulatorError, match="was not positive"):
        desk.venue.set_mark_price(ETH, D(0))
    with pytest.raises(EmulatorError, match="leaves no room for a bid"):
        desk.venue.move_to(ETH, D("0.01"))
    with refusal(-1130):
        desk.venue.countdown_cancel_all("main", ETH, -1)


def test_a_funding_rate_set_is_the_one_that_settles(desk: Desk) -> None:
    desk.venue.set_funding_rate(BTC, D("-0.002"))
    desk.venue.place_order("main", market(Side.BUY, "0.100"))
    desk.clock.advance(8 * 3_600_000)
    assert desk.venue.income("main")[-1].amount == D("10.00001000")
    assert desk.venue.mark_price(BTC).funding_rate == D("-0.002")


def test_an_account_with_positions_in_hedge_and_flat_legs_is_listed_whole(desk: Desk) -> None:
    desk.venue.place_order("main", market(Side.BUY, "0.010"))
    summary = desk.venue.summary("main")
    assert [balance.asset for balance in summary.balances] == ["USDT", "USDC"]
    assert [position.symbol for position in summary.positions] == [BTC]
    assert len(desk.venue.positions("main", include_flat=True)) == 3
    desk.venue.set_position_mode(desk.account("hedger"), hedge_mode=True)
    assert len(desk.venue.positions("hedger", include_flat=True)) == 6
    assert desk.venue.hedge_mode("hedger")
