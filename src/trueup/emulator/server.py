"""The emulator in the caller's event loop: ``async with Emulator(settings) as emulator``."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from trueup.emulator.engine.clock import Clock
from trueup.emulator.engine.venue import Venue
from trueup.emulator.settings import LOOPBACK, EmulatorSettings
from trueup.emulator.wire.control import Control
from trueup.emulator.wire.core import WireCore
from trueup.emulator.wire.listening import VenueServer, bound_port, listen
from trueup.errors import EmulatorError

TICK_SECS: Final = 0.02
"""Resolution of everything that time does with a real clock; the fastest stream of the venue is 100 ms."""

SHUTDOWN_SECS_MAX: Final = 2.0
PAUSE_AFTER_FAILURE_SECS: Final = 1.0  # the same failure is not worth fifty lines a second


@dataclass(frozen=True, slots=True)
class EmulatorUrls:
    """Where clients reach the emulator.

    Parameters
    ----------
    rest : str
        Base of ``/fapi/...``.
    stream : str
        Base of ``/ws``, ``/stream`` (market and user streams).
    ws_api : str
        Full address of the WebSocket API.
    control : str
        Base of the control API.
    """

    rest: str
    stream: str
    ws_api: str
    control: str


@dataclass(frozen=True, slots=True)
class Ready:
    """What ``serve`` prints when it can be used: addresses and the default account's key."""

    rest: str
    stream: str
    ws_api: str
    control: str
    account: str
    api_key: str
    secret: str
    pid: int

    @property
    def urls(self) -> EmulatorUrls:
        """Return the addresses alone."""
        return EmulatorUrls(self.rest, self.stream, self.ws_api, self.control)


class Emulator:
    """A venue on loopback inside the caller's event loop.

    Parameters
    ----------
    settings : EmulatorSettings, optional
        Defaults alone without any.

    Examples
    --------
    >>> async with Emulator(EmulatorSettings()) as emulator:
    ...     print(emulator.urls.rest)
    """

    def __init__(self, settings: EmulatorSettings | None = None) -> None:
        self.settings = settings or EmulatorSettings()
        self._core: WireCore | None = None
        self._urls: EmulatorUrls | None = None
        self._servers: list[asyncio.Server] = []
        self._venue_server: VenueServer | None = None
        self._control_runner: web.AppRunner | None = None
        self._ticker: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def core(self) -> WireCore:
        """Return the wire; `EmulatorError` before `start`."""
        if self._core is None:
            raise EmulatorError("the emulator is not running", action="start it first")
        return self._core

    @property
    def venue(self) -> Venue:
        """Return the engine. Call `flush` after commands given to it directly."""
        return self.core.venue

    @property
    def clock(self) -> Clock:
        """Return the clock."""
        return self.core.clock

    @property
    def urls(self) -> EmulatorUrls:
        """Return the addresses; `EmulatorError` before `start`."""
        if self._urls is None:
            raise EmulatorError("the emulator is not running", action="start it first")
        return self._urls

    @property
    def ready(self) -> Ready:
        """Return what ``serve`` prints."""
        account = self.venue.account(self.settings.accounts[0].account_id)
        return Ready(
            **asdict(self.urls),
            account=account.account_id,
            api_key=account.api_key,
            secret=account.secret,
            pid=os.getpid(),
        )

    def flush(self) -> None:
        """Publish what commands given to the engine directly have caused."""
        self.core.commit.flush()

    async def start(self) -> None:
        """Open the venue and listen.

        Raises
        ------
        EmulatorError
            A port is taken, or the state directory is locked or damaged.
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        settings = self.settings
        clock = settings.clock.build()
        if settings.state is None:
            venue = Venue(settings.for_engine(), clock=clock)
        else:
            venue = Venue.recover(settings.state, settings.for_engine(), clock=clock)
        known = set(venue.account_ids)
        for account in settings.accounts:
            if account.account_id not in known:
                venue.create_account(account.for_engine())
        core = self._core = WireCore(venue, clock, settings)
        waiter = core.commit.settled()
        if waiter is not None:
            await waiter

        venue_server = self._venue_server = VenueServer(core.gateway, settings.connections_max)
        core.connection_count = lambda: len(venue_server.connections)
        public = await listen(self._venue_server, settings.host, settings.port)
        self._servers.append(public)
        self._control_runner = web.AppRunner(Control(core).application(), access_log=None)
        await self._control_runner.setup()
        control_factory = self._control_runner.server
        assert control_factory is not None
        control = await listen(control_factory, settings.control_host, settings.control_port)
        self._servers.append(control)

        public_host = _reachable(settings.host)
        control_host = _reachable(settings.control_host)
        port = bound_port(public)
        self._urls = EmulatorUrls(
            rest=f"http://{public_host}:{port}",
            stream=f"ws://{public_host}:{port}",
            ws_api=f"ws://{public_host}:{port}/ws-fapi/v1",
            control=f"http://{control_host}:{bound_port(control)}",
        )
        self._ticker = asyncio.create_task(self._tick())

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECS)
            try:
                self.core.on_time()
            except EmulatorError as error:
                # A full disk or a stopped engine: every command says so too, and time may heal the first.
                print(f"trueup emulator: {error}", file=sys.stderr)  # noqa: T201 - the operator's only way to learn of it
                await asyncio.sleep(PAUSE_AFTER_FAILURE_SECS)

    async def stop(self) -> None:
        """Stop listening, end every connection, make the ledger durable and release the state directory."""
        if self._ticker is not None:
            self._ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticker
            self._ticker = None
        for server in self._servers:
            server.close()
        core = self._core
        if core is not None:
            await core.commit.close()
            with contextlib.suppress(EmulatorError):
                # The journal has everything; a checkpoint only makes the next start faster.
                core.venue.checkpoint()
            core.close()
        if self._venue_server is not None:
            await self._venue_server.shutdown(SHUTDOWN_SECS_MAX)
            self._venue_server = None
        if self._control_runner is not None:
            await self._control_runner.cleanup()
            self._control_runner = None
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()
        if core is not None:
            core.venue.journal.close()
        self._core = None
        self._urls = None


def _reachable(host: str) -> str:
    """Return an address that a client on this machine can use for a listening address."""
    return LOOPBACK if host in ("0.0.0.0", "::", "") else host  # noqa: S104 - compared with, not bound to
