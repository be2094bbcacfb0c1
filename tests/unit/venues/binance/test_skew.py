"""The estimate of the venue's clock is never surer than it may be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trueup.venues.binance.skew import SAMPLES_MAX, SkewEstimate, SkewSample

exchanges = st.tuples(st.integers(0, 3_000), st.integers(0, 3_000), st.integers(0, 60_000))


@given(st.integers(-100_000, 100_000), st.lists(exchanges, min_size=1, max_size=20))
def test_the_true_offset_lies_within_the_error(true_offset_ms: int, drawn: list[tuple[int, int, int]]) -> None:
    estimate, now_ms = SkewEstimate(), 1_750_000_000_000
    for out_ms, back_ms, pause_ms in drawn:
        now_ms += pause_ms
        sample = SkewSample(now_ms, now_ms + out_ms + true_offset_ms, now_ms + out_ms + back_ms)
        now_ms += out_ms + back_ms
        estimate = estimate.add(sample)
        assert estimate.error_ms is not None
        assert abs(estimate.offset_ms - true_offset_ms) <= estimate.error_ms
        assert len(estimate.samples) <= SAMPLES_MAX


@given(st.lists(exchanges, min_size=1, max_size=SAMPLES_MAX))
def test_another_agreeing_measurement_never_makes_it_less_sure(drawn: list[tuple[int, int, int]]) -> None:
    estimate = SkewEstimate()
    for out_ms, back_ms, _ in drawn:
        before = estimate.error_ms
        estimate = estimate.add(SkewSample(0, out_ms, out_ms + back_ms))
        assert before is None or (estimate.error_ms is not None and estimate.error_ms <= before)


def test_a_clock_that_was_set_is_believed_at_once() -> None:
    estimate = SkewEstimate().add(SkewSample(0, 5, 10)).add(SkewSample(1_000, 61_005, 1_010))
    assert estimate.offset_ms == 60_000
    assert len(estimate.samples) == 1


def test_nothing_is_corrected_before_the_first_measurement() -> None:
    assert SkewEstimate().venue_ms(42) == 42
    assert SkewEstimate().error_ms is None
    assert not SkewEstimate().is_large


def test_a_large_skew_is_said_only_when_it_is_sure() -> None:
    assert SkewEstimate().add(SkewSample(0, 5_005, 10)).is_large
    assert not SkewEstimate().add(SkewSample(0, 2_000, 3_000)).is_large
