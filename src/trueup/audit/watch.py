"""Audit every account of a file again and again, each in its own time, and tell what changed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from trueup.audit.account import AccountOutcome
from trueup.audit.accounts import AccountPlan
from trueup.audit.guard_demand import GuardDemand
from trueup.audit.journalling import AuditJournal
from trueup.audit.run import FileAuditor, guarded, refused_outcome
from trueup.audit.watch_status import WatchExporter, node_status
from trueup.audit.watched import WatchedAccount
from trueup.core.lifecycle import LifeState, Transition
from trueup.monitor.status import JournalStatus, NodeStatus

_logger = logging.getLogger("trueup.audit")

BEAT_SECS: Final = 1.0
TRANSITIONS_SAID_MAX: Final = 50
"""Lines about single differences after one audit; the rest is counted."""

Say = Callable[[str, Mapping[str, Any]], None]
"""Told each event: its kind, and plain values."""


class Watcher:
    """Watch the accounts of one file.

    Parameters
    ----------
    auditor : FileAuditor
        Audits them.
    say : Say
        Told what changes.
    journal : AuditJournal, optional
        Where it is recorded.
    demands : mapping of str to GuardDemand, optional
        By account, the way to the node's guard.
    """

    def __init__(
        self,
        auditor: FileAuditor,
        say: Say,
        *,
        journal: AuditJournal | None = None,
        demands: Mapping[str, GuardDemand] | None = None,
    ) -> None:
        self._auditor = auditor
        self._config = auditor.config.audit
        self._say = say
        self._journal = journal
        self._demands = dict(demands or {})
        self._started_ns = time.time_ns()
        self._beat_ns = 0
        self.accounts = [WatchedAccount(plan.name, auditor.trader_id_of(plan), plan.exchange) for plan in auditor.plans]
        self._exporter = WatchExporter(self.accounts, self._config)

    async def run(self, stop: asyncio.Event, *, cycles_max: int | None = None) -> None:
        """Watch until told to stop; whatever is under way then is left.

        Parameters
        ----------
        stop : asyncio.Event
            Ends it.
        cycles_max : int, optional
            Audits of each account after which it ends by itself.
        """
        tasks = [
            asyncio.create_task(self._watch(one, plan, cycles_max), name=f"watch {plan.name}")
            for one, plan in zip(self.accounts, self._auditor.plans, strict=True)
        ]
        beat = asyncio.create_task(self._beat())
        stopped = asyncio.create_task(stop.wait())
        done = asyncio.create_task(_all(tasks))
        try:
            await asyncio.wait({done, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*tasks, done, beat, stopped):
                task.cancel()
            await asyncio.gather(*tasks, done, beat, stopped, return_exceptions=True)

    def statuses(self) -> list[NodeStatus]:
        """Return the status of every node; safe from any thread."""
        by_trader: dict[str, list[WatchedAccount]] = {}
        for one in self.accounts:
            by_trader.setdefault(one.trader_id, []).append(one)
        return [
            node_status(
                accounts,
                self._config,
                started_ns=self._started_ns,
                beat_ns=self._beat_ns,
                journal=JournalStatus() if self._journal is None else self._journal.status(trader_id),
            )
            for trader_id, accounts in by_trader.items()
        ]

    def metrics(self) -> bytes:
        """Return the answer to a scrape; safe from any thread."""
        return self._exporter.render()

    # -- details -----------------------------------------------------------------------------------------------------

    async def _beat(self) -> None:
        while True:
            self._beat_ns = time.time_ns()
            await asyncio.sleep(BEAT_SECS)

    async def _watch(self, one: WatchedAccount, plan: AccountPlan, cycles_max: int | None) -> None:
        cycle = 0
        while cycles_max is None or cycle < cycles_max:
            cycle += 1
            await self._cycle(one, plan)
            if cycles_max is None or cycle < cycles_max:
                await asyncio.sleep(one.pause_secs(self._config))

    async def _cycle(self, one: WatchedAccount, plan: AccountPlan) -> None:
        auditor = self._auditor.auditors.get(plan.name)
        full = one.is_full_read_due(self._config.full_read_interval_secs)
        outcome = refused_outcome(plan) if auditor is None else await guarded(auditor, anew=full)
        before, is_first = one.state, one.outcome is None
        transitions = one.take(outcome, full=full)
        self._tell(one, outcome, before, transitions, is_first=is_first)
        if self._journal is not None:
            self._journal.record(outcome, transitions)
            if is_first:
                self._journal.settle(outcome, self._started_ns)
        await self._demand(one, outcome)

    async def _demand(self, one: WatchedAccount, outcome: AccountOutcome) -> None:
        demand = self._demands.get(one.name)
        if demand is None:
            return
        try:
            done = await asyncio.to_thread(demand.after, outcome)
        except Exception as error:
            # A guard that cannot be reached must not end the watch; that it cannot is said out loud.
            _logger.exception("the demand on the guard of %s failed", one.trader_id)
            done = f"the demand on the guard failed: {type(error).__name__}: {error}"
        if done:
            self._event(one, "guard", {"text": done})

    def _tell(
        self,
        one: WatchedAccount,
        outcome: AccountOutcome,
        before: str,
        transitions: tuple[Transition, ...],
        *,
        is_first: bool,
    ) -> None:
        result = outcome.result
        if is_first or result.state != before:
            why = (*result.unknowns, *(writer.line for writer in result.writers if writer.certain))
            data = {
                "verdict": result.state,
                "before": "" if is_first else before,
                "differences": result.discrepancies_total,
                "why": list(why),
                "secs": round(result.secs, 3),
                "looks": result.looks,
            }
            self._event(one, "verdict", data)
        for life in transitions[:TRANSITIONS_SAID_MAX]:
            word = "gone" if life.after is LifeState.RESOLVED else "differs"
            self._event(one, word, {"line": life.line, "kind": str(life.kind), "fingerprint": life.fingerprint})
        hidden = len(transitions) - TRANSITIONS_SAID_MAX
        if hidden > 0:
            self._event(one, "more", {"text": f"{hidden} more differences changed"})

    def _event(self, one: WatchedAccount, kind: str, data: Mapping[str, Any]) -> None:
        self._say(kind, {"account": one.name, "trader_id": one.trader_id, **data})


async def _all(tasks: list[asyncio.Task[None]]) -> None:
    await asyncio.gather(*tasks)
