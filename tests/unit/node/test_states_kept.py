"""A store's account states follow what the engine purges from memory, and only where the operator purges the store."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from nautilus_trader.live.config import LiveExecEngineConfig
from nautilus_trader.test_kit.stubs.component import TestComponentStubs
from nautilus_trader.test_kit.stubs.execution import TestExecStubs

from trueup.node.v1.store import V1StoreWriter


@pytest.mark.parametrize(
    ("engine", "is_purged"),
    [
        (LiveExecEngineConfig(purge_from_database=True, purge_account_events_interval_mins=10), True),
        (LiveExecEngineConfig(purge_from_database=True), False),
        (LiveExecEngineConfig(purge_account_events_interval_mins=10), False),
        (None, False),
    ],
    ids=["both", "memory keeps all", "the store keeps all", "no engine configured"],
)
def test_a_store_keeps_as_many_states_as_the_cache_where_both_are_purged(
    engine: LiveExecEngineConfig | None, *, is_purged: bool
) -> None:
    cache = TestComponentStubs.cache()
    account = TestExecStubs.cash_account()
    cache.add_account(account)
    config = SimpleNamespace(exec_engine=engine, cache=None)
    node = SimpleNamespace(kernel=SimpleNamespace(cache=cache), _config=config)
    writer = V1StoreWriter(node, cast("Any", None), cast("Any", None))
    assert writer.states_kept() == ({account.id.value: 1} if is_purged else {})
