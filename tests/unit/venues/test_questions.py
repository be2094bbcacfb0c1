"""What a reading of the venue leaves open."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from trueup.model.coverage import Coverage, KindCoverage, Window
from trueup.model.enums import Leg, OrderSide, OrderStatus
from trueup.model.fills import FillRecord
from trueup.model.identifiers import opening_client_order_id
from trueup.model.orders import OrderRecord
from trueup.model.positions import PositionRecord
from trueup.model.snapshots import NodeSnapshot, VenueSnapshot
from trueup.venues.questions import ABSENT_ASKED_MAX, About, Question, open_questions, unexplained_positions

BTC = "BTCUSDT-PERP.BINANCE"


def order(number: str, status: OrderStatus = OrderStatus.ACCEPTED, filled: str = "0", **more: Any) -> OrderRecord:
    return OrderRecord(
        instrument_id=BTC,
        side=OrderSide.BUY,
        status=status,
        quantity=Decimal(5),
        filled_quantity=Decimal(filled),
        venue_order_id=number,
        **more,
    )


def fill(trade_id: str, number: str, quantity: str = "1", **more: Any) -> FillRecord:
    return FillRecord(
        trade_id=trade_id,
        instrument_id=BTC,
        side=OrderSide.BUY,
        quantity=Decimal(quantity),
        price=Decimal(100),
        time_ns=1,
        venue_order_id=number,
        **more,
    )


def venue(**parts: Any) -> VenueSnapshot:
    return VenueSnapshot(**{"account_id": "A", "started_ns": 0, "ended_ns": 9, "coverage": Coverage.full(9), **parts})


def node(**parts: Any) -> NodeSnapshot:
    return NodeSnapshot(**{"account_id": "A", "started_ns": 0, "ended_ns": 9, "coverage": Coverage.full(9), **parts})


def test_nothing_is_asked_when_the_lists_explain_each_other() -> None:
    whole = venue(orders=(order("1", filled="1"),), fills=(fill("T", "1"),))
    assert open_questions(whole, node()) == ()


def test_the_order_of_a_fill_that_no_list_has_is_asked_for() -> None:
    assert open_questions(venue(fills=(fill("T", "7"),)), node()) == (Question(About.ORDER, BTC, "7"),)


def test_an_order_that_a_fill_names_by_the_venues_number_and_the_node_by_both_names_is_one_question() -> None:
    held = node(orders=(closed("7", at=2),), fills=(fill("T", "7", "5"),))
    listed = venue(coverage=Coverage.full(9, 1), fills=(fill("T", "7", "5"),))
    assert open_questions(listed, held) == (Question(About.ORDER, BTC, "7", "O-7"),)


def test_a_live_order_of_the_node_that_no_list_has_is_asked_for_by_both_names() -> None:
    held = node(orders=(order("7", client_order_id="O-7"),))
    assert open_questions(venue(), held) == (Question(About.ORDER, BTC, "7", "O-7"),)


def test_a_submitted_order_is_asked_for_by_the_only_name_it_has() -> None:
    sent = OrderRecord(
        instrument_id=BTC,
        side=OrderSide.BUY,
        status=OrderStatus.SUBMITTED,
        quantity=Decimal(1),
        client_order_id="O-1",
    )
    (question,) = open_questions(venue(), node(orders=(sent,)))
    assert question.names == ("O-1",)


def test_an_order_that_the_venue_does_not_know_is_asked_for_once() -> None:
    held = node(orders=(order("7", client_order_id="O-7"),))
    assert open_questions(venue(unknown_orders=frozenset({"7"})), held) == ()


def closed(number: str, at: int = 5, **more: Any) -> OrderRecord:
    times = {"accepted_ns": at, "updated_ns": at, "client_order_id": f"O-{number}"}
    return order(number, OrderStatus.FILLED, "5", **{**times, **more})


def test_a_closed_order_with_fills_that_a_list_should_have_is_asked_for_before_it_counts_as_unknown() -> None:
    held = node(orders=(closed("7"),), fills=(fill("T", "7", "5"),))
    assert open_questions(venue(), held) == (Question(About.ORDER, BTC, "7", "O-7"),)
    assert open_questions(venue(unknown_orders=frozenset({"O-7"})), held) == ()
    assert open_questions(venue(orders=(closed("7"),), fills=(fill("T", "7", "5"),)), held) == ()


def test_a_closed_order_that_no_list_reaches_back_to_or_that_never_filled_is_not_asked_for() -> None:
    recent = Coverage.full(9, 4)
    old = node(orders=(closed("7", at=2),), fills=(fill("T", "7", "5"),))
    assert open_questions(venue(coverage=recent), old) == ()
    reaching = node(orders=(closed("7", at=2),), fills=(replace(fill("T", "7", "5"), time_ns=6),))
    assert open_questions(venue(coverage=recent), reaching) == (Question(About.ORDER, BTC, "7", "O-7"),)
    assert open_questions(venue(coverage=Coverage()), node(orders=(closed("7"),))) == ()
    assert open_questions(venue(), node(orders=(order("7", OrderStatus.CANCELED, updated_ns=5),))) == ()


def test_an_opening_balance_is_no_order_of_the_venue_and_is_not_asked_for() -> None:
    name = opening_client_order_id("A", BTC, Leg.BOTH)
    assert open_questions(venue(), node(orders=(closed("7", client_order_id=name),))) == ()


def test_of_hundreds_of_closed_orders_that_no_list_has_a_round_asks_for_the_first_hundred() -> None:
    held = node(orders=tuple(closed(str(number)) for number in range(1_000, 1_300)))
    assert len(open_questions(venue(), held)) == ABSENT_ASKED_MAX == 100


def test_the_fills_of_an_order_are_asked_for_when_they_do_not_add_up() -> None:
    short = venue(orders=(order("1", filled="3"),), fills=(fill("T", "1"),))
    assert open_questions(short, node()) == (Question(About.FILLS, BTC, "1"),)


def test_fills_older_than_the_window_that_the_node_holds_already_are_not_asked_for() -> None:
    short = venue(orders=(order("1", filled="3"),), fills=(fill("T", "1"),))
    held = node(orders=(order("1", filled="2"),), fills=(fill("S", "1", "2"),))
    assert open_questions(short, held) == ()


def test_an_invented_fill_of_the_node_explains_nothing() -> None:
    short = venue(orders=(order("1", filled="3"),), fills=(fill("T", "1"),))
    held = node(orders=(order("1", filled="2"),), fills=(fill("S", "1", "2", synthetic=True),))
    assert open_questions(short, held) == (Question(About.FILLS, BTC, "1"),)


def test_fills_that_were_answered_for_one_by_one_are_not_asked_for_again() -> None:
    now = Window(0, 9)
    asked = Coverage(fills=KindCoverage(asked=now, got=now, orders=frozenset({"1"})))
    short = venue(orders=(order("1", filled="3"),), coverage=asked)
    assert open_questions(short, node()) == ()


def test_a_position_is_unexplained_when_the_nodes_and_the_missing_fills_are_not_the_venues() -> None:
    said = venue(positions=(PositionRecord(instrument_id=BTC, quantity=Decimal(3)),), fills=(fill("T", "1"),))
    one = node(positions=(PositionRecord(instrument_id=BTC, quantity=Decimal(1)),))
    two = node(positions=(PositionRecord(instrument_id=BTC, quantity=Decimal(2)),))
    assert unexplained_positions(said, one) == {(BTC, Leg.BOTH)}
    assert unexplained_positions(said, two) == frozenset()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3)), max_size=12), st.randoms())
def test_the_questions_do_not_depend_on_the_order_of_the_lists(pairs: list[tuple[int, int]], random: Any) -> None:
    fills = [fill(f"T-{index}", str(number), str(quantity)) for index, (number, quantity) in enumerate(pairs)]
    orders = [order(str(number), filled=str(number)) for number in range(4)]
    first = open_questions(venue(orders=tuple(orders), fills=tuple(fills)), node())
    random.shuffle(fills)
    random.shuffle(orders)
    assert open_questions(venue(orders=tuple(orders), fills=tuple(fills)), node()) == first
