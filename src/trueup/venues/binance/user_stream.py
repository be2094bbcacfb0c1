"""The user data stream, kept alive: opened, renewed, replaced before the venue's cut, and opened again after every gap.

What events a gap swallowed no stream can tell. So after each one the subscribers are asked to make the account true,
events are held back meanwhile, and then go on in the venue's order.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final, Protocol

import aiohttp
import msgspec

from trueup.venues.binance.stream_rules import GapReason, StreamGap, StreamRules, StreamTask, next_task

FRAMES_HELD_MAX: Final = 20_000  # about 20 MB; more than a venue sends one account in the longest hold
FRAMES_REMEMBERED: Final = 512
"""Events that a second connection may tell again: an account's burst within the time that two overlap."""

GapHook = Callable[[StreamGap], Awaitable[None]]


class StreamClosedError(Exception):
    """A connection ended, and why."""

    def __init__(self, reason: GapReason) -> None:
        super().__init__(reason)
        self.reason = reason


class StreamSource(Protocol):
    """How a venue's user stream is opened and renewed: futures by listen key, spot by a session."""

    async def open(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        """Return a connection on which events come."""

    async def renew(self) -> None:
        """Renew what the stream lives by; raise `StreamClosedError` when it is gone for good."""

    async def close(self) -> None:
        """Give up what the stream lived by."""

    def event(self, raw: bytes) -> bytes | None:
        """Return the event in a frame, None when it holds none; raise `StreamClosedError` when it ends the stream."""


class _EventTime(msgspec.Struct, frozen=True):
    E: int = 0


_EVENT_TIME = msgspec.json.Decoder(_EventTime)


class UserStream:
    """Keep one account's user stream.

    Parameters
    ----------
    source : StreamSource
        How to open and renew it.
    rules : StreamRules
        Bounds.
    handler : Callable[[bytes], None]
        Takes each event.
    on_gap : GapHook
        Called after each gap, with events held back; its failure is logged, not raised.
    clock_ns : Callable[[], int]
        The node's clock, for the gap's times.
    log : Logger
        The client's.
    """

    def __init__(
        self,
        *,
        source: StreamSource,
        rules: StreamRules,
        handler: Callable[[bytes], None],
        on_gap: GapHook,
        clock_ns: Callable[[], int],
        log: Any,
    ) -> None:
        self._source = source
        self._rules = rules
        self._handler = handler
        self._on_gap = on_gap
        self._clock_ns = clock_ns
        self._log = log
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._repair: asyncio.Task[None] | None = None
        self._pending: StreamGap | None = None
        self._held: list[bytes] | None = None
        self._recent: dict[bytes, None] = {}
        self._alive_ns = 0
        self.last_event_ms: int | None = None
        self.events = 0
        self.gaps = 0
        self.renewals = 0
        self.replacements = 0

    @property
    def is_open(self) -> bool:
        """Return whether a connection stands."""
        return self._socket is not None and not self._socket.closed

    async def open(self) -> None:
        """Open the stream, trying again with backoff; events are held until `release`.

        Returns only with a stream: a node that cannot hear must not start. The caller bounds the wait.
        """
        self._session = aiohttp.ClientSession()
        self.hold()
        try:
            socket = await self._open_with_backoff()
        except BaseException:
            await self._session.close()
            raise
        self._supervisor = asyncio.get_running_loop().create_task(self._supervise(socket), name="user stream")

    async def close(self) -> None:
        """Close the stream for good."""
        for task in (self._supervisor, self._repair):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        self._supervisor = self._repair = None
        if self._socket is not None:
            await self._socket.close()
        try:
            await asyncio.wait_for(self._source.close(), self._rules.connect_timeout_secs)
        except Exception as error:
            self._log.warning(f"The user stream was not closed at the venue: {error}")
        if self._session is not None:
            await self._session.close()

    def hold(self) -> None:
        """Hold events back from now on."""
        if self._held is None:
            self._held = []

    def release(self) -> None:
        """Hand out what was held, in the order of the venue's event times, and hold no more."""
        held, self._held = self._held, None
        for raw in sorted(held or (), key=_event_time):
            self._handler(raw)

    def report_gap(self, gap: StreamGap) -> None:
        """Ask for a repair, as if the stream had been cut: for evidence of a lost event from elsewhere."""
        self.gaps += 1
        pending = self._pending
        if pending is not None:
            heard = [one.last_event_ms for one in (pending, gap) if one.last_event_ms is not None]
            gap = replace(gap, since_ns=min(pending.since_ns, gap.since_ns), last_event_ms=min(heard, default=None))
        self._pending = gap
        if self._repair is None or self._repair.done():
            self._repair = asyncio.get_running_loop().create_task(self._run_repairs(), name="user stream repair")

    # -- life ---------------------------------------------------------------------------------------------------------

    async def _supervise(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            reason = await self._serve(socket)
            since_ns, last_event_ms = self._alive_ns, self.last_event_ms
            self._log.warning(f"User stream: {reason}; opening it again")
            self.hold()
            socket = await self._open_with_backoff()
            gap = StreamGap(since_ns, self._clock_ns(), reason, last_event_ms)
            self._log.warning(f"User stream open again after {gap.duration_secs:.1f} s; making the account true")
            self.report_gap(gap)

    async def _serve(self, socket: aiohttp.ClientWebSocketResponse) -> GapReason:
        """Serve one connection, and those that replace it in time, until one is lost."""
        opened = renewed = time.monotonic()
        failed: float | None = None
        reading = self._read_in_background(socket)
        try:
            while True:
                task, due = next_task(self._rules, opened_secs=opened, renewed_secs=renewed, failed_secs=failed)
                await asyncio.wait({reading}, timeout=max(0.0, due - time.monotonic()))
                if reading.done():
                    return reading.result()
                if task is StreamTask.REPLACE:
                    reading = await self._replace(reading)
                    opened = renewed = time.monotonic()
                    failed = None
                    continue
                try:
                    await asyncio.wait_for(self._source.renew(), self._rules.connect_timeout_secs)
                except StreamClosedError as error:
                    return error.reason
                except Exception as error:
                    failed = time.monotonic()
                    self._log.warning(f"The user stream was not renewed: {error}; trying again")
                else:
                    renewed, failed = time.monotonic(), None
                    self.renewals += 1
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _replace(self, reading: asyncio.Task[GapReason]) -> asyncio.Task[GapReason]:
        """Open a second connection, then let the first one go: no event is missed, and none is handed out twice."""
        old = self._socket
        socket = await self._open_with_backoff()
        successor = self._read_in_background(socket)
        await asyncio.wait({reading}, timeout=self._rules.overlap_secs)
        if old is not None:
            await old.close()
        await asyncio.gather(reading, return_exceptions=True)
        self.replacements += 1
        self._log.info("User stream replaced before the venue's 24-hour cut")
        return successor

    def _read_in_background(self, socket: aiohttp.ClientWebSocketResponse) -> asyncio.Task[GapReason]:
        return asyncio.get_running_loop().create_task(self._read(socket), name="user stream reading")

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> GapReason:
        try:
            while True:
                message = await socket.receive()
                if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                    self._take(message.data if isinstance(message.data, bytes) else message.data.encode())
                elif message.type is aiohttp.WSMsgType.ERROR:
                    silent = isinstance(message.data, TimeoutError | aiohttp.ServerTimeoutError)
                    return GapReason.SILENT if silent else GapReason.CLOSED
                else:
                    return GapReason.CLOSED
        except StreamClosedError as error:
            return error.reason
        finally:
            await socket.close()

    def _take(self, frame: bytes) -> None:
        self._alive_ns = self._clock_ns()
        event = self._source.event(frame)
        if event is None:
            return
        if event in self._recent:
            return  # told on another connection; no two events are the same to the byte
        self._recent[event] = None
        if len(self._recent) > FRAMES_REMEMBERED:
            del self._recent[next(iter(self._recent))]
        self.events += 1
        self.last_event_ms = _event_time(event) or self.last_event_ms
        if self._held is None:
            self._handler(event)
            return
        self._held.append(event)
        if len(self._held) > FRAMES_HELD_MAX:
            self._log.error(f"More than {FRAMES_HELD_MAX} events were held: handing them out before the repair ends")
            self.release()
            self.hold()

    async def _open_with_backoff(self) -> aiohttp.ClientWebSocketResponse:
        assert self._session is not None
        failures = 0
        while True:
            try:
                opening = self._source.open(self._session)
                self._socket = await asyncio.wait_for(opening, self._rules.connect_timeout_secs)
            except Exception as error:
                failures += 1
                wait_secs = self._rules.backoff(failures)
                self._log.warning(
                    f"The user stream cannot be opened ({type(error).__name__}: {error}); next try in {wait_secs:g} s"
                )
                await asyncio.sleep(wait_secs)
            else:
                self._alive_ns = self._clock_ns()
                return self._socket

    async def _run_repairs(self) -> None:
        while self._pending is not None:
            gap, self._pending = self._pending, None
            self.hold()
            try:
                await asyncio.wait_for(self._on_gap(gap), self._rules.hold_secs_max)
            except TimeoutError:
                self._log.error(f"The account was not made true within {self._rules.hold_secs_max:g} s of a gap")
            except Exception as error:
                self._log.error(f"After a gap in the user stream: {type(error).__name__}: {error}")
        self.release()


def _event_time(raw: bytes) -> int:
    try:
        return _EVENT_TIME.decode(raw).E
    except msgspec.DecodeError:
        return 0


def wrapped(event: bytes) -> bytes:
    """Return an event as the adapter of 1.222 read it: in a frame of a combined stream, with the stream's name."""
    return msgspec.json.encode({"stream": "user", "data": msgspec.Raw(event)})
