"""The wire put together: one venue, its faults, its streams and its answers, without any listening socket."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from trueup.emulator.engine.clock import Clock
from trueup.emulator.engine.events import (
    AggTradeEvent,
    BookTickerEvent,
    KlineEvent,
    MarketEvent,
    MarkPriceEvent,
    VenueEvent,
)
from trueup.emulator.engine.venue import Venue
from trueup.emulator.settings import EmulatorSettings
from trueup.emulator.wire.alarms import Alarms
from trueup.emulator.wire.credentials import Credentials
from trueup.emulator.wire.dispatch import Dispatcher
from trueup.emulator.wire.durability import GroupCommit
from trueup.emulator.wire.exchange_info import ExchangeInfo
from trueup.emulator.wire.faults import FaultBook
from trueup.emulator.wire.forms.market import digits_of
from trueup.emulator.wire.forms.pages import Pages
from trueup.emulator.wire.http import Gateway
from trueup.emulator.wire.limits import LimitKeeper
from trueup.emulator.wire.listen_keys import ListenKeys
from trueup.emulator.wire.market_streams import MarketStreams
from trueup.emulator.wire.request_log import RequestLog
from trueup.emulator.wire.routes import Services
from trueup.emulator.wire.sockets import ClientSocket
from trueup.emulator.wire.stream_hub import StreamHub
from trueup.emulator.wire.stream_sockets import StreamSockets
from trueup.emulator.wire.tapes import TapePlayer
from trueup.emulator.wire.timers import Timers
from trueup.emulator.wire.user_streams import UserStreams
from trueup.emulator.wire.ws_api import WsApi

_MARKET_EVENTS = (BookTickerEvent, AggTradeEvent, MarkPriceEvent, KlineEvent)


class WireCore:
    """Hold the parts of the wire and their connections to each other.

    Parameters
    ----------
    venue : Venue
        The engine; its journal, if it has one, decides when answers and events may leave.
    """

    def __init__(self, venue: Venue, clock: Clock, settings: EmulatorSettings) -> None:
        self.venue = venue
        self.clock = clock
        self.faults = FaultBook()
        self.log = RequestLog(settings.requests_kept)
        self.limits = LimitKeeper(settings.limits.for_wire())
        self.listen_keys = ListenKeys(settings.streams.listen_key_validity_ms)
        self.alarms = Alarms(clock)
        self.digits = digits_of(venue.symbols())
        self.commit = GroupCommit(venue.journal, self._publish)
        self.hub = StreamHub(self._stream_opened, self._stream_closed, self._greeting)
        socket_limits = settings.streams.for_wire()
        self.user_streams = UserStreams(self.hub, self.listen_keys, self.faults, clock, self.alarms, self.digits)
        self.market_streams = MarketStreams(venue, self.digits, self.hub, self.commit.collect)
        services = Services(
            venue,
            self.digits,
            Pages(self.digits),
            self.limits,
            self.listen_keys,
            ExchangeInfo(venue.symbols(), self.limits.limits),
        )
        self.credentials = Credentials(venue)
        self.dispatcher = Dispatcher(services, clock, self.alarms, self.credentials, self.faults, self.log, self.commit)
        self.ws_api = WsApi(self.dispatcher, clock, socket_limits)
        stream_sockets = StreamSockets(self.hub, self.listen_keys, self.faults, clock, socket_limits)
        self.gateway = Gateway(self.dispatcher, stream_sockets, self.ws_api)
        self.timers = Timers(
            venue,
            clock,
            self.alarms,
            self.commit,
            self.user_streams,
            self.market_streams,
            socket_limits,
            TapePlayer(venue, settings.market.tapes, clock.now_ms()),
            step_interval_ms=settings.market.step_interval_ms,
            step_symbols=settings.market.step_symbols,
        )
        self.connection_count: Callable[[], int] = lambda: 0
        self._unsubscribe = venue.subscribe(self.commit.collect)

    def sockets(self) -> Iterator[ClientSocket]:
        """Yield every open socket of the venue's port."""
        for client in self.hub.clients:
            yield client.socket
        yield from self.ws_api.sockets

    def on_time(self) -> None:
        """Do everything that is due."""
        self.timers.fire(self.sockets())

    def close(self) -> None:
        """Let go of the engine and cut what is left."""
        self._unsubscribe()
        self.alarms.close()
        for socket in list(self.sockets()):
            socket.cut("shutdown")

    def counts(self) -> dict[str, Any]:
        """Return sizes that must stay bounded, for health checks and leak tests."""
        sockets = list(self.sockets())
        return {
            "connections": self.connection_count(),
            "sockets": len(sockets),
            "queued_frames": sum(socket.queued for socket in sockets),
            "internal_errors": self.dispatcher.internal_errors,
            "journal_failures": self.commit.failures,
        }

    def _publish(self, events: list[VenueEvent | MarketEvent]) -> None:
        for event in events:
            try:
                if isinstance(event, _MARKET_EVENTS):
                    self.market_streams.publish(event)
                else:
                    self.user_streams.publish(event)
            except Exception:
                # One event that cannot be written must not hold up those behind it, nor the answers.
                self.dispatcher.internal_errors += 1
                traceback.print_exc(limit=20, file=sys.stderr)

    def _stream_opened(self, name: str) -> None:
        if self.listen_keys.account_of(name) is None:
            self.market_streams.opened(name)

    def _greeting(self, name: str) -> bytes | None:
        return self.market_streams.greeting(name)

    def _stream_closed(self, name: str) -> None:
        # A listen key may be dead by now; market streams ignore names that they never opened.
        self.market_streams.closed(name)
