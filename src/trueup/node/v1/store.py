"""Write to a 1.x node's store what its own writer lost."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from nautilus_trader.cache.database import CacheDatabaseAdapter
from nautilus_trader.model.identifiers import ClientOrderId, PositionId
from nautilus_trader.serialization.serializer import MsgSpecSerializer

from trueup.node.store_watch import Counts
from trueup.node.v1.aside import StoreAside
from trueup.node.v1.whole_writer import WholeWriter
from trueup.store.connection import StoreAddress
from trueup.store.redis_keys import StoreKeys

CANARY_KEY = "trueup-canary"


class V1StoreWriter:
    """Write orders and positions of one node anew: whole, as they are in its cache.

    Accounts and instruments go through the engine's own database adapter, which writes them whole by itself.

    Parameters
    ----------
    node : TradingNode
        A node with a store.
    writer : WholeWriter
        What writes orders and positions.
    aside : StoreAside
        What knows whether a replay could not be written.
    """

    def __init__(self, node: Any, writer: WholeWriter, aside: StoreAside) -> None:
        self._node = node
        self._cache = node.kernel.cache
        self._config = cache_config(node)
        self._writer = writer
        self._aside = aside
        self._adapter: Any = None

    def wake(self) -> None:
        """Make the engine's writer write a canary: its first write after an outage is lost."""
        self._cache.add(CANARY_KEY, str(time.time_ns()).encode())

    def states_kept(self) -> dict[str, int]:
        """Return how many states of each account the cache holds; nothing where the store is not to be purged."""
        engine = self._node._config.exec_engine  # noqa: SLF001 - the node keeps its configuration nowhere else
        if engine is None or not engine.purge_from_database or engine.purge_account_events_interval_mins is None:
            return {}
        return {account.id.value: account.event_count for account in self._cache.accounts()}

    def is_behind(self) -> bool:
        """Return whether the store lacks something though it was never away for long."""
        return self._aside.is_behind

    def leveled(self) -> None:
        """Hear that the store has everything."""
        self._aside.is_behind = False

    def counts(self) -> Counts:
        """Count the events of every order and every position in the cache."""
        return Counts(
            orders={order.client_order_id.value: order.event_count for order in self._cache.orders()},
            positions={position.id.value: position.event_count for position in self._cache.positions()},
        )

    async def rewrite(self, orders: list[str], positions: list[str]) -> None:
        """Write these anew, whole."""
        adapter = self._open()
        for account in self._cache.accounts():
            adapter.update_account(account)
        held = [self._cache.position(PositionId(name)) for name in positions]
        for instrument_id in {position.instrument_id for position in held if position is not None}:
            instrument = self._cache.instrument(instrument_id)
            if instrument is not None:
                adapter.add_instrument(instrument)
        await self._writer.write(
            {ClientOrderId(name): None for name in orders}, {PositionId(name): None for name in positions}
        )

    def close(self) -> None:
        """Let go of the connection."""
        if self._adapter is not None:
            self._adapter.close()
            self._adapter = None

    def _open(self) -> Any:
        if self._adapter is None:
            encoding = msgspec.msgpack if self._config.encoding.lower() == "msgpack" else msgspec.json
            self._adapter = CacheDatabaseAdapter(
                trader_id=self._node.trader_id,
                instance_id=self._node.instance_id,
                serializer=MsgSpecSerializer(
                    encoding=encoding,
                    timestamps_as_str=True,
                    timestamps_as_iso8601=self._config.timestamps_as_iso8601,
                ),
                config=self._config,
            )
        return self._adapter


def cache_config(node: Any) -> Any:
    """Return the settings of a node's cache; None where it was built without any."""
    return node._config.cache  # noqa: SLF001 - the node keeps its configuration nowhere else


def store_of(node: Any) -> tuple[StoreAddress, StoreKeys] | None:
    """Return where a node's store is and how its keys are named; None where it has none."""
    config = cache_config(node)
    database = None if config is None else config.database
    if database is None:
        return None
    address = StoreAddress(
        host=database.host or "127.0.0.1",
        port=database.port or 6379,
        username=database.username,
        password=database.password,
        ssl=bool(database.ssl),
    )
    instance_id = node.instance_id.value if config.use_instance_id else None
    return address, StoreKeys(node.trader_id.value, config.use_trader_prefix, instance_id)
