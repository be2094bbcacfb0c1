"""Fills side by side: which is which, and what differs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.core.builders import (
    ACCOUNT,
    INSTRUMENT,
    OWNER,
    SECOND,
    covered_from,
    fill,
    node,
    order,
    position,
    venue,
)
from trueup.core import diff
from trueup.core.fill_matching import match_fills
from trueup.core.view import View
from trueup.model import (
    Discrepancy,
    DiscrepancyKind,
    FillRecord,
    Healability,
    Leg,
    OrderSide,
    Severity,
    Subject,
    opening_client_order_id,
)
from trueup.model.identifiers import opening_trade_id

Kind = DiscrepancyKind


def only(found: tuple[Discrepancy, ...], kind: Kind) -> Discrepancy:
    (one,) = [each for each in found if each.kind is kind]
    return one


def test_a_fill_has_the_venues_name_under_each_name_of_its_order() -> None:
    theirs = fill("7", number="1", name="O-1")
    seen = View(venue(orders=(order("O-1", "1"),), fills=(theirs,)), node(orders=(order("O-1", "9", owner=OWNER),)))
    assert seen.venue_key(theirs) == theirs.key
    assert seen.venue_key(fill("7", number="9", name="O-1")) == theirs.key, "the node knows a former number"
    assert seen.venue_key(fill("7", number=None, name="O-1")) == theirs.key
    stranger = fill("7", number="8", name="O-8")
    assert seen.venue_key(stranger) == stranger.key
    unlisted = fill("8", number="9", name="O-1")
    assert seen.venue_key(unlisted) == unlisted.key
    by_name = fill("7", number=None, name="O-3")
    alone = View(venue(fills=(by_name,)), node())
    assert alone.venue_key(fill("7", number="3", name="O-3")) == by_name.key, "by its own name, without any order"


def test_the_fill_of_a_discrepancy_is_found_by_number_else_by_name() -> None:
    numbered, named = fill("7", number="1", name="O-1"), fill("8", number=None, name="O-2", side="SELL")
    seen = View(venue(fills=(numbered, named)), node())
    assert seen.venue_fill(Subject.of_fill(numbered)) is numbered
    assert seen.venue_fill(Subject.of_fill(named)) is named
    assert seen.venue_fill(replace(Subject.of_fill(named), venue_order_id="5")) is named


def test_a_venue_would_have_listed_what_lies_in_its_window_or_belongs_to_an_order_that_it_was_asked_about() -> None:
    asked = replace(covered_from(200).fills, orders=frozenset({"1", "O-2"}))
    seen = View(venue(coverage=replace(covered_from(200), fills=asked)), node())
    for number, name, at, is_listed in (
        ("1", "O-9", 10, True),
        ("9", "O-2", 10, True),
        ("9", "O-9", 10, False),
        ("9", "O-9", 199, False),
        ("9", "O-9", 200, True),
    ):
        assert seen.would_list(fill("7", number=number, name=name, at=at)) is is_listed


def matched(
    theirs: tuple[FillRecord, ...], mine: tuple[FillRecord, ...], *, would_list: bool = True
) -> tuple[object, ...]:
    truth, held = venue(fills=theirs), node(fills=mine)
    found = match_fills(truth, held, View(truth, held).venue_key, lambda _: would_list)
    return dict(found.renamed), dict(found.misbooked), found.missing, found.surplus


def test_every_fill_of_either_side_is_the_same_renamed_misbooked_missing_or_surplus() -> None:
    theirs, mine = fill("7", number="1", name="O-1"), fill("7", number="2", name="O-2")
    assert matched((theirs,), (theirs,)) == ({}, {}, (), ())
    assert matched((theirs,), ()) == ({}, {}, (theirs,), ())
    assert matched((), (mine,)) == ({}, {}, (), (mine,))
    assert matched((theirs,), (mine,)) == ({}, {mine.key: theirs}, (), ())
    assert matched((theirs,), (mine,), would_list=False) == ({}, {}, (theirs,), (mine,))
    renumbered = fill("7", number="2", name="O-1")
    assert matched((theirs,), (renumbered,)) == ({renumbered.key: theirs}, {}, (), ())
    other = fill("8", number="3", name="O-3")
    assert matched((theirs,), (other,)) == ({}, {}, (theirs,), (other,))
    assert matched((theirs, other), (theirs, mine)) == ({}, {}, (other,), (mine,))
    nameless = replace(theirs, client_order_id=None)
    unnamed = replace(mine, client_order_id=None)
    assert matched((nameless,), (unnamed,)) == ({}, {unnamed.key: nameless}, (), ())


def test_a_fill_known_by_name_is_taken_once() -> None:
    theirs = fill("7", number=None, name="O-1")
    first, second = fill("7", number="4", name="O-1"), fill("7", number="5", name="O-1")
    assert matched((theirs,), (second, first)) == ({first.key: theirs}, {}, (), (second,))
    assert matched((theirs,), (theirs, first)) == ({}, {}, (), (first,)), "the node holds it under its own name"
    assert matched((theirs,), (first,), would_list=False) == ({first.key: theirs}, {}, (), ())


def test_of_two_trades_of_one_id_each_is_given_to_one_order() -> None:
    theirs = (fill("7", number="1", name=None), fill("7", number="2", name=None))
    mine = (fill("7", number="3", name=None), fill("7", number="4", name=None), fill("7", number="5", name=None))
    renamed, misbooked, missing, surplus = matched(theirs, mine)
    assert renamed == {}
    assert misbooked == {mine[0].key: theirs[0], mine[1].key: theirs[1]}
    assert (missing, surplus) == ((), (mine[2],))


def test_a_missing_fill_is_told_with_all_that_it_did() -> None:
    theirs = fill("7", quantity="1.50", price="99.0", at=120)
    one = only(diff(venue(orders=(order(),), fills=(theirs,)), node(orders=(order(owner=OWNER),))), Kind.FILL_MISSING)
    assert (one.venue, one.node, one.time_ns) == ("BUY 1.5 @ 99", None, 120 * SECOND)
    assert (one.severity, one.healability) == (Severity.CRITICAL, Healability.HEALABLE)
    assert (one.subject.client_order_id, one.subject.venue_order_id, one.subject.trade_id) == ("O-1", "1", "7")


FILLED = order(status="PARTIALLY_FILLED", filled="1")
THEIRS = venue(orders=(FILLED,), fills=(fill("7"),), positions=(position("1"),))


def held_fill(mine: FillRecord) -> tuple[Discrepancy, ...]:
    holding = replace(mine, quantity=Decimal(1))
    return diff(
        THEIRS,
        node(
            orders=(replace(FILLED, owner=OWNER),),
            fills=(mine,),
            positions=(position("1", owner=OWNER, fills=(holding,)),),
        ),
    )


@pytest.mark.parametrize(
    ("mine", "kind", "severity", "said"),
    [
        ({"price": "101.5"}, Kind.FILL_PRICE, Severity.WARNING, ("100", "101.5", "-1.5")),
        ({"quantity": "2"}, Kind.FILL_QUANTITY, Severity.CRITICAL, ("1", "2", "-1")),
        ({"commission": "0.25"}, Kind.FILL_COMMISSION, Severity.WARNING, ("0.1 USDT", "0.25 USDT", "")),
    ],
)
def test_every_value_of_a_fill_is_compared(
    mine: dict[str, str], kind: Kind, severity: Severity, said: tuple[str, str, str]
) -> None:
    one = only(held_fill(fill("7", **mine)), kind)  # type: ignore[arg-type]  # tests' spelling
    assert (one.venue, one.node, one.change) == said
    assert (one.severity, one.healability, one.time_ns) == (severity, Healability.REBUILD, 110 * SECOND)


def test_a_commission_in_another_currency_is_told_and_one_without_a_currency_has_no_blank() -> None:
    one = only(held_fill(replace(fill("7"), commission_currency="BNB")), Kind.FILL_COMMISSION)
    assert (one.venue, one.node) == ("0.1 USDT", "0.1 BNB")
    bare = only(held_fill(replace(fill("7"), commission_currency="")), Kind.FILL_COMMISSION)
    assert bare.node == "0.1"
    assert held_fill(fill("7")) == ()


def test_an_invented_fill_says_whether_a_reconciliation_made_it() -> None:
    for synthetic, detail in ((True, "made by a reconciliation"), (False, "")):
        mine = fill("9", number=None, name="O-1", synthetic=synthetic, quantity="1.0", at=130)
        found = diff(
            venue(), node(orders=(order(status="FILLED", filled="1", quantity="1", owner=OWNER),), fills=(mine,))
        )
        one = only(found, Kind.FILL_INVENTED)
        assert (one.detail, one.node, one.venue) == (detail, "BUY 1 @ 100", None)
        assert (one.severity, one.healability, one.time_ns) == (Severity.CRITICAL, Healability.REBUILD, 130 * SECOND)
        assert one.subject.venue_order_id == "1", "the node knows the order's number"


def test_an_opening_balance_is_no_invention() -> None:
    name = opening_client_order_id(ACCOUNT, INSTRUMENT, Leg.BOTH)
    mine = fill(opening_trade_id(ACCOUNT, INSTRUMENT, Leg.BOTH, OrderSide.BUY), number=name, name=name, synthetic=True)
    assert not [one for one in diff(venue(), node(fills=(mine,))) if one.kind is Kind.FILL_INVENTED]


def test_a_trade_booked_more_often_than_listed_names_who_holds_it() -> None:
    theirs = venue(orders=(FILLED,), fills=(fill("7"),))
    twice = (fill("7"), fill("7", number="2", name="O-2"))
    one = only(diff(theirs, node(orders=(replace(FILLED, owner=OWNER),), fills=twice)), Kind.FILL_DUPLICATED)
    assert (one.venue, one.node, one.detail) == ("once", "2 times", "held by O-1, O-2")
    assert (one.severity, one.healability, one.time_ns) == (Severity.CRITICAL, Healability.REBUILD, 110 * SECOND)
    thrice = (*twice, fill("7", number="3", name=None))
    lines = [each.explain() for each in diff(theirs, node(fills=thrice)) if each.kind is Kind.FILL_DUPLICATED]
    assert len(lines) == 2
    assert all("3 times" in line and "held by 3, O-1, O-2" in line for line in lines)
    two = venue(fills=(fill("7"), fill("7", number="5", name="O-5")))
    found = diff(two, node(fills=(fill("7"), fill("7", number="5", name="O-5"), fill("7", number="6", name="O-6"))))
    assert only(found, Kind.FILL_DUPLICATED).venue == "2 times"


def test_a_fill_that_one_order_holds_twice_is_booked_twice() -> None:
    again = replace(fill("7"), price=Decimal(101))
    found = diff(THEIRS, node(orders=(replace(FILLED, owner=OWNER),), fills=(fill("7"), again)))
    one = only(found, Kind.FILL_DUPLICATED)
    assert (one.venue, one.node, one.detail) == ("once", "2 times", "held by O-1")


def test_a_fill_on_the_wrong_order_names_both_orders() -> None:
    mine = fill("7", number="2", name="O-2")
    found = diff(venue(orders=(FILLED,), fills=(fill("7", at=140),)), node(fills=(mine,)))
    one = only(found, Kind.IDENTIFIER_MISMATCH)
    assert (one.venue, one.node, one.time_ns) == ("1", "2", 140 * SECOND)
    assert (one.severity, one.healability) == (Severity.CRITICAL, Healability.REBUILD)
    nameless = (fill("7", number=None, name="A"),), (fill("7", number=None, name="B"),)
    by_name = only(diff(venue(fills=nameless[0]), node(fills=nameless[1])), Kind.IDENTIFIER_MISMATCH)
    assert (by_name.venue, by_name.node) == ("A", "B")
