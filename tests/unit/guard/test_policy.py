"""The policy: more trouble never permits more, and each default row is about what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.guard.worlds import NOW_NS, SECOND_NS, facts, troubles
from trueup.core.lifecycle import LifeState
from trueup.guard.checks import made_needless, why_never, why_weaker
from trueup.guard.defaults import DEFAULT_BY_ID, DEFAULT_POLICY, DEFAULT_ROWS
from trueup.guard.facts import LEVELS, LIFE_RANK, SEVERITY_RANK, Dimension, GuardFacts, Rising, Since, Trouble, grouped
from trueup.guard.groups import GROUPS
from trueup.guard.policy import GuardPolicy, PolicyRow, decide, is_sound
from trueup.model.discrepancies import DiscrepancyKind, Severity
from trueup.model.guard import GuardState
from trueup.model.phase import Phase
from trueup.model.steps import GuardAdvice
from trueup.model.verdicts import VerdictState

LAW = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=80, derandomize=True)
CALM = GuardFacts(phase=Since(Phase.MONITORING, 0), verdict=Since(VerdictState.CLEAN, 0))


def state_of(some: GuardFacts, now_ns: int = NOW_NS) -> GuardState:
    return decide(DEFAULT_POLICY, some, now_ns).state


@LAW
@given(facts(), troubles())
def test_one_trouble_more_never_permits_more(some: GuardFacts, more: Trouble) -> None:
    worse = replace(some, troubles=(*some.troubles, more))
    assert state_of(worse).rank >= state_of(some).rank


@LAW
@given(facts(), st.data())
def test_a_worse_trouble_never_permits_more(some: GuardFacts, data: st.DataObject) -> None:
    if not some.troubles:
        return
    one = data.draw(st.sampled_from(some.troubles))
    severity = data.draw(st.sampled_from([s for s in Severity if SEVERITY_RANK[s] >= SEVERITY_RANK[one.severity]]))
    lives = [life for life in LifeState if life is not LifeState.RESOLVED and LIFE_RANK[life] >= LIFE_RANK[one.life]]
    worse = replace(one, severity=severity, life=data.draw(st.sampled_from(lives)), node_is_flat=True)
    rest = tuple(each for each in some.troubles if each is not one)
    assert state_of(replace(some, troubles=(*rest, worse))).rank >= state_of(some).rank


@LAW
@given(facts(), st.integers(min_value=0, max_value=600))
def test_what_stands_longer_never_permits_more(some: GuardFacts, secs: int) -> None:
    assert state_of(some, NOW_NS + secs * SECOND_NS).rank >= state_of(some).rank


@LAW
@given(facts(), st.sampled_from(list(Dimension)))
def test_a_dimension_that_gets_worse_never_permits_more(some: GuardFacts, dimension: Dimension) -> None:
    worst = some.of(dimension).to(len(LEVELS[dimension]) - 1, NOW_NS)
    changes: dict[str, Any] = {dimension.value: worst}
    assert state_of(replace(some, **changes)).rank >= state_of(some).rank


@LAW
@given(facts(), st.permutations(DEFAULT_ROWS))
def test_the_order_of_the_rows_means_nothing(some: GuardFacts, rows: list[PolicyRow]) -> None:
    assert decide(GuardPolicy(rows=tuple(rows)), some, NOW_NS).state is state_of(some)


@LAW
@given(facts())
def test_grouping_troubles_changes_no_decision(some: GuardFacts) -> None:
    assert state_of(replace(some, troubles=grouped(some.troubles))) is state_of(some)


@LAW
@given(facts(), st.sampled_from(DEFAULT_ROWS), st.sampled_from(DEFAULT_ROWS))
def test_a_row_that_is_called_no_weaker_never_lets_more_pass(
    some: GuardFacts, row: PolicyRow, other: PolicyRow
) -> None:
    if not why_weaker(row, other):
        mine, its = (decide(GuardPolicy(rows=(one,)), some, NOW_NS).state for one in (row, other))
        assert mine.rank >= its.rank


def trouble(kind: DiscrepancyKind, age_secs: float, **more: Any) -> GuardFacts:
    severity = more.pop("severity", Severity.CRITICAL)
    life = more.pop("life", LifeState.CONFIRMED)
    first_ns = NOW_NS - int(age_secs * SECOND_NS)
    one = Trouble(kind=kind, severity=severity, life=life, first_ns=first_ns, fingerprints=frozenset("a"), **more)
    return replace(CALM, troubles=(one,))


def level(dimension: Dimension, name: str, age_secs: float) -> GuardFacts:
    risen = Rising().to(LEVELS[dimension].index(name), NOW_NS - int(age_secs * SECOND_NS))
    changes: dict[str, Any] = {dimension.value: risen}
    return replace(CALM, **changes)


def unknown(age_secs: float) -> GuardFacts:
    return replace(CALM, verdict=Since(VerdictState.UNKNOWN, NOW_NS - int(age_secs * SECOND_NS)))


def in_phase(phase: Phase) -> GuardFacts:
    return replace(CALM, phase=Since(phase, NOW_NS))


Kind = DiscrepancyKind
A, R, H = GuardState.ACTIVE, GuardState.REDUCING, GuardState.HALTED


@pytest.mark.parametrize(
    ("some", "state", "rule"),
    [
        (CALM, A, ""),
        (in_phase(Phase.INITIALIZING), H, "startup-unverified"),
        (in_phase(Phase.RECONCILING), H, "startup-unverified"),
        (in_phase(Phase.ERROR), H, "startup-unverified"),
        (in_phase(Phase.RECONCILED), A, ""),
        (trouble(Kind.POSITION_QUANTITY, 14), A, ""),
        (trouble(Kind.POSITION_QUANTITY, 15), R, "exposure"),
        (trouble(Kind.POSITION_QUANTITY, 15, node_is_flat=True), H, "exposure-unseen"),
        (trouble(Kind.POSITION_SIDE, 5), H, "exposure-side"),
        (trouble(Kind.FILL_MISSING, 15), R, "fills"),
        (trouble(Kind.ORDER_MISSING_IN_NODE, 15), R, "order-unknown-to-node"),
        (trouble(Kind.ORDER_MISSING_IN_NODE, 15, severity=Severity.INFO), A, ""),
        (trouble(Kind.ORDER_STATUS, 30), R, "working-orders"),
        (trouble(Kind.POSITION_SPLIT_OWNERSHIP, 30, severity=Severity.WARNING), R, "ownership"),
        (trouble(Kind.IDENTIFIER_DUPLICATED, 30), R, "identifiers"),
        (trouble(Kind.POSITION_AVERAGE_PRICE, 86_400, severity=Severity.WARNING), A, ""),
        (trouble(Kind.FILL_COMMISSION, 86_400, severity=Severity.WARNING), A, ""),
        (trouble(Kind.ORDER_STATUS, 0, life=LifeState.GIVEN_UP), R, "given-up"),
        (trouble(Kind.POSITION_QUANTITY, 0, life=LifeState.GIVEN_UP), H, "given-up-exposure"),
        (trouble(Kind.ORDER_STATUS, 0, advice=GuardAdvice.REDUCING), R, "refused"),
        (trouble(Kind.ORDER_STATUS, 0, advice=GuardAdvice.HALTED), H, "refused-halt"),
        (unknown(59), A, ""),
        (unknown(60), R, "unknown"),
        (level(Dimension.COVERAGE, "INCOMPLETE", 180), R, "partly-unknown"),
        (level(Dimension.STORE, "LOST", 59), A, ""),
        (level(Dimension.STORE, "LOST", 60), R, "store-lost"),
        (level(Dimension.STORE, "BEHIND", 120), R, "store-behind"),
        (level(Dimension.CLOCK, "SKEWED", 59), A, ""),
        (level(Dimension.CLOCK, "SKEWED", 60), R, "clock-skewed"),
        (level(Dimension.CLOCK, "STEPPED", 0), R, "clock-stepped"),
        (level(Dimension.WRITERS, "SEVERAL", 0), H, "two-writers"),
    ],
)
def test_the_default_policy_answers_trouble_as_documented(some: GuardFacts, state: GuardState, rule: str) -> None:
    decision = decide(DEFAULT_POLICY, some, NOW_NS)
    assert (decision.state, decision.rules[0] if decision.rules else "") == (state, rule)
    assert bool(decision.text) is (state is not A)


def test_every_default_row_can_match_and_none_is_needless() -> None:
    for row in DEFAULT_ROWS:
        assert not why_never(row), row.id
        assert made_needless(row, DEFAULT_ROWS) is None, row.id


def test_a_level_that_rises_further_does_not_make_the_first_rise_younger() -> None:
    risen = Rising().to(1, 100).to(2, 200)
    assert (risen.since(1), risen.since(2), risen.to(1, 300).since(1)) == (100, 200, 100)


def test_a_reason_that_an_operator_waived_holds_no_more_and_a_new_one_of_its_kind_does() -> None:
    some = trouble(Kind.POSITION_QUANTITY, 20)
    waived = frozenset(decide(DEFAULT_POLICY, some, NOW_NS).reasons[0].waivers)
    assert decide(DEFAULT_POLICY, some, NOW_NS, waived).state is A
    (one,) = some.troubles
    more = replace(some, troubles=(replace(one, fingerprints=frozenset("ab")),))
    assert decide(DEFAULT_POLICY, more, NOW_NS, waived).state is R


def test_an_unproven_start_up_cannot_be_waived() -> None:
    some = in_phase(Phase.RECONCILING)
    waivers = frozenset(decide(DEFAULT_POLICY, some, NOW_NS).reasons[0].waivers)
    assert not waivers
    assert decide(DEFAULT_POLICY, some, NOW_NS, frozenset({("startup-unverified", "")})).state is H


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"state": GuardState.ACTIVE}, "ACTIVE instead of REDUCING"),
        ({"age_secs": 60.0}, "after 60 s instead of 15 s"),
        ({"kinds": frozenset({Kind.POSITION_SIDE})}, "without POSITION_QUANTITY"),
        ({"severity": Severity.CRITICAL}, "severity at least CRITICAL"),
        ({"phases": frozenset({Phase.MONITORING})}, "only in MONITORING"),
        ({"levels": ((Dimension.STORE, 2),)}, "only with store worse"),
        ({"node_is_flat": True}, "only where the node holds nothing"),
    ],
)
def test_every_way_to_weaken_a_row_is_named(changes: dict[str, Any], why: str) -> None:
    default = DEFAULT_BY_ID["exposure"]
    assert why_weaker(replace(default, **changes), default) == (why,)
    assert why_weaker(default, default) == ()


def record(kind: DiscrepancyKind, life: LifeState = LifeState.REFUSED) -> Trouble:
    return Trouble(kind=kind, severity=Severity.WARNING, life=life, first_ns=NOW_NS, fingerprints=frozenset({"a"}))


@LAW
@given(facts())
def test_looks_are_sound_where_all_was_read_and_nothing_but_records_differs(some: GuardFacts) -> None:
    verdict, kinds = some.verdict.value if some.verdict else None, {trouble.kind for trouble in some.troubles}
    only_records = bool(kinds) and kinds <= GROUPS["records"] and some.coverage.level == 0
    sound = verdict is VerdictState.CLEAN or (verdict is VerdictState.DISCREPANT and only_records)
    assert is_sound(DEFAULT_POLICY, some) is sound


@pytest.mark.parametrize("kind", sorted(GROUPS["records"]))
def test_a_record_keeps_nobody_held_unless_a_row_names_it_or_something_else_is_wrong(kind: DiscrepancyKind) -> None:
    differing = replace(CALM, verdict=Since(VerdictState.DISCREPANT, 0), troubles=(record(kind),))
    assert is_sound(DEFAULT_POLICY, differing)
    assert not is_sound(DEFAULT_POLICY, replace(differing, verdict=Since(VerdictState.UNKNOWN, 0)))
    assert not is_sound(DEFAULT_POLICY, replace(differing, coverage=Rising((NOW_NS,))))
    assert not is_sound(DEFAULT_POLICY, replace(differing, troubles=()))  # nobody has said yet what differs
    first_seen = record(DiscrepancyKind.POSITION_QUANTITY, LifeState.NEW)
    assert not is_sound(DEFAULT_POLICY, replace(differing, troubles=(record(kind), first_seen)))
    named = PolicyRow(id="mine", state=GuardState.REDUCING, kinds=frozenset({kind}), age_secs=600)
    assert not is_sound(GuardPolicy(rows=(*DEFAULT_ROWS, named)), differing)
    inert = replace(named, state=GuardState.ACTIVE)
    assert is_sound(GuardPolicy(rows=(*DEFAULT_ROWS, inert)), differing)


def test_without_verdicts_nothing_is_said_of_the_looks() -> None:
    assert is_sound(DEFAULT_POLICY, replace(CALM, verdict=None)) is None
