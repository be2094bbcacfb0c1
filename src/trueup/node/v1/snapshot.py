"""Read the node's own state from its cache, as the model's records."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from nautilus_trader.model.events import OrderFilled, OrderSubmitted

from trueup.model.coverage import Coverage, KindCoverage, Window
from trueup.model.fills import FillRecord
from trueup.model.identifiers import is_opening_trade_id
from trueup.model.orders import OrderRecord
from trueup.model.positions import PositionRecord
from trueup.model.snapshots import NodeSnapshot
from trueup.node.pacing import in_slices, off_loop
from trueup.venues.records import LIQUIDITY_SIDES, ORDER_SIDES, ORDER_STATUSES, ORDER_TYPES, TIMES_IN_FORCE, leg_of

OrderParts = tuple[OrderRecord, tuple[FillRecord, ...]]
RECONCILIATION_TAG = "RECONCILIATION"
"""The engine's own mark on an order that it invented to explain a position."""


class CacheReader:
    """Read one account's records from the cache of a node.

    Closed orders are read once and remembered by their last event, since a node keeps tens of thousands of them and a
    look every few seconds must not pay for them again.

    Parameters
    ----------
    cache : Cache
        The node's cache.
    account_id : AccountId
        The account.
    in_scope : Callable[[str], bool]
        Whether an instrument takes part.
    """

    def __init__(self, cache: Any, account_id: Any, in_scope: Callable[[str], bool]) -> None:
        self._cache = cache
        self._account_id = account_id
        self._in_scope = in_scope
        self._closed: dict[str, tuple[Any, OrderParts]] = {}
        self._held: dict[str, list[tuple[Any, FillRecord]]] = {}

    def read_alive(self, now_ns: int) -> NodeSnapshot:
        """Read what is alive (open and in-flight orders with their fills, open positions) without a pause."""
        orders = {order.client_order_id: order for order in self._cache.orders_open()}
        orders |= {order.client_order_id: order for order in self._cache.orders_inflight()}
        parts = [self._order_parts(order) for order in orders.values() if self._wanted(order)]
        now = KindCoverage(asked=Window(0, now_ns), got=Window(0, now_ns))
        coverage = Coverage(orders_open=now, positions=now)
        return self._snapshot(parts, self._positions(self._cache.positions_open()), now_ns, None, coverage)

    async def read_all(self, now_ns: int, known_from_ns: int | None) -> NodeSnapshot:
        """Read everything, in slices; what the stream changes meanwhile is seen by the next look."""
        parts: list[OrderParts] = []

        def read(order: Any) -> None:
            if self._wanted(order):
                parts.append(self._remembered(order))

        await in_slices(self._cache.orders(), read)
        positions: list[PositionRecord] = []

        def read_position(position: Any) -> None:
            if self._wanted(position):
                positions.append(self._position(position))

        await in_slices(self._cache.positions(), read_position)
        self._forget_purged()
        return await off_loop(2 * len(parts), lambda: self._snapshot(parts, positions, now_ns, known_from_ns))

    def read_all_now(self, now_ns: int, known_from_ns: int | None) -> NodeSnapshot:
        """Read everything without a pause: the whole is of one instant."""
        parts = [self._remembered(order) for order in self._cache.orders() if self._wanted(order)]
        self._forget_purged()
        return self._snapshot(parts, self._positions(self._cache.positions()), now_ns, known_from_ns)

    def size(self) -> int:
        """Return how many orders a whole reading would visit."""
        return len(self._cache.client_order_ids())

    def holds(self) -> tuple[bool, bool]:
        """Return whether there are open orders, and whether there are open positions; no record is made."""
        orders = any(self._wanted(order) for order in self._cache.orders_open())
        return orders, any(self._wanted(position) for position in self._cache.positions_open())

    def _wanted(self, order: Any) -> bool:
        if order.account_id is not None and order.account_id != self._account_id:
            return False
        return self._in_scope(order.instrument_id.value)

    def _remembered(self, order: Any) -> OrderParts:
        name = order.client_order_id.value
        held = self._closed.get(name)
        last_event_id = order.last_event.id
        if held is not None and held[0] == last_event_id:
            return held[1]
        parts = self._order_parts(order)
        if order.is_closed:
            self._closed[name] = (last_event_id, parts)
        return parts

    def _forget_purged(self) -> None:
        """Keep no more closed orders than the cache has: it purges, and so must we."""
        ids = self._cache.client_order_ids()
        if len(self._closed) > len(ids):
            known = {client_order_id.value for client_order_id in ids}
            self._closed = {name: held for name, held in self._closed.items() if name in known}

    def _snapshot(
        self,
        parts: list[OrderParts],
        positions: list[PositionRecord],
        now_ns: int,
        known_from_ns: int | None,
        coverage: Coverage | None = None,
    ) -> NodeSnapshot:
        return NodeSnapshot(
            account_id=self._account_id.value,
            started_ns=now_ns,
            ended_ns=now_ns,
            orders=tuple(order for order, _ in parts),
            fills=tuple(fill for _, fills in parts for fill in fills),
            positions=tuple(positions),
            coverage=coverage or Coverage.full(now_ns),
            known_from_ns=known_from_ns,
        )

    def _positions(self, positions: list[Any]) -> list[PositionRecord]:
        return [self._position(position) for position in positions if self._wanted(position)]

    def _position(self, position: Any) -> PositionRecord:
        """Return a position's record; only the fills that are new since the last reading are converted."""
        events = position.events
        held = self._held.setdefault(position.id.value, [])
        if len(held) > len(events) or (held and held[-1][0] != events[len(held) - 1].id):
            held.clear()  # another life cycle, or another order of the same fills
        held += [(event.id, fill_record(event)) for event in events[len(held) :]]
        if not position.is_open:
            self._held.pop(position.id.value)
        return position_record(position, tuple(fill for _, fill in held))

    def _order_parts(self, order: Any) -> OrderParts:
        events = order.events
        tags = order.tags or ()
        invented = RECONCILIATION_TAG in tags
        fills = tuple(fill_record(event, synthetic=invented) for event in events if isinstance(event, OrderFilled))
        submitted_ns = next((event.ts_init for event in events if isinstance(event, OrderSubmitted)), 0)
        position_id = order.position_id
        price = order.price if order.has_price else None
        trigger_price = order.trigger_price if order.has_trigger_price else None
        filled = order.filled_qty.as_decimal()
        record = OrderRecord(
            instrument_id=order.instrument_id.value,
            side=ORDER_SIDES[int(order.side)],
            status=ORDER_STATUSES[int(order.status)],
            quantity=order.quantity.as_decimal(),
            filled_quantity=filled,
            client_order_id=order.client_order_id.value,
            venue_order_id=None if order.venue_order_id is None else order.venue_order_id.value,
            order_type=ORDER_TYPES[int(order.order_type)],
            price=None if price is None else price.as_decimal(),
            trigger_price=None if trigger_price is None else trigger_price.as_decimal(),
            average_price=average_price(fills) if filled else None,
            time_in_force=TIMES_IN_FORCE[int(order.time_in_force)],
            reduce_only=bool(order.is_reduce_only),
            post_only=bool(order.is_post_only),
            leg=leg_of(position_id),
            accepted_ns=int(order.ts_accepted),
            updated_ns=int(order.ts_last),
            submitted_ns=int(submitted_ns or order.ts_init),
            owner=order.strategy_id.value,
            contingent_ids=tuple(one.value for one in order.linked_order_ids or ()),
        )
        return record, fills


def average_price(fills: tuple[FillRecord, ...]) -> Decimal | None:
    """Return the exact average price of fills: the engine's own is a binary fraction."""
    quantity = sum((fill.quantity for fill in fills), Decimal(0))
    if not quantity:
        return None
    return sum((fill.quantity * fill.price for fill in fills), Decimal(0)) / quantity


def fill_record(event: Any, *, synthetic: bool = False) -> FillRecord:
    """Return the record of an ``OrderFilled``."""
    commission = event.commission
    trade_id = event.trade_id.value
    return FillRecord(
        trade_id=trade_id,
        instrument_id=event.instrument_id.value,
        side=ORDER_SIDES[int(event.order_side)],
        quantity=event.last_qty.as_decimal(),
        price=event.last_px.as_decimal(),
        time_ns=int(event.ts_event),
        venue_order_id=None if event.venue_order_id is None else event.venue_order_id.value,
        client_order_id=event.client_order_id.value,
        commission=Decimal(0) if commission is None else commission.as_decimal(),
        commission_currency="" if commission is None else commission.currency.code,
        liquidity=LIQUIDITY_SIDES[int(event.liquidity_side)],
        leg=leg_of(event.position_id),
        synthetic=synthetic or is_opening_trade_id(trade_id),
    )


def position_record(position: Any, fills: tuple[FillRecord, ...]) -> PositionRecord:
    """Return the record of a ``Position`` with the fills that it holds itself."""
    leg = leg_of(position.id)
    quantity = position.signed_decimal_qty()
    return PositionRecord(
        instrument_id=position.instrument_id.value,
        quantity=quantity,
        leg=leg,
        average_price=Decimal(repr(position.avg_px_open)) if quantity else None,
        owner=position.strategy_id.value,
        position_id=position.id.value,
        opened_ns=int(position.ts_opened),
        updated_ns=int(position.ts_last),
        fills=fills,
        adjusted=bool(getattr(position, "adjustments", None)),
    )
