"""Every bound of the hardened client in one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field

from trueup.venues.binance.stream_rules import StreamRules


@dataclass(frozen=True, slots=True, kw_only=True)
class HardeningSettings:
    """Bound what the client may take, send and wait.

    Parameters
    ----------
    request_timeout_secs : float
        One request, from leaving to its whole answer.
    reads_in_parallel : int
        Reads under way at once. Measured on one core: more than 25 gain nothing at 20 to 100 ms of latency.
    read_attempts : int
        Tries of one read that fails without the venue's refusal; reading twice changes nothing at the venue.
    read_backoff_secs : float
        Wait before the second try, doubled after that.
    pacing_wait_secs_max : float
        Longest that a read waits for budget, in all; beyond it the read fails instead of hanging.
    order_wait_secs_max : float
        Longest that an order waits for the order count; a later one would be placed at a market that has moved.
    submit_grace_ms : int
        Added to the receive window: how long a submit of unknown outcome may still arrive.
    inquiry_secs, inquiry_backoff_secs_max : float
        How long, and at most how rarely, an unknown outcome is asked about. A venue's maintenance lasts up to hours.
    send_again_max : int
        How often a command that surely had no effect is sent again.
    flat_history_days : int
        How far back symbols that are flat and have no order are looked at when the question names no start.
    direct_symbols_max : int
        Up to how many such symbols are asked one by one; beyond it the account's income tells which ones traded.
    leave_reserve : int
        Weight that reads leave to cancels, single-order queries and the listen key.
    clock_interval_secs : float
        How often the venue's clock is measured.
    position_settle_secs : float
        How long after an account event the node's position must be the one that it told; the order's own event comes
        within milliseconds of it.
    lost_event_interval_secs : float
        How often at most one symbol may ask for a repair on that ground: what a repair cannot heal, the next cannot.
    stream : StreamRules
        The user stream.
    """

    request_timeout_secs: float = 10.0
    reads_in_parallel: int = 25
    read_attempts: int = 3
    read_backoff_secs: float = 0.2
    pacing_wait_secs_max: float = 600.0
    order_wait_secs_max: float = 10.0
    submit_grace_ms: int = 1_000
    inquiry_secs: float = 4 * 3_600.0
    inquiry_backoff_secs_max: float = 10.0
    send_again_max: int = 3
    flat_history_days: int = 7
    direct_symbols_max: int = 12
    leave_reserve: int = 60
    clock_interval_secs: float = 600.0
    position_settle_secs: float = 1.0
    lost_event_interval_secs: float = 30.0
    stream: StreamRules = field(default_factory=StreamRules)
