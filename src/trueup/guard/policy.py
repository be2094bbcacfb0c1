"""The policy: which trouble permits what. Pure.

Every row that matches counts, and the strictest state wins. So the order of rows means nothing, a row that is added can
only tighten, and no row hides another; to weaken the policy, a row has to be replaced by name.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from trueup.core.lifecycle import LifeState
from trueup.guard.facts import ADVICE_RANK, LEVELS, LIFE_RANK, SEVERITY_RANK, Dimension, GuardFacts, Trouble
from trueup.guard.groups import GROUPS
from trueup.model.discrepancies import DiscrepancyKind, Severity
from trueup.model.guard import GuardState, strictest
from trueup.model.phase import Phase
from trueup.model.steps import GuardAdvice
from trueup.model.verdicts import VerdictState

NS_PER_SECOND = 1_000_000_000
REASONS_MAX = 10
"""Reasons that a decision tells one by one; an operator reads the first three."""

type Waiver = tuple[str, str]
"""A row's id, and the fingerprint that it may not act on (empty where the row is not about discrepancies)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRow:
    """Hold one row: the trouble that it is about, how long it must have stood, and what the node may do then.

    What is left out does not matter to the row; everything that is named must hold at once, and must have held for
    ``age_secs``. A level (severity, life, advice, coverage, store, clock, writers) means *at least so bad*.

    Parameters
    ----------
    id : str
        Its name, by which it can be replaced.
    state : GuardState
        What the node may do while it holds. ``ACTIVE`` makes a row that does nothing.
    why : str
        One sentence.
    kinds : frozenset of DiscrepancyKind
        Kinds of discrepancy; empty for all of them where a row names a severity, a life or an advice.
    severity, life, advice : optional
        The least severity, state of life, and advice of the plan that refuses to heal.
    node_is_flat : bool
        Only positions of which the node holds nothing.
    phases, verdicts : frozenset
        Any of these.
    levels : tuple of (Dimension, int)
        The least level of each dimension named.
    age_secs : float
        How long all of it must have stood.
    """

    id: str
    state: GuardState
    why: str = ""
    kinds: frozenset[DiscrepancyKind] = frozenset()
    severity: Severity | None = None
    life: LifeState | None = None
    advice: GuardAdvice | None = None
    node_is_flat: bool = False
    phases: frozenset[Phase] = frozenset()
    verdicts: frozenset[VerdictState] = frozenset()
    levels: tuple[tuple[Dimension, int], ...] = ()
    age_secs: float = 0.0

    @property
    def is_about_discrepancies(self) -> bool:
        """Return whether it needs an open discrepancy to hold."""
        named = (self.severity, self.life, self.advice)
        return bool(self.kinds) or self.node_is_flat or any(one is not None for one in named)

    @property
    def names_something(self) -> bool:
        """Return whether it has any condition at all."""
        return self.is_about_discrepancies or bool(self.phases or self.verdicts or self.levels)

    def conditions(self) -> str:
        """Return what it is about, in words."""
        said = []
        if self.is_about_discrepancies:
            said.append(", ".join(sorted(self.kinds)) if self.kinds else "any discrepancy")
        said += [f"severity at least {self.severity}"] if self.severity else []
        said += [f"life at least {self.life}"] if self.life else []
        said += [f"the plan advises at least {self.advice}"] if self.advice else []
        said += ["the node holds nothing"] if self.node_is_flat else []
        said += [f"phase {' or '.join(sorted(self.phases))}"] if self.phases else []
        said += [f"verdict {' or '.join(sorted(self.verdicts))}"] if self.verdicts else []
        said += [f"{dimension} at least {LEVELS[dimension][level]}" for dimension, level in self.levels]
        return "; ".join(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardPolicy:
    """Hold the rows in force, and how the guard lets go.

    Parameters
    ----------
    rows : tuple of PolicyRow
        In any order.
    release_looks : int
        Looks in a row that must be sound (`is_sound`) before anything is released.
    """

    rows: tuple[PolicyRow, ...]
    release_looks: int = 2

    @property
    def records(self) -> frozenset[DiscrepancyKind]:
        """Return the kinds of mere records that no row names: they keep nobody held."""
        return GROUPS["records"].difference(*(row.kinds for row in self.rows if row.state is not GuardState.ACTIVE))


@dataclass(frozen=True, slots=True)
class Reason:
    """Hold why a row holds: its id, its state, and the trouble in words."""

    rule: str
    state: GuardState
    text: str
    waivers: tuple[Waiver, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardDecision:
    """Hold what a policy comes to: the strictest state, and every row that holds, the strictest first."""

    state: GuardState
    reasons: tuple[Reason, ...] = ()

    @property
    def rules(self) -> tuple[str, ...]:
        """Return the ids of the rows that hold, the strictest first."""
        return tuple(dict.fromkeys(one.rule for one in self.reasons))

    @property
    def text(self) -> str:
        """Return the reasons for the state in one line."""
        mine = [one for one in self.reasons if one.state is self.state]
        more = f"; and {len(mine) - REASONS_MAX} more" if len(mine) > REASONS_MAX else ""
        return "; ".join(f"{one.rule}: {one.text}" for one in mine[:REASONS_MAX]) + more


@dataclass(frozen=True, slots=True)
class _Match:
    since_ns: int
    text: str
    waivers: tuple[Waiver, ...] = field(default=())


def decide(
    policy: GuardPolicy, facts: GuardFacts, now_ns: int, waived: frozenset[Waiver] = frozenset()
) -> GuardDecision:
    """Judge the facts.

    Parameters
    ----------
    policy : GuardPolicy
        The rows.
    facts : GuardFacts
        What is wrong, and since when.
    now_ns : int
        The clock by which the facts' times were taken.
    waived : frozenset of Waiver
        What an operator has taken upon himself.

    Returns
    -------
    GuardDecision
    """
    reasons = []
    for row in policy.rows:
        if row.state is GuardState.ACTIVE:
            continue
        for match in _matches(row, facts, waived):
            age_secs = (now_ns - match.since_ns) / NS_PER_SECOND
            if age_secs >= row.age_secs:
                reasons.append(Reason(row.id, row.state, f"{match.text} for {max(0.0, age_secs):.0f} s", match.waivers))
    reasons.sort(key=lambda one: -one.state.rank)
    return GuardDecision(state=strictest(one.state for one in reasons), reasons=tuple(reasons))


def is_sound(policy: GuardPolicy, facts: GuardFacts) -> bool | None:
    """Return whether the last looks allow what is held to be let go.

    They do where all was read and equal (CLEAN), and where all was read and nothing differs but records that leave
    orders and positions right, and that no row of the policy names. A wrong average price may stand until its position
    is flat, and a node that is held for it cannot trade itself flat (a drill stood still so from its second minute on).

    Parameters
    ----------
    policy : GuardPolicy
        The rows.
    facts : GuardFacts
        What is wrong.

    Returns
    -------
    bool or None
        None where nothing in the process gives verdicts.
    """
    if facts.verdict is None:
        return None
    if facts.verdict.value is not VerdictState.DISCREPANT:
        return facts.verdict.value is VerdictState.CLEAN
    kinds = {trouble.kind for trouble in facts.troubles}
    # Without a trouble nobody has told yet what differs.
    return bool(kinds) and kinds <= policy.records and facts.coverage.level == 0


def _matches(row: PolicyRow, facts: GuardFacts, waived: frozenset[Waiver]) -> list[_Match]:
    around = _around(row, facts)
    if around is None:
        return []
    since_ns, said = around
    if not row.is_about_discrepancies:
        # Nobody can take an unproven start-up upon himself.
        mine: tuple[Waiver, ...] = () if row.phases else ((row.id, ""),)
        return [] if waived.intersection(mine) else [_Match(since_ns, "; ".join(said), mine)]
    found = []
    for trouble in facts.troubles:
        waivers = tuple((row.id, fingerprint) for fingerprint in sorted(trouble.fingerprints))
        if _speaks_of(row, trouble) and not (waivers and waived.issuperset(waivers)):
            text = f"{trouble.line or trouble.kind}"
            more = len(trouble.fingerprints) - 1
            text += f" and {more} more of its kind" if more > 0 else ""
            found.append(_Match(max(since_ns, trouble.first_ns), "; ".join([text, *said]), waivers))
    return found


def _around(row: PolicyRow, facts: GuardFacts) -> tuple[int, list[str]] | None:
    """Return since when everything but the discrepancies holds for a row, in words too; None if it does not."""
    since_ns, said = 0, []
    for wanted, held in ((row.phases, facts.phase), (row.verdicts, facts.verdict)):
        if not wanted:
            continue
        if held is None or held.value not in wanted:
            return None
        since_ns = max(since_ns, held.since_ns)
        said.append(f"{'phase' if wanted is row.phases else 'verdict'} {held.value}")
    for dimension, level in row.levels:
        risen = facts.of(dimension)
        reached = risen.since(level)
        if reached is None:
            return None
        since_ns = max(since_ns, reached)
        said.append(f"{dimension} {LEVELS[dimension][risen.level]}")
    return since_ns, said


def _speaks_of(row: PolicyRow, trouble: Trouble) -> bool:
    return (
        (not row.kinds or trouble.kind in row.kinds)
        and (row.severity is None or SEVERITY_RANK[trouble.severity] >= SEVERITY_RANK[row.severity])
        and (row.life is None or LIFE_RANK[trouble.life] >= LIFE_RANK[row.life])
        and (row.advice is None or ADVICE_RANK[trouble.advice] >= ADVICE_RANK[row.advice])
        and (not row.node_is_flat or trouble.node_is_flat)
    )
