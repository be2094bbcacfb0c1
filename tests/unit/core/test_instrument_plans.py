"""Cases, owners and rebuilds of an instrument, and how far each reaches."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.core.builders import (
    INSTRUMENT,
    OWNER,
    covered_from,
    fill,
    node,
    order,
    position,
    venue,
)
from tests.unit.core.planning import RUNNING, STARTUP, names, planned, refusals
from trueup.core import PlanSettings, diff
from trueup.core.cases import gather
from trueup.core.view import View
from trueup.model import (
    ClaimOwner,
    DiscrepancyKind,
    GuardAdvice,
    NodeSnapshot,
    OrderRecord,
    OrderStatus,
    RebuildInstrument,
    RefusalCode,
    Seed,
    VenueSnapshot,
)

Kind = DiscrepancyKind
OTHER = "BBB.VENUE"


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
        assert held.acted_on == [first[0]]
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
    assert set(made.heals) == set(diff(truth, mine))
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
