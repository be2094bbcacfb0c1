"""The planner's figures are those of the venue's weights, and what cannot fit is refused."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trueup.venues.binance.planner import WeightQuestion, plan_weight
from trueup.venues.binance.profiles import SPOT, USDM_FUTURES, VenueProfile

profiles = st.sampled_from([USDM_FUTURES, SPOT])


def test_two_hundred_instruments_start_inside_one_minute() -> None:
    plan = plan_weight(WeightQuestion(profile=USDM_FUTURES, instruments=200))
    assert plan.start_weight == 200 * 10 + 85 + 43
    assert plan.start_weight < plan.weight_limit
    assert plan.start_secs < 5
    assert plan.fits


def test_a_verified_start_of_two_hundred_instruments_reads_twice_inside_one_minute() -> None:
    plan = plan_weight(WeightQuestion(profile=USDM_FUTURES, instruments=200, deep_reads_at_start=2))
    assert plan.start_weight == 200 * 10 + 2 * 85 + 60 + 43
    assert plan.start_secs < 5


def test_five_hundred_instruments_start_in_the_third_minute() -> None:
    plan = plan_weight(WeightQuestion(profile=USDM_FUTURES, instruments=500, start_secs_max=30))
    assert 120 <= plan.start_secs < 180
    assert not plan.fits
    assert "may take 30 s" in plan.problems[0]


def test_looking_every_two_seconds_is_refused_and_every_ten_is_not() -> None:
    often = plan_weight(WeightQuestion(profile=USDM_FUTURES, instruments=1, open_check_interval_secs=2))
    seldom = plan_weight(
        WeightQuestion(
            profile=USDM_FUTURES, instruments=1, open_check_interval_secs=10, position_check_interval_secs=10
        )
    )
    assert not often.fits
    assert "look less often" in often.problems[0]
    assert seldom.fits
    assert 510 <= seldom.steady_weight < 512


def test_conditional_orders_cost_their_own_history() -> None:
    without = plan_weight(WeightQuestion(profile=USDM_FUTURES, instruments=10))
    with_them = plan_weight(WeightQuestion(profile=USDM_FUTURES, instruments=10, conditional=4))
    assert with_them.start_weight - without.start_weight == 20


def test_a_month_of_history_is_read_in_windows_of_a_week() -> None:
    month = plan_weight(WeightQuestion(profile=USDM_FUTURES, instruments=1, lookback_secs=30 * 86_400))
    week = plan_weight(WeightQuestion(profile=USDM_FUTURES, instruments=1, lookback_secs=6 * 86_400))
    assert month.start_weight - week.start_weight == 4 * 10


@given(profiles, st.integers(0, 600), st.integers(1, 3), st.floats(1, 600))
def test_more_to_look_at_never_costs_less(
    profile: VenueProfile, instruments: int, reads: int, interval_secs: float
) -> None:
    def plan(count: int, interval: float) -> tuple[int, float, float]:
        made = plan_weight(
            WeightQuestion(
                profile=profile,
                instruments=count,
                deep_reads_at_start=reads,
                open_check_interval_secs=interval,
                deep_look_interval_secs=10 * interval,
            )
        )
        return made.start_weight, made.start_secs, made.steady_weight

    fewer, more = plan(instruments, interval_secs), plan(instruments + 20, interval_secs)
    assert fewer[0] <= more[0]
    assert plan(instruments, interval_secs / 2)[2] >= fewer[2]


@given(profiles, st.integers(1, 2_000))
def test_a_plan_that_needs_more_than_a_minutes_weight_takes_more_than_a_minute(
    profile: VenueProfile, instruments: int
) -> None:
    plan = plan_weight(WeightQuestion(profile=profile, instruments=instruments))
    assert (plan.start_secs >= 60) == (plan.start_weight > plan.weight_limit - 60)
