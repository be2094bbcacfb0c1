"""Write many whole orders and positions of a node into its store: all of a batch, or nothing of it.

NautilusTrader's own adapter writes one event at a time, with up to seven commands each. Here an order is one list and
its names in the index, and a batch is one transaction: a server that is killed, a full disk or a refused command
leaves the store as it was before the batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final, Self

import redis

from trueup.errors import StoreUnavailableError
from trueup.store.connection import StoreAddress, open_client, store_errors
from trueup.store.redis_keys import StoreKeys

ANSWER_SECS_MAX: Final = 60.0
"""A transaction of 50,000 orders keeps a server busy for about a second; a minute of silence is an outage."""

EVENTS_MAX: Final = 2_000
"""Events in one command: about 1.5 MB, packed in one operation of the interpreter that every other thread waits for."""

INDEX_ORDERS: Final = "index:orders"
INDEX_NAMED: Final = "index:order_ids"
INDEX_POSITION_OF: Final = "index:order_position"
INDEX_CLIENT_OF: Final = "index:order_client"
ORDER_STATES: Final = ("index:orders_open", "index:orders_closed", "index:orders_inflight", "index:orders_emulated")
INDEX_POSITIONS: Final = "index:positions"
POSITION_STATES: Final = ("index:positions_open", "index:positions_closed")

type Command = tuple[str | bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeOrder:
    """An order as the store shall have it.

    Parameters
    ----------
    name : str
        The client order id.
    events : tuple of bytes
        Every event, oldest first, as the node's adapter would write it.
    is_named : bool
        Whether the venue has given it a number.
    position_id, client_id : str or None
        What the node's index knows of it.
    states : frozenset of str
        Which of `ORDER_STATES` it belongs to.
    """

    name: str
    events: tuple[bytes, ...]
    is_named: bool = False
    position_id: str | None = None
    client_id: str | None = None
    states: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class WholePosition:
    """A position as the store shall have it: its id, every event of its present life, and its `POSITION_STATES`."""

    name: str
    events: tuple[bytes, ...]
    states: frozenset[str] = frozenset()


def commands_of(keys: StoreKeys, orders: Sequence[WholeOrder], positions: Sequence[WholePosition]) -> list[Command]:
    """Return the commands that make the store have these orders and positions so, whatever it had of them.

    Examples
    --------
    >>> order = WholeOrder(name="O-1", events=(b"init", b"accepted"), states=frozenset({"index:orders_open"}))
    >>> for command in commands_of(StoreKeys("T-1"), [order], [])[:2]:
    ...     print(*command)
    DEL trader-T-1:orders:O-1
    RPUSH trader-T-1:orders:O-1 b'init' b'accepted'
    """
    commands: list[Command] = []
    lists = [(keys.key(f"orders:{one.name}"), one.events) for one in orders]
    lists += [(keys.key(f"positions:{one.name}"), one.events) for one in positions]
    if lists:
        commands.append(("DEL", *(key for key, _ in lists)))
    for key, events in lists:
        pieces = (events[first : first + EVENTS_MAX] for first in range(0, len(events), EVENTS_MAX))
        commands += [("RPUSH", key, *piece) for piece in pieces]
    commands += _members(keys, INDEX_ORDERS, [one.name for one in orders])
    commands += _members(keys, INDEX_NAMED, [one.name for one in orders if one.is_named])
    commands += _states(keys, ORDER_STATES, orders)
    commands += _pairs(keys, INDEX_POSITION_OF, [(one.name, one.position_id) for one in orders])
    commands += _pairs(keys, INDEX_CLIENT_OF, [(one.name, one.client_id) for one in orders])
    commands += _members(keys, INDEX_POSITIONS, [one.name for one in positions])
    commands += _states(keys, POSITION_STATES, positions)
    return commands


def _members(keys: StoreKeys, index: str, names: list[str], command: str = "SADD") -> list[Command]:
    return [(command, keys.key(index), *names)] if names else []


def _states(
    keys: StoreKeys, indexes: Iterable[str], wholes: Sequence[WholeOrder] | Sequence[WholePosition]
) -> list[Command]:
    commands = []
    for index in indexes:
        commands += _members(keys, index, [one.name for one in wholes if index in one.states])
        commands += _members(keys, index, [one.name for one in wholes if index not in one.states], "SREM")
    return commands


def _pairs(keys: StoreKeys, index: str, pairs: Iterable[tuple[str, str | None]]) -> list[Command]:
    flat = [text for name, value in pairs if value is not None for text in (name, value)]
    return [("HSET", keys.key(index), *flat)] if flat else []


class BulkWriter:
    """Write batches, each in one transaction.

    A batch may be larger than what anybody wants to hold at once: it is queued piece by piece, the server keeps it,
    and nothing of it is visible until `commit`. Leaving without a commit drops it.

    Parameters
    ----------
    address : StoreAddress
        Where the store is.
    keys : StoreKeys
        How the node names its keys.
    """

    def __init__(self, address: StoreAddress, keys: StoreKeys) -> None:
        self._url = address.url
        self._keys = keys
        with store_errors(self._url):
            self._client = open_client(replace(address, timeout_secs=ANSWER_SECS_MAX))
            self._connection: Any = self._client.connection_pool.get_connection()
        self._queued = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection; the server drops what was queued and not committed."""
        self._connection.disconnect()
        self._client.close()

    def get(self, name: str) -> bytes | None:
        """Return a value of the node's, by its name without the root."""
        with store_errors(self._url):
            value: bytes | None = self._ask([("GET", self._keys.key(name))])[0]
            return value

    def queue(self, orders: Sequence[WholeOrder], positions: Sequence[WholePosition]) -> None:
        """Queue a piece of the batch.

        Raises
        ------
        StoreUnavailableError
            If the server is gone, or refuses a command (no memory, no disk, no right): nothing of the batch is written.
        """
        commands = commands_of(self._keys, orders, positions)
        if not commands:
            return
        with store_errors(self._url):
            if not self._queued:
                self._ask([("MULTI",)])
            self._ask(commands)
        self._queued += len(commands)

    def commit(self) -> None:
        """Make everything queued visible, at once.

        Raises
        ------
        StoreUnavailableError
            As of `queue`. If the connection ended before the answer came, the batch is written or not: writing it once
            more is right in both cases.
        """
        if not self._queued:
            return
        wanted, self._queued = self._queued, 0
        with store_errors(self._url):
            answers = self._ask([("EXEC",)])[0]
        failed = [str(one) for one in answers or () if isinstance(one, Exception)]
        if failed or answers is None or len(answers) != wanted:
            raise StoreUnavailableError(
                f"the store at {self._url} did not take a batch of {wanted} commands: "
                + (failed[0] if failed else "it answered otherwise"),
                action="check the server's log, and that nobody else writes the node's keys with another type",
            )

    def _ask(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands in one go and return their answers, once all are read."""
        connection = self._connection
        connection.send_packed_command(connection.pack_commands(commands))
        answers: list[Any] = []
        refused: redis.ResponseError | None = None
        for _ in commands:
            try:
                answers.append(connection.read_response())
            except redis.ResponseError as error:  # the answers behind it must be read all the same
                refused = refused or error
        if refused is not None:
            raise refused
        return answers
