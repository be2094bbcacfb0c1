"""How far the store lags behind the node's cache, in events. The node writes asynchronously and drops what fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class CountsEvents(Protocol):
    """What can say how many events of an order are stored: `RedisReader`."""

    def event_counts(self, client_order_ids: Mapping[str, int], /) -> dict[str, int]:
        """Return the count of each order, 0 for an unknown one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBehind:
    """The lag of a store at one instant.

    A lag that shrinks is a writer at work. One that stays over several looks is loss: the node's writer does not try
    again (measured on 1.231.0).

    Parameters
    ----------
    behind : mapping of str to int
        By client order id, how many events the cache has and the store lacks. Only orders that lag.
    missing : tuple of str
        Those of them of which the store has nothing at all.
    ahead : mapping of str to int
        How many events the store has and the given counts lack: the node went on between the two looks, or another
        node writes to the same keys.
    orders : int
        How many orders were looked at.
    """

    behind: Mapping[str, int]
    missing: tuple[str, ...]
    ahead: Mapping[str, int]
    orders: int

    @property
    def events_behind(self) -> int:
        """How many events are not stored, over all orders."""
        return sum(self.behind.values())

    @property
    def is_level(self) -> bool:
        """Whether the store has every event."""
        return not self.behind


def write_behind(node_event_counts: Mapping[str, int], reader: CountsEvents) -> WriteBehind:
    """Compare the node's own event counts with the store's.

    Parameters
    ----------
    node_event_counts : mapping of str to int
        By client order id, the `event_count` of each order in the node's cache, taken just before.
    reader : CountsEvents
        A reader of the store.

    Raises
    ------
    StoreUnavailableError, StoreCorruptError
        As the reader says.
    """
    stored = reader.event_counts(node_event_counts)
    lag = {name: count - stored[name] for name, count in node_event_counts.items() if count != stored[name]}
    return WriteBehind(
        behind={name: events for name, events in sorted(lag.items()) if events > 0},
        missing=tuple(sorted(name for name in lag if stored[name] == 0)),
        ahead={name: -events for name, events in sorted(lag.items()) if events < 0},
        orders=len(node_event_counts),
    )
