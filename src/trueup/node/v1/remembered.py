"""Remember what was read of a node's orders for as long as readings go on asking for it."""

from __future__ import annotations

from typing import Any, Final

from trueup.node.v1.engine_records import OrderParts

READINGS_MAX: Final = 6
"""Readings of which none asked for an order, until it is forgotten: a look has up to three."""

type Held = dict[str, tuple[Any, OrderParts]]


class RememberedOrders:
    """Hold what was read of each order, by the order's last event, and forget what is not asked for any more.

    A look that finds something to heal reads all that the node has of an instrument, tens of thousands of closed orders
    on a busy one. Remembered until they were purged, a soaked node held the records of all 13,400 orders of its cache
    after two hours. While something stays to be healed every look asks for them again, and they are kept.
    """

    def __init__(self) -> None:
        self._now: Held = {}
        self._before: Held = {}
        self._readings = 0

    def __len__(self) -> int:
        return len(self._now) + len(self._before)

    def begin_reading(self) -> Held:
        """Begin a reading; return what has not been asked for since long, to be freed piece by piece."""
        self._readings += 1
        if self._readings % READINGS_MAX:
            return {}
        forgotten, self._before, self._now = self._before, self._now, {}
        return forgotten

    def get(self, name: str, last_event_id: Any) -> OrderParts | None:
        """Return what was read of an order, unless it has another last event since."""
        held = self._now.get(name)
        if held is None:
            held = self._before.pop(name, None)
            if held is None:
                return None
            self._now[name] = held
        return held[1] if held[0] == last_event_id else None

    def last(self, name: str) -> OrderParts | None:
        """Return what was read of an order, whatever became of the order since."""
        held = self._now.get(name) or self._before.get(name)
        return None if held is None else held[1]

    def keep(self, name: str, last_event_id: Any, parts: OrderParts) -> None:
        """Remember what was read of an order."""
        self._now[name] = (last_event_id, parts)

    def clear(self) -> None:
        """Forget everything."""
        self._now.clear()
        self._before.clear()
