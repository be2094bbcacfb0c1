"""The WebSocket API: the REST calls that the venue also takes as frames, and the session that spares signatures."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from aiohttp import WSMsgType, web

from trueup.emulator.engine.clock import Clock
from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.wire.credentials import Credential, bad_signature, check_time
from trueup.emulator.wire.dispatch import Answer, Dispatcher, Request
from trueup.emulator.wire.faults import Subject
from trueup.emulator.wire.parameters import Parameters, missing, text_of
from trueup.emulator.wire.rest import account, algo_orders, history, market, orders, user_stream
from trueup.emulator.wire.routes import Call, Faith, Route, Security, by_symbol, registry
from trueup.emulator.wire.sockets import ClientSocket
from trueup.emulator.wire.stream_sockets import FRAME_BYTES_MAX, SocketLimits

PATHS: Final = ("/ws-fapi/v1", "/ws-fapi/v1/")
IN_FLIGHT_MAX: Final = 1_024  # requests of one socket being worked on; a client beyond that waits for its own answers
ID_LENGTH_MAX: Final = 64


class _Literal(str):
    """A number as the client wrote it: its signature covers these digits."""

    __slots__ = ()


def _session_only(call: Call) -> Any:
    raise AssertionError("answered by the session itself")


ROUTES: Final = registry(
    (
        Route("WS", "session.logon", _session_only, weight=2, note="Ed25519 and RSA keys; HMAC is refused with -4056"),
        Route("WS", "session.status", _session_only, weight=2, security=Security.NONE),
        Route("WS", "session.logout", _session_only, weight=2, security=Security.NONE),
        Route("WS", "userDataStream.start", user_stream.start, weight=5, security=Security.KEY),
        Route("WS", "userDataStream.ping", user_stream.keep_alive, security=Security.KEY),
        Route("WS", "userDataStream.stop", user_stream.stop, security=Security.KEY),
        Route("WS", "order.place", orders.place, weight=0, orders=1),
        Route("WS", "order.modify", orders.amend, weight=1, orders=1),
        Route("WS", "order.cancel", orders.cancel),
        Route("WS", "order.status", history.order),
        Route("WS", "algoOrder.place", algo_orders.place, weight=0, orders=1),
        Route("WS", "algoOrder.cancel", algo_orders.cancel),
        Route("WS", "account.status", account.account_v2, weight=5),
        Route("WS", "v2/account.status", account.account_v3, weight=5),
        Route("WS", "account.balance", account.balances, weight=5),
        Route("WS", "v2/account.balance", account.balances, weight=5),
        Route("WS", "account.position", account.positions_v2, weight=5),
        Route("WS", "v2/account.position", account.positions_v3, weight=5),
        Route("WS", "depth", market.depth, security=Security.NONE, weight=5, faith=Faith.ASSUMED, note="weight"),
        Route(
            "WS",
            "ticker.price",
            market.price,
            security=Security.NONE,
            weight=by_symbol(1, 2),
            weight_text="1, or 2 without symbol",
        ),
        Route(
            "WS",
            "ticker.book",
            market.book_ticker,
            security=Security.NONE,
            weight=by_symbol(2, 5),
            weight_text="2, or 5 without symbol",
        ),
    )
)


@dataclass(slots=True)
class _Session:
    """One socket: who is logged on, since when, and whether answers carry the limits."""

    socket: ClientSocket
    address: str
    connected_ms: int
    return_rate_limits: bool
    credential: Credential | None = None
    authorized_ms: int = 0


class WsApi:
    """Serve WS API sockets."""

    def __init__(self, dispatcher: Dispatcher, clock: Clock, limits: SocketLimits) -> None:
        self._dispatcher = dispatcher
        self._clock = clock
        self._limits = limits
        self.sockets: set[ClientSocket] = set()

    async def serve(self, request: web.BaseRequest, query: str) -> web.StreamResponse:
        """Accept one socket and serve it until it ends."""
        websocket = web.WebSocketResponse(autoping=False, compress=False, max_msg_size=FRAME_BYTES_MAX)
        await websocket.prepare(request)
        now_ms = self._clock.now_ms()
        socket = ClientSocket(websocket, request.transport, now_ms, self._limits.queue_max)
        faults = self._dispatcher.faults
        if faults.watches_sockets:
            socket.muted = bool(faults.on_socket(Subject(now_ms=now_ms, method="WS", path=PATHS[0])))
        session = _Session(socket, request.remote or "", now_ms, "returnRateLimits=false" not in query)
        self.sockets.add(socket)
        working: set[asyncio.Task[None]] = set()
        try:
            async for message in websocket:
                if message.type is WSMsgType.PING:
                    socket.pong(message.data)
                elif message.type is WSMsgType.PONG:
                    socket.last_pong_ms = self._clock.now_ms()
                elif message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    # Tasks start in order and take effect before their first wait, so the order of effects is the
                    # order of the frames, while a hanging answer holds up nobody.
                    task = asyncio.create_task(self._answer(session, message.data))
                    working.add(task)
                    task.add_done_callback(working.discard)
                    if len(working) >= IN_FLIGHT_MAX:
                        await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
                else:
                    break
        finally:
            self.sockets.discard(socket)
            for task in working:
                task.cancel()
            await socket.close()
        return websocket

    async def _answer(self, session: _Session, raw: str | bytes) -> None:
        frame = _decode(raw)
        if isinstance(frame, Rejection):
            session.socket.send(_failed(None, frame))
            return
        request_id, route, values = frame
        rate_limits = session.return_rate_limits
        if (wanted := values.get("returnRateLimits")) is not None:
            rate_limits = wanted == "true"
        parameters = Parameters(values)
        if route.path.startswith("session."):
            answer = self._session_call(session, route, parameters)
        else:
            answer = await self._dispatcher.answer(self._request(session, route, parameters))
        if answer.closed:
            session.socket.cut("fault")
            return
        session.socket.send(self._frame(request_id, answer, rate_limits=rate_limits))

    def _request(self, session: _Session, route: Route, parameters: Parameters) -> Request:
        values = parameters.mapping()
        signature = values.get("signature")
        return Request(
            route=route,
            parameters=parameters,
            query=urlencode({name: value for name, value in values.items() if name != "signature"}),
            address=session.address,
            api_key=values.get("apiKey") or (session.credential.api_key if session.credential else None),
            signed_text=_signed_text(values, encode=False),
            signature=signature.encode() if signature else None,
            gone=lambda: session.socket.closing,
            authenticated=session.credential if "apiKey" not in values else None,
            # The documents join plain values; the venue's own SDK escapes them first. Both are taken.
            alternative_text=_signed_text(values, encode=True),
        )

    # --- sessions -----------------------------------------------------------------------------------------------------

    def _session_call(self, session: _Session, route: Route, parameters: Parameters) -> Answer:
        now_ms = self._clock.now_ms()
        dispatcher = self._dispatcher
        try:
            used = dispatcher.limits.charge_weight(session.address, route.weight_of(parameters), now_ms)
            if route.path == "session.logon":
                self._log_on(session, parameters, now_ms)
            elif route.path == "session.logout":
                session.credential = None
            answer = Answer(200, orjson.dumps(_status(session, now_ms)))
        except Rejection as rejection:
            used = dispatcher.limits.used_weight(session.address, now_ms)
            body = orjson.dumps({"code": rejection.code, "msg": rejection.message})
            answer = Answer(rejection.http_status, body, code=rejection.code)
        answer.used_weight = used
        account_id = session.credential.account_id if session.credential else ""
        weight = route.weight_of(parameters)
        dispatcher.log.add(now_ms, "WS", route.path, "", account_id, weight, used, answer.status, answer.code, 0)
        return answer

    def _log_on(self, session: _Session, parameters: Parameters, now_ms: int) -> None:
        credential = self._dispatcher.credentials.find(parameters.text("apiKey"))
        signature = parameters.text("signature")
        if signature is None:
            raise missing("signature")
        if credential.kind == "HMAC":
            raise Rejection(-4056, "Invalid api key type.")
        check_time(parameters, now_ms)
        values = parameters.mapping()
        texts = (_signed_text(values, encode=False), _signed_text(values, encode=True))
        if not any(credential.verify(text, signature.encode()) for text in texts):
            raise bad_signature()
        session.credential = credential
        session.authorized_ms = now_ms

    # --- frames -------------------------------------------------------------------------------------------------------

    def _frame(self, request_id: Any, answer: Answer, *, rate_limits: bool) -> bytes:
        part = b"result" if answer.status == 200 and answer.code == 0 else b"error"
        body = answer.body or b"{}"
        if not body.startswith((b"{", b"[")):
            body = orjson.dumps({"code": answer.code or -1000, "msg": body.decode("utf-8", "replace")})
        head = b'{"id":%b,"status":%d,"%b":%b' % (orjson.dumps(request_id), answer.status, part, body)
        if not rate_limits:
            return head + b"}"
        return head + b',"rateLimits":' + orjson.dumps(self._rate_limits(answer)) + b"}"

    def _rate_limits(self, answer: Answer) -> list[dict[str, Any]]:
        limits = self._dispatcher.limits.limits
        entries = [_rate_limit("REQUEST_WEIGHT", "MINUTE", 1, limits.weight_per_minute, answer.used_weight)]
        if answer.order_counts is not None:
            ten_secs, minute = answer.order_counts
            entries.append(_rate_limit("ORDERS", "SECOND", 10, limits.orders_per_ten_secs, ten_secs))
            entries.append(_rate_limit("ORDERS", "MINUTE", 1, limits.orders_per_minute, minute))
        return entries


def _rate_limit(kind: str, interval: str, number: int, limit: int, count: int) -> dict[str, Any]:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit, "count": count}


def _status(session: _Session, now_ms: int) -> dict[str, Any]:
    credential = session.credential
    return {
        "apiKey": credential.api_key if credential else None,
        "authorizedSince": session.authorized_ms if credential else None,
        "connectedSince": session.connected_ms,
        "returnRateLimits": session.return_rate_limits,
        "serverTime": now_ms,
    }


def _decode(raw: str | bytes) -> tuple[int | str | None, Route, dict[str, str]] | Rejection:
    """Read a frame; numbers keep their digits, for the signature was made over them."""
    try:
        frame = json.loads(raw, parse_float=_Literal, parse_int=_Literal, parse_constant=_Literal)
    except (ValueError, RecursionError):
        return Rejection(-1135, "JSON Request is not valid.")
    if not isinstance(frame, dict):
        return Rejection(-1135, "JSON Request is not valid.")
    request_id = frame.get("id")
    if isinstance(request_id, _Literal):
        request_id = int(request_id) if request_id.lstrip("-").isdecimal() else str(request_id)
    if request_id is not None and (not isinstance(request_id, (int, str)) or len(str(request_id)) > ID_LENGTH_MAX):
        return Rejection(-1135, "JSON Request is not valid.")
    params = frame.get("params", {})
    if not isinstance(params, dict):
        return Rejection(-1135, "JSON Request is not valid.")
    route = ROUTES.get(("WS", str(frame.get("method"))))
    if route is None:
        return _Unroutable(request_id)
    values = {str(name): text_of(value) for name, value in params.items() if value is not None}
    return request_id, route, values


class _Unroutable(Rejection):
    """A method that the venue does not have; remembers the frame's id."""

    def __init__(self, request_id: int | str | None) -> None:
        super().__init__(-1135, "Invalid 'method' in JSON request; Expected a known method.")
        self.request_id = request_id


def _failed(request_id: Any, rejection: Rejection) -> bytes:
    if isinstance(rejection, _Unroutable):
        request_id = rejection.request_id
    error = {"code": rejection.code, "msg": rejection.message}
    return orjson.dumps({"id": request_id, "status": rejection.http_status, "error": error})


def _signed_text(values: Any, *, encode: bool) -> bytes:
    pairs = sorted((name, value) for name, value in values.items() if name != "signature")
    if encode:
        return urlencode(pairs).encode()
    return "&".join(f"{name}={value}" for name, value in pairs).encode()
