"""The stream is renewed and replaced in time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.venues.binance.stream_rules import GapReason, StreamGap, StreamRules, StreamTask, next_task

KEY_LIFE_SECS = 3_600
CUT_SECS = 24 * 3_600
RULES = StreamRules()


def test_a_listen_key_never_comes_near_its_end_and_a_connection_never_meets_the_cut() -> None:
    now = opened = renewed = 0.0
    while now < 3 * CUT_SECS:
        task, due = next_task(RULES, opened_secs=opened, renewed_secs=renewed, failed_secs=None)
        now = due
        assert now - renewed <= KEY_LIFE_SECS / 2
        assert now - opened < CUT_SECS
        if task is StreamTask.REPLACE:
            opened = renewed = now
        else:
            renewed = now


def test_a_failed_renewal_is_tried_again_soon_and_often_enough_before_the_key_dies() -> None:
    task, due = next_task(RULES, opened_secs=0, renewed_secs=0, failed_secs=1_500)
    assert task is StreamTask.RENEW
    assert due == 1_530
    assert (KEY_LIFE_SECS - 1_500) / RULES.renew_retry_secs > 60


@given(st.integers(0, 10_000))
def test_the_wait_between_tries_grows_and_stays_bounded(failures: int) -> None:
    assert 0 <= RULES.backoff(failures) <= RULES.backoff_secs_max
    assert RULES.backoff(failures) <= RULES.backoff(failures + 1)


def test_the_first_try_waits_for_nothing() -> None:
    assert RULES.backoff(0) == 0
    assert RULES.backoff(1) == RULES.backoff_secs


def test_a_gap_knows_its_length() -> None:
    assert StreamGap(1_000_000_000, 3_500_000_000, GapReason.CLOSED).duration_secs == pytest.approx(2.5)
