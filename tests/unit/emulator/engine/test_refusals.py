"""The venue's refusals: code, text, and that nothing changed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.unit.emulator.engine.arrange import BTC, START_MS, D, Desk, algo, fingerprint, limit, market
from trueup.emulator.engine.enums import OrderType, PositionSide, PriceMatch, Side, TimeInForce
from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.engine.values import OrderRequest

GOOD = limit(Side.BUY, "0.010", "49000.0")


def changed(**fields: Any) -> OrderRequest:
    return msgspec.structs.replace(GOOD, **fields)


PLAIN: list[tuple[str, OrderRequest, int, str]] = [
    ("an unknown symbol", changed(symbol="NOPEUSDT"), -1121, "Invalid symbol."),
    ("no quantity", changed(quantity=None), -1102, "Mandatory parameter 'quantity'"),
    ("no price", changed(price=None), -1102, "Mandatory parameter 'price'"),
    ("no time in force", changed(time_in_force=None), -1102, "Mandatory parameter 'timeInForce'"),
    ("a price below zero", changed(price=D(-1)), -4001, "Price less than 0."),
    ("a price off the tick", changed(price=D("49000.05")), -4014, "Price not increased by tick size."),
    ("a price of too many decimals", changed(price=D("49000.001")), -1111, "Precision is over the maximum"),
    ("a price above the maximum", changed(price=D("99999999")), -4002, "Price greater than max price."),
    ("a price above the band", changed(price=D("60000")), -4016, "Limit price can't be higher than 52500.00."),
    ("a price below the band", changed(side=Side.SELL, price=D("40000")), -4024, "Limit price can't be lower than"),
    ("a quantity of zero", changed(quantity=D(0)), -4003, "Quantity less than or equal to zero."),
    ("a negative quantity", changed(quantity=D(-1)), -4003, "Quantity less than or equal to zero."),
    ("a quantity that is no number", changed(quantity=D("NaN")), -4003, "Quantity less than or equal to zero."),
    ("a quantity off the step", changed(quantity=D("0.0105")), -1111, "Precision is over the maximum"),
    ("a quantity above the maximum", changed(quantity=D(1001)), -4005, "Quantity greater than max quantity."),
    ("a market quantity above its maximum", market(Side.BUY, "121"), -4005, "Quantity greater than max quantity."),
    ("an order worth too little", changed(quantity=D("0.001")), -4164, "notional must be no smaller than 100"),
    ("a client order id too long", changed(client_order_id="x" * 37), -4015, "Client order id is not valid."),
    ("a client order id with a space", changed(client_order_id="a b"), -1100, "Illegal characters found"),
    ("a leg in one-way mode", changed(position_side=PositionSide.LONG), -4061, "position side does not match"),
    ("a conditional type", changed(type=OrderType.STOP_MARKET), -4120, "Please use the Algo Order API endpoints"),
    ("closePosition", changed(close_position=True, type=OrderType.MARKET), -4136, "Target strategy invalid"),
    ("a price for a market order", changed(type=OrderType.MARKET, time_in_force=None), -1106, "'price'"),
    ("a time in force for a market order", changed(type=OrderType.MARKET), -1106, "'timeInForce'"),
    ("a price beside priceMatch", changed(price_match=PriceMatch.QUEUE), -1106, "'price'"),
    ("GTD without a date", changed(time_in_force=TimeInForce.GTD), -1102, "'goodTillDate'"),
    (
        "GTD too near",
        changed(time_in_force=TimeInForce.GTD, good_till_date_ms=START_MS + 600_000),
        -5040,
        "600 seconds",
    ),
    ("a date without GTD", changed(good_till_date_ms=START_MS + 700_000), -1106, "'goodTillDate'"),
    ("more than the wallet carries", changed(quantity=D(50)), -2019, "Margin is insufficient."),
    ("reduce-only without a position", changed(reduce_only=True), -2022, "ReduceOnly Order is rejected."),
]


@pytest.mark.parametrize(("request_", "code", "text"), [case[1:] for case in PLAIN], ids=[case[0] for case in PLAIN])
def test_a_plain_order_is_refused_and_leaves_no_trace(request_: OrderRequest, code: int, text: str) -> None:
    desk = Desk()
    desk.account()
    before = fingerprint(desk.venue)
    with pytest.raises(Rejection) as caught:
        desk.venue.place_order("main", request_)
    assert caught.value.code == code
    assert text in caught.value.message
    assert caught.value.http_status == 400
    assert fingerprint(desk.venue) == before


STOP = algo(OrderType.STOP_MARKET, Side.SELL, quantity="0.010", trigger_price="49000")


def stop(**fields: Any) -> OrderRequest:
    return msgspec.structs.replace(STOP, **fields)


CONDITIONAL: list[tuple[str, OrderRequest, int]] = [
    ("a plain type", stop(type=OrderType.LIMIT), -1116),
    ("no trigger", stop(trigger_price=None), -1102),
    ("a trigger of zero", stop(trigger_price=D(0)), -4006),
    ("a trigger off the tick", stop(trigger_price=D("49000.05")), -4014),
    ("a stop already met", stop(trigger_price=D("50001")), -2021),
    ("a profit already met", stop(type=OrderType.TAKE_PROFIT_MARKET, trigger_price=D("49000")), -2021),
    ("a limit type without price", stop(type=OrderType.STOP), -1102),
    ("a market type with price", stop(price=D("48000")), -1106),
    ("closePosition with quantity", stop(close_position=True), -4137),
    ("closePosition of a limit type", stop(type=OrderType.STOP, quantity=None, close_position=True), -4136),
    ("a callback of a stop", stop(callback_rate=D(1)), -1106),
    ("no quantity", stop(quantity=None), -1102),
    ("an order worth too little", stop(quantity=D("0.001")), -4164),
    (
        "a trailing stop without callback",
        stop(type=OrderType.TRAILING_STOP_MARKET, trigger_price=None),
        -1102,
    ),
    (
        "a callback too wide",
        stop(type=OrderType.TRAILING_STOP_MARKET, trigger_price=None, callback_rate=D(11)),
        -2007,
    ),
    (
        "an activation on the wrong side",
        stop(
            type=OrderType.TRAILING_STOP_MARKET,
            trigger_price=None,
            callback_rate=D(1),
            activate_price=D("49000"),
        ),
        -2021,
    ),
]


@pytest.mark.parametrize(
    ("request_", "code"), [case[1:] for case in CONDITIONAL], ids=[case[0] for case in CONDITIONAL]
)
def test_a_conditional_order_is_refused_and_leaves_no_trace(request_: OrderRequest, code: int) -> None:
    desk = Desk()
    desk.account()
    before = fingerprint(desk.venue)
    with pytest.raises(Rejection) as caught:
        desk.venue.place_algo_order("main", request_)
    assert caught.value.code == code
    assert fingerprint(desk.venue) == before


def test_a_client_order_id_is_free_again_when_its_order_has_ended() -> None:
    desk = Desk()
    desk.account()
    first = desk.venue.place_order("main", changed(client_order_id="one"))
    with pytest.raises(Rejection) as caught:
        desk.venue.place_order("main", changed(client_order_id="one"))
    assert (caught.value.code, caught.value.message) == (-4116, "ClientOrderId is duplicated.")
    desk.venue.cancel_order("main", BTC, order_id=first.order_id)
    again = desk.venue.place_order("main", changed(client_order_id="one"))
    assert desk.venue.order("main", BTC, client_order_id="one") == again


def test_the_order_limit_of_a_symbol_is_kept() -> None:
    desk = Desk()
    desk.account(usdt="10000000")
    for _ in range(desk.venue.symbol(BTC).max_orders):
        desk.venue.place_order("main", GOOD)
    with pytest.raises(Rejection, match="-2025 Reach max open order limit"):
        desk.venue.place_order("main", GOOD)


def test_the_conditional_order_limit_of_a_symbol_is_kept() -> None:
    desk = Desk()
    desk.account()
    for _ in range(desk.venue.symbol(BTC).max_algo_orders):
        desk.venue.place_algo_order("main", STOP)
    with pytest.raises(Rejection, match="-4045 Reach max stop order limit"):
        desk.venue.place_algo_order("main", STOP)


def test_cancelling_what_does_not_work_is_refused_with_2011() -> None:
    desk = Desk()
    desk.account()
    filled = desk.venue.place_order("main", market(Side.BUY, "0.010"))
    for key in ({"order_id": filled.order_id}, {"order_id": 1}, {"client_order_id": "nobody"}):
        with pytest.raises(Rejection, match="-2011 Unknown order sent"):
            desk.venue.cancel_order("main", BTC, **key)


def test_asking_for_or_amending_what_does_not_exist_is_refused_with_2013() -> None:
    desk = Desk()
    desk.account()
    with pytest.raises(Rejection, match="-2013 Order does not exist"):
        desk.venue.order("main", BTC, order_id=1)
    with pytest.raises(Rejection, match="-2013 Order does not exist"):
        desk.venue.amend_order("main", BTC, order_id=1, quantity=Decimal(1), price=Decimal(50_000))


def test_another_accounts_order_can_be_neither_seen_nor_cancelled() -> None:
    desk = Desk()
    desk.account()
    desk.account("other")
    order = desk.venue.place_order("main", GOOD)
    with pytest.raises(Rejection, match="-2013"):
        desk.venue.order("other", BTC, order_id=order.order_id)
    with pytest.raises(Rejection, match="-2011"):
        desk.venue.cancel_order("other", BTC, order_id=order.order_id)
