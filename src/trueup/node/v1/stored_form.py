"""Render a 1.x node's orders and positions as its database adapter writes them, every event of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from nautilus_trader.model.enums import TriggerType
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.serialization.serializer import MsgSpecSerializer

from trueup.node.pacing import in_slices
from trueup.store.bulk import ORDER_STATES, WholeOrder, WholePosition

OPEN, CLOSED, INFLIGHT, EMULATED = ORDER_STATES
TIME_PREFIX: Final = "ts_"

type Encode = Callable[[Any], bytes]


class EventEncoder:
    """Encode events of orders, byte for byte as the engine's serializer does, in about half of its time.

    The serializer looks at every key of an event with a regular expression (25 to 48 us for a fill on 1.231.0). Here
    the keys that hold an instant are found once for all events that have the same keys. The first event of each type is
    encoded in both ways, and a type whose bytes differ stays with the serializer, as do instants in ISO 8601. A fill is
    in its order and in its position, so the bytes of fills are kept until `forget`.

    Parameters
    ----------
    config : CacheConfig
        The node's.
    """

    def __init__(self, config: Any) -> None:
        json = config.encoding.lower() == "json"
        self._serializer = MsgSpecSerializer(
            encoding=msgspec.json if json else msgspec.msgpack,
            timestamps_as_str=True,
            timestamps_as_iso8601=config.timestamps_as_iso8601,
        )
        self._encode: Encode = (msgspec.json.Encoder() if json else msgspec.msgpack.Encoder()).encode
        self._times_of: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._ways: dict[type, Encode] = {}
        self._may_differ = bool(config.timestamps_as_iso8601)
        self._fills: dict[int, tuple[Any, bytes]] = {}

    def __call__(self, event: Any) -> bytes:
        """Return the bytes of an event."""
        kind = type(event)
        if kind is OrderFilled and (held := self._fills.get(id(event))) is not None:
            return held[1]
        way = self._ways.get(kind)
        if way is None:
            way = self._ways[kind] = self._way_of(event)
        data = way(event)
        if kind is OrderFilled:
            self._fills[id(event)] = (event, data)  # the event is held, so that no other gets its number
        return data

    def forget(self) -> None:
        """Let go of the fills."""
        self._fills.clear()

    def _way_of(self, event: Any) -> Encode:
        slow: Encode = self._serializer.serialize
        if self._may_differ:
            return slow
        try:
            same = self._fast(event) == slow(event)
        except (TypeError, AttributeError, ValueError):
            return slow
        return self._or_slow if same else slow

    def _or_slow(self, event: Any) -> bytes:
        try:
            return self._fast(event)
        except (TypeError, ValueError):  # a value that only the serializer's hook knows
            encoded: bytes = self._serializer.serialize(event)
            return encoded

    def _fast(self, event: Any) -> bytes:
        fields = type(event).to_dict(event)
        names = tuple(fields)
        times = self._times_of.get(names)
        if times is None:
            times = tuple(name for name in names if name.startswith(TIME_PREFIX) or name == "expire_time_ns")
            self._times_of[names] = times
        for name in times:
            value = fields[name]
            if value is not None:
                fields[name] = str(value)
        return self._encode(fields)


def whole_order(order: Any, cache: Any, encode: Encode) -> WholeOrder:
    """Return an order of the cache, every event of it, as the store shall have it."""
    name = order.client_order_id
    position_id, client_id = cache.position_id(name), cache.client_id(name)
    states = set()
    if order.is_open:
        states.add(OPEN)
    if order.is_closed:
        states.add(CLOSED)
    if order.is_inflight:
        states.add(INFLIGHT)
    if order.emulation_trigger != TriggerType.NO_TRIGGER:
        states.add(EMULATED)
    return WholeOrder(
        name=name.value,
        events=tuple(encode(event) for event in order.events),
        is_named=order.venue_order_id is not None,
        position_id=None if position_id is None else position_id.value,
        client_id=None if client_id is None else client_id.value,
        states=frozenset(states),
    )


async def whole_position(position: Any, encode: Encode) -> WholePosition:
    """Return a position of the cache, every event of its present life, as the store shall have it.

    A position that was never flat has tens of thousands of events, so they are rendered in slices. Events that come
    meanwhile are noted, and the position is written once more.
    """
    events: list[bytes] = []
    await in_slices(position.events, lambda event: events.append(encode(event)))
    state = "index:positions_closed" if position.is_closed else "index:positions_open"
    return WholePosition(name=position.id.value, events=tuple(events), states=frozenset({state}))
