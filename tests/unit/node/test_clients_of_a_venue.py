"""The engine routes each venue to one execution client: two accounts on one venue need two nodes (1.231.0)."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.common.component import MessageBus, TestClock
from nautilus_trader.execution.client import ExecutionClient
from nautilus_trader.execution.engine import ExecutionEngine
from nautilus_trader.model.enums import AccountType, OmsType
from nautilus_trader.model.identifiers import ClientId, TraderId, Venue
from nautilus_trader.test_kit.stubs.component import TestComponentStubs


def test_the_engine_refuses_a_second_client_on_a_venue_and_takes_one_without_a_venue_beside_it() -> None:
    clock, cache = TestClock(), TestComponentStubs.cache()
    msgbus = MessageBus(trader_id=TraderId("TESTER-001"), clock=clock)
    engine = ExecutionEngine(msgbus=msgbus, cache=cache, clock=clock)

    def client(name: str, venue: Venue | None) -> Any:
        return ExecutionClient(
            client_id=ClientId(name),
            venue=venue,
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            base_currency=None,
            msgbus=msgbus,
            cache=cache,
            clock=clock,
        )

    engine.register_client(client("FIRST", Venue("BINANCE")))
    with pytest.raises(ValueError, match=r"venue .*BINANCE.* already registered"):
        engine.register_client(client("SECOND", Venue("BINANCE")))
    engine.register_client(client("SECOND", None))
    assert {one.value for one in engine.registered_clients} == {"FIRST", "SECOND"}
