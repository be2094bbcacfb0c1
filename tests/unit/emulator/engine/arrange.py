"""What the tests of the engine begin with: a small venue on a manual clock, and short ways to say orders."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from trueup.emulator.engine.clock import ManualClock
from trueup.emulator.engine.enums import OrderType, Side, TimeInForce
from trueup.emulator.engine.events import VenueEvent
from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.engine.settings import AccountSettings, MarketSettings, VenueSettings
from trueup.emulator.engine.values import OrderRequest
from trueup.emulator.engine.venue import Venue

START_MS = 1_700_006_400_000
"""15 November 2023, 00:00:00 UTC: a funding time, so that the next one is eight hours ahead."""

BTC = "BTCUSDT"
ETH = "ETHUSDT"
SOL = "SOLUSDT"
SYMBOLS = (BTC, ETH, SOL)
D = Decimal


class Desk:
    """A venue with a clock in hand and the events it told."""

    def __init__(self, *, directory: Path | None = None, **market: Any) -> None:
        self.clock = ManualClock(START_MS)
        settings = VenueSettings(market=MarketSettings(**market), symbols=SYMBOLS, trade_lite=False)
        if directory is None:
            self.venue = Venue(settings, clock=self.clock)
        else:
            self.venue = Venue.recover(directory, settings, clock=self.clock)
        self.events: list[VenueEvent] = []
        self.venue.subscribe(self.events.append)
        self.venue.set_market(BTC, D("50000.0"), D("50000.1"))
        self.venue.set_market(ETH, D("3000.00"), D("3000.01"))
        self.venue.set_market(SOL, D("100.00"), D("100.01"))

    def account(self, account_id: str = "main", usdt: str = "100000", **settings: Any) -> str:
        """Open an account."""
        deposits = {"USDT": D(usdt)}
        return self.venue.create_account(
            AccountSettings(account_id, api_key=f"key-{account_id}", deposits=deposits, **settings),
        )

    def told(self, kind: type) -> list[Any]:
        """Return the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


def limit(side: Side, quantity: str, price: str, symbol: str = BTC, **more: Any) -> OrderRequest:
    """Return a LIMIT request, GTC unless told."""
    more.setdefault("time_in_force", TimeInForce.GTC)
    return OrderRequest(symbol, side, OrderType.LIMIT, quantity=D(quantity), price=D(price), **more)


def market(side: Side, quantity: str, symbol: str = BTC, **more: Any) -> OrderRequest:
    """Return a MARKET request."""
    return OrderRequest(symbol, side, OrderType.MARKET, quantity=D(quantity), **more)


def algo(kind: OrderType, side: Side, symbol: str = BTC, **more: Any) -> OrderRequest:
    """Return a conditional request; numbers may be strings."""
    for name in ("quantity", "price", "trigger_price", "activate_price", "callback_rate"):
        if isinstance(more.get(name), str):
            more[name] = D(more[name])
    return OrderRequest(symbol, side, kind, **more)


def fingerprint(venue: Venue) -> bytes:
    """Return everything about a venue but its clock, as bytes."""
    state = venue._state
    image = state.snapshot()
    now_ms, image.now_ms = image.now_ms, 0
    try:
        closed = [state.orders[key] for key in sorted(state.orders)]
        algos = [state.algos[key] for key in sorted(state.algos)]
        past = [
            (name, symbol, index.order_ids, index.trades, index.algo_ids)
            for name, account in sorted(state.indexes.items())
            for symbol, index in sorted(account.symbols.items())
            if index.order_ids or index.algo_ids
        ]
        incomes = [(name, account.income, account.amendments) for name, account in sorted(state.indexes.items())]
        return msgspec.msgpack.encode((image, closed, algos, past, incomes))
    finally:
        image.now_ms = now_ms
        image.working, image.waiting = [], []


def refusal(code: int) -> Any:
    """Expect the venue to refuse with `code`."""
    return pytest.raises(Rejection, match=rf"^{code} ")
