"""One frozen reading of an account: the venue's truth, or the node's state.

Each snapshot builds its indexes once. No index depends on the order in which the records were given: where two
records claim the same name, the later and fuller one is kept and the clash is kept beside it, so that it can be
reported.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from trueup.model.balances import BalanceRecord
from trueup.model.coverage import Coverage
from trueup.model.fills import FillKey, FillRecord
from trueup.model.orders import OrderRecord
from trueup.model.positions import PositionKey, PositionRecord

type VenueOrderKey = tuple[str, str]
"""Instrument and venue order id: venues such as Binance number their orders per instrument."""


type _FillsByOrder = tuple[dict[VenueOrderKey, list[FillRecord]], dict[str, list[FillRecord]]]


def _order_rank(order: OrderRecord) -> tuple[int, object, bool, str]:
    """Rank two readings of one order: the later, the more filled, the closed one wins; the text decides a tie."""
    return (order.updated_ns, order.filled_quantity, order.is_closed, repr(order))


def _index[K, V](
    keyed: Iterable[tuple[K, V]], rank: Callable[[V], object]
) -> tuple[dict[K, V], dict[K, tuple[V, ...]]]:
    """Index values by key; on a clash keep the greatest by ``rank`` and return every different value beside it."""
    index: dict[K, V] = {}
    clashing: dict[K, list[V]] = {}
    for key, value in keyed:
        held = index.setdefault(key, value)
        if held is not value and held != value:
            clashing.setdefault(key, [held]).append(value)
    clashes: dict[K, tuple[V, ...]] = {}
    for key, values in clashing.items():
        # Each value is spelt once, however many share the key.
        different = {repr(one): one for one in values}
        clashes[key] = tuple(different[text] for text in sorted(different))
        index[key] = max(clashes[key], key=rank)  # type: ignore[arg-type]  # ranks are tuples of comparable values
    return index, clashes


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Hold the records of one account and their indexes. Use `VenueSnapshot` or `NodeSnapshot`.

    Parameters
    ----------
    account_id : str
        The account, in the node's spelling, such as ``BINANCE-USDT_FUTURES-master``.
    started_ns, ended_ns : int
        When the reading began and ended. A venue is read by several calls: what happened in between may be half seen.
    orders, fills, positions, balances
        The records, in any order. The indexes hold a fill that names its order by client order id alone under the
        order's number, where the orders tell it.
    coverage : Coverage
        How far the reading reached.

    Notes
    -----
    ``order_clashes`` holds the orders that share a name: under instrument and number, as venues number their orders per
    instrument, or under an empty text and the client order id.
    """

    account_id: str
    started_ns: int
    ended_ns: int
    orders: tuple[OrderRecord, ...] = ()
    fills: tuple[FillRecord, ...] = ()
    positions: tuple[PositionRecord, ...] = ()
    balances: tuple[BalanceRecord, ...] = ()
    coverage: Coverage = field(default_factory=Coverage)

    order_by_client_id: dict[str, OrderRecord] = field(init=False, repr=False, compare=False)
    order_by_venue_id: dict[VenueOrderKey, OrderRecord] = field(init=False, repr=False, compare=False)
    order_clashes: dict[VenueOrderKey, tuple[OrderRecord, ...]] = field(init=False, repr=False, compare=False)
    fill_by_key: dict[FillKey, FillRecord] = field(init=False, repr=False, compare=False)
    fill_clashes: dict[FillKey, tuple[FillRecord, ...]] = field(init=False, repr=False, compare=False)
    positions_by_key: dict[PositionKey, tuple[PositionRecord, ...]] = field(init=False, repr=False, compare=False)
    balance_by_currency: dict[str, BalanceRecord] = field(init=False, repr=False, compare=False)
    _fills_by_order: _FillsByOrder | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        assert self.started_ns <= self.ended_ns, "a reading must not end before it starts"
        self._index_orders()
        self._index_fills()
        by_key: dict[PositionKey, list[PositionRecord]] = {}
        for position in self.positions:
            by_key.setdefault(position.key, []).append(position)
        put = object.__setattr__
        put(self, "positions_by_key", {key: tuple(sorted(held, key=_position_rank)) for key, held in by_key.items()})
        put(self, "balance_by_currency", {balance.currency: balance for balance in self.balances})

    def _index_orders(self) -> None:
        by_client, clashes = _index(
            ((order.client_order_id, order) for order in self.orders if order.client_order_id is not None), _order_rank
        )
        by_venue, venue_clashes = _index(
            (
                ((order.instrument_id, order.venue_order_id), order)
                for order in self.orders
                if order.venue_order_id is not None
            ),
            _order_rank,
        )
        put = object.__setattr__
        put(self, "order_by_client_id", by_client)
        put(self, "order_by_venue_id", by_venue)
        put(self, "order_clashes", {("", name): held for name, held in clashes.items()} | venue_clashes)

    def _index_fills(self) -> None:
        fills = [self._numbered(fill) if fill.venue_order_id is None else fill for fill in self.fills]
        by_key = {fill.key: fill for fill in fills}
        clashes: dict[FillKey, tuple[FillRecord, ...]] = {}
        if len(by_key) < len(fills):
            by_key, clashes = _index(((fill.key, fill) for fill in fills), repr)
        put = object.__setattr__
        put(self, "fill_by_key", by_key)
        put(self, "fill_clashes", clashes)
        put(self, "_fills_by_order", None)

    def _by_order(self) -> _FillsByOrder:
        """Return the fills of each order: under its number, and those without a number under its client order id.

        Made when it is asked for: an audit of equal sides never asks for the node's.
        """
        if self._fills_by_order is not None:
            return self._fills_by_order
        by_venue: dict[VenueOrderKey, list[FillRecord]] = {}
        by_client: dict[str, list[FillRecord]] = {}
        number, instrument_id = "", ""
        same_order: list[FillRecord] = []
        for told in self.fills:
            fill = self._numbered(told) if told.venue_order_id is None else told
            if fill.venue_order_id is None:
                if fill.client_order_id is not None:
                    by_client.setdefault(fill.client_order_id, []).append(fill)
                continue
            if fill.venue_order_id != number or fill.instrument_id != instrument_id:  # an order's follow each other
                number, instrument_id = fill.venue_order_id, fill.instrument_id
                same_order = by_venue.setdefault((instrument_id, number), [])
            same_order.append(fill)
        found = by_venue, by_client
        object.__setattr__(self, "_fills_by_order", found)
        return found

    def _numbered(self, fill: FillRecord) -> FillRecord:
        """Return a fill that names its order by client order id alone with the order's number, where one is listed.

        Else the same fill, told once by either name, would be two.
        """
        name = fill.client_order_id
        if name is None or ("", name) in self.order_clashes:
            return fill
        order = self.order_by_client_id.get(name)
        if order is None or order.venue_order_id is None or order.instrument_id != fill.instrument_id:
            return fill
        return replace(fill, venue_order_id=order.venue_order_id)

    def indexes(self) -> tuple[dict[Any, Any], ...]:
        """Return the indexes that grow with the records, for whoever frees a large snapshot that nobody reads."""
        return (
            self.order_by_client_id,
            self.order_by_venue_id,
            self.fill_by_key,
            *(self._fills_by_order or ()),
        )

    def order_named(
        self, *, client_order_id: str | None, venue_order_id: str | None, instrument_id: str
    ) -> OrderRecord | None:
        """Return the order of that name: by client order id, else by venue order id, else None."""
        if client_order_id is not None:
            found = self.order_by_client_id.get(client_order_id)
            if found is not None:
                return found
        if venue_order_id is not None:
            return self.order_by_venue_id.get((instrument_id, venue_order_id))
        return None

    def fills_of(self, order: OrderRecord) -> tuple[FillRecord, ...]:
        """Return the fills that this snapshot lists for an order, in any order, each trade once."""
        found: list[FillRecord] = []
        by_venue, by_client = self._by_order()
        if order.venue_order_id is not None:
            found += by_venue.get((order.instrument_id, order.venue_order_id), ())
        if order.client_order_id is not None:
            found += by_client.get(order.client_order_id, ())
        if len(found) < 2:
            return tuple(found)
        return tuple({fill.key: self.fill_by_key[fill.key] for fill in found}.values())

    def listed_quantities(self) -> tuple[dict[VenueOrderKey, Decimal], dict[str, Decimal]]:
        """Return the sum of each order's fills, each trade once: by number, by client order id where there is none."""
        is_distinct = len(self.fill_by_key) == len(self.fills)
        by_venue, by_client = self._by_order()
        numbered = {
            key: fills[0].quantity if len(fills) == 1 else self._sum(fills, is_distinct=is_distinct)
            for key, fills in by_venue.items()
        }
        return numbered, {name: self._sum(fills, is_distinct=is_distinct) for name, fills in by_client.items()}

    def _sum(self, fills: list[FillRecord], *, is_distinct: bool) -> Decimal:
        if is_distinct:
            return sum((fill.quantity for fill in fills), Decimal(0))
        kept = {fill.key: self.fill_by_key[fill.key].quantity for fill in fills}
        return sum(kept.values(), Decimal(0))

    def instruments(self) -> frozenset[str]:
        """Return every instrument that a record names."""
        return frozenset(_instruments((self.orders, self.fills, self.positions)))


def _instruments(groups: Iterable[Iterable[OrderRecord | FillRecord | PositionRecord]]) -> Iterable[str]:
    return (record.instrument_id for group in groups for record in group)


def _position_rank(position: PositionRecord) -> tuple[str, str]:
    return (position.owner or "", position.position_id or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueSnapshot(Snapshot):
    """Hold venue truth as it was read.

    Parameters
    ----------
    unknown_orders : frozenset of str
        Orders (client or venue order ids) about which the venue was asked one by one and answered "unknown order". An
        answer, not a failure.
    """

    unknown_orders: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSnapshot(Snapshot):
    """Hold node state as it was read, from the cache in the process or from its store.

    Parameters
    ----------
    known_from_ns : int or None
        Everything that closed at the venue at this time or later is expected in the node: the purge horizon, or the
        start of a node that began cold. 0 expects the whole history. None leaves it open; then only what is alive,
        and what happened after the node's own records of an instrument began, is expected.
    venue_ids : tuple of (str, str, str)
        Former names: (instrument id, venue order id, client order id) pairs that the node's index still knows, beyond
        those in ``orders``.
    """

    known_from_ns: int | None = None
    venue_ids: tuple[tuple[str, str, str], ...] = ()

    def expected_from(self, known_from_ns: int) -> NodeSnapshot:
        """Return the same records under another `known_from_ns`, with the same indexes.

        `dataclasses.replace` would index all records anew: a third of what the looks of a soaked node took.
        """
        twin = copy.copy(self)
        object.__setattr__(twin, "known_from_ns", known_from_ns)
        return twin
