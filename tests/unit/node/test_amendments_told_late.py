"""The watch over interventions hears a node's amendments answered late, as in a gap of the stream, and a hand's."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from nautilus_trader.common.component import MessageBus, TestClock
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import OrderSubmitted, OrderUpdated
from nautilus_trader.model.identifiers import AccountId, ClientOrderId, StrategyId, TraderId, VenueOrderId
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.model.orders import LimitOrder
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.test_kit.stubs.component import TestComponentStubs
from nautilus_trader.test_kit.stubs.events import TestEventStubs

from trueup.node.announcer import Announcer
from trueup.node.v1 import intervention
from trueup.node.v1.intervention import InterventionWatch

MS = 1_000_000
INSTRUMENT = TestInstrumentProvider.btcusdt_perp_binance()
ACCOUNT = AccountId("BINANCE-1")
STRATEGY = StrategyId("S-001")
TRADER = TraderId("T-001")
NAME = ClientOrderId("O-1")


class Desk:
    """A strategy's working order in an engine's cache, with the watch on the engine's bus."""

    def __init__(self) -> None:
        self.cache = TestComponentStubs.cache()
        self.bus = MessageBus(trader_id=TRADER, clock=TestClock())
        self.lines: list[str] = []
        client = SimpleNamespace(account_id=ACCOUNT, _modify_order=lambda command: None)
        kernel = SimpleNamespace(cache=self.cache, msgbus=self.bus, exec_engine=SimpleNamespace(_clients={"A": client}))
        node = SimpleNamespace(kernel=kernel, get_event_loop=asyncio.get_running_loop)
        announcer = Announcer()
        announcer.listen(lambda event: self.lines.append(event.as_dict().get("line", "")))
        own: Any = SimpleNamespace(has_sent=lambda name: True, note=lambda name, owner, sent: False)
        self.watch = InterventionWatch(node, announcer, own)
        self.watch.install()
        self.changes = 0
        self.client = client
        self.order = LimitOrder(
            trader_id=TRADER,
            strategy_id=STRATEGY,
            instrument_id=INSTRUMENT.id,
            client_order_id=NAME,
            order_side=OrderSide.BUY,
            quantity=Quantity.from_str("1.000"),
            price=Price.from_str("100.0"),
            init_id=UUID4(),
            ts_init=0,
        )
        self.cache.add_order(self.order)
        self._apply(TestEventStubs.order_submitted(self.order, account_id=ACCOUNT))
        self._apply(TestEventStubs.order_accepted(self.order, account_id=ACCOUNT, ts_event=MS))

    def _apply(self, event: Any) -> None:
        self.changes += not isinstance(event, OrderSubmitted)
        self.order.apply(event)
        self.bus.publish(f"events.order.{STRATEGY}", event)

    def ask(self, price: str) -> None:
        """Let the strategy ask for a price."""
        asked = SimpleNamespace(
            client_order_id=NAME, quantity=self.order.quantity, price=Price.from_str(price), trigger_price=None
        )
        self.client._modify_order(asked)

    def tell(self, price: str, time_ms: int) -> None:
        """Let the engine hear at what price the venue says that the order works, and since when."""
        self._apply(
            OrderUpdated(
                TRADER,
                STRATEGY,
                INSTRUMENT.id,
                NAME,
                VenueOrderId("1"),
                ACCOUNT,
                self.order.quantity,
                Price.from_str(price),
                None,
                UUID4(),
                time_ms * MS + 128,  # a venue's milliseconds, as the engine carries them
                0,
                True,
            )
        )


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(intervention, "JUDGE_SECS", 0.0)
    return Desk()


async def judged(desk: Desk) -> list[str]:
    """Return what the watch says of everything so far."""
    while sum(desk.watch.counts.values()) < desk.changes:  # noqa: ASYNC110 - it tells nobody when it has judged
        await asyncio.sleep(0)
    return desk.lines


async def test_amendments_there_and_back_that_are_answered_late_are_no_other_clients(desk: Desk) -> None:
    desk.ask("101.0")
    desk.ask("100.0")
    desk.ask("102.0")
    desk.tell("102.0", 30)
    desk.tell("101.0", 10)  # an answer to a question from before
    desk.tell("102.0", 30)
    desk.tell("100.0", 20)
    desk.tell("100.0", 1)
    desk.tell("102.0", 30)
    assert await judged(desk) == []


async def test_a_hand_that_amends_to_a_price_that_the_strategy_had_asked_for_is_still_found(desk: Desk) -> None:
    desk.ask("101.0")
    desk.tell("101.0", 10)
    desk.tell("100.0", 20)
    desk.tell("101.0", 30)
    assert await judged(desk) == [
        "another client amended O-1: price 101 to 100",
        "another client amended O-1: price 100 to 101",
    ]
