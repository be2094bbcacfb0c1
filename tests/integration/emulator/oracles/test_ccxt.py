"""`ccxt.binanceusdm`, which posts its parameters as forms, as another judge: it trades, reads and sorts errors."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from tests.integration.emulator.oracles.keys import KINDS, Credentials, open_account
from trueup.emulator import EmulatorProcess

BTC = "BTC/USDT:USDT"
ETH = "ETH/USDT:USDT"
VENUE = "https://fapi.binance.com"

type Connect = Callable[..., Any]


class Client(ccxt.binanceusdm):
    """ccxt's client at another address: the hosts in its table of URLs are replaced, nothing else."""

    def __init__(self, rest: str, credentials: Credentials) -> None:
        super().__init__({"apiKey": credentials.api_key, "secret": credentials.private_key or credentials.secret})
        self._rest = rest
        self.account_id = credentials.account_id
        self.enableRateLimit = False
        self.options["fetchCurrencies"] = False  # wallets are another venue's
        self.options["fetchOpenOrders"] = {"warnWithoutSymbol": False}
        self.urls["api"] = {
            name: url.replace(VENUE, rest) if isinstance(url, str) else url for name, url in self.urls["api"].items()
        }

    def get_exceptions_by_url(self, url: str, kind: str) -> Any:
        """ccxt chooses its table of the venue's codes by the host's name, which is another one here."""
        return super().get_exceptions_by_url(url.replace(self._rest, VENUE), kind)


@pytest.fixture(scope="module")
def markets(emulator: EmulatorProcess) -> Any:
    """Return what ccxt reads of the listed markets, once for all tests."""
    return Client(emulator.ready.rest, open_account(emulator)).load_markets()


@pytest.fixture
def connect(emulator: EmulatorProcess, markets: Any) -> Connect:
    """Return a function that connects ccxt to a fresh account with 100,000 USDT."""

    def begin(kind: str = "HMAC", **settings: Any) -> Any:
        client = Client(emulator.ready.rest, open_account(emulator, kind, **settings))
        client.set_markets(markets)
        return client

    return begin


@pytest.fixture
def exchange(connect: Connect) -> Any:
    """Return ccxt's client of a fresh account."""
    return connect()


def test_it_knows_every_market_with_its_steps_and_limits(markets: Any) -> None:
    assert len([market for market in markets.values() if market["swap"] and market["linear"]]) >= 200
    bitcoin = markets[BTC]
    assert (bitcoin["id"], bitcoin["settle"], bitcoin["active"], bitcoin["contractSize"]) == (
        "BTCUSDT",
        "USDT",
        True,
        1,
    )
    assert bitcoin["precision"]["price"] == 0.1
    assert (bitcoin["precision"]["amount"], bitcoin["limits"]["cost"]["min"]) == (0.001, 100.0)


def test_it_reads_books_prices_bars_and_funding(exchange: Any, emulator: EmulatorProcess) -> None:
    emulator.control.print_trade("BTCUSDT", Decimal("50000.1"), Decimal("0.5"), buyer_maker=False)
    book = exchange.fetch_order_book(BTC, 5)
    assert (book["bids"][0][0], book["asks"][0][0], len(book["asks"])) == (50_000.0, 50_000.1, 5)
    touch = exchange.fetch_bids_asks([BTC])[BTC]
    assert [touch["bid"], touch["bidVolume"]] == book["bids"][0]
    ticker = exchange.fetch_ticker(BTC)
    assert (ticker["last"], ticker["info"]["lastQty"]) == (50_000.1, "0.500")
    assert ticker["baseVolume"] >= 0.5
    assert set(exchange.fetch_tickers()) >= {BTC, ETH}
    assert exchange.fetch_last_prices([BTC])[BTC]["price"] == 50_000.1
    (trade,) = exchange.fetch_trades(BTC, limit=1)
    assert (trade["price"], trade["amount"], trade["side"]) == (50_000.1, 0.5, "buy")
    opened_ms, first, high, low, close, volume = exchange.fetch_ohlcv(BTC, "1m")[-1]
    assert opened_ms % 60_000 == 0
    assert low <= min(first, close) <= max(first, close) <= high
    assert volume >= 0.5
    funding = exchange.fetch_funding_rate(BTC)
    assert (funding["fundingRate"], funding["markPrice"]) == (0.0001, 50_000.05)
    assert funding["fundingTimestamp"] % (8 * 3_600_000) == 0
    assert exchange.fetch_funding_rates([ETH])[ETH]["markPrice"] == 3_000.005
    assert abs(exchange.fetch_time() - exchange.milliseconds()) < 60_000


@pytest.mark.parametrize("kind", KINDS)
def test_it_signs_forms_with_each_kind_of_key(connect: Connect, kind: str) -> None:
    exchange = connect(kind)
    order = exchange.create_order(BTC, "limit", "buy", 0.01, 45_000)
    assert exchange.cancel_order(order["id"], BTC)["status"] == "canceled"


def test_an_order_lives_and_is_found_by_either_id(exchange: Any) -> None:
    name = {"clientOrderId": "mine"}
    order = exchange.create_order(BTC, "limit", "buy", 0.01, 45_000, name)
    assert (order["status"], order["clientOrderId"], order["remaining"]) == ("open", "mine", 0.01)
    by_id, by_name = exchange.fetch_order(order["id"], BTC), exchange.fetch_order(None, BTC, name)
    assert by_id["id"] == by_name["id"] == order["id"]
    assert [each["id"] for each in exchange.fetch_open_orders(BTC)] == [order["id"]]
    edited = exchange.edit_order(order["id"], BTC, "limit", "buy", 0.02, 45_100)
    assert (edited["id"], edited["price"], edited["amount"], edited["status"]) == (order["id"], 45_100, 0.02, "open")
    assert exchange.cancel_order(order["id"], BTC)["status"] == "canceled"
    assert exchange.fetch_open_orders() == []
    assert [each["id"] for each in exchange.fetch_canceled_orders(BTC)] == [order["id"]]


@pytest.mark.parametrize(
    ("parameters", "time_in_force"),
    [({"postOnly": True}, "PO"), ({"timeInForce": "GTC"}, "GTC"), ({"timeInForce": "GTX"}, "PO")],
)
def test_a_limit_order_works_with_its_time_in_force(exchange: Any, parameters: Any, time_in_force: str) -> None:
    order = exchange.create_order(BTC, "limit", "buy", 0.01, 45_000, parameters)
    assert (order["status"], order["timeInForce"], order["postOnly"]) == ("open", time_in_force, time_in_force == "PO")


@pytest.mark.parametrize("time_in_force", ["IOC", "FOK"])
def test_an_immediate_order_fills_at_the_books_price(exchange: Any, time_in_force: str) -> None:
    order = exchange.create_order(BTC, "limit", "buy", 0.01, 50_100, {"timeInForce": time_in_force})
    assert (order["status"], order["filled"], order["average"], order["cost"]) == ("closed", 0.01, 50_000.1, 500.001)


def test_an_immediate_order_that_cannot_fill_expires(exchange: Any) -> None:
    order = exchange.create_order(BTC, "limit", "buy", 0.01, 45_000, {"timeInForce": "IOC"})
    assert (order["status"], order["filled"]) == ("expired", 0.0)


def test_conditional_orders_wait_trigger_and_are_cancelled(exchange: Any, emulator: EmulatorProcess) -> None:
    exchange.create_order(ETH, "market", "buy", 1)
    waiting = {"trigger": True}
    stop = exchange.create_order(ETH, "market", "sell", 1, None, {"stopLossPrice": 2_900, "reduceOnly": True})
    take = exchange.create_order(ETH, "market", "sell", 1, None, {"takeProfitPrice": 3_300, "reduceOnly": True})
    limit = exchange.create_order(ETH, "limit", "sell", 1, 2_700, {"triggerPrice": 2_800})
    trail = exchange.create_trailing_percent_order(ETH, "market", "sell", 1, None, 1.0, 3_200)
    assert (stop["triggerPrice"], take["takeProfitPrice"], limit["price"]) == (2_900, 3_300, 2_700)
    assert [(order["id"], order["reduceOnly"]) for order in exchange.fetch_open_orders(ETH, params=waiting)] == [
        (stop["id"], True), (take["id"], True), (limit["id"], False), (trail["id"], False),
    ]  # fmt: skip
    exchange.cancel_order(take["id"], ETH, waiting)
    emulator.control.move_to("ETHUSDT", Decimal("2899.00"))
    emulator.control.set_market("ETHUSDT", Decimal("3000.00"), Decimal("3000.01"))
    exchange.cancel_all_orders(ETH, waiting)
    assert exchange.fetch_open_orders(ETH, params=waiting) == []
    statuses = {order["id"]: order["status"] for order in exchange.fetch_orders(ETH, params=waiting)}
    assert statuses == {
        stop["id"]: "closed", take["id"]: "canceled", limit["id"]: "canceled", trail["id"]: "canceled",
    }  # fmt: skip
    assert exchange.fetch_positions([ETH]) == []
    assert [order["type"] for order in exchange.fetch_closed_orders(ETH)] == ["market", "market"]


def test_batches_are_placed_and_cancelled(exchange: Any, emulator: EmulatorProcess) -> None:
    one = {"symbol": BTC, "type": "limit", "side": "buy", "amount": 0.01}
    answers = exchange.create_orders(
        [{**one, "price": 44_000}, {**one, "price": 43_000}, {**one, "amount": 90, "price": 4e4}]
    )
    placed = [each for each in answers if each["id"]]
    assert [each["status"] for each in answers if not each["id"]] == ["rejected"]
    assert [each["price"] for each in placed] == [44_000, 43_000]
    cancelled = exchange.cancel_orders([each["id"] for each in placed], BTC)
    assert [each["status"] for each in cancelled] == ["canceled"] * 2
    exchange.create_order(BTC, "limit", "buy", 0.01, 44_000)
    exchange.cancel_all_orders(BTC)
    assert emulator.control.open_orders(exchange.account_id) == []


def test_orders_trades_position_balance_and_ledger_are_the_venues_own(exchange: Any, emulator: EmulatorProcess) -> None:
    for side, amount in (("buy", 0.03), ("sell", 0.01), ("buy", 0.02)):
        order = exchange.create_order(BTC, "market", side, amount)
        assert (order["status"], order["filled"]) == ("closed", amount)

    ledger, account = emulator.control, exchange.account_id
    assert [each["id"] for each in exchange.fetch_orders(BTC)] == [
        str(each.order_id) for each in ledger.orders(account)
    ]
    assert [
        (each["id"], each["order"], each["amount"], each["price"], each["fee"]["cost"], each["takerOrMaker"])
        for each in exchange.fetch_my_trades(BTC)
    ] == [
        (
            str(each.trade_id),
            str(each.order_id),
            float(each.quantity),
            float(each.price),
            float(each.commission),
            "taker",
        )
        for each in ledger.trades(account)
    ]
    (position,) = exchange.fetch_positions([BTC])
    (held,) = ledger.positions(account)
    assert (position["side"], position["contracts"], position["marginMode"]) == ("long", 0.04, "cross")
    assert position["entryPrice"] == pytest.approx(float(held.entry_price))
    assert position["initialMargin"] == pytest.approx(0.04 * 50_000.05 / 20)
    (usdt,) = (each for each in ledger.balances(account) if each.asset == "USDT")
    balance = exchange.fetch_balance()["USDT"]
    assert (balance["free"], balance["total"]) == (float(usdt.available), pytest.approx(float(usdt.margin_balance)))
    ccxts = [(each["amount"] if each["direction"] == "in" else -each["amount"]) for each in exchange.fetch_ledger()]
    assert ccxts == [float(each.amount) for each in ledger.income(account)]


def test_trades_are_paged_by_id_and_by_time_without_a_gap(exchange: Any, emulator: EmulatorProcess) -> None:
    for _ in range(5):
        exchange.create_order(BTC, "market", "buy", 0.01)
    ids = [str(trade.trade_id) for trade in emulator.control.trades(exchange.account_id)]
    found: list[str] = []
    while page := exchange.fetch_my_trades(BTC, None, 2, {"fromId": int(found[-1]) + 1 if found else int(ids[0])}):
        found += [trade["id"] for trade in page]
    assert found == ids
    since = exchange.fetch_my_trades(BTC)[0]["timestamp"]
    assert [trade["id"] for trade in exchange.fetch_my_trades(BTC, since, 2)] == ids[:2]


def test_funding_appears_among_the_accounts_payments(exchange: Any, emulator: EmulatorProcess) -> None:
    exchange.create_order(BTC, "market", "buy", 0.02)
    emulator.control.apply_funding("BTCUSDT", Decimal("0.0001"))
    (payment,) = exchange.fetch_funding_history(BTC)
    assert payment["amount"] == pytest.approx(-0.02 * 50_000.05 * 0.0001)


def test_leverage_margin_mode_and_position_mode_are_set_and_read(exchange: Any) -> None:
    assert exchange.set_leverage(10, BTC)["leverage"] == 10
    assert exchange.fetch_leverage(BTC)["longLeverage"] == 10
    assert exchange.fetch_leverage_tiers([BTC])[BTC][0]["maxLeverage"] == 125
    assert exchange.set_margin_mode("isolated", ETH)["msg"] == "success"
    assert (exchange.fetch_margin_mode(ETH)["marginMode"], exchange.fetch_margin_mode(BTC)["marginMode"]) == (
        "isolated", "cross",
    )  # fmt: skip
    exchange.create_order(ETH, "market", "buy", 1)
    exchange.add_margin(ETH, 10)
    exchange.reduce_margin(ETH, 4)
    (position,) = exchange.fetch_positions([ETH])
    assert (position["marginMode"], position["collateral"]) == ("isolated", pytest.approx(3_000.01 / 20 + 6 - 0.005))
    exchange.create_order(ETH, "market", "sell", 1, None, {"reduceOnly": True})
    exchange.set_position_mode(True)
    assert exchange.fetch_position_mode()["hedged"] is True
    exchange.create_order(BTC, "market", "buy", 0.01, None, {"hedged": True})
    exchange.create_order(BTC, "market", "sell", 0.02, None, {"positionSide": "SHORT"})
    legs = {each["side"]: (each["contracts"], each["hedged"]) for each in exchange.fetch_positions([BTC])}
    assert legs == {"long": (0.01, True), "short": (0.02, True)}
    assert exchange.fetch_trading_fee(BTC)["taker"] == 0.0005


@pytest.mark.parametrize(
    ("expected", "code", "arguments"),
    [
        (ccxt.InsufficientFunds, -2019, (BTC, "market", "buy", 99)),
        (ccxt.InvalidOrder, -2022, (BTC, "market", "buy", 0.01, None, {"reduceOnly": True})),
        (ccxt.InvalidOrder, -4164, (BTC, "limit", "buy", 0.001, 45_000)),
        (ccxt.InvalidOrder, -5022, (BTC, "limit", "buy", 0.01, 50_100, {"postOnly": True})),
        (ccxt.InvalidOrder, -5021, (BTC, "limit", "buy", 1, 45_000, {"timeInForce": "FOK"})),
        (ccxt.OrderImmediatelyFillable, -2021, (BTC, "STOP_MARKET", "buy", 0.01, None, {"stopPrice": 40_000})),
        (ccxt.BadRequest, -4005, (BTC, "market", "buy", 2_000)),
        (ccxt.BadRequest, -1100, (BTC, "limit", "buy", 0.01, -1)),
    ],
)
def test_a_refused_order_raises_ccxts_own_error(exchange: Any, expected: Any, code: int, arguments: Any) -> None:
    with pytest.raises(expected, match=f'"code":{code},'):
        exchange.create_order(*arguments)
    assert exchange.fetch_open_orders() == []


def test_other_refusals_raise_ccxts_own_errors(exchange: Any, emulator: EmulatorProcess) -> None:
    with pytest.raises(ccxt.OrderNotFound, match="-2013"):
        exchange.fetch_order("1", BTC)
    with pytest.raises(ccxt.OrderNotFound, match="-2011"):
        exchange.cancel_order("1", BTC)
    exchange.create_order(BTC, "limit", "buy", 0.01, 45_000, {"clientOrderId": "once"})
    with pytest.raises(ccxt.InvalidOrder, match="-4116"):
        exchange.create_order(BTC, "limit", "buy", 0.01, 45_000, {"clientOrderId": "once"})
    exchange.set_margin_mode("isolated", ETH)
    with pytest.raises(ccxt.MarginModeAlreadySet, match="-4046"):
        exchange.set_margin_mode("isolated", ETH)
    with pytest.raises(ccxt.OperationRejected, match="-4067"):
        exchange.set_position_mode(True)
    late = Client(emulator.ready.rest, Credentials("", exchange.apiKey, secret=exchange.secret))
    late.nonce = lambda: late.milliseconds() - 60_000
    with pytest.raises(ccxt.InvalidNonce, match="-1021"):
        late.fetch_balance()
    for key, secret, code in ((exchange.apiKey, "wrong", -1022), ("n" * 64, exchange.secret, -2015)):
        with pytest.raises(ccxt.AuthenticationError, match=str(code)):
            Client(emulator.ready.rest, Credentials("", key, secret=secret)).fetch_balance()


def test_too_many_requests_are_refused_until_the_minute_is_over() -> None:
    limits = {"weight_per_minute": 30, "refusals_before_ban": 2}
    with EmulatorProcess(settings={"symbols": ["BTCUSDT"], "limits": limits, "clock": {"kind": "manual"}}) as emulator:
        ready = emulator.ready
        exchange = Client(ready.rest, Credentials(ready.account, ready.api_key, secret=ready.secret))
        exchange.nonce = lambda: emulator.control.clock().now_ms
        with pytest.raises(ccxt.DDoSProtection, match="429 Too Many Requests"):
            _ask_for_ever(exchange)
        assert int(exchange.last_response_headers["Retry-After"]) <= 60
        emulator.control.step_clock(60_000)
        assert exchange.fetch_balance()["USDT"]["total"] == 100_000
        for _ in range(limits["refusals_before_ban"]):
            with pytest.raises(ccxt.DDoSProtection, match="429"):
                _ask_for_ever(exchange)
        with pytest.raises(ccxt.DDoSProtection, match="418"):
            _ask_for_ever(exchange)


def _ask_for_ever(exchange: Any) -> None:
    for _ in range(12):  # at least twice what the weight of a minute allows
        exchange.fetch_balance()
