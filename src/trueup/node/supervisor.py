"""All accounts of one node: the start-up, the continuous looks, the guard, and what is said of them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from trueup.core.lifecycle import Ledger
from trueup.model.verdicts import VerdictState
from trueup.node.account import AccountTruth
from trueup.node.binding import AccountPort, Hooks, NodeBinding
from trueup.node.changes import LifeChange
from trueup.node.handle import Handle
from trueup.node.look import Look, LookNote, TrueUpOutcome, together, unfinished
from trueup.node.monitor import Monitor
from trueup.node.outside import OutsideWatch
from trueup.node.pacing import collector_off, let_go
from trueup.node.phase import Phase
from trueup.node.settings import NodeSettings
from trueup.node.startup import StartUp, StartUpResult
from trueup.node.store_watch import StoreWatch

_logger = logging.getLogger("trueup.node")

STARTUP_SLACK_SECS = 1.0
"""For applying what was read just before the time was up."""
REPAIR_SETTLE_SECS = 10.0
"""How long a repair stays written down after it was done: the store's writer lags, by milliseconds when it is well."""
AGE_LOOKS = 2
AGE_QUERIES = 3
"""A verdict is stale when two looks, each of three queries that time out, should have confirmed it and none has."""
STORE_FIRST_SECS = 0.5
LINES_MAX = 50
SUSPICION_SECS_MIN = 1.0
"""The least time between two looks that suspicions ask for."""
GAP_SECS_MAX = 25.0
"""For a true-up after a gap. The hardened client holds its events back for 30 s at most, and must get them back."""
GAP_RETRY_SECS = 0.5
"""Between two tries while the venue does not answer whole, as it often does not when it has just cut a stream."""


class Supervisor:
    """Keep one node true.

    Parameters
    ----------
    binding : NodeBinding
        The node.
    settings : NodeSettings
        What the operator wants.
    handle : Handle
        Where everything is shown.
    store_watch : StoreWatch, optional
        What looks after the node's store, where it has one.
    """

    def __init__(
        self, binding: NodeBinding, settings: NodeSettings, handle: Handle, store_watch: StoreWatch | None = None
    ) -> None:
        self._store_watch = store_watch
        self._store_task: asyncio.Task[None] | None = None
        self._binding = binding
        self._settings = settings
        self._handle = handle
        self._monitors: dict[str, Monitor] = {}
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._latest: dict[str, TrueUpOutcome] = {}
        self._gaps_at_start: dict[str, str] = {}
        self._looked_late: set[str] = set()
        self._gap_tasks: set[asyncio.Task[None]] = set()
        self._accounts: tuple[AccountTruth, ...] = ()
        self._outside: OutsideWatch | None = None
        handle.bind_true_up(self.true_up)
        handle.bind_ledgers(self.ledgers)

    def hooks(self) -> Hooks:
        """Return what the engine must call."""
        return Hooks(start_up=self.start_up, suspect=self.suspect, after_gap=self.after_gap)

    def ledgers(self) -> dict[str, Ledger]:
        """Return the lives of the discrepancies, account by account. Safe on every thread: all of it is frozen."""
        return {account.account_id: account.ledger for account in self._accounts}

    def suspect(self, instrument_id: str) -> None:
        """Hear of something that the engine would have resolved by itself; look soon."""
        for monitor in self._monitors.values():
            monitor.suspects.add(instrument_id)
        self._wake.set()

    def ports(self) -> tuple[AccountPort, ...]:
        """Return the accounts; none before the start-up."""
        return tuple(account.port for account in self._accounts)

    async def between_looks[T](self, work: Callable[[], Awaitable[T]]) -> T:
        """Do work while no account is being looked at, and no event changes the node's books.

        A look plans on who owned what when it read the node, and long work gives the event loop its turns.
        """
        async with contextlib.AsyncExitStack() as stack:
            for monitor in self._monitors.values():
                await stack.enter_async_context(monitor.quiet())
            with self._binding.events_held():
                return await work()

    def watch_outside(self, watch: OutsideWatch) -> None:
        """Let every look be told to what acts on what nobody owns."""
        self._outside = watch

    # -- the start-up ------------------------------------------------------------------------------------------------

    async def start_up(self, timeout_secs: float) -> bool:
        """Make every account true, within the time; return whether the node may trade."""
        self._handle.enter(Phase.RECONCILING)
        limit_secs = self._settings.startup_timeout_secs or timeout_secs
        began = time.monotonic()
        accounts = [
            AccountTruth(port, self._settings, self._tell, self._tell_steps) for port in self._binding.accounts()
        ]
        self._accounts = tuple(accounts)
        if self._outside is not None:
            for account in accounts:
                self._outside.begin(account.port)
        try:
            with collector_off():
                async with asyncio.timeout(limit_secs + STARTUP_SLACK_SECS):
                    results = await asyncio.gather(*(self._start_account(account, limit_secs) for account in accounts))
        except TimeoutError:
            self._handle.fail(f"the start-up true-up was not done after {limit_secs:g} s")
            return False
        except Exception as error:
            _logger.exception("the start-up true-up failed")
            self._handle.fail(f"the start-up true-up failed with {type(error).__name__}: {error}")
            return False
        for result in results:
            self._show(result.outcome, during="start-up", secs=time.monotonic() - began)
        refused = [result for result in results if not result.may_trade]
        if refused:
            why = "; ".join(f"{r.outcome.verdict}: {r.reason}" for r in refused)
            self._handle.fail(f"the node could not be proven equal to the venue ({why}), so the trader is not started")
            return False
        for account, result in zip(accounts, results, strict=True):
            verified_ns = result.looked_ns
            assert verified_ns, "a proof needs a look"
            account.port.remember_verified(verified_ns)
            self._monitors[account.account_id] = Monitor(
                account, self._settings, self._binding.now_ns, verified_ns, self._note
            )
        self._handle.enter(Phase.RECONCILED)
        if self._store_watch is not None:
            self._store_task = asyncio.create_task(self._watch_store(self._store_watch), name="trueup-store-watch")
        if self._settings.open_check_interval_secs is not None:
            slowest_look_secs = (
                AGE_QUERIES * self._settings.query_timeout_secs + self._settings.open_check_interval_secs
            )
            self._handle.limit_age(self._settings.startup_delay_secs + AGE_LOOKS * slowest_look_secs)
            self._task = asyncio.create_task(self._watch(), name="trueup-monitor")
        for account_id, reason in self._gaps_at_start.items():
            task = asyncio.create_task(self.after_gap(account_id, reason), name="trueup-gap-at-start")
            self._gap_tasks.add(task)
            task.add_done_callback(self._gap_tasks.discard)
        return True

    async def _start_account(self, account: AccountTruth, limit_secs: float) -> StartUpResult:
        began_ns, began = self._binding.now_ns(), time.perf_counter()

        def told(look: Look | None, steps: int, failure: str) -> None:
            secs = time.perf_counter() - began
            note = LookNote(
                account_id=account.account_id,
                check="startup",
                began_ns=began_ns,
                secs=secs,
                look=look,
                steps=steps,
                failure=failure,
            )
            self._note(note)

        try:
            result = await StartUp(account, self._settings, began_ns).run(limit_secs)
        except asyncio.CancelledError:
            told(None, 0, f"not done after {limit_secs:g} s")
            raise
        except Exception as error:
            told(None, 0, f"{type(error).__name__}: {error}")
            raise
        told(result.look, result.outcome.steps_count, "")
        piles = account.forget_history()
        if result.look is not None:
            piles += result.look.piles()
        result = result.without_look()
        await let_go(piles)
        self._settle_repairs(account)
        return result

    # -- while the node runs -----------------------------------------------------------------------------------------

    async def true_up(self) -> TrueUpOutcome:
        """Make every account true now, and return what came of it."""
        if not self._monitors:
            reason = self._handle.failure or "the start-up true-up is not done"
            return self._handle.last_outcome or TrueUpOutcome(problems=(reason,))
        outcomes = [await self._true_up_one(monitor, "on demand", "demand") for monitor in self._monitors.values()]
        self._after_looks()
        return together(outcomes)

    async def after_gap(self, account_id: str, reason: str) -> None:
        """Make an account true after a gap in its event stream; bounded, and never raises.

        A gap during the start-up is looked into right after it: the start-up may have read the venue before the gap.
        """
        self._handle.doubt(account_id)
        monitor = self._monitors.get(account_id)
        if monitor is None:
            self._gaps_at_start[account_id] = reason
            return
        self._handle.announcer.say("stream_gap", account_id=account_id, reason=reason)
        try:
            async with asyncio.timeout(GAP_SECS_MAX):
                while True:
                    outcome = await self._true_up_one(monitor, "after a gap", "gap")
                    self._after_looks()
                    if outcome.verdict is not VerdictState.UNKNOWN:
                        self._handle.settle(account_id)
                        return
                    await asyncio.sleep(GAP_RETRY_SECS)
        except TimeoutError:
            # The next look of the monitor is a deep one, and until then no verdict from before the gap stands.
            self._looked_late.add(account_id)
            monitor.suspects.add(account_id)
            self._wake.set()
            text = f"the account was not made true within {GAP_SECS_MAX:g} s of a gap in its stream ({reason})"
            self._handle.announcer.say("problem", text=text)
        except Exception:
            _logger.exception("after a gap in the stream")

    async def _true_up_one(self, monitor: Monitor, during: str, check: str) -> TrueUpOutcome:
        outcome, failure = await self._guarded(monitor.true_up(check))
        if outcome is None:
            # Not shown: what an earlier look found stands until a look says otherwise, or until it is too old.
            return unfinished(monitor.account.account_id, self._binding.now_ns(), f"the true-up failed with {failure}")
        self._show(outcome, during=during)
        return outcome

    async def _watch_store(self, watch: StoreWatch) -> None:
        await asyncio.sleep(STORE_FIRST_SECS)  # the trader starts right after this start-up
        await watch.run(self._binding.is_trading)

    async def _watch(self) -> None:
        await asyncio.sleep(self._settings.startup_delay_secs)
        self._handle.enter(Phase.MONITORING)
        interval_secs = self._settings.open_check_interval_secs
        assert interval_secs is not None, "without an interval there is nothing to watch"
        while True:
            try:
                async with asyncio.timeout(interval_secs):
                    await self._wake.wait()
                await asyncio.sleep(min(SUSPICION_SECS_MIN, interval_secs))
            except TimeoutError:
                pass
            self._wake.clear()
            if not self._binding.is_trading():
                return  # the node stops: the engine skips every report from here on
            for monitor in self._monitors.values():
                outcome, failure = await self._guarded(monitor.cycle())
                if outcome is not None:
                    self._show(outcome, during="monitoring")
                elif not failure:
                    self._handle.confirm(monitor.account.account_id, monitor.looked_at)
            self._after_looks()

    def _tell(self, changes: Iterator[LifeChange]) -> None:
        """Say the first changes to everybody; the rest of a flood is for the observers alone, who are bounded."""
        for number, change in enumerate(changes):
            tell = self._handle.announcer.say if number < LINES_MAX else self._handle.announcer.note
            tell("discrepancy", **change.as_data())

    def _tell_steps(self, data: Mapping[str, Any]) -> None:
        self._handle.announcer.note("steps", **data)

    def _note(self, note: LookNote) -> None:
        self._handle.announcer.note("look", **note.as_data())
        if self._outside is None or note.look is None or note.failure:
            return
        for account in self._accounts:
            if account.account_id == note.account_id:
                self._outside.see(account.port, note.look)

    async def _guarded(self, work: Awaitable[TrueUpOutcome | None]) -> tuple[TrueUpOutcome | None, str]:
        """Do work that must never end the loop, whatever an adapter or a record does; return it and what failed."""
        try:
            return await work, ""
        except Exception as error:
            _logger.exception("a true-up failed")
            failure = f"{type(error).__name__}: {error}"
            self._handle.announcer.say("problem", text=failure)
            return None, failure

    def _after_looks(self) -> None:
        for monitor in self._monitors.values():
            self._settle_repairs(monitor.account)
            if monitor.account.port.verified_ns() != monitor.verified_ns:
                monitor.account.port.remember_verified(monitor.verified_ns)
        self._handle.looked()

    def _began(self, account_id: str) -> float:
        """Return when the last look at an account began; during the start-up, just now."""
        monitor = self._monitors.get(account_id)
        return time.monotonic() if monitor is None else monitor.looked_at

    def _settle_repairs(self, account: AccountTruth) -> None:
        done = account.port.take_repairs()
        if done:
            asyncio.get_running_loop().call_later(REPAIR_SETTLE_SECS, account.port.finish_repairs, done)

    def _show(self, outcome: TrueUpOutcome, *, during: str, secs: float | None = None) -> None:
        """Show what came of looking at one account, or at several, beside the last word on the others."""
        looked_at = {verdict.account_id for verdict in outcome.verdicts}
        if outcome.verdict is not VerdictState.UNKNOWN:
            for account_id in looked_at & self._looked_late:
                self._looked_late.discard(account_id)
                self._handle.settle(account_id)
        others = [one for account_id, one in self._latest.items() if account_id not in looked_at]
        if len(looked_at) == 1:
            # Steps were done once; the account's word stands until the next look at it.
            self._latest[next(iter(looked_at))] = replace(outcome, steps=(), steps_more=0, problems=())
        outcome = together([*others, outcome])
        changed = self._handle.keep(outcome, {account_id: self._began(account_id) for account_id in looked_at})
        if not changed and not outcome.steps and during == "monitoring":
            return
        said: dict[str, Any] = {
            "verdict": outcome.verdict.value,
            "during": during,
            "discrepancies": len(outcome.discrepancies),
            "kinds": sorted({one.kind.value for one in outcome.discrepancies}),
            "steps": outcome.steps_count,
            "lines": list(outcome.lines[:LINES_MAX]),
        }
        if secs is not None:
            said["secs"] = round(secs, 3)
        self._handle.announcer.say("verdict", **said)
        if outcome.verdict is not VerdictState.CLEAN:
            _logger.warning("%s: %s", outcome.verdict, "; ".join(outcome.lines[:5]))
