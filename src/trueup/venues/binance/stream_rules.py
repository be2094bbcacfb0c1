"""When the user stream must be renewed, replaced or given up as silent, and how long to wait between tries. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRules:
    """Bounds of a user stream's life.

    Parameters
    ----------
    renew_secs : float
        Age at which the listen key is renewed. The venue lets it die at 60 minutes; 25 leaves room for a failed try.
    renew_retry_secs : float
        Wait after a failed renewal.
    replace_secs : float
        Age of a connection at which we replace it ourselves. The venue cuts it at 24 hours; done by us before that, the
        new one stands before the old one goes.
    overlap_secs : float
        How long both then stand. Connections keep no order among each other: what was sent on the old one alone, before
        the new one stood, may come after it does.
    silence_secs : float
        How long a connection may be wholly silent (no event, no pong) before it counts as dead. The venue itself pings
        only every 3 minutes, so we ask for a pong at a third of this.
    backoff_secs, backoff_secs_max : float
        Wait after the first failed try to open a stream, doubled up to the maximum.
    connect_timeout_secs : float
        One try.
    hold_secs_max : float
        How long events are held back while a gap is repaired.
    """

    renew_secs: float = 1_500.0
    renew_retry_secs: float = 30.0
    replace_secs: float = 23.5 * 3_600
    overlap_secs: float = 5.0
    silence_secs: float = 20.0
    backoff_secs: float = 0.25
    backoff_secs_max: float = 15.0
    connect_timeout_secs: float = 10.0
    hold_secs_max: float = 30.0

    def backoff(self, failures: int) -> float:
        """Return the wait after the n-th failure in a row, in seconds."""
        if failures <= 0:
            return 0.0
        return float(min(self.backoff_secs_max, self.backoff_secs * 2 ** min(failures - 1, 30)))


class GapReason(StrEnum):
    """Why events may have been missed."""

    CLOSED = "the connection was closed"
    SILENT = "the connection fell silent"
    KEY_EXPIRED = "the listen key expired"
    KEY_REFUSED = "the listen key was refused"
    EVENT_LOST = "the venue's position is not the one that the events add up to"


@dataclass(frozen=True, slots=True)
class StreamGap:
    """A span in which events may have been missed.

    Parameters
    ----------
    since_ns : int
        When the stream was last known to be alive.
    until_ns : int
        When events flowed again.
    reason : GapReason
        Why.
    last_event_ms : int or None
        The venue's time of the last event heard before it; None when none was.
    """

    since_ns: int
    until_ns: int
    reason: GapReason
    last_event_ms: int | None = None

    @property
    def duration_secs(self) -> float:
        """Return its length."""
        return max(0, self.until_ns - self.since_ns) / 1e9


class StreamTask(StrEnum):
    """What a live stream needs next."""

    RENEW = "RENEW"
    REPLACE = "REPLACE"


def next_task(
    rules: StreamRules, *, opened_secs: float, renewed_secs: float, failed_secs: float | None
) -> tuple[StreamTask, float]:
    """Return the next task of a live stream, and when it is due.

    Parameters
    ----------
    rules : StreamRules
        The bounds.
    opened_secs, renewed_secs, failed_secs : float
        When the connection was opened, the key last created or renewed, and a renewal last failed since then, all on
        one monotonic clock.

    Returns
    -------
    tuple of StreamTask and float
        The task and its time on that clock.
    """
    renew_at = renewed_secs + rules.renew_secs
    if failed_secs is not None:
        renew_at = max(renew_at, failed_secs + rules.renew_retry_secs)
    replace_at = opened_secs + rules.replace_secs
    return (StreamTask.RENEW, renew_at) if renew_at < replace_at else (StreamTask.REPLACE, replace_at)
