"""The venue's listening socket: bounded connections, bounded headers, and an end to clients that say nothing."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from trueup.emulator.wire.http import BODY_BYTES_MAX
from trueup.emulator.wire.sockets import abort
from trueup.errors import EmulatorError

HEADER_SECS_MAX: Final = 20.0  # from the connection to its first complete request
KEEP_ALIVE_SECS: Final = 75.0
LINE_BYTES_MAX: Final = 32 * 1024  # a batch of five orders escaped in a query string is about 4 kB
BACKLOG: Final = 4_096


# aiohttp logs a traceback for every malformed request; a client's mistakes are not the operator's news.
_QUIET: Final = logging.getLogger("trueup.emulator.http")
_QUIET.setLevel(logging.CRITICAL + 1)


class _Refusal(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        abort(transport)


class _Handler(RequestHandler):
    """A connection that must make its first request in time."""

    __slots__ = ("_patience", "spoken")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.spoken = False
        self._patience = asyncio.get_running_loop().call_later(HEADER_SECS_MAX, self._lose_patience)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._patience.cancel()
        super().connection_lost(exc)

    def _lose_patience(self) -> None:
        if not self.spoken:
            abort(self.transport)


class VenueServer(web.Server):
    """Make connections up to a bound.

    Parameters
    ----------
    handler : callable
        Answers every request.
    connections_max : int
        Further connections are closed before they cost anything.
    """

    def __init__(
        self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], connections_max: int
    ) -> None:
        super().__init__(self._first_word(handler), request_factory=self._request)
        self._connections_max = connections_max

    @staticmethod
    def _first_word(
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
    ) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            protocol = request.protocol
            if isinstance(protocol, _Handler):
                protocol.spoken = True
            return await handler(request)

        return answer

    def _request(self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        loop = asyncio.get_running_loop()
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=BODY_BYTES_MAX)

    def __call__(self) -> Any:
        """Make the protocol of a new connection; called by the listening socket."""
        if len(self.connections) >= self._connections_max:
            return _Refusal()
        return _Handler(
            self,
            loop=asyncio.get_running_loop(),
            logger=_QUIET,
            access_log=None,  # type: ignore[arg-type]  # aiohttp takes None for "no access log" and says Logger
            max_line_size=LINE_BYTES_MAX,
            max_field_size=8 * 1024,
            keepalive_timeout=KEEP_ALIVE_SECS,
            lingering_time=0.5,
        )


async def listen(factory: Callable[[], Any], host: str, port: int) -> asyncio.Server:
    """Listen on an address.

    Raises
    ------
    EmulatorError
        The port is taken, or the address is not one of this machine.
    """
    loop = asyncio.get_running_loop()
    try:
        return await loop.create_server(factory, host, port, backlog=BACKLOG, reuse_address=True)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            found = f"port {port} of {host} is taken by another program"
        else:
            found = f"cannot listen on {host}:{port}: {error.strerror or error}"
        raise EmulatorError(found, allowed="a free port, or 0 for any", action="choose another port") from error


def bound_port(server: asyncio.Server) -> int:
    """Return the port that a server listens on."""
    listening: socket.socket = server.sockets[0]
    return int(listening.getsockname()[1])
