"""Write orders and positions of a 1.x node's cache into its store, whole, some instruments in one transaction."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from nautilus_trader.model.identifiers import ClientOrderId, PositionId

from trueup.node.pacing import in_slices
from trueup.node.v1.stored_form import EventEncoder, whole_order, whole_position
from trueup.store.bulk import BulkWriter, WholeOrder, WholePosition
from trueup.store.connection import StoreAddress
from trueup.store.redis_keys import StoreKeys

BARRIER_KEY: Final = "trueup-canary"
BARRIER_SECS_MAX: Final = 30.0
"""The adapter's writer empties its queue of a few thousand commands in under a second."""
BARRIER_POLL_SECS: Final = 0.02
PIECE_ORDERS: Final = 500
"""Orders queued in one go: about 1 MB, and some milliseconds of a thread."""
BATCH_ORDERS: Final = 1_000
"""A transaction takes whole instruments until it has this many orders: what a kill in between leaves is bounded."""

type Names = dict[ClientOrderId, None]
type PositionNames = dict[PositionId, None]


class WholeWriter:
    """Write what one node's cache holds.

    Parameters
    ----------
    cache : Cache
        The node's.
    address : StoreAddress
        Where its store is.
    keys : StoreKeys
        How the node names its keys.
    config : CacheConfig
        The node's.
    """

    def __init__(self, cache: Any, address: StoreAddress, keys: StoreKeys, config: Any) -> None:
        self._cache = cache
        self._address = address
        self._keys = keys
        self._config = config

    async def write(self, orders: Names, positions: PositionNames, behind: Any = None) -> int:
        """Write these, and take from the dicts what is written; return how much that was.

        Parameters
        ----------
        orders, positions : dict
            The names. What the cache has no more comes to nothing.
        behind : CacheDatabaseAdapter, optional
            Wait first until this adapter's own writer, a thread with a queue, has written all that it was given.

        Raises
        ------
        StoreUnavailableError, TimeoutError
            If the store does not take it. What is still in the dicts was not written, or not for certain.
        """
        count = 0
        writer = await asyncio.to_thread(BulkWriter, self._address, self._keys)
        sender = _Sender()
        try:
            if behind is not None:
                await self._barrier(writer, behind)
            encode = EventEncoder(self._config)
            before: tuple[list[ClientOrderId], list[PositionId]] = ([], [])
            async for batch in self._batches(orders, positions):
                # While a batch is taken by the server the next one is rendered; what is sent next waits for it.
                await self._batch(writer, sender, encode, *batch)
                await _taken(before, orders, positions)
                count += len(batch[0]) + len(batch[1])
                before = batch
            await sender.settle()
            await _taken(before, orders, positions)
        finally:
            await sender.stop()
            writer.close()
        return count

    async def _barrier(self, writer: BulkWriter, adapter: Any) -> None:
        token = str(time.time_ns()).encode()
        adapter.add(BARRIER_KEY, token)
        ends = time.monotonic() + BARRIER_SECS_MAX
        while await asyncio.to_thread(writer.get, f"general:{BARRIER_KEY}") != token:
            if time.monotonic() >= ends:
                raise TimeoutError(f"the node's own writer did not write for {BARRIER_SECS_MAX:g} s")
            await asyncio.sleep(BARRIER_POLL_SECS)

    async def _batches(
        self, orders: Names, positions: PositionNames
    ) -> AsyncIterator[tuple[list[ClientOrderId], list[PositionId]]]:
        """Divide into batches, an instrument in one of them."""
        by_instrument: dict[Any, tuple[list[ClientOrderId], list[PositionId]]] = {}

        def place(name: ClientOrderId | PositionId) -> None:
            is_position = isinstance(name, PositionId)
            held = self._cache.position(name) if is_position else self._cache.order(name)
            names = by_instrument.setdefault(None if held is None else held.instrument_id, ([], []))
            names[is_position].append(name)

        await in_slices(list(orders), place)
        await in_slices(list(positions), place)
        batch: tuple[list[ClientOrderId], list[PositionId]] = ([], [])
        for some_orders, some_positions in by_instrument.values():
            batch = (batch[0] + some_orders, batch[1] + some_positions)
            if len(batch[0]) >= BATCH_ORDERS:
                yield batch
                batch = ([], [])
        yield batch

    async def _batch(
        self,
        writer: BulkWriter,
        sender: _Sender,
        encode: EventEncoder,
        orders: list[ClientOrderId],
        positions: list[PositionId],
    ) -> None:
        for first in range(0, len(orders), PIECE_ORDERS):
            piece: list[WholeOrder] = []

            def render(name: ClientOrderId, piece: list[WholeOrder] = piece) -> None:
                order = self._cache.order(name)
                if order is not None:
                    piece.append(whole_order(order, self._cache, encode))

            await in_slices(orders[first : first + PIECE_ORDERS], render)
            await sender.send(writer.queue, piece, ())
        wholes: list[WholePosition] = []
        for position_id in positions:
            position = self._cache.position(position_id)
            if position is not None:
                wholes.append(await whole_position(position, encode))
        encode.forget()
        await sender.send(writer.queue, (), wholes)
        await sender.send(writer.commit)


class _Sender:
    """Send one thing after the other from a thread, at most one at a time, while the loop makes the next."""

    def __init__(self) -> None:
        self._sending: asyncio.Future[None] | None = None

    async def send(self, work: Callable[..., None], *arguments: Any) -> None:
        """Wait until what was sent before is done, and begin with this; raise what became of that."""
        await self.settle()
        self._sending = asyncio.ensure_future(asyncio.to_thread(work, *arguments))

    async def settle(self) -> None:
        """Wait until what was sent is done, and raise what became of it."""
        if self._sending is not None:
            await self._sending

    async def stop(self) -> None:
        """Wait until the thread is done, whatever became of it."""
        if self._sending is not None:
            await asyncio.gather(self._sending, return_exceptions=True)


async def _taken(batch: tuple[list[ClientOrderId], list[PositionId]], orders: Names, positions: PositionNames) -> None:
    """Take from the dicts what the server has confirmed."""
    await in_slices(batch[0], orders.pop)
    await in_slices(batch[1], positions.pop)
