"""How far apart two values may lie before they differ, and how long an order may be under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

_NANOS_PER_SEC = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """Hold the tolerances of one comparison. Orders and fills are compared exactly: both sides quote the same venue.

    Parameters
    ----------
    position_quantity : Decimal
        Allowed distance of position quantities, in units of the instrument. 0 by default: fills add up exactly.
    position_quantity_by_instrument : mapping of str to Decimal
        Exceptions, such as a spot instrument whose commission is taken in the base currency.
    average_price_relative : Decimal
        Allowed distance of a position's average price from the venue's, relative. Default 1e-4, which is also what
        the engine allows before it logs (1.231.0): venues round what they publish.
    arithmetic_relative : Decimal
        Allowed distance of an average price from the same fills added up by us, relative. Default 1e-9: the engine
        adds up in binary floating point, good for about 15 digits, and a life cycle has many fills.
    balance : Decimal or None
        Allowed distance of balance totals, absolute. None, the default, does not compare balances: funding and marks
        move them between two readings.
    submit_grace_ns : int
        How long after its last event an order that the venue does not know may still be on its way. Default 15 s:
        longer than Binance's receive window (5 s) and a client's three retries with their pauses.
    settle_ns : int
        How long a request may be unanswered before its order counts as different from the venue's. Default 2 s; it only
        keeps a healthy request out of the report, since acting needs two looks anyway.
    """

    position_quantity: Decimal = Decimal(0)
    position_quantity_by_instrument: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    average_price_relative: Decimal = Decimal("0.0001")
    arithmetic_relative: Decimal = Decimal("0.000000001")
    balance: Decimal | None = None
    submit_grace_ns: int = 15 * _NANOS_PER_SEC
    settle_ns: int = 2 * _NANOS_PER_SEC

    def quantity_of(self, instrument_id: str) -> Decimal:
        """Return the allowed distance of position quantities on an instrument."""
        return self.position_quantity_by_instrument.get(instrument_id, self.position_quantity)

    def same_quantity(self, instrument_id: str, one: Decimal, other: Decimal) -> bool:
        """Return whether two position quantities are the same."""
        return one == other or abs(one - other) <= self.quantity_of(instrument_id)


def within(one: Decimal, other: Decimal, relative: Decimal) -> bool:
    """Return whether two prices lie within a relative distance of each other."""
    return one == other or abs(one - other) <= relative * max(abs(one), abs(other))
