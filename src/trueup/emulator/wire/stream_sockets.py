"""The stream endpoints: ``/ws``, ``/ws/<name>``, ``/stream?streams=`` and the frames that clients send on them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, unquote

import orjson
from aiohttp import WSMsgType, web

from trueup.emulator.engine.clock import Clock
from trueup.emulator.wire import fault_values as fv
from trueup.emulator.wire.faults import FaultBook, Subject
from trueup.emulator.wire.listen_keys import ListenKeys
from trueup.emulator.wire.sockets import CLOSE_POLICY, ClientSocket
from trueup.emulator.wire.stream_hub import STREAMS_MAX, StreamClient, StreamHub

FRAME_BYTES_MAX: Final = 64 * 1024
ROUTE_PREFIXES: Final = ("/public", "/market", "/private")
"""The venue splits its stream host by kind of data; every kind is served below every prefix here."""


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Bounds of stream and WS API sockets.

    Parameters
    ----------
    queue_max : int
        Frames that may wait for a slow client before it is cut.
    frames_per_sec : int
        Frames a stream client may send per second (the venue's 10) before it is cut.
    ping_interval_ms, pong_timeout_ms, lifetime_ms : int
        Server pings, how long a pong may take, and the 24-hour cut, all by the emulator's clock.
    """

    queue_max: int = 20_000
    frames_per_sec: int = 10
    ping_interval_ms: int = 3 * 60_000
    pong_timeout_ms: int = 10 * 60_000
    lifetime_ms: int = 24 * 3_600_000


class StreamSockets:
    """Serve stream sockets."""

    def __init__(
        self, hub: StreamHub, listen_keys: ListenKeys, faults: FaultBook, clock: Clock, limits: SocketLimits
    ) -> None:
        self._hub = hub
        self._listen_keys = listen_keys
        self._faults = faults
        self._clock = clock
        self._limits = limits

    async def serve(self, request: web.BaseRequest, path: str, query: str) -> web.StreamResponse:
        """Accept one socket and serve it until it ends."""
        values = parse_qs(query)
        names = _names(path, values)
        account_id = next((found for name in names if (found := self._listen_keys.account_of(name))), "")
        actions = self._socket_actions(path, account_id)
        if any(isinstance(action, fv.RefuseListenKey) and action.socket == "refuse" for action in actions):
            return web.json_response({"code": -1125, "msg": "This listenKey does not exist."}, status=400)
        websocket = web.WebSocketResponse(autoping=False, compress=False, max_msg_size=FRAME_BYTES_MAX)
        await websocket.prepare(request)
        socket = ClientSocket(websocket, request.transport, self._clock.now_ms(), self._limits.queue_max)
        socket.muted = bool(actions)
        events = frozenset(part for text in values.get("events", []) for part in text.split("/") if part)
        client = StreamClient(socket, combined=path == "/stream", events=events)
        self._hub.add(client)
        try:
            for name in names:
                self._hub.subscribe(client, name)
            await self._read(websocket, client)
        finally:
            self._hub.remove(client)
            await socket.close()
        return websocket

    def _socket_actions(self, path: str, account_id: str) -> list[fv.HalfOpen | fv.RefuseListenKey]:
        if not self._faults.watches_sockets:
            return []
        kind = "/stream" if path == "/stream" else "/ws"
        subject = Subject(now_ms=self._clock.now_ms(), method="GET", path=kind, account=account_id)
        actions = self._faults.on_socket(subject)
        # A refused listen key only concerns the sockets that carry one.
        return [action for action in actions if account_id or not isinstance(action, fv.RefuseListenKey)]

    async def _read(self, websocket: web.WebSocketResponse, client: StreamClient) -> None:
        second, frames = -1, 0
        async for message in websocket:
            if message.type is WSMsgType.PING:
                client.socket.pong(message.data)
                continue
            if message.type is WSMsgType.PONG:
                client.socket.last_pong_ms = self._clock.now_ms()
                continue
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            now = int(time.monotonic())
            if now != second:
                second, frames = now, 0
            frames += 1
            if frames > self._limits.frames_per_sec:
                await client.socket.close(CLOSE_POLICY, "Too many requests")
                return
            client.socket.send(orjson.dumps(self._answer(client, message.data)))

    def _answer(self, client: StreamClient, raw: str | bytes) -> dict[str, Any]:
        try:
            frame = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            return {"error": {"code": 3, "msg": f"Invalid JSON: {error.msg} at line {error.lineno}"}}
        if not isinstance(frame, dict):
            return _refused(None, "Invalid request: request must be an object")
        request_id = frame.get("id")
        if request_id is not None and not isinstance(request_id, (int, str)):
            return _refused(None, "Invalid request: request ID must be an unsigned integer or a string")
        params = frame.get("params", [])
        method = frame.get("method")
        match method:
            case "SUBSCRIBE" | "UNSUBSCRIBE" if not _are_names(params):
                return _refused(request_id, "Invalid request: params must be a list of stream names")
            case "SUBSCRIBE":
                for name in params:
                    if not self._hub.subscribe(client, name):
                        return _refused(request_id, f"Invalid request: more than {STREAMS_MAX} streams")
                return {"result": None, "id": request_id}
            case "UNSUBSCRIBE":
                for name in params:
                    self._hub.unsubscribe(client, name)
                return {"result": None, "id": request_id}
            case "LIST_SUBSCRIPTIONS":
                return {"result": sorted(client.streams), "id": request_id}
            case "SET_PROPERTY" | "GET_PROPERTY":
                return _property(client, method, params, request_id)
        return _refused(request_id, f"Invalid request: unknown variant `{str(method)[:64]}`")


def _property(client: StreamClient, method: str, params: Any, request_id: int | str | None) -> dict[str, Any]:
    if not isinstance(params, list) or not params or params[0] != "combined":
        return {"error": {"code": 0, "msg": "Unknown property"}, "id": request_id}
    if method == "GET_PROPERTY":
        return {"result": client.combined, "id": request_id}
    if len(params) != 2 or not isinstance(params[1], bool):
        return {"error": {"code": 1, "msg": "Invalid value type: expected Boolean"}, "id": request_id}
    client.combined = params[1]
    return {"result": None, "id": request_id}


def _refused(request_id: int | str | None, message: str) -> dict[str, Any]:
    return {"error": {"code": 2, "msg": message}, "id": request_id}


def _are_names(params: Any) -> bool:
    return isinstance(params, list) and len(params) > 0 and all(isinstance(name, str) and name for name in params)


def _names(path: str, values: dict[str, list[str]]) -> list[str]:
    """Return the streams that the address asks for: ``/ws/a/b``, ``?streams=a/b`` or ``?listenKey=k``."""
    names = [part for part in unquote(path.removeprefix("/ws")).split("/") if part] if path.startswith("/ws") else []
    for text in values.get("streams", []):
        names += [part for part in text.split("/") if part]
    names += values.get("listenKey", [])
    return list(dict.fromkeys(names))[:STREAMS_MAX]


def stream_path(path: str) -> str | None:
    """Return the path without the venue's prefix if it is a stream endpoint, else ``None``."""
    for prefix in ROUTE_PREFIXES:
        if path.startswith(prefix + "/"):
            path = path.removeprefix(prefix)
            break
    if path == "/stream" or path == "/ws" or path.startswith("/ws/"):
        return path
    return None
