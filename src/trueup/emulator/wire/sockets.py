"""One WebSocket of a client: a bounded way out, pings, and the reasons to be cut."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final, cast

from aiohttp import WSMsgType, web

CLOSE_NORMAL: Final = 1000
CLOSE_GOING_AWAY: Final = 1001
CLOSE_POLICY: Final = 1008
CUT_GRACE_SECS: Final = 1.0  # a client that reads nothing will not read the close frame either


def abort(transport: asyncio.BaseTransport | None) -> None:
    """End a connection at once, whatever is still queued on it.

    uvloop's transports are no subclasses of asyncio's, so they are told by what they can do.
    """
    if transport is not None:
        cast("asyncio.WriteTransport", transport).abort()


class ClientSocket:
    """Send frames to one client without ever waiting for it.

    Frames queue up to `queue_max`; a client that reads slower than that is cut, as the venue does with slow
    consumers. One writer task per socket keeps the order.

    Parameters
    ----------
    socket : aiohttp.web.WebSocketResponse
        A prepared server socket with ``autoping=False``.
    transport : asyncio.BaseTransport | None
        The connection under it, to cut it without ceremony.
    opened_ms : int
        The emulator's clock at the handshake; the 24-hour cut and the pings count from here.
    queue_max : int
        Bound on queued frames.
    """

    __slots__ = (
        "_closing",
        "_frames",
        "_socket",
        "_transport",
        "_wake",
        "_writer",
        "last_ping_ms",
        "last_pong_ms",
        "muted",
        "opened_ms",
        "queue_max",
        "sent",
        "why_cut",
    )

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.BaseTransport | None,
        opened_ms: int,
        queue_max: int,
    ) -> None:
        self._socket = socket
        self._transport = transport
        self._frames: deque[tuple[WSMsgType, bytes]] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self.queue_max = queue_max
        self.opened_ms = opened_ms
        self.last_ping_ms = opened_ms
        self.last_pong_ms = opened_ms
        self.muted = False
        self.sent = 0
        self.why_cut = ""
        self._writer = asyncio.get_running_loop().create_task(self._write())

    @property
    def closing(self) -> bool:
        """Whether the socket takes no more frames."""
        return self._closing

    @property
    def queued(self) -> int:
        """How many frames wait for the client."""
        return len(self._frames)

    def send(self, payload: bytes) -> None:
        """Queue one text frame; a client too far behind is cut."""
        self._put(WSMsgType.TEXT, payload)

    def ping(self, now_ms: int) -> None:
        """Queue a ping that carries the clock, as the venue's do."""
        self.last_ping_ms = now_ms
        self._put(WSMsgType.PING, str(now_ms).encode())

    def pong(self, payload: bytes) -> None:
        """Queue the answer to a client's ping."""
        self._put(WSMsgType.PONG, payload)

    def _put(self, kind: WSMsgType, payload: bytes) -> None:
        if self._closing or self.muted:
            return
        if len(self._frames) >= self.queue_max:
            self.cut("slow consumer")
            return
        self._frames.append((kind, payload))
        self._wake.set()

    def cut(self, why: str) -> None:
        """End the socket without waiting for what is queued."""
        if self._closing:
            return
        self._closing = True
        self.why_cut = why
        self._frames.clear()
        self._writer.cancel()
        self._abort()

    async def close(self, code: int = CLOSE_NORMAL, message: str = "") -> None:
        """Send a close frame after what is queued, and give the client a moment to take it."""
        if self._closing:
            return
        self._closing = True
        self.why_cut = self.why_cut or message
        self._wake.set()
        try:
            async with asyncio.timeout(CUT_GRACE_SECS):
                await asyncio.wait({self._writer})
                await self._socket.close(code=code, message=message.encode(), drain=False)
        except (TimeoutError, ConnectionError):
            self._abort()
        finally:
            self._writer.cancel()

    def _abort(self) -> None:
        abort(self._transport)

    async def _write(self) -> None:
        frames = self._frames
        try:
            while True:
                while frames:
                    kind, payload = frames.popleft()
                    await self._socket.send_frame(payload, kind)
                    self.sent += 1
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
        except (ConnectionError, RuntimeError):
            # The client went away in the middle of a frame; its reader sees the end and cleans up.
            self._closing = True
            frames.clear()
