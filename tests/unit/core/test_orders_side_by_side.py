"""Orders side by side: which is which, what differs, how bad it is, and what removes it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.core.builders import (
    ACCOUNT,
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
from trueup.core.diff_names import both_names
from trueup.core.diff_orders import is_renamed, is_same, prices_differ, same_status, triggers_differ
from trueup.core.pairing import distinct_venue_orders, find_in_node, order_of_fill, pair_orders
from trueup.core.view import TruePair, View
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
    external_client_order_id,
)

Kind = DiscrepancyKind
OTHER = "BBB.VENUE"


def only(found: tuple[Discrepancy, ...], kind: Kind) -> Discrepancy:
    (one,) = [each for each in found if each.kind is kind]
    return one


# -- Which is which ----------------------------------------------------------------------------------------------------


def test_each_of_the_venues_orders_is_taken_once_and_as_it_was_read_last() -> None:
    one, two = order("O-1", "1"), order("O-2", None)
    assert distinct_venue_orders(venue(orders=(one, two))) == [one, two]
    again = replace(one, updated_ns=one.updated_ns + 1, status=OrderStatus.CANCELED)
    for listed in ((one, again, two), (again, two, one)):
        assert distinct_venue_orders(venue(orders=listed)) == [again, two]
    assert distinct_venue_orders(venue(orders=(one, again))) == [again]
    same_number = order("O-1", "1", instrument=OTHER)
    assert len(distinct_venue_orders(venue(orders=(replace(one, client_order_id=None), same_number)))) == 2


def test_an_order_is_found_by_number_then_name_then_invented_name_then_former_number() -> None:
    numbered, named = order("O-9", "1"), order("O-1", "8")
    theirs = order("O-1", "1")
    invented = order(external_client_order_id(ACCOUNT, INSTRUMENT, "1"), None)
    held = node(orders=(numbered, named, invented))
    assert find_in_node(theirs, held, {}) is numbered
    assert find_in_node(theirs, node(orders=(named, invented)), {}) is named
    assert find_in_node(replace(theirs, client_order_id=None), node(orders=(named, invented)), {}) is invented
    assert find_in_node(theirs, node(orders=(invented,)), {}) is None, "the venue names it otherwise"
    assert find_in_node(replace(theirs, venue_order_id=None), held, {}) is named
    assert find_in_node(replace(theirs, client_order_id=None, venue_order_id=None), held, {}) is None
    former = {(INSTRUMENT, "1"): "O-5"}
    moved = order("O-5", "7")
    assert find_in_node(replace(theirs, client_order_id=None), node(orders=(moved,)), former) is moved
    assert find_in_node(theirs, node(orders=(moved,)), former) is moved
    assert find_in_node(theirs, node(orders=(moved,)), {(OTHER, "1"): "O-5"}) is None
    both = order("O-1", "1", instrument=OTHER)
    assert find_in_node(theirs, node(orders=(both,)), {}) is both, "the name and the number are the same"


def test_the_node_has_left_over_what_no_order_of_the_venue_is() -> None:
    mine, lone = order("O-1", "1", owner=OWNER), order("O-2", "2", owner=OWNER)
    paired = pair_orders(venue(orders=(order("O-1", "1"), order("O-3", "3"))), node(orders=(mine, lone)))
    assert [(pair.venue.client_order_id, pair.node) for pair in paired.pairs] == [("O-1", mine), ("O-3", None)]
    assert paired.node_only == (lone,)
    assert paired.clashing == ()


def test_a_name_that_two_orders_of_the_venue_bear_is_no_pair_but_a_clash() -> None:
    mine = order("O-1", "1", owner=OWNER)
    one, other = order("X", "1"), order("O-1", "2")
    paired = pair_orders(venue(orders=(one, other)), node(orders=(mine,)))
    assert paired.clashing == ((other, mine),)
    assert [pair.node for pair in paired.pairs] == [mine]
    assert paired.node_only == ()
    unnumbered = replace(mine, venue_order_id=None)
    assert pair_orders(venue(orders=(other,)), node(orders=(unnumbered,))).clashing == ()
    renumbered = pair_orders(venue(orders=(other,)), node(orders=(mine,)))
    assert (renumbered.clashing, renumbered.pairs[0].node) == ((), mine), "its number is not another order's"
    elsewhere = pair_orders(venue(orders=(order("X", "1", instrument=OTHER), other)), node(orders=(mine,)))
    assert elsewhere.clashing == (), "numbers are an instrument's own"


def test_the_order_of_a_fill_is_that_of_its_number_else_of_its_name() -> None:
    one, two = order("O-1", "1"), order("O-2", "2")
    listed = venue(orders=(one, two))
    assert order_of_fill(fill("7", number="1", name="O-2"), listed) is one
    assert order_of_fill(fill("7", number="9", name="O-2"), listed) is two
    assert order_of_fill(fill("7", number=None, name="O-2"), listed) is two
    assert order_of_fill(fill("7", number="9", name=None), listed) is None
    assert order_of_fill(fill("7", number="1", name=None, instrument=OTHER), listed) is None


# -- What differs ------------------------------------------------------------------------------------------------------


def test_two_orders_are_the_same_only_if_every_value_is() -> None:
    mine = replace(order(owner=OWNER), trigger_price=Decimal(5))
    theirs = replace(mine, owner=None)
    assert is_same(theirs, mine)
    assert is_same(replace(theirs, client_order_id=None), mine), "the venue need not name it"
    for wrong in (
        {"status": OrderStatus.CANCELED},
        {"filled_quantity": Decimal(1)},
        {"quantity": Decimal(4)},
        {"price": Decimal(1)},
        {"trigger_price": Decimal(1)},
        {"venue_order_id": "2"},
        {"client_order_id": "O-2"},
        {"side": order(side="SELL").side},
    ):
        assert not is_same(replace(theirs, **wrong), mine), wrong


@pytest.mark.parametrize(
    ("theirs", "mine", "order_type", "is_same_status"),
    [
        ("ACCEPTED", "ACCEPTED", "LIMIT", True),
        ("ACCEPTED", "TRIGGERED", "STOP_LIMIT", True),
        ("ACCEPTED", "TRIGGERED", "STOP_MARKET", False),
        ("TRIGGERED", "ACCEPTED", "STOP_LIMIT", False),
        ("CANCELED", "TRIGGERED", "STOP_LIMIT", False),
    ],
)
def test_a_triggered_order_may_be_listed_as_a_working_one(
    theirs: str, mine: str, order_type: str, is_same_status: bool
) -> None:
    pair = TruePair(order(status=theirs), order(status=mine, order_type=order_type), Decimal(0))
    assert same_status(pair) is is_same_status


def test_prices_differ_where_the_venue_says_one_and_the_type_has_one() -> None:
    mine = order(price="100", order_type="STOP_LIMIT")
    assert prices_differ(order(price="101"), mine)
    assert not prices_differ(order(price="100.0"), mine)
    assert not prices_differ(order(price=None), mine)
    assert not prices_differ(order(price="101"), replace(mine, order_type=order(order_type="MARKET").order_type))
    stop = replace(mine, trigger_price=Decimal(5))
    assert triggers_differ(replace(order(), trigger_price=Decimal(6)), stop)
    assert not triggers_differ(replace(order(), trigger_price=Decimal(5)), stop)
    assert not triggers_differ(order(), stop)
    assert not triggers_differ(replace(order(), trigger_price=Decimal(6)), order())


def test_an_order_is_renamed_where_its_number_is_the_same() -> None:
    assert is_renamed(order("X", "1"), order("O-1", "1"))
    assert not is_renamed(order("X", "2"), order("O-1", "1"))
    assert not is_renamed(order("X", None), order("O-1", None))
    assert both_names(order("X", None)) == "X/-"
    assert both_names(order(None, "1")) == "-/1"


@pytest.mark.parametrize(
    ("theirs", "mine", "kind", "severity", "healability", "said"),
    [
        ({}, {"side": "SELL"}, Kind.ORDER_SIDE, Severity.CRITICAL, Healability.REBUILD, ("BUY", "SELL", "")),
        ({"status": "CANCELED"}, {}, Kind.ORDER_STATUS, Severity.CRITICAL, Healability.HEALABLE, None),
        ({}, {"status": "CANCELED"}, Kind.ORDER_STATUS, Severity.CRITICAL, Healability.HEALABLE, None),
        ({}, {"status": "EXPIRED"}, Kind.ORDER_STATUS, Severity.CRITICAL, Healability.REBUILD, None),
        (
            {"status": "EXPIRED"},
            {"status": "CANCELED"},
            Kind.ORDER_STATUS,
            Severity.WARNING,
            Healability.HEALABLE,
            None,
        ),
        ({"quantity": "2"}, {}, Kind.ORDER_QUANTITY, Severity.CRITICAL, Healability.HEALABLE, ("2", "3", "-1")),
        (
            {"quantity": "2", "status": "CANCELED"},
            {"status": "CANCELED"},
            Kind.ORDER_QUANTITY,
            Severity.WARNING,
            Healability.HEALABLE,
            ("2", "3", "-1"),
        ),
        ({"price": "99.50"}, {}, Kind.ORDER_PRICE, Severity.CRITICAL, Healability.HEALABLE, ("99.5", "100", "")),
        (
            {"status": "CANCELED", "filled": "2"},
            {"status": "CANCELED", "filled": "1"},
            Kind.ORDER_FILLED_QUANTITY,
            Severity.CRITICAL,
            Healability.DERIVED,
            ("2", "1", "+1"),
        ),
        ({"number": "2"}, {}, Kind.IDENTIFIER_MISMATCH, Severity.WARNING, Healability.MANUAL, ("O-1/2", "O-1/1", "")),
        ({"name": "X"}, {}, Kind.IDENTIFIER_MISMATCH, Severity.WARNING, Healability.REBUILD, ("X/1", "O-1/1", "")),
    ],
)
def test_every_difference_of_an_order_has_its_weight_and_its_remedy(
    theirs: dict[str, str],
    mine: dict[str, str],
    kind: Kind,
    severity: Severity,
    healability: Healability,
    said: tuple[str, str, str] | None,
) -> None:
    truth = venue(orders=(order(**theirs, updated=150),))  # type: ignore[arg-type]  # tests' spelling
    held = node(orders=(order(owner=OWNER, **mine),))  # type: ignore[arg-type]  # tests' spelling
    one = only(diff(truth, held), kind)
    assert (one.severity, one.healability, one.time_ns) == (severity, healability, 150 * SECOND)
    assert said is None or (one.venue, one.node, one.change) == said


def test_a_trigger_price_that_differs_is_told() -> None:
    theirs = replace(order(order_type="STOP_MARKET", price=None), trigger_price=Decimal("7.0"))
    mine = replace(theirs, trigger_price=Decimal(8), owner=OWNER)
    one = only(diff(venue(orders=(theirs,)), node(orders=(mine,))), Kind.ORDER_TRIGGER_PRICE)
    assert (one.venue, one.node, one.severity, one.healability) == ("7", "8", Severity.CRITICAL, Healability.HEALABLE)


@pytest.mark.parametrize("status", ["SUBMITTED", "PENDING_UPDATE", "PENDING_CANCEL"])
def test_an_answer_may_be_on_its_way_for_two_seconds_after_the_last_event(status: str) -> None:
    theirs = venue(orders=(order(status="CANCELED"),))
    for age_ns, is_pending in ((TOLERANCE.settle_ns - 1, True), (TOLERANCE.settle_ns, False)):
        for when in ("updated_ns", "submitted_ns"):
            mine = replace(order(status=status, owner=OWNER), **{when: READ - age_ns})  # type: ignore[arg-type]  # times
            found = compare(theirs, node(orders=(mine,)))
            assert bool(found.pending) is is_pending
            assert bool(found.discrepancies) is not is_pending
            if is_pending:
                (waiting,) = found.pending
                assert (waiting.client_order_id, waiting.instrument_id) == ("O-1", INSTRUMENT)
                assert (waiting.status, waiting.reason) == (mine.status, "the venue's answer is on its way")


# -- What one side alone has -------------------------------------------------------------------------------------------


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
