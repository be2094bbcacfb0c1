"""The user stream of spot: a subscription on the venue's WebSocket API, on whose connection the events come too."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any, Final

import aiohttp
import msgspec

from trueup.errors import VenueRefusedError, VenueUnavailableError
from trueup.venues.binance.stream_rules import GapReason, StreamRules
from trueup.venues.binance.user_stream import StreamClosedError

FRAME_BYTES_MAX: Final = 4 * 1024 * 1024


class SessionStream:
    """Open a spot user stream: one signed subscription, for any kind of key (a log-on takes Ed25519 keys alone).

    Parameters
    ----------
    url : str
        The WebSocket API's address.
    api_key : str
        The account's key.
    sign : Callable[[str], str]
        Sign a text with the account's secret.
    venue_ms : Callable[[], int]
        The venue's time.
    rules : StreamRules
        Bounds.
    proxy_url : str, optional
        As configured.
    """

    def __init__(
        self,
        *,
        url: str,
        api_key: str,
        sign: Callable[[str], str],
        venue_ms: Callable[[], int],
        rules: StreamRules,
        proxy_url: str | None = None,
    ) -> None:
        self._url = url
        self._api_key = api_key
        self._sign = sign
        self._venue_ms = venue_ms
        self._rules = rules
        self._proxy_url = proxy_url
        self._ids = itertools.count(1)

    async def open(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        """Connect and subscribe.

        Raises
        ------
        VenueRefusedError
            The venue refused the key, its signature or the subscription.
        VenueUnavailableError
            The connection ended before the venue answered.
        """
        socket = await session.ws_connect(
            self._url,
            heartbeat=self._rules.silence_secs * 2 / 3,
            max_msg_size=FRAME_BYTES_MAX,
            proxy=self._proxy_url,
        )
        try:
            timestamp = self._venue_ms()
            # Parameters in the order of their names, as the venue wants them signed.
            signature = self._sign(f"apiKey={self._api_key}&timestamp={timestamp}")
            await self._call(
                socket,
                "userDataStream.subscribe.signature",
                {"apiKey": self._api_key, "timestamp": timestamp, "signature": signature},
            )
        except BaseException:
            await socket.close()
            raise
        return socket

    async def renew(self) -> None:
        """Do nothing: a session lives as long as its connection, which pings keep."""

    async def close(self) -> None:
        """Do nothing: the venue ends the subscription with the connection."""

    def event(self, raw: bytes) -> bytes | None:
        """Return the event inside a frame, or None for an answer."""
        frame = msgspec.json.decode(raw)
        if not isinstance(frame, dict) or not isinstance(frame.get("event"), dict):
            return None
        event: dict[str, Any] = frame["event"]
        if event.get("e") == "eventStreamTerminated":
            raise StreamClosedError(GapReason.KEY_EXPIRED)
        return msgspec.json.encode(event)

    async def _call(self, socket: aiohttp.ClientWebSocketResponse, method: str, parameters: dict[str, Any]) -> None:
        call_id = str(next(self._ids))
        await socket.send_json({"id": call_id, "method": method, "params": parameters})
        while True:
            message = await asyncio.wait_for(socket.receive(), self._rules.connect_timeout_secs)
            if message.type is not aiohttp.WSMsgType.TEXT:
                raise VenueUnavailableError(f"the connection ended before {method} was answered")
            answer = msgspec.json.decode(message.data)
            if str(answer.get("id")) != call_id:
                continue
            if answer.get("status") != 200:
                raise VenueRefusedError(f"{method} was refused: {answer.get('error')}")
            return
