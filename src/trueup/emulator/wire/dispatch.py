"""From a request to its answer: weight, key, faults, signature, time, order count, handler, durability.

REST and the WebSocket API share this path; they differ in how a request arrives and how the answer is written.
"""

from __future__ import annotations

import asyncio
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from trueup.emulator.engine.clock import Clock
from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.wire import fault_values as fv
from trueup.emulator.wire.alarms import Alarms
from trueup.emulator.wire.credentials import Credential, Credentials, bad_signature, check_time
from trueup.emulator.wire.durability import GroupCommit
from trueup.emulator.wire.faults import FaultBook, Subject
from trueup.emulator.wire.limits import LimitExceeded, LimitKeeper
from trueup.emulator.wire.listen_keys import no_such_listen_key
from trueup.emulator.wire.parameters import Parameters
from trueup.emulator.wire.request_log import RequestLog
from trueup.emulator.wire.routes import Call, Route, Security, Services
from trueup.errors import EmulatorError

HANG_POLL_SECS: Final = 0.25
HANG_SECS_MAX: Final = 3_600.0
_TIMEOUT_UNKNOWN: Final = {
    "code": -1007,
    "msg": "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
}
_UNABLE: Final = {"code": -1001, "msg": "Internal error; unable to process your request. Please try again."}
_UNKNOWN: Final = {"code": -1000, "msg": "An unknown error occurred while processing the request."}


@dataclass(slots=True)
class Request:
    """A request as it arrived.

    Parameters
    ----------
    signed_text : bytes
        What the signature covers.
    signature : bytes | None
        The signature as sent.
    authenticated : Credential | None
        The credential of a logged-on WS API session, which needs no signature per request.
    gone : Callable[[], bool]
        Whether the client closed its connection.
    """

    route: Route
    parameters: Parameters
    query: str
    address: str
    api_key: str | None
    signed_text: bytes
    signature: bytes | None
    gone: Callable[[], bool]
    authenticated: Credential | None = None
    alternative_text: bytes | None = None


@dataclass(slots=True)
class Answer:
    """What leaves: `closed` means that nothing does and the connection ends."""

    status: int
    body: bytes
    code: int = 0
    retry_after_secs: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    used_weight: int = 0
    order_counts: tuple[int, int] | None = None
    account_id: str = ""
    closed: bool = False


_CLOSED: Final = Answer(0, b"", closed=True)


class Dispatcher:
    """Answer requests.

    Parameters
    ----------
    services : Services
        What handlers use.
    commit : GroupCommit
        Holds answers until what they rest on is durable.
    """

    def __init__(
        self,
        services: Services,
        clock: Clock,
        alarms: Alarms,
        credentials: Credentials,
        faults: FaultBook,
        log: RequestLog,
        commit: GroupCommit,
    ) -> None:
        self.services = services
        self.clock = clock
        self.alarms = alarms
        self.credentials = credentials
        self.faults = faults
        self.log = log
        self.commit = commit
        self.internal_errors = 0

    @property
    def limits(self) -> LimitKeeper:
        """Return the keeper of weights and order counts."""
        return self.services.limits

    async def answer(self, request: Request) -> Answer:
        """Answer one request; never raises on account of what was sent."""
        started_ns = time.perf_counter_ns()
        arrived_ms = self.clock.now_ms()
        route = request.route
        weight = 0
        try:
            weight = route.weight_of(request.parameters)
            used = self.limits.charge_weight(request.address, weight, arrived_ms)
        except Rejection as rejection:
            answer = _rejected(rejection)
            answer.used_weight = self.limits.used_weight(request.address, arrived_ms)
        else:
            if self.faults.watches_requests or self.faults.watches_sockets:
                answer = await self._answer_with_faults(request)
            else:
                answer = await self._settled(self._execute(request, arrived_ms))
            answer.used_weight = used
        self.log.add(
            arrived_ms,
            route.method,
            route.path,
            request.query,
            answer.account_id,
            weight,
            answer.used_weight,
            answer.status,
            answer.code,
            (time.perf_counter_ns() - started_ns) // 1_000,
        )
        return answer

    # --- the plain way ------------------------------------------------------------------------------------------------

    def _execute(self, request: Request, now_ms: int) -> Answer:
        """Authenticate, call the handler and write its answer; the effect is in the engine when this returns."""
        route = request.route
        account_id = ""
        counts: tuple[int, int] | None = None
        try:
            if route.security is not Security.NONE:
                account_id = self._authenticate(request, now_ms)
            if route.orders:
                counts = self.limits.charge_orders(account_id, route.orders, now_ms)
            result = route.handler(Call(self.services, request.parameters, account_id, now_ms))
            answer = Answer(200, result if isinstance(result, bytes) else orjson.dumps(result))
        except Rejection as rejection:
            answer = _rejected(rejection)
        except EmulatorError as error:
            self.internal_errors += 1
            print(f"trueup emulator: {error}", file=sys.stderr)  # noqa: T201 - the operator's only way to learn of it
            answer = Answer(503, orjson.dumps(_UNABLE), code=-1001)
        except Exception:
            # Whatever a client sends, it gets the venue's error and the others are served on.
            self.internal_errors += 1
            traceback.print_exc(limit=20, file=sys.stderr)
            answer = Answer(500, orjson.dumps(_UNKNOWN), code=-1000)
        answer.account_id = account_id
        answer.order_counts = counts
        return answer

    def _authenticate(self, request: Request, now_ms: int) -> str:
        credential = request.authenticated or self.credentials.find(request.api_key)
        if request.route.security is Security.KEY:
            return credential.account_id
        check_time(request.parameters, now_ms)
        if request.authenticated is not None and request.signature is None:
            return credential.account_id
        if request.signature is None:
            raise Rejection(-1102, "Mandatory parameter 'signature' was not sent, was empty/null, or malformed.")
        if credential.verify(request.signed_text, request.signature):
            return credential.account_id
        if request.alternative_text is not None and credential.verify(request.alternative_text, request.signature):
            return credential.account_id
        raise bad_signature()

    async def _settled(self, answer: Answer) -> Answer:
        waiter = self.commit.settled()
        if waiter is not None:
            try:
                await waiter
            except EmulatorError:
                # The engine did it, the disk did not take it: this is what the venue calls unknown.
                return Answer(503, orjson.dumps(_TIMEOUT_UNKNOWN), code=-1007, account_id=answer.account_id)
        return answer

    # --- with faults --------------------------------------------------------------------------------------------------

    async def _answer_with_faults(self, request: Request) -> Answer:
        actions = self._actions(request)
        skew_ms = 0
        for _, action in actions:
            match action:
                case fv.Delay(delay_ms=delay_ms, when="before"):
                    await self.alarms.sleep_ms(delay_ms)
                case fv.ClockSkew():
                    skew_ms += action.skew_ms
                case fv.CloseBefore():
                    return replace(_CLOSED)
                case fv.Hang(effect=False):
                    return await self._hang(request)
                case fv.Respond(status=status, body=body, headers=headers):
                    return _scripted(status, body, headers)
                case fv.TimeoutUnknown(effect=False, status=status):
                    return _scripted(status, _TIMEOUT_UNKNOWN, {})
                case fv.RefuseListenKey():
                    return _rejected(no_such_listen_key())
        answer = await self._settled(self._execute(request, self.clock.now_ms() + skew_ms))
        return await self._after_effect(request, actions, answer)

    async def _after_effect(self, request: Request, actions: list[tuple[int, Any]], answer: Answer) -> Answer:
        for fault_id, action in actions:
            match action:
                case fv.Delay(delay_ms=delay_ms, when="after"):
                    await self.alarms.sleep_ms(delay_ms)
                case fv.CloseAfter():
                    return replace(_CLOSED, account_id=answer.account_id)
                case fv.Hang(effect=True):
                    return await self._hang(request)
                case fv.AcceptedBut(status=status, body=body, headers=headers):
                    answer = replace(_scripted(status, body, headers), account_id=answer.account_id)
                case fv.TimeoutUnknown(effect=True, status=status):
                    answer = replace(_scripted(status, _TIMEOUT_UNKNOWN, {}), account_id=answer.account_id)
                case fv.EmptyList() | fv.TruncatedList() | fv.NewestFirst():
                    answer.body = _reshape(action, answer)
                case fv.StaleSnapshot() if answer.status == 200:
                    key = f"{answer.account_id} {request.route.method} {request.route.path} {_stable(request)}"
                    answer.body = self.faults.snapshot(fault_id, key, answer.body)
        return answer

    def _actions(self, request: Request) -> list[tuple[int, Any]]:
        parameters, route = request.parameters, request.route
        account = ""
        if request.authenticated is not None:
            account = request.authenticated.account_id
        elif request.api_key:
            try:
                account = self.credentials.find(request.api_key).account_id
            except Rejection:
                account = ""
        subject = Subject(
            now_ms=self.clock.now_ms(),
            method=route.method,
            path=route.path,
            symbol=parameters.text("symbol") or "",
            account=account,
            client_order_id=(
                parameters.text("newClientOrderId")
                or parameters.text("origClientOrderId")
                or parameters.text("clientAlgoId")
                or ""
            ),
        )
        actions: list[tuple[int, Any]] = list(self.faults.on_request(subject))
        if route.path in ("/fapi/v1/listenKey", "userDataStream.start", "userDataStream.ping"):
            socket_actions = self.faults.on_socket(subject)
            actions += [(0, action) for action in socket_actions if isinstance(action, fv.RefuseListenKey)]
        return actions

    async def _hang(self, request: Request) -> Answer:
        # Polled, because nothing tells a handler that its client left: the effect of a request must not be undone
        # by a client that gave up, so handlers are not cancelled on disconnection.
        for _ in range(int(HANG_SECS_MAX / HANG_POLL_SECS)):
            if request.gone():
                break
            await asyncio.sleep(HANG_POLL_SECS)
        return replace(_CLOSED)


def _rejected(rejection: Rejection) -> Answer:
    answer = Answer(
        rejection.http_status,
        orjson.dumps({"code": rejection.code, "msg": rejection.message}),
        code=rejection.code,
    )
    if isinstance(rejection, LimitExceeded):
        answer.retry_after_secs = rejection.retry_after_secs
    return answer


def _scripted(status: int, body: Any, headers: dict[str, str]) -> Answer:
    code = body.get("code", status) if isinstance(body, dict) else (status if status >= 400 else 0)
    if body is None:
        encoded = b""
    elif isinstance(body, str):
        encoded = body.encode()
    else:
        encoded = orjson.dumps(body)
    return Answer(status, encoded, code=code if isinstance(code, int) else status, headers=dict(headers))


def _reshape(action: fv.EmptyList | fv.TruncatedList | fv.NewestFirst, answer: Answer) -> bytes:
    if answer.status != 200 or not answer.body.startswith(b"["):
        return answer.body
    items = orjson.loads(answer.body)
    match action:
        case fv.EmptyList():
            items = []
        case fv.TruncatedList(keep=keep, end="first"):
            items = items[:keep]
        case fv.TruncatedList(keep=keep):
            items = items[len(items) - keep :] if keep < len(items) else items
        case fv.NewestFirst():
            items.reverse()
    return orjson.dumps(items)


def _stable(request: Request) -> str:
    values = request.parameters.mapping()
    return "&".join(f"{name}={values[name]}" for name in sorted(values) if name not in ("timestamp", "recvWindow"))
