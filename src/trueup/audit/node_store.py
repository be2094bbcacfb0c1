"""A node's state from its Redis or Valkey store, with what the store tells of the node's life and of its neighbours."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Final

from trueup.audit.node_side import KnownFrom, NodeReading, OtherTrader
from trueup.errors import StoreError
from trueup.store.connection import StoreAddress
from trueup.store.read_only import ReadOnlyStore
from trueup.store.reading import StoreReading
from trueup.store.redis_decode import DecodeError, decode_account_state, decode_event, time_ns
from trueup.store.redis_keys import TRADER_PREFIX, StoreKeys
from trueup.store.redis_reader import RedisReader

NEIGHBOURS_AGE_SECS_MAX: Final = 60.0
"""Looking for other traders goes through every key of the server, so it is done once a minute at most."""
ORDERS_MAX: Final = 200
"""Orders of another trader that are looked at: one of them in this account is enough."""
EVENTS_MAX: Final = 100
KEYS_MAX: Final = 10_000
"""Accounts of all traders of one server."""

_ACCOUNT_KEY = re.compile(rf"{TRADER_PREFIX}(?P<trader>[^:]+)(?::(?P<instance>[^:]+))?:accounts:(?P<account>.+)")


class RedisNode:
    """Read one node's store for one account; implements `NodeSide`.

    Parameters
    ----------
    address : StoreAddress
        Where the store is.
    keys : StoreKeys
        How the node names its keys.
    venue : str
        The account's venue, as the node spells it.
    account_id : str, optional
        The node's name of the account; by default the only one of that venue.
    """

    def __init__(self, address: StoreAddress, keys: StoreKeys, venue: str, account_id: str | None = None) -> None:
        self._keys = keys
        self._venue = venue
        self._account_id = account_id
        self._reader = RedisReader(address, keys, strict=False)
        self._store = ReadOnlyStore(address)
        self._others: tuple[OtherTrader, ...] = ()
        self._others_at: float | None = None

    @property
    def trader_id(self) -> str:
        """Return the node's trader id."""
        return self._keys.trader_id

    def close(self) -> None:
        """Close the connections."""
        self._reader.close()
        self._store.close()

    def read(self, known_from: KnownFrom) -> NodeReading:
        """Read the store once; see `NodeSide`."""
        reading = self._reader.read()
        account_id = self._account_of(reading)
        born_ns = self._born_ns(account_id, reading)
        return NodeReading(
            snapshot=reading.snapshot(account_id, known_from_ns=known_from(born_ns)),
            born_ns=born_ns,
            last_event_ns=max((order.record.updated_ns for order in reading.orders), default=0),
            others=self._neighbours(account_id),
        )

    # -- details -----------------------------------------------------------------------------------------------------

    def _account_of(self, reading: StoreReading) -> str:
        known = reading.account_ids
        if self._account_id is not None:
            if self._account_id not in known:
                raise StoreError(
                    f"the store holds nothing of account {self._account_id} of trader {self.trader_id}",
                    allowed=", ".join(known) or "an account that a node wrote there",
                    action="check account_id and trader_id, and that the node has connected once",
                )
            return self._account_id
        found = [name for name in known if name == self._venue or name.startswith(f"{self._venue}-")]
        if len(found) == 1:
            return found[0]
        problems = "".join(f"; {problem}" for problem in reading.problems[:3])
        raise StoreError(
            f"the store names {len(found) or 'no'} account{'s' if len(found) > 1 else ''} of {self._venue} for trader "
            f"{self.trader_id}{problems}",
            allowed="one account, or account_id in [audit.accounts.NAME]",
            action="check trader_id and venue, and that the node has connected once",
        )

    def _born_ns(self, account_id: str, reading: StoreReading) -> int | None:
        """Return the earliest time at which this node was certainly there.

        Its first account state, or the first order that it sent itself; an order of somebody else may be older.
        """
        times = [order.record.submitted_ns for order in reading.orders if order.account_id == account_id]
        key = self._keys.key(f"accounts:{account_id}")
        for _, entries in self._store.lists([key], entries_max=1):
            if not isinstance(entries, StoreError) and entries:
                try:
                    times.append(time_ns(decode_account_state(entries[0]).ts_event))
                except DecodeError:
                    continue  # the reading tells of it
        return min((one for one in times if one), default=None)

    def _neighbours(self, account_id: str) -> tuple[OtherTrader, ...]:
        now = time.monotonic()
        if self._others_at is None or now - self._others_at >= NEIGHBOURS_AGE_SECS_MAX:
            self._others = tuple(self._look_for_neighbours(account_id))
            self._others_at = now
        return self._others

    def _look_for_neighbours(self, account_id: str) -> Iterator[OtherTrader]:
        names, _ = self._store.keys(f"{TRADER_PREFIX}*:accounts:*", count_max=KEYS_MAX)
        for name in sorted(names):
            match = _ACCOUNT_KEY.fullmatch(name)
            if match is None or match["account"] != account_id or match["trader"] == self.trader_id:
                continue
            keys = StoreKeys(match["trader"], instance_id=match["instance"])
            last_ns = 0
            for _, entry in self._store.last_entries([name]):
                if isinstance(entry, bytes):
                    try:
                        last_ns = time_ns(decode_account_state(entry).ts_event)
                    except DecodeError:
                        last_ns = 0
            open_names = self._members(keys.key("index:orders_open"))
            yield OtherTrader(
                trader_id=match["trader"],
                account_id=account_id,
                orders_open=len(open_names),
                positions_open=len(self._members(keys.key("index:positions_open"))),
                last_event_ns=last_ns,
                orders=frozenset(self._numbered(keys, open_names)),
            )

    def _numbered(self, keys: StoreKeys, open_names: set[str]) -> Iterator[tuple[str, str]]:
        """Yield a trader's open and latest orders by both names; generated names sort by their date."""
        latest = sorted(self._members(keys.key("index:orders")), reverse=True)[:ORDERS_MAX]
        names = {keys.key(f"orders:{name}"): name for name in [*sorted(open_names)[:ORDERS_MAX], *latest]}
        for key, entries in self._store.lists(names, entries_max=EVENTS_MAX):
            if isinstance(entries, StoreError):
                continue
            for entry in reversed(entries):
                try:
                    number = decode_event(entry).venue_order_id
                except DecodeError:
                    break
                if number:
                    yield names[key], number
                    break

    def _members(self, key: str) -> set[str]:
        members = self._store.members(key)
        return set() if isinstance(members, StoreError) else members
