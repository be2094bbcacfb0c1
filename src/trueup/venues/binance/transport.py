"""One exchange with the venue: stamped, signed, timed out.

The engine's own HTTP client class sends it; its time-out and its response headers the adapter never uses.
"""

from __future__ import annotations

import asyncio
import math
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from nautilus_trader.adapters.binance.http.error import BinanceClientError, BinanceError, BinanceServerError
from nautilus_trader.core.nautilus_pyo3 import HttpClient, HttpMethod

from trueup.venues.binance.failures import NoAnswerError
from trueup.venues.binance.pacer import HEADERS

METHODS: Final = {
    "GET": HttpMethod.GET,
    "POST": HttpMethod.POST,
    "PUT": HttpMethod.PUT,
    "DELETE": HttpMethod.DELETE,
}
_JSON_STARTS: Final = b'{["-0123456789tfn'


class Transport:
    """Send to one venue, as one account.

    Parameters
    ----------
    client : BinanceHttpClient
        The adapter's client: its address, its headers and its signature are used.
    venue_ms : Callable[[], int]
        The venue's time, by our estimate.
    timeout_secs : float
        From leaving to the whole answer.
    proxy_url : str, optional
        As configured.
    """

    def __init__(
        self, client: Any, *, venue_ms: Callable[[], int], timeout_secs: float, proxy_url: str | None = None
    ) -> None:
        self._client = client
        self._venue_ms = venue_ms
        self.timeout_secs = timeout_secs
        self._http = HttpClient(header_keys=list(HEADERS), proxy_url=proxy_url)

    async def exchange(self, method: str, path: str, parameters: Mapping[str, Any], *, signed: bool) -> Any:
        """Return the venue's answer, whatever its status.

        Raises
        ------
        NoAnswerError
            None came in time, or the connection closed or was refused.
        """
        sent = dict(parameters)
        if signed:
            sent.pop("signature", None)
            sent["timestamp"] = str(self._venue_ms())
            sent["signature"] = self.signature(urllib.parse.urlencode(sent))
        url = self._client.base_url + path
        if sent:
            url += "?" + urllib.parse.urlencode(sent)
        timeout_secs = self.timeout_secs
        call = self._http.request(
            METHODS[method], url, None, self._client.headers, None, None, max(1, math.ceil(timeout_secs))
        )
        try:
            # Two time-outs: the transport's, in whole seconds, and ours around it, which also bounds a stuck transport.
            return await asyncio.wait_for(call, timeout_secs)
        except TimeoutError:
            raise NoAnswerError(f"{method} {path}: no answer within {timeout_secs:g} s") from None
        except Exception as error:  # the transport's own classes differ between the engine's versions
            text = str(error)
            raise NoAnswerError(f"{method} {path}: {text}", sent="(Connect)" not in text) from None

    def signature(self, text: str) -> str:
        """Sign a text with the account's secret."""
        return str(self._client._get_sign(text))  # noqa: SLF001  # the key stays where the adapter keeps it


def body_of(response: Any) -> bytes:
    """Return the JSON of an answer.

    Raises
    ------
    BinanceError
        The venue refused, failed, or answered something else than JSON.
    """
    if response.status >= 400:
        raise _error(response)
    body: bytes = response.body
    stripped = body.lstrip(b" \t\n\r")
    if not stripped or stripped[0] not in _JSON_STARTS:
        message = f"an answer that is not JSON: {body[:200]!r}"
        raise BinanceServerError(status=response.status, message=message, headers=response.headers)
    return body


def _error(response: Any) -> BinanceError:
    body: bytes = response.body or b""
    message: Any
    try:
        message = msgspec.json.decode(body)
    except msgspec.DecodeError:
        message = body.decode(errors="replace")
    kind = BinanceServerError if response.status >= 500 else BinanceClientError
    return kind(status=response.status, message=message, headers=response.headers)


def method_name(http_method: HttpMethod) -> str:
    """Return the name of a method of the engine's transport."""
    return next(name for name, method in METHODS.items() if method == http_method)
