"""Plain orders: what rests, what takes, what expires, and what is told in which order."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from tests.unit.emulator.engine.arrange import BTC, ETH, SOL, D, Desk, limit, market, refusal
from trueup.emulator.engine.enums import ExecutionType, OrderStatus, PriceMatch, Side, TimeInForce
from trueup.emulator.engine.events import AccountEvent, OrderEvent, TradeLite
from trueup.emulator.engine.settings import AccountSettings, VenueSettings
from trueup.emulator.engine.venue import Venue


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.account()
    desk.account("other")
    return desk


def test_a_limit_order_away_from_the_market_rests_and_tells_only_new(desk: Desk) -> None:
    order = desk.venue.place_order("main", limit(Side.BUY, "0.010", "49000.0", client_order_id="mine"))
    assert order.status is OrderStatus.NEW
    assert order.client_order_id == "mine"
    assert [event.execution_type for event in desk.told(OrderEvent)] == [ExecutionType.NEW]
    assert desk.venue.open_orders("main") == [order]


def test_a_market_order_fills_at_the_touch_and_tells_position_and_wallet_before_the_trade(desk: Desk) -> None:
    order = desk.venue.place_order("main", market(Side.BUY, "0.010"))
    assert order.status is OrderStatus.FILLED
    assert order.average_price == D("50000.1")
    kinds = [type(event) for event in desk.events]
    assert kinds == [OrderEvent, AccountEvent, OrderEvent]
    account = desk.told(AccountEvent)[0]
    assert account.positions[0].quantity == D("0.010")
    fee = D("500.001") * D("0.0005")
    assert account.balances[0].wallet == D(100_000) - fee.quantize(D("0.00000001"))


def test_events_are_numbered_without_a_gap(desk: Desk) -> None:
    first = desk.venue.sequence
    desk.venue.place_order("main", market(Side.BUY, "0.010"))
    desk.venue.place_order("other", limit(Side.SELL, "0.010", "51000.0"))
    assert [event.sequence for event in desk.events] == list(range(first + 1, desk.venue.sequence + 1))


def test_trade_lite_comes_before_everything_else_of_a_fill() -> None:
    desk = Desk()
    venue = Venue(VenueSettings(symbols=(BTC,)), clock=desk.clock)
    events: list[object] = []
    venue.subscribe(events.append)
    venue.set_market(BTC, D("50000.0"), D("50000.1"))
    venue.create_account(AccountSettings("main", api_key="k"))
    venue.place_order("main", market(Side.BUY, "0.010"))
    assert [type(event) for event in events] == [OrderEvent, TradeLite, AccountEvent, OrderEvent]


def test_a_large_market_order_walks_the_levels_and_its_average_is_between_them(desk: Desk) -> None:
    desk.venue.set_market(
        BTC,
        D("50000.0"),
        D("50000.1"),
        asks=((D("50000.1"), D("0.010")), (D("50000.5"), D("0.030"))),
    )
    order = desk.venue.place_order("main", market(Side.BUY, "0.020"))
    trades = desk.venue.trades("main", BTC)
    assert [(t.price, t.quantity) for t in trades] == [(D("50000.1"), D("0.010")), (D("50000.5"), D("0.010"))]
    assert order.average_price == D("50000.3")


def test_what_a_market_order_cannot_take_expires(desk: Desk) -> None:
    desk.venue.set_market(BTC, D("50000.0"), D("50000.1"), asks=((D("50000.1"), D("0.010")),))
    order = desk.venue.place_order("main", market(Side.BUY, "0.020"))
    assert order.status is OrderStatus.EXPIRED
    assert order.executed_quantity == D("0.010")
    assert [event.execution_type for event in desk.told(OrderEvent)] == ["NEW", "TRADE", "EXPIRED"]


def test_a_crossing_limit_order_takes_what_is_there_and_rests_with_the_remainder(desk: Desk) -> None:
    desk.venue.set_market(BTC, D("50000.0"), D("50000.1"), asks=((D("50000.1"), D("0.010")),))
    order = desk.venue.place_order("main", limit(Side.BUY, "0.020", "50000.1"))
    assert order.status is OrderStatus.PARTIALLY_FILLED
    assert desk.venue.book(BTC, 1).bids[0] == (D("50000.1"), D("0.010"))


def test_an_ioc_order_expires_with_what_it_could_not_take(desk: Desk) -> None:
    desk.venue.set_market(BTC, D("50000.0"), D("50000.1"), asks=((D("50000.1"), D("0.010")),))
    order = desk.venue.place_order("main", limit(Side.BUY, "0.020", "50000.1", time_in_force=TimeInForce.IOC))
    assert (order.status, order.executed_quantity) == (OrderStatus.EXPIRED, D("0.010"))
    assert desk.venue.open_orders("main") == []


def test_a_fok_order_fills_whole_or_leaves_no_trace(desk: Desk) -> None:
    desk.venue.set_market(BTC, D("50000.0"), D("50000.1"), asks=((D("50000.1"), D("0.010")),))
    with refusal(-5021):
        desk.venue.place_order("main", limit(Side.BUY, "0.020", "50000.1", time_in_force=TimeInForce.FOK))
    assert desk.events == []
    assert desk.venue.all_orders("main", BTC) == []
    order = desk.venue.place_order("main", limit(Side.BUY, "0.010", "50000.1", time_in_force=TimeInForce.FOK))
    assert order.status is OrderStatus.FILLED


def test_a_fok_order_counts_other_accounts_orders_too(desk: Desk) -> None:
    desk.venue.set_market(BTC, D("50000.0"), D("50000.2"), asks=((D("50000.2"), D("0.010")),))
    desk.venue.place_order("other", limit(Side.SELL, "0.010", "50000.1"))
    order = desk.venue.place_order("main", limit(Side.BUY, "0.020", "50000.2", time_in_force=TimeInForce.FOK))
    assert order.status is OrderStatus.FILLED


def test_a_gtx_order_that_would_take_is_refused_and_one_that_rests_is_taken(desk: Desk) -> None:
    with refusal(-5022):
        desk.venue.place_order("main", limit(Side.BUY, "0.010", "50000.1", time_in_force=TimeInForce.GTX))
    order = desk.venue.place_order("main", limit(Side.BUY, "0.010", "50000.0", time_in_force=TimeInForce.GTX))
    assert order.status is OrderStatus.NEW


def test_orders_at_one_price_fill_in_the_order_they_came(desk: Desk) -> None:
    first = desk.venue.place_order("main", limit(Side.SELL, "0.010", "50000.1"))
    second = desk.venue.place_order("main", limit(Side.SELL, "0.010", "50000.1"))
    desk.venue.place_order("other", market(Side.BUY, "0.015"))
    venue = desk.venue
    assert venue.order("main", BTC, order_id=first.order_id).status is OrderStatus.FILLED
    assert venue.order("main", BTC, order_id=second.order_id).executed_quantity == D("0.005")


def test_a_better_price_fills_before_an_older_order(desk: Desk) -> None:
    older = desk.venue.place_order("main", limit(Side.SELL, "0.010", "50001.0"))
    better = desk.venue.place_order("main", limit(Side.SELL, "0.010", "50000.5"))
    desk.venue.print_trade(BTC, D("50001.0"), D("0.010"), buyer_maker=False)
    assert desk.venue.order("main", BTC, order_id=better.order_id).status is OrderStatus.FILLED
    assert desk.venue.order("main", BTC, order_id=older.order_id).status is OrderStatus.NEW


def test_two_accounts_that_meet_share_the_trade_id_and_pay_maker_and_taker_fees(desk: Desk) -> None:
    desk.venue.place_order("other", limit(Side.SELL, "0.010", "50000.1"))
    desk.venue.place_order("main", limit(Side.BUY, "0.010", "50000.1"))
    taker, maker = desk.venue.trades("main", BTC)[0], desk.venue.trades("other", BTC)[0]
    assert taker.trade_id == maker.trade_id
    assert (taker.maker, maker.maker) == (False, True)
    assert taker.commission == D("0.25000050")
    assert maker.commission == D("0.10000020")


@pytest.mark.parametrize(
    ("match", "price"),
    [
        (PriceMatch.OPPONENT, "3000.01"),
        (PriceMatch.OPPONENT_5, "3000.05"),
        (PriceMatch.QUEUE, "3000.00"),
        (PriceMatch.QUEUE_10, "2999.91"),
    ],
)
def test_price_match_takes_the_price_from_the_book(desk: Desk, match: PriceMatch, price: str) -> None:
    request = limit(Side.BUY, "0.100", "1", ETH)
    request = msgspec.structs.replace(request, price=None, price_match=match)
    assert desk.venue.place_order("main", request).price == D(price)


def test_a_validated_order_leaves_no_trace(desk: Desk) -> None:
    desk.venue.validate_order("main", market(Side.BUY, "0.010"))
    with refusal(-4164):
        desk.venue.validate_order("main", market(Side.BUY, "0.001"))
    assert desk.venue.all_orders("main", BTC) == []
    assert desk.events == []


def test_liquidity_comes_back_after_each_order_unless_told_otherwise() -> None:
    for replenish in (True, False):
        desk = Desk(replenish=replenish)
        desk.account(usdt="100000000")
        before = desk.venue.book(SOL, 1).asks[0][1]
        desk.venue.place_order("main", limit(Side.BUY, str(before), "100.01", SOL))
        assert desk.venue.book(SOL, 1).asks[0][0] == (Decimal("100.01") if replenish else Decimal("100.02"))


def test_equal_seeds_and_commands_give_equal_books() -> None:
    books = [Desk(seed=seed).venue.book(BTC, 20) for seed in (1, 1, 2)]
    assert books[0] == books[1]
    assert books[0] != books[2]
