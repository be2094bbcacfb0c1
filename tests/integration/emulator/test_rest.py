"""REST as clients see it: where parameters and signatures may stand, what is refused, and what it costs."""

from __future__ import annotations

import json
from base64 import b64encode
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.integration.emulator.conftest import Start
from tests.integration.emulator.venue_client import VenueClient
from trueup.emulator.wire.rest import ROUTES
from trueup.emulator.wire.routes import Security
from trueup.emulator.wire.signing import sign_hmac

ORDER = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.010&price=45000.0"


def _signed(client: VenueClient, text: str) -> str:
    text = f"{text}&timestamp={client.emulator.clock.now_ms()}"
    return f"{text}&signature={sign_hmac(client.secret, text)}"


async def test_parameters_may_stand_in_the_query_in_the_body_or_in_both(client: VenueClient) -> None:
    in_query = await client.raw("POST", "/fapi/v1/order", query=_signed(client, ORDER))
    in_body = await client.raw("POST", "/fapi/v1/order", body=_signed(client, ORDER))
    first, _, second = ORDER.partition("&quantity")
    rest = f"quantity{second}&timestamp={client.emulator.clock.now_ms()}"
    mixed = f"{rest}&signature={sign_hmac(client.secret, first + rest)}"
    in_both = await client.raw("POST", "/fapi/v1/order", query=first, body=mixed)

    assert [reply.status for reply in (in_query, in_body, in_both)] == [200, 200, 200], (in_query, in_body, in_both)
    assert len(client.emulator.venue.open_orders("main")) == 3


async def test_a_placed_order_is_acknowledged_queried_amended_and_cancelled(client: VenueClient) -> None:
    placed = await client.limit(newClientOrderId="mine")
    assert (placed.status, placed.body["status"], placed.body["executedQty"]) == (200, "NEW", "0.000")
    assert placed.body["price"] == "45000.0"
    order_id = placed.body["orderId"]

    amended = await client.call(
        "PUT", "/fapi/v1/order", symbol="BTCUSDT", side="BUY", quantity="0.020", price="45100.0", orderId=order_id
    )
    assert (amended.body["origQty"], amended.body["price"]) == ("0.020", "45100.0")
    queried = await client.get("/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="mine")
    assert (queried.body["orderId"], queried.body["price"]) == (order_id, "45100.0")
    cancelled = await client.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=order_id)
    assert cancelled.body["status"] == "CANCELED"
    again = await client.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=order_id)
    assert (again.status, again.body) == (400, {"code": -2011, "msg": "Unknown order sent."})


async def test_an_acknowledgement_says_new_and_a_result_says_what_matching_did(client: VenueClient) -> None:
    acknowledged = await client.market()
    result = await client.market(newOrderRespType="RESULT")

    assert (acknowledged.body["status"], acknowledged.body["executedQty"]) == ("NEW", "0.000")
    assert (result.body["status"], result.body["executedQty"]) == ("FILLED", "0.010")
    trades = await client.get("/fapi/v1/userTrades", symbol="BTCUSDT")
    assert [trade["qty"] for trade in trades.body] == ["0.010", "0.010"]


async def test_ed25519_and_rsa_keys_sign_too(start: Start) -> None:
    ed, pair = ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65_537, 2_048)
    pems = [
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode() for key in (ed, pair)
    ]
    accounts = [{"account_id": name, "public_key": pem} for name, pem in zip(("ed", "rsa"), pems, strict=True)]
    client = await start(accounts=[{"account_id": "main"}, *accounts])
    text = f"timestamp={client.emulator.clock.now_ms()}"
    signatures = {
        "ed": b64encode(ed.sign(text.encode())).decode(),
        "rsa": b64encode(pair.sign(text.encode(), padding.PKCS1v15(), SHA256())).decode(),
    }

    for account, signature in signatures.items():
        key = client.emulator.venue.account(account).api_key
        signed = f"{text}&signature={quote(signature, safe='')}"
        assert (await client.raw("GET", "/fapi/v3/account", query=signed, key=key)).status == 200
        wrong = f"recvWindow=5000&{signed}"
        assert (await client.raw("GET", "/fapi/v3/account", query=wrong, key=key)).code == -1022


@pytest.mark.parametrize(
    ("method", "path", "parameters", "status", "code"),
    [
        ("GET", "/fapi/v1/order", {"symbol": "NOPE", "orderId": 1}, 400, -1121),
        ("GET", "/fapi/v1/order", {"symbol": "BTCUSDT"}, 400, -1102),
        ("GET", "/fapi/v1/order", {"symbol": "BTCUSDT", "orderId": 1}, 400, -2013),
        ("GET", "/fapi/v1/order", {"symbol": "BTCUSDT", "orderId": "x"}, 400, -1100),
        ("GET", "/fapi/v1/openOrders", {"symbol": "NOPE"}, 400, -1121),
        ("GET", "/fapi/v1/allOrders", {}, 400, -1102),
        ("GET", "/fapi/v1/allOrders", {"symbol": "BTCUSDT", "startTime": 1, "endTime": 999_999_999}, 400, -4165),
        ("GET", "/fapi/v1/userTrades", {"symbol": "BTCUSDT", "fromId": 1, "startTime": 1}, 400, -1128),
        ("GET", "/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": 7}, 400, -4021),
        ("GET", "/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "7m"}, 400, -1120),
        ("POST", "/fapi/v1/order", {"symbol": "BTCUSDT", "side": "HOLD", "type": "MARKET"}, 400, -1117),
        ("POST", "/fapi/v1/order", {"symbol": "BTCUSDT", "side": "BUY", "type": "GUESS"}, 400, -1116),
        ("POST", "/fapi/v1/order", {"symbol": "BTCUSDT", "side": "BUY"}, 400, -1102),
        (
            "POST",
            "/fapi/v1/order",
            {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "-1"},
            400,
            -1100,
        ),
        ("POST", "/fapi/v1/order", {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0"}, 400, -4003),
        (
            "POST",
            "/fapi/v1/order",
            {"symbol": "BTCUSDT", "side": "BUY", "type": "STOP_MARKET", "quantity": "1", "stopPrice": "9"},
            400,
            -4120,
        ),
        ("POST", "/fapi/v1/algoOrder", {"symbol": "BTCUSDT", "algoType": "VP"}, 400, -1130),
        ("POST", "/fapi/v1/batchOrders", {"batchOrders": "{not json"}, 400, -1102),
        ("POST", "/fapi/v1/batchOrders", {"batchOrders": json.dumps([{}] * 6)}, 400, -1130),
        ("POST", "/fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": 1_000}, 400, -4028),
        ("POST", "/fapi/v1/marginType", {"symbol": "BTCUSDT", "marginType": "SOMETIMES"}, 400, -1130),
        ("PUT", "/fapi/v1/listenKey", {}, 400, -1125),
        ("GET", "/fapi/v1/nothing", {}, 404, -5000),
        ("DELETE", "/fapi/v1/time", {}, 404, -5000),
    ],
)
async def test_what_the_venue_refuses_is_refused_with_its_code(
    client: VenueClient, method: str, path: str, parameters: dict[str, Any], status: int, code: int
) -> None:
    reply = await client.call(method, path, **parameters)

    assert (reply.status, reply.code) == (status, code), reply.body
    assert client.emulator.core.dispatcher.internal_errors == 0


async def test_keys_signatures_and_times_are_checked_with_the_venues_codes(client: VenueClient) -> None:
    now = client.emulator.clock.now_ms()
    good = client.query()
    cases = {
        (401, -2014): await client.raw("GET", "/fapi/v3/account", query=good, key=""),
        (401, -2015): await client.raw("GET", "/fapi/v3/account", query=good, key="nobody"),
        (400, -1022): await client.raw("GET", "/fapi/v3/account", query=good.replace("signature=", "signature=0")),
        (400, -1131): await client.get("/fapi/v3/account", recvWindow=60_001),
    }
    for (status, code), reply in cases.items():
        assert (reply.status, reply.code) == (status, code)
    without = await client.raw("GET", "/fapi/v3/account", query=f"timestamp={now}")
    assert (without.status, without.code) == (400, -1102)

    assert (await client.get("/fapi/v3/account", timestamp=now - 5_000)).status == 200
    late = await client.get("/fapi/v3/account", timestamp=now - 5_001)
    assert late.body == {"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."}
    assert (await client.get("/fapi/v3/account", timestamp=now - 5_001, recvWindow=6_000)).status == 200
    early = await client.get("/fapi/v3/account", timestamp=now + 1_000)
    assert early.body["msg"] == "Timestamp for this request was 1000ms ahead of the server's time."
    assert (await client.get("/fapi/v3/account", timestamp=now + 999)).status == 200


async def test_every_signed_route_refuses_an_unsigned_call_and_every_open_one_answers_without_a_key(
    client: VenueClient,
) -> None:
    for route in ROUTES.values():
        reply = await client.raw(route.method, route.path, key="" if route.security is Security.NONE else None)
        if route.security is Security.SIGNED:
            assert reply.code == -1102, route
        elif route.security is Security.NONE:
            assert reply.code in (0, -1102), route
    assert client.emulator.core.dispatcher.internal_errors == 0


async def test_every_listing_answers_a_list_and_every_account_view_its_form(client: VenueClient) -> None:
    await client.market()
    await client.limit()
    symbol = {"symbol": "BTCUSDT"}
    for route in ROUTES.values():
        if route.method != "GET":
            continue
        reply = await client.get(route.path, **symbol, pair="BTCUSDT", interval="1m", orderId=1, algoId=1, asset="USDT")
        assert reply.code in (0, -2013, -2011, -4000, -1130, -1128), (route.path, reply.body)
    assert client.emulator.core.dispatcher.internal_errors == 0


async def test_a_batch_answers_item_by_item_in_order(client: VenueClient) -> None:
    good = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010"}
    orders = [{**good, "price": "45000.0"}, {**good, "price": "0.05"}, {**good, "price": "44000.0"}]
    placed = await client.call("POST", "/fapi/v1/batchOrders", batchOrders=json.dumps(orders))
    assert [item.get("code", item.get("status")) for item in placed.body] == ["NEW", placed.body[1]["code"], "NEW"]
    assert placed.body[1]["code"] < 0

    ids = [placed.body[2]["orderId"], 12, placed.body[0]["orderId"]]
    cancelled = await client.call(
        "DELETE", "/fapi/v1/batchOrders", symbol="BTCUSDT", orderIdList=json.dumps(ids, separators=(",", ":"))
    )
    assert [item.get("orderId", item.get("code")) for item in cancelled.body] == [ids[0], -2011, ids[2]]


# --- weights ----------------------------------------------------------------------------------------------------------


async def test_every_answer_tells_the_weight_used_and_orders_tell_their_counts(client: VenueClient) -> None:
    assert (await client.get("/fapi/v1/openOrders")).headers["X-MBX-USED-WEIGHT-1M"] == "40"
    assert (await client.get("/fapi/v1/openOrders", symbol="BTCUSDT")).headers["X-MBX-USED-WEIGHT-1M"] == "41"
    await client.limit()
    placed = await client.limit()
    assert (placed.headers["X-MBX-ORDER-COUNT-10S"], placed.headers["X-MBX-ORDER-COUNT-1M"]) == ("2", "2")
    assert placed.headers["X-MBX-USED-WEIGHT-1M"] == "41"
    assert (await client.get("/fapi/v1/order", symbol="X")).headers["X-MBX-USED-WEIGHT-1M"] == "42"


async def test_crossing_the_weight_is_429_then_418_and_the_next_minute_or_the_end_of_the_ban_heals(
    start: Start,
) -> None:
    client = await start(limits={"weight_per_minute": 50, "refusals_before_ban": 1})
    clock: Any = client.emulator.clock
    await client.get("/fapi/v1/openOrders")
    limited = await client.get("/fapi/v1/openOrders")
    assert (limited.status, limited.code) == (429, -1003)
    clock.advance(int(limited.headers["Retry-After"]) * 1_000)
    assert (await client.get("/fapi/v1/openOrders")).status == 200

    statuses = [(await client.get("/fapi/v1/openOrders")).status for _ in range(3)]
    assert statuses == [429, 418, 418]
    banned = await client.raw("GET", "/fapi/v1/ping")
    assert banned.status == 418
    clock.advance(int(banned.headers["Retry-After"]) * 1_000)
    assert (await client.raw("GET", "/fapi/v1/ping")).status == 200


async def test_too_many_orders_are_refused_and_counted_by_account(start: Start) -> None:
    client = await start(limits={"orders_per_ten_secs": 2}, accounts=[{"account_id": "main"}, {"account_id": "b"}])
    second = VenueClient(client.emulator, client.session, "b")
    statuses = [(await client.limit()).status for _ in range(3)]

    assert statuses == [200, 200, 429]
    assert (await second.limit()).status == 200
    assert len(client.emulator.venue.open_orders("main")) == 2


async def test_the_request_log_holds_what_was_asked_and_what_it_cost(client: VenueClient) -> None:
    await client.get("/fapi/v1/openOrders")
    await client.get("/fapi/v1/order", symbol="BTCUSDT", orderId=1)
    first, second = client.emulator.core.log.entries()

    assert (first.path, first.weight, first.account, first.code) == ("/fapi/v1/openOrders", 40, "main", 0)
    assert (second.status, second.code, second.used_weight) == (400, -2013, 41)
    assert "signature" not in second.query
    assert urlencode({"symbol": "BTCUSDT", "orderId": 1}) in second.query


async def test_exchange_info_lists_every_symbol_with_its_filters(client: VenueClient) -> None:
    info = (await client.raw("GET", "/fapi/v1/exchangeInfo")).body

    assert [symbol["symbol"] for symbol in info["symbols"]] == ["BTCUSDT", "ETHUSDT"]
    kinds = {entry["filterType"] for entry in info["symbols"][0]["filters"]}
    assert {"PRICE_FILTER", "LOT_SIZE", "MARKET_LOT_SIZE", "MIN_NOTIONAL", "PERCENT_PRICE"} <= kinds
    assert info["serverTime"] == client.emulator.clock.now_ms()
    tick = next(entry["tickSize"] for entry in info["symbols"][0]["filters"] if entry["filterType"] == "PRICE_FILTER")
    assert Decimal(tick) == client.emulator.venue.symbol("BTCUSDT").tick
