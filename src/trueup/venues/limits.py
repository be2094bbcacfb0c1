"""What a reading of a venue asks for, and what it may cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLimits:
    """Bound what a reading may cost.

    Parameters
    ----------
    query_timeout_secs : float
        One query, or the silence of a client in it that says when it was last active. The engine sets none, so a hung
        one would freeze its checks for ever (measured on 1.231.0).
    active_query_secs_max : float
        One query of a client that stays active, where no deadline bounds it: minutes of the venue's weight.
    attempts_max : int
        Tries of one query before it counts as failed.
    backoff_secs, backoff_secs_max : float
        Wait before the second try, doubled before each further one up to the maximum.
    concurrency : int
        Targeted queries under way at once.
    questions_max : int
        Targeted queries in one reading while running; what is beyond stays unasked and is said so.
    question_delay_secs : float
        Pause after a targeted query, to spare the venue.
    empty_recheck_secs : float
        Wait before asking again where nothing came and the node holds something.
    """

    query_timeout_secs: float = 10.0
    active_query_secs_max: float = 600.0
    attempts_max: int = 2
    backoff_secs: float = 0.25
    backoff_secs_max: float = 4.0
    concurrency: int = 4
    questions_max: int = 200
    question_delay_secs: float = 0.0
    empty_recheck_secs: float = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """Say what to read.

    Parameters
    ----------
    open_orders, positions : bool
        Whether to read them (both are "now").
    history_from_ns : int or None
        Read orders and fills since then (0: all that the venue gives); None reads no history.
    instruments : frozenset of str or None
        Read history of these alone; None of all.
    deadline : float or None
        On the clock of ``time.monotonic``: no query starts after it.
    """

    open_orders: bool = True
    positions: bool = True
    history_from_ns: int | None = None
    instruments: frozenset[str] | None = None
    deadline: float | None = None
