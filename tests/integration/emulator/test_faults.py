"""Faults as clients meet them: what is answered, and what is true all the same."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.integration.emulator.conftest import Start
from tests.integration.emulator.venue_client import VenueClient
from trueup.emulator import parse_fault

ORDER = {"method": "POST", "path": "/fapi/v1/order"}


def arm(client: VenueClient, kind: str, match: dict[str, Any] | None = None, **action: Any) -> int:
    return client.emulator.core.faults.add(parse_fault({"match": match or {}, "action": {"kind": kind, **action}}))


def working(client: VenueClient) -> int:
    return len(client.emulator.venue.open_orders("main"))


def step(client: VenueClient, step_ms: int) -> None:
    clock: Any = client.emulator.clock
    clock.advance(step_ms)
    client.emulator.core.on_time()


async def held(client: VenueClient) -> None:
    """Wait until a fault holds a request back."""
    for _ in range(1_000):
        if client.emulator.core.alarms.pending:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nothing was held back")


async def test_a_delay_before_the_effect_holds_the_order_back_too(client: VenueClient) -> None:
    arm(client, "delay", ORDER, delay_ms=150)
    placing = asyncio.create_task(client.limit())
    await held(client)
    assert working(client) == 0

    step(client, 149)
    await client.raw("GET", "/fapi/v1/ping")
    assert not placing.done()
    step(client, 1)
    assert (await placing).status == 200
    assert working(client) == 1


async def test_a_delay_after_the_effect_holds_only_the_answer_back(client: VenueClient) -> None:
    arm(client, "delay", ORDER, delay_ms=150, when="after")
    placing = asyncio.create_task(client.limit())
    await held(client)
    assert working(client) == 1
    assert not placing.done()

    step(client, 150)
    assert (await placing).status == 200


async def test_an_order_takes_effect_although_its_client_gave_up_waiting(client: VenueClient) -> None:
    arm(client, "delay", ORDER, delay_ms=1_000)
    placing = asyncio.create_task(client.limit())
    await held(client)
    placing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await placing

    step(client, 1_000)
    await client.raw("GET", "/fapi/v1/ping")
    assert working(client) == 1


@pytest.mark.parametrize(("kind", "orders"), [("close_before", 0), ("close_after", 1)])
async def test_a_closed_connection_says_nothing_about_the_effect(client: VenueClient, kind: str, orders: int) -> None:
    arm(client, kind, ORDER)
    with pytest.raises(aiohttp.ClientError):
        await client.limit()

    assert working(client) == orders


@pytest.mark.parametrize("effect", [False, True])
async def test_a_hanging_answer_never_comes(client: VenueClient, effect: bool) -> None:
    arm(client, "hang", {**ORDER, "count": 1}, effect=effect)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await client.limit()

    assert working(client) == int(effect)
    assert (await client.limit()).status == 200


async def test_a_scripted_answer_has_no_effect(client: VenueClient) -> None:
    body = {"code": -1003, "msg": "Too many requests."}
    arm(client, "respond", ORDER, status=429, body=body, headers={"Retry-After": "7"})
    reply = await client.limit()

    assert (reply.status, reply.body, reply.headers["Retry-After"]) == (429, body, "7")
    assert working(client) == 0


async def test_an_accepted_order_may_be_answered_with_503(client: VenueClient) -> None:
    arm(client, "accepted_but", ORDER)
    reply = await client.limit()

    assert (reply.status, reply.body) == (503, "Unknown error, please check your request or try again later.")
    assert working(client) == 1


@pytest.mark.parametrize("effect", [False, True])
async def test_an_unknown_outcome_is_minus_1007_with_or_without_the_effect(client: VenueClient, effect: bool) -> None:
    arm(client, "timeout_unknown", ORDER, effect=effect)
    reply = await client.limit()

    assert (reply.status, reply.code) == (408, -1007)
    assert working(client) == int(effect)


async def test_lists_are_emptied_cut_short_and_turned_round(client: VenueClient) -> None:
    ids = [(await client.limit()).body["orderId"] for _ in range(4)]

    async def listed() -> list[int]:
        reply = await client.get("/fapi/v1/openOrders", symbol="BTCUSDT")
        return [order["orderId"] for order in reply.body]

    fault = arm(client, "empty_list")
    assert await listed() == []
    client.emulator.core.faults.remove(fault)
    arm(client, "truncated_list", keep=3)
    assert await listed() == ids[:3]
    arm(client, "newest_first")
    assert await listed() == ids[2::-1]
    client.emulator.core.faults.clear()
    arm(client, "truncated_list", keep=1, end="last")
    assert await listed() == ids[3:]
    client.emulator.core.faults.clear()
    assert await listed() == ids


async def test_a_stale_snapshot_repeats_what_was_true_once(client: VenueClient) -> None:
    fault = arm(client, "stale_snapshot", {"path": "/fapi/v1/openOrders"})
    first = await client.get("/fapi/v1/openOrders")
    await client.limit()
    step(client, 1_000)

    assert (await client.get("/fapi/v1/openOrders")).body == first.body == []
    assert len((await client.get("/fapi/v1/allOrders", symbol="BTCUSDT")).body) == 1
    client.emulator.core.faults.remove(fault)
    assert len((await client.get("/fapi/v1/openOrders")).body) == 1


async def test_a_skewed_clock_is_told_and_checked_against(client: VenueClient) -> None:
    arm(client, "clock_skew", skew_ms=-3_000)
    now = client.emulator.clock.now_ms()

    assert (await client.raw("GET", "/fapi/v1/time")).body == {"serverTime": now - 3_000}
    assert (await client.get("/fapi/v3/account")).code == -1021


async def test_the_fault_of_one_call_leaves_the_others_alone(client: VenueClient) -> None:
    arm(client, "accepted_but", {"client_order_id": "bad-*", "nth": 2, "count": 1})

    assert (await client.limit(newClientOrderId="good-1")).status == 200
    assert (await client.limit(newClientOrderId="bad-1")).status == 200
    assert (await client.limit(newClientOrderId="bad-2")).status == 503
    assert (await client.limit(newClientOrderId="bad-3")).status == 200


async def test_a_fault_of_the_websocket_api_closes_its_socket(client: VenueClient) -> None:
    arm(client, "close_after", {"method": "WS", "path": "session.*"})
    arm(client, "close_before", {"method": "WS", "path": "ticker.*"})
    async with client.ws_api() as api:
        await api.socket.send_str('{"id": 1, "method": "ticker.price", "params": {"symbol": "BTCUSDT"}}')
        assert await api.ended()


# --- events -----------------------------------------------------------------------------------------------------------


async def names(stream: Any, count: int) -> list[str]:
    return [(await stream.next("ORDER_TRADE_UPDATE"))["o"]["c"] for _ in range(count)]


async def test_an_event_may_come_never_twice_or_late(start: Start) -> None:
    client = await start(trade_lite=False)
    arm(client, "drop_event", {"client_order_id": "lost"})
    arm(client, "duplicate_event", {"client_order_id": "twice"})
    async with client.user_stream() as stream:
        for name in ("lost", "twice", "plain"):
            await client.limit(newClientOrderId=name)
        assert await names(stream, 3) == ["twice", "twice", "plain"]
    assert working(client) == 3


async def test_the_truth_changes_and_the_event_comes_150_ms_later(client: VenueClient) -> None:
    arm(client, "delay_event", {"client_order_id": "late"}, delay_ms=150)
    async with client.user_stream() as stream:
        await client.limit(newClientOrderId="late")
        await client.limit(newClientOrderId="behind")
        assert working(client) == 2
        step(client, 149)
        assert await stream.silent()
        step(client, 1)
        assert await names(stream, 2) == ["late", "behind"]
        await client.limit(newClientOrderId="after")
        assert await names(stream, 1) == ["after"]


async def test_a_late_event_may_be_overtaken(client: VenueClient) -> None:
    arm(client, "delay_event", {"client_order_id": "late"}, delay_ms=150, overtaken=True)
    async with client.user_stream() as stream:
        await client.limit(newClientOrderId="late")
        await client.limit(newClientOrderId="first")
        assert await names(stream, 1) == ["first"]
        step(client, 150)
        assert await names(stream, 1) == ["late"]


async def test_events_change_places_and_none_is_lost(client: VenueClient) -> None:
    arm(client, "reorder_event", {"client_order_id": "a"}, behind=2)
    arm(client, "reorder_event", {"client_order_id": "d"}, behind=2, hold_ms_max=500)
    async with client.user_stream() as stream:
        for name in ("a", "b", "c", "d", "e"):
            await client.limit(newClientOrderId=name)
        assert await names(stream, 4) == ["b", "c", "a", "e"]
        step(client, 500)
        assert await names(stream, 1) == ["d"]


async def test_fills_alone_can_be_dropped(client: VenueClient) -> None:
    arm(client, "drop_event", {"event": "ORDER_TRADE_UPDATE", "execution": "TRADE"})
    async with client.user_stream() as stream:
        await client.market()
        kinds = [(await stream.next())["e"] for _ in range(3)]
        assert sorted(kinds) == ["ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE", "TRADE_LITE"]
        assert await stream.silent()


# --- sockets ----------------------------------------------------------------------------------------------------------


async def test_a_half_open_socket_accepts_and_says_nothing_more(client: VenueClient) -> None:
    arm(client, "half_open", {"path": "/ws"})
    async with client.user_stream() as stream:
        await client.limit()
        await stream.socket.ping(b"there?")
        assert await stream.silent()
        client.emulator.core.faults.clear()
        async with client.user_stream() as healthy:
            await client.limit()
            assert (await healthy.next())["e"] == "ORDER_TRADE_UPDATE"
            assert await stream.silent()


async def test_a_socket_may_fall_silent_at_an_event(client: VenueClient) -> None:
    arm(client, "half_open", {"event": "ORDER_TRADE_UPDATE", "nth": 2})
    async with client.user_stream() as stream:
        await client.limit(newClientOrderId="heard")
        assert await names(stream, 1) == ["heard"]
        await client.limit()
        await client.limit()
        assert await stream.silent()


async def test_a_listen_key_may_be_refused(client: VenueClient) -> None:
    key = await client.listen_key()
    arm(client, "refuse_listen_key")

    assert (await client.raw("POST", "/fapi/v1/listenKey")).code == -1125
    assert (await client.raw("PUT", "/fapi/v1/listenKey")).code == -1125
    with pytest.raises(aiohttp.WSServerHandshakeError):
        async with client.stream(f"/ws/{key}"):
            pass
    async with client.stream("/ws/btcusdt@bookTicker") as market:
        assert (await market.next())["s"] == "BTCUSDT"
    client.emulator.core.faults.clear()
    arm(client, "refuse_listen_key", socket="silent")
    async with client.stream(f"/ws/{key}") as silent:
        await client.limit()
        assert await silent.silent()
