"""Write to a 1.x node's store what its own writer lost."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from nautilus_trader.cache.database import CacheDatabaseAdapter
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.events import OrderInitialized
from nautilus_trader.model.identifiers import ClientOrderId, PositionId
from nautilus_trader.model.orders import OrderUnpacker
from nautilus_trader.model.position import Position
from nautilus_trader.serialization.serializer import MsgSpecSerializer

from trueup.node.ledger import RepairEntry, RepairLedger
from trueup.node.store_watch import Counts
from trueup.store.connection import StoreAddress
from trueup.store.redis_keys import StoreKeys

CANARY_KEY = "trueup-canary"


class V1StoreWriter:
    """Write orders and positions of one node anew, through the engine's own database adapter.

    The adapter writes an object's last event only, so an object is built again from its events and written at each of
    them. The cache's own objects are not touched.

    Parameters
    ----------
    node : TradingNode
        A node with a store.
    ledger : RepairLedger
        Where it is written down first: an object is deleted before it is written anew.
    """

    def __init__(self, node: Any, ledger: RepairLedger) -> None:
        self._node = node
        self._cache = node.kernel.cache
        self._config = node._config.cache  # noqa: SLF001 - the node keeps its configuration nowhere else
        self._ledger = ledger
        self._adapter: Any = None
        self._begun: list[str] = []

    def wake(self) -> None:
        """Make the engine's writer write a canary: its first write after an outage is lost."""
        self._cache.add(CANARY_KEY, str(time.time_ns()).encode())

    def counts(self) -> Counts:
        """Count the events of every order and every position in the cache."""
        return Counts(
            orders={order.client_order_id.value: order.event_count for order in self._cache.orders()},
            positions={position.id.value: position.event_count for position in self._cache.positions()},
        )

    def rewrite(self, orders: list[str], positions: list[str]) -> None:
        """Write these anew, whole."""
        adapter = self._open()
        held = [self._cache.order(ClientOrderId(name)) for name in orders]
        self._note([order for order in held if order is not None])
        for account in self._cache.accounts():
            adapter.update_account(account)
        for name in positions:
            self._rewrite_position(adapter, self._cache.position(PositionId(name)))
        for order in held:
            if order is not None:
                self._rewrite_order(adapter, order)

    def close(self) -> None:
        """Let go of the connection, and of the record of what was rewritten: it is there."""
        if self._adapter is not None:
            self._adapter.close()
            self._adapter = None
        for repair_id in self._begun:
            self._ledger.end(repair_id)
        self._begun.clear()

    def _rewrite_order(self, adapter: Any, order: Any) -> None:
        adapter.delete_order(order.client_order_id)
        events = order.events
        shadow = OrderUnpacker.from_init(events[0])
        adapter.add_order(shadow, order.position_id, self._cache.client_id(order.client_order_id))
        for event in events[1:]:
            shadow.apply(event)
            adapter.update_order(shadow)

    def _rewrite_position(self, adapter: Any, position: Any) -> None:
        instrument = None if position is None else self._cache.instrument(position.instrument_id)
        if instrument is None or not position.events:
            return
        adapter.add_instrument(instrument)
        events = position.events
        shadow = Position(instrument=instrument, fill=events[0])
        adapter.add_position(shadow)  # deletes what was there
        for event in events[1:]:
            shadow.apply(event)
            adapter.update_position(shadow)

    def _note(self, orders: list[Any]) -> None:
        if not orders:
            return
        by_account: dict[str, list[dict[str, Any]]] = {}
        for order in orders:
            client_id = self._cache.client_id(order.client_order_id)
            row = {
                "init": OrderInitialized.to_dict(order.init_event),
                "client_id": None if client_id is None else client_id.value,
                "submitted_ns": 0,
            }
            account_id = order.account_id.value if order.account_id is not None else ""
            by_account.setdefault(account_id, []).append(row)
        for account_id, rows in by_account.items():
            entry = RepairEntry(UUID4().value, "rewrite", account_id, time.time_ns(), tuple(rows))
            self._ledger.begin(entry)
            self._begun.append(entry.repair_id)

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


def store_of(node: Any) -> tuple[StoreAddress, StoreKeys] | None:
    """Return where a node's store is and how its keys are named; None where it has none."""
    config = node._config.cache  # noqa: SLF001 - the node keeps its configuration nowhere else
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
