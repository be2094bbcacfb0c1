"""States of an account are purged from the store as the engine purges them from memory; an engine reads the rest."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from typing import Any

import pytest

from trueup.node import store_watch
from trueup.node.announcer import Announcer
from trueup.node.store_watch import Counts, StoreWatch
from trueup.store.account_states import STATES_SPARE, trim_states
from trueup.store.connection import StoreAddress, open_client
from trueup.store.embedded import EmbeddedValkey
from trueup.store.redis_keys import StoreKeys

pytestmark = pytest.mark.server

ACCOUNT = "SIM-000"
STATES = 3 * STATES_SPARE
KEPT = 10
ENGINE = textwrap.dedent(
    """
    import json, sys, time
    import msgspec
    from nautilus_trader.accounting.factory import AccountFactory
    from nautilus_trader.cache.database import CacheDatabaseAdapter
    from nautilus_trader.common.config import DatabaseConfig
    from nautilus_trader.cache.config import CacheConfig
    from nautilus_trader.core.uuid import UUID4
    from nautilus_trader.model.currencies import USD
    from nautilus_trader.model.enums import AccountType
    from nautilus_trader.model.events import AccountState
    from nautilus_trader.model.identifiers import AccountId, TraderId
    from nautilus_trader.model.objects import AccountBalance, Money
    from nautilus_trader.serialization.serializer import MsgSpecSerializer

    trader, port, account_id, states = sys.argv[1], int(sys.argv[2]), AccountId(sys.argv[3]), int(sys.argv[4])
    adapter = CacheDatabaseAdapter(
        trader_id=TraderId(trader),
        instance_id=UUID4(),
        serializer=MsgSpecSerializer(encoding=msgspec.msgpack, timestamps_as_str=True),
        config=CacheConfig(database=DatabaseConfig(type="redis", host="127.0.0.1", port=port)),
    )
    if states:
        def state(number):
            total = Money(1000 + number, USD)
            balance = AccountBalance(total, Money(0, USD), total)
            return AccountState(account_id, AccountType.CASH, USD, True, [balance], [], {}, UUID4(), number, number)
        account = AccountFactory.create(state(1))
        adapter.add_account(account)
        for number in range(2, states + 1):
            account.apply(state(number))
            adapter.update_account(account)
    else:
        account = adapter.load_account(account_id)
    times = [event.ts_event for event in account.events]
    print("ACCOUNT " + json.dumps([len(times), times[0], times[1], times[-1], str(account.balance_total(USD))]))
    adapter.close()
    """
)


def engine(trader: str, port: int, states: int) -> list[Any]:
    """Let an engine's adapter write so many states, or with 0 load what there is; return what its account is."""
    command = [sys.executable, "-c", ENGINE, trader, str(port), ACCOUNT, str(states)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    (said,) = [line for line in done.stdout.splitlines() if line.startswith("ACCOUNT ")]
    found: list[Any] = json.loads(said.removeprefix("ACCOUNT "))
    return found


class Writer:
    """A node's side of the store: it holds some states, and lacks nothing."""

    def __init__(self, kept: Mapping[str, int]) -> None:
        self.kept = kept

    def wake(self) -> None:
        raise AssertionError("the store was never away")

    def counts(self) -> Counts:
        raise AssertionError("the store was never away")

    async def rewrite(self, orders: list[str], positions: list[str]) -> None:
        raise AssertionError("the store was never away")

    def states_kept(self) -> Mapping[str, int]:
        return self.kept

    def is_behind(self) -> bool:
        return False

    def leveled(self) -> None:
        raise AssertionError("the store was never away")

    def close(self) -> None:
        return


def watch(port: int, keys: StoreKeys, kept: Mapping[str, int], polls: int) -> None:
    """Watch a store for some polls."""
    left = iter(range(polls))
    watched = StoreWatch(StoreAddress(host="127.0.0.1", port=port), keys, Writer(kept), Announcer())
    asyncio.run(watched.run(lambda: next(left, None) is not None))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_watch, "POLL_SECS", 0.01)


def test_an_engine_reads_the_first_state_and_the_last_ones_after_a_purge(valkey: EmbeddedValkey) -> None:
    keys = StoreKeys("STATES-001")
    assert engine("STATES-001", valkey.port, STATES) == [STATES, 1, 2, STATES, "4000.00 USD"]

    watch(valkey.port, keys, {}, 2 * store_watch.TRIM_POLLS)  # a store that is not to be purged
    assert engine("STATES-001", valkey.port, 0) == [STATES, 1, 2, STATES, "4000.00 USD"]

    for _ in range(2):  # the second time there is nothing to do
        watch(valkey.port, keys, {ACCOUNT: KEPT}, store_watch.TRIM_POLLS)
        last = KEPT + STATES_SPARE
        assert engine("STATES-001", valkey.port, 0) == [last + 1, 1, STATES - last + 1, STATES, "4000.00 USD"]


def test_no_state_that_comes_during_a_purge_is_lost_and_a_list_that_is_gone_stays_gone(valkey: EmbeddedValkey) -> None:
    keys = StoreKeys("STATES-002")
    key = keys.key(f"accounts:{ACCOUNT}")
    with open_client(valkey.address) as client, open_client(valkey.address) as other:
        client.rpush(key, *[str(number) for number in range(STATES)])

        class Between:
            """A client between whose questions somebody else writes."""

            def llen(self, name: str) -> Any:
                return client.llen(name)

            def lindex(self, name: str, place: int) -> Any:
                found = client.lindex(name, place)
                other.rpush(name, "late-1", "late-2")
                return found

            def pipeline(self, transaction: bool) -> Any:
                return client.pipeline(transaction=transaction)

        assert trim_states(Between(), keys, ACCOUNT, KEPT) == STATES - KEPT - STATES_SPARE - 1
        left = client.lrange(key, 0, -1)
        assert (left[0], left[-2:], len(left)) == (b"0", [b"late-1", b"late-2"], KEPT + STATES_SPARE + 1)

        class Gone(Between):
            """A client whose list is deleted after it was counted."""

            def lindex(self, name: str, place: int) -> Any:
                found = client.lindex(name, place)
                other.delete(name)
                return found

        client.rpush(key, *[str(number) for number in range(STATES)])
        trim_states(Gone(), keys, ACCOUNT, KEPT)
        assert not client.exists(key)
        assert trim_states(client, keys, ACCOUNT, KEPT) == 0


def test_a_store_that_goes_during_a_purge_is_said_and_the_watch_goes_on(
    valkey: EmbeddedValkey, caplog: pytest.LogCaptureFixture
) -> None:
    keys = StoreKeys("STATES-003")
    with open_client(valkey.address) as client:
        client.set(keys.key(f"accounts:{ACCOUNT}"), "of another type")
    watch(valkey.port, keys, {ACCOUNT: KEPT}, 2 * store_watch.TRIM_POLLS)
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "the account's states could not be purged from the store"
    ] * 2
