"""Weights and order counts as the venue counts them: per address and minute, per account and ten seconds or minute.

Windows are aligned to the clock (a minute starts at second 0). Exceeding the weight gives 429 with ``Retry-After``;
a client that goes on regardless is banned with 418, longer each time. How many refused requests bring the ban is not
documented by the venue: `LimitSettings.refusals_before_ban` is our assumption.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from trueup.emulator.engine.rejections import Rejection

MINUTE_MS: Final = 60_000
TEN_SECS_MS: Final = 10_000
ADDRESSES_MAX: Final = 10_000  # memory bound; the least recently seen address is forgotten
BAN_FIRST_SECS: Final = 120  # the venue: "bans scale from 2 minutes to 3 days"
BAN_LONGEST_SECS: Final = 3 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Limits:
    """The figures to enforce; the defaults are those of USD-M futures' exchangeInfo."""

    weight_per_minute: int = 2_400
    orders_per_ten_secs: int = 300
    orders_per_minute: int = 1_200
    refusals_before_ban: int = 10
    enforced: bool = True


class LimitExceeded(Rejection):
    """A request beyond a limit: 429 or 418, and the seconds to wait."""

    def __init__(self, code: int, message: str, *, http_status: int, retry_after_secs: int) -> None:
        super().__init__(code, message, http_status)
        self.retry_after_secs = retry_after_secs


@dataclass(slots=True)
class _Address:
    minute: int = -1
    weight: int = 0
    refusals: int = 0
    bans: int = 0
    banned_until_ms: int = 0


@dataclass(slots=True)
class _OrderCount:
    ten_secs: int = -1
    ten_secs_count: int = 0
    minute: int = -1
    minute_count: int = 0


@dataclass(slots=True)
class LimitKeeper:
    """Count weights and orders; raise when a limit is crossed."""

    limits: Limits = field(default_factory=Limits)
    _addresses: OrderedDict[str, _Address] = field(default_factory=OrderedDict)
    _orders: dict[str, _OrderCount] = field(default_factory=dict)

    def charge_weight(self, address: str, weight: int, now_ms: int) -> int:
        """Charge `weight` to `address` and return what the running minute has used.

        Raises
        ------
        LimitExceeded
            429 when the minute's weight is used up, 418 while the address is banned.
        """
        state = self._address(address)
        if state.banned_until_ms > now_ms:
            raise self._banned(state, now_ms)
        minute = now_ms // MINUTE_MS
        if state.minute != minute:
            state.minute, state.weight, state.refusals = minute, 0, 0
        state.weight += weight
        if state.weight <= self.limits.weight_per_minute or not self.limits.enforced:
            return state.weight
        state.refusals += 1
        if state.refusals > self.limits.refusals_before_ban:
            seconds = min(BAN_FIRST_SECS * 4**state.bans, BAN_LONGEST_SECS)
            state.bans += 1
            state.banned_until_ms = now_ms + seconds * 1_000
            raise self._banned(state, now_ms)
        raise LimitExceeded(
            -1003,
            f"Too many requests; current limit of IP({address}) is {self.limits.weight_per_minute} requests per minute."
            " Please use the websocket for live updates to avoid polling the API.",
            http_status=429,
            retry_after_secs=max(1, ((minute + 1) * MINUTE_MS - now_ms + 999) // 1_000),
        )

    def used_weight(self, address: str, now_ms: int) -> int:
        """Return the weight used by `address` in the running minute."""
        state = self._addresses.get(address)
        return state.weight if state is not None and state.minute == now_ms // MINUTE_MS else 0

    def charge_orders(self, account_id: str, orders: int, now_ms: int) -> tuple[int, int]:
        """Charge `orders` to an account and return the counts of the running ten seconds and minute.

        Raises
        ------
        LimitExceeded
            -1015 when either count is used up.
        """
        state = self._orders.setdefault(account_id, _OrderCount())
        ten_secs, minute = now_ms // TEN_SECS_MS, now_ms // MINUTE_MS
        if state.ten_secs != ten_secs:
            state.ten_secs, state.ten_secs_count = ten_secs, 0
        if state.minute != minute:
            state.minute, state.minute_count = minute, 0
        if self.limits.enforced:
            if state.ten_secs_count + orders > self.limits.orders_per_ten_secs:
                raise self._too_many_orders(self.limits.orders_per_ten_secs, "10 SECOND", TEN_SECS_MS, now_ms)
            if state.minute_count + orders > self.limits.orders_per_minute:
                raise self._too_many_orders(self.limits.orders_per_minute, "1 MINUTE", MINUTE_MS, now_ms)
        state.ten_secs_count += orders
        state.minute_count += orders
        return state.ten_secs_count, state.minute_count

    def order_counts(self, account_id: str, now_ms: int) -> tuple[int, int]:
        """Return the order counts of the running ten seconds and minute."""
        state = self._orders.get(account_id)
        if state is None:
            return 0, 0
        return (
            state.ten_secs_count if state.ten_secs == now_ms // TEN_SECS_MS else 0,
            state.minute_count if state.minute == now_ms // MINUTE_MS else 0,
        )

    def forgive(self) -> None:
        """Forget every count and ban."""
        self._addresses.clear()
        self._orders.clear()

    def _address(self, address: str) -> _Address:
        state = self._addresses.get(address)
        if state is None:
            state = self._addresses[address] = _Address()
            if len(self._addresses) > ADDRESSES_MAX:
                self._addresses.popitem(last=False)
        return state

    @staticmethod
    def _banned(state: _Address, now_ms: int) -> LimitExceeded:
        return LimitExceeded(
            -1003,
            f"Way too many requests; IP banned until {state.banned_until_ms}. Please use the websocket for live"
            " updates to avoid bans.",
            http_status=418,
            retry_after_secs=max(1, (state.banned_until_ms - now_ms + 999) // 1_000),
        )

    @staticmethod
    def _too_many_orders(limit: int, window: str, window_ms: int, now_ms: int) -> LimitExceeded:
        return LimitExceeded(
            -1015,
            f"Too many new orders; current limit is {limit} orders per {window}.",
            http_status=429,
            retry_after_secs=max(1, (window_ms - now_ms % window_ms + 999) // 1_000),
        )
