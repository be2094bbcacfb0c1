"""The load generator of the emulator's benchmark, a process of its own: ``python -m benchmarks.emulator_load JSON``.

It speaks HTTP over plain sockets, because an ordinary client costs more per request than the server under test, and
prints its measurements as one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp

from benchmarks.emulator_reads import server_cpu_ns
from trueup.emulator.wire.signing import sign_hmac

ORDERS_PER_ROUND = 150  # below the 200 working orders that an account may have of a symbol


class Connection:
    """One keep-alive connection that signs and sends a request and waits for its answer."""

    def __init__(self, work: dict[str, Any], account: dict[str, str]) -> None:
        parts = urlsplit(work["rest"])
        self._host, self._port = parts.hostname, parts.port
        self._account = account
        self._tail = f" HTTP/1.1\r\nHost: {parts.netloc}\r\nX-MBX-APIKEY: {account['api_key']}\r\n\r\n"

    async def open(self) -> Connection:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port, limit=2**24)
        return self

    async def call(self, method: str, path: str, parameters: str = "") -> bytes:
        text = f"{parameters}&recvWindow=60000&timestamp={time.time_ns() // 1_000_000}".lstrip("&")
        target = f"{method} {path}?{text}&signature={sign_hmac(self._account['secret'], text)}"
        self._writer.write((target + self._tail).encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        at = head.lower().index(b"content-length:") + 15
        body = await self._reader.readexactly(int(head[at : head.index(b"\r", at)]))
        assert head.startswith(b"HTTP/1.1 200"), (target, body)
        return body


# --- placing ----------------------------------------------------------------------------------------------------------


async def place(work: dict[str, Any]) -> dict[str, Any]:
    """Place orders from one connection per account for some seconds; cancelling takes time and does not count."""
    connections = [await Connection(work, account).open() for account in work["accounts"]]
    market = "type=MARKET&quantity=0.010"
    resting = "type=LIMIT&timeInForce=GTC&quantity=0.010&price=45000.0"
    form = market if work["kind"] == "market" else resting
    await asyncio.gather(*(_place(each, form, time.perf_counter() + 0.5) for each in connections))  # warm
    cpu_secs, started = server_cpu_secs(work["pid"]), time.perf_counter()
    deadline = started + work["secs"]
    placed = sum(await asyncio.gather(*(_place(each, form, deadline) for each in connections)))
    secs = time.perf_counter() - started
    return {"per_sec": placed / secs, "per_cpu_sec": placed / (server_cpu_secs(work["pid"]) - cpu_secs)}


async def _place(connection: Connection, form: str, deadline: float) -> int:
    placed = 0
    while time.perf_counter() < deadline:
        for number in range(ORDERS_PER_ROUND):
            side = "BUY" if number % 2 == 0 or "LIMIT" in form else "SELL"
            await connection.call("POST", "/fapi/v1/order", f"symbol=BTCUSDT&side={side}&{form}")
            placed += 1
            if time.perf_counter() >= deadline:
                break
        if "LIMIT" in form:
            await connection.call("DELETE", "/fapi/v1/allOpenOrders", "symbol=BTCUSDT")
    return placed


# --- hearing ----------------------------------------------------------------------------------------------------------


async def hear(work: dict[str, Any]) -> dict[str, Any]:
    """Fill working orders of many symbols at once and read their events from one user stream."""
    account = work["accounts"][0]
    connection = await Connection(work, account).open()
    key = json.loads(await connection.call("POST", "/fapi/v1/listenKey"))["listenKey"]
    async with aiohttp.ClientSession() as session:
        socket = await session.ws_connect(f"{work['stream']}/ws/{key}", max_msg_size=0)
        symbols: list[dict[str, Any]] = work["symbols"]
        others = [await Connection(work, account).open() for _ in range(4)]
        for symbol in symbols:
            await _rest(others, symbol)
        for _ in range(len(symbols) * ORDERS_PER_ROUND):
            await socket.receive()  # NEW
        expected = len(symbols) * ORDERS_PER_ROUND * 3  # each fill tells TRADE_LITE, ACCOUNT_UPDATE, ORDER_TRADE_UPDATE
        cpu_secs, started = server_cpu_secs(work["pid"]), time.perf_counter()
        moving = asyncio.create_task(_move(session, work["control"], symbols))
        seen = {"TRADE_LITE": 0, "ACCOUNT_UPDATE": 0, "ORDER_TRADE_UPDATE": 0}
        for _ in range(expected):
            text = (await socket.receive(timeout=60)).data
            seen[text[6 : text.index('"', 6)]] += 1
        secs = time.perf_counter() - started
        await moving
        assert set(seen.values()) == {expected // 3}, seen
        return {"per_sec": expected / secs, "per_cpu_sec": expected / (server_cpu_secs(work["pid"]) - cpu_secs)}


async def _rest(connections: list[Connection], symbol: dict[str, Any]) -> None:
    async def some(connection: Connection, count: int) -> None:
        for _ in range(count):
            order = {"symbol": symbol["symbol"], "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
            order |= {"quantity": symbol["quantity"], "price": symbol["price"]}
            await connection.call("POST", "/fapi/v1/order", urlencode(order))

    shares = [ORDERS_PER_ROUND // 4 + (number < ORDERS_PER_ROUND % 4) for number in range(4)]
    await asyncio.gather(*(some(each, count) for each, count in zip(connections, shares, strict=True)))


async def _move(session: aiohttp.ClientSession, control: str, symbols: list[dict[str, Any]]) -> None:
    for symbol in symbols:
        body = {"symbol": symbol["symbol"], "bid": symbol["to_bid"], "ask": symbol["to_ask"]}
        async with session.post(f"{control}/venue/set_market", json=body) as answer:
            assert answer.status == 200, await answer.text()


# --- both -------------------------------------------------------------------------------------------------------------


def server_cpu_secs(pid: int) -> float:
    """Return the processor time that the server has used, all threads."""
    return server_cpu_ns(pid) / 1e9


def main() -> None:
    """Do the work named in the first argument."""
    work = json.loads(sys.argv[1])
    if work["core"] is not None:
        os.sched_setaffinity(0, {work["core"]})
    task = {"place": place, "hear": hear}[work["task"]]
    try:
        import uvloop

        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    except ImportError:
        runner = asyncio.Runner()
    with runner:
        print(json.dumps(runner.run(task(work))))


if __name__ == "__main__":
    main()
