"""Orders that one side alone has, names on several, and the order in which it is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.core.builders import (
    INSTRUMENT,
    OWNER,
    READ,
    SECOND,
    TOLERANCE,
    cheap_look,
    covered_from,
    fill,
    node,
    order,
    position,
    venue,
)
from trueup.core import compare, diff
from trueup.core.diff_lone_orders import is_answered_unknown
from trueup.core.view import View
from trueup.model import (
    Coverage,
    Discrepancy,
    DiscrepancyKind,
    Healability,
    KindCoverage,
    OrderRecord,
    OrderStatus,
    Severity,
    Window,
)

Kind = DiscrepancyKind
OTHER = "BBB.VENUE"


def only(found: tuple[Discrepancy, ...], kind: Kind) -> Discrepancy:
    (one,) = [each for each in found if each.kind is kind]
    return one


@pytest.mark.parametrize(
    ("status", "filled", "severity", "said"),
    [
        ("ACCEPTED", "0", Severity.CRITICAL, "ACCEPTED BUY 0 of 3"),
        ("PARTIALLY_FILLED", "1", Severity.CRITICAL, "PARTIALLY_FILLED BUY 1 of 3"),
        ("CANCELED", "1", Severity.WARNING, "CANCELED BUY 1 of 3"),
        ("CANCELED", "0", Severity.INFO, "CANCELED BUY 0 of 3"),
    ],
)
def test_an_order_that_the_node_lacks_weighs_as_much_as_it_can_do(
    status: str, filled: str, severity: Severity, said: str
) -> None:
    theirs = order(status=status, filled=filled, at=120)
    fills = (fill("7", quantity=filled, at=121),) if filled != "0" else ()
    one = only(diff(venue(orders=(theirs,), fills=fills), node()), Kind.ORDER_MISSING_IN_NODE)
    assert (one.severity, one.venue, one.node, one.time_ns) == (severity, said, None, 120 * SECOND)
    assert one.healability is Healability.HEALABLE


def lone(status: str, **more: object) -> tuple[OrderRecord, ...]:
    return (order(status=status, owner=OWNER, **more),)  # type: ignore[arg-type]  # tests' spelling


@pytest.mark.parametrize("status", ["EMULATED", "RELEASED", "DENIED", "INITIALIZED"])
def test_what_never_left_the_node_is_not_missing_at_the_venue(status: str) -> None:
    assert diff(venue(), node(orders=lone(status, number=None))) == ()


def test_an_order_that_the_venue_denies_is_missing_there_even_if_it_was_never_sent() -> None:
    found = diff(venue(unknown=("O-1",)), node(orders=lone("INITIALIZED", number=None)))
    one = only(found, Kind.ORDER_MISSING_AT_VENUE)
    assert (one.detail, one.severity, one.healability) == (
        "the venue answered: unknown order",
        Severity.CRITICAL,
        Healability.HEALABLE,
    )
    assert (one.node, one.venue, one.time_ns) == ("INITIALIZED BUY 0 of 3", None, 100 * SECOND)


def test_an_order_that_a_complete_list_lacks_is_missing_and_waits_for_its_own_answer() -> None:
    one = only(diff(venue(), node(orders=lone("ACCEPTED"))), Kind.ORDER_MISSING_AT_VENUE)
    assert (one.detail, one.healability) == ("not among the venue's open orders", Healability.DERIVED)
    by_number = only(diff(venue(unknown=("1",)), node(orders=lone("ACCEPTED"))), Kind.ORDER_MISSING_AT_VENUE)
    assert by_number.healability is Healability.HEALABLE
    seen = View(venue(unknown=("1", "O-7")), node())
    assert [is_answered_unknown(each, seen) for each in (order("O-1", "1"), order("O-7", "3"), order("O-2", "2"))] == [
        True,
        True,
        False,
    ]


def test_an_order_is_missing_only_from_a_list_that_was_read_after_its_last_event() -> None:
    for late in ({"at": 9_990}, {"at": 1, "updated": 9_990}):
        held = node(orders=lone("ACCEPTED", **late))
        grace = TOLERANCE.submit_grace_ns // SECOND
        early = Coverage.full((9_990 - 1) * SECOND)
        assert diff(venue(at=(9_990 + grace) * SECOND, coverage=early), held) == ()
        enough = Coverage.full(9_990 * SECOND)
        assert diff(venue(at=(9_990 + grace) * SECOND, coverage=enough), held) != ()
        within_grace = compare(venue(at=(9_990 + grace) * SECOND - 1, coverage=enough), held)
        assert within_grace.discrepancies == ()
        (waiting,) = within_grace.pending
        assert (waiting.client_order_id, waiting.reason) == ("O-1", "within the submit grace, and not at the venue yet")


def test_the_submit_grace_counts_from_the_sending_too() -> None:
    sent = (replace(order(status="SUBMITTED", number=None, owner=OWNER), submitted_ns=READ - 1),)
    assert [one.client_order_id for one in compare(venue(), node(orders=sent)).pending] == ["O-1"]


def test_a_phantom_is_a_closed_order_with_fills_that_a_complete_list_lacks() -> None:
    phantom = replace(order(status="FILLED", filled="3", owner=OWNER), submitted_ns=90 * SECOND)
    found = diff(venue(), node(orders=(phantom,), fills=()))
    one = only(found, Kind.ORDER_MISSING_AT_VENUE)
    assert (one.detail, one.severity, one.healability) == (
        "closed in the node, never at the venue",
        Severity.WARNING,
        Healability.REBUILD,
    )
    assert (one.node, one.time_ns) == ("FILLED BUY 3 of 3", 100 * SECOND)
    for start, is_told in ((90, True), (91, False), (100, False), (101, False)):
        told = diff(venue(coverage=covered_from(start)), node(orders=(phantom,)))
        assert bool(told) is is_told, "an order on both sides of a list's beginning may be left out of it"
    assert diff(venue(coverage=covered_from(101), unknown=("O-1",)), node(orders=(phantom,))) != ()
    assert diff(venue(), node(orders=lone("CANCELED"))) == (), "without fills it made no difference"
    timeless = replace(phantom, submitted_ns=0, accepted_ns=0, updated_ns=0)
    assert diff(venue(), node(orders=(timeless,))) != ()
    assert diff(venue(coverage=covered_from(1)), node(orders=(timeless,))) == ()


def test_an_unowned_order_on_a_claimed_instrument_is_told_while_it_works() -> None:
    theirs = (order(),)
    claims = {INSTRUMENT: OWNER}
    held = node(orders=(order(owner="EXTERNAL"),))
    one = only(diff(venue(orders=theirs), held, claims=claims), Kind.ORDER_OWNER)
    assert (one.venue, one.node, one.detail) == (OWNER, "EXTERNAL", "claimed, yet owned by nobody")
    assert (one.severity, one.healability, one.time_ns) == (Severity.WARNING, Healability.REBUILD, 100 * SECOND)
    assert diff(venue(orders=theirs), held, claims={OTHER: OWNER}) == ()
    assert diff(venue(orders=theirs), held) == ()
    assert diff(venue(orders=theirs), node(orders=(order(owner="S-002"),)), claims=claims) == ()
    closed = (order(status="CANCELED"),)
    assert diff(venue(orders=closed), node(orders=(order(status="CANCELED", owner="EXTERNAL"),)), claims=claims) == ()


def test_a_name_on_two_orders_is_told_with_the_names_of_both() -> None:
    mine = order("O-1", "1", owner=OWNER, updated=140)
    for status, severity in (("ACCEPTED", Severity.CRITICAL), ("CANCELED", Severity.WARNING)):
        other = order("O-1", "2", status=status, updated=150)
        one = only(diff(venue(orders=(order("X", "1"), other)), node(orders=(mine,))), Kind.IDENTIFIER_DUPLICATED)
        assert (one.venue, one.node) == ("O-1/2", "O-1/1")
        assert (one.subject.client_order_id, one.subject.venue_order_id) == ("", "2")
        assert (one.severity, one.healability, one.time_ns) == (severity, Healability.MANUAL, 150 * SECOND)
        assert one.detail == "the client order id belongs to another order of the venue"


def test_two_orders_of_the_node_with_one_name_are_told_by_that_name() -> None:
    one, two = order("O-1", "1", owner=OWNER, updated=140), order("O-2", "1", owner=OWNER, updated=150)
    told = only(diff(venue(orders=(order("O-1", "1"),)), node(orders=(one, two))), Kind.IDENTIFIER_DUPLICATED)
    assert (told.subject.client_order_id, told.subject.venue_order_id) == ("", "1")
    assert (told.node, told.venue, told.time_ns) == ("O-1/1, O-2/1", "1", 150 * SECOND)
    assert (told.severity, told.healability) == (Severity.CRITICAL, Healability.REBUILD)
    closed = tuple(replace(each, status=OrderStatus.CANCELED) for each in (one, replace(two, client_order_id="O-1")))
    renumbered = (closed[0], replace(closed[1], venue_order_id="2"))
    by_name = [
        each
        for each in diff(venue(orders=(order(status="CANCELED"),)), node(orders=renumbered))
        if each.kind is Kind.IDENTIFIER_DUPLICATED and each.healability is Healability.REBUILD
    ]
    assert [(each.subject.client_order_id, each.subject.venue_order_id) for each in by_name] == [("O-1", "")]
    assert by_name[0].severity is Severity.WARNING
    half = (replace(one, status=OrderStatus.CANCELED), two)
    again = only(diff(venue(orders=(order("O-1", "1"),)), node(orders=half)), Kind.IDENTIFIER_DUPLICATED)
    assert again.severity is Severity.CRITICAL, "one of them still works"


def test_pending_orders_are_told_in_their_order_and_differences_by_instrument_and_time() -> None:
    sent = tuple(
        replace(order(name, None, status="SUBMITTED", owner=OWNER, instrument=where), submitted_ns=READ)
        for where, name in ((OTHER, "O-1"), (INSTRUMENT, "O-3"), (INSTRUMENT, "O-2"))
    )
    waiting = compare(venue(), node(orders=sent)).pending
    assert [(one.instrument_id, one.client_order_id) for one in waiting] == [
        (INSTRUMENT, "O-2"),
        (INSTRUMENT, "O-3"),
        (OTHER, "O-1"),
    ]
    theirs = (
        order("B", "2", at=120, instrument=OTHER),
        order("A", "1", at=130),
        order("C", "3", at=110),
    )
    assert [one.subject.client_order_id for one in diff(venue(orders=theirs), node())] == ["C", "A", "B"]


def test_a_cheap_look_knows_of_no_closed_order_and_a_look_at_one_instrument_of_no_other() -> None:
    closed = lone("FILLED", filled="3")
    assert diff(venue(coverage=cheap_look()), node(orders=closed)) == ()
    now = Window(0, READ)
    one = KindCoverage(asked=now, got=now, instruments=frozenset({INSTRUMENT}))
    here = replace(Coverage.full(READ), orders_open=one)
    both = node(orders=(*lone("ACCEPTED"), *lone("ACCEPTED", name="O-2", number="2", instrument=OTHER)))
    assert {each.subject.instrument_id for each in diff(venue(coverage=here), both)} == {INSTRUMENT}


def test_positions_and_orders_that_agree_are_no_difference() -> None:
    theirs = venue(orders=(order(status="FILLED", filled="3"),), fills=(fill("7", quantity="3"),))
    held = fill("7", quantity="3")
    mine = node(
        orders=(order(status="FILLED", filled="3", owner=OWNER),),
        fills=(held,),
        positions=(position("3", owner=OWNER, fills=(held,)),),
    )
    assert compare(replace(theirs, positions=(position("3"),)), mine).discrepancies == ()
