"""One fill (a trade of one order), as the venue or the node describes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from trueup.model.enums import Leg, LiquiditySide, OrderSide
from trueup.model.making import made_fast

type TradeKey = tuple[str, str, OrderSide]
"""Instrument, trade id, side.

Trade ids are unique per instrument, not globally; the side tells the two halves of a self-trade apart.
"""
type FillKey = tuple[str, str, OrderSide, str]
"""What names a fill: its `TradeKey` and its order, by the venue's number, by client order id where there is none.

The order belongs to the name because a venue may use a trade id again: on another order of the same side it is another
fill.
"""

type FillTwin = tuple[str, OrderSide, Decimal, Decimal]
"""Trade id, side, price, quantity: two fills that agree in these are one for a position of the engine (1.231.0),
whatever their orders. Only a trade id that the venue uses again makes the difference.
"""


@made_fast
@dataclass(frozen=True, slots=True, kw_only=True)
class FillRecord:
    """Hold one fill.

    Parameters
    ----------
    trade_id : str
        The venue's trade id, unique per instrument.
    instrument_id : str
        The instrument, in the node's spelling.
    side : OrderSide
        Which way the fill traded.
    quantity, price : Decimal
        What was traded, and at what price.
    time_ns : int
        When the venue matched it.
    venue_order_id, client_order_id : str or None
        The order, by its two names; at least one is given.
    commission : Decimal
        The fee, positive when paid.
    commission_currency : str
        The currency of the fee, empty where unknown.
    liquidity : LiquiditySide
        Maker or taker.
    leg : Leg
        BOTH in one-way mode, LONG or SHORT in hedge mode.
    synthetic : bool
        Node side only: the fill was made by a reconciliation, not reported by the venue (an inferred fill or an
        opening balance).
    key : FillKey
        What names the fill, made once: a comparison of 50,000 fills asks for it half a million times.
    """

    trade_id: str
    instrument_id: str
    side: OrderSide
    quantity: Decimal
    price: Decimal
    time_ns: int
    venue_order_id: str | None = None
    client_order_id: str | None = None
    commission: Decimal = Decimal(0)
    commission_currency: str = ""
    liquidity: LiquiditySide = LiquiditySide.NO_LIQUIDITY_SIDE
    leg: Leg = Leg.BOTH
    synthetic: bool = False
    key: FillKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        order = self.venue_order_id or self.client_order_id or ""
        object.__setattr__(self, "key", (self.instrument_id, self.trade_id, self.side, order))

    @property
    def trade_key(self) -> TradeKey:
        """Return what the fill shares with other fills of the same trade id."""
        return (self.instrument_id, self.trade_id, self.side)

    @property
    def twin(self) -> FillTwin:
        """Return what the engine's position knows the fill by."""
        return (self.trade_id, self.side, self.price, self.quantity)

    @property
    def signed_quantity(self) -> Decimal:
        """Return the quantity, negative for a sell."""
        return self.quantity if self.side is OrderSide.BUY else -self.quantity

    @property
    def order_time_key(self) -> tuple[int, int, str]:
        """Return the venue's time order: time, then trade id (shorter first, so that ``9`` comes before ``10``)."""
        return (self.time_ns, len(self.trade_id), self.trade_id)
