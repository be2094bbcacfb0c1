"""The few commands with which a node's store is read. None of them can change it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import redis

from trueup.errors import StoreError
from trueup.store.connection import StoreAddress, open_client, store_errors

SCAN_COUNT = 2_000
"""Keys that one SCAN step looks at: about a millisecond of the server's time."""

CHUNK_KEYS = 1_000
"""Keys per round trip: bounds what is held undecoded, and how long other clients of the server wait."""


class ReadOnlyStore:
    """A connection that only reads, in bounded pieces.

    Every method raises `StoreUnavailableError` when the server does not answer in time, refuses access or goes away.

    Parameters
    ----------
    address : StoreAddress
        Where the store is.
    """

    def __init__(self, address: StoreAddress) -> None:
        self.address = address
        self._client = open_client(address)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def keys(self, pattern: str, *, count_max: int) -> tuple[list[str], bool]:
        """Return the keys that match, each once, at most `count_max`, and whether those are all."""
        found: dict[str, None] = {}
        cursor = 0
        with store_errors(self.address.url):
            while True:
                cursor, page = self._client.scan(cursor, match=pattern, count=SCAN_COUNT)
                for key in page:
                    found[_text(key)] = None
                if len(found) > count_max:
                    return list(found)[:count_max], False
                if cursor == 0:
                    return list(found), True

    def lists(self, keys: Iterable[str], *, entries_max: int) -> Iterator[tuple[str, list[bytes] | StoreError]]:
        """Yield each key with at most `entries_max` first entries of its list, or why it has none."""
        return self._each(keys, lambda pipe, key: pipe.lrange(key, 0, entries_max - 1))

    def lengths(self, keys: Iterable[str]) -> Iterator[tuple[str, int | StoreError]]:
        """Yield each key with the length of its list, 0 where there is none."""
        return self._each(keys, lambda pipe, key: pipe.llen(key))

    def last_entries(self, keys: Iterable[str]) -> Iterator[tuple[str, bytes | StoreError | None]]:
        """Yield each key with the last entry of its list, None where there is none."""
        return self._each(keys, lambda pipe, key: pipe.lindex(key, -1))

    def tails(self, lengths: Mapping[str, int]) -> Iterator[tuple[str, list[bytes] | StoreError]]:
        """Yield each key with the entries of its list from the given length's last on, two at most.

        One command tells that a list is as long as it was, and ends as it did: looking again at what a node wrote long
        ago is most of the work of a second reading.
        """
        return self._each(lengths, lambda pipe, key: pipe.lrange(key, lengths[key] - 1, lengths[key]))

    def strings(self, keys: Iterable[str]) -> Iterator[tuple[str, bytes | StoreError | None]]:
        """Yield each key with its value, None where there is none."""
        return self._each(keys, lambda pipe, key: pipe.get(key))

    def members(self, key: str) -> set[str] | StoreError:
        """Return the members of a set, none where there is no such key."""
        members: set[str] | StoreError = self._whole(
            lambda: {_text(member) for member in self._client.sscan_iter(key, count=SCAN_COUNT)}
        )
        return members

    def pairs(self, key: str) -> dict[str, str] | StoreError:
        """Return the pairs of a hash, none where there is no such key."""
        pairs: dict[str, str] | StoreError = self._whole(
            lambda: {_text(name): _text(value) for name, value in self._client.hscan_iter(key, count=SCAN_COUNT)}
        )
        return pairs

    def _whole(self, read: Any) -> Any:
        with store_errors(self.address.url):
            try:
                return read()
            except redis.ResponseError as error:
                return _wrong_type(error)

    def _each(self, keys: Iterable[str], command: Any) -> Iterator[tuple[str, Any]]:
        for chunk in _chunks(keys):
            with store_errors(self.address.url):
                pipe = self._client.pipeline(transaction=False)
                for key in chunk:
                    command(pipe, key)
                # A key of the wrong type spoils its own answer only.
                answers = [
                    _wrong_type(answer) if isinstance(answer, redis.ResponseError) else answer
                    for answer in pipe.execute(raise_on_error=False)
                ]
            yield from zip(chunk, answers, strict=True)


def _wrong_type(error: redis.ResponseError) -> StoreError:
    """Return the error of one key of the wrong type; anything else (no permission) concerns the whole reading."""
    if "WRONGTYPE" not in str(error):
        raise error
    return StoreError("it is of another type than the node gives it")


def _chunks(keys: Iterable[str]) -> Iterator[Sequence[str]]:
    chunk: list[str] = []
    for key in keys:
        chunk.append(key)
        if len(chunk) == CHUNK_KEYS:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _text(data: bytes | str) -> str:
    return data if isinstance(data, str) else data.decode("utf-8", "surrogateescape")
