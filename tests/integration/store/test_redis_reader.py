"""The reader against real servers that hold what no healthy node writes, and nodes that are still writing."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import redis

from tests.integration.store.conftest import engine
from tests.unit.store.events import ACCOUNT, ORDER, PERP, v1, v1_filled, v1_initialized, v2, v2_order
from trueup.errors import StoreCorruptError, StoreError, StoreUnavailableError
from trueup.model.coverage import RecordKind
from trueup.store.connection import StoreAddress, open_client
from trueup.store.embedded import EmbeddedValkey
from trueup.store.reading import ProblemKind, StoreReading
from trueup.store.redis_keys import StoreKeys
from trueup.store.redis_reader import RedisReader
from trueup.store.write_behind import write_behind

pytestmark = pytest.mark.server

ROOT = "trader-TESTER-001:"
KEYS = StoreKeys("TESTER-001")


@pytest.fixture
def client(empty_valkey: EmbeddedValkey) -> Iterator[redis.Redis]:
    """Give a client of an empty store."""
    with open_client(empty_valkey.address) as opened:
        yield opened


def put(client: redis.Redis, name: str, *entries: Any) -> None:
    """Append entries, bytes as they are and values as JSON, to a list of the trader."""
    client.rpush(ROOT + name, *(one if isinstance(one, bytes) else msgspec.json.encode(one) for one in entries))


def put_order(client: redis.Redis, *later: Any, name: str = ORDER, is_open: bool = True) -> None:
    """Store an order as a node does: its events and its places in the indexes."""
    put(client, f"orders:{name}", v1_initialized(client_order_id=name), *later)
    client.sadd(ROOT + "index:orders", name)
    if is_open:
        client.sadd(ROOT + "index:orders_open", name)


def set_user(client: redis.Redis, name: str, *rules: str) -> None:
    """Make a user of the server with a password and these rights."""
    client.execute_command("ACL", "SETUSER", name, "reset", "on", ">secret", "~*", *rules)  # type: ignore[no-untyped-call]  # redis-py leaves it untyped


def accepted(name: str = ORDER) -> dict[str, Any]:
    """Return an acceptance."""
    return v1("Accepted", 1, client_order_id=name, account_id=ACCOUNT, venue_order_id=f"V{name}")


def read(server: EmbeddedValkey, *, strict: bool = False, **options: Any) -> StoreReading:
    """Read once with a fresh reader."""
    with RedisReader(server.address, options.pop("keys", KEYS), strict=strict, **options) as reader:
        return reader.read()


def kinds(reading: StoreReading) -> list[ProblemKind]:
    """Return the kinds of a reading's problems."""
    return [problem.kind for problem in reading.problems]


def test_an_empty_store_is_read_as_nothing_and_covers_nothing(empty_valkey: EmbeddedValkey) -> None:
    reading = read(empty_valkey, strict=True)
    assert (reading.orders, reading.positions, reading.accounts) == ((), (), ())
    assert kinds(reading) == [ProblemKind.NO_TRADER]
    assert reading.snapshot(ACCOUNT).coverage.incomplete(RecordKind) == tuple(RecordKind)


def test_a_missing_trader_is_a_problem_that_names_those_who_are_there(
    client: redis.Redis, empty_valkey: EmbeddedValkey
) -> None:
    client.rpush("trader-SOMEBODY-007:orders:O-1", b"x")
    (problem,) = read(empty_valkey).problems
    assert "SOMEBODY-007" in problem.text


def test_foreign_keys_beside_the_traders_are_not_looked_at(client: redis.Redis, empty_valkey: EmbeddedValkey) -> None:
    put_order(client, accepted())
    client.set("orders:O-1", b"garbage")
    client.rpush("trader-TESTER-0011:orders:O-1", b"garbage")
    client.rpush("trader-TESTER-001X:orders:O-1", b"garbage")
    client.rpush(b"\xff\xfe:orders:1", b"garbage")
    client.xadd(ROOT + "stream", {"a": "b"})
    client.set(ROOT + "health:heartbeat", b"garbage")
    client.rpush(ROOT + "snapshots:orders:O-1", b"garbage")
    reading = read(empty_valkey, strict=True)
    assert [order.record.name for order in reading.orders] == [ORDER]
    assert reading.problems == ()


def test_special_characters_in_a_trader_id_match_themselves_only(
    client: redis.Redis, empty_valkey: EmbeddedValkey
) -> None:
    client.rpush("trader-T[E]?*-001:orders:" + ORDER, msgspec.json.encode(v1_initialized()))
    client.rpush("trader-TEST-001:orders:" + ORDER, b"garbage")
    reading = read(empty_valkey, strict=True, keys=StoreKeys("T[E]?*-001"))
    assert len(reading.orders) == 1


def test_an_entry_of_garbage_raises_with_its_key_and_its_index(
    client: redis.Redis, empty_valkey: EmbeddedValkey
) -> None:
    put_order(client, accepted(), b"\xc1garbage")
    with pytest.raises(StoreCorruptError, match=rf"{ROOT}orders:{ORDER}, entry 2: ") as caught:
        read(empty_valkey, strict=True)
    assert "cold start" in caught.value.action


@pytest.mark.parametrize(
    ("name", "entries", "kind"),
    [
        ("orders:O-2", [b"garbage"], RecordKind.ORDERS_OPEN),
        ("orders:O-2", [{"type": "OrderSubmitted", "client_order_id": "O-2"}], RecordKind.FILLS),
        ("orders:O-2", [v1_initialized(client_order_id="O-3")], RecordKind.ORDERS_CLOSED),
        ("positions:P-1", [v1_filled("1", "1", "1", 1), b"\x81"], RecordKind.POSITIONS),
        ("accounts:A-1", [b"{}"], RecordKind.BALANCES),
    ],
)
def test_beside_a_corrupt_key_everything_else_is_read_and_the_kind_is_not_covered(
    client: redis.Redis, empty_valkey: EmbeddedValkey, name: str, entries: list[Any], kind: RecordKind
) -> None:
    put_order(client, accepted())
    put(client, name, *entries)
    reading = read(empty_valkey)
    assert [order.record.name for order in reading.orders] == [ORDER]
    assert ProblemKind.CORRUPT in kinds(reading)
    assert not reading.covers(kind)
    untouched = {RecordKind.ORDERS_OPEN, RecordKind.POSITIONS, RecordKind.BALANCES} - {kind}
    if not name.startswith("orders"):
        assert all(reading.covers(other) for other in untouched)
    with pytest.raises(StoreCorruptError, match=ROOT + name):
        read(empty_valkey, strict=True)


@pytest.mark.parametrize(
    "name",
    ["orders:O-2", "positions:P-1", "accounts:A-1", "index:orders", "index:orders_open", "index:order_position"],
)
def test_a_key_of_the_wrong_type_is_named_and_spoils_nothing_else(
    client: redis.Redis, empty_valkey: EmbeddedValkey, name: str
) -> None:
    put_order(client, accepted())
    client.delete(ROOT + name)
    client.set(ROOT + name, b"a string")
    reading = read(empty_valkey)
    assert (ProblemKind.WRONG_TYPE, ROOT + name) in [(problem.kind, problem.key) for problem in reading.problems]
    assert len(reading.orders) == 1
    with pytest.raises(StoreCorruptError, match=f"{ROOT}{name}: it is of another type"):
        read(empty_valkey, strict=True)


def test_an_index_that_differs_from_the_events_is_reported_and_covers_all_the_same(
    client: redis.Redis, empty_valkey: EmbeddedValkey
) -> None:
    put_order(client, accepted(), is_open=False)
    put_order(client, accepted("O-2"), v1("Canceled", 2, client_order_id="O-2"), name="O-2")
    client.sadd(ROOT + "index:orders", "O-lost")
    client.sadd(ROOT + "index:positions_open", "P-lost")
    put(client, "orders:O-4", v1_initialized(client_order_id="O-4"))
    reading = read(empty_valkey, strict=True)
    assert [(problem.kind, problem.key.removeprefix(ROOT)) for problem in reading.problems] == [
        (ProblemKind.OPEN_INDEX_DIFFERS, "orders:O-2"),
        (ProblemKind.OPEN_INDEX_DIFFERS, f"orders:{ORDER}"),
        (ProblemKind.ORDER_NOT_INDEXED, "orders:O-4"),
        (ProblemKind.ORDER_WITHOUT_EVENTS, "orders:O-lost"),
        (ProblemKind.POSITION_WITHOUT_EVENTS, "positions:P-lost"),
    ]
    assert "its events make it CANCELED, and index:orders_open has it" in reading.problems[0].text
    assert reading.covers(RecordKind.ORDERS_OPEN)


def test_a_position_without_its_instrument_is_reported(client: redis.Redis, empty_valkey: EmbeddedValkey) -> None:
    put(client, f"positions:{PERP}-S-001", v1_filled("1", "1", "1", 1))
    assert kinds(read(empty_valkey)) == [ProblemKind.INSTRUMENT_MISSING]


def test_a_store_of_2_x_is_read_like_one_of_1_x(client: redis.Redis, empty_valkey: EmbeddedValkey) -> None:
    """The entries are written by hand from the documented form: no engine of 2.x is installed with this project."""
    put(client, f"orders:{ORDER}", *v2_order())
    client.sadd(ROOT + "index:orders", ORDER)
    client.sadd(ROOT + "index:orders_open", ORDER)
    (fill,) = (event for event in v2_order() if "Filled" in event)
    put(client, f"positions:{PERP}-S-001", fill)
    client.set(ROOT + f"instruments:{PERP}", msgspec.json.encode({"CryptoPerpetual": {"size_precision": 3}}))
    balance = {"total": "99999.195 USDT", "locked": "1 USDT", "free": "99998.195 USDT", "currency": "USDT"}
    put(client, f"accounts:{ACCOUNT}", {"AccountState": {"account_id": ACCOUNT, "balances": [balance]}})
    reading = read(empty_valkey, strict=True)
    assert reading.problems == ()
    snapshot = reading.snapshot()
    assert [order.status for order in snapshot.orders] == ["PARTIALLY_FILLED"]
    assert [str(position.quantity) for position in snapshot.positions] == ["0.500"]
    assert [(str(one.total), str(one.locked), one.currency) for one in snapshot.balances] == [
        ("99999.195", "1", "USDT")
    ]
    assert snapshot.coverage.incomplete(RecordKind) == ()


def test_bounds_cut_the_reading_short_and_say_so(client: redis.Redis, empty_valkey: EmbeddedValkey) -> None:
    for number in range(20):
        put_order(client, accepted(f"O-{number}"), name=f"O-{number}")
    reading = read(empty_valkey, keys_max=10)
    assert ProblemKind.CUT_SHORT in kinds(reading)
    assert not reading.covers(RecordKind.ORDERS_OPEN)
    reading = read(empty_valkey, entries_max=2)
    assert kinds(reading).count(ProblemKind.CUT_SHORT) == 20


def test_an_account_must_be_named_where_there_are_two(client: redis.Redis, empty_valkey: EmbeddedValkey) -> None:
    for account in ("A-1", "B-1"):
        put(client, f"accounts:{account}", {"type": "AccountState", "account_id": account, "balances": []})
    reading = read(empty_valkey)
    with pytest.raises(StoreError, match="has 2 accounts stored: A-1, B-1"):
        reading.snapshot()
    assert reading.snapshot("A-1").balances == ()


def test_a_reader_notices_every_change_between_two_readings(client: redis.Redis, empty_valkey: EmbeddedValkey) -> None:
    for name in ("O-1", "O-2", "O-3"):
        put_order(client, accepted(name), name=name)
    with RedisReader(empty_valkey.address, KEYS) as reader:
        first = reader.read()
        assert reader.read().says_the_same_as(first)
        put(client, "orders:O-1", v1("Canceled", 2, client_order_id="O-1"))
        client.srem(ROOT + "index:orders_open", "O-1")
        client.delete(ROOT + "orders:O-2")
        client.srem(ROOT + "index:orders", "O-2")
        client.srem(ROOT + "index:orders_open", "O-2")
        # Purged and made anew with as many events: only the last one tells.
        client.delete(ROOT + "orders:O-3")
        put(client, "orders:O-3", v1_initialized(client_order_id="O-3"), v1("Denied", 9, client_order_id="O-3"))
        client.srem(ROOT + "index:orders_open", "O-3")
        second = reader.read()
        assert [(order.record.name, str(order.record.status)) for order in second.orders] == [
            ("O-1", "CANCELED"),
            ("O-3", "DENIED"),
        ]
        assert second.problems == ()
        assert read(empty_valkey).says_the_same_as(second)


def test_a_store_that_never_rests_is_given_back_unsettled_within_the_deadline(
    client: redis.Redis, empty_valkey: EmbeddedValkey
) -> None:
    put_order(client, accepted())
    count = 1

    def clock_ns() -> int:
        """Tell the time at which the node writes once more: each reading begins and ends with an event."""
        nonlocal count
        count += 1
        put(client, f"orders:{ORDER}", v1("PendingUpdate", count, account_id=ACCOUNT, venue_order_id=f"V{ORDER}"))
        return count

    with RedisReader(empty_valkey.address, KEYS, clock_ns=clock_ns) as reader:
        reading = reader.read_settled(deadline_secs=0.2, pause_secs=0.01)
        assert not reading.settled
        assert len(reading.orders) == 1
    with RedisReader(empty_valkey.address, KEYS) as reader:
        assert reader.read_settled().settled


def test_the_reader_sends_nothing_that_can_write(client: redis.Redis, empty_valkey: EmbeddedValkey) -> None:
    put_order(client, accepted())
    put(client, f"positions:{PERP}-S-001", v1_filled("1", "1", "1", 1))
    put(client, f"accounts:{ACCOUNT}", {"type": "AccountState", "account_id": ACCOUNT, "balances": []})
    before = client.info("server")["run_id"], client.dbsize()
    # The server itself is the judge: this user may run nothing but read commands.
    set_user(client, "reader", "+@read", "+@connection", "-@write")
    address = StoreAddress(port=empty_valkey.port, username="reader", password="secret")
    with RedisReader(address, KEYS, strict=False) as reader:
        reading = reader.read_settled()
        assert len(reading.orders) == 1
        assert len(reading.positions) == 1
        assert reader.event_counts([ORDER]) == {ORDER: 2}
    assert (client.info("server")["run_id"], client.dbsize()) == before


def test_a_user_who_may_not_read_gets_a_clear_error(client: redis.Redis, empty_valkey: EmbeddedValkey) -> None:
    put_order(client, accepted())
    set_user(client, "blind", "+scan", "+@connection")
    with (
        RedisReader(StoreAddress(port=empty_valkey.port, username="blind", password="secret"), KEYS) as reader,
        pytest.raises(StoreUnavailableError, match="refuses access"),
    ):
        reader.read()


def test_a_server_that_goes_away_or_hangs_while_it_is_read_is_a_clear_error(tmp_path: Any) -> None:
    with EmbeddedValkey.start(tmp_path / "store") as server, open_client(server.address) as client:
        put_order(client, accepted())
        with RedisReader(StoreAddress(port=server.port, timeout_secs=0.3), KEYS) as reader:
            assert len(reader.read().orders) == 1
            os.kill(server.pid, signal.SIGSTOP)
            with pytest.raises(StoreUnavailableError, match="did not answer in time"):
                reader.read()
            os.kill(server.pid, signal.SIGCONT)
            assert len(reader.read().orders) == 1, "the next reading connects again"
            os.kill(server.pid, signal.SIGKILL)
            with pytest.raises(StoreUnavailableError):
                reader.read()


def test_write_behind_is_counted_in_events_per_order(client: redis.Redis, empty_valkey: EmbeddedValkey) -> None:
    put_order(client, accepted(), name="O-1")
    put_order(client, accepted("O-2"), name="O-2")
    with RedisReader(empty_valkey.address, KEYS) as reader:
        lag = write_behind({"O-1": 2, "O-2": 5, "O-3": 1}, reader)
        assert dict(lag.behind) == {"O-2": 3, "O-3": 1}
        assert lag.missing == ("O-3",)
        assert (lag.events_behind, lag.is_level, lag.orders) == (4, False, 3)
        ahead = write_behind({"O-1": 1}, reader)
        assert (dict(ahead.ahead), ahead.is_level) == ({"O-1": 1}, True)
        client.set(ROOT + "orders:O-9", "x")
        with pytest.raises(StoreCorruptError, match="orders:O-9"):
            write_behind({"O-9": 1}, reader)


def test_write_behind_of_a_real_engine_ends_at_nothing(empty_valkey: EmbeddedValkey) -> None:
    with engine(empty_valkey, many=400) as state, RedisReader(empty_valkey.address, KEYS) as reader:
        counts = state["event_counts"]
        assert len(counts) == 400
        assert reader.read_settled(deadline_secs=20.0).settled
        lag = write_behind(counts, reader)
        assert lag.is_level
        assert not lag.ahead
        # One event that the engine has and the store lost.
        name = next(iter(counts))
        with open_client(empty_valkey.address) as client:
            client.rpop(f"{ROOT}orders:{name}")
        assert dict(write_behind(counts, reader).behind) == {name: 1}


def test_the_wrapped_kind_is_checked_like_the_flat_one(client: redis.Redis, empty_valkey: EmbeddedValkey) -> None:
    put(client, f"orders:{ORDER}", v2("Filled", trade_id="1"))
    assert ProblemKind.CORRUPT in kinds(read(empty_valkey))
