"""The venue's port: REST by a dictionary, sockets by their path, nothing in between."""

from __future__ import annotations

import asyncio
import sys
import traceback
from typing import Final

import orjson
from aiohttp import web
from aiohttp.http_exceptions import TransferEncodingError
from aiohttp.web_exceptions import HTTPRequestEntityTooLarge
from aiohttp.web_protocol import RequestPayloadError

from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.wire.dispatch import Answer, Dispatcher, Request
from trueup.emulator.wire.parameters import Parameters, decode_form
from trueup.emulator.wire.rest import ROUTES
from trueup.emulator.wire.signing import split_signature
from trueup.emulator.wire.sockets import abort
from trueup.emulator.wire.stream_sockets import StreamSockets, stream_path
from trueup.emulator.wire.ws_api import PATHS, WsApi

BODY_BYTES_MAX: Final = 64 * 1024
BODY_SECS_MAX: Final = 10.0
_JSON: Final = "application/json;charset=UTF-8"


class Gateway:
    """Handle every request of the venue's port.

    Parameters
    ----------
    dispatcher : Dispatcher
        Answers REST calls.
    stream_sockets, ws_api : StreamSockets, WsApi
        Serve upgrades.
    """

    def __init__(self, dispatcher: Dispatcher, stream_sockets: StreamSockets, ws_api: WsApi) -> None:
        self._dispatcher = dispatcher
        self._stream_sockets = stream_sockets
        self._ws_api = ws_api

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        try:
            return await self._answer(request)
        except web.HTTPException:
            raise  # a handshake that is none: aiohttp writes the refusal
        except (ConnectionError, RequestPayloadError, TransferEncodingError):
            # The client left, or sent a body that is none; it will not read this.
            return web.Response(status=400)
        except Exception:
            self._dispatcher.internal_errors += 1
            traceback.print_exc(limit=20, file=sys.stderr)
            return _refused(500, -1000, "An unknown error occurred while processing the request.")

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        route = ROUTES.get((request.method, path))
        if route is None:
            return await self._elsewhere(request, path, query)
        raw_query = query.encode("ascii", "replace")
        raw_body = b""
        if request.can_read_body:
            try:
                async with asyncio.timeout(BODY_SECS_MAX):
                    raw_body = await request.read()
            except HTTPRequestEntityTooLarge:
                return _refused(413, -1101, "Too many parameters sent for this endpoint.")
            except TimeoutError:
                return _refused(408, -1007, "Timeout waiting for the request's body.")
        query_text, query_signature = split_signature(raw_query)
        body_text, body_signature = split_signature(raw_body)
        values: dict[str, str] = {}
        try:
            decode_form(query_text, values)
            decode_form(body_text, values)
        except Rejection as rejection:
            return _refused(rejection.http_status, rejection.code, rejection.message)
        answer = await self._dispatcher.answer(
            Request(
                route=route,
                parameters=Parameters(values),
                query=(query_text + body_text).decode("utf-8", "replace"),
                address=request.remote or "",
                api_key=request.headers.get("X-MBX-APIKEY"),
                signed_text=query_text + body_text,
                signature=query_signature if query_signature is not None else body_signature,
                gone=lambda: _gone(request),
            )
        )
        if answer.closed:
            abort(request.transport)
        return _response(answer)

    async def _elsewhere(self, request: web.BaseRequest, path: str, query: str) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            streams = stream_path(path)
            if streams is not None:
                return await self._stream_sockets.serve(request, streams, query)
            if path in PATHS:
                return await self._ws_api.serve(request, query)
        shown = path[:200]
        return _refused(404, -5000, f"Path {shown}, Method {request.method} is invalid")


def _gone(request: web.BaseRequest) -> bool:
    transport = request.transport
    return transport is None or transport.is_closing()


def _response(answer: Answer) -> web.Response:
    headers = {"Content-Type": _JSON, "X-MBX-USED-WEIGHT-1M": str(answer.used_weight)}
    if answer.order_counts is not None:
        headers["X-MBX-ORDER-COUNT-10S"] = str(answer.order_counts[0])
        headers["X-MBX-ORDER-COUNT-1M"] = str(answer.order_counts[1])
    if answer.retry_after_secs is not None:
        headers["Retry-After"] = str(answer.retry_after_secs)
    if answer.headers:
        headers.update(answer.headers)
    return web.Response(body=answer.body, status=answer.status or 500, headers=headers)


def _refused(status: int, code: int, message: str) -> web.Response:
    body = orjson.dumps({"code": code, "msg": message})
    return web.Response(body=body, status=status, headers={"Content-Type": _JSON})
