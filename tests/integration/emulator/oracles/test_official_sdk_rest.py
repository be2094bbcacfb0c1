"""Binance's official SDK over REST, with its own models and its own three ways to sign."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest
from binance_common.errors import BadRequestError, NotFoundError, UnauthorizedError

from tests.integration.emulator.oracles.keys import KINDS, Credentials, open_account
from tests.integration.emulator.oracles.sdk import Rest, gaps
from trueup.emulator import EmulatorProcess

SYMBOL = "BTCUSDT"
LIMIT = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "time_in_force": "GTC"}
MARKET = {"symbol": SYMBOL, "type": "MARKET", "new_order_resp_type": "RESULT"}
STOP = {"algo_type": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL", "type": "STOP_MARKET"}
CALLS_MIN = 60
DISTINCT_MIN = 55

# The SDK 18.0.1 does not know every field of an order's answer that the venue's documents show.
UNKNOWN_TO_SDK = {"+avgPrice", "+cumQuote"}
TRAILING_ONLY = {"-activatePrice", "-priceRate"}


@pytest.fixture
def call(emulator: EmulatorProcess) -> Rest:
    """Return the SDK's client of a fresh account with 100,000 USDT."""
    return Rest(emulator, open_account(emulator))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_key_reads_trades_and_changes_settings(emulator: EmulatorProcess, kind: str) -> None:
    call = Rest(emulator, open_account(emulator, kind))
    walk = (
        _public_reads,
        _tape,
        _life_of_a_limit_order,
        _round_trip,
        _batches,
        _conditional_orders,
        _settings,
        _listen_key,
    )
    for step in walk:
        step(call, emulator)
    assert len(call.called) >= CALLS_MIN
    assert len(set(call.called)) >= DISTINCT_MIN


def _public_reads(call: Rest, emulator: EmulatorProcess) -> None:
    call("test_connectivity")
    assert abs(call("check_server_time").server_time - time.time() * 1_000) < 60_000
    info = call("exchange_information")
    assert len(info.symbols) >= 200
    assert (info.timezone, {limit.rate_limit_type for limit in info.rate_limits}) == (
        "UTC",
        {"REQUEST_WEIGHT", "ORDERS"},
    )
    bitcoin = next(symbol for symbol in info.symbols if symbol.symbol == SYMBOL)
    assert (bitcoin.contract_type, bitcoin.status, bitcoin.margin_asset) == ("PERPETUAL", "TRADING", "USDT")
    filters = {each.filter_type: each for each in bitcoin.filters}
    assert Decimal(filters["PRICE_FILTER"].tick_size) == Decimal("0.1")
    assert (filters["LOT_SIZE"].step_size, filters["MIN_NOTIONAL"].notional) == ("0.001", "100")
    book = call("order_book", symbol=SYMBOL, limit=5)
    assert (book.bids[0][0], book.asks[0][0]) == ("50000.0", "50000.1")
    assert [len(side) for side in (book.bids, book.asks)] == [5, 5]
    assert [Decimal(level[0]) for level in book.bids] == sorted(
        (Decimal(price) for price, _ in book.bids), reverse=True
    )
    touch = call("symbol_order_book_ticker", symbol=SYMBOL)
    assert (touch.bid_price, touch.bid_qty, touch.ask_price) == (book.bids[0][0], book.bids[0][1], "50000.1")
    marked = call("mark_price", symbol=SYMBOL)
    assert Decimal(marked.mark_price) == Decimal("50000.05")
    assert (marked.last_funding_rate, marked.next_funding_time % 28_800_000) == ("0.00010000", 0)
    assert call("open_interest", symbol=SYMBOL).symbol == SYMBOL
    assert {each.symbol for each in call("symbol_price_ticker")} == {each.symbol for each in info.symbols}
    assert call("get_funding_rate_info") == []  # only symbols with an interval or cap of their own are listed


def _tape(call: Rest, emulator: EmulatorProcess) -> None:
    emulator.control.print_trade(SYMBOL, Decimal("50000.1"), Decimal("0.5"), buyer_maker=False)
    (agg,) = call("compressed_aggregate_trades_list", symbol=SYMBOL, limit=1)
    assert (agg.p, agg.q, agg.nq, agg.m) == ("50000.1", "0.500", "0.500", False)
    for name in ("recent_trades_list", "old_trades_lookup"):
        (trade,) = call(name, symbol=SYMBOL, limit=1)
        assert (trade.price, trade.qty, trade.quote_qty) == ("50000.1", "0.500", "25000.05")
    window = {"interval": "1m", "limit": 1}
    bars = [
        call("kline_candlestick_data", symbol=SYMBOL, **window),
        call("continuous_contract_kline_candlestick_data", pair=SYMBOL, contract_type="PERPETUAL", **window),
        call("mark_price_kline_candlestick_data", symbol=SYMBOL, **window),
        call("index_price_kline_candlestick_data", pair=SYMBOL, **window),
    ]
    for ((opened_ms, _, high, low, close, *_, closed_ms, _, _, _, _, _),) in bars:
        assert (opened_ms % 60_000, closed_ms - opened_ms) == (0, 59_999)
        assert Decimal(low) <= Decimal(close) <= Decimal(high)
    assert [bars[0][0][4], bars[1][0][4]] == ["50000.1"] * 2
    day = call("ticker24hr_price_change_statistics", symbol=SYMBOL)
    assert (day.last_price, day.last_qty) == ("50000.1", "0.500")
    assert call("symbol_price_ticker", symbol=SYMBOL).price == "50000.1"
    assert call("symbol_price_ticker_v2", symbol=SYMBOL).symbol == SYMBOL
    assert call("query_index_price_constituents", symbol=SYMBOL).symbol == SYMBOL
    (funding,) = call("get_funding_rate_history", symbol="ETHUSDT")  # the emulator keeps no past rates: the one to come
    assert (funding.funding_rate, Decimal(funding.mark_price)) == ("0.00010000", Decimal("3000.005"))


def _life_of_a_limit_order(call: Rest, emulator: EmulatorProcess) -> None:
    before = time.time() * 1_000
    name = f"{call.account_id}-life"
    order = call("new_order", **LIMIT, quantity=0.01, price=45_000, new_client_order_id=name)
    assert (order.client_order_id, order.status, order.price, order.orig_qty) == (name, "NEW", "45000.0", "0.010")
    named = {"symbol": SYMBOL, "order_id": order.order_id}
    found = call("query_order", symbol=SYMBOL, orig_client_order_id=name)
    assert (found.order_id, found.executed_qty, found.avg_price) == (order.order_id, "0.000", "0.00")
    assert before - 60_000 < found.time <= found.update_time
    assert call("query_current_open_order", **named).client_order_id == name
    assert [each.order_id for each in call("current_all_open_orders")] == [order.order_id]
    changed = call("modify_order", **named, side="BUY", quantity=0.02, price=45_100)
    assert (changed.order_id, changed.price, changed.orig_qty, changed.status) == (
        order.order_id, "45100.0", "0.020", "NEW",
    )  # fmt: skip
    (history,) = call("get_order_modify_history", symbol=SYMBOL)
    amendment = history.amendment
    assert (amendment.price.before, amendment.price.after) == ("45000.0", "45100.0")
    assert (amendment.orig_qty.before, amendment.orig_qty.after, amendment.count) == ("0.010", "0.020", 1)
    assert call("cancel_order", **named).status == "CANCELED"
    assert call("current_all_open_orders", symbol=SYMBOL) == []
    assert [each.status for each in call("all_orders", symbol=SYMBOL)] == ["CANCELED"]


def _round_trip(call: Rest, emulator: EmulatorProcess) -> None:
    call("test_order", **MARKET, side="BUY", quantity=0.01)
    assert call("account_trade_list", symbol=SYMBOL) == []
    bought = call("new_order", **MARKET, side="BUY", quantity=0.01)
    assert (bought.status, bought.executed_qty, bought.orig_type) == ("FILLED", "0.010", "MARKET")
    (trade,) = call("account_trade_list", symbol=SYMBOL)
    assert (trade.order_id, trade.price, trade.qty, trade.maker, trade.buyer) == (
        bought.order_id, "50000.1", "0.010", False, True,
    )  # fmt: skip
    # 5 basis points of 500.001 USDT, the taker's fee of tier 0, rounded half to even at the eighth decimal
    assert (trade.quote_qty, trade.commission, trade.commission_asset) == ("500.00100000", "0.25000050", "USDT")
    assert (trade.realized_pnl, trade.id) == ("0.00000000", emulator.control.trades(call.account_id)[0].trade_id)
    (position,) = call("position_information_v3")
    assert (position.symbol, position.position_amt, position.entry_price) == (SYMBOL, "0.010", "50000.1")
    assert Decimal(position.un_realized_profit) == Decimal("-0.0005")
    # Twenty-fold leverage on the notional at the mark price.
    assert Decimal(position.position_initial_margin) == Decimal("500.0005") / 20
    assert call("position_information_v2", symbol=SYMBOL)[0].leverage == "20"
    account = call("account_information_v3")
    assert (account.total_wallet_balance, account.total_unrealized_profit) == ("99999.74999950", "-0.00050000")
    assert Decimal(account.available_balance) == Decimal("99999.7499995") - Decimal("0.0005") - Decimal("500.0005") / 20
    (asset,) = (each for each in call("account_information_v2").assets if each.asset == "USDT")
    assert asset.wallet_balance == account.total_wallet_balance
    assert [each.symbol for each in call("position_adl_quantile_estimation")] == [SYMBOL]
    sold = call("new_order", **MARKET, side="SELL", quantity=0.01, reduce_only="true")
    assert (sold.status, sold.reduce_only) == ("FILLED", True)
    assert call("position_information_v3") == []
    incomes = [(each.income_type, each.income) for each in call("get_income_history", symbol=SYMBOL)]
    assert sorted(incomes) == [
        ("COMMISSION", "-0.25000000"), ("COMMISSION", "-0.25000050"), ("REALIZED_PNL", "-0.00100000"),
    ]  # fmt: skip
    for name in ("futures_account_balance_v2", "futures_account_balance_v3"):
        assert [each.balance for each in call(name) if each.asset == "USDT"] == ["99999.49899950"]


def _batches(call: Rest, emulator: EmulatorProcess) -> None:
    one = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
    asked = [{**one, "price": "44000"}, {**one, "price": "44000.05"}, {**one, "price": "44001"}]
    first, refused, third = call("place_multiple_orders", batch_orders=asked)
    assert (refused.code, refused.msg) == (-4014, "Price not increased by tick size.")
    assert (first.price, third.price, refused.order_id) == ("44000.0", "44001.0", None)
    ids = [first.order_id, third.order_id]
    changes = [{"symbol": SYMBOL, "side": "BUY", "orderId": each, "quantity": "0.02", "price": "44100"} for each in ids]
    assert [(each.price, each.orig_qty) for each in call("modify_multiple_orders", batch_orders=changes)] == [
        ("44100.0", "0.020")
    ] * 2
    cancelled = call("cancel_multiple_orders", symbol=SYMBOL, order_id_list=[*ids, 1])
    assert [each.status for each in cancelled[:2]] == ["CANCELED"] * 2
    assert (cancelled[2].code, cancelled[2].msg) == (-2011, "Unknown order sent.")
    call("new_order", **LIMIT, quantity=0.01, price=44_000)
    assert call("cancel_all_open_orders", symbol=SYMBOL).code == 200
    assert emulator.control.open_orders(call.account_id) == []
    armed = call("auto_cancel_all_open_orders", symbol=SYMBOL, countdown_time=100_000)
    assert (armed.symbol, armed.countdown_time) == (SYMBOL, "100000")


def _conditional_orders(call: Rest, emulator: EmulatorProcess) -> None:
    name = f"{call.account_id}-stop"
    algo = call("new_algo_order", **STOP, quantity=0.01, trigger_price=40_000, client_algo_id=name)
    assert (algo.algo_status, algo.order_type, algo.trigger_price) == ("NEW", "STOP_MARKET", "40000.0")
    assert call("query_algo_order", client_algo_id=name).algo_id == algo.algo_id
    assert [each.client_algo_id for each in call("current_all_algo_open_orders")] == [name]
    assert [each.algo_status for each in call("query_all_algo_orders", symbol=SYMBOL)] == ["NEW"]
    assert call("cancel_algo_order", algo_id=algo.algo_id).client_algo_id == name
    assert call("query_algo_order", algo_id=algo.algo_id).algo_status == "CANCELED"
    call("new_algo_order", **STOP, quantity=0.01, trigger_price=41_000)
    assert int(call("cancel_all_algo_open_orders", symbol=SYMBOL).code) == 200
    assert call("current_all_algo_open_orders", symbol=SYMBOL) == []


def _settings(call: Rest, emulator: EmulatorProcess) -> None:
    set_to = call("change_initial_leverage", symbol="ETHUSDT", leverage=10)
    assert (set_to.leverage, set_to.symbol) == (10, "ETHUSDT")
    assert call("change_margin_type", symbol="ETHUSDT", margin_type="ISOLATED").msg == "success"
    (config,) = call("symbol_configuration", symbol="ETHUSDT")
    assert (config.leverage, config.margin_type) == (10, "ISOLATED")
    call("new_order", symbol="ETHUSDT", side="BUY", type="MARKET", quantity=1)
    added = call("modify_isolated_position_margin", symbol="ETHUSDT", amount=10, type=1)
    assert (added.amount, added.type, added.code) == (10.0, 1, 200)
    (position,) = call("position_information_v2", symbol="ETHUSDT")
    assert (position.margin_type, Decimal(position.isolated_wallet)) == ("isolated", Decimal("300.001") + 10)
    call("new_order", symbol="ETHUSDT", side="SELL", type="MARKET", quantity=1, reduce_only="true")
    assert call("change_position_mode", dual_side_position="true").code == 200
    assert call("get_current_position_mode").dual_side_position is True
    call("new_order", **MARKET, side="BUY", position_side="LONG", quantity=0.01)
    call("new_order", **MARKET, side="SELL", position_side="SHORT", quantity=0.02)
    legs = {each.position_side: each.position_amt for each in call("position_information_v3", symbol=SYMBOL)}
    assert legs == {"LONG": "0.010", "SHORT": "-0.020"}
    with pytest.raises(BadRequestError, match="Position side cannot be changed if there exists position"):
        call("change_position_mode", dual_side_position="false")
    call("new_order", **MARKET, side="SELL", position_side="LONG", quantity=0.01)
    call("new_order", **MARKET, side="BUY", position_side="SHORT", quantity=0.02)
    assert call("change_position_mode", dual_side_position="false").code == 200
    assert call("get_current_multi_assets_mode").multi_assets_margin is False
    assert call("toggle_bnb_burn_on_futures_trade", fee_burn="false").code == 200
    assert call("get_bnb_burn_status").fee_burn is False
    configuration = call("futures_account_configuration")
    assert (configuration.can_trade, configuration.fee_tier, configuration.dual_side_position) == (True, 0, False)
    rates = call("user_commission_rate", symbol=SYMBOL)
    assert (rates.maker_commission_rate, rates.taker_commission_rate) == ("0.000200", "0.000500")
    (brackets,) = call("notional_and_leverage_brackets", symbol=SYMBOL)
    assert brackets.brackets[0].initial_leverage == 125
    assert {limit.interval for limit in call("query_user_rate_limit")} == {"MINUTE", "SECOND"}
    assert call("users_force_orders") == []
    call("futures_trading_quantitative_rules_indicators")


def _listen_key(call: Rest, emulator: EmulatorProcess) -> None:
    key = call("start_user_data_stream").listen_key
    assert len(key) == 64
    assert call("start_user_data_stream").listen_key == key
    assert call("keepalive_user_data_stream").listen_key == key
    call("close_user_data_stream")
    with pytest.raises(BadRequestError, match="This listenKey does not exist"):
        call("keepalive_user_data_stream")


def test_the_sdks_models_find_every_field_and_nothing_that_they_do_not_know(call: Rest) -> None:
    filled = call("new_order", **MARKET, side="BUY", quantity=0.01)
    working = call("new_order", **LIMIT, quantity=0.01, price=45_000)
    algo = call("new_algo_order", **STOP, quantity=0.01, trigger_price=40_000)
    named = {"symbol": SYMBOL, "order_id": working.order_id}
    whole: dict[str, dict[str, Any]] = {
        "check_server_time": {},
        "account_information_v3": {},
        "futures_account_balance_v2": {},
        "futures_account_balance_v3": {},
        "futures_account_configuration": {},
        "position_information_v2": {"symbol": SYMBOL},
        "position_information_v3": {"symbol": SYMBOL},
        "symbol_configuration": {"symbol": SYMBOL},
        "user_commission_rate": {"symbol": SYMBOL},
        "notional_and_leverage_brackets": {"symbol": SYMBOL},
        "get_income_history": {},
        "order_book": {"symbol": SYMBOL, "limit": 5},
        "recent_trades_list": {"symbol": SYMBOL},
        "compressed_aggregate_trades_list": {"symbol": SYMBOL},
        "mark_price": {"symbol": SYMBOL},
        "ticker24hr_price_change_statistics": {"symbol": SYMBOL},
        "symbol_price_ticker_v2": {"symbol": SYMBOL},
        "open_interest": {"symbol": SYMBOL},
        "query_user_rate_limit": {},
    }
    beside: dict[str, set[str]] = {"account_information_v3": {"+assets[].marginAvailable"}}
    found = {name: gaps(call(name, **parameters)) for name, parameters in whole.items()}
    assert {name: each for name, each in found.items() if each} == beside

    assert gaps(filled) == gaps(working) == UNKNOWN_TO_SDK
    assert gaps(call("query_order", **named)) == TRAILING_ONLY
    assert gaps(call("current_all_open_orders")) == {f"-[].{gap[1:]}" for gap in TRAILING_ONLY}
    # The model shares fields with the coin-margined venue, which this one does not send.
    coin_margined = {"-[].baseQty", "-[].marginAsset", "-[].pair"}
    assert gaps(call("account_trade_list", symbol=SYMBOL)) == coin_margined
    assert gaps(call("all_orders", symbol=SYMBOL)) == {"-[].cumBase", "-[].pair", "-[].activatePrice", "-[].priceRate"}
    assert gaps(call("current_all_algo_open_orders")) == {"-[].icebergQuantity"}
    assert "-algoId" not in gaps(call("cancel_algo_order", algo_id=algo.algo_id))


def test_a_trailing_stop_carries_the_fields_that_only_it_has(call: Rest) -> None:
    trailing = {"algo_type": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL", "type": "TRAILING_STOP_MARKET"}
    order = call("new_algo_order", **trailing, quantity=0.01, callback_rate=1, activate_price=51_000)

    assert (order.callback_rate, order.activate_price) == ("1", "51000.0")


def test_a_page_of_orders_goes_on_where_the_last_one_ended(call: Rest) -> None:
    placed = [call("new_order", **LIMIT, quantity=0.01, price=44_000 + n).order_id for n in range(7)]
    pages: list[list[int]] = []
    since = placed[0]
    while page := [each.order_id for each in call("all_orders", symbol=SYMBOL, order_id=since, limit=3)]:
        pages.append(page)
        since = page[-1] + 1
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [order_id for page in pages for order_id in page] == placed


def test_a_page_of_trades_goes_on_from_an_id(call: Rest, emulator: EmulatorProcess) -> None:
    for _ in range(5):
        call("new_order", **MARKET, side="BUY", quantity=0.01)
    ids = [trade.trade_id for trade in emulator.control.trades(call.account_id)]
    first = call("account_trade_list", symbol=SYMBOL, from_id=ids[0], limit=2)
    rest = call("account_trade_list", symbol=SYMBOL, from_id=first[-1].id + 1)
    assert [each.id for each in [*first, *rest]] == ids
    assert [each.id for each in call("account_trade_list", symbol=SYMBOL, limit=2)] == ids[-2:]


def test_the_headers_tell_weight_and_order_counts(call: Rest) -> None:
    answer = call.answer("new_order", **LIMIT, quantity=0.01, price=45_000)
    counts = {(limit.rateLimitType, limit.interval, limit.intervalNum): limit.count for limit in answer.rate_limits}
    assert answer.headers["X-MBX-ORDER-COUNT-10S"] == answer.headers["X-MBX-ORDER-COUNT-1M"] == "1"
    assert int(answer.headers["X-MBX-USED-WEIGHT-1M"]) >= 0
    assert {kind for kind, _, _ in counts} >= {"REQUEST_WEIGHT"}


@pytest.mark.parametrize(
    ("name", "parameters", "code", "message"),
    [
        ("query_order", {"symbol": SYMBOL, "order_id": 1}, -2013, "Order does not exist."),
        ("cancel_order", {"symbol": SYMBOL, "order_id": 1}, -2011, "Unknown order sent."),
        ("order_book", {"symbol": "NOPE"}, -1121, "Invalid symbol."),
        ("new_order", {**MARKET, "symbol": "NOPE", "side": "BUY", "quantity": 1}, -1121, "Invalid symbol."),
        ("new_order", {**MARKET, "side": "BUY", "quantity": 0.01, "reduce_only": "true"}, -2022, "ReduceOnly Order is"),
        ("new_order", {**MARKET, "side": "BUY", "quantity": 99}, -2019, "Margin is insufficient."),
        ("new_order", {**MARKET, "side": "BUY", "quantity": 0}, -4003, "Quantity less than or equal to zero."),
        ("new_order", {**LIMIT, "quantity": 0.001, "price": 40_000}, -4164, "notional must be no smaller than"),
        ("new_order", {**LIMIT, "quantity": 0.01, "price": 40_000.01}, -4014, "Price not increased by tick size."),
        ("new_order", {**LIMIT, "quantity": 0.0105, "price": 40_000}, -1111, "Precision is over the maximum"),
        ("change_initial_leverage", {"symbol": SYMBOL, "leverage": 500}, -4028, "is not valid"),
        ("change_margin_type", {"symbol": SYMBOL, "margin_type": "CROSSED"}, -4046, "No need to change margin type."),
        ("change_position_mode", {"dual_side_position": "false"}, -4059, "No need to change position side."),
        ("query_algo_order", {"algo_id": 1}, -2013, "Order does not exist."),
        ("kline_candlestick_data", {"symbol": SYMBOL, "interval": "7m"}, -1120, "Invalid interval."),
    ],
)
def test_a_refusal_bears_the_venues_code_and_text(
    call: Rest, name: str, parameters: dict[str, Any], code: int, message: str
) -> None:
    with pytest.raises(BadRequestError) as refused:
        call(name, **parameters)
    assert refused.value.status_code == code
    assert message in refused.value.error_message


def test_a_client_order_id_is_taken_once_while_its_order_works(call: Rest) -> None:
    call("new_order", **LIMIT, quantity=0.01, price=45_000, new_client_order_id="once")
    with pytest.raises(BadRequestError, match="ClientOrderId is duplicated") as refused:
        call("new_order", **LIMIT, quantity=0.01, price=45_000, new_client_order_id="once")
    assert refused.value.status_code == -4116


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_of_another_key_is_refused(emulator: EmulatorProcess, kind: str) -> None:
    mine = open_account(emulator, kind)
    other = open_account(emulator, "HMAC")
    forged = Credentials(mine.account_id, mine.api_key, secret="not" + other.secret)
    with pytest.raises(BadRequestError, match="Signature for this request is not valid") as refused:
        Rest(emulator, forged)("account_information_v3")
    assert refused.value.status_code == -1022
    unknown = Credentials("nobody", "n" * 64, secret="s")
    with pytest.raises(UnauthorizedError, match="Invalid API-key") as nobody:
        Rest(emulator, unknown)("account_information_v3")
    assert nobody.value.status_code == -2015


def test_what_is_not_emulated_says_so_with_the_venues_404(call: Rest) -> None:
    with pytest.raises(NotFoundError, match="is invalid") as missing:
        call("trading_schedule")
    assert missing.value.status_code == -5000
