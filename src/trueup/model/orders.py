"""One order, as the venue or the node describes it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from trueup.model.enums import Leg, OrderSide, OrderStatus, OrderType, TimeInForce
from trueup.model.making import made_fast


@made_fast
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """Hold one order at one instant.

    Quantities are in units of the instrument, prices in its quote currency, times in nanoseconds since the epoch.

    Parameters
    ----------
    instrument_id : str
        The instrument, in the node's spelling, such as ``BTCUSDT-PERP.BINANCE``.
    side : OrderSide
        Which way it trades.
    status : OrderStatus
        Where it stands.
    quantity, filled_quantity : Decimal
        The whole quantity and what of it is filled.
    client_order_id, venue_order_id : str or None
        The two names. An external order may have no client order id; an order in flight has no venue order id.
    order_type : OrderType
        How it executes.
    price, trigger_price : Decimal or None
        None where the type has none.
    average_price : Decimal or None
        The average price of its fills, None while there is none.
    time_in_force : TimeInForce
        How long it works.
    reduce_only, post_only : bool
        Its instructions.
    leg : Leg
        BOTH in one-way mode, LONG or SHORT in hedge mode.
    accepted_ns, updated_ns, submitted_ns : int
        When the venue accepted it, when it last changed, when the node sent it (0 where unknown).
    expires_ns : int or None
        When a GTD order ends.
    owner : str or None
        The strategy that owns it. Only the node knows owners; None on the venue's side.
    contingent_ids : tuple of str
        The client order ids that are linked to it (OCO, OTO, OUO).
    """

    instrument_id: str
    side: OrderSide
    status: OrderStatus
    quantity: Decimal
    filled_quantity: Decimal = Decimal(0)
    client_order_id: str | None = None
    venue_order_id: str | None = None
    order_type: OrderType = OrderType.LIMIT
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    average_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False
    post_only: bool = False
    leg: Leg = Leg.BOTH
    accepted_ns: int = 0
    updated_ns: int = 0
    submitted_ns: int = 0
    expires_ns: int | None = None
    owner: str | None = None
    contingent_ids: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the name that people know the order by: the client order id, else the venue's."""
        return self.client_order_id or self.venue_order_id or "?"

    @property
    def is_open(self) -> bool:
        """Return whether the order works at the venue."""
        return self.status.is_open

    @property
    def is_closed(self) -> bool:
        """Return whether the order is terminal."""
        return self.status.is_closed

    @property
    def span_ns(self) -> tuple[int, int]:
        """Return the first and the last time that is known of the order; zeros where none is."""
        times = [each for each in (self.submitted_ns, self.accepted_ns, self.updated_ns) if each] or [0]
        return min(times), max(times)

    @property
    def is_local_only(self) -> bool:
        """Return whether the order never leaves the node in its present state (emulated, released, denied)."""
        return self.status in _LOCAL_ONLY


_LOCAL_ONLY = frozenset({OrderStatus.EMULATED, OrderStatus.RELEASED, OrderStatus.DENIED})
