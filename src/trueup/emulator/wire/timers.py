"""Everything that time does: due events of the venue, listen keys, samples of the market, pings and cuts."""

from __future__ import annotations

from collections.abc import Iterable

from trueup.emulator.engine.clock import Clock
from trueup.emulator.engine.venue import Venue
from trueup.emulator.wire.alarms import Alarms
from trueup.emulator.wire.durability import GroupCommit
from trueup.emulator.wire.market_streams import MarketStreams
from trueup.emulator.wire.sockets import ClientSocket
from trueup.emulator.wire.stream_sockets import SocketLimits
from trueup.emulator.wire.tapes import TapePlayer
from trueup.emulator.wire.user_streams import UserStreams


class Timers:
    """Do what is due at a time of the clock.

    Called every few milliseconds with a real clock, and once per step with a manual one: however far the step, every
    due thing happens once, in the order venue, listen keys, delayed events, samples, sockets.
    """

    def __init__(
        self,
        venue: Venue,
        clock: Clock,
        alarms: Alarms,
        commit: GroupCommit,
        user_streams: UserStreams,
        market_streams: MarketStreams,
        limits: SocketLimits,
        tapes: TapePlayer,
        *,
        step_interval_ms: int,
        step_symbols: tuple[str, ...],
    ) -> None:
        self._venue = venue
        self._clock = clock
        self._alarms = alarms
        self._commit = commit
        self._user_streams = user_streams
        self._market_streams = market_streams
        self._limits = limits
        self._tapes = tapes
        self._step_interval_ms = step_interval_ms
        self._step_symbols = step_symbols
        self._step_due_ms = clock.now_ms() + step_interval_ms
        self._sockets_due_ms = 0

    def fire(self, sockets: Iterable[ClientSocket]) -> None:
        """Do everything that is due now."""
        now_ms = self._clock.now_ms()
        due_ms = self._venue.next_due_ms()
        if due_ms is not None and due_ms <= now_ms:
            self._venue.advance(now_ms)
        self._tapes.play(now_ms)
        if self._step_interval_ms and now_ms >= self._step_due_ms:
            self._step_due_ms = now_ms + self._step_interval_ms
            self._venue.step_market(1, self._step_symbols)
        if self._venue.journal.checkpoint_due:
            self._venue.checkpoint()
        self._commit.flush()
        self._user_streams.expire(now_ms)
        self._alarms.fire()
        self._market_streams.tick(now_ms)
        if now_ms >= self._sockets_due_ms or self._sockets_due_ms - now_ms > 1_000:
            self._sockets_due_ms = now_ms + 1_000
            for socket in tuple(sockets):
                self._tend(socket, now_ms)

    def _tend(self, socket: ClientSocket, now_ms: int) -> None:
        limits = self._limits
        if now_ms - socket.opened_ms >= limits.lifetime_ms:
            socket.cut("24 hours")
        elif socket.last_ping_ms > socket.last_pong_ms and now_ms - socket.last_ping_ms >= limits.pong_timeout_ms:
            socket.cut("no pong")
        elif now_ms - socket.last_ping_ms >= limits.ping_interval_ms and socket.last_ping_ms <= socket.last_pong_ms:
            socket.ping(now_ms)
