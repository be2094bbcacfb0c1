"""The truth of the simulated venue: orders, fills, positions and the balance, exact, in one process, without I/O."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal

from trueup.drills.venue.values import Leg, OrderStatus, Side, VenueFill, VenueOrder, VenuePosition

COMMISSION_RATE = Decimal("0.0004")  # of the notional: not zero, so that an invented fill without commission shows
OPENING_BALANCE = Decimal(100_000)  # large enough that no drill is about margin


class TruthError(Exception):
    """A scenario asks the venue for something that cannot happen there."""


@dataclass(slots=True)
class _Holding:
    """The running position of one leg."""

    quantity: Decimal = Decimal(0)
    average_price: Decimal | None = None
    updated_ns: int = 0

    def apply(self, signed: Decimal, price: Decimal, time_ns: int) -> Decimal:
        """Book a fill and return the profit that it realises.

        Adding weighs the average by quantity, reducing keeps it, crossing zero starts anew at the fill's price: the
        rule of every derivatives venue that quotes an average entry price.
        """
        before, after = self.quantity, self.quantity + signed
        profit = Decimal(0)
        if before == 0 or (before > 0) == (signed > 0):
            cost = (self.average_price or Decimal(0)) * abs(before) + price * abs(signed)
            self.average_price = cost / abs(after)
        else:
            closed = min(abs(signed), abs(before))
            entry = self.average_price if self.average_price is not None else price
            profit = (price - entry) * closed * (1 if before > 0 else -1)
            if after == 0:
                self.average_price = None
            elif (after > 0) != (before > 0):
                self.average_price = price
        self.quantity, self.updated_ns = after, time_ns
        return profit


class Truth:
    """The venue's books.

    Parameters
    ----------
    hedging : bool
        Whether the account keeps a long and a short leg per instrument, as hedge mode does.

    Attributes
    ----------
    changes : int
        How often anything changed.
    changed_ns : int
        When it last did, on the machine's monotonic clock: the venue's own may be set back.
    """

    def __init__(self, *, hedging: bool = False) -> None:
        self.hedging = hedging
        self.balance = OPENING_BALANCE
        self._orders: dict[str, VenueOrder] = {}
        self._fills: list[VenueFill] = []
        self._holdings: dict[tuple[str, Leg], _Holding] = {}
        self._next_order = 1
        self._next_trade = 1
        self.changes = 0
        self.changed_ns = 0

    @property
    def orders(self) -> tuple[VenueOrder, ...]:
        """Return every order, oldest first."""
        return tuple(self._orders.values())

    @property
    def fills(self) -> tuple[VenueFill, ...]:
        """Return every fill in the order in which they happened."""
        return tuple(self._fills)

    def positions(self) -> Iterator[VenuePosition]:
        """Yield every leg that was ever held, flat ones included."""
        for (symbol, leg), holding in self._holdings.items():
            yield VenuePosition(symbol, leg, holding.quantity, holding.average_price, holding.updated_ns)

    def find(self, name: str) -> VenueOrder | None:
        """Return the order with this client or venue order id, or None."""
        if name in self._orders:
            return self._orders[name]
        return next((order for order in reversed(self._orders.values()) if order.client_order_id == name), None)

    def place(
        self,
        *,
        symbol: str,
        side: Side,
        quantity: Decimal,
        price: Decimal,
        now_ns: int,
        client_order_id: str | None = None,
        venue_order_id: str | None = None,
        leg: Leg = Leg.BOTH,
        status: OrderStatus = OrderStatus.ACCEPTED,
    ) -> VenueOrder:
        """Take an order into the books and return it."""
        if client_order_id is not None and self.find(client_order_id) is not None:
            raise TruthError(f"order {client_order_id} is at the venue already")
        if self.hedging and leg is Leg.BOTH:
            raise TruthError(f"order {client_order_id} names no leg on a hedging account")
        identifier = venue_order_id or f"{1000 + self._next_order}"
        self._next_order += 1
        order = VenueOrder(
            venue_order_id=identifier,
            client_order_id=client_order_id,
            symbol=symbol,
            side=side,
            leg=leg,
            quantity=quantity,
            price=price,
            status=status,
            filled_quantity=Decimal(0),
            average_price=None,
            accepted_ns=now_ns,
            updated_ns=now_ns,
        )
        self._orders[identifier] = order
        self._change()
        return order

    def fill(
        self, name: str, quantity: Decimal, price: Decimal | None, now_ns: int, trade_id: str | None = None
    ) -> tuple[VenueOrder, VenueFill]:
        """Execute part of an open order and return the order after it, with the trade."""
        order = self._open(name)
        at = order.price if price is None else price
        filled = order.filled_quantity + quantity
        if filled > order.quantity:
            raise TruthError(f"order {name} has {order.quantity - order.filled_quantity} left, not {quantity}")
        if self.hedging:
            self._require_leg(order, quantity)
        cost = (order.average_price or Decimal(0)) * order.filled_quantity + at * quantity
        order = replace(
            order,
            filled_quantity=filled,
            average_price=cost / filled,
            status=OrderStatus.FILLED if filled == order.quantity else OrderStatus.PARTIALLY_FILLED,
            updated_ns=now_ns,
        )
        self._orders[order.venue_order_id] = order
        fill = VenueFill(
            trade_id=trade_id or f"T-{self._next_trade}",
            venue_order_id=order.venue_order_id,
            client_order_id=order.client_order_id,
            symbol=order.symbol,
            side=order.side,
            leg=order.leg,
            quantity=quantity,
            price=at,
            commission=(quantity * at * COMMISSION_RATE).quantize(Decimal("0.00000001"), ROUND_HALF_EVEN),
            time_ns=now_ns,
        )
        self._next_trade += 1
        self._fills.append(fill)
        holding = self._holdings.setdefault((order.symbol, order.leg), _Holding())
        self.balance += holding.apply(order.side.sign * quantity, at, now_ns) - fill.commission
        self._change()
        return order, fill

    def finish(self, name: str, status: OrderStatus, now_ns: int, reason: str = "") -> VenueOrder:
        """Close an open order as cancelled, expired or rejected and return it."""
        order = replace(self._open(name), status=status, updated_ns=now_ns, reason=reason)
        self._orders[order.venue_order_id] = order
        self._change()
        return order

    def amend(self, name: str, quantity: Decimal, price: Decimal | None, now_ns: int) -> VenueOrder:
        """Change the quantity and price of an open order and return it."""
        order = self._open(name)
        if quantity <= order.filled_quantity:
            raise TruthError(f"order {name} has {order.filled_quantity} filled, cannot become {quantity}")
        order = replace(order, quantity=quantity, price=order.price if price is None else price, updated_ns=now_ns)
        self._orders[order.venue_order_id] = order
        self._change()
        return order

    def move(self, symbol: str, leg: Leg, quantity: Decimal, price: Decimal | None, now_ns: int) -> None:
        """Set a position without any fill, as an adjustment, a transfer or an error of the venue does."""
        holding = self._holdings.setdefault((symbol, leg), _Holding())
        holding.quantity = quantity
        if price is not None or quantity == 0:
            holding.average_price = None if quantity == 0 else price
        holding.updated_ns = now_ns
        self._change()

    def _change(self) -> None:
        self.changes += 1
        self.changed_ns = time.monotonic_ns()

    def _require_leg(self, order: VenueOrder, quantity: Decimal) -> None:
        """Refuse a fill that would turn a leg over, as every venue in hedge mode does."""
        holding = self._holdings.get((order.symbol, order.leg), _Holding())
        after = holding.quantity + order.side.sign * quantity
        if (after < 0) if order.leg is Leg.LONG else (after > 0):
            raise TruthError(f"order {order.client_order_id} would turn the {order.leg} leg to {after}")

    def _open(self, name: str) -> VenueOrder:
        order = self.find(name)
        if order is None:
            raise TruthError(f"order {name} is not at the venue")
        if not order.status.is_open:
            raise TruthError(f"order {name} is {order.status} at the venue")
        return order
