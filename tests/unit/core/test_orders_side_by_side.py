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
    fill,
    node,
    order,
    venue,
)
from trueup.core import compare, diff
from trueup.core.diff_names import both_names
from trueup.core.diff_orders import is_renamed, is_same, prices_differ, same_status, triggers_differ
from trueup.core.pairing import distinct_venue_orders, find_in_node, order_of_fill, pair_orders
from trueup.core.view import TruePair
from trueup.model import (
    Discrepancy,
    DiscrepancyKind,
    Healability,
    OrderRecord,
    OrderStatus,
    Severity,
    external_client_order_id,
)

Kind = DiscrepancyKind
OTHER = "BBB.VENUE"


def only(found: tuple[Discrepancy, ...], kind: Kind) -> Discrepancy:
    (one,) = [each for each in found if each.kind is kind]
    return one


def lone(status: str, **more: object) -> tuple[OrderRecord, ...]:
    return (order(status=status, owner=OWNER, **more),)  # type: ignore[arg-type]  # tests' spelling


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
    assert [(said.client_order_id, held) for said, held in paired.pairs] == [("O-1", mine), ("O-3", None)]
    assert paired.node_only == (lone,)
    assert paired.clashing == ()


def test_a_name_that_two_orders_of_the_venue_bear_is_no_pair_but_a_clash() -> None:
    mine = order("O-1", "1", owner=OWNER)
    one, other = order("X", "1"), order("O-1", "2")
    paired = pair_orders(venue(orders=(one, other)), node(orders=(mine,)))
    assert paired.clashing == ((other, mine),)
    assert [held for _, held in paired.pairs] == [mine]
    assert paired.node_only == ()
    unnumbered = replace(mine, venue_order_id=None)
    assert pair_orders(venue(orders=(other,)), node(orders=(unnumbered,))).clashing == ()
    renumbered = pair_orders(venue(orders=(other,)), node(orders=(mine,)))
    assert (renumbered.clashing, renumbered.pairs) == ((), ((other, mine),)), "its number is not another order's"
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
