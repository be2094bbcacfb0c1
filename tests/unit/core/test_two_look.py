"""The two-look rule, by example, and as a law against a lagging stream."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.core.builders import INSTRUMENT, OWNER, READ, SECOND, cheap_look, fill, node, order, position, venue
from trueup.core import LookResult, Looks, diff, take_look
from trueup.core.two_look import UNSEEN_LOOKS_MAX, absences
from trueup.model import DiscrepancyKind, NodeSnapshot, VenueSnapshot

LATER = READ + 5 * SECOND


def look(looks: Looks, truth: VenueSnapshot, mine: NodeSnapshot) -> LookResult:
    return take_look(looks, diff(truth, mine), truth, mine)


def kinds(result: LookResult) -> set[DiscrepancyKind]:
    return {one.kind for one in result.act_on}


TRUTH = venue(orders=(order(status="PARTIALLY_FILLED", filled="1"),), fills=(fill("7"),), positions=(position("1"),))
TRUTH_LATER = replace(TRUTH, started_ns=LATER, ended_ns=LATER)
BEHIND = node(orders=(order(owner=OWNER),))


def test_nothing_is_acted_on_at_the_first_look() -> None:
    assert look(Looks(), TRUTH, BEHIND).act_on == ()


def test_what_two_looks_agree_on_is_acted_on() -> None:
    first = look(Looks(), TRUTH, BEHIND)
    second = look(first.looks, TRUTH_LATER, BEHIND)
    assert second.act_on == diff(TRUTH_LATER, BEHIND)


def test_at_start_up_the_first_look_is_enough() -> None:
    found = diff(TRUTH, BEHIND)
    assert take_look(Looks(), found, TRUTH, BEHIND, at_startup=True).act_on == found


def test_two_looks_at_the_same_instant_are_one() -> None:
    first = look(Looks(), TRUTH, BEHIND)
    assert look(first.looks, TRUTH, BEHIND).act_on == ()


def test_two_looks_are_two_from_half_a_second_on_and_an_unseen_sighting_lasts_for_fifty() -> None:
    first = look(Looks(), TRUTH, BEHIND)
    for gap_ns, acts in ((SECOND // 2 - 1, False), (SECOND // 2, True)):
        at = READ + gap_ns
        assert bool(look(first.looks, replace(TRUTH, started_ns=at, ended_ns=at), BEHIND).act_on) is acts
    assert UNSEEN_LOOKS_MAX == 50


def test_a_fill_missing_twice_is_booked_although_its_order_was_busy() -> None:
    """Scoped to the order, or worse to the instrument, a busy subject would never be healed."""
    first = look(Looks(), TRUTH, BEHIND)
    other = fill("8", at=111)
    busy = node(
        orders=(order(status="PARTIALLY_FILLED", filled="1", owner=OWNER, updated=111),),
        fills=(other,),
        positions=(position("1", owner=OWNER, fills=(other,)),),
    )
    truth = venue(
        orders=(order(status="PARTIALLY_FILLED", filled="2"),),
        fills=(fill("7"), other),
        positions=(position("2"),),
        at=LATER,
    )
    assert kinds(look(first.looks, truth, busy)) == {DiscrepancyKind.FILL_MISSING}


def test_a_status_is_not_acted_on_while_its_own_order_moves() -> None:
    gone = venue(orders=(order(status="CANCELED"),))
    first = look(Looks(), gone, BEHIND)
    moved = node(orders=(order(owner=OWNER, updated=200),))
    second = look(first.looks, replace(gone, started_ns=LATER, ended_ns=LATER), moved)
    assert second.act_on == ()
    third = look(second.looks, replace(gone, started_ns=LATER * 2, ended_ns=LATER * 2), moved)
    assert kinds(third) == {DiscrepancyKind.ORDER_STATUS}


def test_another_order_that_moves_does_not_hold_a_status_back() -> None:
    gone = venue(orders=(order(status="CANCELED"), order("O-2", "2")))
    first = look(Looks(), gone, node(orders=(order(owner=OWNER), order("O-2", "2", owner=OWNER))))
    busy = node(orders=(order(owner=OWNER), order("O-2", "2", owner=OWNER, updated=300)))
    second = look(first.looks, replace(gone, started_ns=LATER, ended_ns=LATER), busy)
    assert kinds(second) == {DiscrepancyKind.ORDER_STATUS}


def test_an_unknown_order_must_be_answered_unknown_twice() -> None:
    absent, unknown = venue(), venue(unknown=("O-1",))
    first = look(Looks(), absent, BEHIND)
    second = look(first.looks, replace(unknown, started_ns=LATER, ended_ns=LATER), BEHIND)
    assert second.act_on == ()
    third = look(second.looks, replace(unknown, started_ns=2 * LATER, ended_ns=2 * LATER), BEHIND)
    assert kinds(third) == {DiscrepancyKind.ORDER_MISSING_AT_VENUE}


def test_a_look_that_did_not_read_fills_neither_confirms_nor_forgets_a_missing_fill() -> None:
    first = look(Looks(), TRUTH, BEHIND)
    cheap = replace(TRUTH_LATER, fills=(), coverage=cheap_look())
    second = look(first.looks, cheap, BEHIND)
    assert DiscrepancyKind.FILL_MISSING not in kinds(second)
    third = look(second.looks, replace(TRUTH, started_ns=2 * LATER, ended_ns=2 * LATER), BEHIND)
    assert DiscrepancyKind.FILL_MISSING in kinds(third)


def test_a_look_that_read_everything_forgets_what_it_did_not_see() -> None:
    first = look(Looks(), TRUTH, BEHIND)
    healed = venue(orders=(order(),), at=LATER)
    assert look(first.looks, healed, BEHIND).looks == Looks()


def test_the_memory_of_looks_is_bounded() -> None:
    looks = look(Looks(), TRUTH, BEHIND).looks
    cheap = venue(orders=(order(),), coverage=cheap_look())
    for _ in range(UNSEEN_LOOKS_MAX + 1):
        looks = take_look(looks, (), cheap, BEHIND).looks
    assert not looks.sightings


def test_a_position_is_acted_on_only_when_the_nodes_own_position_was_quiet() -> None:
    first = look(Looks(), venue(positions=(position("2"),)), node(positions=(position("1", owner=OWNER),)))
    truth = venue(positions=(position("3"),), at=LATER)
    moved = node(positions=(position("2", owner=OWNER),))
    assert look(first.looks, truth, moved).act_on == ()
    assert {one.subject.instrument_id for one in diff(truth, moved)} == {INSTRUMENT}


def test_what_no_list_has_is_told_apart_since_a_start_must_not_purge_or_end_it_at_first_sight() -> None:
    ended = order(status="FILLED", quantity="1", filled="1", owner=OWNER)
    mine = node(orders=(ended,), fills=(fill("7"),))
    found = diff(venue(), mine)
    assert {one.kind for one in found} == {DiscrepancyKind.ORDER_MISSING_AT_VENUE, DiscrepancyKind.FILL_INVENTED}
    assert absences(found, venue()) == {one.fingerprint for one in found}
    listed = venue(orders=(ended,))
    assert absences(diff(listed, mine), listed) == frozenset()  # made again from the venue's fills, or refused
    unlisted = diff(venue(), BEHIND)
    assert [one.kind for one in unlisted] == [DiscrepancyKind.ORDER_MISSING_AT_VENUE]
    assert absences(unlisted, venue()) == frozenset()  # not asked about yet: it is not acted on at all
    denying = replace(venue(), unknown_orders=frozenset({"O-1"}))
    denied = diff(denying, BEHIND)
    assert absences(denied, denying) == {one.fingerprint for one in denied} != frozenset()
