"""The life of a discrepancy."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core.builders import INSTRUMENT, cheap_look, venue
from trueup.core import Cycle, Ledger, LifeState, ResolvedBy, Transition, advance, unobserved
from trueup.model import Discrepancy, DiscrepancyKind, Subject


def seen(name: str = "O-1", kind: DiscrepancyKind = DiscrepancyKind.ORDER_STATUS) -> Discrepancy:
    return Discrepancy(
        kind=kind, subject=Subject(instrument_id=INSTRUMENT, client_order_id=name), venue="CANCELED", node="ACCEPTED"
    )


ONE = seen()
NAME = ONE.fingerprint


def run(*cycles: Cycle) -> tuple[Ledger, list[Transition]]:
    ledger = Ledger()
    made: list[Transition] = []
    for cycle in cycles:
        ledger, transitions = advance(ledger, cycle)
        made += transitions
    return ledger, made


def test_a_discrepancy_is_born_confirmed_healed_and_resolved_by_the_true_up() -> None:
    ledger, made = run(
        Cycle(time_ns=1, discrepancies=(ONE,)),
        Cycle(time_ns=2, discrepancies=(ONE,), confirmed=frozenset({NAME})),
        Cycle(time_ns=3, discrepancies=(ONE,), healed=frozenset({NAME})),
        Cycle(time_ns=4),
    )
    assert [one.after for one in made] == [
        LifeState.NEW,
        LifeState.CONFIRMED,
        LifeState.HEALING,
        LifeState.RESOLVED,
    ]
    assert made[-1].resolved_by is ResolvedBy.TRUE_UP
    assert not ledger.open
    assert ledger.ended[0].age_ns(4) == 3


def test_looks_are_counted_from_the_first_and_the_oldest_life_has_the_greatest_age() -> None:
    other = seen("O-2")
    once, _ = run(Cycle(time_ns=10, discrepancies=(ONE,)))
    twice, _ = advance(once, Cycle(time_ns=25, discrepancies=(ONE, other)))
    assert (once.open[NAME].looks, twice.open[NAME].looks, twice.open[other.fingerprint].looks) == (1, 2, 1)
    assert (Ledger().oldest_age_ns(99), twice.oldest_age_ns(30), twice.oldest_age_ns(5)) == (0, 20, 0)
    assert twice.counts() == {
        (DiscrepancyKind.ORDER_STATUS, twice.open[NAME].state): 2,
    }


def test_what_goes_without_a_heal_resolved_itself() -> None:
    _, made = run(Cycle(time_ns=1, discrepancies=(ONE,)), Cycle(time_ns=2))
    assert made[-1].resolved_by is ResolvedBy.ITSELF


def test_what_was_not_observed_is_not_gone() -> None:
    ledger, _ = run(Cycle(time_ns=1, discrepancies=(ONE,)))
    assert unobserved(ledger, venue(coverage=cheap_look())) == {NAME}
    assert unobserved(ledger, venue()) == frozenset()
    ledger, made = advance(ledger, Cycle(time_ns=2, unobserved=frozenset({NAME})))
    assert made == ()
    assert NAME in ledger.open


def test_what_comes_back_is_recurring() -> None:
    ledger, made = run(Cycle(time_ns=1, discrepancies=(ONE,)), Cycle(time_ns=2), Cycle(time_ns=3, discrepancies=(ONE,)))
    assert made[-1].is_recurring
    assert ledger.open[NAME].recurrences == 1
    assert not ledger.ended


def test_a_heal_without_effect_is_given_up_aloud_and_once() -> None:
    cycles = [Cycle(time_ns=n, discrepancies=(ONE,), healed=frozenset({NAME})) for n in range(1, 10)]
    ledger, made = run(*cycles)
    assert [one.after for one in made] == [LifeState.HEALING, LifeState.GIVEN_UP]
    assert made[-1].reason == "healed 5 times without effect"
    assert ledger.count(LifeState.GIVEN_UP) == 1
    _, made_later = advance(ledger, Cycle(time_ns=20))
    assert made_later[0].after is LifeState.RESOLVED


def test_a_refusal_keeps_its_reason() -> None:
    ledger, _ = run(Cycle(time_ns=1, discrepancies=(ONE,), refused={NAME: "the fills do not add up"}))
    assert ledger.open[NAME].reason == "the fills do not add up"
    assert ledger.counts() == {(DiscrepancyKind.ORDER_STATUS, LifeState.REFUSED): 1}


def test_ages_are_told_by_the_time_that_is_passed_in() -> None:
    ledger, _ = run(Cycle(time_ns=10, discrepancies=(ONE,)), Cycle(time_ns=30, discrepancies=(ONE, seen("O-2"))))
    assert ledger.oldest_age_ns(50) == 40
    assert ledger.oldest_age_ns(5) == 0


def test_a_fingerprint_does_not_depend_on_the_values() -> None:
    other = Discrepancy(kind=ONE.kind, subject=ONE.subject, venue="EXPIRED", node="TRIGGERED", detail="x")
    assert other.fingerprint == NAME
    assert seen(kind=DiscrepancyKind.ORDER_PRICE).fingerprint != NAME


def test_a_fingerprint_is_the_same_in_every_process() -> None:
    assert NAME == "23d2010adbf8cfad"


@given(st.lists(st.frozensets(st.sampled_from("abcdef")), max_size=30), st.integers(0, 5))
def test_the_history_is_bounded_and_every_life_ends_once(sets: list[frozenset[str]], bound: int) -> None:
    ledger, born, ended = Ledger(), 0, 0
    for index, names in enumerate(sets):
        found = tuple(seen(name) for name in sorted(names))
        ledger, made = advance(ledger, Cycle(time_ns=index, discrepancies=found), ended_lives_max=bound)
        born += sum(1 for one in made if one.before is None)
        ended += sum(1 for one in made if one.after is LifeState.RESOLVED)
        assert len(ledger.ended) <= bound
        assert {life.line.split()[1] for life in ledger.open.values()} == names
    assert born - ended == len(ledger.open)
    assert Decimal(sum(ledger.transitions_total.values())) == born + ended
