"""The life of a discrepancy, over the cycles in which it is seen: a pure reducer.

::

    (seen) -> NEW -> CONFIRMED -> HEALING -> RESOLVED
                         |           |
                         +--> REFUSED, GIVEN_UP  (both stay, are reported, and resolve when it is gone)

A discrepancy that is gone was resolved by the true-up when a plan was applied to it before, else by itself (a late
event of the stream). One that comes back soon after is recurring, and says so. Giving up is a transition like every
other, never silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from trueup.core.two_look import reads_kind
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind, Severity
from trueup.model.snapshots import VenueSnapshot

# A heal that did not show in this many comparisons will not show in the next one either.
HEAL_ATTEMPTS_MAX = 5
# How many ended lives are remembered, to recognise one that comes back. A thousand cover weeks of a healthy account.
ENDED_LIVES_MAX = 1_000


class LifeState(StrEnum):
    """Where a discrepancy stands."""

    NEW = "NEW"  # seen once
    CONFIRMED = "CONFIRMED"  # passed the two-look rule
    HEALING = "HEALING"  # a plan for it was applied
    REFUSED = "REFUSED"  # the plan says why it cannot be healed now
    GIVEN_UP = "GIVEN_UP"  # healed too often without effect
    RESOLVED = "RESOLVED"  # gone


class ResolvedBy(StrEnum):
    """What made a discrepancy go."""

    TRUE_UP = "TRUE_UP"
    ITSELF = "ITSELF"


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """Hold one discrepancy's life so far. Times are nanoseconds since the epoch."""

    fingerprint: str
    kind: DiscrepancyKind
    instrument_id: str
    severity: Severity
    line: str
    state: LifeState
    first_seen_ns: int
    last_seen_ns: int
    state_since_ns: int
    looks: int = 1
    heal_attempts: int = 0
    recurrences: int = 0
    reason: str = ""
    resolved_by: ResolvedBy | None = None

    def age_ns(self, now_ns: int) -> int:
        """Return how long ago it was first seen, never negative."""
        return max(0, now_ns - self.first_seen_ns)

    @property
    def is_recurring(self) -> bool:
        """Return whether it had been gone before."""
        return self.recurrences > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """Hold one change of state; ``before`` is None when the life begins."""

    fingerprint: str
    kind: DiscrepancyKind
    before: LifeState | None
    after: LifeState
    time_ns: int
    line: str
    reason: str = ""
    resolved_by: ResolvedBy | None = None
    is_recurring: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """Hold what one cycle found and did.

    Parameters
    ----------
    time_ns : int
        When.
    discrepancies : tuple of Discrepancy
        What was found.
    confirmed : frozenset of str
        Fingerprints that passed the two-look rule.
    healed : frozenset of str
        Fingerprints for which steps were applied in this cycle.
    refused : mapping of str to str
        Fingerprint to reason.
    unobserved : frozenset of str
        Fingerprints that this cycle could not see (its coverage left them out): they are not gone.
    """

    time_ns: int
    discrepancies: tuple[Discrepancy, ...] = ()
    confirmed: frozenset[str] = frozenset()
    healed: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    unobserved: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Hold every life that goes on, and the latest that ended. Start with ``Ledger()``.

    ``transitions_total`` counts every transition ever made, by state entered.
    """

    open: Mapping[str, Life] = field(default_factory=lambda: MappingProxyType({}))
    ended: tuple[Life, ...] = ()
    transitions_total: Mapping[LifeState, int] = field(default_factory=lambda: MappingProxyType({}))

    def count(self, state: LifeState) -> int:
        """Return how many open lives are in a state."""
        return sum(1 for life in self.open.values() if life.state is state)

    def counts(self) -> dict[tuple[DiscrepancyKind, LifeState], int]:
        """Return how many open lives there are, by kind and state."""
        found: dict[tuple[DiscrepancyKind, LifeState], int] = {}
        for life in self.open.values():
            key = (life.kind, life.state)
            found[key] = found.get(key, 0) + 1
        return found

    def oldest_age_ns(self, now_ns: int) -> int:
        """Return the age of the oldest open life, 0 when there is none."""
        return max((life.age_ns(now_ns) for life in self.open.values()), default=0)


def unobserved(ledger: Ledger, venue: VenueSnapshot) -> frozenset[str]:
    """Return the open lives that a reading could not have seen again: their absence from it says nothing."""
    return frozenset(
        fingerprint for fingerprint, life in ledger.open.items() if not reads_kind(life.kind, life.instrument_id, venue)
    )


def advance(
    ledger: Ledger,
    cycle: Cycle,
    *,
    heal_attempts_max: int = HEAL_ATTEMPTS_MAX,
    ended_lives_max: int = ENDED_LIVES_MAX,
) -> tuple[Ledger, tuple[Transition, ...]]:
    """Take one cycle into the ledger.

    Parameters
    ----------
    ledger : Ledger
        The lives so far.
    cycle : Cycle
        What was found and done.
    heal_attempts_max, ended_lives_max : int
        Bounds.

    Returns
    -------
    (Ledger, tuple of Transition)
        The new ledger, and what changed, in the order of the discrepancies; ended lives last, by fingerprint.
    """
    lives: dict[str, Life] = {}
    transitions: list[Transition] = []
    ended_before = {life.fingerprint: life for life in ledger.ended}
    for one in cycle.discrepancies:
        fingerprint = one.fingerprint
        if fingerprint in lives:
            continue
        before = ledger.open.get(fingerprint)
        life = _born(one, cycle, ended_before.get(fingerprint)) if before is None else _seen_again(before, one, cycle)
        life = _moved(life, cycle, heal_attempts_max)
        lives[fingerprint] = life
        if before is None or before.state is not life.state:
            transitions.append(_transition(life, before, cycle))
    ended: list[Life] = []
    for fingerprint, life in sorted(ledger.open.items()):
        if fingerprint in lives:
            continue
        if fingerprint in cycle.unobserved:
            lives[fingerprint] = life
            continue
        gone = _ended(life, cycle)
        ended.append(gone)
        transitions.append(_transition(gone, life, cycle))
    return _next(ledger, lives, ended, transitions, ended_lives_max), tuple(transitions)


def _next(
    ledger: Ledger, lives: dict[str, Life], ended: list[Life], transitions: list[Transition], ended_lives_max: int
) -> Ledger:
    totals = dict(ledger.transitions_total)
    for transition in transitions:
        totals[transition.after] = totals.get(transition.after, 0) + 1
    kept = [life for life in ledger.ended if life.fingerprint not in lives] + ended
    return Ledger(
        open=MappingProxyType(lives),
        ended=tuple(kept[-ended_lives_max:]) if ended_lives_max else (),
        transitions_total=MappingProxyType(totals),
    )


def _born(one: Discrepancy, cycle: Cycle, earlier: Life | None) -> Life:
    return Life(
        fingerprint=one.fingerprint,
        kind=one.kind,
        instrument_id=one.subject.instrument_id,
        severity=one.severity,
        line=one.explain(),
        state=LifeState.NEW,
        first_seen_ns=cycle.time_ns,
        last_seen_ns=cycle.time_ns,
        state_since_ns=cycle.time_ns,
        recurrences=earlier.recurrences + 1 if earlier is not None else 0,
    )


def _seen_again(life: Life, one: Discrepancy, cycle: Cycle) -> Life:
    return replace(life, line=one.explain(), severity=one.severity, last_seen_ns=cycle.time_ns, looks=life.looks + 1)


def _moved(life: Life, cycle: Cycle, heal_attempts_max: int) -> Life:
    """Return the life in the state that this cycle gives it."""
    if life.state is LifeState.GIVEN_UP:
        return life
    state: LifeState = life.state
    attempts, reason = life.heal_attempts, life.reason
    if life.fingerprint in cycle.healed:
        attempts += 1
        state, reason = LifeState.HEALING, ""
        if attempts > heal_attempts_max:
            state, reason = LifeState.GIVEN_UP, f"healed {heal_attempts_max} times without effect"
    elif life.fingerprint in cycle.refused:
        state, reason = LifeState.REFUSED, cycle.refused[life.fingerprint]
    elif life.fingerprint in cycle.confirmed and state is LifeState.NEW:
        state = LifeState.CONFIRMED
    since = cycle.time_ns if state is not life.state else life.state_since_ns
    return replace(life, state=state, heal_attempts=attempts, reason=reason, state_since_ns=since)


def _ended(life: Life, cycle: Cycle) -> Life:
    by = ResolvedBy.TRUE_UP if life.heal_attempts else ResolvedBy.ITSELF
    return replace(life, state=LifeState.RESOLVED, resolved_by=by, state_since_ns=cycle.time_ns)


def _transition(life: Life, before: Life | None, cycle: Cycle) -> Transition:
    return Transition(
        fingerprint=life.fingerprint,
        kind=life.kind,
        before=before.state if before is not None else None,
        after=life.state,
        time_ns=cycle.time_ns,
        line=life.line,
        reason=life.reason,
        resolved_by=life.resolved_by,
        is_recurring=life.is_recurring,
    )
