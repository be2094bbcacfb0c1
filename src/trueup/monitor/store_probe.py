"""How a node's Redis is: alive, persistent, and how far it lags. A thread of its own, since every question may hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import redis

from trueup.errors import StoreError
from trueup.monitor.status import StoreStatus
from trueup.store.connection import StoreAddress, open_client
from trueup.store.health import RedisHealth, probe_redis
from trueup.store.redis_keys import StoreKeys
from trueup.store.redis_reader import RedisReader
from trueup.store.write_behind import WriteBehind, write_behind

POLL_SECS = 2.0
HEALTH_POLLS = 15
"""Persistence is a matter of configuration and of disks: every 30 s is soon enough."""
FAILURES_MAX = 2
"""Unanswered polls that make a loss: one may be a hiccup."""
ANSWER_SECS_MAX = 1.0
CLOSE_SECS_MAX = 2.0

EventCounts = tuple[int, Mapping[str, int]]
"""When the node's orders were counted (monotonic nanoseconds), and how many events each had."""


@dataclass(slots=True)
class Lag:
    """What the store lacks, followed over several looks.

    A lag that shrinks is a writer at work. Only what an order lacked at the look before and lacks still is old.
    """

    events: int = 0
    foreign: int = 0
    since_ns: int | None = None
    orders: frozenset[str] = frozenset()

    def take(self, found: WriteBehind, now_ns: int) -> None:
        """Take a look in."""
        behind = frozenset(found.behind)
        still = behind & self.orders
        self.events, self.orders = found.events_behind, behind
        if not still:
            self.since_ns = now_ns if behind else None


@dataclass(frozen=True, slots=True)
class Ahead:
    """What the store had more than the node's counts of just before; to be compared with the node's next counts."""

    read_ns: int
    stored: Mapping[str, int]

    def foreign(self, counts: EventCounts) -> int | None:
        """Return how many events the node does not have even now; None when it was not counted since."""
        counted_ns, held = counts
        if counted_ns <= self.read_ns:
            return None
        return sum(max(0, stored - held[name]) for name, stored in self.stored.items() if name in held)


class StoreProbe:
    """Ask one store, again and again.

    Parameters
    ----------
    address, keys : StoreAddress, StoreKeys
        Where it is, and how the node names its keys.
    counts : Callable[[], EventCounts]
        The latest counts of the node's own orders; called on the probe's thread.
    clock_ns : Callable[[], int]
        Time since the epoch.
    """

    def __init__(
        self,
        address: StoreAddress,
        keys: StoreKeys,
        counts: Callable[[], EventCounts],
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._address = replace(address, timeout_secs=ANSWER_SECS_MAX)
        self._keys = keys
        self._counts = counts
        self._clock_ns = clock_ns
        self._failures = 0
        self._polls = 0
        self._health: RedisHealth | None = None
        self._lag = Lag()
        self._ahead: Ahead | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trueup-store-probe", daemon=True)
        self.status = StoreStatus(state="PRESENT", since_ns=clock_ns())
        self.foreign_events = 0
        self.errors = 0
        self.losses = 0

    @property
    def behind_since_ns(self) -> int | None:
        """Return since when the store has lacked the same orders' events."""
        return self._lag.since_ns

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._ending.set()
        self._thread.join(CLOSE_SECS_MAX)

    def poll(self) -> None:
        """Ask once; never raises."""
        try:
            ping_ms = self._ping()
        except (redis.RedisError, OSError) as error:
            self._unanswered(f"{type(error).__name__}")
            return
        self._failures = 0
        try:
            if self._polls % HEALTH_POLLS == 0 or self._health is None or not self._health.reachable:
                self._health = probe_redis(self._address)
            self._polls += 1
            self._look_behind()
        except (StoreError, redis.RedisError, OSError):
            self.errors += 1
        health = self._health
        self._show(
            StoreStatus(
                state="PRESENT",
                persistent=None if health is None or not health.reachable else _persists(health),
                write_behind_events=self._lag.events,
                write_behind_ns=None if self._lag.since_ns is None else self._clock_ns() - self._lag.since_ns,
                ping_ms=round(ping_ms, 3),
                detail="; ".join(health.problems[:3]) if health is not None else "",
            )
        )

    def _run(self) -> None:
        while not self._ending.wait(POLL_SECS):
            try:
                self.poll()
            except Exception:
                self.errors += 1

    def _ping(self) -> float:
        began = time.perf_counter()
        with open_client(self._address) as client:
            client.ping()
        return (time.perf_counter() - began) * 1000

    def _look_behind(self) -> None:
        counts = self._counts()
        if self._ahead is not None and (foreign := self._ahead.foreign(counts)) is not None:
            self.foreign_events = foreign
        if not counts[1]:
            self._lag, self._ahead = Lag(), None
            return
        with RedisReader(self._address, self._keys) as reader:
            found = write_behind(counts[1], reader)
        self._lag.take(found, self._clock_ns())
        self._ahead = Ahead(time.monotonic_ns(), {name: counts[1][name] + more for name, more in found.ahead.items()})

    def _unanswered(self, why: str) -> None:
        self._failures += 1
        if self._failures >= FAILURES_MAX:
            self._show(StoreStatus(state="LOST", detail=why, persistent=self.status.persistent))

    def _show(self, found: StoreStatus) -> None:
        self.losses += found.state == "LOST" and self.status.state != "LOST"
        since_ns = self.status.since_ns if found.state == self.status.state else self._clock_ns()
        self.status = StoreStatus(
            state=found.state,
            since_ns=since_ns,
            persistent=found.persistent,
            write_behind_events=found.write_behind_events,
            write_behind_ns=found.write_behind_ns,
            ping_ms=found.ping_ms,
            detail=found.detail,
        )


def _persists(health: RedisHealth) -> bool:
    """Return whether what it was given survives its restart: its log or its snapshots are on, and are written."""
    return (
        (health.aof_on or health.rdb_on)
        and (not health.aof_on or health.aof_ok)
        and (not health.rdb_on or health.rdb_ok)
    )
