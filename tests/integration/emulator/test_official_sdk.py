"""Binance's official SDK, with its own models and signing, against the emulator: REST, WebSocket API and streams."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
    DerivativesTradingUsdsFutures,
)

from trueup.emulator import EmulatorProcess

SYMBOL = "BTCUSDT"
REST_CALLS = 72
WS_CALLS = 17


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    settings = {"symbols": [SYMBOL, "ETHUSDT"], "limits": {"enforced": False}}
    with EmulatorProcess(settings=settings) as process:
        process.control.set_market(SYMBOL, Decimal("50000.0"), Decimal("50000.1"))
        process.control.set_market("ETHUSDT", Decimal("3000.00"), Decimal("3000.01"))
        yield process
        assert process.control.health().internal_errors == 0
        process.control.check_invariants()


class Counted:
    """Call the SDK, decode each answer with its own model, and count."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.calls = 0

    def __call__(self, name: str, **parameters: Any) -> Any:
        data = getattr(self.api, name)(**parameters).data()
        self.calls += 1
        return getattr(data, "actual_instance", None) or data


def test_the_sdk_reads_trades_and_sets_up_over_rest(emulator: EmulatorProcess) -> None:
    ready = emulator.ready
    configuration = ConfigurationRestAPI(api_key=ready.api_key, api_secret=ready.secret, base_path=ready.rest)
    call = Counted(DerivativesTradingUsdsFutures(config_rest_api=configuration).rest_api)

    _market_data(call)
    _account_data(call)
    _orders(call, emulator)
    _batches_and_conditional_orders(call)
    _settings(call)
    assert call.calls >= REST_CALLS
    _refusals(call)


def _market_data(call: Counted) -> None:
    call("test_connectivity")
    assert call("check_server_time").server_time > 0
    assert [symbol.symbol for symbol in call("exchange_information").symbols] == [SYMBOL, "ETHUSDT"]
    assert call("order_book", symbol=SYMBOL, limit=5).bids[0][0] == "50000.0"
    for name in (
        "recent_trades_list",
        "old_trades_lookup",
        "compressed_aggregate_trades_list",
        "get_funding_rate_history",
        "open_interest",
        "query_index_price_constituents",
    ):
        call(name, symbol=SYMBOL)
    call("kline_candlestick_data", symbol=SYMBOL, interval="1m")
    call("continuous_contract_kline_candlestick_data", pair=SYMBOL, contract_type="PERPETUAL", interval="1m")
    call("index_price_kline_candlestick_data", pair=SYMBOL, interval="1m")
    call("mark_price_kline_candlestick_data", symbol=SYMBOL, interval="1m")
    for name in (
        "mark_price",
        "ticker24hr_price_change_statistics",
        "symbol_price_ticker",
        "symbol_price_ticker_v2",
        "symbol_order_book_ticker",
    ):
        assert call(name, symbol=SYMBOL).symbol == SYMBOL
        assert [each.symbol for each in call(name)] == [SYMBOL, "ETHUSDT"]
    call("get_funding_rate_info")
    call("asset_index")


def _account_data(call: Counted) -> None:
    assert call("account_information_v2").total_wallet_balance == "100000.00000000"
    assert call("account_information_v3").available_balance == "100000.00000000"
    for name in ("futures_account_balance_v2", "futures_account_balance_v3"):
        assert call(name)[0].balance == "100000.00000000"
    assert call("futures_account_configuration").can_trade
    assert call("get_current_position_mode").dual_side_position is False
    assert call("get_current_multi_assets_mode").multi_assets_margin is False
    assert call("get_bnb_burn_status").fee_burn is False
    assert call("notional_and_leverage_brackets", symbol=SYMBOL)[0].symbol == SYMBOL
    assert {limit.rate_limit_type for limit in call("query_user_rate_limit")} == {"ORDERS"}
    assert [config.leverage for config in call("symbol_configuration")] == [20, 20]
    assert call("user_commission_rate", symbol=SYMBOL).taker_commission_rate == "0.000500"
    call("futures_trading_quantitative_rules_indicators")


def _orders(call: Counted, emulator: EmulatorProcess) -> None:
    limit = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "time_in_force": "GTC", "quantity": 0.01}
    order = call("new_order", **limit, price=45_000)
    named = {"symbol": SYMBOL, "order_id": order.order_id}
    assert call("query_order", **named).status == "NEW"
    assert call("query_current_open_order", **named).price == "45000.0"
    assert len(call("current_all_open_orders")) == 1
    assert call("modify_order", **named, side="BUY", quantity=0.02, price=45_100).price == "45100.0"
    assert call("get_order_modify_history", symbol=SYMBOL)[0].amendment.price.after == "45100.0"
    assert call("cancel_order", **named).status == "CANCELED"
    market = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": 0.01}
    call("test_order", **market)
    filled = call("new_order", **market, new_order_resp_type="RESULT")
    assert (filled.status, filled.executed_qty) == ("FILLED", "0.010")
    assert len(call("all_orders", symbol=SYMBOL)) == 2
    (trade,) = call("account_trade_list", symbol=SYMBOL)
    assert trade.id == emulator.control.trades("main")[0].trade_id
    assert call("position_information_v2", symbol=SYMBOL)[0].position_amt == "0.010"
    assert call("position_information_v3")[0].position_amt == "0.010"
    assert {income.income_type for income in call("get_income_history")} == {"TRANSFER", "COMMISSION"}
    assert call("position_adl_quantile_estimation")[0].symbol == SYMBOL


def _batches_and_conditional_orders(call: Counted) -> None:
    one = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
    placed = call("place_multiple_orders", batch_orders=[{**one, "price": price} for price in ("44000", "44001")])
    ids = [order.order_id for order in placed]
    changes = [{"symbol": SYMBOL, "side": "BUY", "orderId": each, "quantity": "0.02", "price": "44100"} for each in ids]
    assert [order.price for order in call("modify_multiple_orders", batch_orders=changes)] == ["44100.0"] * 2
    cancelled = call("cancel_multiple_orders", symbol=SYMBOL, order_id_list=ids)
    assert [order.status for order in cancelled] == ["CANCELED"] * 2
    stop = {"algo_type": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL", "type": "STOP_MARKET", "quantity": 0.01}
    algo = call("new_algo_order", **stop, trigger_price=40_000)
    assert call("query_algo_order", algo_id=algo.algo_id).algo_status == "NEW"
    assert len(call("current_all_algo_open_orders")) == 1
    assert len(call("query_all_algo_orders", symbol=SYMBOL)) == 1
    assert call("cancel_algo_order", algo_id=algo.algo_id).code == "200"
    for name in ("cancel_all_algo_open_orders", "cancel_all_open_orders"):
        assert int(call(name, symbol=SYMBOL).code) == 200
    assert call("auto_cancel_all_open_orders", symbol=SYMBOL, countdown_time=10_000).countdown_time == "10000"


def _settings(call: Counted) -> None:
    assert call("change_initial_leverage", symbol="ETHUSDT", leverage=10).leverage == 10
    assert call("change_margin_type", symbol="ETHUSDT", margin_type="ISOLATED").code == 200
    call("new_order", symbol="ETHUSDT", side="BUY", type="MARKET", quantity=1)
    assert call("modify_isolated_position_margin", symbol="ETHUSDT", amount=10, type=1).code == 200
    call("get_position_margin_change_history", symbol="ETHUSDT")
    assert call("users_force_orders") == []
    key = call("start_user_data_stream").listen_key
    assert call("keepalive_user_data_stream").listen_key == key
    call("close_user_data_stream")
    assert call("toggle_bnb_burn_on_futures_trade", fee_burn="false").code == 200
    for symbol, quantity in (("ETHUSDT", 1), (SYMBOL, 0.01)):
        call("new_order", symbol=symbol, side="SELL", type="MARKET", quantity=quantity, reduce_only="true")
    assert call("change_position_mode", dual_side_position="true").code == 200
    assert call("change_position_mode", dual_side_position="false").code == 200


def _refusals(call: Counted) -> None:
    market = {"side": "BUY", "type": "MARKET"}
    for name, parameters, code in (
        ("query_order", {"symbol": SYMBOL, "order_id": 1}, -2013),
        ("cancel_order", {"symbol": SYMBOL, "order_id": 1}, -2011),
        ("new_order", {"symbol": "NOPE", **market, "quantity": 1}, -1121),
        ("new_order", {"symbol": SYMBOL, **market, "quantity": -1}, -1100),
        ("new_order", {"symbol": SYMBOL, **market, "quantity": 0.01, "reduce_only": "true"}, -2022),
    ):
        with pytest.raises(Exception, match=str(code)):
            call(name, **parameters)


async def test_the_sdk_trades_over_the_websocket_api_and_hears_the_streams(emulator: EmulatorProcess) -> None:
    ready = emulator.ready
    sdk = DerivativesTradingUsdsFutures(
        config_ws_api=ConfigurationWebSocketAPI(
            api_key=ready.api_key, api_secret=ready.secret, stream_url=ready.ws_api
        ),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=ready.stream),
    )
    api = await sdk.websocket_api.create_connection()
    streams = await sdk.websocket_streams.create_connection()
    calls = 0

    async def call(name: str, **parameters: Any) -> Any:
        nonlocal calls
        data = (await getattr(api, name)(**parameters)).data()
        calls += 1
        found = getattr(data, "actual_instance", None) or data
        assert found.status == 200, found
        return found.result

    try:
        await _read_and_trade(call)
        await _hear(call, streams, emulator)
        assert calls >= WS_CALLS
    finally:
        await api.close_connection()
        await streams.close_connection()


async def _read_and_trade(call: Any) -> None:
    await call("order_book", symbol=SYMBOL, limit=5)
    await call("symbol_price_ticker", symbol=SYMBOL)
    await call("symbol_order_book_ticker", symbol=SYMBOL)
    for name in (
        "account_information",
        "account_information_v2",
        "futures_account_balance",
        "futures_account_balance_v2",
        "position_information",
        "position_information_v2",
    ):
        await call(name)
    limit = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "time_in_force": "GTC", "quantity": 0.01}
    order = await call("new_order", **limit, price=45_000)
    named = {"symbol": SYMBOL, "order_id": order.order_id}
    assert (await call("query_order", **named)).status == "NEW"
    assert (await call("modify_order", **named, side="BUY", quantity=0.02, price=45_100)).price == "45100.0"
    assert (await call("cancel_order", **named)).status == "CANCELED"
    stop = {"algo_type": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL", "type": "STOP_MARKET", "quantity": 0.01}
    algo = await call("new_algo_order", **stop, trigger_price=40_000)
    assert (await call("cancel_algo_order", algo_id=algo.algo_id)).code == "200"


async def _hear(call: Any, streams: Any, emulator: EmulatorProcess) -> None:
    key = (await call("start_user_data_stream")).listen_key
    await call("keepalive_user_data_stream")
    heard: dict[str, list[Any]] = {}
    complete = threading.Event()
    symbol = SYMBOL.lower()
    wanted: dict[str, dict[str, Any]] = {
        "aggregate_trade_streams": {"symbol": symbol},
        "individual_symbol_book_ticker_streams": {"symbol": symbol},
        "mark_price_stream": {"symbol": symbol, "update_speed": "1s"},
        "diff_book_depth_streams": {"symbol": symbol},
        "partial_book_depth_streams": {"symbol": symbol, "levels": 5},
        "kline_candlestick_streams": {"symbol": symbol, "interval": "1m"},
        "continuous_contract_kline_candlestick_streams": {
            "pair": symbol,
            "contract_type": "perpetual",
            "interval": "1m",
        },
        "all_book_tickers_stream": {},
        "individual_symbol_ticker_streams": {"symbol": symbol},
        "individual_symbol_mini_ticker_stream": {"symbol": symbol},
        "all_market_tickers_streams": {},
        "all_market_mini_tickers_stream": {},
        "mark_price_stream_for_all_market": {},
        "user_data": {"listenKey": key},
    }

    def hear(name: str, message: Any) -> None:
        heard.setdefault(name, []).append(message)
        kinds = {type(each.actual_instance).__name__ for each in heard.get("user_data", [])}
        if len(heard) == len(wanted) and {"OrderTradeUpdate", "AccountUpdate", "TradeLite"} <= kinds:
            complete.set()

    for name, parameters in wanted.items():
        stream = await getattr(streams, name)(**parameters)
        stream.on("message", lambda message, name=name: hear(name, message))
    # Subscribing is not acknowledged to the caller, so the market moves until every stream was heard.
    for number in range(40):
        price = Decimal("50000.0") + number
        await asyncio.to_thread(emulator.control.set_market, SYMBOL, price, price + Decimal("0.1"))
        await call("new_order", symbol=SYMBOL, side="BUY" if number % 2 else "SELL", type="MARKET", quantity=0.01)
        await asyncio.sleep(0.25)
        if complete.is_set():
            break
    assert set(heard) == set(wanted)
    assert complete.is_set()
    await call("close_user_data_stream")
