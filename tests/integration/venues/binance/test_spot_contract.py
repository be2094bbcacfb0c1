"""The hardened spot client keeps the same contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.adapters.binance.common.enums import BinanceAccountType
from nautilus_trader.adapters.binance.config import BinanceInstrumentProviderConfig
from nautilus_trader.model.identifiers import InstrumentId

from tests.contracts.venue_client import Trade, VenueClientContract, VenueUnderTest
from tests.integration.venues.binance.spot_venue import KEY, SECRET, SpotVenue
from trueup.venues.binance.factories import HardenedBinanceExecClientConfig
from trueup.venues.binance.probe.bench import QUICK
from trueup.venues.binance.probe.rig import Rig

PATHS = {
    "open orders": "/api/v3/openOrders",
    "orders": "/api/v3/allOrders",
    "fills": "/api/v3/myTrades",
    "order": "/api/v3/order",
}
SYMBOLS = {"BTCUSDT": Decimal("50000.00"), "ETHUSDT": Decimal("3000.00")}


class SmallSpot(VenueUnderTest):
    """Spot on the small venue."""

    questions = ("open orders", "orders", "fills")

    def __init__(self, venue: SpotVenue) -> None:
        self.venue = venue

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Any]:
        config = HardenedBinanceExecClientConfig(
            api_key=KEY,
            api_secret=SECRET,
            account_type=BinanceAccountType.SPOT,
            base_url_http=f"http://127.0.0.1:{self.venue.port}",
            base_url_ws=f"ws://127.0.0.1:{self.venue.port}/ws-api/v3",
            instrument_provider=BinanceInstrumentProviderConfig(
                load_ids=frozenset(InstrumentId.from_str(f"{symbol}.BINANCE") for symbol in SYMBOLS)
            ),
            hardening=QUICK,
            recv_window_ms=1_500,
        )
        made = Rig(None, hardened=True, config=config, suffix="")  # type: ignore[arg-type]  # no emulator stands behind
        try:
            yield made
        finally:
            self.repair()
            await made.stop()

    def other_buys(self, symbol: str, quantity: str) -> None:
        self.venue.place(symbol, "BUY", "MARKET", quantity, "0.00")

    def other_sells(self, symbol: str, quantity: str) -> None:
        self.venue.place(symbol, "SELL", "MARKET", quantity, "0.00")

    def other_bids(self, symbol: str, quantity: str, price: str) -> str:
        return str(self.venue.place(symbol, "BUY", "LIMIT", quantity, price)["orderId"])

    def fill(self, venue_order_id: str, quantity: str) -> None:
        self.venue.fill(int(venue_order_id), quantity)

    def trades(self) -> list[Trade]:
        return [
            Trade(
                trade_id=str(trade["id"]),
                order_id=str(trade["orderId"]),
                instrument_id=f"{trade['symbol']}.BINANCE",
                quantity=Decimal(trade["qty"]),
                price=Decimal(trade["price"]),
                commission=Decimal(trade["commission"]),
                is_maker=trade["isMaker"],
                time_ms=trade["time"],
            )
            for trade in self.venue.trades
        ]

    def working(self) -> set[str]:
        return {str(order["orderId"]) for order in self.venue.orders if order["status"] == "NEW"}

    def break_question(self, question: str, failure: str) -> None:
        self.venue.faults[PATHS[question]] = failure

    def repair(self) -> None:
        self.venue.faults.clear()

    def lose_submit_answer(self, *, executed: bool) -> None:
        self.venue.lose_next_submit = executed

    def charged_weight(self) -> int:
        return sum(weight for _, weight in self.venue.requests)

    def accounted_weight(self, client: Any) -> int:
        return sum(call.weight for call in client.gate.account.calls)

    def asked(self) -> list[str]:
        return [question for question, _ in self.venue.requests]

    def forget_requests(self, client: Any) -> None:
        client.gate.account.calls.clear()
        self.venue.requests.clear()


class TestBinanceSpot(VenueClientContract):
    symbols = ("BTCUSDT", "ETHUSDT")
    far_price = "40000.00"
    size = "0.05000"

    @pytest.fixture
    async def venue(self) -> AsyncIterator[SmallSpot]:
        async with SpotVenue(SYMBOLS) as venue:
            yield SmallSpot(venue)


async def test_events_of_the_spot_stream_reach_the_engine_also_after_a_cut() -> None:
    async with SpotVenue(SYMBOLS) as venue:
        spot = SmallSpot(venue)
        async with spot.client() as rig:
            await rig.start()
            first = rig.limit("BTCUSDT", "BUY", "0.05", "40000")
            await rig.until(lambda: first.is_open)
            venue.fill(int(first.venue_order_id.value), "0.05000")
            await rig.until(lambda: first.is_closed)
            second = rig.limit("BTCUSDT", "BUY", "0.05", "40000")
            await rig.until(lambda: second.is_open)
            venue.cut()
            venue.fill(int(second.venue_order_id.value), "0.05000")
            await rig.until(lambda: second.is_closed)
            assert {fill.trade_id.value for fill in rig.fills("BTCUSDT")} == {trade.trade_id for trade in spot.trades()}
            third = rig.limit("BTCUSDT", "BUY", "0.05", "40000")
            await rig.until(lambda: third.is_open)
            rig.cancel(third)
            await rig.until(lambda: third.is_closed)
            assert third.status_string() == "CANCELED"
