"""The guard of one node, on the node's event loop: gather facts, decide, apply, read back, say.

It knows the engine only as an `Effect`. Nothing in it raises into the node, blocks, or reads a clock of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from trueup.guard.book import (
    Change,
    GuardBook,
    Hold,
    Source,
    let_go_by_auditor,
    release_by_operator,
    remember,
    take_decision,
    take_hold,
)
from trueup.guard.facts import Dimension, GuardFacts, Since, Trouble
from trueup.guard.message import Act, Answer, Command, RefusalReason
from trueup.guard.policy import GuardDecision, GuardPolicy, decide, is_sound
from trueup.model.guard import GuardState
from trueup.model.phase import Phase
from trueup.model.verdicts import VerdictState
from trueup.monitor.status import GuardChange, GuardHold, GuardStatus

_logger = logging.getLogger("trueup.guard")

ALARM_AGAIN_NS = 60_000_000_000
"""A guard that cannot act says so every minute: once is easily overlooked."""
STARTING = frozenset({Phase.INITIALIZING, Phase.RECONCILING, Phase.ERROR})
HISTORY_SHOWN = 20
REASON_SHOWN = 1_000
HOLD_REASON_SHOWN = 200
"""Of each of up to 17 hands, in a word of at most 64 KiB."""
RULES_SHOWN = 10


class Effect(Protocol):
    """The engine's own trading state."""

    def set_state(self, state: GuardState) -> None:
        """Set it."""

    def read_state(self) -> GuardState:
        """Read it."""

    def obstacle(self) -> str:
        """Return why it is without effect on this node; empty if it works."""

    def loophole(self) -> str:
        """Return what passes although it forbids it, right now; empty if nothing does."""


class Eyes(Protocol):
    """What the guard sees of the node's truth."""

    def verdict(self) -> VerdictState | None:
        """Return what the last verdict is worth now; None where nothing in the process gives one."""

    def troubles(self) -> tuple[Trouble, ...]:
        """Return the open discrepancies, grouped."""

    def is_covered(self) -> bool:
        """Return whether the last looks had no gap."""


class NodeGuard:
    """Hold one node back while it is not true.

    Parameters
    ----------
    policy : GuardPolicy
        What permits what.
    effect, eyes : Effect, Eyes
        The node.
    say : Callable
        Tells an event by its kind and data.
    now_ns : Callable[[], int]
        The clock.
    book : GuardBook, optional
        What an earlier process left behind.
    verifies : bool
        Whether a start-up is verified in this process.
    history_max : int
        Changes that are remembered.
    keep : Callable[[GuardBook], None], optional
        Called when there is something to be kept.
    """

    def __init__(
        self,
        policy: GuardPolicy,
        effect: Effect,
        eyes: Eyes,
        *,
        say: Callable[..., None],
        now_ns: Callable[[], int],
        book: GuardBook | None = None,
        verifies: bool = True,
        history_max: int = 100,
        keep: Callable[[GuardBook], None] = lambda _: None,
    ) -> None:
        self._policy = policy
        self._effect = effect
        self._eyes = eyes
        self._say = say
        self._now_ns = now_ns
        self._verifies = verifies
        self._history_max = history_max
        self._keep = keep
        self.book = book or GuardBook()
        now = now_ns()
        self._facts = GuardFacts(phase=Since(Phase.INITIALIZING, now) if verifies else None)
        self._decision = GuardDecision(state=GuardState.ACTIVE)
        self._is_skewed = False
        self._told: tuple[GuardState, Source, str] = (GuardState.ACTIVE, Source.POLICY, "")
        self._event: Change | None = None
        self._applied: GuardState | None = None
        self._effective = ""
        self._alarm = ""
        self._alarm_ns = 0
        self._status = GuardStatus()

    # -- what happens to the node ------------------------------------------------------------------------------------

    def enter(self, phase: Phase) -> None:
        """Hear of a phase. In native mode only a failure counts: nothing else is verified there."""
        if self._verifies or phase is Phase.ERROR:
            now_ns = self._now_ns()
            before = self._facts.phase
            since = Since(phase, now_ns) if before is None else before.to(phase, now_ns)
            self._facts = replace(self._facts, phase=since)
        self.tick()

    def looked(self) -> None:
        """Hear that every account was looked at."""
        self.tick(looked=True)

    def skew(self, *, is_large: bool) -> None:
        """Hear whether our clock and the venue's are far apart."""
        self._is_skewed = is_large
        if self._facts.clock.level <= 1:
            self.rise(Dimension.CLOCK, int(is_large))

    def rise(self, dimension: Dimension, level: int) -> None:
        """Hear how bad something is that has levels."""
        risen = self._facts.of(dimension).to(level, self._now_ns())
        if risen != self._facts.of(dimension):
            self._facts = replace(self._facts, **{dimension.value: risen})  # type: ignore[arg-type]  # all four are Rising
            self.tick()

    def tick(self, *, looked: bool = False) -> None:
        """Judge anew, apply, and read back; never raises."""
        try:
            self._judge(looked=looked)
            self._apply()
        except Exception as error:
            self._raise_alarm(f"the guard failed: {type(error).__name__}: {error}", error)
        self._tell()

    # -- commands ----------------------------------------------------------------------------------------------------

    def obey(self, command: Command) -> Answer:
        """Do what an admitted command asks, or say why not."""
        code, why = self._why_not(command)
        if not why:
            self._take(command)
            self.tick()
            if self._alarm:
                code, why = RefusalReason.CANNOT_ACT, f"it is noted, but the guard cannot act: {self._alarm}"
        return Answer(
            nonce=command.nonce,
            instance_id=command.instance_id,
            applied=not why,
            state=self.book.state,
            effective=self._effective,
            code=code,
            why=why,
        )

    def _why_not(self, command: Command) -> tuple[str, str]:
        mine, verdict, sound = self.book.hold_of(command.source, command.who), self._eyes.verdict(), self._is_sound()
        # A node that gives no verdicts has only the word of who asks.
        may_go = command.verdict is VerdictState.CLEAN if sound is None else sound
        loosens = command.act is Act.RELEASE or (mine is not None and command.act.state.rank < mine.state.rank)
        if not loosens:
            return "", ""
        if command.source is Source.AUDITOR:
            if command.act is not Act.RELEASE:
                return RefusalReason.NOT_ALLOWED, "an auditor can only tighten, or withdraw on a CLEAN verdict"
            if command.verdict is not VerdictState.CLEAN or not may_go:
                said = "none" if verdict is None else verdict
                why = f"an auditor withdraws on CLEAN verdicts alone; its own is {command.verdict}, the node's {said}"
                return RefusalReason.NOT_ALLOWED, why
            return "", ""
        if may_go or command.force:
            return "", ""
        found = "this node verifies nothing itself" if verdict is None else f"the last verdict is {verdict}"
        return RefusalReason.NOT_ALLOWED, f"{found}, not CLEAN; --force releases it all the same"

    def _take(self, command: Command) -> None:
        now_ns = self._now_ns()
        if command.act is Act.RELEASE and command.source is Source.OPERATOR:
            self.book = release_by_operator(self.book, self._decision, now_ns=now_ns)
        elif command.act is Act.RELEASE:
            self.book = let_go_by_auditor(self.book, command.who)
        else:
            hold = Hold(state=command.act.state, reason=command.reason, who=command.who, time_ns=now_ns)
            self.book = take_hold(self.book, command.source, hold)
        if command.act is Act.RELEASE:
            forced = " (forced)" if command.force and not self._is_sound() else ""
            reason = f"released{forced}: {command.reason}"
            self._event = Change(
                time_ns=now_ns, state=self.book.state, source=command.source, reason=reason, who=command.who
            )

    # -- parts -------------------------------------------------------------------------------------------------------

    def _is_sound(self) -> bool | None:
        self._see()
        return is_sound(self._policy, self._facts)

    def _see(self) -> None:
        now_ns = self._now_ns()
        verdict = self._eyes.verdict()
        held = self._facts.verdict
        since = None if verdict is None else (held or Since(verdict, now_ns)).to(verdict, now_ns)
        self._facts = replace(
            self._facts,
            verdict=since,
            coverage=self._facts.coverage.to(0 if self._eyes.is_covered() else 1, now_ns),
            troubles=self._eyes.troubles(),
        )

    def _judge(self, *, looked: bool) -> None:
        now_ns, sound = self._now_ns(), self._is_sound()
        if looked and sound:
            # Everything was proven by the clock as it is now; that it is not the venue's is another matter.
            self._facts = replace(self._facts, clock=self._facts.clock.to(int(self._is_skewed), now_ns))
        self._decision = decide(self._policy, self._facts, now_ns, self.book.waived)
        self.book = take_decision(
            self.book,
            self._decision,
            self._policy,
            sound=sound if self._verifies else None,
            now_ns=now_ns,
            is_starting=self._facts.phase is not None and self._facts.phase.value in STARTING,
            looked=looked,
        )

    def _apply(self) -> None:
        """Make the engine's state the one wanted, and check that it is; what somebody else forbade stays forbidden."""
        found = self._effect.read_state()
        if found is not (self._applied or GuardState.ACTIVE):
            self._see_elsewhere(found)
        wanted = self.book.state
        if found is not wanted:
            self._effect.set_state(wanted)
            found = self._effect.read_state()
        self._effective = found.value
        self._applied = found
        if found is not wanted:
            self._raise_alarm(f"the engine's trading state is {found}, though {wanted} was set")
        elif obstacle := self._effect.obstacle():
            self._raise_alarm(obstacle)
        else:
            self._clear_alarm()

    def _see_elsewhere(self, found: GuardState) -> None:
        self.book = replace(self.book, elsewhere=found)
        own = self.book.own
        back = f"; put back to {own}" if own.rank > found.rank else ""
        reason = f"something other than trueup set the trading state to {found}{back}"
        self._event = Change(time_ns=self._now_ns(), state=self.book.state, source=Source.ELSEWHERE, reason=reason)

    def _tell(self) -> None:
        """Say what changed, keep it, and let everybody see it.

        What holds every node until its start-up is proven is no news, and not said.
        """
        cause, event = self.book.cause, self._event
        self._event = None
        now = (cause.state, cause.source, cause.reason if cause.source is not Source.POLICY else "")
        is_routine = cause.source is Source.POLICY and self._is_starting
        if event is not None or (now != self._told and not is_routine):
            before, self._told = self._told[0], now
            self._record(event or replace(cause, reason=cause.reason or self._all_right()), before)
        self._status = self._show(cause)

    def _all_right(self) -> str:
        if self._facts.troubles:
            return "orders and positions are right again, look after look; records still differ"
        return "every look is CLEAN again"

    @property
    def _is_starting(self) -> bool:
        phase = self._facts.phase
        return phase is not None and phase.value in (Phase.INITIALIZING, Phase.RECONCILING)

    def _record(self, event: Change, before: GuardState) -> None:
        state = self.book.state
        reason, rules = event.reason[:REASON_SHOWN], event.rules[:RULES_SHOWN]
        change = replace(event, time_ns=self._now_ns(), state=state, reason=reason, rules=rules)
        self.book = remember(self.book, change, self._history_max)
        self._keep(self.book)
        loophole = self._loophole() if state is not GuardState.ACTIVE else ""
        level = logging.WARNING if state is not GuardState.ACTIVE else logging.INFO
        by = f"{change.source} {change.who}".strip()
        _logger.log(level, "guard %s (%s): %s%s", state, by, change.reason, f"; {loophole}" if loophole else "")
        self._say(
            "guard",
            state=state.value,
            previous=before.value,
            effective=self._effective,
            reason=change.reason,
            source=change.source.value,
            who=change.who,
            rules=list(change.rules),
            can_act=not self._alarm,
            loophole=loophole,
        )

    def _loophole(self) -> str:
        try:
            return self._effect.loophole()
        except Exception:
            _logger.exception("what the trading state does not stop could not be counted")
            return ""

    def _raise_alarm(self, text: str, error: Exception | None = None) -> None:
        now_ns = self._now_ns()
        if text == self._alarm and now_ns - self._alarm_ns < ALARM_AGAIN_NS:
            return
        self._alarm, self._alarm_ns = text, now_ns
        _logger.critical("THE GUARD CANNOT ACT: %s; it wants %s", text, self.book.state, exc_info=error)
        self._say("guard_alarm", text=text, can_act=False, state=self.book.state.value, effective=self._effective)

    def _clear_alarm(self) -> None:
        if self._alarm:
            _logger.warning("the guard can act again (%s)", self._alarm)
            self._alarm = ""
            self._say("guard_alarm", text="the guard can act again", can_act=True, state=self.book.state.value)

    # -- for everybody -----------------------------------------------------------------------------------------------

    @property
    def status(self) -> GuardStatus:
        """Return how the guard is. Safe on every thread: it is one frozen value."""
        return self._status

    def _show(self, cause: Change) -> GuardStatus:
        history = self.book.history[-HISTORY_SHOWN:]
        last = history[-1].time_ns if history else 0
        return GuardStatus(
            state=self.book.state.value,
            effective=self._effective,
            since_ns=cause.time_ns or last,
            reason=cause.reason,
            source=cause.source.value if self.book.state is not GuardState.ACTIVE else "",
            who=cause.who,
            rules=self.book.rules[:RULES_SHOWN],  # what the policy wants, too, where somebody wants more
            can_act=not self._alarm,
            alarm=self._alarm,
            loophole=self._loophole() if self.book.state is not GuardState.ACTIVE else "",
            sees_others=self._facts.writers.level > 0,
            holds=tuple(
                GuardHold(
                    source=source.value,
                    who=hold.who,
                    state=hold.state.value,
                    reason=hold.reason[:HOLD_REASON_SHOWN],
                    since_ns=hold.time_ns,
                )
                for source, hold in self.book.holds
            ),
            history=tuple(_shown(change) for change in history),
        )


def _shown(change: Change) -> GuardChange:
    return GuardChange(
        time_ns=change.time_ns,
        state=change.state.value,
        reason=change.reason,
        source=change.source.value,
        who=change.who,
        rules=change.rules,
    )
