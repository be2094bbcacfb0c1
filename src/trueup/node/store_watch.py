"""Watch a node's store while the node runs: bring it level with the node's cache when it was away, and purge it.

Measured on 1.231.0: when the server dies, the node goes on and every write of that time is lost for good, without a log
line; after the server's return the first writes are lost, too. So the store is asked every second, its loss is said out
loud, and after its return whatever it lacks is written anew and counted.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import redis

from trueup.errors import StoreError
from trueup.node.announcer import Announcer
from trueup.store.account_states import trim_states
from trueup.store.connection import StoreAddress, open_client
from trueup.store.redis_keys import StoreKeys

_logger = logging.getLogger("trueup.node")

POLL_SECS = 1.0
ANSWER_SECS_MAX = 1.0
"""With the poll and the tries this notices a loss within about 4 s; the promise is 5 s."""
FAILURES_MAX = 2
"""Unanswered polls that make a loss: one may be a hiccup."""
TRIM_POLLS = 60
"""Polls between two purges of account states: a minute, the shortest interval of the engine's own."""
LEVEL_ROUNDS_MAX = 10
LEVEL_PAUSE_SECS = 0.5
"""Between writing and counting: the writer is a thread of its own, and the node goes on writing."""
LEVEL_LOOKS = 2
"""Counts in a row that must agree."""


class StoreState(StrEnum):
    """How the store is."""

    PRESENT = "PRESENT"
    LOST = "LOST"
    BEHIND = "BEHIND"  # it answers again, and lacks what was written meanwhile


@dataclass(frozen=True, slots=True)
class Counts:
    """How many events the cache holds: by client order id, and by position id."""

    orders: Mapping[str, int]
    positions: Mapping[str, int]

    @property
    def total(self) -> int:
        """Return how many there are."""
        return sum(self.orders.values()) + sum(self.positions.values())


class StoreWriter(Protocol):
    """What the binding can do about the store."""

    def wake(self) -> None:
        """Make the engine's own writer write something unimportant, since its first write after an outage is lost."""

    def counts(self) -> Counts:
        """Count the events in the cache."""

    async def rewrite(self, orders: list[str], positions: list[str]) -> None:
        """Write these orders and positions anew, whole."""

    def states_kept(self) -> Mapping[str, int]:
        """Return how many states of each account the cache holds; nothing where the store is not to be purged."""

    def is_behind(self) -> bool:
        """Return whether the store is known to lack something though it was never away for long."""

    def leveled(self) -> None:
        """Hear that the store has everything."""

    def close(self) -> None:
        """Let go of the connection that rewriting used."""


class StoreWatch:
    """Watch one store.

    Parameters
    ----------
    address : StoreAddress
        Where it is.
    keys : StoreKeys
        How the node names its keys.
    writer : StoreWriter
        What can write.
    announcer : Announcer
        Who is told.
    """

    def __init__(self, address: StoreAddress, keys: StoreKeys, writer: StoreWriter, announcer: Announcer) -> None:
        self._address = StoreAddress(
            host=address.host,
            port=address.port,
            username=address.username,
            password=address.password,
            ssl=address.ssl,
            timeout_secs=ANSWER_SECS_MAX,
        )
        self._keys = keys
        self._writer = writer
        self._announcer = announcer
        self.state = StoreState.PRESENT
        self.lost_at: float | None = None
        self.rewritten = 0

    async def run(self, goes_on: Callable[[], bool]) -> None:
        """Poll until told to end; nothing that the store does leaves this."""
        failures = polls = 0
        while goes_on():
            await asyncio.sleep(POLL_SECS)
            polls += 1
            answered = await asyncio.to_thread(self._ping)
            failures = 0 if answered else failures + 1
            if failures == FAILURES_MAX and self.state is not StoreState.LOST:
                self._lose()
            elif answered and (self.state is not StoreState.PRESENT or self._writer.is_behind()):
                await self._bring_level()
            elif answered and polls % TRIM_POLLS == 0 and (kept := self._writer.states_kept()):
                await asyncio.to_thread(self._trim, kept)

    def _lose(self) -> None:
        self.state = StoreState.LOST
        self.lost_at = time.monotonic()
        _logger.error("the store at %s does not answer: what happens now is not kept", self._address.url)
        self._announcer.say("store", state=self.state.value, url=self._address.url)

    async def _bring_level(self) -> None:
        """Write what the store lacks until two counts agree; give up for this round, not for ever."""
        self.state = StoreState.BEHIND
        self._announcer.say("store", state=self.state.value, url=self._address.url)
        self._writer.wake()
        level = 0
        try:
            for _ in range(LEVEL_ROUNDS_MAX):
                await asyncio.sleep(LEVEL_PAUSE_SECS)
                counts = self._writer.counts()
                orders, positions = await asyncio.to_thread(self._lagging, counts)
                if not orders and not positions:
                    level += 1
                    if level >= LEVEL_LOOKS:
                        self._restored()
                        return
                    continue
                level = 0
                self.rewritten += len(orders) + len(positions)
                await self._writer.rewrite(orders, positions)
        except (StoreError, redis.RedisError) as error:
            _logger.warning("the store could not be brought level: %s", error)
        except Exception:
            _logger.exception("the store could not be brought level")
        finally:
            self._writer.close()

    def _restored(self) -> None:
        away = 0.0 if self.lost_at is None else time.monotonic() - self.lost_at
        self.state, self.lost_at = StoreState.PRESENT, None
        self._writer.leveled()
        self._announcer.say(
            "store", state=self.state.value, url=self._address.url, away_secs=round(away, 1), rewritten=self.rewritten
        )
        self.rewritten = 0

    # -- in a thread -------------------------------------------------------------------------------------------------

    def _ping(self) -> bool:
        try:
            with open_client(self._address) as client:
                return bool(client.ping())
        except (redis.RedisError, OSError):
            return False

    def _trim(self, kept: Mapping[str, int]) -> None:
        try:
            with open_client(self._address) as client:
                cut = sum(trim_states(client, self._keys, account_id, number) for account_id, number in kept.items())
        except (redis.RedisError, OSError) as error:
            _logger.warning("the account's states could not be purged from the store: %s", error)
            return
        if cut:
            _logger.info("%d states of accounts purged from the store, as the node's cache has purged them", cut)

    def _lagging(self, counts: Counts) -> tuple[list[str], list[str]]:
        """Return the orders and the positions of which the store has another number of events than the cache had."""
        with open_client(self._address) as client:
            found = []
            for kind, held in (("orders", counts.orders), ("positions", counts.positions)):
                names = list(held)
                pipeline = client.pipeline(transaction=False)
                for name in names:
                    pipeline.llen(self._keys.key(f"{kind}:{name}"))
                stored = pipeline.execute()
                found.append([name for name, length in zip(names, stored, strict=True) if length != held[name]])
            return found[0], found[1]
