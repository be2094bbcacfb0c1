"""The comparer: every kind of difference is seen, and equal states are equal."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from trueup.drills.compare import Difference, compare
from trueup.drills.records import OWN_STRATEGY, NodeFill, NodeOrder, NodePosition, NodeState
from trueup.drills.venue import Leg, OrderStatus, Side, Truth

FILL = NodeFill("T-1", Decimal(2), Decimal(100), Decimal("0.08"), "MAKER", reconciliation=False)
ORDER = NodeOrder(
    client_order_id="V-1",
    venue_order_id="1001",
    symbol="BTC",
    side="BUY",
    status="PARTIALLY_FILLED",
    quantity=Decimal(3),
    price=Decimal(100),
    filled_quantity=Decimal(2),
    owner=OWN_STRATEGY,
    tags=(),
    fills=(FILL,),
)
POSITION = NodePosition("P-1", "BTC", OWN_STRATEGY, Decimal(2), Decimal(100))


@pytest.fixture
def truth() -> Truth:
    """Return a venue with one order, half filled."""
    truth = Truth()
    truth.place(symbol="BTC", side=Side.BUY, quantity=Decimal(3), price=Decimal(100), client_order_id="V-1", now_ns=1)
    truth.fill("V-1", Decimal(2), None, 2)
    return truth


def state(
    orders: tuple[NodeOrder, ...] = (ORDER,),
    positions: tuple[NodePosition, ...] = (POSITION,),
    balance: Decimal = Decimal("99999.92"),
) -> NodeState:
    """Return a node's state, by default equal to the venue's."""
    return NodeState(trading=True, orders=orders, positions=positions, balance=balance)


def kinds(truth: Truth, node: NodeState, alive_since_ns: int | None = None) -> set[Difference]:
    """Return the kinds of what differs."""
    return {finding.what for finding in compare(truth, node, alive_since_ns=alive_since_ns).findings}


def test_an_equal_node_has_no_differences(truth: Truth) -> None:
    comparison = compare(truth, state(), own=["V-1"])
    assert comparison.is_equal
    assert not comparison.ownership
    assert not comparison.balance


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"status": "FILLED"}, Difference.ORDER_STATUS),
        ({"status": "PENDING_CANCEL"}, Difference.ORDER_STATUS),
        ({"quantity": Decimal(4)}, Difference.ORDER_QUANTITY),
        ({"price": Decimal(99)}, Difference.ORDER_PRICE),
        ({"filled_quantity": Decimal(3)}, Difference.ORDER_FILLED),
        ({"fills": ()}, Difference.FILL_MISSING),
        ({"fills": (FILL, FILL)}, Difference.FILL_DUPLICATED),
        ({"fills": (FILL, replace(FILL, trade_id="S-1"))}, Difference.FILL_INVENTED),
        ({"fills": (replace(FILL, quantity=Decimal(1)),)}, Difference.FILL_QUANTITY),
        ({"fills": (replace(FILL, price=Decimal(101)),)}, Difference.FILL_PRICE),
        ({"fills": (replace(FILL, commission=Decimal(0)),)}, Difference.FILL_COMMISSION),
        ({"fills": (replace(FILL, commission=None),)}, Difference.FILL_COMMISSION),
    ],
)
def test_each_wrong_field_of_an_order_is_its_own_kind(
    truth: Truth, changed: dict[str, object], kind: Difference
) -> None:
    order = replace(ORDER, **changed)  # type: ignore[arg-type]  # the fields differ from case to case
    assert kinds(truth, state(orders=(order,))) == {kind}


def test_an_order_that_the_node_lacks_is_missing(truth: Truth) -> None:
    assert kinds(truth, state(orders=())) == {Difference.ORDER_MISSING}


def test_a_working_order_that_the_venue_lacks_is_invented(truth: Truth) -> None:
    phantom = replace(ORDER, client_order_id="P-1", venue_order_id="X", fills=())
    assert kinds(truth, state(orders=(ORDER, phantom))) == {Difference.ORDER_INVENTED}


@pytest.mark.parametrize("status", ["INITIALIZED", "DENIED", "REJECTED", "CANCELED", "EXPIRED"])
def test_an_order_that_never_came_to_anything_is_no_difference(truth: Truth, status: str) -> None:
    order = replace(
        ORDER, client_order_id="V-2", venue_order_id=None, status=status, filled_quantity=Decimal(0), fills=()
    )
    assert not kinds(truth, state(orders=(ORDER, order)))


def test_an_order_in_flight_that_the_venue_does_not_have_is_invented(truth: Truth) -> None:
    order = replace(
        ORDER, client_order_id="V-2", venue_order_id=None, status="SUBMITTED", filled_quantity=Decimal(0), fills=()
    )
    assert kinds(truth, state(orders=(ORDER, order))) == {Difference.ORDER_INVENTED}


def test_a_second_copy_of_an_order_is_invented(truth: Truth) -> None:
    copy = replace(ORDER, client_order_id="another name")
    assert kinds(truth, state(orders=(ORDER, copy))) == {Difference.ORDER_INVENTED}


def test_a_wrong_net_quantity_is_seen(truth: Truth) -> None:
    assert kinds(truth, state(positions=())) == {Difference.POSITION_QUANTITY}


def test_a_position_in_an_instrument_that_the_venue_never_held_is_seen(truth: Truth) -> None:
    other = NodePosition("P-2", "ETH", "EXTERNAL", Decimal(1), Decimal(5))
    assert kinds(truth, state(positions=(POSITION, other))) == {Difference.POSITION_QUANTITY}


def test_a_wrong_average_price_is_seen_and_a_rounding_of_doubles_is_not(truth: Truth) -> None:
    wrong = replace(POSITION, average_price=Decimal("100.0001"))
    rounded = replace(POSITION, average_price=Decimal("100.00000000000001"))
    assert kinds(truth, state(positions=(wrong,))) == {Difference.POSITION_AVERAGE_PRICE}
    assert not kinds(truth, state(positions=(rounded,)))


def test_two_owners_on_the_same_side_are_a_matter_of_ownership_only(truth: Truth) -> None:
    parts = (replace(POSITION, quantity=Decimal(1)), NodePosition("P-2", "BTC", "EXTERNAL", Decimal(1), Decimal(100)))
    comparison = compare(truth, state(positions=parts))
    assert comparison.is_equal
    assert [finding.what for finding in comparison.ownership] == [Difference.OWNER_SPLIT]


def test_a_net_position_held_against_itself_is_a_difference(truth: Truth) -> None:
    parts = (replace(POSITION, quantity=Decimal(3)), NodePosition("P-2", "BTC", "EXTERNAL", Decimal(-1), Decimal(100)))
    assert kinds(truth, state(positions=parts)) == {Difference.POSITION_OPPOSED}


def test_an_own_order_in_other_hands_is_a_matter_of_ownership(truth: Truth) -> None:
    comparison = compare(truth, state(orders=(replace(ORDER, owner="EXTERNAL"),)), own=["V-1"])
    assert comparison.is_equal
    assert [finding.what for finding in comparison.ownership] == [Difference.OWNER_LOST]


def test_a_wrong_balance_is_listed_apart(truth: Truth) -> None:
    comparison = compare(truth, state(balance=Decimal(100_000)))
    assert comparison.is_equal
    assert [finding.what for finding in comparison.balance] == [Difference.BALANCE]


def test_the_legs_of_a_hedging_account_are_compared_one_by_one() -> None:
    truth = Truth(hedging=True)
    for name, side, leg in (("V-1", Side.BUY, Leg.LONG), ("V-2", Side.SELL, Leg.SHORT)):
        truth.place(
            symbol="BTC",
            side=side,
            quantity=Decimal(2),
            price=Decimal(100),
            client_order_id=name,
            leg=leg,
            now_ns=1,
        )
        truth.fill(name, Decimal(2), None, 2)
    long = NodePosition("BTC-LONG", "BTC", OWN_STRATEGY, Decimal(2), Decimal(100))
    findings = compare(truth, state(positions=(long,))).findings
    assert [str(finding) for finding in findings if finding.what is Difference.POSITION_QUANTITY] == [
        "position quantity BTC SHORT: venue -2, node 0"
    ]


def closed_life(truth: Truth) -> None:
    """Let the venue have an earlier, closed life of the position."""
    for name, side in (("A", Side.BUY), ("B", Side.SELL)):
        truth.place(symbol="BTC", side=side, quantity=Decimal(1), price=Decimal(90), client_order_id=name, now_ns=1)
        truth.fill(name, Decimal(1), None, 2)


def test_closed_lives_may_be_missing_where_only_what_is_alive_is_compared() -> None:
    truth = Truth()
    closed_life(truth)
    truth.place(symbol="BTC", side=Side.BUY, quantity=Decimal(3), price=Decimal(100), client_order_id="V-1", now_ns=3)
    truth.fill("V-1", Decimal(2), None, 4)
    order = replace(ORDER, venue_order_id="1003", fills=(replace(FILL, trade_id="T-3"),))
    assert kinds(truth, state(orders=(order,))) == {Difference.ORDER_MISSING}
    assert not kinds(truth, state(orders=(order,)), alive_since_ns=0)


def test_what_is_alive_may_not_be_missing_in_any_comparison(truth: Truth) -> None:
    assert kinds(truth, state(orders=()), alive_since_ns=0) == {Difference.ORDER_MISSING}


def test_an_amendment_of_the_status_is_not_hidden_by_the_word_for_it(truth: Truth) -> None:
    truth.finish("V-1", OrderStatus.CANCELED, 3)
    assert kinds(truth, state()) == {Difference.ORDER_STATUS}


def opened(quantity: int) -> NodeOrder:
    """Return the order that stands for an opening balance."""
    fill = replace(FILL, trade_id="OPEN-1", quantity=Decimal(quantity))
    return replace(
        ORDER,
        client_order_id="OPEN",
        venue_order_id="OPEN",
        status="FILLED",
        quantity=Decimal(quantity),
        filled_quantity=Decimal(quantity),
        fills=(fill,),
    )


def test_one_opening_balance_may_stand_for_what_is_older_than_the_window() -> None:
    truth = Truth()
    truth.place(symbol="BTC", side=Side.BUY, quantity=Decimal(2), price=Decimal(100), client_order_id="V-1", now_ns=1)
    truth.fill("V-1", Decimal(2), None, 2)
    assert not kinds(truth, state(orders=(opened(2),)), alive_since_ns=10)
    assert Difference.ORDER_MISSING in kinds(truth, state(orders=(opened(2),)), alive_since_ns=0)
    twice = (opened(2), replace(opened(2), client_order_id="OPEN-2", venue_order_id="OPEN-2"))
    assert kinds(truth, state(orders=twice), alive_since_ns=10) == {Difference.ORDER_INVENTED}


def test_a_trade_of_another_symbol_with_the_same_number_stands_for_none() -> None:
    truth = Truth()
    for name, symbol in (("V-1", "BTC"), ("V-2", "ETH")):
        truth.place(
            symbol=symbol, side=Side.BUY, quantity=Decimal(2), price=Decimal(100), client_order_id=name, now_ns=1
        )
        truth.fill(name, Decimal(2), None, 2)
    other = replace(
        opened(2), client_order_id="V-2", venue_order_id="1002", symbol="ETH", fills=(replace(FILL, trade_id="T-1"),)
    )
    assert Difference.ORDER_INVENTED not in kinds(truth, state(orders=(opened(2), other)), alive_since_ns=10)
