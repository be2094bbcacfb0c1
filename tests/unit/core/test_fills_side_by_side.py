"""Fills side by side: which is which, which of the venue's past the node should hold, and where that past is cut."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core.builders import (
    ACCOUNT,
    INSTRUMENT,
    OWNER,
    READ,
    SECOND,
    covered_from,
    fill,
    node,
    order,
    position,
    venue,
)
from trueup.core import diff
from trueup.core.expected import cut_of, find_missing, settled_orders
from trueup.core.fill_matching import match_fills
from trueup.core.history import History, OrderKey, history_of, opening_cut, order_key
from trueup.core.view import View
from trueup.model import (
    Coverage,
    Discrepancy,
    DiscrepancyKind,
    FailedQuery,
    FillRecord,
    Healability,
    KindCoverage,
    Leg,
    OrderSide,
    Severity,
    Subject,
    Window,
    opening_client_order_id,
)
from trueup.model.identifiers import opening_trade_id

Kind = DiscrepancyKind
OTHER = "BBB.VENUE"
NOW = Window(0, READ)


def only(found: tuple[Discrepancy, ...], kind: Kind) -> Discrepancy:
    (one,) = [each for each in found if each.kind is kind]
    return one


def all_but(kind: str, instrument: str = OTHER) -> Coverage:
    """Return a coverage in which the reading of one kind failed for one instrument."""
    failed = KindCoverage(asked=NOW, got=NOW, failures=(FailedQuery(kind, "refused", instrument),))
    return replace(Coverage.full(READ), **{kind: failed})


# -- Which is which ----------------------------------------------------------------------------------------------------


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


# -- What differs ------------------------------------------------------------------------------------------------------


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


# -- What the node should hold -----------------------------------------------------------------------------------------


def test_what_was_not_read_of_one_instrument_is_not_missing_there_and_nowhere_else() -> None:
    orders = (order(), order("O-2", "2", instrument=OTHER))
    fills = (fill("7"), fill("8", number="2", name="O-2", instrument=OTHER))
    truth = venue(orders=orders, fills=fills)
    for kind, expected in (("fills", {"O-1"}), ("orders_open", {"O-1"})):
        mine = replace(node(), coverage=all_but(kind))
        missing = find_missing(View(truth, mine))
        named = {one.client_order_id for one in (missing.fills if kind == "fills" else missing.orders)}
        assert named == expected
    assert find_missing(View(truth, replace(node(), coverage=Coverage()))).fills == ()


def test_a_closed_order_without_fills_is_missing_from_the_instant_from_which_the_node_knows_all() -> None:
    for at, updated, known_from, is_missing in (
        (100, 100, 100, True),
        (100, 100, 101, False),
        (50, 100, 100, True),
        (100, 50, 100, True),
        (100, 100, None, False),
    ):
        ended = order(status="CANCELED", at=at, updated=updated)
        assert bool(find_missing(View(venue(orders=(ended,)), node(known_from=known_from))).orders) is is_missing
    rejected = order(status="REJECTED")
    assert find_missing(View(venue(orders=(rejected,)), node())).orders == ()


def test_a_closed_order_whose_listed_fills_are_not_expected_is_not_missing_either() -> None:
    """It was flat since, and the node knows of it from later on."""
    bought, sold = fill("7", quantity="3"), fill("8", number="2", name="O-2", side="SELL", quantity="3", at=120)
    ended = (order(status="FILLED", filled="3"), order("O-2", "2", status="FILLED", filled="3", side="SELL", at=115))
    truth = venue(orders=ended, fills=(bought, sold))
    assert find_missing(View(truth, node(known_from=130))) == find_missing(View(venue(), node()))
    assert find_missing(View(truth, node(known_from=None))).orders == ()
    late = replace(truth, orders=tuple(replace(one, updated_ns=140 * SECOND) for one in ended))
    assert find_missing(View(late, node(known_from=130))).orders == (), "its fills were weighed one by one"
    unlisted = replace(late, fills=())
    assert len(find_missing(View(unlisted, node(known_from=130))).orders) == 2, "nothing else tells of it"


def test_a_fill_is_expected_of_a_known_order_an_open_one_or_from_a_known_instant() -> None:
    flat = (fill("7", at=110), fill("8", number="2", name="O-2", side="SELL", at=120))
    ended = (
        order(status="FILLED", filled="1", quantity="1"),
        order("O-2", "2", status="FILLED", filled="1", quantity="1", side="SELL"),
    )
    truth = venue(orders=ended, fills=flat)

    def missing(mine: object) -> list[str]:
        return [one.trade_id for one in find_missing(View(truth, mine)).fills]  # type: ignore[arg-type]  # a node

    assert missing(node(known_from=121)) == []
    assert missing(node(known_from=120)) == ["7", "8"], "a clean cut takes what the fill came from, too"
    assert missing(node(known_from=110)) == ["7", "8"]
    assert missing(node(known_from=None)) == []
    knows = (replace(ended[0], owner=OWNER),)
    assert missing(node(known_from=None, orders=knows)) == ["7", "8"]
    held = fill("5", number="5", name="O-5", at=50)
    assert missing(node(known_from=None, fills=(held,))) == ["7", "8"], "the node's own record began before them"
    later = replace(held, time_ns=115 * SECOND)
    assert missing(node(known_from=None, fills=(later,))) == ["8"]
    same_time = replace(held, time_ns=110 * SECOND, trade_id="7")
    assert missing(node(known_from=None, fills=(same_time,))) == ["8"]
    lying = node(known_from=None, positions=(position("0", None, owner=OWNER, fills=(later,)),))
    assert missing(lying) == ["8"]
    bare = node(known_from=None, positions=(position("2", owner=OWNER, at=115),))
    assert missing(bare) == ["8"], "a position without fills began when it was opened"


def test_a_fill_that_a_position_holds_is_not_missing_though_its_order_was_purged() -> None:
    theirs = fill("7")
    truth = venue(
        orders=(order(status="FILLED", filled="1", quantity="1"),), fills=(theirs,), positions=(position("1"),)
    )
    holding = node(known_from=None, positions=(position("1", owner=OWNER, fills=(theirs,)),))
    assert find_missing(View(truth, holding)).fills == ()
    renamed = node(
        known_from=None, positions=(position("1", owner=OWNER, fills=(replace(theirs, venue_order_id=None),)),)
    )
    assert find_missing(View(truth, renamed)).fills == ()


def opened(side: OrderSide, at: int) -> FillRecord:
    name = opening_client_order_id(ACCOUNT, INSTRUMENT, Leg.BOTH)
    trade_id = opening_trade_id(ACCOUNT, INSTRUMENT, Leg.BOTH, side)
    return fill(trade_id, number=name, name=name, side=str(side), at=at, synthetic=True)


@pytest.mark.parametrize("side", list(OrderSide))
def test_an_opening_balance_has_absorbed_what_is_no_later_than_itself(side: OrderSide) -> None:
    balance = opened(side, 110)
    truth = venue(orders=(FILLED,), fills=(fill("7", at=110), fill("8", at=111)))
    by_order = node(orders=(replace(FILLED, owner=OWNER),), fills=(balance,))
    purged = node(orders=(replace(FILLED, owner=OWNER),), positions=(position("1", owner=OWNER, fills=(balance,)),))
    for mine in (by_order, purged):
        seen = View(truth, mine)
        assert seen.opening_fill((INSTRUMENT, Leg.BOTH)) == balance
        assert seen.opening_fill((INSTRUMENT, Leg.LONG)) is None
        assert [one.trade_id for one in find_missing(seen).fills] == ["8"]
    assert View(truth, node()).opening_fill((INSTRUMENT, Leg.BOTH)) is None
    ours = order(opening_client_order_id(ACCOUNT, INSTRUMENT, Leg.BOTH), "x")
    assert View(truth, node()).is_opening_order(ours)
    assert not View(truth, node()).is_opening_order(order())


def test_whether_the_listed_fills_of_a_closed_order_add_up_is_told_of_those_that_the_node_lacks() -> None:
    whole, short = order(status="FILLED", filled="1", quantity="1"), order("O-2", "2", status="CANCELED", filled="2")
    working, known = order("O-3", "3"), order("O-4", "4", status="FILLED", filled="1", quantity="1")
    fills = tuple(fill(str(10 + n), number=str(n), name=f"O-{n}", at=110 + n) for n in range(1, 6))
    seen = View(venue(orders=(whole, short, working, known), fills=fills), node(orders=(replace(known, owner=OWNER),)))
    history = history_of(fills, Decimal(5))
    settled = settled_orders(seen, history)
    assert settled == {(INSTRUMENT, "1"): True, (INSTRUMENT, "2"): False, (INSTRUMENT, "5"): False}
    assert cut_of(seen, history, {id(history.fills[3])}) == 0


def test_a_history_is_cut_where_it_was_flat_else_where_a_balance_can_be_opened() -> None:
    rows = (
        fill("1", number="1", name=None),
        fill("2", number="2", name=None, side="SELL", at=120),
        fill("3", number="3", name=None, at=130),
    )
    orders = tuple(
        order(None, str(n), status="FILLED", filled="1", quantity="1", side=side)
        for n, side in ((1, "BUY"), (2, "SELL"), (3, "BUY"))
    )
    seen = View(venue(orders=orders, fills=rows), node())
    flat = history_of(rows, Decimal(1))
    assert [cut_of(seen, flat, {id(flat.fills[index])}) for index in range(3)] == [0, 0, 2]
    assert cut_of(seen, flat, set()) == 2, "nothing is needed: the last flat instant"
    older = history_of(rows, Decimal(3))
    assert cut_of(seen, older, {id(older.fills[2])}) == 0, "every order adds up: at the first fill"
    short = View(
        venue(orders=(replace(orders[0], filled_quantity=Decimal(2), quantity=Decimal(2)), *orders[1:]), fills=rows),
        node(),
    )
    assert cut_of(short, older, {id(older.fills[2])}) == 1, "after the order whose fills do not add up"


rows = st.lists(
    st.tuples(st.sampled_from("ABCD"), st.sampled_from(("BUY", "SELL")), st.integers(1, 3)), min_size=1, max_size=9
)


def made(listed: list[tuple[str, str, int]], end: int) -> History:
    fills = [
        fill(str(index), number=number, name=None, side=side, quantity=str(quantity), at=index + 1)
        for index, (number, side, quantity) in enumerate(listed)
    ]
    return history_of(fills, Decimal(end))


@given(rows, st.integers(-3, 3))
def test_a_history_walks_from_its_beginning_to_its_end(listed: list[tuple[str, str, int]], end: int) -> None:
    history = made(listed, end)
    quantity = history.opening_quantity
    for index, one in enumerate(history.fills):
        assert history.before[index] == quantity
        quantity += one.signed_quantity
        later = {order_key(each) for each in history.fills[index:]}
        assert history.earliest[index] == min(i for i, each in enumerate(history.fills) if order_key(each) in later)
    assert quantity == history.before[-1] == end
    assert history.earliest[-1] == len(history.fills)
    assert history.is_whole is (history.before[0] == 0)
    flats = [index for index, before in enumerate(history.before) if not before]
    assert history.last_flat() == (flats[-1] if flats else None)


@given(rows, st.integers(-3, 3), st.integers(0, 9))
def test_a_clean_cut_is_the_latest_that_there_is(listed: list[tuple[str, str, int]], end: int, need: int) -> None:
    history = made(listed, end)
    need = min(need, len(history.fills))
    clean = [
        cut
        for cut in range(need + 1)
        if not history.before[cut]
        and not {order_key(one) for one in history.fills[:cut]} & {order_key(one) for one in history.fills[cut:]}
    ]
    assert history.clean_cut(need) == (clean[-1] if clean else None)


@given(rows, st.dictionaries(st.sampled_from("ABCD"), st.booleans()))
def test_an_opening_cut_is_the_first_that_keeps_orders_whole(
    listed: list[tuple[str, str, int]], settled: dict[str, bool]
) -> None:
    history = made(listed, 1)
    said: dict[OrderKey, bool] = {(INSTRUMENT, number): is_whole for number, is_whole in settled.items()}

    def serves(cut: int) -> bool:
        before = {order_key(one) for one in history.fills[:cut]}
        after = {order_key(one) for one in history.fills[cut:]}
        return not before & after and not any(said.get(key, True) is False for key in after)

    first = next(cut for cut in range(len(history.fills) + 1) if serves(cut))
    absorbed = {order_key(one) for one in history.fills[:first]}
    assert opening_cut(history, said) == (first if absorbed <= said.keys() else None)


def test_an_order_is_named_by_its_number_else_by_its_name() -> None:
    assert order_key(fill("1", number="4", name="O-4")) == (INSTRUMENT, "4")
    assert order_key(fill("1", number=None, name="O-4")) == ("", "O-4")
    assert order_key(fill("1", number=None, name=None)) == ("", "")
