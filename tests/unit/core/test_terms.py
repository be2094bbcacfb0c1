"""An amendment that is told late, or taken back by the next answer, is nobody's new doing; one that is new is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.core.intervention import Change, ChangeKind, Commanded, Doing, attribute
from trueup.core.terms import FORMER_MAX, NO_PAST, SAME_NS, Past, Terms

STEP_NS = 10 * SAME_NS


def at(price: int) -> Terms:
    """Return an order's terms at a price."""
    return Terms(quantity=Decimal(1), price=Decimal(price))


PAST = Past(former=(at(100), at(101)), newest=at(100), newest_ns=2 * STEP_NS)
"""Amended from 100 to 101, and back."""


@pytest.mark.parametrize(
    ("before", "after", "time_ns", "holds"),
    [
        (100, 101, STEP_NS, True),  # the first of the two amendments is told once more
        (100, 101, 2 * STEP_NS, True),
        (100, 101, 2 * STEP_NS + SAME_NS - 1, True),  # venue times are of milliseconds
        (100, 101, 2 * STEP_NS + SAME_NS, False),  # later than the last that is known: somebody did it anew
        (100, 102, STEP_NS, False),  # it was never so
        (101, 100, 3 * STEP_NS, True),  # it was set back by an answer that came late, and forth again
        (102, 100, 3 * STEP_NS, True),
        (100, 100, 3 * STEP_NS, False),  # nothing was amended
    ],
)
def test_only_what_was_so_before_and_is_told_late_or_is_so_again_is_held(
    before: int, after: int, time_ns: int, *, holds: bool
) -> None:
    assert PAST.holds(at(before), at(after), time_ns) is holds
    assert not NO_PAST.holds(at(before), at(after), time_ns)
    told = Change(kind=ChangeKind.AMENDED, time_ns=time_ns, terms_before=at(before), terms=at(after))
    found = attribute(told, Commanded(sent=True, past=PAST)).doing
    assert found is (Doing.OWN if holds or before == after else Doing.MANUAL)


@given(
    prices=st.lists(st.integers(100, 105), min_size=2, max_size=FORMER_MAX, unique=False),
    told=st.lists(st.integers(0, FORMER_MAX - 1), max_size=12),
    hand=st.integers(100, 106),
)
def test_whatever_of_the_own_past_is_told_again_in_whatever_order_is_never_blamed_and_a_hand_always_is(
    prices: list[int], told: list[int], hand: int
) -> None:
    past = Past(former=tuple(map(at, prices)), newest=at(prices[-1]), newest_ns=len(prices) * STEP_NS)
    held = prices[-1]
    for number in told:
        number %= len(prices)
        assert held == prices[number] or past.holds(at(held), at(prices[number]), (number + 1) * STEP_NS)
        held = prices[number]
    if held == prices[-1] != hand:
        assert not past.holds(at(held), at(hand), (len(prices) + 1) * STEP_NS)
