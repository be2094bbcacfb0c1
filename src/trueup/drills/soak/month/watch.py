"""What watches the node of a simulated month, all as it is: core, monitor, journal and guard."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trueup.config.sight.monitor import LogFormat, MonitorConfig
from trueup.core.diff import Comparison, compare
from trueup.core.lifecycle import Cycle, Ledger, LifeState, advance, unobserved
from trueup.core.plan import plan
from trueup.core.two_look import Looks, take_look
from trueup.drills.soak.month.venue import ACCOUNT_ID
from trueup.guard.defaults import DEFAULT_ROWS
from trueup.guard.eyes import HandleEyes
from trueup.guard.node_guard import NodeGuard
from trueup.guard.policy import GuardPolicy
from trueup.journal.events import EntryMaker
from trueup.journal.place import Place
from trueup.journal.reader import JournalReader
from trueup.journal.settings import JournalSettings
from trueup.journal.storage import Storage
from trueup.journal.values import Entry
from trueup.journal.values import Source as JournalSource
from trueup.journal.verify import verify
from trueup.model.discrepancies import Discrepancy
from trueup.model.guard import GuardState
from trueup.model.phase import Phase
from trueup.model.plans import Plan
from trueup.model.snapshots import NodeSnapshot, VenueSnapshot
from trueup.model.steps import Refusal
from trueup.model.verdicts import DEFAULT_CLAIMS, Verdict, VerdictState, verdict_of
from trueup.monitor.exporter import NodeExporter
from trueup.monitor.eyes import ClientSight, Identity, NodeCounts, Taps
from trueup.monitor.node_monitor import NodeMonitor
from trueup.node.announcer import LifeCycleEvent
from trueup.node.changes import changes_of
from trueup.node.handle import Handle

RETENTION_DAYS = 7
"""Of the journal: short, so that a month passes it four times."""


class _Eyes:
    """See what the month says of its node."""

    def __init__(self, trader_id: str) -> None:
        self.identity = Identity(trader_id=trader_id, instance_id="month", environment="live", mode="verified")
        self._client = ClientSight(client_id="BINANCE", account_id=ACCOUNT_ID, connected=True)

    def counts(self) -> NodeCounts:
        return NodeCounts(trading_state="ACTIVE", is_trading=True)

    def clients(self) -> tuple[ClientSight, ...]:
        return (self._client,)

    def event_counts(self, _orders_max: int) -> Mapping[str, int]:
        return {}

    def tap(self, _taps: Taps) -> None:
        """Tell nothing: no adapter is there."""


class _Effect:
    """Hold the trading state that the guard sets; the month's strategy obeys it."""

    def __init__(self) -> None:
        self.state = GuardState.ACTIVE

    def set_state(self, state: GuardState) -> None:
        self.state = state

    def read_state(self) -> GuardState:
        return self.state

    def obstacle(self) -> str:
        return ""

    def loophole(self) -> str:
        return ""


@dataclass(slots=True)
class _Shown:
    """Show the last look, as a node's handle does."""

    last_verdict: VerdictState | None = None
    verdicts: tuple[Verdict, ...] = ()
    last_outcome: Any = None
    ledgers: Mapping[str, Ledger] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Outcome:
    refused: tuple[Refusal, ...]
    discrepancies: tuple[Discrepancy, ...]


class MonthWatch:
    """Look at one node of a simulated month.

    Parameters
    ----------
    trader_id : str
        The node.
    directory : Path
        For the journal.
    now_ns : Callable[[], int]
        The clock that is stepped.
    """

    def __init__(self, trader_id: str, directory: Path, now_ns: Callable[[], int]) -> None:
        self._directory = directory
        self._now_ns = now_ns
        self.ledger = Ledger()
        self._looks = Looks()
        self._shown = _Shown()
        loop = asyncio.new_event_loop()
        self.monitor = NodeMonitor(_Eyes(trader_id), Handle(), MonitorConfig(log_format=LogFormat.OFF), loop)
        loop.close()  # it is never run: the monitor is told everything by hand
        self._exporter = NodeExporter(self.monitor)
        self.monitor.know(_Eyes(trader_id).clients()[0])
        self.effect = _Effect()
        eyes = HandleEyes(self._shown, now_ns)
        policy = GuardPolicy(rows=DEFAULT_ROWS)
        self.guard = NodeGuard(policy, self.effect, eyes, say=self.say, now_ns=now_ns)
        self._place = Place.parse(directory / "journal.sqlite3")
        self._maker = EntryMaker(JournalSettings().heartbeat_secs)
        self._entries: list[Entry] = []
        self._storage = Storage.open(
            self._place, JournalSource(trader_id=trader_id), JournalSettings(retention_days=RETENTION_DAYS)
        )
        self.pruned = 0
        self.counts: Counter[str] = Counter()
        self.guard.enter(Phase.RECONCILED)
        self.guard.enter(Phase.MONITORING)

    def say(self, kind: str, /, **data: Any) -> None:
        """Tell an event to the monitor and the journal, at the time of the clock that is stepped."""
        event = LifeCycleEvent(kind, self._now_ns(), data)
        self.monitor.hear(event)
        self._entries += self._maker.entries(event)

    def look(self, venue: VenueSnapshot, node: NodeSnapshot) -> Plan:
        """Compare both sides, follow the lives of what differs, and plan what two looks agree on."""
        comparison = compare(venue, node)
        found = comparison.discrepancies
        result = take_look(self._looks, found, venue, node)
        self._looks = result.looks
        given_up = {name for name, life in self.ledger.open.items() if life.state is LifeState.GIVEN_UP}
        act_on = tuple(one for one in result.act_on if one.fingerprint not in given_up)
        made = plan(act_on, venue, node, observed=found)
        refused = {name: one.reason for one in made.refused for name in one.fingerprints}
        confirmed = frozenset(one.fingerprint for one in act_on)
        cycle = Cycle(
            time_ns=venue.ended_ns,
            discrepancies=found,
            confirmed=confirmed,
            healed=confirmed - refused.keys() if made.steps else frozenset(),
            refused=refused,
            unobserved=unobserved(self.ledger, venue),
        )
        before = self.ledger
        self.ledger, transitions = advance(before, cycle)
        for change in changes_of(ACCOUNT_ID, before, self.ledger, transitions, found):
            self.say("discrepancy", **change.as_data())
        self._tell(comparison, venue, made)
        return made

    def _tell(self, comparison: Comparison, venue: VenueSnapshot, made: Plan) -> None:
        found = comparison.discrepancies
        verdict = verdict_of(
            account_id=ACCOUNT_ID,
            time_ns=venue.ended_ns,
            coverage=venue.coverage,
            claims=DEFAULT_CLAIMS,
            discrepancies=found,
            pending_count=len(comparison.pending),
        )
        self.counts[f"looks {verdict.state.value}"] += 1
        self._shown.last_verdict, self._shown.verdicts = verdict.state, (verdict,)
        self._shown.last_outcome = _Outcome(made.refused, found)
        self._shown.ledgers = {ACCOUNT_ID: self.ledger}
        self.say(
            "look",
            account_id=ACCOUNT_ID,
            check="deep",
            began_ns=venue.started_ns,
            secs=0.0,
            steps=len(made.steps),
            failure="",
            verdict=verdict.state.value,
            verdict_ns=verdict.time_ns,
            discrepancies=len(found),
            pending=len(comparison.pending),
            unknowns=list(verdict.unknowns),
            window_from_ns=venue.started_ns,
            coverage={"FILLS": "complete", "ORDERS_OPEN": "complete", "POSITIONS": "complete"},
        )
        self.guard.looked()

    def write(self) -> None:
        """Write what was said into the journal, and prune it."""
        entries, self._entries = self._entries, []
        if entries:
            self._storage.write(entries)
        self.pruned += self._storage.prune(self._now_ns())

    def sizes(self) -> dict[str, float]:
        """Return how much is held by what watches."""
        text = self._exporter.render()
        bytes_on_disk = sum(one.stat().st_size for one in self._directory.glob("journal.sqlite3*"))
        series = [line for line in text.splitlines() if line and not line.startswith(b"#")]
        return {
            "lives_open": float(len(self.ledger.open)),
            "lives_ended": float(len(self.ledger.ended)),
            "sightings": float(len(self._looks.sightings)),
            "metric_series": float(len(series)),
            "guard_changes": float(len(self.guard.book.history)),
            "journal_rows": float(self._storage.rows),
            "journal_bytes": float(bytes_on_disk),
        }

    def close(self) -> bool:
        """End the journal; return whether its chain can be proven from its first to its last entry."""
        self._storage.close()
        with JournalReader.open(self._place) as reader:
            return verify(reader).is_whole
