"""Give what nobody owns on an instrument to the strategy that claims it, in one 1.x node.

The engine fixes the owner of an order and of a position when it makes them. So each is purged and made anew from its
own events, with the owner alone changed: quantities, prices, commissions and times are the same objects of the same
fills, and the account's totals are what they were. No event of the node happens meanwhile: at a start it is done
without a pause, and while the node trades in slices, with what the venue says held back (`trueup.node.v1.holding`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId, PositionId, StrategyId
from nautilus_trader.model.orders import OrderUnpacker
from nautilus_trader.model.position import Position

from trueup.core.owners import EXTERNAL_OWNER, Owner
from trueup.model.enums import Leg
from trueup.model.identifiers import leg_of
from trueup.node.v1.accounts import is_of
from trueup.node.v1.repair import Repairs

_logger = logging.getLogger("trueup.node")

EXTERNAL = StrategyId(EXTERNAL_OWNER)
PIECE_NAMES = 50
"""Orders whose sender is looked up between two turns: a few hundred microseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Hold what got another owner: the orders and positions as they are now, the open ones alone."""

    instrument_id: str
    owner: str
    orders: tuple[Any, ...] = ()
    positions: tuple[Any, ...] = ()
    problem: str = ""

    @property
    def line(self) -> str:
        """Return in words what moved."""
        if self.problem:
            return f"{self.instrument_id}: not moved to {self.owner}: {self.problem}"
        held = [f"{len(self.orders)} open orders"] if self.orders else []
        held += [f"the position {one.signed_decimal_qty():+}" for one in self.positions]
        return f"{self.instrument_id}: {' and '.join(held)} moved from {EXTERNAL_OWNER} to {self.owner}"


@dataclass(frozen=True, slots=True)
class _Held:
    """What nobody owns on an instrument: orders that are open or behind the position, and the position."""

    instrument_id: InstrumentId
    orders: tuple[Any, ...]
    positions: tuple[Any, ...]


class OwnerMover:
    """Move what nobody owns, on one account of one node.

    Parameters
    ----------
    cache : Cache
        The node's cache.
    client : LiveExecutionClient
        Of the account.
    repairs : Repairs
        What purges, and what writes down what is about to be purged.
    oms_of : Callable[[str], OmsType]
        How the engine nets what a strategy fills.
    on_moved : Callable[[], None]
        Called when positions were made anew: whoever keeps figures of them must count again.
    own_of : Callable[[str], Owner or None]
        Whose an order was that this node sent, by its records or its name; None where nothing says that it did.
    """

    def __init__(
        self,
        cache: Any,
        client: Any,
        repairs: Repairs,
        oms_of: Callable[[str], OmsType],
        on_moved: Callable[[], None],
        own_of: Callable[[str], Owner | None],
    ) -> None:
        self._cache = cache
        self._client = client
        self._repairs = repairs
        self._oms_of = oms_of
        self._on_moved = on_moved
        self._own_of = own_of

    def instruments(self) -> frozenset[str]:
        """Return the instruments on which something that is alive belongs to nobody."""
        alive = (*self._open_orders(None), *self._open_positions(None))
        return frozenset(one.instrument_id.value for one in alive)

    def rightful(self, instrument_id: str, claimant: str | None) -> str | None:
        """Return whose is what nobody owns on an instrument: the strategy's that sent all of it, else the claimant's.

        An order can be the node's own and be nobody's: it was lost while its strategy was not in the node, or in a life
        in which the engine alone decided. A claim is about what was made outside the node, so it comes second.
        """
        senders = {None if own is None else own.name for own in self._senders(instrument_id).values()}
        only = senders.pop() if len(senders) == 1 else None
        return only or claimant

    def obstacle(self, instrument_id: str, owner: str) -> str:
        """Return why what nobody owns on an instrument cannot be given to a strategy; empty if it can.

        Where nothing is to be moved there is no obstacle.
        """
        found: list[str] = []
        for _ in self.examining(instrument_id, owner, found):
            pass
        return "; ".join(found)

    def examining(self, instrument_id: str, owner: str, found: list[str]) -> Iterator[None]:
        """Add to `found` what `obstacle` would return, if there is any; each turn is a piece of the work."""
        names = self._names(instrument_id)
        yield
        for number, name in enumerate(sorted(names)):
            own = self._own_of(name)
            if own is not None and own.name != owner:
                found.append(f"order {name} is {own.name}'s own: {own.why}")
                return
            if number % PIECE_NAMES == 0:
                yield
        if obstacle := self._obstacle(instrument_id, owner):
            found.append(obstacle)

    def _obstacle(self, instrument_id: str, owner: str) -> str:
        instrument = InstrumentId.from_str(instrument_id)
        mine = self._open_positions(instrument)
        orders = self._open_orders(instrument)
        if not mine and not orders:
            return ""
        one_way = {f"{instrument}-{EXTERNAL}", instrument_id, f"{instrument_id}-{Leg.BOTH}"}
        named = [*(one.id for one in mine), *filter(None, map(self._position_of, orders))]
        legs = [one for one in named if _is_leg(one, instrument)]
        for one in named:
            if one.value not in one_way and one not in legs:
                return (
                    f"{one} is the position of one order alone, since the client gives the engine no position ids "
                    "(use_position_ids = false), and several cannot be made one without inventing trades"
                )
        if legs and self._oms_of(owner) != OmsType.HEDGING:
            return f"{legs[0]} is a leg of hedge mode, and {owner} would net both legs into one position (NETTING)"
        waiting = [order for order in orders if order.is_inflight]
        if waiting:
            return f"order {waiting[0].client_order_id} waits for the venue's answer"
        if not mine:
            return ""
        # A leg is a position of its own name: whoever holds the other one shares nothing with it.
        others = [] if legs else self._others(instrument)
        if others:
            held = ", ".join(f"{one.strategy_id} {one.signed_decimal_qty():+}" for one in others)
            whose = "the strategy" if others[0].strategy_id.value == owner else "another strategy"
            return (
                f"{whose} already holds a position there ({held}) beside {EXTERNAL_OWNER}'s "
                f"{mine[0].signed_decimal_qty():+}, and two cannot be made one without inventing a trade"
            )
        return ""

    def move(self, instrument_ids: Iterable[str], owner: str) -> list[Moved]:
        """Give what nobody owns on some instruments to a strategy; at once, without a pause.

        What fails on one instrument is said in its `Moved.problem`, and does not keep the others. The next look tells
        what differs there, and heals it.
        """
        moved: list[Moved] = []
        for _ in self.moving(instrument_ids, owner, moved):
            pass
        return moved

    def moving(self, instrument_ids: Iterable[str], owner: str, moved: list[Moved]) -> Iterator[None]:
        """Do what `move` does, and add to `moved` what it returns; each turn is a piece of the work.

        An order is a piece, and a position with the orders that made it. Between the pieces nothing but this may change
        what nobody owns.
        """
        held = []
        for name in instrument_ids:
            held.append(self._held(InstrumentId.from_str(name)))
            yield
        orders = [order for one in held for order in one.orders]
        yield from self._repairs.beginning("claim", orders, {order.client_order_id.value: owner for order in orders})
        for one in held:
            try:
                yield from self._moving(one, owner, moved)
            except Exception as error:
                _logger.exception("what nobody owns on %s could not be moved", one.instrument_id)
                problem = f"{type(error).__name__}: {error}"
                moved.append(Moved(instrument_id=one.instrument_id.value, owner=owner, problem=problem))
        self._on_moved()

    def _senders(self, instrument_id: str) -> dict[str, Owner | None]:
        """Return the orders that nobody owns, alive or behind the position, and which strategy had sent each."""
        return {name: self._own_of(name) for name in self._names(instrument_id)}

    def _names(self, instrument_id: str) -> set[str]:
        held = self._held(InstrumentId.from_str(instrument_id))
        names = {order.client_order_id.value for order in held.orders}
        return names | {event.client_order_id.value for one in held.positions for event in one.events}

    def _held(self, instrument_id: InstrumentId) -> _Held:
        positions = self._open_positions(instrument_id)
        names = {event.client_order_id for one in positions for event in one.events}
        past = [order for name in names if (order := self._cache.order(name)) is not None and order.is_closed]
        orders = [*self._open_orders(instrument_id), *(one for one in past if one.strategy_id == EXTERNAL)]
        return _Held(instrument_id, tuple(orders), tuple(positions))

    def _moving(self, held: _Held, owner: str, moved: list[Moved]) -> Iterator[None]:
        instrument, positions = held.instrument_id, held.positions
        is_one_way = any(not _is_leg(one.id, instrument) for one in positions)
        if is_one_way and (others := self._others(instrument)):
            raise RuntimeError(f"{others[0].strategy_id} opened a position there meanwhile")  # by an order of a hand
        before = self._total(instrument)
        strategy_id = StrategyId(owner)
        # What fills next gets its position's name from the engine so: by the strategy, or by the venue.
        nets = not positions or self._oms_of(owner) == OmsType.NETTING
        netted = PositionId(f"{instrument}-{owner}")

        def renamed(position_id: Any) -> Any:
            if position_id is None or (nets and not _is_leg(position_id, instrument)):
                return netted
            return position_id

        waiting = [order for order in held.orders if not order.is_closed and not order.filled_qty.as_decimal()]
        behind = [order for order in held.orders if order.is_closed or order.filled_qty.as_decimal()]
        fills = [[_owned(event, strategy_id, renamed) for event in one.events] for one in positions]
        yield
        for position in positions:
            snapshots = self._cache.position_snapshots(position.id)
            self._repairs.purge_position(position.id)
            for snapshot in snapshots:
                self._cache.snapshot_position(snapshot)  # what nobody earned there before stays in the account's sum
        renewed = [self._renew(order, strategy_id, renamed) for order in behind]
        made = [self._open(events, instrument) for events in fills]
        if (after := self._total(instrument)) != before:
            raise RuntimeError(f"the positions were {before} in all, and are {after}")
        for order in waiting:
            yield
            renewed.append(self._renew(order, strategy_id, renamed))
        open_orders = tuple(order for order in renewed if not order.is_closed)
        moved.append(Moved(instrument_id=instrument.value, owner=owner, orders=open_orders, positions=tuple(made)))
        yield

    # -- parts -------------------------------------------------------------------------------------------------------

    def _open_orders(self, instrument_id: InstrumentId | None) -> list[Any]:
        terms = {"instrument_id": instrument_id, "strategy_id": EXTERNAL}
        found = {one.client_order_id: one for one in self._cache.orders_open(**terms)}
        found |= {one.client_order_id: one for one in self._cache.orders_inflight(**terms)}
        return [one for one in found.values() if is_of(self._cache, self._client, one)]

    def _position_of(self, order: Any) -> Any:
        return order.position_id or self._cache.position_id(order.client_order_id)

    def _open_positions(self, instrument_id: InstrumentId | None) -> list[Any]:
        return [one for one in self._positions(instrument_id) if one.strategy_id == EXTERNAL]

    def _positions(self, instrument_id: InstrumentId | None) -> list[Any]:
        held = self._cache.positions_open(instrument_id=instrument_id)
        return [one for one in held if is_of(self._cache, self._client, one)]

    def _others(self, instrument_id: InstrumentId) -> list[Any]:
        return [one for one in self._positions(instrument_id) if one.strategy_id != EXTERNAL]

    def _total(self, instrument_id: InstrumentId) -> Decimal:
        return sum((one.signed_decimal_qty() for one in self._positions(instrument_id)), Decimal(0))

    def _renew(self, order: Any, owner: StrategyId, renamed: Callable[[Any], Any]) -> Any:
        events = [_owned(event, owner, renamed) for event in order.events]
        client_id = self._cache.client_id(order.client_order_id) or self._client.id
        held = self._position_of(order)
        filled = [event.position_id for event in events if isinstance(event, OrderFilled)]
        # An order that has not filled belongs to no position yet, but in hedge mode to a leg.
        position_id = filled[-1] if filled else held if _is_leg(held, order.instrument_id) else None
        self._repairs.purge_order(order)
        renewed = OrderUnpacker.from_init(events[0])
        self._cache.add_order(renewed, position_id, client_id)
        for event in events[1:]:
            renewed.apply(event)
            self._cache.update_order(renewed)  # the store keeps the last event of each update
        return renewed

    def _open(self, fills: list[Any], instrument_id: InstrumentId) -> Any:
        position_id = fills[0].position_id
        earlier = self._cache.position(position_id)
        if earlier is not None:
            self._cache.snapshot_position(earlier)  # closed, as the engine does it when a position opens again
        position = Position(instrument=self._cache.instrument(instrument_id), fill=fills[0])
        oms_type = OmsType.HEDGING if _is_leg(position_id, instrument_id) else OmsType.NETTING
        self._cache.add_position(position, oms_type)
        for fill in fills[1:]:
            position.apply(fill)
            self._cache.update_position(position)
        for fill in fills:
            self._cache.add_position_id(position_id, instrument_id.venue, fill.client_order_id, fill.strategy_id)
        return position


def _owned(event: Any, owner: StrategyId, renamed: Callable[[Any], Any]) -> Any:
    """Return an event of an order as if the order had been a strategy's from the beginning."""
    kind = type(event)
    data = {**kind.to_dict(event), "strategy_id": owner.value}
    if isinstance(event, OrderFilled):
        data["position_id"] = renamed(event.position_id).value
    return kind.from_dict(data)


def _is_leg(position_id: Any, instrument_id: Any) -> bool:
    return position_id is not None and leg_of(position_id.value, instrument_id.value) is not Leg.BOTH
