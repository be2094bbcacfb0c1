"""A plan is applied after the stream has told the same: what the node has by then is not made twice."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import TestClock
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.enums import OrderSide as EngineSide
from nautilus_trader.model.events import OrderAccepted, OrderSubmitted
from nautilus_trader.model.identifiers import AccountId, StrategyId, TraderId, VenueOrderId
from nautilus_trader.test_kit.providers import TestInstrumentProvider

from trueup.model.enums import OrderSide, OrderStatus
from trueup.model.orders import OrderRecord
from trueup.model.steps import Seed
from trueup.node.v1.apply import Applier, OwnerChoice
from trueup.venues.draft import VenueReading

ACCOUNT, TRADER, EXTERNAL = AccountId("VENUE-001"), TraderId("TRADER-001"), StrategyId("EXTERNAL")
BTC, ETH = TestInstrumentProvider.btcusdt_perp_binance(), TestInstrumentProvider.ethusdt_perp_binance()
VENUE_NAME = "X-9"


def cache_with_order_of_stream() -> Cache:
    """Return a cache in which the engine has made an order of an event without a client order id."""
    cache, clock = Cache(), TestClock()
    for instrument in (BTC, ETH):
        cache.add_instrument(instrument)
    order = OrderFactory(TRADER, EXTERNAL, clock, use_uuid_client_order_ids=True).limit(
        BTC.id, EngineSide.BUY, BTC.make_qty(2), BTC.make_price(100)
    )
    names = (TRADER, EXTERNAL, BTC.id, order.client_order_id)
    order.apply(OrderSubmitted(*names, ACCOUNT, UUID4(), 1, 1))
    order.apply(OrderAccepted(*names, VenueOrderId(VENUE_NAME), ACCOUNT, UUID4(), 1, 1))
    cache.add_order(order)
    cache.update_order(order)
    return cache


def seeded(cache: Cache, instrument_id: str) -> tuple[int, dict[str, int]]:
    """Plan the venue's order as a new one, apply that, and return what the engine heard and what was left out."""
    heard: list[Any] = []
    engine = SimpleNamespace(get_external_order_claim=lambda _: None, reconcile_execution_report=heard.append)
    client = SimpleNamespace(id=None, account_id=ACCOUNT)
    applier = Applier(engine, cache, client, OwnerChoice(engine), repairs=None, clock_ns=lambda: 2)  # type: ignore[arg-type]  # none is made
    order = OrderRecord(
        instrument_id=instrument_id,
        side=OrderSide.BUY,
        status=OrderStatus.ACCEPTED,
        quantity=Decimal(2),
        price=Decimal(100),
        client_order_id="EXT-5e90ddddede5d1d167a0",
        venue_order_id=VENUE_NAME,
        owner="EXTERNAL",
        accepted_ns=1,
        updated_ns=1,
    )
    applied = applier.begin(VenueReading(None, {}, {}, frozenset()))  # type: ignore[arg-type]  # no report of it is used
    applier.apply(Seed(order=order, is_new=True))
    assert not applied.problems
    return len(heard), dict(applied.skipped)


def test_an_order_that_the_stream_told_after_the_reading_is_not_made_again_under_the_planned_name() -> None:
    assert seeded(cache_with_order_of_stream(), BTC.id.value) == (0, {"Seed": 1})


def test_the_same_number_on_another_instrument_is_another_order() -> None:
    heard, skipped = seeded(cache_with_order_of_stream(), ETH.id.value)
    assert (heard, skipped) == (1, {})
