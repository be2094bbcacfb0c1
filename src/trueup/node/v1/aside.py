"""Set a node's database aside while a long history is replayed, and write then what came of it, whole.

The engine's adapter writes four times for an order and its fill, each write serialized on the event loop and sent as
up to seven commands: 0.34 ms an order (1.231.0), more than all that the engine does besides. Between the cache and the
adapter is put one that notes which orders and positions changed and passes everything else on. At the end these are
written in the form that the adapter would have given them, some instruments in one transaction (`trueup.store.bulk`).

A kill before a transaction leaves of its instruments what the store had before the replay, which the next start makes
true as it makes every cold start true. No order stands in the store without the position that it filled.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from nautilus_trader.cache.facade import CacheDatabaseFacade
from nautilus_trader.model.identifiers import ClientOrderId, PositionId

from trueup.errors import TrueupError
from trueup.node.v1.names import DATABASE_PLACE_NAMES
from trueup.node.v1.whole_writer import WholeWriter

_logger = logging.getLogger("trueup.node")

ROUNDS_MAX: Final = 5
"""Rounds of writing what changed while the round before was written: nothing trades yet, so one is normal."""


class NotingDatabase(CacheDatabaseFacade):
    """Stand before a database adapter: note changed orders and positions, pass everything else on.

    Parameters
    ----------
    adapter : CacheDatabaseAdapter
        The node's.
    """

    def __init__(self, adapter: Any) -> None:
        super().__init__()
        self.adapter = adapter
        self.orders: dict[ClientOrderId, None] = {}
        self.positions: dict[PositionId, None] = {}
        self.deleted: list[ClientOrderId | PositionId] = []

    def add_order(self, order: Any, position_id: Any = None, client_id: Any = None) -> None:
        """Note an order; who it belongs to is in the cache's own index."""
        self.orders[order.client_order_id] = None

    def update_order(self, order: Any) -> None:
        """Note an order."""
        self.orders[order.client_order_id] = None

    def index_venue_order_id(self, client_order_id: Any, venue_order_id: Any) -> None:
        """Note an order."""
        self.orders[client_order_id] = None

    def index_order_position(self, client_order_id: Any, position_id: Any) -> None:
        """Note an order."""
        self.orders[client_order_id] = None

    def add_position(self, position: Any) -> None:
        """Note a position."""
        self.positions[position.id] = None

    def update_position(self, position: Any) -> None:
        """Note a position."""
        self.positions[position.id] = None

    def delete_order(self, client_order_id: Any) -> None:
        """Forget an order, and pass it on."""
        self.orders.pop(client_order_id, None)
        self.deleted.append(client_order_id)
        self.adapter.delete_order(client_order_id)

    def delete_position(self, position_id: Any) -> None:
        """Forget a position, and pass it on."""
        self.positions.pop(position_id, None)
        self.deleted.append(position_id)
        self.adapter.delete_position(position_id)


def _passed_on(name: str) -> Any:
    def pass_on(self: NotingDatabase, *args: Any, **kwargs: Any) -> Any:
        return getattr(self.adapter, name)(*args, **kwargs)

    pass_on.__name__ = name
    return pass_on


for _name in (name for name in dir(CacheDatabaseFacade) if not name.startswith("_")):
    if _name not in vars(NotingDatabase):
        setattr(NotingDatabase, _name, _passed_on(_name))


class DatabaseSlot:
    """The place of the database in a cache: readable and writable by the means with which the cache is pickled.

    Nothing is copied: what is read is the cache's own dicts and sets, and they are put back as they are.

    Parameters
    ----------
    cache : Cache
        Of a node.
    """

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def get(self) -> Any:
        """Return the cache's database; None where it has none, or its place cannot be told."""
        state = self._state()
        places = [value for value in state if isinstance(value, CacheDatabaseFacade)]
        return places[0] if len(places) == 1 else None

    def swap(self, old: Any, new: Any) -> bool:
        """Put one database where another is; return whether it is there, and everything else as it was."""
        before = self._state()
        if sum(value is old for value in before) != 1:
            return False
        self._cache.__setstate_cython__(tuple(new if value is old else value for value in before))
        after = self._state()
        return len(after) == len(before) and all(
            b is (new if a is old else a) or (type(a) is type(b) and isinstance(a, int | float) and a == b)
            for a, b in zip(before, after, strict=True)
        )

    def _state(self) -> tuple[Any, ...]:
        if not all(hasattr(self._cache, name) for name in DATABASE_PLACE_NAMES):
            return ()
        parts = self._cache.__reduce_cython__()
        state = parts[2] if len(parts) > 2 else parts[1][2]
        return state if isinstance(state, tuple) else ()


class StoreAside:
    """Set one node's store aside during long replays, and bring it level at their end.

    Parameters
    ----------
    cache : Cache
        The node's.
    writer : WholeWriter
        What writes it whole.
    """

    def __init__(self, cache: Any, writer: WholeWriter) -> None:
        self._cache = cache
        self._writer = writer
        self._slot = DatabaseSlot(cache)
        self._noting: NotingDatabase | None = None
        self._held = 0
        self.is_behind = False
        """Whether something could not be written, and the store lacks it."""

    @property
    def is_aside(self) -> bool:
        """Return whether the engine's writes are held back now."""
        return self._noting is not None

    @asynccontextmanager
    async def during_replay(self) -> AsyncIterator[None]:
        """Hold back what the engine writes; of several replays at once (accounts) the last to end writes it."""
        if not self._held:
            self._set_aside()
        self._held += 1
        try:
            yield
            if self._held == 1 and self._noting is not None:
                await self._write(self._noting)
        finally:
            self._held -= 1
            if not self._held:
                self._put_back()

    def _set_aside(self) -> None:
        adapter = self._slot.get()
        if adapter is None or isinstance(adapter, NotingDatabase):
            return
        noting = NotingDatabase(adapter)
        if self._slot.swap(adapter, noting):
            self._noting = noting
        else:
            self._slot.swap(noting, adapter)

    def _put_back(self) -> None:
        noting, self._noting = self._noting, None
        if noting is None:
            return
        if not self._slot.swap(noting, noting.adapter):
            _logger.error("the node's database could not be put back: what changes from now on is not stored")
        self.is_behind = self.is_behind or bool(noting.orders or noting.positions)

    async def _write(self, noting: NotingDatabase) -> None:
        began, written = time.monotonic(), 0
        noting.deleted = []
        try:
            for _ in range(ROUNDS_MAX):
                if not (noting.orders or noting.positions):
                    break
                written += await self._round(noting)
        except (TrueupError, OSError) as error:
            _logger.error("what was replayed could not be written to the store: %s", error)
            return
        finally:
            # What was deleted while it was written may have been written after it was deleted.
            for name in noting.deleted:
                if isinstance(name, PositionId):
                    if self._cache.position(name) is None:
                        noting.adapter.delete_position(name)
                elif self._cache.order(name) is None:
                    noting.adapter.delete_order(name)
        _logger.info("%d orders and positions written in %.1f s", written, time.monotonic() - began)

    async def _round(self, noting: NotingDatabase) -> int:
        """Write what is noted; what could not be written is noted again."""
        orders, positions = noting.orders, noting.positions
        noting.orders, noting.positions = {}, {}
        try:
            return await self._writer.write(orders, positions, behind=noting.adapter)
        finally:
            noting.orders |= orders
            noting.positions |= positions
