"""The steps of one order, field by field, and those of an order that one side lacks."""

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
    cheap_look,
    covered_from,
    fill,
    node,
    order,
    position,
    venue,
)
from tests.unit.core.planning import names, planned, refusals
from trueup.core.order_steps import amendment, book, final, fresh_known, fresh_steps, merged, pending_resolved
from trueup.model import (
    DiscrepancyKind,
    Fill,
    Final,
    GuardAdvice,
    OrderStatus,
    PendingResolved,
    RefusalCode,
    Seed,
    external_client_order_id,
)

Kind = DiscrepancyKind


def test_a_seed_is_as_old_as_the_first_that_is_known_of_the_order() -> None:
    late, later = fill("7", at=130), fill("8", at=90)
    for accepted, updated, fills, seconds in (
        (100, 150, (late,), 100),
        (0, 150, (late,), 130),
        (0, 150, (), 150),
        (100, 150, (late, later), 90),
        (100, 80, (late,), 100),
    ):
        theirs = order(status="FILLED", filled="1", quantity="1", at=accepted, updated=updated)
        seed = fresh_steps(theirs, fills, name="N", owner=OWNER, is_new=True, is_whole=True)[0]
        assert isinstance(seed, Seed)
        assert seed.order.accepted_ns == seed.order.updated_ns == seconds * SECOND
        assert (seed.order.client_order_id, seed.order.owner, seed.is_new) == ("N", OWNER, True)
        assert (seed.order.status, seed.order.filled_quantity, seed.order.average_price) == (
            OrderStatus.ACCEPTED,
            Decimal(0),
            None,
        )


@pytest.mark.parametrize(
    ("status", "is_whole", "is_new", "steps"),
    [
        ("CANCELED", True, True, ["Seed", "Fill", "Final"]),
        ("CANCELED", False, True, ["Seed", "Fill"]),
        ("EXPIRED", True, False, ["Seed", "Fill", "Final"]),
        ("TRIGGERED", True, True, ["Seed", "Fill", "Final"]),
        ("FILLED", True, True, ["Seed", "Fill"]),
        ("ACCEPTED", True, True, ["Seed", "Fill"]),
        ("REJECTED", True, True, ["Seed", "Fill", "Final"]),
        ("REJECTED", True, False, ["Final"]),
    ],
)
def test_an_order_is_seeded_filled_and_ended_as_far_as_is_known(
    status: str, is_whole: bool, is_new: bool, steps: list[str]
) -> None:
    theirs = order("X", status=status, filled="1", updated=140)
    made = fresh_steps(theirs, (fill("7", name="X"),), name="N", owner=OWNER, is_new=is_new, is_whole=is_whole)
    assert [type(step).__name__ for step in made] == steps
    for step in made:
        if isinstance(step, Fill):
            assert (step.fill.client_order_id, step.fill.venue_order_id, step.owner) == ("N", "1", OWNER)
        if isinstance(step, Final):
            assert (step.order.client_order_id, step.order.owner, step.order.status) == ("N", OWNER, theirs.status)
            assert (step.time_ns, step.again, step.reason) == (140 * SECOND, False, "")


def test_a_final_step_comes_after_all_that_is_known() -> None:
    assert final(order(updated=140), OrderStatus.CANCELED, [fill("7", at=150)]).time_ns == 150 * SECOND
    assert final(order(updated=140), OrderStatus.CANCELED, []).time_ns == 140 * SECOND
    assert final(order(at=160, updated=140), OrderStatus.CANCELED, [fill("7", at=150)]).time_ns == 160 * SECOND
    two = final(order(), OrderStatus.CANCELED, [fill("7", at=120), fill("8", at=130)], again=True)
    assert (two.time_ns, two.again, two.order.status) == (130 * SECOND, True, OrderStatus.CANCELED)
    zero = replace(order(), accepted_ns=0, updated_ns=0)
    assert final(zero, OrderStatus.EXPIRED, []).time_ns == 0


def test_a_fill_is_booked_under_its_orders_names_and_for_its_owner() -> None:
    known, unnamed = fill("7"), fill("8", name=None)
    made = book(order(owner=OWNER), (known, unnamed))
    assert [step.fill for step in made if isinstance(step, Fill)] == [known, replace(unnamed, client_order_id="O-1")]
    (by_number,) = book(order(owner=OWNER), (fill("7", number=None),))
    assert isinstance(by_number, Fill)
    assert by_number.fill.venue_order_id == "1"
    (nobodys,) = book(order(), (known,))
    assert isinstance(nobodys, Fill)
    assert nobodys.owner == "EXTERNAL"


def test_a_venues_order_takes_what_only_the_node_knows() -> None:
    mine = replace(order("N", "8", owner=OWNER, order_type="STOP_LIMIT"), contingent_ids=("O-9",), submitted_ns=5)
    both = merged(order("X", "1", filled="2"), mine)
    assert (both.client_order_id, both.venue_order_id, both.owner) == ("N", "1", OWNER)
    assert (both.order_type, both.contingent_ids, both.submitted_ns) == (mine.order_type, ("O-9",), 5)
    assert both.filled_quantity == 2
    assert merged(order("X", None), mine).venue_order_id == "8"
    assert merged(order(), replace(mine, owner=None)).owner == "EXTERNAL"
    seed = fresh_known(replace(both, owner=None), (), is_whole=False)[0]
    assert isinstance(seed, Seed)
    assert (seed.order.owner, seed.is_new) == ("EXTERNAL", False)


@pytest.mark.parametrize(
    ("status", "filled", "reported"),
    [
        ("ACCEPTED", "0", "ACCEPTED"),
        ("PENDING_UPDATE", "1", "PARTIALLY_FILLED"),
        ("TRIGGERED", "0", "TRIGGERED"),
        ("CANCELED", "1", "CANCELED"),
    ],
)
def test_an_amendment_is_reported_with_the_nodes_own_fills_and_status(status: str, filled: str, reported: str) -> None:
    mine = replace(order(status=status, filled=filled, order_type="STOP_LIMIT"), trigger_price=Decimal(5))
    theirs = replace(order(filled="2", price="101", quantity="9"), trigger_price=Decimal(6))
    made = amendment(theirs, mine)
    assert (made.status, str(made.filled_quantity), made.quantity) == (reported, filled, Decimal(9))
    assert (made.price, made.trigger_price) == (Decimal(101), Decimal(6))
    silent = amendment(replace(theirs, price=None, trigger_price=None), mine)
    assert (silent.price, silent.trigger_price) == (Decimal(100), Decimal(5)), "the venue says none"


def test_a_request_that_ends_is_told_with_its_names() -> None:
    made = pending_resolved(order("X", "1", updated=140), order("N", "8", status="PENDING_CANCEL", owner=OWNER))
    assert made == PendingResolved(
        client_order_id="N",
        venue_order_id="1",
        instrument_id=INSTRUMENT,
        owner=OWNER,
        request=OrderStatus.PENDING_CANCEL,
        time_ns=140 * SECOND,
    )
    nobodys = pending_resolved(order(), replace(order(None, "8", status="PENDING_CANCEL")))
    assert (nobodys.client_order_id, nobodys.owner) == ("", "EXTERNAL")


def test_an_order_that_is_nowhere_is_ended_under_its_own_names() -> None:
    for number, owner, status, owned_by in (
        ("1", OWNER, OrderStatus.CANCELED, OWNER),
        (None, OWNER, OrderStatus.REJECTED, OWNER),
        ("1", None, OrderStatus.CANCELED, "EXTERNAL"),
    ):
        mine = order("O-1", number, status="ACCEPTED" if number else "SUBMITTED", owner=owner)
        (step,) = planned(venue(unknown=("O-1",)), node(orders=(mine,))).steps
        assert isinstance(step, Final)
        assert (step.order.status, step.order.owner, step.order.venue_order_id) == (status, owned_by, number)
        assert (step.time_ns, step.reason) == (READ, "the venue does not know the order")
    late = order(owner=OWNER, updated=READ // SECOND - 16)
    (step,) = planned(venue(unknown=("O-1",)), node(orders=(late,))).steps
    assert isinstance(step, Final)
    assert step.time_ns == READ


def test_an_order_that_is_nowhere_is_not_ended_without_every_proof() -> None:
    mine = node(orders=(order(owner=OWNER),))
    proof = "not among the open orders, and the venue was not asked about it"
    assert refusals(planned(venue(), mine)) == [(RefusalCode.NOT_PROVEN_ABSENT, f"order O-1: {proof}")]
    blind = replace(cheap_look(), positions=covered_from(0).positions.__class__())
    made = planned(venue(unknown=("O-1",), coverage=blind), mine)
    assert refusals(made) == [(RefusalCode.NOT_PROVEN_ABSENT, f"order O-1: {proof}")]
    assert made.refused[0].advice is GuardAdvice.NONE
    phantom = node(orders=(order(status="FILLED", filled="3", owner=OWNER),))
    never = (RefusalCode.NEEDS_REBUILD, "order O-1: the venue never had this order")
    assert never in refusals(planned(venue(unknown=("O-1",)), phantom))
    silent = (
        RefusalCode.NOT_PROVEN_ABSENT,
        "order O-1: no list has the order, and the venue did not say it is unknown",
    )
    assert silent in refusals(planned(venue(), phantom))


def test_fills_of_an_order_that_was_not_read_are_not_booked_on_a_guess() -> None:
    made = planned(venue(fills=(fill("7"),), positions=(position("1"),)), node(orders=(order(owner=OWNER),)))
    assert (
        RefusalCode.FILLS_INCOMPLETE,
        "order O-1: the venue lists fills of the order, and not the order",
    ) in refusals(made)
    unread = planned(
        venue(fills=(fill("7"),), positions=(position("1"),)), node(orders=(order(status="INITIALIZED", owner=OWNER),))
    )
    assert any(reason.endswith("the order of these fills was not read") for _, reason in refusals(unread))


def test_an_order_that_the_node_lacks_waits_for_its_own_look_and_its_whole_fills() -> None:
    theirs = order(status="PARTIALLY_FILLED", filled="2")
    truth = venue(orders=(theirs,), fills=(fill("7"), fill("8", at=120)), positions=(position("2"),))
    whole = planned(truth, node())
    assert names(whole) == ["Seed", "Fill", "Fill"]
    waiting = planned(truth, node(), only=frozenset({Kind.FILL_MISSING}))
    assert (waiting.steps, waiting.refused) == ((), ())
    short = planned(replace(truth, fills=(fill("7"),)), node())
    assert short.steps == ()
    assert (
        RefusalCode.FILLS_INCOMPLETE,
        "order 1: the fills that were read do not add up to the filled quantity",
    ) in refusals(short)
    alone = planned(truth, node(), only=frozenset({Kind.ORDER_MISSING_IN_NODE}))
    assert names(alone) == ["Seed"], "its fills wait for their second look"


def test_an_order_without_a_name_is_given_the_same_one_everywhere() -> None:
    (seed,) = planned(venue(orders=(order(None),)), node()).steps
    assert isinstance(seed, Seed)
    assert seed.order.client_order_id == external_client_order_id(ACCOUNT, INSTRUMENT, "1")
    assert seed.order.owner == "EXTERNAL"
