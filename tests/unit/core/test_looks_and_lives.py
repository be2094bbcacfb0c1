"""Two looks and the lives of discrepancies, on both sides of each bound."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.core.builders import (
    INSTRUMENT,
    OWNER,
    READ,
    SECOND,
    cheap_look,
    fill,
    node,
    order,
    position,
    venue,
)
from trueup.core import diff
from trueup.core.lifecycle import Cycle, Ledger, LifeState, ResolvedBy, advance, unobserved
from trueup.core.two_look import UNSEEN_LOOKS_MAX, Looks, reads_kind, take_look
from trueup.model import (
    Coverage,
    Discrepancy,
    DiscrepancyKind,
    FailedQuery,
    KindCoverage,
    NodeSnapshot,
    Severity,
    Subject,
    VenueSnapshot,
    Window,
)

Kind = DiscrepancyKind
OTHER = "BBB.VENUE"
NOW = Window(0, READ)


def looked(looks: Looks, one: Discrepancy, truth: VenueSnapshot, mine: NodeSnapshot) -> tuple[bool, Looks]:
    result = take_look(looks, (one,), truth, mine)
    return bool(result.act_on), result.looks


def later(truth: VenueSnapshot, seconds: int) -> VenueSnapshot:
    return replace(truth, started_ns=READ + seconds * SECOND, ended_ns=READ + seconds * SECOND)


@pytest.mark.parametrize("name", [{"venue_order_id": "1"}, {"client_order_id": "O-1"}])
def test_an_order_known_by_one_name_alone_is_held_still_by_that_name(name: dict[str, str]) -> None:
    one = Discrepancy(kind=Kind.ORDER_STATUS, subject=replace(Subject(instrument_id=INSTRUMENT), **name))  # type: ignore[arg-type]  # one of its names
    _, looks = looked(Looks(), one, venue(), node(orders=(order(owner=OWNER),)))
    acts, _ = looked(looks, one, later(venue(), 5), node(orders=(order(owner=OWNER),)))
    assert acts
    acts, moved = looked(looks, one, later(venue(), 5), node(orders=(order(owner=OWNER, price="9"),)))
    assert not acts
    assert moved.sightings[one.fingerprint].first_ns == READ + 5 * SECOND
    acts, _ = looked(moved, one, later(venue(), 9), node(orders=(order(owner=OWNER, price="9"),)))
    assert acts


@pytest.mark.parametrize("unknown", ["O-1", "1"])
def test_an_answer_that_an_order_is_unknown_counts_by_either_name_and_with_a_complete_list(unknown: str) -> None:
    mine = node(orders=(order(owner=OWNER),))
    one = Discrepancy(kind=Kind.ORDER_MISSING_AT_VENUE, subject=Subject.of_order(order()))
    answered = venue(unknown=(unknown,))
    _, looks = looked(Looks(), one, answered, mine)
    assert looked(looks, one, later(answered, 5), mine)[0]
    assert not looked(looks, one, later(venue(), 5), mine)[0]
    unread = replace(answered, coverage=replace(Coverage.full(READ), orders_open=KindCoverage()))
    assert not looked(looks, one, later(unread, 5), mine)[0]
    failed = KindCoverage(asked=NOW, got=NOW, failures=(FailedQuery("openOrders", "refused", OTHER),))
    elsewhere = replace(answered, coverage=replace(Coverage.full(READ), orders_open=failed))
    assert looked(looks, one, later(elsewhere, 5), mine)[0], "another instrument's list is none of it"


def test_a_position_is_held_still_by_its_own_leg() -> None:
    one = Discrepancy(kind=Kind.POSITION_QUANTITY, subject=Subject(instrument_id=INSTRUMENT))
    quiet = node(positions=(position("1", owner=OWNER),))
    _, looks = looked(Looks(), one, venue(), quiet)
    beside = replace(quiet, positions=(*quiet.positions, position("5", owner=OWNER, leg="LONG")))
    assert looked(looks, one, later(venue(), 5), beside)[0]
    assert not looked(looks, one, later(venue(), 5), node(positions=(position("2", owner=OWNER),)))[0]


@pytest.mark.parametrize("kind", [Kind.FILL_MISSING, Kind.FILL_INVENTED, Kind.BALANCE])
def test_a_fill_or_a_balance_need_only_be_there_twice(kind: Kind) -> None:
    one = Discrepancy(kind=kind, subject=Subject.of_fill(fill("7")))
    _, looks = looked(Looks(), one, venue(), node(orders=(order(owner=OWNER),)))
    assert looked(looks, one, later(venue(), 5), node())[0]


READS = {
    Kind.FILL_MISSING: {"fills"},
    Kind.FILL_COMMISSION: {"fills"},
    Kind.POSITION_SIDE: {"positions"},
    Kind.BALANCE: {"balances"},
    Kind.ORDER_STATUS: {"orders_open", "orders_closed"},
    Kind.IDENTIFIER_MISMATCH: {"orders_open", "orders_closed"},
}


@pytest.mark.parametrize("kind", list(READS))
@pytest.mark.parametrize("unread", ["fills", "positions", "balances", "orders_open", "orders_closed"])
def test_a_reading_covers_a_kind_where_it_read_all_that_the_kind_is_made_of(kind: Kind, unread: str) -> None:
    without = venue(coverage=replace(Coverage.full(READ), **{unread: KindCoverage()}))
    assert reads_kind(kind, INSTRUMENT, without) is (unread not in READS[kind])
    failed = KindCoverage(asked=NOW, got=NOW, failures=(FailedQuery("q", "refused", OTHER),))
    partly = venue(coverage=replace(Coverage.full(READ), **{unread: failed}))
    assert reads_kind(kind, INSTRUMENT, partly)
    assert reads_kind(kind, OTHER, partly) is (unread not in READS[kind])
    assert reads_kind(kind, "", partly) is (unread not in READS[kind])


def test_a_sighting_is_kept_for_so_many_looks_that_could_not_see_it_and_not_for_one_more() -> None:
    truth, blind = venue(orders=(order(status="CANCELED"),)), venue(coverage=Coverage())
    mine = node(orders=(order(owner=OWNER),))
    (one,) = diff(truth, mine)
    looks = take_look(Looks(), (one,), truth, mine).looks
    for number in range(1, UNSEEN_LOOKS_MAX + 1):
        looks = take_look(looks, (), blind, mine).looks
        assert looks.sightings[one.fingerprint].unseen_looks == number
        assert looks.sightings[one.fingerprint].first_ns == READ
    assert not take_look(looks, (), blind, mine).looks.sightings
    seen_again = take_look(looks, (one,), later(truth, 5), mine)
    assert seen_again.act_on == (one,)
    assert seen_again.looks.sightings[one.fingerprint].unseen_looks == 0


ONE = Discrepancy(kind=Kind.ORDER_STATUS, subject=Subject(instrument_id=INSTRUMENT, client_order_id="O-1"), venue="A")
NAME = ONE.fingerprint


def test_a_heal_may_be_tried_as_often_as_is_allowed_and_is_then_given_up() -> None:
    ledger = Ledger()
    states = []
    for number in range(1, 5):
        cycle = Cycle(time_ns=number, discrepancies=(ONE,), healed=frozenset({NAME}))
        ledger, _ = advance(ledger, cycle, heal_attempts_max=2)
        states.append((ledger.open[NAME].state, ledger.open[NAME].heal_attempts, ledger.open[NAME].state_since_ns))
    assert states == [
        (LifeState.HEALING, 1, 1),
        (LifeState.HEALING, 2, 1),
        (LifeState.GIVEN_UP, 3, 3),
        (LifeState.GIVEN_UP, 3, 3),
    ]
    assert ledger.open[NAME].reason == "healed 2 times without effect"
    ledger, (gone,) = advance(ledger, Cycle(time_ns=9))
    assert (gone.before, gone.after, gone.resolved_by) == (LifeState.GIVEN_UP, LifeState.RESOLVED, ResolvedBy.TRUE_UP)
    assert dict(ledger.transitions_total) == {LifeState.HEALING: 1, LifeState.GIVEN_UP: 1, LifeState.RESOLVED: 1}


def test_a_refusal_comes_after_a_heal_and_a_confirmation_moves_only_what_is_new() -> None:
    name = frozenset({NAME})
    healed, _ = advance(Ledger(), Cycle(time_ns=1, discrepancies=(ONE,), healed=name, refused={NAME: "why"}))
    assert (healed.open[NAME].state, healed.open[NAME].reason) == (LifeState.HEALING, "")
    refused, _ = advance(healed, Cycle(time_ns=2, discrepancies=(ONE,), refused={NAME: "why"}, confirmed=name))
    assert (refused.open[NAME].state, refused.open[NAME].reason) == (LifeState.REFUSED, "why")
    kept, none = advance(refused, Cycle(time_ns=3, discrepancies=(ONE,), confirmed=name))
    assert (kept.open[NAME].state, none) == (LifeState.REFUSED, ())
    assert kept.count(LifeState.REFUSED) == 1
    assert kept.count(LifeState.NEW) == 0
    again, (moved,) = advance(kept, Cycle(time_ns=4, discrepancies=(ONE,), healed=name))
    assert (moved.before, moved.after, moved.reason, moved.time_ns) == (LifeState.REFUSED, LifeState.HEALING, "", 4)
    assert again.open[NAME].looks == 4


def test_as_many_ended_lives_are_kept_as_is_allowed_the_latest_of_them() -> None:
    def gone(kept_max: int) -> list[int]:
        ledger = Ledger()
        for number in range(3):
            one = replace(ONE, subject=replace(ONE.subject, client_order_id=f"O-{number}"))
            ledger, _ = advance(ledger, Cycle(time_ns=10 * number, discrepancies=(one,)), ended_lives_max=kept_max)
            ledger, _ = advance(ledger, Cycle(time_ns=10 * number + 1), ended_lives_max=kept_max)
        return [life.first_seen_ns for life in ledger.ended]

    assert [gone(kept_max) for kept_max in (0, 1, 2, 3, 4)] == [[], [20], [10, 20], [0, 10, 20], [0, 10, 20]]


def test_a_thousand_ended_lives_are_remembered_and_no_more() -> None:
    many = tuple(replace(ONE, subject=replace(ONE.subject, client_order_id=f"O-{number}")) for number in range(1_001))
    ledger, _ = advance(Ledger(), Cycle(time_ns=1, discrepancies=many))
    ledger, _ = advance(ledger, Cycle(time_ns=2))
    assert len(ledger.ended) == 1_000


def test_one_that_comes_back_twice_has_recurred_twice_and_is_told_once_a_cycle() -> None:
    ledger = Ledger()
    for number in range(3):
        ledger, made = advance(ledger, Cycle(time_ns=10 * number, discrepancies=(ONE, ONE)))
        assert [(one.after, one.is_recurring) for one in made] == [(LifeState.NEW, number > 0)]
        assert (ledger.open[NAME].recurrences, ledger.ended) == (number, ())
        assert ledger.open[NAME].first_seen_ns == ledger.open[NAME].last_seen_ns == 10 * number
        ledger, _ = advance(ledger, Cycle(time_ns=10 * number + 5))
        assert ledger.ended[-1].state_since_ns == 10 * number + 5
    assert unobserved(Ledger(), venue(coverage=cheap_look())) == frozenset()


def test_a_life_is_told_with_its_latest_words_and_weight() -> None:
    ledger, _ = advance(Ledger(), Cycle(time_ns=1, discrepancies=(ONE,)))
    worse = replace(ONE, venue="B", severity=Severity.CRITICAL)
    ledger, none = advance(ledger, Cycle(time_ns=7, discrepancies=(worse,)))
    life = ledger.open[NAME]
    assert (life.line, life.severity, life.last_seen_ns, life.state_since_ns) == (worse.explain(), worse.severity, 7, 1)
    assert none == ()
    assert (life.kind, life.instrument_id, life.is_recurring) == (Kind.ORDER_STATUS, INSTRUMENT, False)
