"""The one way out: every request of the adapter and of ours is paced, timed out, stamped, signed and accounted here.

The gate is set on an adapter's HTTP client as instance attributes: every endpoint built on that client goes through
it. It sends with the engine's own HTTP client class, whose time-out and response headers the adapter never uses.
"""

from __future__ import annotations

import asyncio
import math
import urllib.parse
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from nautilus_trader.adapters.binance.http.error import BinanceClientError, BinanceError, BinanceServerError
from nautilus_trader.core.nautilus_pyo3 import HttpClient, HttpMethod

from trueup.venues.binance import budget
from trueup.venues.binance.budget import BudgetLimits, BudgetState, Lane
from trueup.venues.binance.outcomes import CODE_INVALID_TIMESTAMP, CODE_TOO_MANY_REQUESTS, Failure
from trueup.venues.binance.profiles import VenueProfile
from trueup.venues.binance.settings import HardeningSettings
from trueup.venues.binance.skew import SkewEstimate, SkewSample

HEADER_WEIGHT: Final = "x-mbx-used-weight-1m"
HEADER_ORDERS_TEN_SECS: Final = "x-mbx-order-count-10s"
HEADER_ORDERS_MINUTE: Final = "x-mbx-order-count-1m"
HEADER_RETRY_AFTER: Final = "retry-after"
HEADERS: Final = (HEADER_WEIGHT, HEADER_ORDERS_TEN_SECS, HEADER_ORDERS_MINUTE, HEADER_RETRY_AFTER)
CALLS_KEPT: Final = 5_000
METHODS: Final = {
    "GET": HttpMethod.GET,
    "POST": HttpMethod.POST,
    "PUT": HttpMethod.PUT,
    "DELETE": HttpMethod.DELETE,
}
_JSON_STARTS: Final = b'{["-0123456789tfn'


class NoAnswerError(BinanceServerError):
    """A request that got no answer: timed out, or its connection closed or refused.

    A kind of `BinanceError`, so that the adapter's own handlers know it.

    Parameters
    ----------
    message : str
        What happened.
    sent : bool
        Whether it may have reached the venue.
    """

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(status=None, message=message, headers={})
        self.sent = sent


class NotSentError(BinanceClientError):
    """A request that was held back: the venue's limits leave no room for it in the time that it may wait."""

    def __init__(self, message: str) -> None:
        super().__init__(status=429, message={"code": CODE_TOO_MANY_REQUESTS, "msg": message}, headers={})


@dataclass(frozen=True, slots=True)
class AccountedCall:
    """One request as it was sent.

    Parameters
    ----------
    sent_ms : int
        The venue's time when it left, by our estimate.
    method, path : str
        What was called.
    query : str
        Parameters, without time, window and signature.
    weight : int
        What was booked for it.
    timeout_secs : float
        How long it could take.
    waited_secs : float
        How long it was paced.
    status : int
        HTTP status; 0 when no answer came.
    """

    sent_ms: int
    method: str
    path: str
    query: str
    weight: int
    timeout_secs: float
    waited_secs: float
    status: int


def failure_of(error: BaseException) -> Failure:
    """Return an adapter's or the transport's error as the value that outcomes are classified by."""
    if isinstance(error, NotSentError):
        return Failure(429, CODE_TOO_MANY_REQUESTS, str(error), sent=False)
    if isinstance(error, NoAnswerError):
        return Failure(None, None, str(error.message), sent=error.sent)
    if isinstance(error, BinanceError):
        code, text = _code_and_text(error.message)
        return Failure(error.status, code, text)
    return Failure(None, None, f"{type(error).__name__}: {error}")


def _code_and_text(message: Any) -> tuple[int | None, str]:
    if isinstance(message, Mapping):
        code = message.get("code")
        return (int(code) if code is not None else None), str(message.get("msg", ""))
    return None, str(message)


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
        self.calls: deque[AccountedCall] = deque(maxlen=CALLS_KEPT)
        self.weight_total = 0
        self.refusals = 0
        self._client = client
        self._clock_ms = clock_ms
        self._log = log
        self._limits = BudgetLimits(
            profile.weight_limit, profile.orders_per_ten_secs, profile.orders_per_minute, settings.leave_reserve
        )
        self._state = BudgetState()
        self._transport = HttpClient(header_keys=list(HEADERS), proxy_url=proxy_url)
        self._reads = asyncio.Semaphore(settings.reads_in_parallel)
        self._clock_lock = asyncio.Lock()
        self._skew_said = False

    def install(self) -> None:
        """Set the gate on the adapter's client; endpoints built on it from now on go through here."""
        self._client.sign_request = self.sign_request
        self._client.send_request = self.send_request

    @property
    def used_weight(self) -> int:
        """Return the weight used in the running minute, ours or the venue's count, whichever is higher."""
        now_ms = self.venue_ms()
        return budget.observe(self._state, now_ms, now_ms).weight

    def venue_ms(self) -> int:
        """Return the venue's time by our estimate."""
        return self.skew.venue_ms(self._clock_ms())

    # -- what the adapter's endpoints call ----------------------------------------------------------------------------

    async def sign_request(
        self,
        http_method: HttpMethod,
        url_path: str,
        payload: dict[str, Any] | None = None,
        ratelimiter_keys: list[str] | None = None,
    ) -> bytes:
        """Send a signed request; the parameters are those of the adapter's client."""
        del (
            ratelimiter_keys
        )  # the adapter's keys never match its quotas (measured on 1.231.0); the budget paces instead
        return await self.request(_method_name(http_method), url_path, payload, signed=True)

    async def send_request(
        self,
        http_method: HttpMethod,
        url_path: str,
        payload: dict[str, Any] | None = None,
        ratelimiter_keys: list[str] | None = None,
    ) -> bytes:
        """Send a request without a signature; the parameters are those of the adapter's client."""
        del ratelimiter_keys
        return await self.request(_method_name(http_method), url_path, payload, signed=False)

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
        is_read = method == "GET"
        if not is_read:
            return await self._attempt(method, path, parameters or {}, signed=signed, begun=begun)
        async with self._reads:
            backoff_secs = self.settings.read_backoff_secs
            for attempt in range(1, self.settings.read_attempts + 1):
                try:
                    return await self._attempt(method, path, parameters or {}, signed=signed, begun=begun)
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

    async def measure_clock(self) -> SkewEstimate:
        """Measure the venue's clock once, and return the estimate.

        Raises
        ------
        BinanceError
            The venue did not tell its time.
        """
        async with self._clock_lock:
            path = self.profile.time_path
            sent_ms = self._clock_ms()
            raw = await self._send("GET", path, {}, signed=False, waited_secs=0.0)
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
            waited_secs = await self._admit(method, path, parameters)
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

    async def _admit(self, method: str, path: str, parameters: Mapping[str, Any]) -> float:
        endpoint = self.profile.endpoint(method, path)
        weight = endpoint.weigh(parameters)
        lane = Lane.READ if method == "GET" and not self._is_single_order(path) else Lane.TRADE
        most_secs = self.settings.pacing_wait_secs_max if method == "GET" else self.settings.order_wait_secs_max
        waited_secs = 0.0
        while True:
            grant = budget.ask(self._limits, self._state, weight, endpoint.orders, lane, self.venue_ms())
            self._state = grant.state
            if grant.wait_ms == 0:
                self.weight_total += weight
                return waited_secs
            wait_secs = grant.wait_ms / 1_000
            if waited_secs + wait_secs > most_secs:
                raise NotSentError(
                    f"{method} {path} was not sent: {grant.reason}, for {wait_secs:.1f} s; it waits {most_secs:.0f} s"
                )
            if waited_secs == 0.0:
                self._log.info(f"Pacing {method} {path} for {wait_secs:.1f} s: {grant.reason}")
            await asyncio.sleep(wait_secs)
            waited_secs += wait_secs

    def _is_single_order(self, path: str) -> bool:
        return path in (self.profile.order, f"{self.profile.prefix}/v1/algoOrder")

    async def _send(
        self, method: str, path: str, parameters: Mapping[str, Any], *, signed: bool, waited_secs: float
    ) -> bytes:
        weight = self.profile.weigh(method, path, parameters)
        shown = urllib.parse.urlencode(
            {name: value for name, value in parameters.items() if name not in ("timestamp", "recvWindow", "signature")}
        )
        timeout_secs = self.settings.request_timeout_secs
        sent_ms = self.venue_ms()
        status = 0
        try:
            response = await self._exchange(method, path, dict(parameters), signed=signed, timeout_secs=timeout_secs)
            status = response.status
        finally:
            self.calls.append(AccountedCall(sent_ms, method, path, shown, weight, timeout_secs, waited_secs, status))
        self._learn(response.headers, sent_ms)
        if status >= 400:
            raise self._error(response)
        body: bytes = response.body
        stripped = body.lstrip(b" \t\n\r")
        if not stripped or stripped[0] not in _JSON_STARTS:
            raise BinanceServerError(
                status=status, message=f"an answer that is not JSON: {body[:200]!r}", headers=response.headers
            )
        return body

    async def _exchange(
        self, method: str, path: str, parameters: dict[str, Any], *, signed: bool, timeout_secs: float
    ) -> Any:
        if signed:
            parameters.pop("signature", None)
            parameters["timestamp"] = str(self.venue_ms())
            parameters["signature"] = self.signature(urllib.parse.urlencode(parameters))
        url = self._client.base_url + path
        if parameters:
            url += "?" + urllib.parse.urlencode(parameters)
        call = self._transport.request(
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

    def _learn(self, headers: Mapping[str, str], sent_ms: int) -> None:
        self._state = budget.observe(
            self._state,
            self.venue_ms(),
            sent_ms,
            used_weight=_number(headers.get(HEADER_WEIGHT)),
            orders_ten_secs=_number(headers.get(HEADER_ORDERS_TEN_SECS)),
            orders_minute=_number(headers.get(HEADER_ORDERS_MINUTE)),
        )

    def _error(self, response: Any) -> BinanceError:
        body: bytes = response.body or b""
        message: Any
        try:
            message = msgspec.json.decode(body)
        except msgspec.DecodeError:
            message = body.decode(errors="replace")
        if response.status in (418, 429):
            self.refusals += 1
            wait_secs = _number(response.headers.get(HEADER_RETRY_AFTER))
            self._state = budget.refuse(
                self._state,
                self.venue_ms(),
                None if wait_secs is None else wait_secs * 1_000,
                banned=response.status == 418,
            )
            self._log.warning(f"The venue answered {response.status}: nothing is sent for {wait_secs or 60} s")
        kind = BinanceServerError if response.status >= 500 else BinanceClientError
        return kind(status=response.status, message=message, headers=response.headers)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def _method_name(http_method: HttpMethod) -> str:
    return next(name for name, method in METHODS.items() if method == http_method)
