"""A `ccxt` client that can only read: paced, bounded, and silent about secrets.

`ccxt` signs, sends and sorts the errors; nothing of the node's adapter is used, so that a fault of that cannot hide
itself. Every failure becomes a `VenueError` whose text holds no signature and no key.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from trueup.errors import VenueRefusedError, VenueUnavailableError
from trueup.venues.outside import QueryTally

MINUTE_MS: Final = 60_000
WEIGHT_PER_MINUTE: Final = 2_400
"""What Binance USD-M grants an address (its exchangeInfo)."""
FULL_SHARE: Final = 0.9
"""Of the venue's own count: beyond it the auditor waits for the next minute, since the node may share the address."""
ATTEMPTS: Final = 2
BACKOFF_SECS: Final = 0.25
SKEW_ANSWERS_MAX: Final = 5
SKEW_ANSWER_MS_MAX: Final = 200.0
"""An answer about the venue's clock that took no longer than this is off by a tenth of a second at most: the venue
refuses what is a second ahead of it."""
REASON_CHARS_MAX: Final = 200

_QUERY = re.compile(r"\?\S*")


@dataclass(frozen=True, slots=True, kw_only=True)
class CcxtSettings:
    """Say how to reach a venue.

    Parameters
    ----------
    exchange : str
        The venue, as `ccxt` names it.
    address : str
        REST address, without a path.
    api_key, api_secret : str
        Credentials; the secret of an Ed25519 key is its private key (PKCS#8, base64 or PEM).
    is_ed25519 : bool
        Which kind of key it is.
    is_public_venue : bool
        Whether this is the venue itself: only it can tell what a key may do.
    query_timeout_secs : float
        Limit of one question.
    weight_per_minute : int
        What the venue grants an address.
    weight_share : float
        Share of it that may be used.
    recv_window_ms : int
        How old a request may be when it arrives.
    proxy_url : str
        An HTTP proxy; empty for none.
    source_address : str
        The address of this machine to send from; empty for whichever the system takes.
    """

    exchange: str
    address: str
    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    is_ed25519: bool = False
    is_public_venue: bool = False
    query_timeout_secs: float = 10.0
    weight_per_minute: int = WEIGHT_PER_MINUTE
    weight_share: float = 0.4
    recv_window_ms: int = 5_000
    proxy_url: str = field(default="", repr=False)
    source_address: str = ""


class CcxtClient:
    """Ask one venue with one key.

    Parameters
    ----------
    settings : CcxtSettings
        How to reach it.
    """

    def __init__(self, settings: CcxtSettings) -> None:
        self.settings = settings
        self.tallies: dict[str, QueryTally] = {}
        self._exchange: Any = None
        self._blocked_until = 0.0
        self._pause_until = 0.0
        self._is_mistimed = False

    async def close(self) -> None:
        """Close the connections."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            session = exchange.session
            await exchange.close()
            if session is not None and not session.closed:
                await session.close()  # ccxt leaves a session alone that it did not open

    @property
    def skew_ms(self) -> float:
        """Return how far this machine's clock is ahead of the venue's, as far as it was measured."""
        return 0.0 if self._exchange is None else float(self._exchange.options.get("timeDifference") or 0)

    def now_ns(self) -> int:
        """Return the venue's time, as far as it is known here."""
        return time.time_ns() - int(self.skew_ms * 1_000_000)

    async def measure_skew(self) -> None:
        """Ask the venue's clock a few times, believe the quickest answer, and stamp every later question by it.

        An answer may be off by half of what it took, and a busy machine takes seconds for one.
        """
        exchange = self._opened()
        found: list[tuple[float, float]] = []

        async def ask() -> None:
            before_ms = time.time() * 1_000
            answer = await exchange.fapiPublicGetTime()
            after_ms = time.time() * 1_000
            found.append((after_ms - before_ms, (before_ms + after_ms) / 2 - float(answer["serverTime"])))

        while len(found) < SKEW_ANSWERS_MAX:
            await self._bounded("time", ask)
            if found[-1][0] <= SKEW_ANSWER_MS_MAX:
                break
        exchange.options["timeDifference"] = round(min(found)[1])
        self._is_mistimed = False

    async def get(self, query: str, method: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Ask one question by the name of `ccxt`'s own method for the endpoint; only GET endpoints are asked.

        Parameters
        ----------
        query : str
            What to call it in counts and messages.
        method : str
            Such as ``fapiPrivateGetOpenOrders``.
        parameters : mapping, optional
            The endpoint's parameters.

        Raises
        ------
        VenueRefusedError
            The venue answered with an error code; `OrderUnknownError` for an order that it does not know.
        VenueUnavailableError
            No answer, or one that cannot be read, or the address is blocked for a while.
        """
        assert "Get" in method, "the auditor asks, and never changes anything"
        exchange = self._opened()
        if not hasattr(exchange, method):
            raise VenueUnavailableError(f"{self.settings.exchange} of the installed ccxt has no {method}")

        async def ask() -> Any:
            return await getattr(exchange, method)(dict(parameters or {}))

        for attempt in range(ATTEMPTS):
            try:
                return await self._bounded(query, ask)
            except VenueUnavailableError:
                if attempt + 1 == ATTEMPTS or time.monotonic() < self._blocked_until:
                    raise
                if self._is_mistimed:
                    await self.measure_skew()
                else:
                    await asyncio.sleep(BACKOFF_SECS)
        raise AssertionError("unreachable")

    async def rows(self, query: str, method: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Ask for a list; see `get`. Anything else is no answer."""
        answer = await self.get(query, method, parameters)
        if not isinstance(answer, list):
            raise VenueUnavailableError("the answer is no list")
        return answer

    # -- details -----------------------------------------------------------------------------------------------------

    async def _bounded(self, query: str, ask: Callable[[], Awaitable[Any]]) -> Any:
        wait_secs = self._blocked_until - time.monotonic()
        if wait_secs > 0:
            raise VenueUnavailableError(f"the venue asked this address to wait for {wait_secs:.0f} s more")
        await asyncio.sleep(max(0.0, self._pause_until - time.monotonic()))
        tally = self.tallies.setdefault(query, QueryTally())
        began = time.perf_counter()
        error: Exception | None = None
        try:
            return await asyncio.wait_for(ask(), self._limit_secs)
        except Exception as failure:
            error = self._ours(failure)
            raise error from None  # the original's text may hold a signature
        finally:
            elapsed_ms = (time.perf_counter() - began) * 1_000
            is_timeout = isinstance(error, VenueUnavailableError) and "no answer within" in str(error)
            tally.add(elapsed_ms, "" if error is None else str(error), is_timeout=is_timeout)
            self._mind_the_weight()

    @property
    def _limit_secs(self) -> float:
        # ccxt's own limit ends a question; this one ends what hangs in spite of it. Waiting for one's turn counts, too.
        return self.settings.query_timeout_secs + MINUTE_MS / 1_000

    def _ours(self, failure: Exception) -> Exception:
        import ccxt

        text = self._said(failure)
        if isinstance(failure, ccxt.OrderNotFound):
            return OrderUnknownError(text)
        if isinstance(failure, (ccxt.RequestTimeout, TimeoutError)):
            return VenueUnavailableError(f"no answer within {self.settings.query_timeout_secs:g} s")
        if isinstance(failure, (ccxt.DDoSProtection, ccxt.RateLimitExceeded)):
            self._block()
            return VenueUnavailableError(f"the venue limits this address ({text})")
        if isinstance(failure, ccxt.NetworkError):
            # -1021: the clock that was measured, or the one that it was measured with, has moved.
            self._is_mistimed = self._is_mistimed or isinstance(failure, ccxt.InvalidNonce)
            return VenueUnavailableError(text)
        if isinstance(failure, ccxt.BaseError):
            return VenueRefusedError(text)
        return VenueUnavailableError(f"the answer cannot be read ({type(failure).__name__})")

    def _said(self, failure: Exception) -> str:
        """Return an error's text without queries (they are signed) and without credentials."""
        text = _QUERY.sub("?...", str(failure)) or type(failure).__name__
        for secret in (self.settings.api_secret, self.settings.api_key, self.settings.proxy_url):
            text = text.replace(secret, "***") if secret else text
        return text if len(text) <= REASON_CHARS_MAX else text[:REASON_CHARS_MAX] + "..."

    def _block(self) -> None:
        """Ask nothing more until the venue allows: going on after a refusal leads to a ban."""
        after = _header(self._exchange, "Retry-After")
        secs = float(after) if after.isdigit() else _secs_to_next_minute()
        self._blocked_until = time.monotonic() + min(max(secs, 1.0), 3_600.0)

    def _mind_the_weight(self) -> None:
        """Pause until the next minute once the venue says that this one is nearly used up, by whomever."""
        used = _header(self._exchange, "X-MBX-USED-WEIGHT-1M")
        if used.isdigit() and int(used) > FULL_SHARE * self.settings.weight_per_minute:
            self._pause_until = max(self._pause_until, time.monotonic() + _secs_to_next_minute())

    def _opened(self) -> Any:
        if self._exchange is None:
            self._exchange = _open(self.settings)
        return self._exchange


class OrderUnknownError(VenueRefusedError):
    """The venue answered that it knows no such order."""


def _open(settings: CcxtSettings) -> Any:
    import ccxt.async_support as ccxt

    base: Any = getattr(ccxt, settings.exchange)
    own = urlsplit(base.describe(base.__new__(base))["urls"]["api"]["fapiPublic"])
    own_host = f"{own.scheme}://{own.netloc}"

    class ReadOnly(base):
        """The venue's client at a configured address."""

        def get_exceptions_by_url(self, url: str, kind: str) -> Any:
            """Sort errors as at the venue itself: ccxt picks its table of codes by the host's name."""
            return super().get_exceptions_by_url(url.replace(settings.address, own_host), kind)

    exchange = ReadOnly(
        {
            "apiKey": settings.api_key,
            "secret": _pem(settings.api_secret) if settings.is_ed25519 else settings.api_secret,
            "timeout": int(settings.query_timeout_secs * 1_000),
            "enableRateLimit": True,
            "rateLimiterAlgorithm": "rollingWindow",
            "rollingWindowSize": float(MINUTE_MS),
            "rateLimit": MINUTE_MS / (settings.weight_per_minute * settings.weight_share),
            "enableLastHttpResponse": False,
            "enableLastJsonResponse": False,
            "options": {"recvWindow": settings.recv_window_ms, "fetchCurrencies": False},
        }
    )
    if settings.source_address:
        connector = aiohttp.TCPConnector(local_addr=(settings.source_address, 0))
        exchange.session = aiohttp.ClientSession(connector=connector)
        exchange.own_session = False
    exchange.aiohttp_proxy = settings.proxy_url or None
    exchange.urls["api"] = {
        name: url.replace(own_host, settings.address) if isinstance(url, str) else url
        for name, url in exchange.urls["api"].items()
    }
    return exchange


def _pem(secret: str) -> str:
    text = secret.strip()
    if text.startswith("-----BEGIN"):
        return text
    return f"-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----"


def _header(exchange: Any, name: str) -> str:
    headers = getattr(exchange, "last_response_headers", None) or {}
    return next((str(value) for key, value in headers.items() if key.lower() == name.lower()), "")


def _secs_to_next_minute() -> float:
    return 60.0 - time.time() % 60.0
