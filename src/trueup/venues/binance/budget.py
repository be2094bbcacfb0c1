"""The weight budget as the venue counts it: by clock minute, for an address; orders by account. Pure.

Every function takes the venue's time and returns a new state; nothing here sleeps or reads a clock. The shell sends a
request when `ask` says so, tells `observe` what the answer's headers said, and `refuse` when it was a 429 or 418.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

MINUTE_MS: Final = 60_000
TEN_SECS_MS: Final = 10_000
EDGE_MS: Final = 250
"""Near the end of a window nobody knows in which one a request is counted: it travels for half a round trip, and our
view of the venue's clock errs by as much. So within this much of the end it is booked in both."""
RETRY_AFTER_DEFAULT_MS: Final = 60_000
"""Where a refusal names no wait: the length of the window, after which the venue counts from zero."""


class Lane(StrEnum):
    """What a request is for: reads leave the last of the budget to what trades and keeps the stream alive."""

    READ = "READ"
    TRADE = "TRADE"


@dataclass(frozen=True, slots=True)
class BudgetLimits:
    """What may be used.

    Parameters
    ----------
    weight_per_minute : int
        The venue's limit.
    reserve : int
        Kept back from reads, for cancels, single-order queries and the listen key (weight 1 each).
    orders_per_ten_secs, orders_per_minute : int
        The venue's limits on orders.
    """

    weight_per_minute: int
    orders_per_ten_secs: int
    orders_per_minute: int
    reserve: int = 60

    def ceiling(self, lane: Lane) -> int:
        """Return the weight that a lane may bring the minute to."""
        return self.weight_per_minute - (self.reserve if lane is Lane.READ else 0)


@dataclass(frozen=True, slots=True)
class BudgetState:
    """What the running windows have used, by the venue's word where it is higher than our own count."""

    minute: int = -1
    weight: int = 0
    weight_at_edge: int = 0
    orders_minute: int = 0
    orders_minute_at_edge: int = 0
    ten_secs: int = -1
    orders_ten_secs: int = 0
    orders_ten_secs_at_edge: int = 0
    blocked_until_ms: int = 0
    banned: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """Say whether a request may be sent now (`wait_ms` 0, its cost booked), or when to ask again."""

    state: BudgetState
    wait_ms: int = 0
    reason: str = ""


def ask(limits: BudgetLimits, state: BudgetState, weight: int, orders: int, lane: Lane, now_ms: int) -> Grant:
    """Grant a request, or say how long to wait.

    A request heavier than a whole lane is granted in a fresh minute: waiting longer would not help it.
    """
    state = _roll(state, now_ms)
    if state.blocked_until_ms > now_ms:
        reason = "the venue has banned this address" if state.banned else "the venue asked to wait"
        return Grant(state, state.blocked_until_ms - now_ms, reason)
    if weight and state.weight and state.weight + weight > limits.ceiling(lane):
        return Grant(state, _until_next(now_ms, MINUTE_MS), "the minute's weight is used up")
    if orders and state.orders_ten_secs + orders > limits.orders_per_ten_secs:
        return Grant(state, _until_next(now_ms, TEN_SECS_MS), "the order count of ten seconds is used up")
    if orders and state.orders_minute + orders > limits.orders_per_minute:
        return Grant(state, _until_next(now_ms, MINUTE_MS), "the order count of the minute is used up")
    minute_edge, ten_secs_edge = _at_edge(now_ms, MINUTE_MS), _at_edge(now_ms, TEN_SECS_MS)
    return Grant(
        replace(
            state,
            weight=state.weight + weight,
            weight_at_edge=state.weight_at_edge + weight * minute_edge,
            orders_minute=state.orders_minute + orders,
            orders_minute_at_edge=state.orders_minute_at_edge + orders * minute_edge,
            orders_ten_secs=state.orders_ten_secs + orders,
            orders_ten_secs_at_edge=state.orders_ten_secs_at_edge + orders * ten_secs_edge,
        )
    )


def observe(
    state: BudgetState,
    now_ms: int,
    sent_ms: int,
    *,
    used_weight: int | None = None,
    orders_ten_secs: int | None = None,
    orders_minute: int | None = None,
) -> BudgetState:
    """Take over what an answer's headers say: the address may be shared with another process.

    An answer to what was sent before the running window counts for the one before it, however late it comes.
    """
    state = _roll(state, now_ms)
    sent = _roll(BudgetState(), sent_ms)
    if sent.minute == state.minute:
        weight, orders = max(state.weight, used_weight or 0), max(state.orders_minute, orders_minute or 0)
        state = replace(state, weight=weight, orders_minute=orders)
    if sent.ten_secs == state.ten_secs:
        state = replace(state, orders_ten_secs=max(state.orders_ten_secs, orders_ten_secs or 0))
    return state


def refuse(state: BudgetState, now_ms: int, retry_after_ms: int | None, *, banned: bool) -> BudgetState:
    """Obey a 429 or 418: nothing is sent before its wait is over."""
    wait_ms = RETRY_AFTER_DEFAULT_MS if retry_after_ms is None else retry_after_ms
    until_ms = max(state.blocked_until_ms, now_ms + wait_ms)
    return replace(
        state, blocked_until_ms=until_ms, banned=banned or (state.banned and state.blocked_until_ms > now_ms)
    )


def _roll(state: BudgetState, now_ms: int) -> BudgetState:
    """Begin the windows that have begun: `EDGE_MS` late, with what was booked at the edge already in them."""
    minute, ten_secs = (now_ms - EDGE_MS) // MINUTE_MS, (now_ms - EDGE_MS) // TEN_SECS_MS
    if minute > state.minute:
        follows = minute == state.minute + 1
        state = replace(
            state,
            minute=minute,
            weight=state.weight_at_edge * follows,
            weight_at_edge=0,
            orders_minute=state.orders_minute_at_edge * follows,
            orders_minute_at_edge=0,
        )
    if ten_secs > state.ten_secs:
        at_edge = state.orders_ten_secs_at_edge * (ten_secs == state.ten_secs + 1)
        state = replace(state, ten_secs=ten_secs, orders_ten_secs=at_edge, orders_ten_secs_at_edge=0)
    return state


def _at_edge(now_ms: int, window_ms: int) -> bool:
    into_ms = now_ms % window_ms
    return into_ms < EDGE_MS or into_ms >= window_ms - EDGE_MS


def _until_next(now_ms: int, window_ms: int) -> int:
    shifted = now_ms - EDGE_MS
    return (shifted // window_ms + 1) * window_ms - shifted
