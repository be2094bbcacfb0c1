"""When one connection replaces another, their order is unknown: no event is lost, and none is told twice."""

from __future__ import annotations

import asyncio

import aiohttp
from aiohttp import web

from trueup.venues.binance.stream_rules import StreamGap, StreamRules
from trueup.venues.binance.user_stream import UserStream

RULES = StreamRules(replace_secs=0.5, overlap_secs=1.0, silence_secs=5.0)
ON_BOTH, ON_THE_OLD_ALONE = '{"e":"A","E":1}', '{"e":"B","E":2}'
LATE_SECS = 0.05


class Venue:
    """A stream whose first connection tells late what it told before the second one stood."""

    def __init__(self) -> None:
        self.connections: list[web.WebSocketResponse] = []
        self.old_is_gone = asyncio.Event()
        self.all_told = asyncio.Event()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.connections.append(socket)
        if len(self.connections) == 2:
            asyncio.get_running_loop().create_task(self.tell(*self.connections))
        async for _ in socket:
            pass
        self.old_is_gone.set()
        return socket

    async def tell(self, old: web.WebSocketResponse, new: web.WebSocketResponse) -> None:
        """Tell what was under way on the old connection once the new one stands, and an event of both."""
        await asyncio.sleep(LATE_SECS)
        await old.send_str(ON_THE_OLD_ALONE)
        await old.send_str(ON_BOTH)
        await self.old_is_gone.wait()  # before the new one tells its copy
        await new.send_str(ON_BOTH)
        self.all_told.set()


class Source:
    """Open the venue's stream."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def open(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        """Return a connection."""
        return await session.ws_connect(self._url)

    async def renew(self) -> None:
        """Renew nothing."""

    async def close(self) -> None:
        """Give up nothing."""

    def event(self, raw: bytes) -> bytes | None:
        """Return the frame."""
        return raw


class Quiet:
    """A log that nobody reads."""

    def info(self, _: str) -> None: ...
    def warning(self, _: str) -> None: ...
    def error(self, _: str) -> None: ...


async def test_an_event_under_way_on_the_old_connection_is_heard_and_one_of_both_connections_is_told_once() -> None:
    venue, told = Venue(), list[bytes]()

    async def on_gap(gap: StreamGap) -> None:
        raise AssertionError(gap)

    application = web.Application()
    application.router.add_get("/", venue.serve)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    stream = UserStream(
        source=Source(f"http://{host}:{port}/"),
        rules=RULES,
        handler=told.append,
        on_gap=on_gap,
        clock_ns=lambda: 1,
        log=Quiet(),
    )
    try:
        await stream.open()
        stream.release()
        await asyncio.wait_for(venue.all_told.wait(), 30)
        await asyncio.sleep(LATE_SECS)
        assert told == [ON_THE_OLD_ALONE.encode(), ON_BOTH.encode()]
        assert stream.gaps == 0
    finally:
        await stream.close()
        await runner.cleanup()
