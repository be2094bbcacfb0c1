"""A small signed client of the emulator, so that tests control every byte they send."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson

from trueup.emulator import Emulator
from trueup.emulator.wire.signing import sign_hmac

WAIT_SECS = 60.0


@dataclass
class Reply:
    """Status, decoded body and headers of one answer."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def code(self) -> int:
        return int(self.body["code"]) if isinstance(self.body, dict) and "code" in self.body else 0


class VenueClient:
    """Call the emulator as one account."""

    def __init__(self, emulator: Emulator, session: aiohttp.ClientSession, account: str = "main") -> None:
        settings = emulator.venue.account(account)
        self.emulator = emulator
        self.session = session
        self.key = settings.api_key
        self.secret = settings.secret

    def query(self, **parameters: Any) -> str:
        """Return the parameters with the emulator's time and their signature."""
        values = {**parameters, "timestamp": parameters.get("timestamp", self.emulator.clock.now_ms())}
        text = urlencode({name: value for name, value in values.items() if value is not None})
        return f"{text}&signature={sign_hmac(self.secret, text)}"

    async def raw(
        self, method: str, path: str, *, query: str = "", body: str | bytes | None = None, key: str | None = None
    ) -> Reply:
        """Send exactly this."""
        url = self.emulator.urls.rest + path + (f"?{query}" if query else "")
        headers = {"X-MBX-APIKEY": self.key if key is None else key}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        async with self.session.request(method, _as_is(url), data=body, headers=headers) as response:
            text = await response.read()
            decoded = orjson.loads(text) if text[:1] in (b"{", b"[") else text.decode()
            return Reply(response.status, decoded, dict(response.headers))

    async def call(self, method: str, path: str, **parameters: Any) -> Reply:
        """Send a signed call with everything in the query string."""
        return await self.raw(method, path, query=self.query(**parameters))

    async def get(self, path: str, **parameters: Any) -> Reply:
        return await self.call("GET", path, **parameters)

    async def limit(self, side: str = "BUY", price: str = "45000.0", quantity: str = "0.010", **more: Any) -> Reply:
        """Place a limit order on BTCUSDT, far from the market unless told."""
        return await self.call(
            "POST",
            "/fapi/v1/order",
            symbol="BTCUSDT",
            side=side,
            type="LIMIT",
            timeInForce="GTC",
            quantity=quantity,
            price=price,
            **more,
        )

    async def market(self, side: str = "BUY", quantity: str = "0.010", **more: Any) -> Reply:
        return await self.call(
            "POST", "/fapi/v1/order", symbol="BTCUSDT", side=side, type="MARKET", quantity=quantity, **more
        )

    async def listen_key(self) -> str:
        reply = await self.raw("POST", "/fapi/v1/listenKey")
        assert reply.status == 200, reply
        return str(reply.body["listenKey"])

    @asynccontextmanager
    async def stream(self, path: str) -> AsyncIterator[Stream]:
        """Open a stream socket."""
        async with self.session.ws_connect(self.emulator.urls.stream + path, autoping=False) as socket:
            yield Stream(socket)

    @asynccontextmanager
    async def user_stream(self) -> AsyncIterator[Stream]:
        """Open the account's user stream."""
        async with self.stream(f"/ws/{await self.listen_key()}") as stream:
            yield stream

    @asynccontextmanager
    async def ws_api(self) -> AsyncIterator[Stream]:
        async with self.session.ws_connect(self.emulator.urls.ws_api, autoping=False) as socket:
            yield Stream(socket)


class Stream:
    """One socket, read with a deadline."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def frame(self, within_secs: float = WAIT_SECS) -> aiohttp.WSMessage:
        return await self.socket.receive(timeout=within_secs)

    async def next(self, kind: str | None = None, within_secs: float = WAIT_SECS) -> Any:
        """Return the next message, skipping those of another event type if one is asked for."""
        deadline = time.monotonic() + within_secs
        while True:
            message = await self.frame(max(0.01, deadline - time.monotonic()))
            if message.type is aiohttp.WSMsgType.PING:
                await self.socket.pong(message.data)
                continue
            assert message.type is aiohttp.WSMsgType.TEXT, message
            decoded = orjson.loads(message.data)
            found = decoded.get("data", decoded) if isinstance(decoded, dict) else decoded
            if kind is None or (isinstance(found, dict) and found.get("e") == kind):
                return decoded

    async def answer_pings(self) -> None:
        """Answer the pings that wait, and return once the other side has seen it."""
        await self.socket.ping(b"mine")
        while True:
            message = await self.frame()
            if message.type is aiohttp.WSMsgType.PING:
                await self.socket.pong(message.data)
                await self.socket.ping(b"mine")
                await self.frame()
            elif message.type is aiohttp.WSMsgType.PONG:
                return

    async def ask(self, frame: Any) -> Any:
        """Send a frame and return the answer with its id."""
        text = frame if isinstance(frame, str) else orjson.dumps(frame).decode()
        await self.socket.send_str(text)
        wanted = frame.get("id") if isinstance(frame, dict) else None
        while True:
            answer = await self.next()
            if wanted is None or answer.get("id") == wanted:
                return answer

    async def silent(self, for_secs: float = 0.3) -> bool:
        """Return whether nothing comes for a while."""
        try:
            await self.socket.receive(timeout=for_secs)
        except TimeoutError:
            return True
        return False

    async def ended(self, within_secs: float = WAIT_SECS) -> bool:
        """Return whether the other side ends the socket."""
        async with asyncio.timeout(within_secs):
            while True:
                message = await self.socket.receive()
                if message.type in (
                    aiohttp.WSMsgType.CLOSE,
                    aiohttp.WSMsgType.CLOSED,
                    aiohttp.WSMsgType.CLOSING,
                    aiohttp.WSMsgType.ERROR,
                ):
                    return True


def _as_is(url: str) -> Any:
    from yarl import URL

    return URL(url, encoded=True)
