"""Time-outs, risk limits and the engine's own switches."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from trueup.config.base import Count, Off, PositiveSeconds, Seconds, Section, fault
from trueup.config.reconciliation.instrument_ids import InstrumentIdText

_RATE = re.compile(r"(?P<count>[1-9]\d{0,5})/(?P<h>\d{2}):(?P<m>[0-5]\d):(?P<s>[0-5]\d)")


def _check_rate(text: str) -> str:
    match = _RATE.fullmatch(text)
    if match is None or not any(int(match[part]) for part in "hms"):
        raise fault(f"'{text}' is not a rate", allowed="COUNT/HH:MM:SS with both above zero, such as 100/00:00:01")
    return text


OrderRate = Annotated[str, AfterValidator(_check_rate)]
"""A bound on orders: so many in so much time, such as ``100/00:00:01``."""


class TimeoutsConfig(Section):
    """How long the node waits for what, in seconds."""

    connection_secs: PositiveSeconds = 60.0
    """For all clients to connect."""

    reconciliation_secs: PositiveSeconds = 30.0
    """For start-up reconciliation. The engine takes this value and never enforces it; verified mode does."""

    portfolio_secs: PositiveSeconds = 10.0
    """For margins and profits of the portfolio."""

    disconnection_secs: PositiveSeconds = 10.0
    """For all clients to disconnect."""

    post_stop_secs: PositiveSeconds = 5.0
    """For late events after the stop."""

    shutdown_secs: PositiveSeconds = 5.0
    """For pending tasks at the end."""


class RiskConfig(Section):
    """Limits that the engine checks before an order leaves."""

    bypass: bool = False
    """Skip every pre-trade check."""

    max_order_submit_rate: OrderRate = "100/00:00:01"
    """Most submissions in a time."""

    max_order_modify_rate: OrderRate = "100/00:00:01"
    """Most amendments in a time."""

    max_notional_per_order: dict[InstrumentIdText, Annotated[Count, Field(gt=0)]] = Field(default_factory=dict)
    """Largest value of one order, per instrument, in its quote currency; whole numbers (the engine takes no others)."""


class EngineConfig(Section):
    """Switches of the data, risk and execution engines."""

    graceful_shutdown_on_exception: bool = True
    """Stop in order when a queue's handler raises; otherwise the engine ends the process at once, log unflushed."""

    queue_size_max: Count = Field(default=100_000, ge=1)
    """Bound of each engine's queues."""

    manage_own_order_books: bool = False
    """Keep order books of the own orders."""

    snapshot_orders: bool = False
    """Write a snapshot of an order at each event."""

    snapshot_positions: bool = False
    """Write a snapshot of a position at each event."""

    snapshot_positions_interval_secs: Annotated[Seconds | None, Off] = Field(default=None, gt=0)
    """Seconds between snapshots of all open positions."""

    debug: bool = False
    """Log more."""
