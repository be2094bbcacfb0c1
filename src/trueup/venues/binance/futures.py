"""The hardened execution client of Binance USD-M futures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nautilus_trader.adapters.binance.futures.execution import BinanceFuturesExecutionClient

from trueup.venues.binance.client import HardenedClient
from trueup.venues.binance.futures_stream import ListenKeyStream
from trueup.venues.binance.gate import HttpGate
from trueup.venues.binance.position_witness import PositionWitness
from trueup.venues.binance.settings import HardeningSettings
from trueup.venues.binance.user_stream import StreamSource, wrapped


class HardenedFuturesExecutionClient(HardenedClient, BinanceFuturesExecutionClient):
    """Trade and read one USD-M futures account.

    Parameters
    ----------
    gate : HttpGate
        The way out, already installed on the adapter's HTTP client.
    settings : HardeningSettings
        Bounds.
    stream_url : Callable[[str], str]
        Return the user stream's address for a listen key.
    **adapter : Any
        What the adapter's class of the installed version takes.
    """

    def __init__(
        self, *, gate: HttpGate, settings: HardeningSettings, stream_url: Callable[[str], str], **adapter: Any
    ) -> None:
        super().__init__(**adapter)
        self._stream_url = stream_url
        self._proxy_url = getattr(adapter["config"], "proxy_url", None)
        self._wraps_events = hasattr(self, "_decoder_futures_user_msg_wrapper")
        self._rules = settings.stream
        self._gate = gate
        self.harden(gate, settings, has_positions=True)
        self.witness = PositionWitness(self, self.names, settings)

    def make_stream_source(self) -> StreamSource:
        """Return the stream by listen key."""
        return ListenKeyStream(self._gate, self._stream_url, self._rules, self._proxy_url)

    def _handle_user_ws_message(self, raw: bytes) -> None:
        super()._handle_user_ws_message(wrapped(raw) if self._wraps_events else raw)
        if b'"ACCOUNT_UPDATE"' in raw:
            self.witness.take(raw)
