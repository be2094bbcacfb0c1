"""The book: what tightens does so at once; what lets go does so on a CLEAN verdict, or by its own hand."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trueup.guard.book import (
    AUDITORS_MAX,
    REST,
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
from trueup.guard.policy import GuardDecision, GuardPolicy, Reason
from trueup.model.guard import GuardState
from trueup.model.verdicts import VerdictState

LAW = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=80, derandomize=True)
POLICY = GuardPolicy(rows=(), release_looks=2)
A, R, H = GuardState.ACTIVE, GuardState.REDUCING, GuardState.HALTED
CLEAN, UNKNOWN, DISCREPANT = VerdictState.CLEAN, VerdictState.UNKNOWN, VerdictState.DISCREPANT


def decision(state: GuardState) -> GuardDecision:
    reasons = () if state is A else (Reason("row", state, "trouble", (("row", "a"),)),)
    return GuardDecision(state=state, reasons=reasons)


def take(book: GuardBook, state: GuardState, verdict: VerdictState | None, *, looked: bool = True) -> GuardBook:
    sound = None if verdict is None else verdict is CLEAN
    return take_decision(book, decision(state), POLICY, sound=sound, now_ns=1, looked=looked)


def hold(state: GuardState, time_ns: int = 1) -> Hold:
    return Hold(state=state, reason="because", who="olivia", time_ns=time_ns)


@LAW
@given(st.lists(st.tuples(st.sampled_from(GuardState), st.sampled_from(VerdictState), st.booleans()), max_size=30))
def test_only_clean_verdicts_that_enough_looks_confirmed_ever_let_go(
    steps: list[tuple[GuardState, VerdictState, bool]],
) -> None:
    book, clean_in_a_row = GuardBook(), 0
    for state, verdict, looked in steps:
        before = book
        book = take(book, state, verdict, looked=looked)
        clean_in_a_row = clean_in_a_row + looked if verdict is CLEAN else 0
        assert book.policy.rank >= state.rank
        if book.policy.rank < before.policy.rank:
            assert clean_in_a_row >= POLICY.release_looks
            assert book.policy is state
        if book.policy.rank > before.policy.rank:
            clean_in_a_row = 0


@LAW
@given(st.sampled_from(GuardState), st.sampled_from(GuardState), st.sampled_from(GuardState))
def test_the_strictest_hand_counts(policy: GuardState, operator: GuardState, elsewhere: GuardState) -> None:
    book = GuardBook(policy=policy, operator=hold(operator), elsewhere=elsewhere)
    assert book.state.rank == max(policy.rank, operator.rank, elsewhere.rank)
    assert book.cause.state is book.state


def test_a_clean_verdict_does_not_lift_what_a_person_or_the_auditor_holds() -> None:
    book = GuardBook(operator=hold(H), auditors=(hold(R),))
    for _ in range(5):
        book = take(book, A, CLEAN)
    assert book.state is H
    assert replace(book, operator=None).state is R


def test_what_held_before_the_start_goes_with_the_proof_itself() -> None:
    book = take_decision(GuardBook(), decision(H), POLICY, sound=False, now_ns=1, is_starting=True)
    assert book.state is H
    assert take(book, A, CLEAN, looked=False).state is A
    assert take(book, A, UNKNOWN, looked=False).state is H


def test_what_outlasts_the_start_needs_as_many_looks_as_any_other() -> None:
    book = take_decision(GuardBook(), decision(H), POLICY, sound=False, now_ns=1, is_starting=True)
    book = take(book, H, CLEAN, looked=False)  # another row holds it now
    assert take(book, A, CLEAN, looked=False).state is H


def test_time_that_passes_confirms_nothing() -> None:
    book = take(GuardBook(), R, DISCREPANT)
    for _ in range(10):
        book = take(book, A, CLEAN, looked=False)
    assert book.state is R
    assert take(take(book, A, CLEAN), A, CLEAN).state is A


def test_a_looser_wish_is_taken_only_on_a_clean_verdict() -> None:
    book = take(GuardBook(), H, DISCREPANT)
    assert take(take(book, R, DISCREPANT), R, DISCREPANT).state is H
    assert take(take(book, R, CLEAN), R, CLEAN).state is R


def test_a_process_without_verdicts_has_its_own_facts_to_go_by() -> None:
    assert take(take(GuardBook(), R, None), A, None).state is A


def test_an_operator_lets_go_of_everything_but_what_somebody_else_set() -> None:
    book = GuardBook(policy=H, operator=hold(H), auditors=(hold(R),), elsewhere=R, before_start=True)
    free = release_by_operator(book, decision(H), now_ns=9)
    assert (free.operator, free.auditors, free.policy, free.state) == (None, (), A, R)
    assert free.waived == {("row", "a")}
    assert not take(free, A, CLEAN).waived  # proven again: the operator's word is not needed any more


def test_history_is_bounded_and_keeps_the_newest() -> None:
    book = GuardBook()
    for number in range(10):
        change = Change(time_ns=number, state=A, source=Source.POLICY, reason="")
        book = remember(book, change, 3)
    assert [change.time_ns for change in book.history] == [7, 8, 9]


def test_an_auditor_of_one_account_does_not_take_back_what_that_of_another_demanded() -> None:
    book = take_hold(GuardBook(), Source.AUDITOR, replace(hold(H), who="watch desk"))
    book = take_hold(book, Source.AUDITOR, replace(hold(R), who="watch hedge"))
    book = let_go_by_auditor(book, "watch hedge")
    assert (book.state, book.cause.who) == (H, "watch desk")
    assert let_go_by_auditor(book, "watch desk").state is A


def test_auditors_beyond_the_bound_are_held_as_one_and_none_is_lost() -> None:
    book = GuardBook()
    for number in range(AUDITORS_MAX + 5):
        state = H if number == AUDITORS_MAX + 1 else R
        book = take_hold(book, Source.AUDITOR, replace(hold(state), who=f"watch {number}"))
    assert len(book.auditors) == AUDITORS_MAX
    assert (book.auditors[-1].who, book.state) == (REST, H)
