"""The one way out: every request of the adapter and of ours is paced, timed out, stamped, signed and accounted here.

The gate is set on an adapter's HTTP client as instance attributes: every endpoint built on that client goes through it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from nautilus_trader.adapters.binance.http.error import BinanceClientError, BinanceServerError
from nautilus_trader.core.nautilus_pyo3 import HttpMethod

from trueup.venues.binance.accounting import AccountedCall, CallAccount, question_of
from trueup.venues.binance.failures import NotSentError, failure_of
from trueup.venues.binance.outcomes import CODE_INVALID_TIMESTAMP
from trueup.venues.binance.pacer import Pacer
from trueup.venues.binance.profiles import VenueProfile
from trueup.venues.binance.settings import HardeningSettings
from trueup.venues.binance.shared_answers import SharedAnswers
from trueup.venues.binance.skew import SkewEstimate, SkewSample
from trueup.venues.binance.transport import Transport, body_of, method_name


class HttpGate:
    """Carry the requests of one account.

    Parameters
    ----------
    profile : VenueProfile
        Weights and limits.
    settings : HardeningSettings
        Bounds.
    client : BinanceHttpClient
        The adapter's client: its address, its headers and its signature are used.
    clock_ms : Callable[[], int]
        Our clock.
    log : Logger
        Where pacing, refusals and skew are said.
    proxy_url : str, optional
        As configured.
    """

    def __init__(
        self,
        *,
        profile: VenueProfile,
        settings: HardeningSettings,
        client: Any,
        clock_ms: Callable[[], int],
        log: Any,
        proxy_url: str | None = None,
    ) -> None:
        self.profile = profile
        self.settings = settings
        self.skew = SkewEstimate()
        self.account = CallAccount()
        self.answers = SharedAnswers(profile.connection_paths)
        self.last_activity = 0.0
        self._client = client
        self._clock_ms = clock_ms
        self._log = log
        self.pacer = Pacer(profile, settings, venue_ms=self.venue_ms, on_wait=self._wait_for, log=log)
        self._transport = Transport(
            client, venue_ms=self.venue_ms, timeout_secs=settings.request_timeout_secs, proxy_url=proxy_url
        )
        self._reads = asyncio.Semaphore(settings.reads_in_parallel)
        self._clock_lock = asyncio.Lock()
        self._skew_said = False

    def install(self) -> None:
        """Set the gate on the adapter's client; endpoints built on it from now on go through here."""
        self._client.sign_request = self.sign_request
        self._client.send_request = self.send_request

    def venue_ms(self) -> int:
        """Return the venue's time by our estimate."""
        return self.skew.venue_ms(self._clock_ms())

    def signature(self, text: str) -> str:
        """Sign a text with the account's secret."""
        return self._transport.signature(text)

    # -- what the adapter's endpoints call ----------------------------------------------------------------------------

    async def sign_request(
        self,
        http_method: HttpMethod,
        url_path: str,
        payload: dict[str, Any] | None = None,
        ratelimiter_keys: list[str] | None = None,
    ) -> bytes:
        """Send a signed request; the parameters are those of the adapter's client."""
        # The adapter's keys never match its quotas (measured on 1.231.0); the budget paces instead.
        del ratelimiter_keys
        return await self.request(method_name(http_method), url_path, payload, signed=True)

    async def send_request(
        self,
        http_method: HttpMethod,
        url_path: str,
        payload: dict[str, Any] | None = None,
        ratelimiter_keys: list[str] | None = None,
    ) -> bytes:
        """Send a request without a signature; the parameters are those of the adapter's client."""
        del ratelimiter_keys
        return await self.request(method_name(http_method), url_path, payload, signed=False)

    # -- requests -----------------------------------------------------------------------------------------------------

    async def request(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        signed: bool,
        begun: Callable[[], None] | None = None,
    ) -> bytes:
        """Send one request and return the body of its answer.

        A read is tried again where that is safe and may help. A command never is: see `outcomes`.

        Parameters
        ----------
        method, path : str
            What to call.
        parameters : Mapping, optional
            Its parameters; time and signature are added.
        signed : bool
            Whether to stamp and sign.
        begun : Callable, optional
            Called once, when the first try leaves.

        Raises
        ------
        BinanceError
            The venue refused (`BinanceClientError`) or failed (`BinanceServerError`); `NoAnswerError` when none came in
            time; `NotSentError` when the limits leave no room in the time that it may wait.
        """
        sent = parameters or {}
        if method != "GET":
            return await self._attempt(method, path, sent, signed=signed, begun=begun)
        question = (method, path, question_of(sent))
        return await self.answers.ask(question, lambda: self._read(path, sent, signed=signed, begun=begun))

    async def measure_clock(self) -> SkewEstimate:
        """Measure the venue's clock once, and return the estimate.

        Raises
        ------
        BinanceError
            The venue did not tell its time.
        """
        async with self._clock_lock:
            path = self.profile.time_path
            waited_secs = await self.pacer.admit("GET", path, {})
            sent_ms = self._clock_ms()
            raw = await self._send("GET", path, {}, signed=False, waited_secs=waited_secs)
            received_ms = self._clock_ms()
            venue_ms = int(msgspec.json.decode(raw)["serverTime"])
            self.skew = self.skew.add(SkewSample(sent_ms, venue_ms, received_ms))
        if self.skew.is_large != self._skew_said:
            self._skew_said = self.skew.is_large
            if self.skew.is_large:
                self._log.warning(
                    f"Our clock is {-self.skew.offset_ms} ms ahead of the venue's (within {self.skew.error_ms} ms): "
                    f"timestamps are corrected; repair this machine's clock"
                )
        return self.skew

    # -- details ------------------------------------------------------------------------------------------------------

    async def _read(
        self, path: str, parameters: Mapping[str, Any], *, signed: bool, begun: Callable[[], None] | None
    ) -> bytes:
        async with self._reads:
            backoff_secs = self.settings.read_backoff_secs
            for attempt in range(1, self.settings.read_attempts + 1):
                try:
                    return await self._attempt("GET", path, parameters, signed=signed, begun=begun)
                except BinanceServerError:
                    if attempt == self.settings.read_attempts:
                        raise
                except BinanceClientError as error:
                    if isinstance(error, NotSentError) or error.status not in (418, 429):
                        raise
                    if attempt == self.settings.read_attempts:
                        raise
                    continue  # the budget now knows how long to wait
                await asyncio.sleep(backoff_secs)
                backoff_secs *= 2
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _attempt(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any],
        *,
        signed: bool,
        begun: Callable[[], None] | None,
    ) -> bytes:
        for last in (False, True):
            waited_secs = await self.pacer.admit(method, path, parameters)
            if begun is not None:
                begun()
            try:
                return await self._send(method, path, parameters, signed=signed, waited_secs=waited_secs)
            except BinanceClientError as error:
                # A refused timestamp surely had no effect, whatever the command: measure the clock and send once more.
                if last or not signed or failure_of(error).code != CODE_INVALID_TIMESTAMP:
                    raise
                self._log.warning("The venue refused our timestamp (-1021): measuring its clock")
                self.skew = SkewEstimate()
                await self.measure_clock()
        raise AssertionError("unreachable: the second try returns or raises")

    async def _send(
        self, method: str, path: str, parameters: Mapping[str, Any], *, signed: bool, waited_secs: float
    ) -> bytes:
        phase, sent_ms, status = self.account.phase, self.venue_ms(), 0
        self._wait_for(0.0)
        try:
            response = await self._transport.exchange(method, path, parameters, signed=signed)
            status = response.status
        finally:
            weight, timeout_secs = self.profile.weigh(method, path, parameters), self._transport.timeout_secs
            query = question_of(parameters)
            self.account.add(
                AccountedCall(phase, sent_ms, method, path, query, weight, timeout_secs, waited_secs, status)
            )
        self._wait_for(0.0)
        self.pacer.learn(response.headers, sent_ms)
        if status in (418, 429):
            self.pacer.refused(status, response.headers)
        return body_of(response)

    def _wait_for(self, secs: float) -> None:
        """Note that something is under way now, and for so long: what waits for its turn is not stuck."""
        self.last_activity = max(self.last_activity, time.monotonic() + secs)
