"""What one record must not take from the next: several orders, fills, positions and differences in one comparison."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from tests.unit.core.builders import INSTRUMENT, OWNER, fill, node, order, position, venue
from trueup.core import PlanSettings, Tolerance, diff, plan
from trueup.core.expected import find_missing
from trueup.core.external import ExternalAction, ExternalPolicy, ExternalSource, PolicyBook
from trueup.core.history import history_of
from trueup.core.lifecycle import Cycle, Ledger, advance
from trueup.core.netting import net, opening_price
from trueup.core.pairing import pair_orders
from trueup.core.unchecked import set_aside
from trueup.core.view import View
from trueup.model import (
    Amend,
    Discrepancy,
    DiscrepancyKind,
    Final,
    OrderStatus,
    RebuildInstrument,
    RefusalCode,
    Subject,
)

Kind = DiscrepancyKind
STARTUP = PlanSettings(at_startup=True)


def test_a_fill_that_is_right_hides_no_later_one_that_is_wrong() -> None:
    theirs = (fill("7"), fill("8", at=120), fill("9", at=130))
    mine = (theirs[0], replace(theirs[1], price=Decimal(1)), replace(theirs[2], price=Decimal(2)))
    held = order(status="FILLED", filled="3")
    found = diff(venue(orders=(held,), fills=theirs), node(orders=(replace(held, owner=OWNER),), fills=mine))
    assert [one.subject.trade_id for one in found if one.kind is Kind.FILL_PRICE] == ["8", "9"]


def test_an_order_that_was_never_sent_hides_no_other_that_is_nowhere() -> None:
    unsent, lost = order("O-1", None, status="INITIALIZED", owner=OWNER), order("O-2", "2", owner=OWNER)
    found = diff(venue(), node(orders=(unsent, lost)))
    assert [one.subject.client_order_id for one in found] == ["O-2"]


def test_a_clash_of_names_hides_no_order_after_it() -> None:
    mine = order("O-1", "1", owner=OWNER)
    listed = (order("X", "1"), order("O-1", "2"), order("O-3", "3"))
    paired = pair_orders(venue(orders=listed), node(orders=(mine,)))
    assert [said.client_order_id for said, _ in paired.pairs] == ["X", "O-3"]


def test_a_difference_told_twice_hides_none_after_it() -> None:
    one = Discrepancy(kind=Kind.ORDER_STATUS, subject=Subject(instrument_id=INSTRUMENT, client_order_id="O-1"))
    other = replace(one, subject=replace(one.subject, client_order_id="O-2"))
    ledger, _ = advance(Ledger(), Cycle(time_ns=1, discrepancies=(one, one, other)))
    assert ledger.open.keys() == {one.fingerprint, other.fingerprint}


def test_a_fill_that_names_no_order_is_the_nodes_own_order_where_it_has_one() -> None:
    theirs = order(None, "1", status="PARTIALLY_FILLED", filled="1")
    mine = replace(theirs, client_order_id="N", owner=OWNER)
    unnamed = fill("7", name=None)
    found = diff(
        venue(orders=(theirs,), fills=(unnamed,)), node(orders=(mine,), fills=(replace(unnamed, price=Decimal(1)),))
    )
    assert [one.subject.client_order_id for one in found if one.kind is Kind.FILL_PRICE] == ["N"]


def test_a_wrong_quantity_is_told_without_the_average_that_goes_with_it() -> None:
    found = diff(venue(positions=(position("2", "200"),)), node(positions=(position("1", owner=OWNER),)))
    assert [one.kind for one in found] == [Kind.POSITION_QUANTITY]


def test_missing_fills_explain_a_gap_within_the_instruments_own_tolerance() -> None:
    allowed = Tolerance(position_quantity_by_instrument={INSTRUMENT: Decimal("0.5")})
    truth = venue(orders=(order(),), fills=(fill("7"),), positions=(position("1.5"),))
    found = diff(truth, node(orders=(order(owner=OWNER),)), allowed)
    assert [one.detail for one in found if one.kind is Kind.POSITION_QUANTITY] == ["explained by missing fills"]


def test_the_nodes_record_of_an_instrument_begins_with_the_first_of_all_its_fills() -> None:
    rows = (fill("7", at=110), fill("8", number="2", name="O-2", side="SELL", at=120))
    truth = venue(
        orders=(
            order(status="FILLED", filled="1", quantity="1"),
            order("O-2", "2", status="FILLED", filled="1", quantity="1", side="SELL"),
        ),
        fills=rows,
    )
    early, late = fill("5", number="5", name="O-5", at=50), fill("6", number="6", name="O-6", at=115)

    def missing(**held: object) -> list[str]:
        return [one.trade_id for one in find_missing(View(truth, node(known_from=None, **held))).fills]  # type: ignore[arg-type]  # tests' spelling

    flat = position("0", None, owner=OWNER, fills=(early,))
    assert missing(fills=(late,), positions=(flat,)) == ["7", "8"]
    assert missing(fills=(early,), positions=(replace(flat, fills=(late,)),)) == ["7", "8"]
    assert missing(fills=(late,)) == ["8"]
    opened_before = position("1", owner=OWNER, fills=(late,), at=50)
    assert missing(positions=(opened_before,)) == ["8"], "its fills say when it began"


def test_one_expected_fill_of_an_order_that_the_node_does_not_know_brings_the_others_with_it() -> None:
    rows = (fill("7", at=110), fill("8", at=120), fill("9", number="2", name="O-2", side="SELL", quantity="2", at=125))
    orders = (
        order(status="FILLED", filled="2", quantity="2"),
        order("O-2", "2", status="FILLED", filled="2", quantity="2", side="SELL"),
    )
    elsewhere = fill("5", number="5", name="O-5", at=50)
    seen = View(venue(orders=orders, fills=rows), node(fills=(elsewhere,), known_from=115))
    assert [one.trade_id for one in find_missing(seen).fills] == ["7", "8", "9"]
    known = View(seen.venue, node(orders=(replace(orders[1], owner=OWNER),), fills=(elsewhere,), known_from=122))
    assert [one.trade_id for one in find_missing(known).fills] == ["9"]


def test_the_present_life_begins_after_a_first_fill_that_closed_the_one_before() -> None:
    closing, opening = fill("1", side="SELL", quantity="2", at=1), fill("2", at=2)
    assert history_of((closing, opening), Decimal(1)).present_life() == 1
    assert history_of((closing, opening), Decimal(-1)).present_life() == 0


def test_fractions_are_netted_like_whole_numbers() -> None:
    sold = fill("1", side="SELL", quantity="0.5", price="100")
    turned = net((sold, fill("2", quantity="0.75", price="90")))
    assert (turned.quantity, turned.average_price, turned.flips, turned.realized) == (
        Decimal("0.25"),
        Decimal(90),
        1,
        Decimal("5.0"),
    )
    again = net((fill("3", side="SELL", quantity="0.5", price="80"),), turned)
    assert (again.quantity, again.average_price, again.flips) == (Decimal("-0.25"), Decimal(80), 2)
    assert net((fill("5", quantity="0.5"), fill("6", side="SELL", quantity="0.5", price="110"))).realized == 5
    reduced = net((fill("4", quantity="0.25", price="70"),), net((sold,)))
    assert (reduced.quantity, reduced.average_price, reduced.flips) == (Decimal("-0.25"), Decimal(100), 0)


def test_an_opening_price_is_told_of_fractions_and_never_at_nothing() -> None:
    added = fill("2", side="SELL", quantity="0.25", price="80")
    assert opening_price((added,), Decimal("-0.5"), Decimal(90)) == 100
    reduced = fill("3", quantity="0.25", price="80")
    assert opening_price((reduced,), Decimal("-0.5"), Decimal(90)) == 90
    assert opening_price((fill("4", quantity="0.75"),), Decimal("0.5"), Decimal(90)) is None, "it crossed zero"
    assert opening_price((fill("5", quantity="1", price="200"),), Decimal(2), Decimal(100)) is None, (
        "it comes to nothing"
    )


def test_only_the_orders_that_have_steps_are_healed_by_them() -> None:
    theirs = (order(price="101"), order("O-2", "2", status="PARTIALLY_FILLED", filled="1"))
    truth = venue(orders=theirs, fills=(fill("7", number="2", name="O-2"),), positions=(position("1"),))
    mine = node(orders=(order(owner=OWNER), order("O-2", "2", status="EXPIRED", owner=OWNER)))
    found = diff(truth, mine)
    acted_on = tuple(one for one in found if one.kind in {Kind.ORDER_PRICE, Kind.ORDER_STATUS})
    made = plan(acted_on, truth, mine, observed=found)
    assert [type(step) for step in made.steps] == [Amend]
    assert made.heals == tuple(one for one in found if one.kind is Kind.ORDER_PRICE)


def test_an_order_that_the_venue_rejected_and_filled_is_refused_whoever_holds_the_fill() -> None:
    truth = venue(orders=(order(status="REJECTED", filled="1"),), fills=(fill("7"),), positions=(position("1"),))
    made = plan(diff(truth, (mine := node(orders=(order(owner=OWNER),)))), truth, mine)
    assert "order 1: the venue rejected an order that has fills" in {one.reason for one in made.refused}


def test_an_order_that_is_nowhere_is_ended_where_a_refused_orders_fills_explain_the_gap() -> None:
    part = order("O-9", "9", status="PARTIALLY_FILLED", filled="3")
    truth = venue(
        orders=(part,), fills=(fill("7", number="9", name="O-9"),), positions=(position("1"),), unknown=("O-1",)
    )
    mine = node(
        orders=(order(owner=OWNER), replace(part, status=OrderStatus.ACCEPTED, filled_quantity=Decimal(0), owner=OWNER))
    )
    made = plan(diff(truth, mine), truth, mine)
    assert [step.order.client_order_id for step in made.steps if isinstance(step, Final)] == ["O-1"]


def test_a_position_that_two_strategies_traded_is_not_united_for_the_one_that_claims_it() -> None:
    rows = (fill("1"), fill("2", number="2", name="O-2", at=120))
    theirs = (
        order(status="FILLED", filled="1", quantity="1"),
        order("O-2", "2", status="FILLED", filled="1", quantity="1"),
    )
    mine = node(
        orders=(replace(theirs[0], owner="S-001"), replace(theirs[1], owner="S-002")),
        fills=rows,
        positions=(position("1", owner="S-001", fills=rows[:1]), position("1", owner="S-002", fills=rows[1:])),
    )
    truth = venue(orders=theirs, fills=rows, positions=(position("2"),))
    for claims in ({INSTRUMENT: "S-001"}, {}):
        made = plan(diff(truth, mine, claims=claims), truth, mine, PlanSettings(at_startup=True, claims=claims))
        assert made.steps == ()
        assert [one.code for one in made.refused] == [RefusalCode.OWNERSHIP_SPLIT]


def test_a_rebuild_that_cannot_be_leaves_the_other_refusals_told() -> None:
    theirs = order(status="FILLED", quantity="1", filled="1")
    invented = fill("X", synthetic=True)
    clashing = order("O-8", "8", owner=OWNER)
    mine = node(
        orders=(replace(theirs, owner=OWNER), clashing),
        fills=(invented,),
        positions=(position("1", owner=OWNER, fills=(invented,)),),
    )
    truth = venue(orders=(theirs,), fills=(fill("7"),), positions=(position("5"),))
    made = plan(diff(truth, mine), truth, mine, STARTUP)
    assert not any(isinstance(step, RebuildInstrument) for step in made.steps)
    absent = "order O-8: not among the open orders, and the venue was not asked about it"
    assert absent in {one.reason for one in made.refused}


def test_an_order_that_a_rebuild_replays_is_not_amended_beside_it() -> None:
    theirs = order(status="FILLED", quantity="1", filled="1")
    working = order("O-9", "9", status="PARTIALLY_FILLED", filled="1", price="101", at=120)
    ninth = fill("9", number="9", name="O-9", at=130)
    invented = fill("X", synthetic=True)
    mine = node(
        orders=(replace(theirs, owner=OWNER), replace(working, price=Decimal(100), owner=OWNER)),
        fills=(invented, ninth),
        positions=(position("2", owner=OWNER, fills=(invented, ninth)),),
    )
    truth = venue(orders=(theirs, working), fills=(fill("7"), ninth), positions=(position("2"),))
    made = plan(diff(truth, mine), truth, mine, STARTUP)
    assert [type(step).__name__ for step in made.steps] == ["RebuildInstrument", "Seed", "Fill", "Seed", "Fill"]


def test_an_order_that_bears_its_own_number_for_a_name_is_one_without_a_name() -> None:
    nameless = ExternalPolicy(name="p", action=ExternalAction.IGNORE, sources=(ExternalSource.UNNAMED,))
    one = Discrepancy(kind=Kind.ORDER_STATUS, subject=Subject(instrument_id=INSTRUMENT, client_order_id="9"))
    said = set_aside((one,), venue(orders=(order("9", "9"),)), node(), PolicyBook(policies=(nameless,)))
    assert said.aside == (one,)


def test_a_policy_on_a_pattern_may_meet_another_pattern_that_neither_matches() -> None:
    policy = ExternalPolicy(name="p", action=ExternalAction.ALERT, instruments=("A*.V",))
    assert policy.may_meet("*B.V")
    assert not policy.may_meet("B*.V")
