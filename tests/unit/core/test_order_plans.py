"""What is done about an order that both sides have, and every reason for which nothing is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.core.builders import (
    INSTRUMENT,
    OWNER,
    SECOND,
    fill,
    node,
    order,
    position,
    venue,
)
from tests.unit.core.planning import names, planned, refusals
from trueup.model import (
    Amend,
    DiscrepancyKind,
    Fill,
    Final,
    OrderStatus,
    RefusalCode,
    Revive,
    Seed,
)

Kind = DiscrepancyKind


@pytest.mark.parametrize(
    ("theirs", "mine", "fills", "code", "reason"),
    [
        (
            {"status": "ACCEPTED"},
            {"status": "PARTIALLY_FILLED", "filled": "1"},
            (),
            "NEEDS_REBUILD",
            "the node holds more fills than the venue counts",
        ),
        (
            {"status": "PARTIALLY_FILLED", "filled": "2"},
            {},
            ("7",),
            "FILLS_INCOMPLETE",
            "the fills that were read do not add up to the filled quantity",
        ),
        ({"status": "ACCEPTED"}, {"status": "EXPIRED"}, (), None, ""),
        ({"number": "2"}, {}, (), "IDENTIFIERS_CLASH", "both sides name the order differently"),
        ({"name": "X"}, {}, (), "NEEDS_REBUILD", "the node knows it as O-1"),
        ({"status": "REJECTED"}, {"status": "PARTIALLY_FILLED", "filled": "1"}, (), "NEEDS_REBUILD", None),
    ],
)
def test_what_no_report_can_heal_is_refused_with_its_reason(
    theirs: dict[str, str], mine: dict[str, str], fills: tuple[str, ...], code: str | None, reason: str | None
) -> None:
    truth = venue(orders=(order(**theirs),), fills=tuple(fill(one) for one in fills))  # type: ignore[arg-type]  # tests' spelling
    made = planned(truth, node(orders=(order(owner=OWNER, **mine),)))  # type: ignore[arg-type]  # tests' spelling
    said = [one for one in made.refused if one.reason.startswith("order ")]
    if code is None:
        assert said == []
        return
    assert not any(isinstance(step, (Seed, Fill, Final)) for step in made.steps)
    assert [one.code for one in said] == [code]
    assert reason is None or said[0].reason.endswith(reason)


@pytest.mark.parametrize("status", ["CANCELED", "EXPIRED"])
def test_an_order_ended_in_the_node_alone_is_revived_with_all_its_fills(status: str) -> None:
    theirs = order(status="PARTIALLY_FILLED", filled="1")
    truth = venue(orders=(theirs,), fills=(fill("7"),), positions=(position("1"),))
    mine = node(orders=(order(status=status, owner=OWNER),))
    made = planned(truth, mine)
    if status == "CANCELED":
        assert names(made) == ["Fill"], "a fill may follow a cancel"
        return
    assert names(made) == ["Revive", "Seed", "Fill"]
    assert made.steps[0] == Revive(
        client_order_id="O-1",
        instrument_id=INSTRUMENT,
        owner=OWNER,
        was=OrderStatus.EXPIRED,
        becomes=OrderStatus.PARTIALLY_FILLED,
    )
    for only in ({Kind.FILL_MISSING}, {Kind.ORDER_STATUS}):
        assert planned(truth, mine, only=frozenset(only)).steps == (), "it waits for both"


def test_an_order_ended_with_fills_can_only_be_rebuilt() -> None:
    held = fill("7")
    theirs = order(status="ACCEPTED", filled="1", quantity="3")
    truth = venue(orders=(theirs,), fills=(held,), positions=(position("1"),))
    for status in ("EXPIRED", "CANCELED"):
        mine = node(
            orders=(order(status=status, filled="1", owner=OWNER),),
            fills=(held,),
            positions=(position("1", owner=OWNER, fills=(held,)),),
        )
        made = planned(truth, mine)
        assert made.steps == ()
        assert made.refused[0].reason == f"order 1: the node ended the order as {status} with fills booked"


def test_a_late_fill_of_a_canceled_order_ends_it_again_in_time_order() -> None:
    theirs = order(status="CANCELED", filled="2", quantity="5", updated=115)
    truth = venue(orders=(theirs,), fills=(fill("8", at=130), fill("7", at=120)), positions=(position("2"),))
    mine = node(orders=(order(status="CANCELED", owner=OWNER),))
    made = planned(truth, mine)
    assert names(made) == ["Amend", "Fill", "Fill", "Final"]
    amend, first, second, last = made.steps
    assert isinstance(amend, Amend)
    assert isinstance(first, Fill)
    assert isinstance(second, Fill)
    assert isinstance(last, Final)
    assert amend.order.quantity == 5
    assert [first.fill.trade_id, second.fill.trade_id] == ["7", "8"]
    assert (last.again, last.time_ns, last.order.status) == (True, 130 * SECOND, OrderStatus.CANCELED)
    expired = planned(replace(truth, orders=(replace(theirs, status=OrderStatus.EXPIRED),)), mine)
    assert names(expired) == ["Amend", "Fill", "Fill", "Final"]
    waits = replace(truth, orders=(replace(theirs, status=OrderStatus.EXPIRED),))
    assert planned(waits, mine, only=frozenset({Kind.FILL_MISSING})).steps == ()


def test_an_unacknowledged_order_waits_for_its_status() -> None:
    truth = venue(orders=(order(),))
    sent = node(orders=(order("O-1", None, status="SUBMITTED", owner=OWNER),))
    assert names(planned(truth, sent)) == ["Seed"]
    filled = venue(
        orders=(order(status="PARTIALLY_FILLED", filled="1"),), fills=(fill("7"),), positions=(position("1"),)
    )
    waiting = planned(filled, sent, only=frozenset({Kind.FILL_MISSING}))
    assert (waiting.steps, waiting.refused) == ((), ())


def test_an_open_order_is_ended_or_triggered_only_where_its_status_may_be_acted_on() -> None:
    ended = venue(orders=(order(status="CANCELED", updated=140),))
    mine = node(orders=(order(owner=OWNER),))
    (step,) = planned(ended, mine).steps
    assert isinstance(step, Final)
    assert (step.order.status, step.again, step.time_ns) == (OrderStatus.CANCELED, False, 140 * SECOND)
    touched = order(status="TRIGGERED", order_type="STOP_LIMIT", updated=140)
    for status, is_triggered in (("ACCEPTED", True), ("PENDING_CANCEL", True), ("PARTIALLY_FILLED", False)):
        held = order(status=status, order_type="STOP_LIMIT", owner=OWNER, filled="1" if status[0:2] == "PA" else "0")
        made = planned(venue(orders=(touched,)), node(orders=(held,)))
        triggers = [one for one in made.steps if isinstance(one, Final) and one.order.status is OrderStatus.TRIGGERED]
        assert bool(triggers) is is_triggered


@pytest.mark.parametrize(
    ("status", "order_type", "price", "filled", "steps"),
    [
        ("PENDING_CANCEL", "LIMIT", "100", "0", ["PendingResolved"]),
        ("PENDING_CANCEL", "LIMIT", "101", "0", ["PendingResolved", "Amend"]),
        ("PENDING_UPDATE", "LIMIT", "100", "0", ["PendingResolved"]),
        ("PENDING_UPDATE", "LIMIT", "101", "0", ["Amend"]),
        ("PENDING_CANCEL", "STOP_LIMIT", "100", "0", ["Amend"]),
        ("PENDING_CANCEL", "STOP_LIMIT", "101", "0", ["Amend"]),
        ("PENDING_CANCEL", "STOP_LIMIT", "100", "1", ["PendingResolved"]),
        ("PENDING_UPDATE", "STOP_LIMIT", "100", "0", ["PendingResolved"]),
    ],
)
def test_a_request_that_the_venue_did_not_act_on_is_ended(
    status: str, order_type: str, price: str, filled: str, steps: list[str]
) -> None:
    held = (fill("7"),) if filled == "1" else ()
    positions = (position("1"),) if held else ()
    working = "PARTIALLY_FILLED" if held else "ACCEPTED"
    theirs = order(status=working, order_type=order_type, price=price, filled=filled)
    mine = order(status=status, order_type=order_type, filled=filled, owner=OWNER)
    truth = venue(orders=(theirs,), fills=held, positions=positions)
    ours = node(orders=(mine,), fills=held, positions=tuple(replace(one, owner=OWNER, fills=held) for one in positions))
    made = planned(truth, ours)
    assert sorted(names(made)) == sorted(steps)
    assert planned(truth, ours, only=frozenset({Kind.ORDER_QUANTITY})).steps == ()


@pytest.mark.parametrize(
    ("kind", "theirs"),
    [
        (Kind.ORDER_QUANTITY, {"quantity": Decimal(4)}),
        (Kind.ORDER_PRICE, {"price": Decimal(101)}),
        (Kind.ORDER_TRIGGER_PRICE, {"trigger_price": Decimal(9)}),
    ],
)
def test_an_amendment_is_made_where_what_differs_may_be_acted_on(kind: Kind, theirs: dict[str, Decimal]) -> None:
    mine = replace(order(order_type="STOP_LIMIT", owner=OWNER), trigger_price=Decimal(5))
    truth = venue(orders=(replace(mine, owner=None, updated_ns=140 * SECOND, **theirs),))  # type: ignore[arg-type]  # numbers
    (step,) = planned(truth, node(orders=(mine,)), only=frozenset({kind})).steps
    assert isinstance(step, Amend)
    assert step.time_ns == 140 * SECOND
    for name, value in theirs.items():
        assert getattr(step.order, name) == value
    ended = replace(truth, orders=tuple(replace(one, status=OrderStatus.CANCELED) for one in truth.orders))
    assert names(planned(ended, node(orders=(mine,)), only=frozenset({Kind.ORDER_STATUS}))) == ["Final"], "it waits"
    assert names(planned(ended, node(orders=(mine,)))) == ["Amend", "Final"]


def test_an_amendment_that_a_fill_needs_comes_before_the_fill_without_a_look_of_its_own() -> None:
    theirs = order(status="PARTIALLY_FILLED", quantity="5", filled="4", updated=140)
    truth = venue(orders=(theirs,), fills=(fill("7", quantity="4", at=120),), positions=(position("4"),))
    mine = node(orders=(order(owner=OWNER),))
    made = planned(truth, mine, only=frozenset({Kind.FILL_MISSING}))
    assert names(made) == ["Amend", "Fill"]
    amend = made.steps[0]
    assert isinstance(amend, Amend)
    assert amend.time_ns == 120 * SECOND
    price_only = venue(
        orders=(order(price="101", status="PARTIALLY_FILLED", filled="1"),),
        fills=(fill("7"),),
        positions=(position("1"),),
    )
    assert names(planned(price_only, mine, only=frozenset({Kind.FILL_MISSING}))) == ["Fill"]


def test_what_the_engine_keeps_open_or_overfilled_is_refused() -> None:
    held = fill("7", quantity="3")
    mine = node(
        orders=(order(status="PARTIALLY_FILLED", quantity="5", filled="3", owner=OWNER),),
        fills=(held,),
        positions=(position("3", owner=OWNER, fills=(held,)),),
    )
    truth = venue(orders=(order(status="FILLED", filled="3"),), fills=(held,), positions=(position("3"),))
    said = "order 1: the order is filled at its amended quantity; the engine keeps it open"
    assert refusals(planned(truth, mine)) == [(RefusalCode.NEEDS_REBUILD, said)]
