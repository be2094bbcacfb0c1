"""Binance's official SDK over the WebSocket API and the streams, with its own models and signing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures import (
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
    DerivativesTradingUsdsFutures,
)

from tests.integration.emulator.oracles.keys import KINDS, Credentials, open_account
from tests.integration.emulator.oracles.sdk import TIMEOUT_MS, gaps, plain
from trueup.emulator import EmulatorProcess

SYMBOL = "BTCUSDT"
STREAM = "btcusdt"
WAIT_SECS_MAX = 30.0
LIMIT = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "time_in_force": "GTC"}
STOP = {"algo_type": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL", "type": "STOP_MARKET"}

MARKET_STREAMS: dict[str, dict[str, Any]] = {
    "aggregate_trade_streams": {"symbol": STREAM},
    "individual_symbol_book_ticker_streams": {"symbol": STREAM},
    "mark_price_stream": {"symbol": STREAM, "update_speed": "1s"},
    "diff_book_depth_streams": {"symbol": STREAM},
    "partial_book_depth_streams": {"symbol": STREAM, "levels": 5},
    "kline_candlestick_streams": {"symbol": STREAM, "interval": "1m"},
    "continuous_contract_kline_candlestick_streams": {"pair": STREAM, "contract_type": "perpetual", "interval": "1m"},
    "all_book_tickers_stream": {},
    "individual_symbol_ticker_streams": {"symbol": STREAM},
    "individual_symbol_mini_ticker_stream": {"symbol": STREAM},
    "all_market_tickers_streams": {},
    "all_market_mini_tickers_stream": {},
    "mark_price_stream_for_all_market": {},
}

AFTER_MIGRATION = {"-st", "-ps", "-[].st", "-[].ps"}
"""Fields that the SDK describes as "after CM migration": announced, not yet sent."""


class WsApi:
    """The SDK's WebSocket API client of one account; it counts what it asked."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.called: list[str] = []

    async def __call__(self, name: str, **parameters: Any) -> Any:
        """Call a method and return the model of its result."""
        self.called.append(name)
        found = plain((await getattr(self._connection, name)(**parameters)).data())
        assert found.status == 200, found
        return plain(found.result) if hasattr(found, "result") else found


@asynccontextmanager
async def ws_api(emulator: EmulatorProcess, credentials: Credentials) -> AsyncIterator[WsApi]:
    configuration = ConfigurationWebSocketAPI(
        stream_url=emulator.ready.ws_api, timeout=TIMEOUT_MS, **credentials.for_sdk
    )
    connection = await DerivativesTradingUsdsFutures(config_ws_api=configuration).websocket_api.create_connection()
    try:
        yield WsApi(connection)
    finally:
        await connection.close_connection()


class Ear:
    """Keep what the SDK's streams say, by the name of the stream."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.heard: dict[str, list[Any]] = {}
        self._news = asyncio.Event()

    async def listen(self, name: str, **parameters: Any) -> None:
        stream = await getattr(self._connection, name)(**parameters)
        loop = asyncio.get_running_loop()
        stream.on("message", lambda message: loop.call_soon_threadsafe(self._hear, name, message))

    def _hear(self, name: str, message: Any) -> None:
        self.heard.setdefault(name, []).append(plain(message))
        self._news.set()

    async def until(self, complete: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(WAIT_SECS_MAX):
                while not complete():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{what} did not come; heard {self.kinds()} and {sorted(self.heard)}") from None

    def kinds(self) -> list[str]:
        """Return the types of the user stream's events in the order in which they came."""
        return [type(each).__name__ for each in self.heard.get("user_data", [])]

    def first(self, kind: str, **fields: Any) -> Any:
        """Return the first event of a type whose order has the given fields."""
        return next(
            each
            for each in self.heard["user_data"]
            if type(each).__name__ == kind and all(getattr(each.o, name) == value for name, value in fields.items())
        )


@asynccontextmanager
async def streams(emulator: EmulatorProcess) -> AsyncIterator[Ear]:
    configuration = ConfigurationWebSocketStreams(stream_url=emulator.ready.stream)
    sdk = DerivativesTradingUsdsFutures(config_ws_streams=configuration)
    connection = await sdk.websocket_streams.create_connection()
    try:
        yield Ear(connection)
    finally:
        await connection.close_connection()


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_of_key_reads_and_trades_over_the_websocket_api(emulator: EmulatorProcess, kind: str) -> None:
    account = open_account(emulator, kind)
    async with ws_api(emulator, account) as call:
        book = await call("order_book", symbol=SYMBOL, limit=5)
        levels = book.additional_properties  # the SDK's model of this answer names no sides
        assert (levels["bids"][0][0], len(levels["asks"])) == ("50000.0", 5)
        assert (await call("symbol_order_book_ticker", symbol=SYMBOL)).ask_price == "50000.1"
        assert (await call("symbol_price_ticker", symbol=SYMBOL)).symbol == SYMBOL
        order = await call("new_order", **LIMIT, quantity=0.01, price=45_000)
        named = {"symbol": SYMBOL, "order_id": order.order_id}
        assert (await call("query_order", **named)).status == "NEW"
        changed = await call("modify_order", **named, side="BUY", quantity=0.02, price=45_100)
        assert (changed.price, changed.orig_qty) == ("45100.0", "0.020")
        assert (await call("cancel_order", **named)).status == "CANCELED"
        filled = await call(
            "new_order", symbol=SYMBOL, side="BUY", type="MARKET", quantity=0.01, new_order_resp_type="RESULT"
        )
        assert (filled.status, filled.executed_qty) == ("FILLED", "0.010")
        for name in ("position_information", "position_information_v2"):
            (position,) = (each for each in await call(name) if Decimal(each.position_amt))
            assert (position.symbol, position.position_amt, position.entry_price) == (SYMBOL, "0.010", "50000.1")
        for name in ("account_information", "account_information_v2"):
            assert (await call(name)).total_wallet_balance == "99999.74999950"
        for name in ("futures_account_balance", "futures_account_balance_v2"):
            assert [each.balance for each in await call(name) if each.asset == "USDT"] == ["99999.74999950"]
        algo = await call("new_algo_order", **STOP, quantity=0.01, trigger_price=40_000)
        assert (algo.algo_status, algo.trigger_price) == ("NEW", "40000.0")
        assert (await call("cancel_algo_order", algo_id=algo.algo_id)).algo_id == algo.algo_id
        key = (await call("start_user_data_stream")).listen_key
        assert (await call("keepalive_user_data_stream")).listen_key == key
        await call("close_user_data_stream")
    assert len(set(call.called)) >= 18
    assert [order.status for order in emulator.control.orders(account.account_id)] == ["CANCELED", "FILLED"]


async def test_every_market_stream_speaks_in_the_forms_that_the_sdk_knows(emulator: EmulatorProcess) -> None:
    other = open_account(emulator)
    async with streams(emulator) as ear, ws_api(emulator, other) as call:
        for name, parameters in MARKET_STREAMS.items():
            await ear.listen(name, **parameters)
        # Subscribing is not acknowledged to the caller, so the market moves until every stream has spoken.
        for number in range(1, 100):
            price = Decimal("50000.0") + number
            await asyncio.to_thread(emulator.control.set_market, SYMBOL, price, price + Decimal("0.1"))
            await call("new_order", symbol=SYMBOL, side="SELL" if number % 2 else "BUY", type="MARKET", quantity=0.01)
            if set(ear.heard) == set(MARKET_STREAMS):
                break
            await asyncio.sleep(0.2)
        await ear.until(lambda: set(ear.heard) == set(MARKET_STREAMS), "a market stream")

    newest = {name: messages[-1] for name, messages in ear.heard.items()}
    gaps_by_stream = {name: gaps(message) - AFTER_MIGRATION for name, message in newest.items()}
    assert {name: each for name, each in gaps_by_stream.items() if each} == {}
    trade = newest["aggregate_trade_streams"]
    assert (trade.e, trade.s, trade.q, trade.nq) == ("aggTrade", SYMBOL, "0.010", "0.010")
    touch = newest["individual_symbol_book_ticker_streams"]
    assert Decimal(touch.a) - Decimal(touch.b) == Decimal("0.1")
    depths = ear.heard["diff_book_depth_streams"]
    assert all(later.pu == earlier.u for earlier, later in pairwise(depths))
    assert len(newest["partial_book_depth_streams"].b) == 5


async def test_the_user_stream_tells_the_life_of_orders_in_the_sdks_models(emulator: EmulatorProcess) -> None:
    account = open_account(emulator)
    async with streams(emulator) as ear, ws_api(emulator, account) as call:
        key = (await call("start_user_data_stream")).listen_key
        await ear.listen("user_data", listenKey=key)
        # The subscription is not acknowledged, so a first order is repeated until an event of it comes.
        for _ in range(100):
            probe = await call("new_order", **LIMIT, quantity=0.01, price=40_000)
            await call("cancel_order", symbol=SYMBOL, order_id=probe.order_id)
            await asyncio.sleep(0.1)
            if ear.heard:
                break
        await ear.until(lambda: any(kind == "OrderTradeUpdate" for kind in ear.kinds()), "an event of the first order")
        ear.heard.clear()
        await asyncio.to_thread(emulator.control.set_market, SYMBOL, Decimal("50000.0"), Decimal("50000.1"))

        order = await call("new_order", **LIMIT, quantity=0.01, price=45_000)
        await call("modify_order", symbol=SYMBOL, order_id=order.order_id, side="BUY", quantity=0.02, price=45_100)
        await call("cancel_order", symbol=SYMBOL, order_id=order.order_id)
        await call("new_order", symbol=SYMBOL, side="BUY", type="MARKET", quantity=0.01)
        await call("new_algo_order", **STOP, quantity=0.01, trigger_price=49_000, reduce_only="true")
        await asyncio.to_thread(emulator.control.move_to, SYMBOL, Decimal("48999.0"))
        await ear.until(lambda: ear.kinds().count("AccountUpdate") == 2, "the update after the stop's fill")
        await ear.until(lambda: ear.kinds()[-1] == "AlgoUpdate", "the end of the stop")
        await asyncio.to_thread(emulator.control.set_leverage, account.account_id, SYMBOL, 5)
        await ear.until(lambda: "AccountConfigUpdate" in ear.kinds(), "the change of leverage")

    updates = [each for each in ear.heard["user_data"] if type(each).__name__ == "OrderTradeUpdate"]
    told = [(each.o.x, each.o.X) for each in updates if each.o.i == order.order_id]
    assert told == [("NEW", "NEW"), ("AMENDMENT", "NEW"), ("CANCELED", "CANCELED")]
    fill = ear.first("OrderTradeUpdate", x="TRADE", S="BUY")
    assert (fill.o.L, fill.o.l, fill.o.z, fill.o.n, fill.o.N) == ("50000.1", "0.010", "0.010", "0.25000050", "USDT")
    ledger = emulator.control
    assert [each.o.t for each in updates if each.o.x == "TRADE"] == [
        trade.trade_id for trade in ledger.trades(account.account_id)
    ]
    opened, closed = (each.a for each in ear.heard["user_data"] if type(each).__name__ == "AccountUpdate")
    assert [(each.m, Decimal(each.P[0].pa), each.B[0].a) for each in (opened, closed)] == [
        ("ORDER", Decimal("0.010"), "USDT"),
        ("ORDER", Decimal(0), "USDT"),
    ]
    (balance,) = (each for each in ledger.balances(account.account_id) if each.asset == "USDT")
    assert Decimal(closed.B[0].wb) == balance.wallet
    stages = [each.o.X for each in ear.heard["user_data"] if type(each).__name__ == "AlgoUpdate"]
    assert stages == ["NEW", "TRIGGERING", "TRIGGERED", "FINISHED"]
    config = next(each for each in ear.heard["user_data"] if type(each).__name__ == "AccountConfigUpdate")
    assert (config.ac.s, config.ac.l) == (SYMBOL, 5)

    found: dict[str, set[str]] = {}
    for event in ear.heard["user_data"]:
        found.setdefault(type(event).__name__, set()).update(gaps(event) - COMMISSION_ONLY_WITH_FILLS)
    assert found == EVENT_GAPS


COMMISSION_ONLY_WITH_FILLS = {"-o.N", "-o.n"}
EVENT_GAPS = {
    "OrderTradeUpdate": {"-o.AP", "-o.cr", "-o.M", "-o.er"},  # of trailing stops, of named amendments, of expiries
    "TradeLite": set[str](),
    "AccountUpdate": {"-a.S"},  # of fundings
    "AlgoUpdate": {"-o.ia"},  # of trailing stops
    "AccountConfigUpdate": {"-ai"},  # of the multi-assets mode
}
"""What the SDK's models know beyond the events of this walk, united over every event of a type."""
