"""What the plan does about each kind of trouble, by example."""

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
from tests.unit.core.planning import RUNNING, STARTUP, names, planned
from trueup.core import PlanSettings, diff, plan
from trueup.model import (
    Amend,
    ClaimOwner,
    Coverage,
    DiscrepancyKind,
    Fill,
    Final,
    GuardAdvice,
    KindCoverage,
    Leg,
    NodeSnapshot,
    OpeningBalance,
    OrderRecord,
    OrderStatus,
    PendingResolved,
    RebuildInstrument,
    RefusalCode,
    ReplayPosition,
    Revive,
    Seed,
    VenueSnapshot,
    external_client_order_id,
    opening_client_order_id,
)


def test_an_order_whose_acknowledgement_was_lost_is_seeded_filled_and_ended() -> None:
    truth = venue(
        orders=(order(status="CANCELED", filled="1", updated=120),), fills=(fill("7"),), positions=(position("1"),)
    )
    made = planned(truth, node(orders=(order(number=None, status="SUBMITTED", owner=OWNER),)))
    assert names(made) == ["Seed", "Fill", "Final"]
    seed = made.steps[0]
    assert isinstance(seed, Seed)
    assert not seed.is_new
    assert seed.order.status is OrderStatus.ACCEPTED
    assert seed.order.filled_quantity == 0
    assert seed.order.owner == OWNER


def test_a_filled_order_is_never_reported_as_filled() -> None:
    done = order(status="FILLED", quantity="1", filled="1")
    made = planned(venue(orders=(done,), fills=(fill("7"),), positions=(position("1"),)), node())
    assert names(made) == ["Seed", "Fill"]


def test_an_external_order_without_a_client_id_gets_the_same_one_at_every_start() -> None:
    truth = venue(orders=(order(None),))
    seeds = [planned(truth, node(), STARTUP).steps[0] for _ in range(2)]
    assert seeds[0] == seeds[1]
    assert isinstance(seeds[0], Seed)
    assert seeds[0].order.client_order_id == external_client_order_id(ACCOUNT, INSTRUMENT, "1")


def test_an_explicit_claim_owns_an_external_order() -> None:
    made = planned(venue(orders=(order("web_1"),)), node(), PlanSettings(claims={INSTRUMENT: "S-009"}))
    seed = made.steps[0]
    assert isinstance(seed, Seed)
    assert seed.order.owner == "S-009"


def test_the_only_strategy_that_traded_the_instrument_owns_an_external_order() -> None:
    own = order("O-9", "9", status="CANCELED")
    truth = venue(orders=(order("web_1"), own))
    made = planned(truth, node(orders=(replace(own, owner=OWNER),)))
    assert made.steps[0] == ClaimOwner(instrument_id=INSTRUMENT, owner=OWNER)
    assert isinstance(made.steps[1], Seed)
    assert made.steps[1].order.owner == OWNER


def test_nobody_owns_an_external_order_where_two_strategies_traded() -> None:
    settings = PlanSettings(known_traders={INSTRUMENT: frozenset({"S-001", "S-002"})})
    made = planned(venue(orders=(order("web_1"),)), node(), settings)
    assert [step.order.owner for step in made.steps if isinstance(step, Seed)] == ["EXTERNAL"]


def test_an_amendment_carries_the_nodes_own_fills_and_comes_before_the_fill_that_needs_it() -> None:
    held = fill("7", at=110)
    late = fill("8", quantity="4", at=115)
    truth = venue(
        orders=(order(status="FILLED", quantity="5", filled="5", price="101", updated=120),),
        fills=(held, late),
        positions=(position("5"),),
    )
    mine = node(
        orders=(order(status="PARTIALLY_FILLED", filled="1", owner=OWNER),),
        fills=(held,),
        positions=(position("1", owner=OWNER, fills=(held,)),),
    )
    made = planned(truth, mine)
    assert names(made) == ["Amend", "Fill"]
    amend = made.steps[0]
    assert isinstance(amend, Amend)
    assert (amend.order.quantity, amend.order.filled_quantity) == (Decimal(5), Decimal(1))
    assert amend.order.price == Decimal(101)
    assert amend.order.status is OrderStatus.PARTIALLY_FILLED


def test_an_amendment_of_an_unfilled_order_is_reported_as_accepted() -> None:
    made = planned(venue(orders=(order(price="101"),)), node(orders=(order(owner=OWNER),)))
    (amend,) = made.steps
    assert isinstance(amend, Amend)
    assert amend.order.status is OrderStatus.ACCEPTED


def test_a_closed_order_is_amended_under_its_own_status() -> None:
    made = planned(
        venue(orders=(order(status="CANCELED", quantity="2"),)),
        node(orders=(order(status="CANCELED", owner=OWNER),)),
    )
    (amend,) = made.steps
    assert isinstance(amend, Amend)
    assert amend.order.status is OrderStatus.CANCELED


def test_a_late_fill_of_a_canceled_order_is_booked_and_the_order_canceled_once_more() -> None:
    truth = venue(orders=(order(status="CANCELED", filled="1"),), fills=(fill("7"),), positions=(position("1"),))
    made = planned(truth, node(orders=(order(status="CANCELED", owner=OWNER),)))
    assert names(made) == ["Fill", "Final"]
    assert isinstance(made.steps[1], Final)
    assert made.steps[1].again


@pytest.mark.parametrize("status", ["REJECTED", "EXPIRED", "CANCELED"])
def test_an_order_ended_by_mistake_without_fills_is_revived_at_run_time(status: str) -> None:
    made = planned(venue(orders=(order(),)), node(orders=(order(status=status, owner=OWNER),)))
    assert names(made) == ["Revive", "Seed"]
    assert isinstance(made.steps[0], Revive)
    assert made.needs_journal


def test_an_order_canceled_by_mistake_after_a_fill_is_flagged_at_run_time_and_rebuilt_at_start_up() -> None:
    held = fill("7")
    truth = venue(orders=(order(status="PARTIALLY_FILLED", filled="1"),), fills=(held,), positions=(position("1"),))
    mine = node(
        orders=(order(status="CANCELED", filled="1", owner=OWNER),),
        fills=(held,),
        positions=(position("1", owner=OWNER, fills=(held,)),),
    )
    running = planned(truth, mine)
    assert running.steps == ()
    assert [refusal.code for refusal in running.refused] == [RefusalCode.NEEDS_REBUILD]
    assert running.advice is GuardAdvice.REDUCING
    assert names(planned(truth, mine, STARTUP)) == ["RebuildInstrument", "Seed", "Fill"]


def test_a_cancel_that_the_venue_did_not_act_upon_is_told_as_refused() -> None:
    (step,) = planned(venue(orders=(order(),)), node(orders=(order(status="PENDING_CANCEL", owner=OWNER),))).steps
    assert isinstance(step, PendingResolved)
    assert step.request is OrderStatus.PENDING_CANCEL


def test_an_amendment_that_the_venue_shows_is_not_told_as_refused() -> None:
    mine = node(orders=(order(status="PENDING_UPDATE", owner=OWNER),))
    assert names(planned(venue(orders=(order(price="101"),)), mine)) == ["Amend"]


def test_an_incomplete_list_of_fills_is_refused_and_nothing_is_inferred() -> None:
    truth = venue(
        orders=(order(status="PARTIALLY_FILLED", filled="2"),), fills=(fill("7"),), positions=(position("2"),)
    )
    made = planned(truth, node(orders=(order(owner=OWNER),)))
    assert made.steps == ()
    assert RefusalCode.FILLS_INCOMPLETE in {refusal.code for refusal in made.refused}


def test_a_cheap_look_alone_heals_no_fill() -> None:
    truth = venue(
        orders=(order(status="PARTIALLY_FILLED", filled="2"),), positions=(position("2"),), coverage=cheap_look()
    )
    assert planned(truth, node(orders=(order(owner=OWNER),))).steps == ()


def test_an_order_that_is_nowhere_is_ended_only_after_the_venue_said_so() -> None:
    mine = node(orders=(order(owner=OWNER),))
    absent = planned(venue(), mine)
    assert absent.steps == ()
    assert [refusal.code for refusal in absent.refused] == [RefusalCode.NOT_PROVEN_ABSENT]
    (final,) = planned(venue(unknown=("O-1",)), mine).steps
    assert isinstance(final, Final)
    assert final.order.status is OrderStatus.CANCELED


def test_an_order_that_never_had_a_number_is_ended_as_rejected() -> None:
    mine = node(orders=(order(number=None, status="SUBMITTED", owner=OWNER),))
    (final,) = planned(venue(unknown=("O-1",)), mine).steps
    assert isinstance(final, Final)
    assert final.order.status is OrderStatus.REJECTED


def test_an_order_that_is_nowhere_is_spared_while_the_position_is_unexplained() -> None:
    mine = node(orders=(order(owner=OWNER),))
    made = planned(venue(unknown=("O-1",), positions=(position("3"),)), mine)
    assert made.steps == ()
    assert {refusal.code for refusal in made.refused} == {
        RefusalCode.MOVED_WITHOUT_FILL,
        RefusalCode.NOT_PROVEN_ABSENT,
    }


@pytest.mark.parametrize(
    "why", ["fills not read", "older than the fills", "no price to open at", "moved on another leg"]
)
def test_an_order_that_is_nowhere_is_spared_whatever_leaves_the_position_unexplained(why: str) -> None:
    lost, unknown = order("O-5", "5", owner=OWNER), ("O-5",)
    settings, held = RUNNING, fill("1", number="9", name="O-9", at=10)
    if why == "fills not read":
        unread = replace(Coverage.full(READ), fills=KindCoverage())
        truth, mine = venue(unknown=unknown, positions=(position("3"),), coverage=unread), node(orders=(lost,))
    elif why == "older than the fills":
        truth = venue(unknown=unknown, positions=(position("3"),), coverage=covered_from(50))
        mine = node(orders=(lost,), positions=(position("1", owner=OWNER, fills=(held,)),), known_from=60)
    elif why == "no price to open at":
        settings = STARTUP
        truth = venue(unknown=unknown, positions=(position("3", None),), coverage=covered_from(50))
        mine = node(orders=(lost,), known_from=None)
    else:
        # The long leg's gap is what its order's one listed fill comes to; the short leg's is the same, by nothing.
        part = order("O-1", "1", status="PARTIALLY_FILLED", filled="2", leg="LONG")
        truth = venue(
            orders=(part,),
            fills=(fill("7", leg="LONG"),),
            positions=(position("1", leg="LONG"), position("-2", leg="SHORT")),
            unknown=unknown,
        )
        mine = node(orders=(replace(lost, leg=Leg.SHORT),), positions=(position("-3", owner=OWNER, leg="SHORT"),))
    made = planned(truth, mine, settings)
    assert not [step for step in made.steps if isinstance(step, Final)]
    absent = {one.fingerprint for one in diff(truth, mine) if one.subject.client_order_id == lost.name}
    assert [one.code for one in made.refused if absent & set(one.fingerprints)] == [RefusalCode.NOT_PROVEN_ABSENT]


def test_an_order_that_is_nowhere_is_spared_though_only_it_may_be_acted_on() -> None:
    truth, mine = venue(unknown=("O-1",), positions=(position("3"),)), node(orders=(order(owner=OWNER),))
    found = diff(truth, mine)
    lost = [one for one in found if one.subject.client_order_id == "O-1"]
    made = plan(lost, truth, mine, RUNNING, observed=found)
    assert made.steps == ()
    assert [one.code for one in made.refused if set(one.fingerprints) == {lost[0].fingerprint}] == [
        RefusalCode.NOT_PROVEN_ABSENT
    ]


def test_a_wrong_average_is_refused_for_its_own_leg() -> None:
    long, short = fill("7", leg="LONG"), fill("8", number="2", name="O-2", side="SELL", leg="SHORT")
    orders = (
        order(status="FILLED", quantity="1", filled="1", leg="LONG"),
        order("O-2", "2", status="FILLED", side="SELL", quantity="1", filled="1", leg="SHORT"),
    )
    truth = venue(
        orders=orders, fills=(long, short), positions=(position("1", "107", leg="LONG"), position("-1", leg="SHORT"))
    )
    mine = node(
        orders=tuple(replace(one, owner=OWNER) for one in orders),
        fills=(long, short),
        positions=(
            position("1", owner=OWNER, fills=(long,), leg="LONG"),
            position("-1", owner=OWNER, fills=(short,), leg="SHORT"),
        ),
    )
    (wrong,) = diff(truth, mine)
    (refused,) = planned(truth, mine).refused
    assert (refused.code, refused.fingerprints) == (RefusalCode.NO_STEP_EXISTS, (wrong.fingerprint,))


def test_orders_that_the_venue_names_by_client_id_alone_are_healed_apart() -> None:
    truth = venue(
        orders=tuple(
            order(name, None, status="FILLED", quantity="1", filled="1", order_type="MARKET") for name in ("O-1", "O-2")
        ),
        fills=(fill("7", number=None), fill("8", number=None, name="O-2")),
        positions=(position("2"),),
    )
    made = planned(truth, node())
    assert [step.order.client_order_id for step in made.steps if isinstance(step, Seed)] == ["O-1", "O-2"]
    assert [step.fill.client_order_id for step in made.steps if isinstance(step, Fill)] == ["O-1", "O-2"]


def test_a_position_that_moved_without_a_fill_halts_the_node() -> None:
    held = fill("7")
    done = order(status="FILLED", quantity="1", filled="1")
    truth = venue(orders=(done,), fills=(held,))
    mine = node(
        orders=(replace(done, owner=OWNER),), fills=(held,), positions=(position("1", owner=OWNER, fills=(held,)),)
    )
    for settings in (RUNNING, STARTUP):
        made = planned(truth, mine, settings)
        assert made.steps == ()
        assert [refusal.code for refusal in made.refused] == [RefusalCode.MOVED_WITHOUT_FILL]
        assert made.advice is GuardAdvice.HALTED


def test_fills_of_two_orders_are_booked_in_the_venues_time_order() -> None:
    orders = (
        order("O-1", "1", filled="2", status="PARTIALLY_FILLED"),
        order("O-2", "2", filled="1", status="PARTIALLY_FILLED"),
    )
    fills = (fill("10", at=112), fill("9", number="2", name="O-2", at=112), fill("8", at=111))
    truth = venue(orders=orders, fills=fills, positions=(position("3"),))
    mine = node(orders=(order("O-1", "1", owner=OWNER), order("O-2", "2", owner=OWNER)))
    made = planned(truth, mine)
    assert [step.fill.trade_id for step in made.steps if isinstance(step, Fill)] == ["8", "9", "10"]


def test_a_fill_that_comes_late_is_booked_and_the_position_replayed_in_time_order() -> None:
    opened, reduced, lost = (
        fill("1", quantity="2", price="100", at=10),
        fill("3", price="110", at=30),
        fill("2", price="130", at=20),
    )
    reduced = replace(reduced, side=lost.side.SELL, client_order_id="O-2", venue_order_id="2")
    truth = venue(
        orders=(
            order("O-1", "1", status="FILLED", filled="3"),
            order("O-2", "2", status="FILLED", side="SELL", quantity="1", filled="1"),
        ),
        fills=(opened, lost, reduced),
        positions=(position("2", "110"),),
    )
    mine = node(
        orders=(
            order("O-1", "1", status="PARTIALLY_FILLED", filled="2", owner=OWNER),
            order("O-2", "2", status="FILLED", side="SELL", quantity="1", filled="1", owner=OWNER),
        ),
        fills=(opened, reduced),
        positions=(position("1", "100", owner=OWNER, fills=(opened, reduced)),),
    )
    made = planned(truth, mine)
    assert names(made) == ["Fill", "ReplayPosition"]
    replay = made.steps[1]
    assert isinstance(replay, ReplayPosition)
    assert [key[1] for key in replay.fill_keys] == ["1", "2", "3"]
    assert replay.average_price == Decimal(110)


def test_a_position_that_holds_one_trade_id_twice_is_replayed_fill_by_fill() -> None:
    opened = fill("7", quantity="2", price="100", at=10)
    added = fill("7", number="2", name="O-2", price="130", at=20)
    reduced = fill("9", number="3", name="O-3", side="SELL", price="110", at=30)
    orders = (
        order("O-1", "1", status="FILLED", quantity="2", filled="2"),
        order("O-2", "2", status="FILLED", quantity="1", filled="1"),
        order("O-3", "3", status="FILLED", side="SELL", quantity="1", filled="1"),
    )
    truth = venue(orders=orders, fills=(opened, added, reduced), positions=(position("2", "110"),))
    arrived = (opened, reduced, added)
    mine = node(
        orders=tuple(replace(one, owner=OWNER) for one in orders),
        fills=arrived,
        positions=(position("2", "115", owner=OWNER, fills=arrived),),
    )
    made = planned(truth, mine)
    (replay,) = made.steps
    assert isinstance(replay, ReplayPosition)
    assert replay.fill_keys == (opened.key, added.key, reduced.key)
    assert replay.average_price == Decimal(110)


def test_two_fills_that_the_engines_position_takes_for_one_are_never_called_healed() -> None:
    """It knows a fill by trade id, side, price and quantity; the venue means two."""
    first, second = fill("7", at=10), fill("7", number="2", name="O-2", at=20)
    done = (
        order("O-1", "1", status="FILLED", quantity="1", filled="1"),
        order("O-2", "2", status="FILLED", quantity="1", filled="1"),
    )
    truth = venue(orders=done, fills=(first, second), positions=(position("2"),))
    mine = node(
        orders=tuple(replace(one, owner=OWNER) for one in done),
        fills=(first, second),
        positions=(position("1", owner=OWNER, fills=(first,)),),
    )
    made = planned(truth, mine)
    assert made.is_empty
    assert made.advice is GuardAdvice.HALTED


def test_a_position_older_than_the_history_opens_at_the_price_that_gives_the_venues_average() -> None:
    added = fill("7", quantity="1", price="130")
    truth = venue(
        orders=(order(status="FILLED", quantity="1", filled="1"),),
        fills=(added,),
        positions=(position("3", "110"),),
        coverage=covered_from(50),
    )
    made = planned(truth, node(known_from=None), STARTUP)
    assert names(made) == ["OpeningBalance", "Seed", "Fill"]
    opening = made.steps[0]
    assert isinstance(opening, OpeningBalance)
    assert (opening.quantity, opening.price) == (Decimal(2), Decimal(100))
    assert opening.client_order_id == opening_client_order_id(ACCOUNT, INSTRUMENT, Leg.BOTH)
    assert opening.time_ns < 50 * SECOND


@pytest.mark.parametrize(("held", "side"), [("0.5", "BUY"), ("-0.5", "SELL"), ("-2", "SELL")])
def test_an_opening_balance_is_on_the_positions_side_however_small(held: str, side: str) -> None:
    truth = venue(positions=(position(held, "100"),), coverage=covered_from(50))
    (opening,) = planned(truth, node(known_from=None), STARTUP).steps
    assert isinstance(opening, OpeningBalance)
    assert (opening.side.value, opening.quantity, opening.price) == (side, abs(Decimal(held)), Decimal(100))


def test_the_next_start_after_an_opening_balance_changes_nothing() -> None:
    truth = venue(positions=(position("2", "100"),), coverage=covered_from(50))
    (opening,) = planned(truth, node(known_from=None), STARTUP).steps
    assert isinstance(opening, OpeningBalance)
    name = opening.client_order_id
    booked = fill(opening.trade_id, number=name, name=name, quantity="2", at=49, synthetic=True)
    booked = replace(booked, time_ns=opening.time_ns)
    held = order(
        name, name, status="FILLED", quantity="2", filled="2", owner="EXTERNAL", order_type="MARKET", price=None
    )
    mine = node(orders=(held,), fills=(booked,), positions=(position("2", owner="EXTERNAL", fills=(booked,)),))
    assert diff(truth, mine) == ()


def test_there_is_no_opening_balance_without_a_price_and_never_one_at_zero() -> None:
    truth = venue(positions=(position("2", None),), coverage=covered_from(50))
    made = planned(truth, node(known_from=None), STARTUP)
    assert made.steps == ()
    assert [refusal.code for refusal in made.refused] == [RefusalCode.PRICE_UNKNOWN]


def test_there_is_no_opening_balance_at_run_time() -> None:
    truth = venue(positions=(position("2"),), coverage=covered_from(50))
    assert planned(truth, node(known_from=None), RUNNING).steps == ()


def test_a_closed_order_that_began_before_the_history_vanishes_into_the_opening_balance() -> None:
    """Its first fills are not listed, so it can be booked neither whole nor in part."""
    truth = venue(
        orders=(
            order(status="FILLED", filled="3", at=40, updated=60),
            order("O-2", "2", status="FILLED", quantity="1", filled="1", at=70),
        ),
        fills=(fill("7", at=60), fill("8", number="2", name="O-2", at=70)),
        positions=(position("4", "100"),),
        coverage=covered_from(50),
    )
    made = planned(truth, node(known_from=None), STARTUP)
    assert names(made) == ["OpeningBalance", "Seed", "Fill"]
    opening = made.steps[0]
    assert isinstance(opening, OpeningBalance)
    assert opening.quantity == 3
    assert opening.time_ns == 60 * SECOND


@pytest.mark.parametrize(("accepted", "listed"), [(50, 0), (60, 1)])
def test_no_opening_balance_takes_the_place_of_fills_that_the_list_should_have(accepted: int, listed: int) -> None:
    """A list of fills that was empty for a moment would leave the order out for good: the balance absorbs its fills."""
    whole = venue(
        orders=(order(status="FILLED", filled="3", at=accepted, updated=110),),
        fills=(fill("7", quantity="1"), fill("8", quantity="2"))[:listed],
        positions=(position("3"),),
        coverage=covered_from(50),
    )
    made = planned(whole, node(known_from=None), STARTUP)
    assert made.steps == ()
    assert {one.code for one in made.refused} == {RefusalCode.FILLS_INCOMPLETE}
    older = replace(whole, orders=(order(status="FILLED", filled="3", at=49, updated=110),))
    assert names(planned(older, node(known_from=None), STARTUP)) == ["OpeningBalance"]


def test_an_invented_fill_is_replaced_by_the_real_one_only_by_a_rebuild_at_start_up() -> None:
    real, invented = fill("7", price="101"), fill("S-1", price="0", synthetic=True)
    truth = venue(
        orders=(order(status="FILLED", quantity="1", filled="1"),), fills=(real,), positions=(position("1", "101"),)
    )
    mine = node(
        orders=(order(status="FILLED", quantity="1", filled="1", owner=OWNER),),
        fills=(invented,),
        positions=(position("1", "0", owner=OWNER, fills=(invented,)),),
    )
    assert planned(truth, mine).steps == ()
    made = planned(truth, mine, STARTUP)
    assert names(made) == ["RebuildInstrument", "Seed", "Fill"]
    rebuild = made.steps[0]
    assert isinstance(rebuild, RebuildInstrument)
    assert rebuild.restore_order_ids == (("O-1", OWNER),)


def test_a_rebuild_keeps_the_name_that_the_node_gave_an_order_without_one() -> None:
    name = external_client_order_id(ACCOUNT, INSTRUMENT, "1")
    done = order(None, status="FILLED", quantity="1", filled="1")
    truth = venue(orders=(done,), fills=(fill("7", name=None, price="101"),), positions=(position("1", "101"),))
    invented = fill("S-1", name=name, price="0", synthetic=True)
    mine = node(
        orders=(replace(done, client_order_id=name, owner="EXTERNAL"),),
        fills=(invented,),
        positions=(position("1", "0", owner="EXTERNAL", fills=(invented,)),),
    )
    rebuild, seed, _ = planned(truth, mine, STARTUP).steps
    assert isinstance(rebuild, RebuildInstrument)
    assert rebuild.restore_order_ids == ((name, "EXTERNAL"),)
    assert isinstance(seed, Seed)
    assert (seed.is_new, seed.order.client_order_id) == (False, name)


def test_an_instrument_is_not_rebuilt_on_incomplete_history() -> None:
    invented = fill("S-1", price="0", synthetic=True)
    truth = venue(
        orders=(order(status="FILLED", quantity="1", filled="1"),),
        positions=(position("1"),),
        coverage=covered_from(105),
    )
    mine = node(
        orders=(order(status="FILLED", quantity="1", filled="1", owner=OWNER),),
        fills=(invented,),
        positions=(position("1", "0", owner=OWNER, fills=(invented,)),),
    )
    made = planned(truth, mine, STARTUP)
    assert made.steps == ()
    assert made.refused
    assert {refusal.code for refusal in made.refused} <= {RefusalCode.HISTORY_INCOMPLETE, RefusalCode.FILLS_INCOMPLETE}


def test_a_split_position_is_united_at_start_up_where_one_strategy_traded() -> None:
    buy, sell = fill("7", quantity="3"), fill("8", number="2", name="web_2", side="SELL", at=120)
    truth = venue(
        orders=(
            order(status="FILLED", filled="3"),
            order("web_2", "2", status="FILLED", side="SELL", quantity="1", filled="1"),
        ),
        fills=(buy, sell),
        positions=(position("2"),),
    )
    mine = node(
        orders=(
            order(status="FILLED", filled="3", owner=OWNER),
            order("web_2", "2", status="FILLED", side="SELL", quantity="1", filled="1", owner="EXTERNAL"),
        ),
        fills=(buy, sell),
        positions=(position("3", owner=OWNER, fills=(buy,)), position("-1", owner="EXTERNAL", fills=(sell,))),
    )
    made = planned(truth, mine, STARTUP)
    assert not made.refused
    assert {step.owner for step in made.steps if isinstance(step, Fill)} == {OWNER}
    running = planned(truth, mine)
    assert [refusal.code for refusal in running.refused] == [RefusalCode.OWNERSHIP_SPLIT]


def test_a_discrepancy_that_may_not_be_acted_on_yet_waits_and_is_not_refused() -> None:
    truth = venue(
        orders=(order(status="PARTIALLY_FILLED", filled="2"),),
        fills=(fill("7"), fill("8", at=120)),
        positions=(position("2"),),
    )
    mine = node(orders=(order(owner=OWNER),))
    everything = diff(truth, mine)
    allowed = [one for one in everything if one.subject.trade_id == "7" or one.kind.startswith("POSITION")]
    made = plan(allowed, truth, mine, RUNNING, observed=everything)
    assert [step.fill.trade_id for step in made.steps if isinstance(step, Fill)] == ["7"]
    assert made.refused == ()


def test_hedge_legs_are_filled_and_checked_apart() -> None:
    truth = venue(
        orders=(
            order(status="FILLED", leg="LONG", filled="3"),
            order("O-2", "2", status="FILLED", side="SELL", leg="SHORT", quantity="2", filled="2"),
        ),
        fills=(
            fill("7", quantity="3", leg="LONG"),
            fill("8", number="2", name="O-2", side="SELL", quantity="2", leg="SHORT"),
        ),
        positions=(position("3", leg="LONG"), position("-2", leg="SHORT")),
    )
    made = planned(truth, node(), STARTUP)
    assert made.refused == ()
    assert {(step.fill.trade_id, step.fill.leg) for step in made.steps if isinstance(step, Fill)} == {
        ("7", Leg.LONG),
        ("8", Leg.SHORT),
    }


def test_every_refusal_names_its_discrepancies_and_says_what_to_do() -> None:
    made = planned(venue(positions=(position("3"),)), node())
    (refusal,) = made.refused
    assert refusal.fingerprints
    assert refusal.action.endswith(".")
    assert made.heals == ()


def test_what_the_steps_are_for_is_named() -> None:
    truth = venue(orders=(order(price="101"),))
    found = diff(truth, node(orders=(order(owner=OWNER),)))
    made = plan(found, truth, node(orders=(order(owner=OWNER),)))
    assert made.heals == (found[0],)


def test_an_emulated_order_that_the_venue_has_is_refused() -> None:
    mine = node(orders=(order(number=None, status="EMULATED", owner=OWNER),), at=READ)
    made = planned(venue(orders=(order(),)), mine)
    assert [refusal.code for refusal in made.refused] == [RefusalCode.NO_STEP_EXISTS]


RENAMED = order(
    "6f9619ff-8b86-d011-b42d-00c04fc964ff", "1", status="FILLED", quantity="1", filled="1", owner="EXTERNAL"
)


def renamed_world(
    *beside: OrderRecord, owner: str = "EXTERNAL", coverage: Coverage | None = None
) -> tuple[VenueSnapshot, NodeSnapshot]:
    """Return a node that knows the venue's order by a name that the engine invented."""
    held = fill("7", name=RENAMED.client_order_id)
    truth = venue(
        orders=(order(status="FILLED", quantity="1", filled="1"),),
        fills=(fill("7"),),
        positions=(position("1"),),
        coverage=coverage,
    )
    mine = node(
        orders=(replace(RENAMED, owner=owner), *beside),
        fills=(held,),
        positions=(position("1", owner=owner, fills=(held,)),),
    )
    return truth, mine


def test_an_order_under_an_invented_name_is_made_anew_under_its_own_at_the_start() -> None:
    made = planned(*renamed_world(), STARTUP)
    assert names(made) == ["RebuildInstrument", "Seed", "Fill"]
    rebuild, seed, booked = made.steps
    assert isinstance(rebuild, RebuildInstrument)
    assert rebuild.purge_order_ids == (RENAMED.client_order_id,)
    assert rebuild.restore_order_ids == ()
    assert isinstance(seed, Seed)
    assert (seed.is_new, seed.order.client_order_id) == (True, "O-1")
    assert isinstance(booked, Fill)
    assert booked.fill.client_order_id == "O-1"
    assert not made.refused


def test_an_order_under_an_invented_name_gives_its_fills_back_to_the_order_that_was_sent() -> None:
    """The node sent O-1 and never heard of its number; the engine gave the number to an order of its own making."""
    sent = order("O-1", None, status="SUBMITTED", quantity="1", owner=OWNER)
    made = planned(*renamed_world(sent), STARTUP)
    rebuild, seed, _ = made.steps
    assert isinstance(rebuild, RebuildInstrument)
    assert set(rebuild.purge_order_ids) == {RENAMED.client_order_id, "O-1"}
    assert rebuild.restore_order_ids == (("O-1", OWNER),)
    assert isinstance(seed, Seed)
    assert (seed.is_new, seed.order.client_order_id, seed.order.owner) == (False, "O-1", OWNER)


def test_an_order_under_an_invented_name_waits_for_a_restart_while_the_node_trades() -> None:
    made = planned(*renamed_world())
    assert made.is_empty
    assert {one.code for one in made.refused} == {RefusalCode.NEEDS_REBUILD}
    assert made.advice is GuardAdvice.REDUCING


def test_an_order_under_an_invented_name_stays_where_the_history_is_not_complete() -> None:
    made = planned(*renamed_world(coverage=replace(Coverage.full(READ), orders_closed=KindCoverage())), STARTUP)
    assert made.is_empty
    assert {one.code for one in made.refused} == {RefusalCode.HISTORY_INCOMPLETE}


def test_an_order_under_an_invented_name_is_not_given_to_nobody_where_several_strategies_trade() -> None:
    other = order("O-9", "9", status="CANCELED", owner="S-002")
    truth, mine = renamed_world(other, owner=OWNER)
    truth = replace(truth, orders=(*truth.orders, order("O-9", "9", status="CANCELED")))
    made = planned(truth, mine, STARTUP)
    assert made.is_empty
    assert {one.code for one in made.refused} == {RefusalCode.OWNER_AMBIGUOUS}
    claimed = planned(truth, mine, PlanSettings(at_startup=True, claims={INSTRUMENT: OWNER}))
    assert names(claimed) == ["RebuildInstrument", "Seed", "Fill"]
    assert not claimed.refused


def test_one_name_on_two_numbers_is_left_to_an_operator() -> None:
    made = planned(venue(orders=(order(number="2"),)), node(orders=(order(owner=OWNER),)), STARTUP)
    assert made.is_empty
    assert {one.code for one in made.refused} == {RefusalCode.IDENTIFIERS_CLASH}


# What no list has: an order with fills that the venue does not list. A round trip, so that no position speaks for it.
BOUGHT = order(status="FILLED", quantity="1", filled="1", owner=OWNER)
SOLD = order("O-2", "2", status="FILLED", quantity="1", filled="1", side="SELL", owner=OWNER)
TRIP = (fill("7"), fill("8", number="2", name="O-2", side="SELL", at=120))
TRADED = node(orders=(BOUGHT, SOLD), fills=TRIP)


def test_an_order_whose_fills_are_listed_is_real_whatever_the_venue_says_of_the_order() -> None:
    for unknown in ((), ("O-1", "1", "O-2", "2")):
        assert diff(venue(fills=TRIP, unknown=unknown), TRADED) == ()


def test_a_filled_order_that_no_list_has_leaves_the_node_only_by_the_venues_word_about_it() -> None:
    nothing = planned(venue(), TRADED, STARTUP)
    assert nothing.steps == ()
    assert {one.code for one in nothing.refused} == {RefusalCode.NOT_PROVEN_ABSENT}
    assert planned(venue(unknown=("O-1",)), TRADED, STARTUP).steps == ()
    (rebuild,) = planned(venue(unknown=("O-1", "2")), TRADED, STARTUP).steps
    assert isinstance(rebuild, RebuildInstrument)
    assert rebuild.purge_order_ids == ("O-1", "O-2")


def test_an_order_that_the_list_of_orders_does_not_reach_is_not_purged_because_its_fill_is_not_listed() -> None:
    made = planned(venue(coverage=replace(Coverage.full(READ), orders_closed=KindCoverage())), TRADED, STARTUP)
    assert made.steps == ()


def test_a_filled_order_that_no_list_has_waits_for_the_second_look() -> None:
    truth = venue(unknown=("O-1", "O-2"))
    found = diff(truth, TRADED)
    orders = [one for one in found if one.kind is DiscrepancyKind.ORDER_MISSING_AT_VENUE]
    assert plan(orders, truth, TRADED, STARTUP, observed=found).steps == ()
    assert plan(found, truth, TRADED, STARTUP, observed=found).steps


def test_nothing_of_an_instrument_is_rebuilt_while_one_of_its_orders_is_neither_listed_nor_unknown() -> None:
    wrong = fill("9", number="3", name="O-3", price="1", at=130)
    third = order("O-3", "3", status="FILLED", quantity="1", filled="1")
    truth = venue(orders=(third,), fills=(replace(wrong, price=Decimal(100)),), positions=(position("1"),))
    mine = node(
        orders=(BOUGHT, SOLD, replace(third, owner=OWNER)),
        fills=(*TRIP, wrong),
        positions=(position("1", "1", owner=OWNER, fills=(wrong,)),),
    )
    assert planned(truth, mine, STARTUP).steps == ()
    assert names(planned(replace(truth, unknown_orders=frozenset({"O-1", "O-2"})), mine, STARTUP))[0] == (
        "RebuildInstrument"
    )
