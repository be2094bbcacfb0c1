"""The venue's books: exact, and impossible to talk into what cannot happen."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.drills.venue import Leg, OrderStatus, Side, Truth, VenuePosition
from trueup.drills.venue.truth import COMMISSION_RATE, OPENING_BALANCE, TruthError


def trade(truth: Truth, side: Side, quantity: int, price: int, *, leg: Leg = Leg.BOTH) -> None:
    """Place an order and fill it whole."""
    order = truth.place(symbol="BTC", side=side, quantity=Decimal(quantity), price=Decimal(price), leg=leg, now_ns=1)
    truth.fill(order.venue_order_id, Decimal(quantity), None, 2)


def position(truth: Truth, leg: Leg = Leg.BOTH) -> VenuePosition:
    """Return the only position of a leg."""
    return next(held for held in truth.positions() if held.leg is leg)


def test_adding_weighs_the_average_price_by_quantity() -> None:
    truth = Truth()
    trade(truth, Side.BUY, 1, 100)
    trade(truth, Side.BUY, 3, 104)
    assert position(truth).quantity == 4
    assert position(truth).average_price == 103


def test_reducing_keeps_the_average_price_and_realises_profit() -> None:
    truth = Truth()
    trade(truth, Side.BUY, 2, 100)
    trade(truth, Side.SELL, 1, 110)
    assert position(truth).average_price == 100
    assert truth.balance == OPENING_BALANCE + 10 - (200 + 110) * COMMISSION_RATE


def test_crossing_zero_starts_anew_at_the_price_of_the_crossing_fill() -> None:
    truth = Truth()
    trade(truth, Side.BUY, 2, 100)
    trade(truth, Side.SELL, 5, 90)
    assert position(truth).quantity == -3
    assert position(truth).average_price == 90


def test_a_flat_position_has_no_average_price() -> None:
    truth = Truth()
    trade(truth, Side.SELL, 2, 100)
    trade(truth, Side.BUY, 2, 90)
    assert position(truth).quantity == 0
    assert position(truth).average_price is None


def test_the_legs_of_a_hedging_account_do_not_touch_each_other() -> None:
    truth = Truth(hedging=True)
    trade(truth, Side.BUY, 3, 100, leg=Leg.LONG)
    trade(truth, Side.SELL, 2, 101, leg=Leg.SHORT)
    assert position(truth, Leg.LONG).quantity == 3
    assert position(truth, Leg.SHORT).quantity == -2


def test_an_order_without_a_leg_is_refused_on_a_hedging_account() -> None:
    with pytest.raises(TruthError, match="names no leg"):
        trade(Truth(hedging=True), Side.BUY, 1, 100)


def test_an_order_cannot_be_filled_beyond_its_quantity() -> None:
    truth = Truth()
    order = truth.place(symbol="BTC", side=Side.BUY, quantity=Decimal(1), price=Decimal(100), now_ns=1)
    with pytest.raises(TruthError, match="has 1 left, not 2"):
        truth.fill(order.venue_order_id, Decimal(2), None, 2)


def test_a_closed_order_cannot_be_closed_again() -> None:
    truth = Truth()
    order = truth.place(symbol="BTC", side=Side.BUY, quantity=Decimal(1), price=Decimal(100), now_ns=1)
    truth.finish(order.venue_order_id, OrderStatus.CANCELED, 2)
    with pytest.raises(TruthError, match="is CANCELED"):
        truth.finish(order.venue_order_id, OrderStatus.EXPIRED, 3)


def test_a_client_order_id_can_be_used_once() -> None:
    truth = Truth()
    terms = {"symbol": "BTC", "side": Side.BUY, "quantity": Decimal(1), "price": Decimal(100), "now_ns": 1}
    truth.place(client_order_id="V-1", **terms)  # type: ignore[arg-type]  # the terms of both orders in one place
    with pytest.raises(TruthError, match="V-1 is at the venue already"):
        truth.place(client_order_id="V-1", **terms)  # type: ignore[arg-type]  # as above


def test_an_order_cannot_be_amended_to_less_than_what_is_filled() -> None:
    truth = Truth()
    order = truth.place(symbol="BTC", side=Side.BUY, quantity=Decimal(3), price=Decimal(100), now_ns=1)
    truth.fill(order.venue_order_id, Decimal(2), None, 2)
    with pytest.raises(TruthError, match="has 2 filled, cannot become 2"):
        truth.amend(order.venue_order_id, Decimal(2), None, 3)


trades = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(min_value=1, max_value=9), st.integers(min_value=90, max_value=110)),
    min_size=1,
    max_size=30,
)


@given(trades)
def test_a_position_is_the_sum_of_its_fills_and_its_price_lies_within_theirs(
    made: list[tuple[Side, int, int]],
) -> None:
    truth = Truth()
    for side, quantity, price in made:
        trade(truth, side, quantity, price)
    held = position(truth)
    assert held.quantity == sum(fill.side.sign * fill.quantity for fill in truth.fills)
    if held.quantity:
        assert held.average_price is not None
        assert min(fill.price for fill in truth.fills) <= held.average_price <= max(fill.price for fill in truth.fills)


@given(trades)
def test_closing_everything_leaves_in_the_balance_what_was_earned_and_paid(made: list[tuple[Side, int, int]]) -> None:
    truth = Truth()
    for side, quantity, price in made:
        trade(truth, side, quantity, price)
    left = position(truth).quantity
    if left:
        trade(truth, Side.SELL if left > 0 else Side.BUY, abs(int(left)), 100)
    earned = -sum(fill.side.sign * fill.quantity * fill.price for fill in truth.fills)
    paid = sum(fill.commission for fill in truth.fills)
    assert abs(truth.balance - (OPENING_BALANCE + earned - paid)) < Decimal("1e-15")
