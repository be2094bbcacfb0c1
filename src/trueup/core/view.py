"""Both snapshots side by side: the index of one comparison, built once and read by the diff and by the plan."""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from trueup.core.fill_matching import FillMatch, match_fills
from trueup.core.history import OrderKey
from trueup.core.pairing import Pairing, pair_orders
from trueup.model.coverage import RecordKind
from trueup.model.discrepancies import Subject, fill_side
from trueup.model.enums import OrderSide, OrderStatus, OrderType
from trueup.model.fills import FillKey, FillRecord
from trueup.model.identifiers import opening_client_order_id, opening_trade_id
from trueup.model.making import with_changes
from trueup.model.orders import OrderRecord
from trueup.model.positions import PositionKey
from trueup.model.snapshots import NodeSnapshot, VenueSnapshot

_ZERO = Decimal(0)
_WORKING = frozenset(
    {
        OrderStatus.INITIALIZED,
        OrderStatus.SUBMITTED,
        OrderStatus.ACCEPTED,
        OrderStatus.PENDING_UPDATE,
        OrderStatus.PENDING_CANCEL,
        OrderStatus.PARTIALLY_FILLED,
    }
)

_ENDED = frozenset({OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED})

# The engine refuses OrderTriggered for every other type (1.231.0): a triggered stop-market order is ACCEPTED until it
# fills.
TRIGGERABLE_TYPES = frozenset({OrderType.STOP_LIMIT, OrderType.TRAILING_STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED})
PRICED_TYPES = frozenset(
    {
        OrderType.LIMIT,
        OrderType.STOP_LIMIT,
        OrderType.TRAILING_STOP_LIMIT,
        OrderType.LIMIT_IF_TOUCHED,
    }
)
STOP_TYPES = frozenset(
    {
        OrderType.STOP_MARKET,
        OrderType.STOP_LIMIT,
        OrderType.MARKET_IF_TOUCHED,
        OrderType.LIMIT_IF_TOUCHED,
        OrderType.TRAILING_STOP_MARKET,
        OrderType.TRAILING_STOP_LIMIT,
    }
)


def settled_truth(order: OrderRecord, listed_quantity: Decimal) -> OrderRecord:
    """Return a venue order as its own fills make it.

    A venue is read by several calls, orders before fills, so a fill may be newer than its order's reading; and
    adapters differ in how they call a working order that is partly filled, triggered or being changed.

    Parameters
    ----------
    order : OrderRecord
        As read.
    listed_quantity : Decimal
        The sum of the fills that the venue lists for it.
    """
    if order.status in _ENDED and listed_quantity <= order.filled_quantity <= order.quantity:
        return order  # the short way for nearly all orders
    filled = max(order.filled_quantity, listed_quantity)
    quantity = max(order.quantity, filled)
    status = order.status
    if status in _WORKING or (
        status is OrderStatus.TRIGGERED and (filled or order.order_type not in TRIGGERABLE_TYPES)
    ):
        if filled and filled >= quantity:
            status = OrderStatus.FILLED
        elif filled:
            status = OrderStatus.PARTIALLY_FILLED
        else:
            status = OrderStatus.ACCEPTED
    if status is order.status and filled == order.filled_quantity and quantity == order.quantity:
        return order
    return with_changes(order, status=status, filled_quantity=filled, quantity=quantity)


def _by_position(snapshot: VenueSnapshot | NodeSnapshot) -> dict[PositionKey, list[FillRecord]]:
    found: dict[PositionKey, list[FillRecord]] = {}
    for fill in snapshot.fill_by_key.values():
        found.setdefault((fill.instrument_id, fill.leg), []).append(fill)
    return found


class TruePair(NamedTuple):
    """Hold a venue order as its fills make it, beside the node's order for it (None when it has none)."""

    venue: OrderRecord
    node: OrderRecord | None
    listed_quantity: Decimal


class View:
    """Hold both snapshots and what follows from putting them side by side.

    Parameters
    ----------
    venue, node
        The snapshots.
    """

    def __init__(self, venue: VenueSnapshot, node: NodeSnapshot) -> None:
        self.venue = venue
        self.node = node
        self.pairing: Pairing = pair_orders(venue, node)
        numbered, unnumbered = venue.listed_quantities()
        pairs: list[TruePair] = []
        by_venue_key: dict[OrderKey, TruePair] = {}
        for order, held in self.pairing.pairs:
            key = (order.instrument_id, order.venue_order_id or "")
            quantity = numbered.get(key, _ZERO)
            if unnumbered and order.client_order_id is not None:
                quantity += unnumbered.get(order.client_order_id, _ZERO)
            pair = TruePair(settled_truth(order, quantity), held, quantity)
            pairs.append(pair)
            if order.venue_order_id is not None:
                by_venue_key[key] = pair
        self.pairs = tuple(pairs)
        self._by_venue_key = by_venue_key

    @cached_property
    def fills(self) -> FillMatch:
        """Return which fill of the venue is which fill of the node's orders."""
        return match_fills(self.venue, self.node, self.venue_key, self.would_list)

    @cached_property
    def position_booked(self) -> frozenset[FillKey]:
        """Return the venue's names of all fills that the node's positions hold."""
        return frozenset(self.venue_key(fill) for position in self.node.positions for fill in position.fills)

    @cached_property
    def _by_client_id(self) -> dict[str, TruePair]:
        """Return the pairs by the node's client order id, else by the venue's."""
        found: dict[str, TruePair] = {}
        for pair in self.pairs:
            name = pair.node.client_order_id if pair.node is not None else pair.venue.client_order_id
            if name is not None:
                found.setdefault(name, pair)
        return found

    @cached_property
    def venue_fills_by_position(self) -> dict[PositionKey, list[FillRecord]]:
        """Return the venue's fills by instrument and leg, each trade once."""
        return _by_position(self.venue)

    @cached_property
    def node_fills_by_position(self) -> dict[PositionKey, list[FillRecord]]:
        """Return the fills of the node's orders by instrument and leg."""
        return _by_position(self.node)

    def pair_named(
        self, instrument_id: str, venue_order_id: str | None, client_order_id: str | None
    ) -> TruePair | None:
        """Return the pair of that name: by the venue's number, else by client order id."""
        if venue_order_id:
            found = self._by_venue_key.get((instrument_id, venue_order_id))
            if found is not None:
                return found
        return self._by_client_id.get(client_order_id) if client_order_id else None

    def pair_of(self, fill: FillRecord) -> TruePair | None:
        """Return the order of a fill, paired; None when the venue did not list the order."""
        return self.pair_named(fill.instrument_id, fill.venue_order_id, fill.client_order_id)

    def venue_key(self, fill: FillRecord) -> FillKey:
        """Return the name under which the venue lists a fill of the node; the fill's own where it lists none.

        The node may know an order by a former number, and either side by one of its two names alone.
        """
        listed = self.venue.fill_by_key
        key = fill.key
        if key in listed:
            return key
        pair = self.pair_of(fill)
        names = [fill.client_order_id]
        if pair is not None:
            names = [pair.venue.venue_order_id, pair.venue.client_order_id, fill.client_order_id]
        for name in names:
            candidate = (*fill.trade_key, name or "")
            if candidate in listed:
                return candidate
        return key

    def venue_fill(self, subject: Subject) -> FillRecord:
        """Return the venue's fill that a discrepancy is about."""
        instrument_id, trade_id, side = subject.instrument_id, subject.trade_id, fill_side(subject)
        listed = self.venue.fill_by_key
        by_number = listed.get((instrument_id, trade_id, side, subject.venue_order_id))
        return by_number or listed[(instrument_id, trade_id, side, subject.client_order_id)]

    def would_list(self, fill: FillRecord) -> bool:
        """Return whether the venue would have listed this fill, had it happened."""
        coverage = self.venue.coverage.fills
        if fill.venue_order_id in coverage.orders or fill.client_order_id in coverage.orders:
            return True
        return coverage.is_complete_for(fill.instrument_id, fill.time_ns)

    def venue_quantity(self, key: PositionKey) -> Decimal | None:
        """Return the venue's position, 0 when a complete list does not have it, None when it was not read."""
        held = self.venue.positions_by_key.get(key)
        if held is not None:
            return held[0].quantity
        return _ZERO if self.venue.coverage.complete_for(RecordKind.POSITIONS, key[0]) else None

    def node_quantity(self, key: PositionKey) -> Decimal:
        """Return the sum of the node's positions."""
        return sum((position.quantity for position in self.node.positions_by_key.get(key, ())), _ZERO)

    def opening_fill(self, key: PositionKey) -> FillRecord | None:
        """Return the opening balance that an earlier start booked for a position, None when there is none.

        It is looked for in the orders' fills and in the positions' own, because its order may be purged.
        """
        instrument_id, leg = key
        for side in (OrderSide.BUY, OrderSide.SELL):
            trade_id = opening_trade_id(self.node.account_id, instrument_id, leg, side)
            name = opening_client_order_id(self.node.account_id, instrument_id, leg)
            found = self.node.fill_by_key.get((instrument_id, trade_id, side, name))
            if found is not None:
                return found
            for position in self.node.positions_by_key.get(key, ()):
                for fill in position.fills:
                    if fill.trade_id == trade_id:
                        return fill
        return None

    def is_opening_order(self, order: OrderRecord) -> bool:
        """Return whether a node order is an opening balance of ours."""
        return order.client_order_id == opening_client_order_id(self.node.account_id, order.instrument_id, order.leg)


def view_of(venue: VenueSnapshot, node: NodeSnapshot, made: View | None = None) -> View:
    """Return the view of two snapshots: the one made already, or a new one."""
    if made is None:
        return View(venue, node)
    assert made.venue is venue, "the view must be of these snapshots"
    assert made.node is node, "the view must be of these snapshots"
    return made
