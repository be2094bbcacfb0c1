"""The user stream of USD-M futures: by listen key, whatever kind of key signs the requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import aiohttp
import msgspec
from nautilus_trader.adapters.binance.http.error import BinanceClientError

from trueup.venues.binance.failures import failure_of
from trueup.venues.binance.gate import HttpGate
from trueup.venues.binance.stream_rules import GapReason, StreamRules
from trueup.venues.binance.user_stream import StreamClosedError

LISTEN_KEY_PATH: Final = "/fapi/v1/listenKey"
CODE_INVALID_LISTEN_KEY: Final = -1125
FRAME_BYTES_MAX: Final = 4 * 1024 * 1024  # an ACCOUNT_UPDATE of every symbol is about 100 kB


class ListenKeyStream:
    """Open and renew a futures user stream.

    Parameters
    ----------
    gate : HttpGate
        For the listen key.
    url_of : Callable[[str], str]
        Return the stream's address for a listen key.
    rules : StreamRules
        Bounds.
    proxy_url : str, optional
        As configured.
    """

    def __init__(
        self, gate: HttpGate, url_of: Callable[[str], str], rules: StreamRules, proxy_url: str | None = None
    ) -> None:
        self._gate = gate
        self._url_of = url_of
        self._rules = rules
        self._proxy_url = proxy_url
        self._key: str | None = None

    async def open(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        """Create a listen key (the venue returns the living one, if there is one) and connect."""
        raw = await self._gate.request("POST", LISTEN_KEY_PATH, signed=False)
        self._key = str(msgspec.json.decode(raw)["listenKey"])
        return await session.ws_connect(
            self._url_of(self._key),
            # A ping after two thirds of the silence allowed, a pong due within half as long again: the whole of it.
            heartbeat=self._rules.silence_secs * 2 / 3,
            max_msg_size=FRAME_BYTES_MAX,
            proxy=self._proxy_url,
        )

    async def renew(self) -> None:
        """Renew the listen key.

        Raises
        ------
        StreamClosedError
            The venue does not know the key any more: nothing has come on its stream since it died.
        """
        try:
            await self._gate.request("PUT", LISTEN_KEY_PATH, signed=False)
        except BinanceClientError as error:
            if failure_of(error).code == CODE_INVALID_LISTEN_KEY:
                raise StreamClosedError(GapReason.KEY_REFUSED) from None
            raise

    async def close(self) -> None:
        """Delete the listen key."""
        if self._key is not None:
            self._key = None
            await self._gate.request("DELETE", LISTEN_KEY_PATH, signed=False)

    def event(self, raw: bytes) -> bytes | None:
        """Return the frame: on a stream of its own every frame is an event."""
        if b'"listenKeyExpired"' in raw:
            raise StreamClosedError(GapReason.KEY_EXPIRED)
        return raw
