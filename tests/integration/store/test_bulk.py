"""Orders and positions written whole are, byte for byte, what the engine's adapter writes event by event."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.integration.store.conftest import engine
from tests.integration.store.test_redis_reader_against_the_engine import OLDEST_PYTHON
from trueup.errors import StoreUnavailableError
from trueup.store.bulk import EVENTS_MAX, BulkWriter, WholeOrder, WholePosition
from trueup.store.connection import open_client
from trueup.store.embedded import EmbeddedValkey
from trueup.store.redis_keys import StoreKeys

pytestmark = pytest.mark.server

NATIVE, COPY = StoreKeys("TESTER-001"), StoreKeys("COPY-001")
FORMS: dict[str, dict[str, Any]] = {
    "msgpack": {},
    "json": {"encoding": "json"},
    "json with ISO times": {"encoding": "json", "iso8601": True},
    "oldest engine": {"python": OLDEST_PYTHON},
}
KINDS = ("orders:", "positions:", "index:")


def dump(server: EmbeddedValkey, keys: StoreKeys) -> dict[str, Any]:
    """Return every list, set and hash of orders, positions and the index, by name."""
    read: dict[bytes, Callable[[redis.Redis, bytes], Any]] = {
        b"list": lambda client, key: client.lrange(key, 0, -1),
        b"set": lambda client, key: client.smembers(key),
        b"hash": lambda client, key: client.hgetall(key),
    }
    with open_client(server.address) as client:
        return {
            name: read[client.type(key)](client, key)
            for key in client.keys(keys.pattern)
            if (name := key.decode().removeprefix(keys.root)).startswith(KINDS)
        }


@pytest.mark.parametrize("form", FORMS)
def test_what_is_written_whole_is_what_the_adapter_writes(form: str, valkey: EmbeddedValkey) -> None:
    with open_client(valkey.address) as client:
        client.flushall()
    with engine(valkey, **FORMS[form], copy_to=COPY.trader_id):
        native, copy = dump(valkey, NATIVE), dump(valkey, COPY)
    # The adapter leaves a position that opened again among the closed ones, and the oldest engine puts whole events
    # into both indexes; an engine that loads makes its index from the positions.
    for name in ("index:positions_open", "index:positions_closed"):
        native.pop(name)
        copy.pop(name)
    assert len(native) > 50
    assert copy == native


def order(name: str, *events: bytes) -> WholeOrder:
    return WholeOrder(name=name, events=events, states=frozenset({"index:orders_open"}))


def test_a_batch_is_seen_whole_or_not_at_all(valkey: EmbeddedValkey) -> None:
    keys = StoreKeys("BATCH-001")
    with BulkWriter(valkey.address, keys) as writer:
        writer.queue([order("O-1", b"a"), order("O-2", b"b", b"c")], [])
        writer.queue([], [WholePosition(name="P-1", events=(b"f",), states=frozenset({"index:positions_open"}))])
        assert dump(valkey, keys) == {}
        writer.commit()
        before = dump(valkey, keys)
        assert before["orders:O-2"] == [b"b", b"c"]
        assert before["index:orders_open"] == {b"O-1", b"O-2"}
        writer.queue([order("O-3", b"d")], [])  # and it goes
    with BulkWriter(valkey.address, keys) as writer:
        assert dump(valkey, keys) == before
        writer.queue([order("O-2", b"b", b"c", b"d")], [])
        writer.commit()
    assert dump(valkey, keys) == before | {"orders:O-2": [b"b", b"c", b"d"]}
    many = tuple(str(number).encode() for number in range(2 * EVENTS_MAX + 1))
    with BulkWriter(valkey.address, keys) as writer:
        writer.queue([], [WholePosition(name="P-1", events=many, states=frozenset({"index:positions_open"}))])
        writer.commit()
    assert dump(valkey, keys)["positions:P-1"] == list(many)


def test_a_refused_batch_leaves_the_store_as_it_was_and_says_so(valkey: EmbeddedValkey) -> None:
    keys = StoreKeys("FULL-001")
    with open_client(valkey.address) as client, BulkWriter(valkey.address, keys) as writer:
        client.config_set("maxmemory", 1)
        try:
            with pytest.raises(StoreUnavailableError, match="command not allowed"):
                writer.queue([order("O-1", b"a")], [])
        finally:
            client.config_set("maxmemory", 0)
        assert dump(valkey, keys) == {}
        client.set(keys.key("index:orders"), "no set")
    with BulkWriter(valkey.address, keys) as writer:
        writer.queue([order("O-1", b"a")], [])
        with pytest.raises(StoreUnavailableError, match="WRONGTYPE"):
            writer.commit()
    with open_client(valkey.address) as client:
        client.delete(keys.key("index:orders"))


def test_a_server_that_is_killed_amid_a_batch_has_nothing_of_it(tmp_path: Path) -> None:
    server = EmbeddedValkey.start(tmp_path / "store", fsync="always")
    keys, port = StoreKeys("KILLED-001"), server.port
    try:
        writer = BulkWriter(server.address, keys)
        writer.queue([order("O-1", b"a")], [])
        writer.commit()
        before = dump(server, keys)
        writer.queue([order(f"O-{number}", b"a" * 500) for number in range(500)], [])
        os.kill(server.pid, signal.SIGKILL)
        with pytest.raises(StoreUnavailableError, match="cannot be reached"):
            writer.commit()
        writer.close()
        server.stop()
        server = EmbeddedValkey.start(tmp_path / "store", port=port, fsync="always")
        assert dump(server, keys) == before
    finally:
        server.stop()
