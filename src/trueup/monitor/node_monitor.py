"""The monitor of one node: it hears and sees, counts, and tells any thread at any time how the node is."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import trueup
from trueup.config.sight.monitor import LogFormat, MonitorConfig
from trueup.model.guard import GuardState
from trueup.monitor.account_book import AccountBook
from trueup.monitor.cycle_book import CycleBook
from trueup.monitor.discrepancy_book import DiscrepancyBook
from trueup.monitor.ears import EARS
from trueup.monitor.event_log import EventLog
from trueup.monitor.eyes import ClientSight, NodeCounts, NodeEyes, Taps
from trueup.monitor.loop_sampler import LoopSampler
from trueup.monitor.redaction import Redactor
from trueup.monitor.startup_book import StartupBook
from trueup.monitor.status import CycleStatus, GuardStatus, JournalStatus, NodeStatus
from trueup.monitor.store_probe import EventCounts, StoreProbe
from trueup.monitor.telling import status_of
from trueup.monitor.venue_book import VenueBook
from trueup.node.announcer import LifeCycleEvent
from trueup.ops.metrics import DISPOSITIONS, DROP_REASONS
from trueup.store.connection import StoreAddress
from trueup.store.redis_keys import StoreKeys

if TYPE_CHECKING:
    from trueup.node.handle import Handle

_logger = logging.getLogger("trueup.monitor")

COUNT_SHARE_MAX = 0.001
"""Of the loop's time that counting may take: a count of 5 ms is made every 5 s."""
COUNTED_ORDERS_MAX = 1_000
"""Open orders whose events are counted for the write-behind lag."""
COUNT_EVENTS_SECS = 2.0


class NodeMonitor:
    """Watch one node.

    Everything that changes is written on the node's event loop (or by the store's probe) and read from other threads
    without a lock: values are swapped whole, counters are single numbers.

    Parameters
    ----------
    eyes : NodeEyes
        The node.
    handle : Handle
        What trueup itself knows of it.
    config : MonitorConfig
        The section.
    loop : asyncio.AbstractEventLoop
        The node's.
    store : tuple of StoreAddress and StoreKeys, optional
        Its store.
    redactor : Redactor, optional
        Keeps secrets out of what is not said by the announcer, which has one of its own.
    intervals_secs : mapping of str to float, optional
        Between two checks of a kind, for the checks that are on.
    startup_limit_secs : float, optional
        How long the start-up may take.
    """

    name = "monitor"

    def __init__(
        self,
        eyes: NodeEyes,
        handle: Handle,
        config: MonitorConfig,
        loop: asyncio.AbstractEventLoop,
        *,
        store: tuple[StoreAddress, StoreKeys] | None = None,
        redactor: Redactor | None = None,
        intervals_secs: Mapping[str, float] | None = None,
        startup_limit_secs: float | None = None,
    ) -> None:
        self.version = trueup.__version__
        self.eyes = eyes
        self.handle = handle
        self.config = config
        self.identity = eyes.identity
        self.started_ns = time.time_ns()
        self.startup = StartupBook(self.started_ns)
        self.accounts = AccountBook()
        self.cycles = CycleBook(config.cycles_kept)
        self.discrepancies = DiscrepancyBook()
        self.venue = VenueBook()
        self.loop = LoopSampler(config.loop_sample_ms / 1000)
        self.counts = NodeCounts()
        self.clients: tuple[ClientSight, ...] = ()
        self.external: Counter[str] = Counter(dict.fromkeys(DISPOSITIONS, 0))
        self.inferred_fills = 0
        self.synthetic_orders = 0
        self.problems = 0
        self.store_losses = 0
        self.store_rewritten = 0
        self.guard_changes: Counter[str] = Counter(dict.fromkeys(GuardState, 0))
        self.intervals_secs = dict(intervals_secs or {})
        self.startup_limit_secs = startup_limit_secs
        self.probe = None if store is None else StoreProbe(*store, self._latest_event_counts)
        self._dropped: Counter[str] = Counter(dict.fromkeys(DROP_REASONS, 0))
        self._node_loop = loop
        self.redactor = redactor or Redactor()
        self._log = self._make_log()
        self.lines: tuple[str, ...] = ()
        self.guard_said = GuardStatus(since_ns=self.started_ns)
        self.store_said: tuple[str, int] | None = None
        self._event_counts: EventCounts = (0, {})
        self._next_count = 0.0
        self._next_event_count = 0.0
        self.shows_guard: Callable[[], GuardStatus] | None = None
        self.shows_journal: Callable[[], JournalStatus] | None = None
        self._closed = False

    # -- life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to listen at once, and to look as soon as the loop runs."""
        self.handle.announcer.observe(self.hear)
        self.eyes.tap(
            Taps(
                venue_query=self._on_venue_query,
                engine_check=self._on_engine_check,
                external_order=self._on_external_order,
                synthetic_order=self._on_synthetic_order,
                inferred_fill=self._on_inferred_fill,
            )
        )
        self._node_loop.call_soon(self.loop.begin, self._node_loop, self._on_beat)
        if self.probe is not None:
            self.probe.start()
        self._start_log()

    def _start_log(self) -> None:
        """Open the log; a node without one is still watched."""
        if self._log is None:
            return
        try:
            self._log.start()
        except OSError as error:
            self._log = None
            self.drop("log_failed")
            text = f"the log {self.config.log_file} cannot be written: {error.strerror}"
            _logger.error("%s", text)
            self.handle.announcer.say("problem", text=text)

    def close(self) -> None:
        """End: the probe, then the log with all that waits."""
        self._closed = True
        self.loop.end()
        if self.probe is not None:
            self.probe.close()
        if self._log is not None:
            self._log.close()

    def show_guard(self, show: Callable[[], GuardStatus]) -> None:
        """Let the guard itself say how it is; called on any thread."""
        self.shows_guard = show

    def show_journal(self, show: Callable[[], JournalStatus]) -> None:
        """Let the journal itself say how it is; called on any thread."""
        self.shows_journal = show

    # -- what the node says and does ---------------------------------------------------------------------------------

    def hear(self, event: LifeCycleEvent) -> None:
        """Take an event in. On the node's loop, and quick: nothing here asks, waits or raises."""
        try:
            if (ear := EARS.get(event.kind)) is not None:
                ear(self, event.data, event.time_ns)
            if self._log is not None and event.kind != "look":
                self._log.put(event)
        except Exception:
            self.drop("handler_failed")
            if self._dropped["handler_failed"] == 1:  # the rest is counted: a broken handler must not flood the log
                _logger.exception("the monitor could not take in %s", event.kind)

    def drop(self, reason: str) -> None:
        """Count what was not taken in."""
        self._dropped[reason] += 1

    def _on_venue_query(self, client_id: str, query: str, secs: float, outcome: str, error: str) -> None:
        if not self.venue.add(client_id, query, secs, outcome, self.redactor.text(error), time.time_ns()):
            self.drop("too_many")

    def _on_engine_check(self, check: str, secs: float, error: str) -> None:
        result = "failed" if error else "done"
        self.cycles.add(CycleStatus(time_ns=time.time_ns(), check=check, result=result, secs=round(secs, 6)))

    def _on_external_order(self, disposition: str) -> None:
        self.external[disposition] += 1

    def _on_synthetic_order(self) -> None:
        self.synthetic_orders += 1

    def _on_inferred_fill(self) -> None:
        self.inferred_fills += 1

    # -- what is looked at -------------------------------------------------------------------------------------------

    def _on_beat(self) -> None:
        """Count now and then, on the loop; a count that is slow makes itself rare."""
        now = time.perf_counter()
        if now < self._next_count or self._closed:
            return
        try:
            self.counts = self.eyes.counts()
            clients = self.eyes.clients()
            for client in clients:
                self.know(client)
            self.clients = clients
            if self.probe is not None and now >= self._next_event_count:
                self._event_counts = (time.monotonic_ns(), self.eyes.event_counts(COUNTED_ORDERS_MAX))
                self._next_event_count = now + COUNT_EVENTS_SECS
        except Exception:
            self.drop("handler_failed")
            if self._dropped["handler_failed"] == 1:
                _logger.exception("the node could not be counted")
        took_secs = time.perf_counter() - now
        self._next_count = now + max(self.config.poll_secs, took_secs / COUNT_SHARE_MAX)

    def know(self, client: ClientSight) -> None:
        """Make room for a client, and in verified mode for its account."""
        if not self.venue.know(client.client_id):
            self.drop("too_many")
        if client.account_id and self.identity.mode == "verified" and self.accounts.line(client.account_id) is not None:
            self.discrepancies.know(client.account_id)

    def _latest_event_counts(self) -> EventCounts:
        return self._event_counts

    def _make_log(self) -> EventLog | None:
        wanted = self.config.log_format
        if wanted is LogFormat.OFF:
            return None
        wanted = LogFormat.CONSOLE if wanted is LogFormat.AUTO else wanted
        return EventLog(wanted, self.config.log_file, {"trader_id": self.identity.trader_id})

    # -- what is told, on any thread ---------------------------------------------------------------------------------

    @property
    def last_check_ns(self) -> int:
        """Return when a check last gave an answer, 0 before the first."""
        return self.cycles.last_check_ns

    @property
    def periodic_checks(self) -> tuple[str, ...]:
        """Return the checks that are on."""
        return tuple(self.intervals_secs)

    @property
    def external_orders_count(self) -> int:
        """Return how many working orders no strategy of this node placed."""
        return self.counts.external_claimed + self.counts.external_unclaimed

    @property
    def inflight_orders_count(self) -> int:
        """Return how many orders wait for the venue's answer."""
        return self.counts.inflight

    def dropped(self) -> dict[str, int]:
        """Return what was not taken in or not said, by reason."""
        found = dict(self._dropped)
        found["listener_failed"] += sum(self.handle.announcer.listener_failures.copy().values())
        if self._log is not None:
            found["queue_full"] += self._log.dropped
            found["log_failed"] += self._log.failed
        return found

    def status(self) -> NodeStatus:
        """Return everything that is known now, as one value."""
        return status_of(self)
