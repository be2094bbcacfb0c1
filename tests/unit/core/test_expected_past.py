"""Which of the venue's past the node should hold, and where that past is cut."""

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
    fill,
    node,
    order,
    position,
    venue,
)
from trueup.core.expected import cut_of, find_missing, settled_orders
from trueup.core.history import History, OrderKey, history_of, opening_cut, order_key
from trueup.core.view import View
from trueup.model import (
    Coverage,
    FailedQuery,
    FillRecord,
    KindCoverage,
    Leg,
    OrderSide,
    Window,
    opening_client_order_id,
)
from trueup.model.identifiers import opening_trade_id

OTHER = "BBB.VENUE"
NOW = Window(0, READ)


def all_but(kind: str, instrument: str = OTHER) -> Coverage:
    """Return a coverage in which the reading of one kind failed for one instrument."""
    failed = KindCoverage(asked=NOW, got=NOW, failures=(FailedQuery(kind, "refused", instrument),))
    return replace(Coverage.full(READ), **{kind: failed})


FILLED = order(status="PARTIALLY_FILLED", filled="1")


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
