"""A node's orders, fills, positions and balances from its Redis or Valkey store: read-only, from any process.

No NautilusTrader is imported: a store of 1.x or 2.x is read alike, also while no node runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from trueup.errors import StoreCorruptError, StoreError
from trueup.model.balances import BalanceRecord
from trueup.store.connection import StoreAddress
from trueup.store.fold_orders import EntryError, StoredOrder, fold_order
from trueup.store.fold_positions import StoredPosition, fold_position
from trueup.store.read_only import ReadOnlyStore
from trueup.store.reading import ProblemKind, StoredAccount, StoreProblem, StoreReading
from trueup.store.redis_decode import (
    DecodeError,
    StoredInstrument,
    decode_account_state,
    decode_event,
    decode_instrument,
    money,
    time_ns,
)
from trueup.store.redis_keys import TRADER_PREFIX, StoreKeys

KEYS_MAX = 2_000_000
"""Keys of one trader: forty times the largest store measured (50,000 orders); beyond it the reading is cut short."""

ENTRIES_MAX = 100_000
"""Entries of one list: an order that is amended every second for a day."""

_FILL_IN_INDEX = "OrderFilled"

SETTLE_PAUSE_SECS = 0.05
"""Pause between two looks: several times what the node's writer needs for a burst."""


class RedisReader:
    """Reads one node's store. A context manager; not for use by several threads at once.

    Parameters
    ----------
    address : StoreAddress
        Where the store is.
    keys : StoreKeys
        How the node names its keys.
    strict : bool
        Whether an entry that cannot be decoded raises. If not, everything else is read and the entry is a problem of
        the reading.
    spot_commission_added : bool
        Whether the node adds a commission in the base currency to a spot position instead of taking it off. 1.222.0
        does (a wrong sign, measured), 1.231.0 does not, and the store does not tell which version wrote it.
    keys_max, entries_max : int
        Bounds of one reading.
    clock_ns : callable
        The time in nanoseconds since the epoch.
    """

    def __init__(
        self,
        address: StoreAddress,
        keys: StoreKeys,
        *,
        strict: bool = True,
        spot_commission_added: bool = False,
        keys_max: int = KEYS_MAX,
        entries_max: int = ENTRIES_MAX,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._store = ReadOnlyStore(address)
        self._keys = keys
        self._strict = strict
        self._spot_commission_added = spot_commission_added
        self._keys_max = keys_max
        self._entries_max = entries_max
        self._clock_ns = clock_ns
        self._problems: list[StoreProblem] = []
        # What the last reading saw of each order: length and last entry (each has a random id) tell whether it changed.
        self._seen: dict[str, tuple[int, bytes, StoredOrder]] = {}

    def close(self) -> None:
        """Close the connection."""
        self._store.close()

    def __enter__(self) -> RedisReader:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def read(self) -> StoreReading:
        """Read everything once. Orders that have not changed since this reader's last reading are not fetched again.

        Raises
        ------
        StoreUnavailableError
            If the server does not answer, refuses access or goes away.
        StoreCorruptError
            If `strict` and an entry cannot be decoded or a key is of the wrong type; names the key and the entry.
        """
        self._problems = []
        started_ns = self._clock_ns()
        names, complete = self._store.keys(self._keys.pattern, count_max=self._keys_max)
        if not complete:
            self._note(
                ProblemKind.CUT_SHORT, self._keys.root, f"more than {self._keys_max} keys; the rest was not read"
            )
        elif not names:
            self._note(ProblemKind.NO_TRADER, self._keys.root, self._who_is_there())
        orders = self._read_orders(self._of_kind(names, "orders:"))
        positions = self._read_positions(self._of_kind(names, "positions:"))
        accounts = self._read_accounts(self._of_kind(names, "accounts:"))
        self._compare_with_index(orders, positions)
        return StoreReading(
            trader_id=self._keys.trader_id,
            started_ns=started_ns,
            ended_ns=max(started_ns, self._clock_ns()),
            orders=tuple(orders[key] for key in sorted(orders)),
            positions=tuple(positions[key] for key in sorted(positions)),
            accounts=accounts,
            problems=tuple(sorted(self._problems, key=lambda problem: (problem.kind, problem.key, problem.text))),
        )

    def read_settled(self, *, deadline_secs: float = 5.0, pause_secs: float = SETTLE_PAUSE_SECS) -> StoreReading:
        """Read until two readings in a row say the same, or the deadline has passed.

        Returns
        -------
        StoreReading
            The last reading; `settled` says whether it was confirmed. A node in the middle of a burst never settles,
            and what it says must then not be held against it.
        """
        deadline = time.monotonic() + deadline_secs
        reading = self.read()
        while True:
            if time.monotonic() + pause_secs >= deadline:
                return reading
            time.sleep(pause_secs)
            previous, reading = reading, self.read()
            if reading.says_the_same_as(previous):
                return replace(reading, settled=True)

    def event_counts(self, client_order_ids: Iterable[str]) -> dict[str, int]:
        """Return how many events of each order are stored, 0 for an unknown one: one cheap round trip per 1,000 orders.

        Raises
        ------
        StoreUnavailableError
            If the server does not answer.
        StoreCorruptError
            If an order's key is not a list.
        """
        prefix = self._keys.key("orders:")
        counts = {}
        for key, length in self._store.lengths(prefix + name for name in client_order_ids):
            if isinstance(length, StoreError):
                raise _corrupt(StoreProblem(ProblemKind.WRONG_TYPE, key, str(length)))
            counts[key.removeprefix(prefix)] = length
        return counts

    def _of_kind(self, names: Iterable[str], kind: str) -> list[str]:
        prefix = self._keys.key(kind)
        return sorted(name for name in names if name.startswith(prefix))

    def _who_is_there(self) -> str:
        others, _ = self._store.keys(f"{TRADER_PREFIX}*:*", count_max=10_000)
        traders = sorted({name.partition(":")[0].removeprefix(TRADER_PREFIX) for name in others})
        if not traders:
            return "the store holds nothing of this trader, nor of any other"
        more = ", ..." if len(traders) > 5 else ""
        return f"the store holds nothing of this trader, but of {', '.join(traders[:5])}{more}"

    def _read_orders(self, keys: list[str]) -> dict[str, StoredOrder]:
        position_of = self._index_pairs("index:order_position")
        prefix = self._keys.key("orders:")
        unchanged, stale = self._split_unchanged(keys, position_of)
        orders = {key.removeprefix(prefix): order for key, order in unchanged.items()}
        seen = {key: self._seen[key] for key in unchanged}
        for key, entries in self._store.lists(stale, entries_max=self._entries_max):
            name = key.removeprefix(prefix)
            data = self._usable(key, entries)
            if not data:
                continue
            try:
                order = fold_order(_decoded(data, decode_event), position_id=position_of.get(name))
                if order.record.client_order_id != name:
                    raise EntryError(0, f"it holds the events of order {order.record.client_order_id}")
            except EntryError as error:
                self._note(ProblemKind.CORRUPT, key, str(error), error.entry)
                continue
            orders[name] = order
            seen[key] = (len(data), data[-1], order)
        self._seen = seen
        return orders

    def _split_unchanged(
        self, keys: list[str], position_of: dict[str, str]
    ) -> tuple[dict[str, StoredOrder], list[str]]:
        """Return the orders that are as the last reading saw them, and the keys to read."""
        known = {key: self._seen[key][0] for key in keys if key in self._seen}
        if not known:
            return {}, keys
        unchanged = {}
        for key, tail in self._store.tails(known):
            _, last, order = self._seen[key]
            same_position = order.fills or order.position_id == position_of.get(order.record.name)
            if same_position and tail == [last]:
                unchanged[key] = order
        return unchanged, [key for key in keys if key not in unchanged]

    def _read_positions(self, keys: list[str]) -> dict[str, StoredPosition]:
        prefix = self._keys.key("positions:")
        instruments: dict[str, StoredInstrument | None] = {}
        positions = {}
        for key, entries in self._store.lists(keys, entries_max=self._entries_max):
            data = self._usable(key, entries)
            if not data:
                continue
            try:
                events = list(_decoded(data, decode_event))
                instrument_id = events[0].instrument_id or ""
                if instrument_id not in instruments:
                    instruments[instrument_id] = self._read_instrument(instrument_id)
                name = key.removeprefix(prefix)
                positions[name] = fold_position(
                    name, events, instruments[instrument_id], spot_commission_added=self._spot_commission_added
                )
            except EntryError as error:
                self._note(ProblemKind.CORRUPT, key, str(error), error.entry)
                continue
            if instruments[instrument_id] is None and positions[name].record.is_open:
                text = f"it is a position of {instrument_id}, which is not stored: the node will not load it"
                self._note(ProblemKind.INSTRUMENT_MISSING, key, text)
        return positions

    def _read_instrument(self, instrument_id: str) -> StoredInstrument | None:
        key = self._keys.key(f"instruments:{instrument_id}")
        for _, data in self._store.strings([key]):
            if isinstance(data, StoreError):
                self._note(ProblemKind.WRONG_TYPE, key, str(data))
            elif data is not None:
                try:
                    return decode_instrument(data)
                except DecodeError as error:
                    self._note(ProblemKind.CORRUPT, key, str(error))
        return None

    def _read_accounts(self, keys: list[str]) -> tuple[StoredAccount, ...]:
        """Read each account's last state only: a long-lived node stores many."""
        lengths = dict(self._store.lengths(keys))
        accounts = []
        for key, data in self._store.last_entries(keys):
            if isinstance(data, StoreError):
                self._note(ProblemKind.WRONG_TYPE, key, str(data))
                continue
            length = lengths[key]
            if data is None or isinstance(length, StoreError):
                continue  # deleted since the keys were listed
            try:
                state = decode_account_state(data)
                balances = []
                for balance in state.balances:
                    total, currency = money(balance.total)
                    balances.append(
                        BalanceRecord(
                            currency=balance.currency or currency,
                            total=total,
                            locked=money(balance.locked)[0],
                            free=money(balance.free)[0],
                        )
                    )
                accounts.append(
                    StoredAccount(
                        account_id=state.account_id,
                        time_ns=time_ns(state.ts_event),
                        balances=tuple(sorted(balances, key=lambda balance: balance.currency)),
                        event_count=length,
                    )
                )
            except DecodeError as error:
                self._note(ProblemKind.CORRUPT, key, str(error), max(0, length - 1))
        return tuple(sorted(accounts, key=lambda account: account.account_id))

    def _compare_with_index(self, orders: dict[str, StoredOrder], positions: dict[str, StoredPosition]) -> None:
        """Note where the node's own indexes say otherwise than the events: what it loads follows both."""
        broken = {problem.key for problem in self._problems}
        indexed = self._index_members("index:orders")
        for name in sorted(indexed - orders.keys()):
            if self._keys.key(f"orders:{name}") not in broken:
                text = "the index names this order, but its events are gone: the node forgets it at its next start"
                self._note(ProblemKind.ORDER_WITHOUT_EVENTS, self._keys.key(f"orders:{name}"), text)
        for name in sorted(orders.keys() - indexed):
            self._note(ProblemKind.ORDER_NOT_INDEXED, self._keys.key(f"orders:{name}"), "index:orders does not name it")
        open_by_index = self._index_members("index:orders_open")
        open_by_events = {name for name, order in orders.items() if order.record.is_open}
        for name in sorted((open_by_index ^ open_by_events) & orders.keys()):
            status = orders[name].record.status
            text = (
                f"its events make it {status}, and index:orders_open {'has' if name in open_by_index else 'lacks'} it"
            )
            self._note(ProblemKind.OPEN_INDEX_DIFFERS, self._keys.key(f"orders:{name}"), text)
        for name in sorted(self._index_members("index:positions_open") - positions.keys()):
            # NautilusTrader 1.222 puts whole fills beside the ids into this index (measured on 1.222.0).
            if _FILL_IN_INDEX not in name and self._keys.key(f"positions:{name}") not in broken:
                text = "the index has it as open, but its fills are gone"
                self._note(ProblemKind.POSITION_WITHOUT_EVENTS, self._keys.key(f"positions:{name}"), text)

    def _index_members(self, name: str) -> set[str]:
        members = self._store.members(self._keys.key(name))
        if isinstance(members, StoreError):
            self._note(ProblemKind.WRONG_TYPE, self._keys.key(name), str(members))
            return set()
        return members

    def _index_pairs(self, name: str) -> dict[str, str]:
        pairs = self._store.pairs(self._keys.key(name))
        if isinstance(pairs, StoreError):
            self._note(ProblemKind.WRONG_TYPE, self._keys.key(name), str(pairs))
            return {}
        return pairs

    def _usable(self, key: str, entries: list[bytes] | StoreError) -> list[bytes]:
        if isinstance(entries, StoreError):
            self._note(ProblemKind.WRONG_TYPE, key, str(entries))
            return []
        if len(entries) == self._entries_max:
            self._note(ProblemKind.CUT_SHORT, key, f"only its first {self._entries_max} entries were read")
        return entries

    def _note(self, kind: ProblemKind, key: str, text: str, entry: int | None = None) -> None:
        problem = StoreProblem(kind, key, text, entry)
        if self._strict and kind in (ProblemKind.CORRUPT, ProblemKind.WRONG_TYPE):
            raise _corrupt(problem)
        self._problems.append(problem)


def _decoded[T](entries: list[bytes], decode: Callable[[bytes], T]) -> Iterable[T]:
    for entry, data in enumerate(entries):
        try:
            yield decode(data)
        except DecodeError as error:
            raise EntryError(entry, str(error)) from error


def _corrupt(problem: StoreProblem) -> StoreCorruptError:
    return StoreCorruptError(
        f"the store's key {problem}",
        allowed="what a node of NautilusTrader 1.x or 2.x writes there",
        action="stop the node and keep a copy of the store; the node cannot load this either. A cold start rebuilds it",
    )
