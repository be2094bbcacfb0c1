"""Read the node's own state from its cache, as the model's records."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from nautilus_trader.model.events import OrderFilled

from trueup.model.balances import BalanceRecord
from trueup.model.coverage import Coverage, KindCoverage, Window
from trueup.model.fills import FillRecord
from trueup.model.identifiers import leg_of, only_account_of
from trueup.model.positions import PositionRecord
from trueup.model.snapshots import NodeSnapshot
from trueup.node.binding import Needed
from trueup.node.pacing import in_slices, let_go, off_loop
from trueup.node.v1.engine_records import OrderParts, fill_record, order_parts, position_record, text_of
from trueup.node.v1.needed import has_moved, is_needed
from trueup.node.v1.remembered import RememberedOrders
from trueup.venues.values import instrument_name


@dataclass(slots=True)
class HeldFills:
    """Hold the records of the fills that a position holds, as far as they were read, and the last one's event."""

    fills: list[FillRecord] = field(default_factory=list)
    last_event: Any = None


SHARED_FILLS_MAX = 8
"""An order of more fills is not searched for the one that a position holds, too: its record is made again."""


class CacheReader:
    """Read one account's records from the cache of a node.

    Orders are read once and remembered by their last event (`RememberedOrders`): a node keeps thousands of open ones
    and tens of thousands of closed ones, and a look every few seconds must not pay for them again. 5,000 open orders in
    one piece, on a busy machine: 130 to 190 ms when read anew, 31 to 55 ms so; more than 1,000 are read in slices.

    Parameters
    ----------
    cache : Cache
        The node's cache.
    account_id : AccountId
        The account.
    in_scope : Callable[[str], bool]
        Whether an instrument takes part.
    client_id : ClientId, optional
        The account's execution client: an order names no account before it is sent, but the client that it was given.
    """

    def __init__(
        self, cache: Any, account_id: Any, in_scope: Callable[[str], bool], client_id: Any | None = None
    ) -> None:
        self._cache = cache
        self._client_id = client_id
        self._account_id = account_id
        self._in_scope = in_scope
        self._orders_read = RememberedOrders()
        self._held: dict[str, HeldFills] = {}
        self._only: dict[tuple[str, int], bool] = {}

    def read_alive(self, now_ns: int) -> NodeSnapshot:
        """Read what is alive (open and in-flight orders with their fills, open positions) without a pause."""
        parts = [self._remembered(order) for order in self._orders(self._alive_ids()) if self._wanted(order)]
        positions = self._positions(self._cache.positions_open())
        return self._snapshot(parts, positions, (), now_ns, None, _now_alone(now_ns))

    async def read_alive_in_slices(self, now_ns: int) -> NodeSnapshot:
        """Read the same in slices; the caller makes sure that nothing changed meanwhile."""
        parts: list[OrderParts] = []

        def read(order: Any) -> None:
            if self._wanted(order):
                parts.append(self._remembered(order))

        await in_slices(self._orders(self._alive_ids()), read)
        positions: list[PositionRecord] = []

        def read_position(position: Any) -> None:
            if self._wanted(position):
                positions.append(self._position(position))

        await in_slices(self._cache.positions_open(), read_position)
        coverage = _now_alone(now_ns)
        return await off_loop(len(parts), lambda: self._snapshot(parts, positions, (), now_ns, None, coverage))

    def alive(self) -> int:
        """Return how many orders a reading of what is alive would visit."""
        return len(self._alive_ids())

    def _alive_ids(self) -> set[Any]:
        alive: set[Any] = self._cache.client_order_ids_open() | self._cache.client_order_ids_inflight()
        return alive

    async def read_all(self, now_ns: int, known_from_ns: int | None, needed: Needed | None = None) -> NodeSnapshot:
        """Read everything, or what is needed, in slices; what the stream changes meanwhile the next look sees."""
        await let_go([self._orders_read.begin_reading()])
        parts: list[OrderParts] = []

        def read(order: Any) -> None:
            if (needed is None or is_needed(order, needed)) and self._wanted(order):
                parts.append(self._remembered(order))

        await in_slices(self._orders(self._cache.client_order_ids()), read)
        positions: list[PositionRecord] = []

        for position in self._cache.positions():
            if not self._wanted(position):
                continue
            if needed is not None and not has_moved(position, needed):
                positions.append(position_record(position, ()))
            else:
                await in_slices(*self._unread_fills(position))  # tens of thousands, of one that was never flat
                positions.append(self._position(position))
            await asyncio.sleep(0)
        self._forget_purged_positions()
        balances = self._balances()
        return await off_loop(2 * len(parts), lambda: self._snapshot(parts, positions, balances, now_ns, known_from_ns))

    def read_all_now(self, now_ns: int, known_from_ns: int | None) -> NodeSnapshot:
        """Read everything without a pause: the whole is of one instant."""
        self._orders_read.begin_reading()
        ids = self._cache.client_order_ids()
        parts = [self._remembered(order) for order in self._orders(ids) if self._wanted(order)]
        self._forget_purged_positions()
        positions = self._positions(self._cache.positions())
        return self._snapshot(parts, positions, self._balances(), now_ns, known_from_ns)

    def size(self) -> int:
        """Return how many orders a whole reading would visit."""
        return len(self._cache.client_order_ids())

    def holds(self) -> tuple[bool, bool]:
        """Return whether there are open orders, and whether there are open positions; no record is made."""
        orders = any(self._wanted(order) for order in self._orders(self._cache.client_order_ids_open()))
        return orders, any(self._wanted(position) for position in self._cache.positions_open())

    def _orders(self, ids: Iterable[Any]) -> Iterator[Any]:
        """Yield orders one by one: the cache's own list is sorted in one piece (51,000 orders hold the loop 60 ms).

        The cache hands out its own index, and a timer's thread changes it at any time: the engine's purge, a strategy
        that submits (1.231.0). So the names are copied first, which no thread can interrupt.
        """
        for client_order_id in list(ids):
            order = self._cache.order(client_order_id)
            if order is not None:
                yield order

    def _wanted(self, record: Any) -> bool:
        """Return whether an order or a position is the account's, and its instrument takes part."""
        instrument_id = instrument_name(record.instrument_id)
        if record.account_id is not None:
            is_ours = record.account_id == self._account_id
        elif (given := self._given_to(record)) is not None:
            is_ours = given == self._client_id
        else:
            is_ours = self._is_only_account(instrument_id)
        return is_ours and self._in_scope(instrument_id)

    def _is_only_account(self, instrument_id: str) -> bool:
        """Return whether what names no account on an instrument can only be this account's."""
        accounts = self._cache.accounts()
        key = (instrument_id, len(accounts))  # an account comes, and none goes
        found = self._only.get(key)
        if found is None:
            names = {self._account_id.value, *(account.id.value for account in accounts)}
            found = self._only[key] = only_account_of(instrument_id, names) == self._account_id.value
        return found

    def _given_to(self, record: Any) -> Any | None:
        """Return the client that an unsent order was explicitly given to; None where the venue decides."""
        return None if self._client_id is None else self._cache.client_id(record.client_order_id)

    def _remembered(self, order: Any) -> OrderParts:
        name = order.client_order_id.value
        last_event_id = order.last_event.id
        parts = self._orders_read.get(name, last_event_id)
        if parts is None:
            parts = order_parts(order, order.position_id or self._cache.position_id(order.client_order_id))
            self._orders_read.keep(name, last_event_id, parts)
        return parts

    def forget(self) -> None:
        """Forget what was read: orders and positions got another owner, and kept their events."""
        self._orders_read.clear()
        self._held.clear()

    def _forget_purged_positions(self) -> None:
        """Keep no more positions than the cache has: it purges, and so must this reader."""
        position_ids = list(self._cache.position_ids())
        if len(self._held) > len(position_ids):
            known = {position_id.value for position_id in position_ids}
            self._held = {name: held for name, held in self._held.items() if name in known}

    def _snapshot(
        self,
        parts: list[OrderParts],
        positions: list[PositionRecord],
        balances: tuple[BalanceRecord, ...],
        now_ns: int,
        known_from_ns: int | None,
        coverage: Coverage | None = None,
    ) -> NodeSnapshot:
        return NodeSnapshot(
            account_id=self._account_id.value,
            started_ns=now_ns,
            ended_ns=now_ns,
            orders=tuple(one.record for one in parts),
            fills=tuple(fill for one in parts for fill in one.fills),
            positions=tuple(positions),
            balances=balances,
            coverage=coverage or Coverage.full(now_ns),
            known_from_ns=known_from_ns,
            venue_ids=tuple(
                (one.record.instrument_id, former, one.record.name)
                for one in parts
                for former in one.former_venue_order_ids
            ),
        )

    def _balances(self) -> tuple[BalanceRecord, ...]:
        account = self._cache.account(self._account_id)
        if account is None:
            return ()
        records = [
            BalanceRecord(
                currency=balance.currency.code,
                total=balance.total.as_decimal(),
                locked=balance.locked.as_decimal(),
                free=balance.free.as_decimal(),
            )
            for balance in account.balances().values()
        ]
        return tuple(sorted(records, key=lambda record: record.currency))

    def _positions(self, positions: list[Any]) -> list[PositionRecord]:
        return [self._position(position) for position in positions if self._wanted(position)]

    def _position(self, position: Any) -> PositionRecord:
        """Return a position's record; only the fills that are new since the last reading are converted."""
        events, read = self._unread_fills(position)
        for event in events:
            read(event)
        return position_record(position, tuple(self._held[position.id.value].fills))

    def _unread_fills(self, position: Any) -> tuple[list[Any], Callable[[Any], None]]:
        """Return the events of a position's fills that were not read yet, and what reads one."""
        events = position.events
        held = self._held.setdefault(position.id.value, HeldFills())
        count = len(held.fills)
        if count > len(events) or (count and held.last_event.id != events[count - 1].id):
            held.fills.clear()  # another life cycle, or another order of the same fills

        def read(event: Any) -> None:
            held.fills.append(self._position_fill(event))
            held.last_event = event

        return events[len(held.fills) :], read

    def _position_fill(self, event: Any) -> FillRecord:
        """Return the record of a fill that a position holds, with the mark that it carries in its order.

        A fill that flips a position loses its reconciliation flag in the split (1.231.0), so the order's word counts.
        """
        shared = self._shared(event)
        if shared is not None:
            return shared
        order = self._cache.order(event.client_order_id)
        if order is None:
            return fill_record(event)

        def is_reconciled() -> bool:
            own = (one for one in order.events if isinstance(one, OrderFilled) and one.trade_id == event.trade_id)
            return any(one.reconciliation for one in own)

        return fill_record(event, tags=order.tags or (), is_reconciled=is_reconciled)

    def _shared(self, event: Any) -> FillRecord | None:
        """Return the record that the fill's order has of the very event: a second one of 50,000 would cost 30 MB."""
        parts = self._orders_read.last(event.client_order_id.value)
        if parts is None or len(parts.fills) > SHARED_FILLS_MAX:
            return None
        for one, fill in zip(parts.fill_events, parts.fills, strict=True):
            if one is event or (one.id == event.id and one.last_qty == event.last_qty):
                leg = leg_of(text_of(event.position_id), fill.instrument_id)
                return fill if fill.leg is leg else None
        return None


def _now_alone(now_ns: int) -> Coverage:
    """Return the coverage of a reading of what is alive."""
    now = KindCoverage(asked=Window(0, now_ns), got=Window(0, now_ns))
    return Coverage(orders_open=now, positions=now)
