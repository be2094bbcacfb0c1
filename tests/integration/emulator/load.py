"""Traders that remember exactly what the venue acknowledged and told them, until it dies under them."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson

from trueup.emulator import Ready
from trueup.emulator.wire.signing import sign_hmac


@dataclass
class Remembered:
    """What clients may rely on: answers by order id, and the events of the user stream in order."""

    placed: dict[int, dict[str, Any]] = field(default_factory=dict)
    cancelled: set[int] = field(default_factory=set)
    filled: dict[int, str] = field(default_factory=dict)
    trades: dict[int, tuple[int, str, str]] = field(default_factory=dict)
    in_flight: int = 0


async def trade_until_it_dies(ready: Ready, memory: Remembered, seed: int, traders: int = 4) -> None:
    """Place and cancel orders from several connections, and listen, until the connections break."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        # Orders that earlier traders left working would fill the account's 200 places.
        await _call(session, ready, "DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT")
        key = (await _call(session, ready, "POST", "/fapi/v1/listenKey"))["listenKey"]
        socket = await session.ws_connect(f"{ready.stream}/ws/{key}")
        listening = asyncio.create_task(_listen(socket, memory))
        await asyncio.gather(*(_trade(session, ready, memory, seed, number) for number in range(traders)))
        await listening


async def _trade(session: aiohttp.ClientSession, ready: Ready, memory: Remembered, seed: int, number: int) -> None:
    chance = random.Random(f"{seed}/{number}")
    counter = 0
    try:
        while True:
            counter += 1
            name = f"s{seed}-{number}-{counter}"
            order: dict[str, Any] = {"symbol": "BTCUSDT", "quantity": "0.010", "newClientOrderId": name}
            order["side"] = chance.choice(["BUY", "SELL"])
            if chance.random() < 0.4:
                order |= {"type": "MARKET", "newOrderRespType": "RESULT"}
            else:
                price = "45000.0" if order["side"] == "BUY" else "55000.0"
                order |= {"type": "LIMIT", "timeInForce": "GTC", "price": price}
            answer = await _call(session, ready, "POST", "/fapi/v1/order", **order)
            memory.placed[answer["orderId"]] = answer
            if order["type"] == "MARKET":
                memory.filled[answer["orderId"]] = answer["executedQty"]
            elif chance.random() < 0.9:
                order_id = answer["orderId"]
                await _call(session, ready, "DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=order_id)
                memory.cancelled.add(order_id)
    except (aiohttp.ClientError, ConnectionError):
        memory.in_flight += 1


async def _listen(socket: aiohttp.ClientWebSocketResponse, memory: Remembered) -> None:
    async for message in socket:
        if message.type is not aiohttp.WSMsgType.TEXT:
            return
        event = orjson.loads(message.data)
        if event["e"] == "ORDER_TRADE_UPDATE" and event["o"]["x"] == "TRADE":
            fill = event["o"]
            memory.trades[fill["t"]] = (fill["i"], fill["L"], fill["l"])


async def _call(
    session: aiohttp.ClientSession, ready: Ready, method: str, path: str, **parameters: Any
) -> dict[str, Any]:
    text = urlencode({**parameters, "timestamp": int(time.time() * 1_000)})
    url = f"{ready.rest}{path}?{text}&signature={sign_hmac(ready.secret, text)}"
    async with session.request(method, url, headers={"X-MBX-APIKEY": ready.api_key}) as response:
        answer: dict[str, Any] = orjson.loads(await response.read())
        assert response.status == 200, answer
        return answer
