"""`ccxt.binanceusdm`, which posts forms, trades and reads against the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from trueup.emulator import EmulatorProcess

SYMBOL = "BTC/USDT:USDT"


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess(settings={"limits": {"enforced": False}}) as process:
        process.control.set_market("BTCUSDT", Decimal("50000.0"), Decimal("50000.1"))
        yield process
        assert process.control.health().internal_errors == 0


@pytest.fixture(scope="module")
def exchange(emulator: EmulatorProcess) -> Any:
    """Return ccxt's client with its API hosts replaced."""
    made = ccxt.binanceusdm({"apiKey": emulator.ready.api_key, "secret": emulator.ready.secret})
    made.enableRateLimit = False
    made.options["fetchCurrencies"] = False
    api = made.urls["api"]
    for name, url in list(api.items()):
        if isinstance(url, str):
            api[name] = url.replace("https://fapi.binance.com", emulator.urls.rest)
    made.load_markets()
    return made


def test_it_reads_markets_books_and_prices(exchange: Any) -> None:
    assert len(exchange.markets) >= 200
    assert exchange.fetch_time() > 0
    assert exchange.fetch_order_book(SYMBOL)["bids"][0][0] == 50_000.0
    assert exchange.fetch_ticker(SYMBOL)["symbol"] == SYMBOL
    assert len(exchange.fetch_tickers()) >= 200
    assert exchange.fetch_funding_rate(SYMBOL)["fundingRate"] == 0.0001
    assert exchange.fetch_trading_fee(SYMBOL)["taker"] == 0.0005
    assert SYMBOL in exchange.fetch_leverage_tiers()


def test_it_places_edits_and_cancels_with_forms(exchange: Any, emulator: EmulatorProcess) -> None:
    order = exchange.create_order(SYMBOL, "limit", "buy", 0.01, 45_000)
    assert exchange.fetch_order(order["id"], SYMBOL)["status"] == "open"
    assert [each["id"] for each in exchange.fetch_open_orders(SYMBOL)] == [order["id"]]
    assert exchange.edit_order(order["id"], SYMBOL, "limit", "buy", 0.02, 45_100)["price"] == 45_100.0
    assert exchange.cancel_order(order["id"], SYMBOL)["status"] == "canceled"
    stop = exchange.create_order(SYMBOL, "STOP_MARKET", "sell", 0.01, None, {"stopPrice": 40_000})
    exchange.cancel_order(stop["id"], SYMBOL, {"stop": True})
    both = [
        {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 0.01, "price": price} for price in (44e3, 43e3)
    ]
    assert len(exchange.create_orders(both)) == 2
    exchange.cancel_all_orders(SYMBOL)
    assert emulator.control.open_orders("main") == []
    with pytest.raises(ccxt.OrderNotFound):
        exchange.cancel_order(order["id"], SYMBOL)


def test_its_orders_trades_positions_and_balance_are_the_ledgers(exchange: Any, emulator: EmulatorProcess) -> None:
    order = exchange.create_order(SYMBOL, "market", "buy", 0.01)
    assert (order["status"], order["filled"]) == ("closed", 0.01)

    ledger = emulator.control
    assert {each["id"] for each in exchange.fetch_orders(SYMBOL)} == {str(o.order_id) for o in ledger.orders("main")}
    trades = exchange.fetch_my_trades(SYMBOL)
    assert [(each["id"], each["amount"]) for each in trades] == [
        (str(trade.trade_id), float(trade.quantity)) for trade in ledger.trades("main")
    ]
    (position,) = exchange.fetch_positions()
    assert (position["symbol"], position["contracts"]) == (SYMBOL, 0.01)
    usdt = next(balance for balance in ledger.balances("main") if balance.asset == "USDT")
    assert exchange.fetch_balance()["USDT"]["free"] == pytest.approx(float(usdt.available))
    assert len(exchange.fetch_ledger()) == len(ledger.income("main"))


def test_it_sets_leverage_and_margin_mode(exchange: Any) -> None:
    assert exchange.set_leverage(10, SYMBOL)["leverage"] == 10
    assert exchange.fetch_leverages()[SYMBOL]["longLeverage"] == 10
    assert exchange.set_margin_mode("isolated", "ETH/USDT:USDT")["code"] == 200
    assert exchange.fetch_position_mode()["hedged"] is False
