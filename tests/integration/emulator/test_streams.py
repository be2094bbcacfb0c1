"""User and market streams, and the WebSocket API, as clients see them."""

from __future__ import annotations

import socket
from base64 import b64encode
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.integration.emulator.conftest import Start
from tests.integration.emulator.venue_client import Stream, VenueClient
from trueup.emulator import EmulatorSettings
from trueup.emulator.wire.signing import sign_hmac

MINUTE_MS = 60_000
KEY = Ed25519PrivateKey.generate()
PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def step(client: VenueClient, step_ms: int) -> None:
    """Step the manual clock and do what is due."""
    clock: Any = client.emulator.clock
    clock.advance(step_ms)
    client.emulator.core.on_time()


# --- user stream ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/ws/{key}", "/ws?listenKey={key}", "/private/ws?listenKey={key}", "/private/ws/{key}"]
)
async def test_every_form_of_address_opens_the_user_stream(client: VenueClient, path: str) -> None:
    async with client.stream(path.format(key=await client.listen_key())) as stream:
        await client.limit(newClientOrderId="mine")
        event = await stream.next()

    assert (event["e"], event["o"]["c"], event["o"]["x"], event["o"]["X"]) == (
        "ORDER_TRADE_UPDATE",
        "mine",
        "NEW",
        "NEW",
    )


async def test_the_combined_form_wraps_user_events_and_subscribing_works_too(client: VenueClient) -> None:
    key = await client.listen_key()
    async with client.stream(f"/stream?streams={key}") as at_once, client.stream("/private/stream") as later:
        assert await later.ask({"method": "SUBSCRIBE", "params": [key], "id": 1}) == {"result": None, "id": 1}
        await client.limit()
        for stream in (at_once, later):
            event = await stream.next()
            assert (event["stream"], event["data"]["e"]) == (key, "ORDER_TRADE_UPDATE")


async def test_a_fill_is_told_as_trade_lite_order_and_account_update(client: VenueClient) -> None:
    async with client.user_stream() as stream:
        await client.market(newClientOrderId="m")
        events = [await stream.next() for _ in range(4)]

    assert sorted(event["e"] for event in events) == [
        "ACCOUNT_UPDATE",
        "ORDER_TRADE_UPDATE",
        "ORDER_TRADE_UPDATE",
        "TRADE_LITE",
    ]
    fill = next(event["o"] for event in events if event.get("o", {}).get("x") == "TRADE")
    assert (fill["X"], fill["l"], fill["z"], fill["N"]) == ("FILLED", "0.010", "0.010", "USDT")
    update = next(event["a"] for event in events if event["e"] == "ACCOUNT_UPDATE")
    assert (update["m"], update["P"][0]["pa"]) == ("ORDER", "0.010")


async def test_conditional_orders_and_settings_are_told(client: VenueClient) -> None:
    async with client.user_stream() as stream:
        await client.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=7)
        config = await stream.next("ACCOUNT_CONFIG_UPDATE")
        placed = await client.call(
            "POST",
            "/fapi/v1/algoOrder",
            algoType="CONDITIONAL",
            symbol="BTCUSDT",
            side="SELL",
            type="STOP_MARKET",
            quantity="0.010",
            triggerPrice="49000.0",
        )
        new = await stream.next("ALGO_UPDATE")
        client.emulator.venue.move_to("BTCUSDT", Decimal("48999.0"))
        client.emulator.flush()
        statuses = [(await stream.next("ALGO_UPDATE"))["o"]["X"] for _ in range(3)]

    assert config["ac"] == {"s": "BTCUSDT", "l": 7}
    assert (new["o"]["aid"], new["o"]["X"]) == (placed.body["algoId"], "NEW")
    assert statuses == ["TRIGGERING", "TRIGGERED", "FINISHED"]


async def test_other_accounts_hear_nothing(start: Start) -> None:
    client = await start(accounts=[{"account_id": "main"}, {"account_id": "b"}])
    other = VenueClient(client.emulator, client.session, "b")
    async with other.user_stream() as stream:
        await client.market()
        assert await stream.silent()


async def test_a_listen_key_expires_after_an_hour_and_the_socket_stays_open_and_silent(client: VenueClient) -> None:
    async with client.user_stream() as stream:
        step(client, 59 * MINUTE_MS)
        await stream.answer_pings()
        assert (await client.raw("PUT", "/fapi/v1/listenKey")).status == 200
        step(client, 59 * MINUTE_MS)
        await stream.answer_pings()
        await client.limit()
        assert (await stream.next("ORDER_TRADE_UPDATE"))["o"]["X"] == "NEW"

        step(client, MINUTE_MS)
        assert (await stream.next("listenKeyExpired"))["E"] == client.emulator.clock.now_ms()
        await client.limit()
        assert await stream.silent()
    assert (await client.raw("PUT", "/fapi/v1/listenKey")).code == -1125


async def test_pings_come_every_three_minutes_and_a_client_without_pongs_is_cut(start: Start) -> None:
    client = await start(streams={"ping_interval_ms": 3 * MINUTE_MS, "pong_timeout_ms": 10 * MINUTE_MS})
    async with client.user_stream() as polite, client.user_stream() as rude:
        for _ in range(3):
            step(client, 3 * MINUTE_MS)
            ping = await polite.frame()
            assert ping.type is aiohttp.WSMsgType.PING
            await polite.socket.pong(ping.data)
            await polite.socket.ping(b"mine")
            assert (await polite.frame()).data == b"mine"
        step(client, 4 * MINUTE_MS)
        assert await rude.ended()
        await polite.socket.ping(b"still here")
        while (frame := await polite.frame()).type is aiohttp.WSMsgType.PING:
            pass
        assert frame.data == b"still here"


async def test_every_socket_is_cut_after_a_day(client: VenueClient) -> None:
    async with client.user_stream() as stream, client.ws_api() as api:
        step(client, 24 * 60 * MINUTE_MS)
        assert await stream.ended()
        assert await api.ended()
    assert client.emulator.core.counts()["sockets"] == 0


async def test_a_slow_client_is_cut_and_the_others_are_not_held_up(start: Start) -> None:
    client = await start(streams={"queue_max": 50}, limits={"enforced": False})
    async with client.user_stream() as quick:
        slow = await client.session.ws_connect(
            f"{client.emulator.urls.stream}/ws/{await client.listen_key()}", autoping=False, max_msg_size=0
        )
        core = client.emulator.core
        # Small buffers in the kernel, at both ends, fill with some hundred frames instead of some ten thousand.
        slow.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        for each in core.hub.clients:
            ends = each.socket._transport.get_extra_info("socket")  # type: ignore[union-attr]  # connected
            ends.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        slow._response.connection.protocol.pause_reading()  # type: ignore[union-attr]  # stop reading at the client
        seen = 0
        for _ in range(4_000):
            for _ in range(20):
                core.venue.set_leverage("main", "BTCUSDT", 10)
                core.venue.set_leverage("main", "BTCUSDT", 11)
            client.emulator.flush()
            for _ in range(40):
                await quick.next("ACCOUNT_CONFIG_UPDATE")
                seen += 1
            if len(core.hub.clients) == 1:
                break
        assert len(core.hub.clients) == 1, "the slow client was never cut"
        assert core.counts()["queued_frames"] == 0
        slow._response.close()


# --- market streams ---------------------------------------------------------------------------------------------------


async def test_market_streams_follow_the_venue(client: VenueClient) -> None:
    names = [
        "btcusdt@aggTrade",
        "btcusdt@trade",
        "btcusdt@depth@100ms",
        "btcusdt@depth5",
        "btcusdt@markPrice@1s",
        "btcusdt@kline_1m",
        "btcusdt@miniTicker",
        "btcusdt@ticker",
        "!markPrice@arr@1s",
        "!ticker@arr",
        "!miniTicker@arr",
        "btcusdt_perpetual@continuousKline_5m",
        "!bookTicker",
    ]
    async with client.stream(f"/stream?streams={'/'.join(names)}") as stream:
        await client.market()
        client.emulator.venue.move_to("BTCUSDT", Decimal("50020.0"))
        step(client, 3_000)
        heard: dict[str, Any] = {}
        while len(heard) < len(names):
            frame = await stream.next()
            heard[frame["stream"]] = frame["data"]

    assert set(heard) == set(names)
    assert heard["btcusdt@depth5"]["b"][0][0] == "50020.0" or heard["btcusdt@depth5"]["a"][0][0] == "50020.0"
    assert heard["btcusdt@kline_1m"]["k"]["i"] == "1m"
    assert [entry["s"] for entry in heard["!ticker@arr"]] == ["BTCUSDT", "ETHUSDT"]


async def test_differences_of_a_book_lead_from_one_snapshot_to_the_next(client: VenueClient) -> None:
    async with client.stream("/ws/btcusdt@depth@100ms") as stream:
        before = (await client.get("/fapi/v1/depth", symbol="BTCUSDT", limit=1_000)).body
        sides = {"b": dict(before["bids"]), "a": dict(before["asks"])}
        last = None
        for price in ("50005.0", "49995.0", "50000.0"):
            client.emulator.venue.move_to("BTCUSDT", Decimal(price))
            await client.limit(price="45000.0")
            step(client, 100)
            after = (await client.get("/fapi/v1/depth", symbol="BTCUSDT", limit=1_000)).body
            # One event, or two where the venue's own timer fell between the move and the order.
            while last != after["lastUpdateId"]:
                event = await stream.next("depthUpdate")
                assert last is None or event["pu"] == last
                last = event["u"]
                for side, levels in sides.items():
                    for level_price, quantity in event[side]:
                        if Decimal(quantity) == 0:
                            levels.pop(level_price, None)
                        else:
                            levels[level_price] = quantity

    assert sides == {"b": dict(after["bids"]), "a": dict(after["asks"])}


async def test_a_subscriber_of_the_touch_gets_it_at_once_and_its_changes(client: VenueClient) -> None:
    async with client.stream("/ws/btcusdt@bookTicker") as stream:
        assert (await stream.next())["b"] == "50000.0"
        client.emulator.venue.set_market("BTCUSDT", Decimal("50001.0"), Decimal("50001.1"))
        client.emulator.flush()
        assert (await stream.next())["b"] == "50001.0"


async def test_subscriptions_are_made_listed_changed_and_ended_by_frames(client: VenueClient) -> None:
    async with client.stream("/ws") as stream:
        streams = ["btcusdt@bookTicker", "no such stream"]
        await stream.ask({"method": "SUBSCRIBE", "params": streams, "id": "a"})
        listed = await stream.ask({"method": "LIST_SUBSCRIPTIONS", "id": 2})
        assert listed["result"] == sorted(streams)
        assert (await stream.ask({"method": "GET_PROPERTY", "params": ["combined"], "id": 3}))["result"] is False
        await stream.ask({"method": "SET_PROPERTY", "params": ["combined", True], "id": 4})
        client.emulator.venue.set_market("BTCUSDT", Decimal("50001.0"), Decimal("50001.1"))
        client.emulator.flush()
        assert (await stream.next())["stream"] == "btcusdt@bookTicker"
        await stream.ask({"method": "UNSUBSCRIBE", "params": streams, "id": 5})
        assert (await stream.ask({"method": "LIST_SUBSCRIPTIONS", "id": 6}))["result"] == []
    assert client.emulator.venue._state.market_listeners == []


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", 3),
        ("[]", 2),
        ('{"method": "DANCE", "id": 1}', 2),
        ('{"method": "SUBSCRIBE", "params": "x", "id": 1}', 2),
        ('{"method": "SUBSCRIBE", "params": [1], "id": 1}', 2),
        ('{"method": "SUBSCRIBE", "id": {}}', 2),
        ('{"method": "SET_PROPERTY", "params": ["colour"], "id": 1}', 0),
        ('{"method": "SET_PROPERTY", "params": ["combined", "yes"], "id": 1}', 1),
    ],
)
async def test_a_frame_that_means_nothing_is_answered_with_an_error(client: VenueClient, frame: str, code: int) -> None:
    async with client.stream("/ws") as stream:
        assert (await stream.ask(frame))["error"]["code"] == code


async def test_a_client_that_chatters_is_cut(client: VenueClient) -> None:
    async with client.stream("/ws") as stream:
        for number in range(40):
            await stream.socket.send_str(f'{{"method": "LIST_SUBSCRIPTIONS", "id": {number}}}')
        assert await stream.ended()


# --- WebSocket API ----------------------------------------------------------------------------------------------------


def _frame(client: VenueClient, method: str, **params: Any) -> dict[str, Any]:
    """Return a frame signed per request."""
    values = {**params, "apiKey": client.key, "timestamp": client.emulator.clock.now_ms()}
    text = "&".join(f"{name}={values[name]}" for name in sorted(values))
    return {"id": method, "method": method, "params": {**values, "signature": sign_hmac(client.secret, text)}}


async def _log_on(client: VenueClient, api: Stream) -> Any:
    now = client.emulator.clock.now_ms()
    text = f"apiKey={client.key}&timestamp={now}"
    signature = b64encode(KEY.sign(text.encode())).decode()
    params = {"apiKey": client.key, "timestamp": now, "signature": signature}
    return await api.ask({"id": "on", "method": "session.logon", "params": params})


async def test_calls_signed_per_request_trade(client: VenueClient) -> None:
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    async with client.ws_api() as api:
        placed = await api.ask(_frame(client, "order.place", **order, quantity=0.01, price=45000))
        assert (placed["status"], placed["result"]["status"]) == (200, "NEW"), placed
        assert {limit["rateLimitType"]: limit["count"] for limit in placed["rateLimits"]} == {
            "REQUEST_WEIGHT": 0,
            "ORDERS": 1,
        }
        wrong = _frame(client, "order.place", **order, quantity=0.01, price=45000)
        wrong["params"]["price"] = 45001
        refused = await api.ask(wrong)
        assert (refused["status"], refused["error"]["code"]) == (400, -1022)
        unknown = await api.ask(_frame(client, "order.status", symbol="BTCUSDT", orderId=1, returnRateLimits="false"))
        assert unknown["error"] == {"code": -2013, "msg": "Order does not exist."}
        assert "rateLimits" not in unknown


async def test_a_session_spares_signatures_until_it_is_logged_out(start: Start) -> None:
    client = await start(accounts=[{"account_id": "main", "public_key": PEM}])
    now = client.emulator.clock.now_ms()
    async with client.ws_api() as api:
        before = await api.ask({"id": 1, "method": "account.status", "params": {"timestamp": now}})
        assert before["error"]["code"] == -2014
        on = await _log_on(client, api)
        assert (on["status"], on["result"]["apiKey"]) == (200, client.key), on
        assert (await api.ask({"id": 2, "method": "session.status"}))["result"]["authorizedSince"] == now

        account = await api.ask({"id": 3, "method": "account.status", "params": {"timestamp": now}})
        assert account["result"]["canTrade"] is True
        stale = await api.ask({"id": 4, "method": "account.status", "params": {"timestamp": now - 60_000}})
        assert stale["error"]["code"] == -1021
        key = (await api.ask({"id": 5, "method": "userDataStream.start", "params": {}}))["result"]["listenKey"]
        async with client.stream(f"/ws/{key}") as stream:
            order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010", "timestamp": now}
            await api.ask({"id": 6, "method": "order.place", "params": order})
            assert (await stream.next("ORDER_TRADE_UPDATE"))["o"]["x"] == "NEW"

        off = await api.ask({"id": 7, "method": "session.logout"})
        assert off["result"]["apiKey"] is None
        after = await api.ask({"id": 8, "method": "account.status", "params": {"timestamp": now}})
        assert after["error"]["code"] == -2014


async def test_a_session_cannot_be_logged_on_with_an_hmac_key_or_a_wrong_signature(start: Start) -> None:
    client = await start(accounts=[{"account_id": "main", "public_key": PEM}, {"account_id": "hmac"}])
    hmac_client = VenueClient(client.emulator, client.session, "hmac")
    async with client.ws_api() as api:
        assert (await api.ask(_frame(hmac_client, "session.logon")))["error"]["code"] == -4056
        wrong = _frame(client, "session.logon")
        assert (await api.ask(wrong))["error"]["code"] == -1022


@pytest.mark.parametrize("frame", ["{", "[]", '{"id": {}}', '{"id": 1, "method": "dance"}', '{"id": 1, "params": []}'])
async def test_a_frame_of_the_api_that_means_nothing_is_refused(client: VenueClient, frame: str) -> None:
    async with client.ws_api() as api:
        answer = await api.ask(frame)
    assert (answer["status"], answer["error"]["code"]) == (400, -1135)


async def test_an_oversized_frame_ends_the_socket_and_nothing_else(client: VenueClient) -> None:
    async with client.ws_api() as api, client.ws_api() as other:
        await api.socket.send_str("x" * 100_000)
        assert await api.ended()
        assert (await other.ask({"id": 1, "method": "session.status"}))["status"] == 200
    assert EmulatorSettings().streams.frames_per_sec == 10
