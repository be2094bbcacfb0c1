"""What the simulated venue says, as frozen values; they cross the socket as JSON with exact decimals."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Side(StrEnum):
    """The side of an order."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """Return +1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1


class Leg(StrEnum):
    """The position that an order works on: the only one (one-way mode), or one of two (hedge mode)."""

    BOTH = "BOTH"
    LONG = "LONG"
    SHORT = "SHORT"


class OrderStatus(StrEnum):
    """The state of an order at the venue."""

    ACCEPTED = "ACCEPTED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"

    @property
    def is_open(self) -> bool:
        """Return whether an order in this state can still be filled."""
        return self in (OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED)


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """An order as the venue holds it. Times are UNIX nanoseconds."""

    venue_order_id: str
    client_order_id: str | None
    symbol: str
    side: Side
    leg: Leg
    quantity: Decimal
    price: Decimal
    status: OrderStatus
    filled_quantity: Decimal
    average_price: Decimal | None
    accepted_ns: int
    updated_ns: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class VenueFill:
    """One trade of one order. Commission is in the venue's settlement currency."""

    trade_id: str
    venue_order_id: str
    client_order_id: str | None
    symbol: str
    side: Side
    leg: Leg
    quantity: Decimal
    price: Decimal
    commission: Decimal
    time_ns: int


@dataclass(frozen=True, slots=True)
class VenuePosition:
    """The signed quantity of one instrument, or of one leg of it."""

    symbol: str
    leg: Leg
    quantity: Decimal
    average_price: Decimal | None
    updated_ns: int
