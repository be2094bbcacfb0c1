"""The closed vocabularies of an order, a fill and a position.

The names are the engine's own (NautilusTrader 1.231.0), so that a reader can map them by name and nothing is
translated twice.
"""

from __future__ import annotations

from enum import StrEnum


class OrderSide(StrEnum):
    """Which way an order or a fill trades."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """Return +1 for BUY and -1 for SELL."""
        return 1 if self is OrderSide.BUY else -1


class OrderType(StrEnum):
    """How an order executes."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP_MARKET = "STOP_MARKET"
    STOP_LIMIT = "STOP_LIMIT"
    MARKET_TO_LIMIT = "MARKET_TO_LIMIT"
    MARKET_IF_TOUCHED = "MARKET_IF_TOUCHED"
    LIMIT_IF_TOUCHED = "LIMIT_IF_TOUCHED"
    TRAILING_STOP_MARKET = "TRAILING_STOP_MARKET"
    TRAILING_STOP_LIMIT = "TRAILING_STOP_LIMIT"


class TimeInForce(StrEnum):
    """How long an order works."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTD = "GTD"
    DAY = "DAY"
    AT_THE_OPEN = "AT_THE_OPEN"
    AT_THE_CLOSE = "AT_THE_CLOSE"


class LiquiditySide(StrEnum):
    """Which side of the book a fill took."""

    NO_LIQUIDITY_SIDE = "NO_LIQUIDITY_SIDE"
    MAKER = "MAKER"
    TAKER = "TAKER"


class Leg(StrEnum):
    """Which leg of an instrument a record belongs to: one in one-way mode, two in hedge mode."""

    BOTH = "BOTH"
    LONG = "LONG"
    SHORT = "SHORT"


class OrderStatus(StrEnum):
    """Where an order stands in the engine's state machine."""

    INITIALIZED = "INITIALIZED"
    DENIED = "DENIED"
    EMULATED = "EMULATED"
    RELEASED = "RELEASED"
    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    TRIGGERED = "TRIGGERED"
    PENDING_UPDATE = "PENDING_UPDATE"
    PENDING_CANCEL = "PENDING_CANCEL"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"

    @property
    def is_open(self) -> bool:
        """Return whether the order works at the venue, as far as its holder knows."""
        return self in OPEN_STATUSES

    @property
    def is_closed(self) -> bool:
        """Return whether the order is terminal."""
        return self in CLOSED_STATUSES

    @property
    def is_in_flight(self) -> bool:
        """Return whether the venue's answer is still awaited."""
        return self in IN_FLIGHT_STATUSES

    @property
    def is_pending(self) -> bool:
        """Return whether an amendment or a cancel of a known order is awaited."""
        return self is OrderStatus.PENDING_UPDATE or self is OrderStatus.PENDING_CANCEL

    @property
    def is_before_venue(self) -> bool:
        """Return whether the venue need not have heard of the order yet."""
        return self in BEFORE_VENUE_STATUSES


OPEN_STATUSES = frozenset(
    {
        OrderStatus.ACCEPTED,
        OrderStatus.TRIGGERED,
        OrderStatus.PENDING_UPDATE,
        OrderStatus.PENDING_CANCEL,
        OrderStatus.PARTIALLY_FILLED,
    }
)
CLOSED_STATUSES = frozenset(
    {OrderStatus.DENIED, OrderStatus.REJECTED, OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.FILLED}
)
IN_FLIGHT_STATUSES = frozenset({OrderStatus.SUBMITTED, OrderStatus.PENDING_UPDATE, OrderStatus.PENDING_CANCEL})
# EMULATED and RELEASED orders live in the node alone: the venue cannot be asked about them.
BEFORE_VENUE_STATUSES = frozenset(
    {OrderStatus.INITIALIZED, OrderStatus.EMULATED, OrderStatus.RELEASED, OrderStatus.SUBMITTED, OrderStatus.DENIED}
)
