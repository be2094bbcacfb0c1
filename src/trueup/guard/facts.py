"""What a policy judges: the troubles of a node at one moment, as one frozen value without a clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from trueup.core.lifecycle import LifeState
from trueup.model.discrepancies import DiscrepancyKind, Severity
from trueup.model.phase import Phase
from trueup.model.steps import GuardAdvice
from trueup.model.verdicts import VerdictState


class Dimension(StrEnum):
    """What can be wrong with a node beside its records, each with levels that get worse."""

    COVERAGE = "coverage"
    STORE = "store"
    CLOCK = "clock"
    WRITERS = "writers"


LEVELS: dict[Dimension, tuple[str, ...]] = {
    Dimension.COVERAGE: ("COMPLETE", "INCOMPLETE"),
    Dimension.STORE: ("PRESENT", "BEHIND", "LOST"),
    Dimension.CLOCK: ("STEADY", "SKEWED", "STEPPED"),
    Dimension.WRITERS: ("ONE", "SEVERAL"),
}
"""The levels of each dimension, the harmless one first. A policy row names the least level at which it holds."""


@dataclass(frozen=True, slots=True)
class Rising:
    """Hold how bad something is, and since when it has been at least so bad.

    Parameters
    ----------
    since_ns : tuple of int
        Entry ``i`` is the time since which the level has been ``i + 1`` or worse; none at the harmless level. A rise
        from one bad level to a worse one does not make the first any younger.
    """

    since_ns: tuple[int, ...] = ()

    @property
    def level(self) -> int:
        """Return the level, 0 for the harmless one."""
        return len(self.since_ns)

    def to(self, level: int, now_ns: int) -> Rising:
        """Return it at another level, reached now."""
        if level <= self.level:
            return Rising(self.since_ns[:level])
        return Rising(self.since_ns + (now_ns,) * (level - self.level))

    def since(self, level: int) -> int | None:
        """Return since when it has been at least at a level; None if it is not."""
        return self.since_ns[level - 1] if 0 < level <= self.level else None


@dataclass(frozen=True, slots=True)
class Since[T]:
    """Hold a value and since when it has been so."""

    value: T
    since_ns: int

    def to(self, value: T, now_ns: int) -> Since[T]:
        """Return the value that holds now; the time changes with the value only."""
        return self if value == self.value else Since(value, now_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Hold the open discrepancies of one make: all that a policy can tell apart.

    Parameters
    ----------
    kind, severity, life, advice
        What differs, how much it matters, where it stands, and what the plan advises while it refuses to heal it.
    node_is_flat : bool
        It is a position of which the node holds nothing: REDUCING, which goes by the node's own position, lets every
        order on that instrument pass.
    first_ns : int
        When the oldest of them was first seen.
    fingerprints : frozenset of str
        Their stable names.
    line : str
        The oldest, in words.
    """

    kind: DiscrepancyKind
    severity: Severity
    life: LifeState
    advice: GuardAdvice = GuardAdvice.NONE
    node_is_flat: bool = False
    first_ns: int = 0
    fingerprints: frozenset[str] = frozenset()
    line: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardFacts:
    """Hold everything that a policy looks at.

    Parameters
    ----------
    phase : Since of Phase, or None
        None where nothing in this process verifies a start-up (native mode, unless it failed).
    verdict : Since of VerdictState, or None
        What the last verdict is worth now; None where nothing in this process gives one.
    levels : mapping of Dimension to Rising
        The rest; what is not named is harmless.
    troubles : tuple of Trouble
        The open discrepancies.
    """

    phase: Since[Phase] | None = None
    verdict: Since[VerdictState] | None = None
    coverage: Rising = field(default_factory=Rising)
    store: Rising = field(default_factory=Rising)
    clock: Rising = field(default_factory=Rising)
    writers: Rising = field(default_factory=Rising)
    troubles: tuple[Trouble, ...] = ()

    def of(self, dimension: Dimension) -> Rising:
        """Return how bad one dimension is."""
        match dimension:
            case Dimension.COVERAGE:
                return self.coverage
            case Dimension.STORE:
                return self.store
            case Dimension.CLOCK:
                return self.clock
            case Dimension.WRITERS:
                return self.writers


SEVERITY_RANK = {severity: rank for rank, severity in enumerate(Severity)}
LIFE_RANK = {life: rank for rank, life in enumerate(LifeState)}
ADVICE_RANK = {advice: rank for rank, advice in enumerate(GuardAdvice)}


def grouped(troubles: Iterable[Trouble]) -> tuple[Trouble, ...]:
    """Return troubles with those of one make put together: a policy costs by the make, not by the discrepancy."""
    groups: dict[tuple[object, ...], list[Trouble]] = {}
    for one in troubles:
        groups.setdefault((one.kind, one.severity, one.life, one.advice, one.node_is_flat), []).append(one)
    found = []
    for members in groups.values():
        oldest = min(members, key=lambda one: (one.first_ns, one.line))
        found.append(
            Trouble(
                kind=oldest.kind,
                severity=oldest.severity,
                life=oldest.life,
                advice=oldest.advice,
                node_is_flat=oldest.node_is_flat,
                first_ns=oldest.first_ns,
                fingerprints=frozenset[str]().union(*(one.fingerprints for one in members)),
                line=oldest.line,
            )
        )
    return tuple(sorted(found, key=lambda one: (one.first_ns, one.kind, one.life)))
