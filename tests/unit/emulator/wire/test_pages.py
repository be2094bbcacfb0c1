"""Pages of orders and trades are byte for byte what orjson makes of the forms, also when their rows are read again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.emulator.engine.arrange import BTC, D, Desk, market
from trueup.emulator.engine.enums import (
    OrderStatus,
    OrderType,
    PositionSide,
    PriceMatch,
    SelfTradePrevention,
    Side,
    TimeInForce,
    WorkingType,
)
from trueup.emulator.engine.statements import Position
from trueup.emulator.engine.values import ZERO, Order, Trade
from trueup.emulator.wire.forms.account import position_v3_form
from trueup.emulator.wire.forms.market import digits_of
from trueup.emulator.wire.forms.orders import order_form, trade_form
from trueup.emulator.wire.forms.pages import Pages, Recent
from trueup.emulator.wire.forms.texts import Digits, DigitsBySymbol

DIGITS = {"BTCUSDT": Digits(1, 3), "SHIBUSDT": Digits(7, 0), "WHOLEUSDT": Digits(0, 0)}

symbols = st.sampled_from(sorted(DIGITS))
client_ids = st.text(alphabet="aZ09.:/_-", min_size=1, max_size=36)
times = st.integers(0, 2**45)
ids = st.integers(1, 2**63)
numbers = st.one_of(
    st.just(ZERO),
    st.builds(lambda digits, places: Decimal(digits).scaleb(-places), st.integers(0, 10**12), st.integers(-3, 12)),
)
"""As many decimals as shown, fewer, more, trailing zeros, and what ``str`` writes with an exponent."""

orders = st.builds(
    Order,
    order_id=ids,
    account_id=st.just("main"),
    client_order_id=client_ids,
    symbol=symbols,
    side=st.sampled_from(Side),
    position_side=st.sampled_from(PositionSide),
    type=st.sampled_from(OrderType),
    original_type=st.sampled_from(OrderType),
    time_in_force=st.sampled_from(TimeInForce),
    quantity=numbers,
    price=numbers,
    average_price=numbers,
    executed_quantity=numbers,
    cumulative_quote=numbers,
    status=st.sampled_from(OrderStatus),
    reduce_only=st.booleans(),
    close_position=st.booleans(),
    stop_price=numbers,
    working_type=st.sampled_from(WorkingType),
    price_protect=st.booleans(),
    activate_price=st.none() | numbers,
    callback_rate=st.none() | numbers,
    good_till_date_ms=times,
    self_trade_prevention=st.sampled_from(SelfTradePrevention),
    price_match=st.sampled_from(PriceMatch),
    time_ms=times,
    update_time_ms=times,
)
trades = st.builds(
    Trade,
    trade_id=ids,
    order_id=ids,
    account_id=st.just("main"),
    symbol=symbols,
    side=st.sampled_from(Side),
    position_side=st.sampled_from(PositionSide),
    price=numbers,
    quantity=numbers,
    quote_quantity=numbers,
    commission=numbers,
    commission_asset=st.sampled_from(["USDT", "USDC"]),
    realised_pnl=st.one_of(numbers, numbers.map(lambda number: -number)),
    maker=st.booleans(),
    time_ms=times,
)


@settings(max_examples=60)
@given(st.lists(orders, max_size=4, unique_by=lambda order: order.order_id))
def test_a_page_of_orders_is_that_of_their_forms_the_first_time_and_again(found: list[Order]) -> None:
    pages = Pages(DIGITS, kept_bytes_max=2_000)
    expected = orjson.dumps([order_form(order, DIGITS) for order in found])

    assert [pages.orders(found), pages.orders(found)] == [expected] * 2


@settings(max_examples=60)
@given(st.lists(trades, max_size=4, unique_by=lambda trade: (trade.order_id, trade.trade_id)))
def test_a_page_of_trades_is_that_of_their_forms_the_first_time_and_again(found: list[Trade]) -> None:
    pages = Pages(DIGITS, kept_bytes_max=2_000)
    expected = orjson.dumps([trade_form(trade, DIGITS) for trade in found])

    assert [pages.trades(found), pages.trades(found)] == [expected] * 2


@settings(max_examples=30)
@given(orders, st.sampled_from(OrderStatus), numbers)
def test_an_order_that_still_worked_when_it_was_read_is_written_anew(
    order: Order, status: OrderStatus, executed: Decimal
) -> None:
    pages = Pages(DIGITS)
    working = msgspec.structs.replace(order, status=OrderStatus.NEW)
    pages.orders([working])
    later = msgspec.structs.replace(working, status=status, executed_quantity=executed)

    assert orjson.loads(pages.orders([later])) == [order_form(later, DIGITS)]


def test_the_pages_kept_are_bounded_and_one_that_is_asked_for_stays() -> None:
    kept = Recent(bytes_max=100)
    kept.add("asked for", b"0123456789")
    for number in range(1_000):
        kept.add(number, b"0123456789")
        assert kept.get("asked for") == b"0123456789"
        assert kept.size_bytes <= 100
    assert [kept.get(number) is not None for number in range(989, 1_000)] == [False] * 2 + [True] * 9


def test_a_page_larger_than_the_bound_is_not_kept() -> None:
    kept = Recent(bytes_max=5)
    kept.add(1, b"0123456789")

    assert kept.get(1) is None
    assert kept.size_bytes == 0


def test_a_position_is_written_anew_only_when_it_changed() -> None:
    written: list[Position] = []

    def form(leg: Position, digits: DigitsBySymbol) -> dict[str, Any]:
        written.append(leg)
        return position_v3_form(leg, digits)

    desk = Desk()
    account = desk.account()
    desk.venue.place_order(account, market(Side.BUY, "0.010"))
    pages = Pages(digits_of(desk.venue.symbols()))

    def read() -> list[dict[str, Any]]:
        return orjson.loads(orjson.dumps(pages.legs(desk.venue.positions(account), form)))

    first = read()
    assert read() == first
    assert len(written) == 1
    desk.venue.set_mark_price(BTC, D("50001.0"))
    assert read()[0]["markPrice"] == "50001.00000000"
    assert len(written) == 2
