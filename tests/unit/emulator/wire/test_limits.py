"""Weights and order counts are kept per window of the clock, and crossing them costs 429, then 418."""

from __future__ import annotations

import pytest

from trueup.emulator.wire.limits import ADDRESSES_MAX, BAN_FIRST_SECS, LimitExceeded, LimitKeeper, Limits

NOW = 1_750_000_020_000  # second 0 of a minute
LIMITS = Limits(weight_per_minute=10, orders_per_ten_secs=3, orders_per_minute=5, refusals_before_ban=2)


def _refusal(keeper: LimitKeeper, weight: int, now_ms: int) -> LimitExceeded:
    with pytest.raises(LimitExceeded) as caught:
        keeper.charge_weight("a", weight, now_ms)
    return caught.value


def test_the_start_of_the_tests_is_the_start_of_a_minute() -> None:
    assert NOW % 60_000 == 0


def test_used_weight_adds_up_and_starts_again_with_the_minute() -> None:
    keeper = LimitKeeper(LIMITS)

    assert keeper.charge_weight("a", 4, NOW) == 4
    assert keeper.charge_weight("a", 5, NOW + 59_999) == 9
    assert keeper.charge_weight("b", 1, NOW) == 1
    assert keeper.charge_weight("a", 2, NOW + 60_000) == 2
    assert keeper.used_weight("a", NOW + 60_001) == 2
    assert keeper.used_weight("a", NOW + 120_000) == 0


def test_too_much_weight_is_429_with_the_rest_of_the_minute_to_wait() -> None:
    keeper = LimitKeeper(LIMITS)
    keeper.charge_weight("a", 10, NOW)

    refusal = _refusal(keeper, 1, NOW + 18_500)

    assert (refusal.http_status, refusal.code, refusal.retry_after_secs) == (429, -1003, 42)


def test_going_on_regardless_is_418_until_the_ban_ends_and_longer_the_next_time() -> None:
    keeper = LimitKeeper(LIMITS)
    keeper.charge_weight("a", 10, NOW)
    assert [_refusal(keeper, 1, NOW).http_status for _ in range(3)] == [429, 429, 418]

    banned = _refusal(keeper, 1, NOW + 1_000)
    assert (banned.http_status, banned.retry_after_secs) == (418, BAN_FIRST_SECS - 1)

    after = NOW + BAN_FIRST_SECS * 1_000
    assert keeper.charge_weight("a", 10, after) == 10
    assert [_refusal(keeper, 1, after).http_status for _ in range(3)] == [429, 429, 418]
    assert _refusal(keeper, 1, after).retry_after_secs > BAN_FIRST_SECS


def test_orders_are_counted_per_ten_seconds_and_per_minute() -> None:
    keeper = LimitKeeper(LIMITS)
    assert [keeper.charge_orders("x", 1, NOW) for _ in range(3)] == [(1, 1), (2, 2), (3, 3)]

    with pytest.raises(LimitExceeded, match="3 orders per 10 SECOND") as caught:
        keeper.charge_orders("x", 1, NOW + 1_000)
    assert (caught.value.code, caught.value.retry_after_secs) == (-1015, 9)

    assert keeper.charge_orders("x", 2, NOW + 10_000) == (2, 5)
    with pytest.raises(LimitExceeded, match="5 orders per 1 MINUTE"):
        keeper.charge_orders("x", 1, NOW + 20_000)
    assert keeper.charge_orders("y", 1, NOW + 20_000) == (1, 1)
    assert keeper.order_counts("x", NOW + 20_000) == (0, 5)
    assert keeper.order_counts("nobody", NOW) == (0, 0)


def test_without_enforcement_everything_is_counted_and_nothing_refused() -> None:
    keeper = LimitKeeper(Limits(weight_per_minute=1, orders_per_ten_secs=1, enforced=False))

    assert [keeper.charge_weight("a", 5, NOW) for _ in range(3)] == [5, 10, 15]
    assert [keeper.charge_orders("x", 1, NOW)[0] for _ in range(3)] == [1, 2, 3]


def test_forgiving_forgets_bans_and_counts() -> None:
    keeper = LimitKeeper(LIMITS)
    keeper.charge_weight("a", 10, NOW)
    for _ in range(3):
        _refusal(keeper, 1, NOW)

    keeper.forgive()

    assert keeper.charge_weight("a", 1, NOW) == 1


def test_addresses_are_bounded() -> None:
    keeper = LimitKeeper(LIMITS)
    for number in range(ADDRESSES_MAX + 10):
        keeper.charge_weight(str(number), 1, NOW)

    assert keeper.used_weight("0", NOW) == 0
    assert keeper.used_weight(str(ADDRESSES_MAX), NOW) == 1
