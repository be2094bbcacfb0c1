"""What holds a node back, from whom, and what lets go of it: a pure reducer.

Four hands can hold a node: the policy, an operator, auditors, and somebody else who set the trading state by
another way. The strictest counts. Each is let go of in its own way: the policy's by sound looks
(`trueup.guard.policy.is_sound`), enough of them in a row; each auditor's by its own CLEAN verdict, where the node's own
looks are sound; an operator's by an operator alone; somebody else's by somebody else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from trueup.guard.policy import GuardDecision, GuardPolicy, Waiver
from trueup.model.guard import GuardState, strictest

AUDITORS_MAX = 16
"""Accounts of one node that are audited apart; more are held together, until an operator lets go."""
REST = "several auditors"


class Source(StrEnum):
    """Who holds a node back, or lets go of it."""

    POLICY = "policy"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    ELSEWHERE = "elsewhere"  # the trading state was set by something that is not trueup


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Hold what one hand wants: the state, why, who in person, and when."""

    state: GuardState
    reason: str
    who: str
    time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Hold one change, as history tells it. ``state`` is what the node may do after it, all hands considered."""

    time_ns: int
    state: GuardState
    source: Source
    reason: str
    who: str = ""
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardBook:
    """Hold everything that holds a node back. Start with ``GuardBook()``.

    Parameters
    ----------
    policy : GuardState
        What the policy wants: the strictest that it came to since the last release.
    rules : tuple of str
        The rows behind it, the strictest first.
    reason : str
        Those rows in words.
    policy_ns : int
        When it came to that.
    before_start : bool
        It came to that before the start-up was proven, so that the proof itself releases it.
    sound_looks : int
        Looks in a row that were sound.
    operator : Hold or None
        What the last operator wants.
    auditors : tuple of Hold
        What each auditor wants, told apart by ``who``: one may watch one account of the node, and one another.
    elsewhere : GuardState
        What somebody else set.
    waived : frozenset of Waiver
        What an operator took upon himself; until the next sound look.
    history : tuple of Change
        The newest last.
    """

    policy: GuardState = GuardState.ACTIVE
    rules: tuple[str, ...] = ()
    reason: str = ""
    policy_ns: int = 0
    before_start: bool = False
    sound_looks: int = 0
    operator: Hold | None = None
    auditors: tuple[Hold, ...] = ()
    elsewhere: GuardState = GuardState.ACTIVE
    waived: frozenset[Waiver] = frozenset()
    history: tuple[Change, ...] = ()

    @property
    def own(self) -> GuardState:
        """Return the strictest of everything but somebody else's."""
        return strictest([self.policy, *(hold.state for _, hold in self.holds)])

    @property
    def holds(self) -> tuple[tuple[Source, Hold], ...]:
        """Return what operator and auditors hold, the operator's first."""
        mine = () if self.operator is None else ((Source.OPERATOR, self.operator),)
        return (*mine, *((Source.AUDITOR, hold) for hold in self.auditors))

    def hold_of(self, source: Source, who: str) -> Hold | None:
        """Return what one hand holds; all operators are one hand."""
        if source is Source.OPERATOR:
            return self.operator
        return next((hold for hold in self.auditors if hold.who == who), None)

    @property
    def state(self) -> GuardState:
        """Return what the node may do."""
        return strictest([self.own, self.elsewhere])

    @property
    def cause(self) -> Change:
        """Return why the node may do no more: the hand behind the state, a person's before a rule's."""
        for source, hold in self.holds:
            if hold.state is self.state is not GuardState.ACTIVE:
                return Change(time_ns=hold.time_ns, state=self.state, source=source, reason=hold.reason, who=hold.who)
        if self.policy is self.state and self.policy is not GuardState.ACTIVE:
            return Change(
                time_ns=self.policy_ns,
                state=self.state,
                source=Source.POLICY,
                reason=self.reason,
                rules=self.rules,
            )
        if self.state is not GuardState.ACTIVE:
            reason = f"something other than trueup set the trading state to {self.elsewhere}"
            return Change(time_ns=0, state=self.state, source=Source.ELSEWHERE, reason=reason)
        return Change(time_ns=self.policy_ns, state=self.state, source=Source.POLICY, reason="")


def take_decision(
    book: GuardBook,
    decision: GuardDecision,
    policy: GuardPolicy,
    *,
    sound: bool | None,
    now_ns: int,
    is_starting: bool = False,
    looked: bool = False,
) -> GuardBook:
    """Take what the policy came to into the book.

    It tightens at once. It lets go only when ``policy.release_looks`` looks in a row were sound, or on the proof that
    the start-up gave; a process that gives no verdicts (``sound`` None) has only its own facts to go by.

    Parameters
    ----------
    book : GuardBook
        So far.
    decision : GuardDecision
        Of this moment.
    policy : GuardPolicy
        What it was made by.
    sound : bool or None
        Whether the last looks were sound; None where nothing in the process gives verdicts.
    now_ns : int
        Now.
    is_starting : bool
        The start-up is not over.
    looked : bool
        A look was just made, and not merely time passed.
    """
    sound_looks = min(book.sound_looks + looked, policy.release_looks) if sound else 0
    book = replace(book, sound_looks=sound_looks, waived=frozenset() if sound else book.waived)
    wanted = decision.state
    if wanted.rank > book.policy.rank:
        return replace(
            book,
            policy=wanted,
            rules=decision.rules,
            reason=decision.text,
            policy_ns=now_ns,
            before_start=is_starting,
            sound_looks=0,
        )
    if wanted is book.policy:
        # Another row may hold it now; the time stays that of the state.
        book = replace(book, before_start=book.before_start and is_starting)
        return replace(book, rules=decision.rules, reason=decision.text) if decision.rules else book
    proven = sound is None or (sound and (book.before_start or sound_looks >= policy.release_looks))
    if not proven:
        return book
    return replace(
        book, policy=wanted, rules=decision.rules, reason=decision.text, policy_ns=now_ns, before_start=False
    )


def take_hold(book: GuardBook, source: Source, hold: Hold) -> GuardBook:
    """Let an operator or an auditor hold the node. Beyond `AUDITORS_MAX` auditors, the rest are one."""
    if source is Source.OPERATOR:
        return replace(book, operator=hold)
    others = tuple(each for each in book.auditors if each.who != hold.who)
    if len(others) >= AUDITORS_MAX:
        last = others[-1]
        hold = replace(hold, who=REST, state=strictest([last.state, hold.state]))
        others = others[:-1]
    return replace(book, auditors=(*others, hold))


def let_go_by_auditor(book: GuardBook, who: str) -> GuardBook:
    """Let one auditor take back what it demanded."""
    return replace(book, auditors=tuple(hold for hold in book.auditors if hold.who != who))


def release_by_operator(book: GuardBook, decision: GuardDecision, *, now_ns: int) -> GuardBook:
    """Let go of everything that can be let go of, and waive what the policy finds now.

    Whoever calls it has made sure that the last looks are sound, or that the operator insists.
    """
    waived = book.waived.union(*(reason.waivers for reason in decision.reasons))
    return replace(
        book,
        operator=None,
        auditors=(),
        policy=GuardState.ACTIVE,
        rules=(),
        reason="",
        policy_ns=now_ns,
        waived=waived,
        sound_looks=0,
        before_start=False,
    )


def remember(book: GuardBook, change: Change, history_max: int) -> GuardBook:
    """Return the book with one more change in its history."""
    return replace(book, history=(*book.history, change)[-history_max:])
