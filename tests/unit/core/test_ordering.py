"""Sorting much in pieces gives what sorting it at once gives."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from trueup.core.ordering import RUN_MAX, in_order


@settings(max_examples=15, deadline=None)
@given(seed=st.randoms(use_true_random=False), count=st.sampled_from([0, 1, RUN_MAX, RUN_MAX + 1, 3 * RUN_MAX + 7]))
def test_many_items_come_in_the_order_of_one_sort_and_of_equal_keys_the_first_stays_first(
    seed: object, count: int
) -> None:
    choose = seed.randrange  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    items = [(choose(50), place) for place in range(count)]
    assert in_order(items, key=lambda item: item[0]) == sorted(items, key=lambda item: item[0])
