"""The steps of one order, field by field, and every reason for which there are none."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

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
from trueup.core import PlanSettings, diff, plan
from trueup.core.cases import gather
from trueup.core.order_steps import amendment, book, final, fresh_known, fresh_steps, merged, pending_resolved
from trueup.core.view import View
from trueup.model import (
    Amend,
    ClaimOwner,
    DiscrepancyKind,
    Fill,
    Final,
    GuardAdvice,
    NodeSnapshot,
    OrderRecord,
    OrderStatus,
    PendingResolved,
    Plan,
    RebuildInstrument,
    RefusalCode,
    Revive,
    Seed,
    VenueSnapshot,
    external_client_order_id,
)

Kind = DiscrepancyKind
OTHER = "BBB.VENUE"
STARTUP = PlanSettings(at_startup=True)
RUNNING = PlanSettings()


def planned(
    truth: VenueSnapshot, mine: NodeSnapshot, settings: PlanSettings = RUNNING, *, only: frozenset[Kind] | None = None
) -> Plan:
    """Plan what may be acted on: everything, or these kinds."""
    found = diff(truth, mine)
    acted_on = tuple(one for one in found if only is None or one.kind in only)
    return plan(acted_on, truth, mine, settings, observed=found)


def names(made: Plan) -> list[str]:
    return [type(step).__name__ for step in made.steps]


def refusals(made: Plan) -> list[tuple[RefusalCode, str]]:
    return [(one.code, one.reason) for one in made.refused]


# -- Single steps ------------------------------------------------------------------------------------------------------


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


# -- Orders that one side lacks ----------------------------------------------------------------------------------------


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


# -- Orders of both sides ----------------------------------------------------------------------------------------------


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


# -- Cases and owners --------------------------------------------------------------------------------------------------


def test_a_case_knows_what_may_be_acted_on_beside_what_was_seen() -> None:
    truth = venue(
        orders=(order(status="PARTIALLY_FILLED", filled="2"), order("O-2", "2", instrument=OTHER)),
        fills=(fill("7"), fill("8", at=120)),
        positions=(position("2"),),
    )
    mine = node(orders=(order(owner=OWNER),))
    found, view = diff(truth, mine), View(truth, mine)
    every = list(gather(found, found, view))
    assert [case.instrument_id for case in every] == [INSTRUMENT, OTHER]
    assert [one.kind for one in every[0].positions] == [Kind.POSITION_QUANTITY]
    first = tuple(one for one in found if one.kind is Kind.FILL_MISSING)[:1]
    for acted_on in (first, tuple(replace(one) for one in first)):
        (case,) = gather(acted_on, found, view)
        (held,) = case.orders
        assert (case.instrument_id, held.name, held.instrument_id) == (INSTRUMENT, "1", INSTRUMENT)
        assert [one.trade_id for one in held.missing] == ["7", "8"]
        assert [one.trade_id for one in held.allowed_missing] == ["7"]
        assert held.allowed == {Kind.FILL_MISSING}
        assert held.observed == {Kind.FILL_MISSING, Kind.ORDER_STATUS, Kind.ORDER_FILLED_QUANTITY}
        assert held.fingerprints == [first[0].fingerprint]
        assert not held.all_allowed
        assert not held.is_damaged
        assert case.positions == []
        assert len(case.observed) == len([one for one in found if one.subject.instrument_id == INSTRUMENT])
    assert list(gather((), found, view)) == []


@pytest.mark.parametrize("kind", [Kind.FILL_PRICE, Kind.FILL_COMMISSION, Kind.FILL_QUANTITY])
def test_a_fill_with_wrong_values_damages_its_order(kind: Kind) -> None:
    wrong: dict[str, Any] = {
        Kind.FILL_PRICE: {"price": Decimal(1)},
        Kind.FILL_COMMISSION: {"commission": Decimal(1)},
        Kind.FILL_QUANTITY: {"quantity": Decimal("0.5")},
    }[kind]
    theirs = order(status="PARTIALLY_FILLED", filled="1")
    truth = venue(orders=(theirs,), fills=(fill("7"),), positions=(position("1"),))
    mine = node(
        orders=(replace(theirs, owner=OWNER),),
        fills=(replace(fill("7"), **wrong),),
        positions=(position("1", owner=OWNER),),
    )
    made = planned(truth, mine)
    said = [one for one in made.refused if one.reason.startswith("order ")]
    assert [one.code for one in said] == [RefusalCode.NEEDS_REBUILD]
    assert said[0].reason == "order 1: the node holds fills that the venue did not report so"
    records_only = kind is not Kind.FILL_QUANTITY
    assert said[0].advice is (GuardAdvice.NONE if records_only else GuardAdvice.REDUCING)


def test_the_only_trader_is_named_to_the_engine_where_orders_are_new_and_nobody_claims_them() -> None:
    new = venue(orders=(order("web_1"),))
    traded = {INSTRUMENT: frozenset({OWNER})}
    claim = ClaimOwner(instrument_id=INSTRUMENT, owner=OWNER)
    assert planned(new, node(), PlanSettings(known_traders=traded)).steps[0] == claim
    claimed = planned(new, node(), PlanSettings(known_traders=traded, claims={INSTRUMENT: OWNER}))
    assert claim not in claimed.steps
    known = planned(venue(orders=(order(status="CANCELED"),)), node(orders=(order(owner=OWNER),)))
    assert claim not in known.steps
    opened = venue(positions=(position("3"),), coverage=covered_from(200))
    made = planned(opened, node(known_from=None), PlanSettings(at_startup=True, known_traders=traded))
    assert names(made) == ["ClaimOwner", "OpeningBalance"]
    unclaimed = planned(opened, node(known_from=None), STARTUP)
    assert names(unclaimed) == ["OpeningBalance"]
    refused = planned(opened, node(known_from=None), PlanSettings(at_startup=True, allow_opening_balance=False))
    assert names(refused) == []


def rebuildable() -> tuple[VenueSnapshot, NodeSnapshot]:
    """Return a node whose order holds an invented fill instead of the venue's."""
    theirs = order(status="FILLED", quantity="1", filled="1")
    invented = fill("X", synthetic=True)
    mine = node(
        orders=(replace(theirs, owner=OWNER),),
        fills=(invented,),
        positions=(position("1", owner=OWNER, fills=(invented,)),),
    )
    return venue(orders=(theirs,), fills=(fill("7"),), positions=(position("1"),)), mine


def test_a_rebuild_names_all_that_it_purges_and_restores() -> None:
    truth, mine = rebuildable()
    made = planned(truth, mine, STARTUP)
    assert names(made) == ["RebuildInstrument", "Seed", "Fill"]
    assert made.steps[0] == RebuildInstrument(
        instrument_id=INSTRUMENT,
        purge_position_ids=(f"{INSTRUMENT}-{OWNER}",),
        purge_order_ids=("O-1",),
        restore_order_ids=(("O-1", OWNER),),
        reason="the node holds fills that the venue did not report so",
    )
    assert set(made.heals) == {one.fingerprint for one in diff(truth, mine)}
    assert made.refused == ()
    for settings in (RUNNING, PlanSettings(at_startup=True, allow_rebuild=False)):
        kept = planned(truth, mine, settings)
        assert not any(isinstance(step, RebuildInstrument) for step in kept.steps)
        assert RefusalCode.NEEDS_REBUILD in {one.code for one in kept.refused}


def test_a_rebuild_that_cannot_be_says_which_reading_it_lacks() -> None:
    truth, mine = rebuildable()
    why = "the node holds fills that the venue did not report so"
    unread = replace(truth.coverage, orders_closed=covered_from(0).orders_closed.__class__())
    made = planned(replace(truth, coverage=unread), mine, STARTUP)
    assert (
        RefusalCode.HISTORY_INCOMPLETE,
        f"{why}; it cannot be rebuilt without a complete reading of orders closed",
    ) in refusals(made)
    unlisted = fill("9", number="9", name="O-9", at=105)
    closing = fill("8", number="9", name="O-9", side="SELL", at=108)
    strayed = planned(replace(truth, fills=(unlisted, closing, *truth.fills)), mine, STARTUP)
    assert not any("was not listed" in reason for _, reason in refusals(strayed)), "it lies before a clean cut"
    short = replace(truth, orders=(order(status="FILLED", quantity="2", filled="2"),))
    assert any(
        "the fills of order O-1 do not add up" in reason for _, reason in refusals(planned(short, mine, STARTUP))
    )
    moved = planned(replace(truth, positions=(position("2"),)), mine, STARTUP)
    assert any("every fill was read and the position is not their sum" in reason for _, reason in refusals(moved))
    older = planned(replace(truth, positions=(position("2"),), coverage=covered_from(50)), mine, STARTUP)
    assert any("does not reach back to where the position was flat" in reason for _, reason in refusals(older))


def test_a_rebuild_needs_the_nodes_own_past_within_the_reading() -> None:
    truth, mine = rebuildable()
    ancient = fill("1", number="5", name="O-5", at=40)
    holding = replace(mine, positions=(position("1", owner=OWNER, fills=(ancient, *mine.fills)),))
    made = planned(replace(truth, coverage=covered_from(50)), holding, STARTUP)
    assert any("fill 1 is older than the reading" in reason for _, reason in refusals(made))
    flat = replace(mine, positions=(*mine.positions, position("0", None, owner="S-009", fills=(ancient,))))
    assert isinstance(planned(replace(truth, coverage=covered_from(50)), flat, STARTUP).steps[0], RebuildInstrument)
    elsewhere = replace(
        mine, positions=(*mine.positions, position("1", owner=OWNER, fills=(ancient,), instrument=OTHER))
    )
    both = replace(truth, positions=(*truth.positions, position("1", instrument=OTHER)), coverage=covered_from(50))
    assert any(isinstance(step, RebuildInstrument) for step in planned(both, elsewhere, STARTUP).steps)


def test_a_rebuild_begins_at_the_damaged_order_or_at_the_present_life() -> None:
    rows = (
        fill("1", number="1", name="O-1", at=110),
        fill("2", number="2", name="O-2", side="SELL", at=120),
        fill("3", number="3", name="O-3", at=130),
        fill("4", number="4", name="O-4", side="SELL", at=140),
        fill("5", number="5", name="O-5", at=150),
    )
    orders = tuple(
        order(f"O-{n}", str(n), status="FILLED", quantity="1", filled="1", side=side, at=100 + n)
        for n, side in enumerate(("BUY", "SELL", "BUY", "SELL", "BUY"), start=1)
    )
    truth = venue(orders=orders, fills=rows, positions=(position("1"),))
    for damaged, restored in ((5, ["O-5"]), (3, ["O-3", "O-4", "O-5"]), (4, ["O-3", "O-4", "O-5"])):
        invented = fill("X", number=str(damaged), name=f"O-{damaged}", side=str(orders[damaged - 1].side), at=155)
        held = tuple(one for one in rows if one.venue_order_id != str(damaged))
        mine = node(
            orders=tuple(replace(one, owner=OWNER) for one in orders),
            fills=(*held, invented),
            positions=(position("1", owner=OWNER, fills=(rows[4],)),),
        )
        step = planned(truth, mine, STARTUP).steps[0]
        assert isinstance(step, RebuildInstrument)
        assert [name for name, _ in step.restore_order_ids] == restored


def test_orders_that_a_rebuild_does_not_cover_keep_their_own_steps() -> None:
    truth, mine = rebuildable()
    working = order("O-8", "8", status="CANCELED", at=50)
    both = replace(truth, orders=(*truth.orders, working))
    made = planned(
        both, replace(mine, orders=(*mine.orders, replace(working, status=OrderStatus.ACCEPTED, owner=OWNER))), STARTUP
    )
    assert names(made) == ["RebuildInstrument", "Final", "Seed", "Fill"]
    clashing = replace(truth, orders=(*truth.orders, order("O-7", "7", price="9")))
    held = replace(mine, orders=(*mine.orders, order("O-6", "7", owner=OWNER, price="9")))
    told = planned(clashing, held, STARTUP)
    assert names(told)[:2] == ["ClaimOwner", "RebuildInstrument"]


def test_a_new_order_of_a_rebuild_is_registered_for_the_only_trader() -> None:
    truth, mine = rebuildable()
    foreign = order("web_1", "4", status="FILLED", quantity="1", filled="1", at=120)
    both = replace(
        truth,
        orders=(*truth.orders, foreign),
        fills=(*truth.fills, fill("8", number="4", name="web_1", at=121)),
        positions=(position("2"),),
    )
    made = planned(both, mine, STARTUP)
    assert names(made)[:2] == ["ClaimOwner", "RebuildInstrument"]
    seeds = {
        step.order.client_order_id: (step.is_new, step.order.owner) for step in made.steps if isinstance(step, Seed)
    }
    assert seeds == {"O-1": (False, OWNER), "web_1": (True, OWNER)}


def test_an_instrument_is_planned_for_itself() -> None:
    truth, mine = rebuildable()
    other: OrderRecord = order("O-2", "2", instrument=OTHER)
    both = replace(truth, orders=(*truth.orders, other))
    assert names(planned(both, mine, STARTUP)) == ["RebuildInstrument", "Seed", "Seed", "Fill"]
