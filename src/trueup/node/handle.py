"""What ``attach`` gives back: a look at how true the node is, and a way to ask for a true-up."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from trueup.core.lifecycle import Ledger
from trueup.errors import NodeError
from trueup.model.coverage import Coverage
from trueup.model.discrepancies import Discrepancy
from trueup.model.verdicts import Verdict, VerdictState
from trueup.node.announcer import Announcer, Listener
from trueup.node.look import TrueUpOutcome
from trueup.node.phase import Phase

if TYPE_CHECKING:
    from trueup.monitor.node_monitor import NodeMonitor
    from trueup.monitor.status import NodeStatus
    from trueup.node.claiming import NodeClaims
    from trueup.node.sight import Sight


class Handle:
    """Show the state of one attached node.

    Made by ``trueup.attach``; it belongs to the event loop of the node. Only `status` and `close` are for every thread.
    """

    def __init__(self, announcer: Announcer | None = None) -> None:
        self._announcer = announcer or Announcer()
        self._phase = Phase.INITIALIZING
        self._failure = ""
        self._outcome: TrueUpOutcome | None = None
        self._looked_at: dict[str, float] = {}
        self._age_secs_max = math.inf
        self._doubted: set[str] = set()
        self._after_looks: Callable[[], None] = lambda: None
        self._true_up: Callable[[], Awaitable[TrueUpOutcome]] | None = None
        self._ledgers: Callable[[], Mapping[str, Ledger]] = dict
        self._monitor: NodeMonitor | None = None
        self._sight: Sight | None = None
        self._claims: NodeClaims | None = None

    @property
    def phase(self) -> Phase:
        """Return the phase of the node."""
        return self._phase

    @property
    def failure(self) -> str:
        """Return why the node does not trade, or an empty text."""
        return self._failure

    @property
    def last_verdict(self) -> VerdictState | None:
        """Return what the last verdict of all accounts together is worth now, None before the first.

        A verdict has an age: a CLEAN that no later look confirmed in time is UNKNOWN. So is one from before a gap in
        an account's event stream, until that account was looked at again.
        """
        if self._outcome is None:
            return None
        state = self._outcome.verdict
        if state is VerdictState.CLEAN and self._doubted:
            return VerdictState.UNKNOWN
        if state is VerdictState.CLEAN and self.verdict_age_secs > self._age_secs_max:
            return VerdictState.UNKNOWN
        return state

    @property
    def verdict_age_secs(self) -> float:
        """Return how long ago the last look that confirms the verdict began, in seconds: of all accounts the oldest.

        Of a look that is paced over minutes only the beginning is sure: what happened later it may have missed.
        """
        return time.monotonic() - min(self._looked_at.values(), default=-math.inf)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Return the last verdict of each account, with its time and its reach."""
        return () if self._outcome is None else self._outcome.verdicts

    @property
    def coverage(self) -> dict[str, Coverage]:
        """Return how far the venue was read at the last look, account by account."""
        return {} if self._outcome is None else self._outcome.coverage

    @property
    def discrepancies(self) -> tuple[Discrepancy, ...]:
        """Return what differed at the last look."""
        return () if self._outcome is None else self._outcome.discrepancies

    @property
    def last_outcome(self) -> TrueUpOutcome | None:
        """Return everything about the last look that was not a clean cheap one."""
        return self._outcome

    @property
    def lines(self) -> tuple[str, ...]:
        """Return the last outcome in words, one line for each difference, unknown or refusal.

        There is at least one whenever there is a verdict other than CLEAN.
        """
        if self._outcome is None:
            return ()
        if self.last_verdict is VerdictState.UNKNOWN and self._outcome.verdict is VerdictState.CLEAN:
            return (f"no look has confirmed the last verdict, CLEAN, for {self.verdict_age_secs:.0f} s",)
        return self._outcome.lines

    @property
    def is_reconciled(self) -> bool:
        """Return whether the node is true to its venues: proven, or in native mode by the engine's own word."""
        if self._phase not in {Phase.RECONCILED, Phase.MONITORING}:
            return False
        return self._true_up is None or self.last_verdict is VerdictState.CLEAN

    @property
    def last_check_time(self) -> datetime | None:
        """Return when a check last ended, None before the first and without a monitor."""
        time_ns = 0 if self._monitor is None else self._monitor.last_check_ns
        return datetime.fromtimestamp(time_ns / 1e9, tz=UTC) if time_ns else None

    @property
    def pending_discrepancies(self) -> int:
        """Return how many differences there are now."""
        return max(len(self.discrepancies), sum(len(ledger.open) for ledger in self._ledgers().values()))

    @property
    def external_orders_count(self) -> int:
        """Return how many working orders no strategy of this node placed; 0 without a monitor."""
        return 0 if self._monitor is None else self._monitor.external_orders_count

    @property
    def inflight_orders_count(self) -> int:
        """Return how many orders wait for the venue's answer; 0 without a monitor."""
        return 0 if self._monitor is None else self._monitor.inflight_orders_count

    def status(self) -> NodeStatus:
        """Return everything that is known of the node, as one value. Safe on every thread.

        Raises
        ------
        NodeError
            If the node was attached without a monitor.
        """
        if self._monitor is None:
            raise NodeError("the node has no monitor", action="set enabled = true in [monitor]")
        return self._monitor.status()

    def close(self, secs_max: float | None = None) -> None:
        """End what watches the node: flush and close logs, journal and endpoint. The node itself is not touched.

        Parameters
        ----------
        secs_max : float, optional
            How long that may take; 5 s unless told otherwise.
        """
        if self._sight is None:
            return
        if secs_max is None:
            self._sight.close()
        else:
            self._sight.close(secs_max)

    async def true_up(self) -> TrueUpOutcome:
        """Look at both sides now, heal what differs, and look again.

        Returns
        -------
        TrueUpOutcome
            With ``verdict``, ``coverage``, ``discrepancies`` and ``steps``.

        Raises
        ------
        NodeError
            In native mode, where trueup only observes.
        """
        if self._true_up is None:
            raise NodeError("a node in native mode cannot be trued up", action='set mode = "verified"')
        return await self._true_up()

    @property
    def claims(self) -> NodeClaims:
        """Return the claims of the node: ``all()``, ``explain(...)``, ``await add(...)``, ``await remove(...)``."""
        assert self._claims is not None, "attach binds them"
        return self._claims

    def listen(self, listener: Listener) -> None:
        """Call the listener on every later event in the node's life, on the node's event loop."""
        self._announcer.listen(listener)

    # -- for the machinery of this package ---------------------------------------------------------------------------

    @property
    def announcer(self) -> Announcer:
        """Return what tells the listeners."""
        return self._announcer

    def bind_true_up(self, true_up: Callable[[], Awaitable[TrueUpOutcome]]) -> None:
        """Give the handle what a true-up on demand calls."""
        self._true_up = true_up

    def bind_claims(self, claims: NodeClaims) -> None:
        """Give the handle the claims of its node."""
        self._claims = claims

    def bind_ledgers(self, ledgers: Callable[[], Mapping[str, Ledger]]) -> None:
        """Give the handle what tells the lives of the discrepancies, account by account; frozen values."""
        self._ledgers = ledgers

    def outlive_node(self) -> None:
        """Let what watches the node live until `close`, beyond ``node.dispose()``: there is more to say."""
        if self._sight is not None:
            self._sight.ends_with_node = False

    def bind_sight(self, sight: Sight, monitor: NodeMonitor | None) -> None:
        """Give the handle what watches the node."""
        self._sight = sight
        self._monitor = monitor

    @property
    def ledgers(self) -> Mapping[str, Ledger]:
        """Return the lives of the discrepancies, account by account."""
        return self._ledgers()

    @property
    def age_secs_max(self) -> float:
        """Return the age at which a CLEAN verdict becomes UNKNOWN; infinite where none does."""
        return self._age_secs_max

    def limit_age(self, secs: float) -> None:
        """Let a verdict go stale when no look has confirmed it for so long; without looks it never does."""
        self._age_secs_max = secs

    def after_looks(self, hear: Callable[[], None]) -> None:
        """Call something after every round of looks, when all that they found is shown here."""
        self._after_looks = hear

    def looked(self) -> None:
        """Note that every account was looked at."""
        self._after_looks()

    def doubt(self, account_id: str) -> None:
        """Note that something may have happened on an account since the last look at it."""
        self._doubted.add(account_id)

    def settle(self, account_id: str) -> None:
        """Note that a doubted account was looked at again."""
        self._doubted.discard(account_id)

    def confirm(self, account_id: str, at: float) -> None:
        """Note that a look at an account, which began at an instant of ``time.monotonic``, agrees with its verdict."""
        self._looked_at[account_id] = at

    def keep(self, outcome: TrueUpOutcome, looked_at: Mapping[str, float] | None = None) -> bool:
        """Keep an outcome; return whether it says something else than the one before.

        Parameters
        ----------
        outcome : TrueUpOutcome
            Of all accounts together.
        looked_at : mapping of str to float, optional
            The accounts that were just looked at, and when the looks began; all of them, just now, when not given.
        """
        before = self._outcome
        if looked_at is None:
            looked_at = {verdict.account_id: time.monotonic() for verdict in outcome.verdicts}
        self._looked_at.update(looked_at)
        self._outcome = outcome
        if before is None:
            return True
        return (before.verdict, before.lines) != (outcome.verdict, outcome.lines)

    def enter(self, phase: Phase) -> None:
        """Go to a phase and say so; ``ERROR`` is never left."""
        if phase is self._phase or self._phase is Phase.ERROR:
            return
        self._phase = phase
        self._announcer.say("phase", phase=phase.value)

    def fail(self, reason: str) -> None:
        """Go to ``ERROR`` for a reason, once; the first reason stands."""
        if self._failure:
            return
        self._failure = reason
        self.enter(Phase.ERROR)
        self._announcer.say("failed", reason=reason)
