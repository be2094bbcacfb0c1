"""The hardened execution client of Binance spot."""

from __future__ import annotations

from typing import Any

from nautilus_trader.adapters.binance.spot.execution import BinanceSpotExecutionClient

from trueup.venues.binance.client import HardenedClient
from trueup.venues.binance.gate import HttpGate
from trueup.venues.binance.settings import HardeningSettings
from trueup.venues.binance.spot_stream import SessionStream
from trueup.venues.binance.user_stream import StreamSource, wrapped


class HardenedSpotExecutionClient(HardenedClient, BinanceSpotExecutionClient):
    """Trade and read one spot account.

    Parameters
    ----------
    gate : HttpGate
        The way out, already installed on the adapter's HTTP client.
    settings : HardeningSettings
        Bounds.
    ws_api_url : str
        The address of the venue's WebSocket API.
    key : str
        The account's key.
    **adapter : Any
        What the adapter's class of the installed version takes.
    """

    def __init__(
        self, *, gate: HttpGate, settings: HardeningSettings, ws_api_url: str, key: str, **adapter: Any
    ) -> None:
        super().__init__(**adapter)
        self._ws_api_url = ws_api_url
        self._key = key
        self._rules = settings.stream
        self._gate = gate
        self._proxy_url = getattr(adapter["config"], "proxy_url", None)
        self._wraps_events = hasattr(self, "_decoder_spot_user_msg_wrapper")
        self.harden(gate, settings, has_positions=False)

    def make_stream_source(self) -> StreamSource:
        """Return the stream by a signed subscription."""
        return SessionStream(
            url=self._ws_api_url,
            api_key=self._key,
            sign=self._gate.signature,
            venue_ms=self._gate.venue_ms,
            rules=self._rules,
            proxy_url=self._proxy_url,
        )

    def _handle_user_ws_message(self, raw: bytes) -> None:
        super()._handle_user_ws_message(wrapped(raw) if self._wraps_events else raw)
