"""The budget never grants what the venue would refuse."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trueup.venues.binance.budget import (
    EDGE_MS,
    MINUTE_MS,
    TEN_SECS_MS,
    BudgetLimits,
    BudgetState,
    Lane,
    ask,
    observe,
    refuse,
)

LIMITS = BudgetLimits(weight_per_minute=100, orders_per_ten_secs=5, orders_per_minute=12, reserve=10)
START_MS = 1_750_000_020_000  # the start of a minute

calls = st.lists(
    st.tuples(st.integers(0, 7_000), st.integers(0, 40), st.integers(0, 2), st.sampled_from(list(Lane))), max_size=80
)


@given(calls)
def test_what_is_granted_never_exceeds_the_venues_windows_however_long_it_travels(
    wanted: list[tuple[int, int, int, Lane]],
) -> None:
    state, now_ms = BudgetState(), START_MS
    sent: list[tuple[int, int, int]] = []
    for pause_ms, weight, orders, lane in wanted:
        now_ms += pause_ms
        while True:
            grant = ask(LIMITS, state, weight, orders, lane, now_ms)
            state = grant.state
            if grant.wait_ms == 0:
                break
            now_ms += grant.wait_ms
        sent.append((now_ms, weight, orders))
    for error_ms in (-EDGE_MS, 0, EDGE_MS - 1):
        arrived = [(time_ms + error_ms, weight, orders) for time_ms, weight, orders in sent]
        for at in {time_ms // MINUTE_MS for time_ms, _, _ in arrived}:
            assert sum(weight for time_ms, weight, _ in arrived if time_ms // MINUTE_MS == at) <= 100
            assert sum(orders for time_ms, _, orders in arrived if time_ms // MINUTE_MS == at) <= 12
        for at in {time_ms // TEN_SECS_MS for time_ms, _, _ in arrived}:
            assert sum(orders for time_ms, _, orders in arrived if time_ms // TEN_SECS_MS == at) <= 5


@given(st.integers(0, MINUTE_MS - 1), st.integers(1, 200), st.sampled_from(list(Lane)))
def test_a_wait_is_never_longer_than_the_window_and_then_the_request_is_granted(
    into_ms: int, weight: int, lane: Lane
) -> None:
    now_ms = START_MS + into_ms
    full = observe(BudgetState(), now_ms, now_ms, used_weight=100)
    grant = ask(LIMITS, full, weight, 0, lane, now_ms)
    assert 0 < grant.wait_ms <= MINUTE_MS
    assert ask(LIMITS, grant.state, weight, 0, lane, now_ms + grant.wait_ms).wait_ms == 0


def test_reads_leave_the_reserve_to_what_trades() -> None:
    state = observe(BudgetState(), START_MS, START_MS, used_weight=90)
    assert ask(LIMITS, state, 1, 0, Lane.READ, START_MS).wait_ms > 0
    assert ask(LIMITS, state, 1, 0, Lane.TRADE, START_MS).wait_ms == 0


def test_the_weight_that_another_process_used_counts() -> None:
    granted = ask(LIMITS, BudgetState(), 5, 0, Lane.READ, START_MS).state
    seen = observe(granted, START_MS, START_MS, used_weight=80)
    assert ask(LIMITS, seen, 20, 0, Lane.READ, START_MS).wait_ms > 0
    assert ask(LIMITS, seen, 10, 0, Lane.READ, START_MS).wait_ms == 0


def test_a_late_header_never_gives_back_what_was_booked() -> None:
    booked = ask(LIMITS, BudgetState(), 60, 0, Lane.READ, START_MS).state
    assert observe(booked, START_MS, START_MS, used_weight=5).weight == 60


def test_nothing_is_sent_before_the_wait_of_a_refusal_is_over() -> None:
    refused = refuse(BudgetState(), START_MS, 7_000, banned=False)
    for lane in Lane:
        grant = ask(LIMITS, refused, 1, 0, lane, START_MS + 6_999)
        assert grant.wait_ms == 1
        assert "asked to wait" in grant.reason
    assert ask(LIMITS, refused, 1, 0, Lane.READ, START_MS + 7_000).wait_ms == 0


def test_a_ban_is_obeyed_for_its_whole_length_and_named() -> None:
    banned = refuse(BudgetState(), START_MS, 120_000, banned=True)
    again = refuse(banned, START_MS + 1_000, 5_000, banned=False)
    grant = ask(LIMITS, again, 1, 0, Lane.READ, START_MS + 60_000)
    assert grant.wait_ms == 60_000
    assert "banned" in grant.reason


def test_a_refusal_without_a_wait_closes_the_whole_window() -> None:
    assert (
        ask(LIMITS, refuse(BudgetState(), START_MS, None, banned=False), 1, 0, Lane.READ, START_MS).wait_ms == MINUTE_MS
    )


def test_the_order_count_is_paced_apart_from_the_weight() -> None:
    state = BudgetState()
    for _ in range(5):
        state = ask(LIMITS, state, 0, 1, Lane.TRADE, START_MS + EDGE_MS).state
    grant = ask(LIMITS, state, 0, 1, Lane.TRADE, START_MS + EDGE_MS)
    assert grant.wait_ms == TEN_SECS_MS
    assert ask(LIMITS, state, 30, 0, Lane.READ, START_MS + EDGE_MS).wait_ms == 0


def test_an_answer_to_what_was_sent_in_the_last_minute_does_not_count_in_this_one() -> None:
    sent_ms = START_MS + MINUTE_MS - 400
    now_ms = START_MS + MINUTE_MS + EDGE_MS + 10
    late = observe(BudgetState(), now_ms, sent_ms, used_weight=100)
    assert ask(LIMITS, late, 50, 0, Lane.READ, now_ms).wait_ms == 0
