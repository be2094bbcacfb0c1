"""Position arithmetic and histories."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core.builders import fill
from tests.unit.core.engine_model import ModelPosition
from trueup.core.history import history_of, opening_cut, order_key
from trueup.core.netting import Netted, in_time_order, net, opening_price
from trueup.model import FillRecord, Leg


def buy(trade_id: str, quantity: str, price: str, **more: object) -> FillRecord:
    return fill(trade_id, quantity=quantity, price=price, **more)  # type: ignore[arg-type]  # passed through


def sell(trade_id: str, quantity: str, price: str, **more: object) -> FillRecord:
    return fill(trade_id, quantity=quantity, price=price, side="SELL", **more)  # type: ignore[arg-type]  # passed through


def test_adding_moves_the_average_and_reducing_does_not() -> None:
    made = net([buy("1", "2", "100"), buy("2", "1", "130"), sell("3", "1", "150")])
    assert (made.quantity, made.average_price, made.realized) == (Decimal(2), Decimal(110), Decimal(40))


def test_a_fill_that_crosses_zero_opens_the_other_side_at_its_own_price() -> None:
    made = net([buy("1", "2", "100"), sell("2", "5", "90")])
    assert (made.quantity, made.average_price, made.realized) == (Decimal(-3), Decimal(90), Decimal(-20))
    assert made.opened_by_flip
    assert [key[1] for key in made.fill_keys] == ["2"]


def test_flat_has_no_average() -> None:
    made = net([buy("1", "2", "100"), sell("2", "2", "90")])
    assert made.average_price is None
    assert [key[1] for key in made.fill_keys] == ["1", "2"]


def test_fills_at_one_instant_are_ordered_by_trade_id_as_numbers() -> None:
    ordered = in_time_order([buy("10", "1", "1"), buy("9", "1", "1"), buy("100", "1", "1", at=109)])
    assert [one.trade_id for one in ordered] == ["100", "9", "10"]


fills = st.lists(
    st.tuples(
        st.sampled_from(("BUY", "SELL")),
        st.integers(1, 20).map(lambda quarters: Decimal(quarters) / 4),
        st.integers(1, 200),
    ),
    min_size=1,
    max_size=20,
).map(
    lambda rows: [
        fill(str(index), side=side, quantity=str(quantity), price=str(price), at=index)
        for index, (side, quantity, price) in enumerate(rows)
    ]
)


@given(fills)
def test_netting_agrees_with_an_independent_position_in_fractions(given_fills: list[FillRecord]) -> None:
    model = ModelPosition("AAA.VENUE", Leg.BOTH, "S")
    for one in given_fills:
        model.apply(one)
    made = net(given_fills)
    assert Fraction(made.quantity) == model.quantity
    if made.average_price is not None:
        assert float(made.average_price) == pytest.approx(float(model.average), rel=1e-12)


@given(fills, fills)
def test_netting_goes_on_where_it_stopped(first: list[FillRecord], second: list[FillRecord]) -> None:
    assert net(second, net(first)) == net([*first, *second])


@given(fills, st.integers(1, 50), st.integers(1, 200))
def test_an_opening_price_gives_the_final_average_again(later: list[FillRecord], quantity: int, price: int) -> None:
    start = Netted(quantity=Decimal(quantity), average_price=Decimal(price))
    end = net(later, start)
    if not end.quantity or end.average_price is None:
        return
    found = opening_price(later, end.quantity, end.average_price)
    if end.flips or any(net(later[:n], start).quantity <= 0 for n in range(len(later))):
        return
    assert found is not None
    assert float(found) == pytest.approx(price, rel=1e-9)


def test_no_opening_price_is_told_across_zero() -> None:
    assert opening_price([sell("1", "3", "100")], Decimal(-1), Decimal(100)) is None


def test_a_history_knows_where_the_position_was_last_flat() -> None:
    history = history_of([buy("1", "1", "1", at=1), sell("2", "1", "1", at=2), buy("3", "2", "1", at=3)], Decimal(2))
    assert history.is_whole
    assert history.last_flat() == 2


@given(fills)
def test_the_present_life_begins_where_the_position_was_last_not_on_its_side(listed: list[FillRecord]) -> None:
    made = history_of(listed, net(listed).quantity)
    start, end = made.present_life(), made.before[-1]
    life = made.before[start + 1 :]
    assert all((quantity > 0) == (end > 0) and quantity for quantity in life)
    if start < len(listed):
        assert not made.before[start] or (made.before[start] > 0) != (end > 0)
    else:
        assert not end


def test_a_clean_cut_never_cuts_an_order_in_two() -> None:
    made = history_of(
        [
            buy("1", "1", "1", number="A", at=1),
            sell("2", "1", "1", number="B", at=2),
            buy("3", "1", "1", number="A", at=3),
        ],
        Decimal(1),
    )
    assert made.last_flat() == 2
    assert made.clean_cut(2) == 0


def test_there_is_no_clean_cut_in_a_history_that_begins_in_a_position() -> None:
    made = history_of([buy("1", "1", "1", number="A", at=1)], Decimal(3))
    assert made.opening_quantity == 2
    assert made.clean_cut(0) is None


def test_an_opening_balance_absorbs_no_order_that_must_be_kept() -> None:
    one = buy("1", "1", "1", number="A", at=1)
    made = history_of([one], Decimal(3))
    assert opening_cut(made, {order_key(one): False}) == 1
    assert opening_cut(made, {order_key(one): True}) == 0
    assert opening_cut(made, {}) == 0


@given(fills, st.lists(st.sampled_from("ABCDE"), min_size=20, max_size=20), st.integers(0, 20))
def test_every_clean_cut_is_flat_and_cuts_no_order(rows: list[FillRecord], numbers: list[str], need: int) -> None:
    named = [
        fill(one.trade_id, number=number, side=str(one.side), quantity=str(one.quantity), at=one.time_ns)
        for one, number in zip(rows, numbers, strict=False)
    ]
    made = history_of(named, sum((one.signed_quantity for one in named), Decimal(0)))
    cut = made.clean_cut(min(need, len(named)))
    assert cut is not None, "a history from flat can always be cut at its beginning"
    assert cut <= need
    assert made.before[cut] == 0
    before, after = made.fills[:cut], made.fills[cut:]
    assert not {order_key(one) for one in before} & {order_key(one) for one in after}
