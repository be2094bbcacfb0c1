"""The hardened futures client keeps the contract of venue clients."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from typing import Any

import pytest

from tests.contracts.venue_client import Trade, VenueClientContract, VenueUnderTest
from trueup.emulator.process import EmulatorProcess
from trueup.venues.binance.probe.bench import Bench

PATHS = {
    "open orders": "/fapi/v1/openOrders",
    "orders": "/fapi/v1/allOrders",
    "fills": "/fapi/v1/userTrades",
    "positions": "/fapi/v3/positionRisk",
    "order": "/fapi/v1/order",
}
INTERNAL_ERROR = {"code": -1001, "msg": "Internal error; unable to process your request. Please try again."}
FAULTS: dict[str, dict[str, Any]] = {
    "error": {"kind": "respond", "status": 503, "body": INTERNAL_ERROR},
    "hang": {"kind": "hang"},
    "close": {"kind": "close_before"},
    "cut": {"kind": "respond", "status": 200, "body": [{"symbol": "BTCUSDT"}]},
}


class EmulatedFutures(VenueUnderTest):
    """USD-M futures on the emulator."""

    questions = ("open orders", "orders", "fills", "positions")

    def __init__(self, emulator: EmulatorProcess) -> None:
        self.bench = Bench(emulator, hardened=True)

    def client(self) -> AbstractAsyncContextManager[Any]:
        return self.bench.rig()

    def other_buys(self, symbol: str, quantity: str) -> None:
        self.bench.market(symbol, "BUY", quantity)

    def other_sells(self, symbol: str, quantity: str) -> None:
        self.bench.market(symbol, "SELL", quantity)

    def other_bids(self, symbol: str, quantity: str, price: str) -> str:
        return str(self.bench.limit(symbol, "BUY", quantity, price).order_id)

    def fill(self, venue_order_id: str, quantity: str) -> None:
        self.bench.control.fill(int(venue_order_id), Decimal(quantity))

    def trades(self) -> list[Trade]:
        return [
            Trade(
                trade_id=str(trade.trade_id),
                order_id=str(trade.order_id),
                instrument_id=f"{trade.symbol}-PERP.BINANCE",
                quantity=trade.quantity,
                price=trade.price,
                commission=trade.commission,
                is_maker=trade.maker,
                time_ms=trade.time_ms,
            )
            for trade in sorted(
                self.bench.control.trades(self.bench.account), key=lambda one: (one.time_ms, one.trade_id)
            )
        ]

    def working(self) -> set[str]:
        return {str(order.order_id) for order in self.bench.control.open_orders(self.bench.account)}

    def break_question(self, question: str, failure: str) -> None:
        self.bench.fault({"method": "GET", "path": PATHS[question]}, FAULTS[failure])

    def repair(self) -> None:
        self.bench.control.clear_faults()

    def lose_submit_answer(self, *, executed: bool) -> None:
        self.bench.fault(
            {"method": "POST", "path": "/fapi/v1/order", "count": 1}, {"kind": "timeout_unknown", "effect": executed}
        )
        self.bench.fault({"event": "ORDER_TRADE_UPDATE", "count": 1}, {"kind": "drop_event"})

    def charged_weight(self) -> int:
        return sum(total.weight for total in self.bench.control.request_totals())

    def accounted_weight(self, client: Any) -> int:
        return sum(call.weight for call in client.gate.account.calls)

    def asked(self) -> list[str]:
        return self.bench.questions()

    def forget_requests(self, client: Any) -> None:
        client.gate.account.calls.clear()
        self.bench.control.clear_requests()


class TestBinanceFutures(VenueClientContract):
    symbols = ("BTCUSDT", "ETHUSDT")
    far_price = "40000"
    size = "0.050"

    @pytest.fixture
    def venue(self, emulator: EmulatorProcess) -> EmulatedFutures:
        return EmulatedFutures(emulator)
