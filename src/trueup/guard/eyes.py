"""What the guard sees of a node's truth: the handle's verdict, and the lives of the discrepancies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from trueup.core.lifecycle import Ledger, Life, LifeState
from trueup.guard.facts import ADVICE_RANK, Trouble, grouped
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind
from trueup.model.steps import GuardAdvice, Refusal
from trueup.model.verdicts import Verdict, VerdictState


class Outcome(Protocol):
    """What came of the last looks."""

    @property
    def refused(self) -> tuple[Refusal, ...]: ...

    @property
    def discrepancies(self) -> tuple[Discrepancy, ...]: ...


class Shown(Protocol):
    """The part of a node's handle that the guard reads."""

    @property
    def last_verdict(self) -> VerdictState | None: ...

    @property
    def verdicts(self) -> tuple[Verdict, ...]: ...

    @property
    def last_outcome(self) -> Outcome | None: ...

    @property
    def ledgers(self) -> Mapping[str, Ledger]: ...


class HandleEyes:
    """See what a handle shows.

    Parameters
    ----------
    handle : Shown
        The handle.
    verifies : bool
        Whether verdicts are given in this process; without them there is none, rather than an UNKNOWN for ever.
    now_ns : Callable[[], int]
        The clock, for what has no life of its own to tell its age.
    """

    def __init__(self, handle: Shown, now_ns: Callable[[], int], *, verifies: bool = True) -> None:
        self._handle = handle
        self._now_ns = now_ns
        self._verifies = verifies
        self._flood_ns: int | None = None
        self._seen: tuple[object, ...] = ()
        self._troubles: tuple[Trouble, ...] = ()

    def verdict(self) -> VerdictState | None:
        """Return what the last verdict is worth now."""
        if not self._verifies:
            return None
        return self._handle.last_verdict or VerdictState.UNKNOWN

    def is_covered(self) -> bool:
        """Return whether the last looks had no gap."""
        return not any(verdict.unknowns for verdict in self._handle.verdicts)

    def troubles(self) -> tuple[Trouble, ...]:
        """Return the open discrepancies, grouped; made anew only when there is something new to see."""
        outcome = self._handle.last_outcome
        seen = (outcome, *self._handle.ledgers.values())
        if len(seen) == len(self._seen) and all(new is old for new, old in zip(seen, self._seen, strict=True)):
            return self._troubles
        self._seen = seen
        refused = outcome.refused if outcome else ()
        differing = outcome.discrepancies if outcome else ()
        lives = {name: life for ledger in self._handle.ledgers.values() for name, life in ledger.open.items()}
        if any(one.fingerprint not in lives for one in differing):
            # More than can be followed one by one: they are as old as the first look that found so many.
            self._flood_ns = self._flood_ns or self._now_ns()
        else:
            self._flood_ns = None
        self._troubles = troubles_of(lives, refused, differing, self._flood_ns or 0)
        return self._troubles


def troubles_of(
    lives: Mapping[str, Life], refused: tuple[Refusal, ...], differing: tuple[Discrepancy, ...], since_ns: int
) -> tuple[Trouble, ...]:
    """Return the troubles behind lives, refusals and discrepancies that have no life.

    Parameters
    ----------
    lives : mapping of str to Life
        By fingerprint.
    refused : tuple of Refusal
        What the last true-up would not heal.
    differing : tuple of Discrepancy
        What the last looks found.
    since_ns : int
        The age of those without a life.
    """
    advice: dict[str, GuardAdvice] = {}
    for refusal in refused:
        for name in refusal.fingerprints:
            advice[name] = max(advice.get(name, GuardAdvice.NONE), refusal.advice, key=ADVICE_RANK.__getitem__)
    flat = {one.fingerprint for one in differing if one.kind is DiscrepancyKind.POSITION_QUANTITY and one.node == "0"}
    found = [
        Trouble(
            kind=life.kind,
            severity=life.severity,
            life=life.state,
            advice=advice.get(name, GuardAdvice.NONE),
            node_is_flat=name in flat,
            first_ns=life.first_seen_ns,
            fingerprints=frozenset({name}),
            line=life.line,
        )
        for name, life in lives.items()
    ]
    found += [
        Trouble(
            kind=one.kind,
            severity=one.severity,
            life=LifeState.NEW,
            advice=advice.get(one.fingerprint, GuardAdvice.NONE),
            node_is_flat=one.fingerprint in flat,
            first_ns=since_ns,
            fingerprints=frozenset({one.fingerprint}),
            line=one.explain(),
        )
        for one in differing
        if one.fingerprint not in lives
    ]
    return grouped(found)
