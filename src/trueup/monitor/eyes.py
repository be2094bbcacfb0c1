"""What the monitor can see of a node, without saying which engine: small, cheap, and never raising what it need not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a node is."""

    trader_id: str = ""
    instance_id: str = ""
    environment: str = ""
    mode: str = ""
    engine_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCounts:
    """What the node's cache held at one instant. Times are nanoseconds since the epoch, None where there is none."""

    open: int = 0
    inflight: int = 0
    inflight_oldest_ns: int | None = None
    positions: int = 0
    external_claimed: int = 0
    external_unclaimed: int = 0
    commands_waiting: int = 0
    events_waiting: int = 0
    trading_state: str = ""
    is_trading: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSight:
    """One execution client; None where it does not say."""

    client_id: str
    account_id: str = ""
    connected: bool = False
    weight_used: int | None = None
    weight_limit: int | None = None
    skew_secs: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taps:
    """What the node calls when something happens that no event tells. None of them may raise.

    Parameters
    ----------
    venue_query : Callable[[str, str, float, str, str], None]
        A question to the venue ended: client, query, seconds, outcome, error.
    engine_check : Callable[[str, float, str], None]
        One of the engine's own checks ended: name, seconds, error.
    external_order : Callable[[str], None]
        An order that no strategy of the node placed: ``claimed``, ``unclaimed`` or ``filtered``.
    synthetic_order, inferred_fill : Callable[[], None]
        The engine invented one.
    """

    venue_query: Callable[[str, str, float, str, str], None]
    engine_check: Callable[[str, float, str], None]
    external_order: Callable[[str], None]
    synthetic_order: Callable[[], None]
    inferred_fill: Callable[[], None]


class NodeEyes(Protocol):
    """One node. Everything here is called on its event loop, and takes well under a millisecond."""

    @property
    def identity(self) -> Identity:
        """Return who the node is."""

    def counts(self) -> NodeCounts:
        """Count what the cache holds."""

    def clients(self) -> tuple[ClientSight, ...]:
        """Look at the execution clients."""

    def event_counts(self, orders_max: int) -> Mapping[str, int]:
        """Return how many events the newest open orders have, by client order id."""

    def tap(self, taps: Taps) -> None:
        """Put the taps on this node's instances, once, before it runs."""
