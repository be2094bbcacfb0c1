"""The monitor of one node: it hears and sees, counts, and tells any thread at any time how the node is."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import trueup
from trueup.config.sight.monitor import LogFormat, MonitorConfig
from trueup.model.guard import GuardState
from trueup.model.phase import Phase
from trueup.model.verdicts import VerdictState
from trueup.monitor.account_book import AccountBook, AccountLine
from trueup.monitor.cycle_book import CycleBook
from trueup.monitor.discrepancy_book import DiscrepancyBook
from trueup.monitor.event_log import EventLog
from trueup.monitor.eyes import ClientSight, NodeCounts, NodeEyes, Taps
from trueup.monitor.loop_sampler import LoopSampler
from trueup.monitor.redaction import Redactor
from trueup.monitor.startup_book import StartupBook
from trueup.monitor.status import (
    AccountStatus,
    CycleStatus,
    GuardChange,
    GuardStatus,
    JournalStatus,
    LoopStatus,
    NodeStatus,
    OrdersStatus,
    StoreStatus,
)
from trueup.monitor.store_probe import EventCounts, StoreProbe
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
LINES_MAX = 20
GUARD_HISTORY_MAX = 50
NATIVE_LINE = "in native mode the engine reconciles by itself, and nothing here proves it right: run trueup audit"


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
        self._redactor = redactor or Redactor()
        self._log = self._make_log()
        self._lines: tuple[str, ...] = ()
        self._guard = GuardStatus(since_ns=self.started_ns)
        self._store_said: tuple[str, int] | None = None
        self._event_counts: EventCounts = (0, {})
        self._next_count = 0.0
        self._next_event_count = 0.0
        self._show_guard: Callable[[], GuardStatus] | None = None
        self._show_journal: Callable[[], JournalStatus] | None = None
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
        if self._log is not None:
            self._log.start()
        if self.probe is not None:
            self.probe.start()
        self._node_loop.call_soon(self.loop.begin, self._node_loop, self._on_beat)

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
        self._show_guard = show

    def show_journal(self, show: Callable[[], JournalStatus]) -> None:
        """Let the journal itself say how it is; called on any thread."""
        self._show_journal = show

    # -- what the node's events say ----------------------------------------------------------------------------------

    def hear(self, event: LifeCycleEvent) -> None:
        """Take an event in. On the node's loop, and quick: nothing here asks, waits or raises."""
        try:
            handler = getattr(self, f"_on_{event.kind}", None)
            if handler is not None:
                handler(event.data, event.time_ns)
            if self._log is not None and event.kind != "look":
                self._log.put(event)
        except Exception:
            self._dropped["handler_failed"] += 1
            if self._dropped["handler_failed"] == 1:  # the rest is counted: a broken handler must not flood the log
                _logger.exception("the monitor could not take in %s", event.kind)

    def _on_phase(self, data: Mapping[str, Any], time_ns: int) -> None:
        self.startup.enter(Phase(data["phase"]), time_ns)
        if data["phase"] == Phase.RECONCILING:
            for client in self.eyes.clients():
                self._know(client)

    def _on_look(self, data: Mapping[str, Any], time_ns: int) -> None:
        line = self.accounts.line(data["account_id"])
        if line is None or not self.discrepancies.know(data["account_id"]):
            self._dropped["too_many"] += 1
            return
        line.take(data, time_ns)
        failed = bool(data["failure"])
        self.problems += failed
        cycle = CycleStatus(
            time_ns=time_ns,
            check=data["check"],
            result="failed" if failed else data["verdict"].lower(),
            secs=round(data["secs"], 6),
            verdict=data["verdict"],
            discrepancies=data.get("discrepancies", 0),
            steps=data["steps"],
        )
        self.cycles.add(cycle)

    def _on_discrepancy(self, data: Mapping[str, Any], _time_ns: int) -> None:
        if not self.discrepancies.add(data, timed_from_ns=self.startup.monitoring_since_ns):
            self._dropped["too_many"] += 1

    def _on_verdict(self, data: Mapping[str, Any], _time_ns: int) -> None:
        self._lines = tuple(data["lines"][:LINES_MAX])

    def _on_stream_gap(self, data: Mapping[str, Any], _time_ns: int) -> None:
        line = self.accounts.line(data["account_id"])
        if line is not None:
            line.gaps += 1

    def _on_problem(self, _data: Mapping[str, Any], _time_ns: int) -> None:
        self.problems += 1

    def _on_store(self, data: Mapping[str, Any], time_ns: int) -> None:
        self._store_said = (data["state"], time_ns)
        self.store_losses += data["state"] == "LOST"
        self.store_rewritten += int(data.get("rewritten", 0))

    def _on_guard(self, data: Mapping[str, Any], time_ns: int) -> None:
        state = data["state"]
        if state not in self.guard_changes:
            return
        self.guard_changes[state] += 1
        change = GuardChange(time_ns=time_ns, state=state, reason=data["reason"], source=data.get("source", "trueup"))
        self._guard = GuardStatus(
            state=state,
            since_ns=time_ns,
            reason=change.reason,
            source=change.source,
            history=(*self._guard.history, change)[-GUARD_HISTORY_MAX:],
        )

    def _on_stopped(self, _data: Mapping[str, Any], _time_ns: int) -> None:
        self.counts = NodeCounts(trading_state=self.counts.trading_state)

    # -- what the taps say -------------------------------------------------------------------------------------------

    def _on_venue_query(self, client_id: str, query: str, secs: float, outcome: str, error: str) -> None:
        if not self.venue.add(client_id, query, secs, outcome, self._redactor.text(error), time.time_ns()):
            self._dropped["too_many"] += 1

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
                self._know(client)
            self.clients = clients
            if self.probe is not None and now >= self._next_event_count:
                self._event_counts = (time.monotonic_ns(), self.eyes.event_counts(COUNTED_ORDERS_MAX))
                self._next_event_count = now + COUNT_EVENTS_SECS
        except Exception:
            self._dropped["handler_failed"] += 1
            if self._dropped["handler_failed"] == 1:
                _logger.exception("the node could not be counted")
        took_secs = time.perf_counter() - now
        self._next_count = now + max(self.config.poll_secs, took_secs / COUNT_SHARE_MAX)

    def _know(self, client: ClientSight) -> None:
        if not self.venue.know(client.client_id):
            self._dropped["too_many"] += 1
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

    def guard_status(self) -> GuardStatus:
        """Return how the guard is, by its own word where there is a guard."""
        if self._show_guard is not None:
            try:
                return self._show_guard()
            except Exception:
                self._dropped["handler_failed"] += 1
        said = self._guard
        return GuardStatus(
            state=said.state,
            effective=self.counts.trading_state,
            since_ns=said.since_ns,
            reason=said.reason,
            source=said.source,
            history=said.history,
        )

    def journal_status(self) -> JournalStatus:
        """Return how the journal is, by its own word."""
        if self._show_journal is not None:
            try:
                return self._show_journal()
            except Exception:
                self._dropped["handler_failed"] += 1
        return JournalStatus()

    def store_status(self) -> StoreStatus:
        """Return how the store is: what the node's own watch said last counts before the probe's finding."""
        if self.probe is None:
            return StoreStatus()
        found = self.probe.status
        if self._store_said is None or self._store_said[0] == "PRESENT":
            return found
        state, since_ns = self._store_said
        return StoreStatus(
            state=state,
            since_ns=since_ns,
            persistent=found.persistent,
            write_behind_events=found.write_behind_events,
            write_behind_ns=found.write_behind_ns,
            ping_ms=None if state == "LOST" else found.ping_ms,
            detail=found.detail,
        )

    def loop_status(self) -> LoopStatus:
        """Return how the event loop is."""
        half, most = self.loop.seconds.quantiles(0.5, 0.99)
        return LoopStatus(
            heartbeat_ns=self.loop.beat_ns,
            lag_ms_p50=None if half is None else round(half * 1000, 3),
            lag_ms_p99=None if most is None else round(most * 1000, 3),
            lag_ms_max=round(self.loop.lag_max_secs * 1000, 3),
        )

    def account_statuses(self) -> tuple[AccountStatus, ...]:
        """Return what each account's last verdict is worth now."""
        worth = {verdict.account_id: verdict.state for verdict in self.handle.verdicts}
        if self.handle.last_verdict is VerdictState.UNKNOWN:
            worth = {name: VerdictState.UNKNOWN if s is VerdictState.CLEAN else s for name, s in worth.items()}
        clients = {client.account_id: client.client_id for client in self.clients}
        return tuple(
            AccountStatus(
                account_id=account_id,
                client_id=clients.get(account_id, ""),
                verdict=worth.get(account_id, VerdictState.UNKNOWN).value,
                time_ns=line.time_ns,
                window_from_ns=line.window_from_ns,
                discrepancies=line.discrepancies,
                pending=line.pending,
                unknowns=line.unknowns,
                coverage=line.coverage_status(),
            )
            for account_id, line in self.accounts.lines.copy().items()
        )

    def unknown_since_ns(self, line: AccountLine) -> int:
        """Return since when an account whose verdict is UNKNOWN has been so."""
        if line.unknown_since_ns is not None:
            return line.unknown_since_ns
        limit_secs = self.handle.age_secs_max
        if not line.time_ns or not math.isfinite(limit_secs):
            return self.started_ns
        return line.time_ns + int(limit_secs * 1e9)

    def status(self) -> NodeStatus:
        """Return everything that is known now, as one value."""
        now_ns = time.time_ns()
        handle, counts, identity = self.handle, self.counts, self.identity
        shown, hidden = self.discrepancies.open_now(handle.ledgers, self.config.discrepancies_shown)
        verdict = handle.last_verdict
        age_secs = handle.verdict_age_secs
        native = identity.mode == "native"
        return NodeStatus(
            trueup_version=self.version,
            engine_version=identity.engine_version,
            trader_id=identity.trader_id,
            instance_id=identity.instance_id,
            environment=identity.environment,
            mode=identity.mode,
            started_ns=self.started_ns,
            now_ns=now_ns,
            phase=handle.phase.value,
            phase_since_ns=self.startup.phase_since_ns,
            failure=self._redactor.text(handle.failure),
            is_reconciled=handle.is_reconciled,
            verdict=(verdict or VerdictState.UNKNOWN).value,
            verdict_ns=now_ns - int(age_secs * 1e9) if math.isfinite(age_secs) else 0,
            verdict_age_secs_max=handle.age_secs_max if math.isfinite(handle.age_secs_max) else None,
            lines=(NATIVE_LINE,) if native else self._lines_now(verdict, age_secs),
            startup_secs=self.startup.took_secs,
            last_check_ns=self.last_check_ns,
            pending_discrepancies=handle.pending_discrepancies,
            external_orders_count=self.external_orders_count,
            inflight_orders_count=counts.inflight,
            accounts=self.account_statuses(),
            discrepancies=shown,
            discrepancies_hidden=max(hidden, handle.pending_discrepancies - len(shown)),
            resolved_lately=tuple(reversed(self.discrepancies.lately.copy())),
            cycles=tuple(self.cycles.latest.copy()),
            venue=self.venue.status(),
            orders=OrdersStatus(
                open=counts.open,
                inflight=counts.inflight,
                inflight_oldest_ns=counts.inflight_oldest_ns,
                external_claimed=counts.external_claimed,
                external_unclaimed=counts.external_unclaimed,
                external_filtered=self.external["filtered"],
                inferred_fills=self.inferred_fills,
                synthetic_orders=self.synthetic_orders,
            ),
            guard=self.guard_status(),
            store=self.store_status(),
            loop=self.loop_status(),
            journal=self.journal_status(),
            events_dropped=sum(self.dropped().values()),
        )

    def _lines_now(self, verdict: VerdictState | None, age_secs: float) -> tuple[str, ...]:
        """Return why the verdict is what it is, in words."""
        if verdict is None:
            return (self._redactor.text(self.handle.failure),) if self.handle.failure else ("no look has ended yet",)
        if verdict is VerdictState.UNKNOWN and not self._lines:
            return (f"no look has confirmed the last verdict, CLEAN, for {age_secs:.0f} s",)
        return self._lines
