"""What a plan makes of positions, and when it says that it cannot."""

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
    TOLERANCE,
    covered_from,
    fill,
    node,
    order,
    position,
    venue,
)
from trueup.core import PlanSettings, Tolerance
from trueup.core.netting import net
from trueup.core.plan_positions import (
    NoOpening,
    holds_only_venue_fills,
    is_split,
    opening_as_fill,
    opening_for,
    predict,
    reaches_node_history,
    replay_for,
    total,
)
from trueup.core.view import View, view_of
from trueup.model import (
    Coverage,
    FailedQuery,
    Fill,
    FillRecord,
    KindCoverage,
    Leg,
    NodeSnapshot,
    OpeningBalance,
    OrderRecord,
    OrderSide,
    RefusalCode,
    ReplayPosition,
    Window,
    opening_client_order_id,
)

OTHER = "BBB.VENUE"
KEY = (INSTRUMENT, Leg.BOTH)
NOW = Window(0, READ)


def failed(kind: str, instrument: str) -> Coverage:
    one = KindCoverage(asked=NOW, got=NOW, failures=(FailedQuery(kind, "refused", instrument),))
    return replace(Coverage.full(READ), **{kind: one})


FIRST, SECOND_FILL = fill("1", quantity="2", price="100", at=110), fill("2", side="SELL", price="110", at=120)


THIRD = fill("3", price="130", at=130)


IN_ORDER = (FIRST, SECOND_FILL, THIRD)


def steps(*fills: FillRecord, owner: str = OWNER) -> list[Fill]:
    return [Fill(fill=one, owner=owner) for one in fills]


def seen(held: tuple[FillRecord, ...] = (), quantity: str | None = None, **more: object) -> View:
    """Return a view of a position of these fills, at a venue that lists all three."""
    mine = () if quantity is None else (position(quantity, owner=OWNER, fills=held),)
    truth = venue(fills=IN_ORDER, positions=(position("2"),))
    return View(truth, replace(node(fills=held, positions=mine), **more))  # type: ignore[arg-type]  # tests' spelling


def test_planned_fills_move_each_owners_position_for_itself() -> None:
    made = predict(seen((FIRST,), "2"), KEY, [*steps(SECOND_FILL), *steps(THIRD, owner="S-002")])
    assert {name: one.netted.quantity for name, one in made.items()} == {OWNER: 1, "S-002": 1}
    assert total(made) == 2
    assert made[OWNER].fills == (FIRST, SECOND_FILL)
    assert made["S-002"].record is None
    assert made[OWNER].record is not None
    assert all(one.is_exact for one in made.values())
    assert is_split(made, Leg.BOTH)
    assert not is_split(made, Leg.LONG)
    assert not is_split({OWNER: made[OWNER]}, Leg.BOTH)
    assert predict(seen(), KEY, []) == {}


def test_two_positions_of_one_owner_are_one_for_the_venue() -> None:
    held = tuple(replace(position("1", owner=OWNER, fills=(one,)), position_id=one.trade_id) for one in (FIRST, THIRD))
    made = predict(View(venue(), node(positions=held)), KEY, steps(fill("9", quantity="5")))[OWNER]
    assert (made.netted.quantity, made.record, made.is_exact) == (Decimal(7), None, False)
    assert made.netted.average_price is None


def test_a_fill_that_a_position_holds_is_not_applied_again_until_it_was_flat() -> None:
    again = predict(seen((FIRST,), "2"), KEY, steps(FIRST, SECOND_FILL))[OWNER]
    assert (again.netted.quantity, again.fills) == (Decimal(1), (FIRST, SECOND_FILL))
    twice = predict(seen((FIRST,), "2"), KEY, steps(SECOND_FILL, SECOND_FILL))[OWNER]
    assert twice.netted.quantity == 1
    closing = fill("8", side="SELL", quantity="2", at=115)
    closed = predict(seen((FIRST,), "2"), KEY, steps(closing, FIRST))[OWNER]
    assert closed.netted.quantity == 0, "the closed position is there still, and refuses it"
    reopened = predict(seen((FIRST,), "2"), KEY, steps(closing, THIRD, FIRST))[OWNER]
    assert reopened.netted.quantity == 3, "the next one knows nothing of its fills"
    after = predict(seen((FIRST,), "2"), KEY, steps(FIRST, closing, THIRD, THIRD))[OWNER]
    assert after.netted.quantity == 1
    elsewhere = replace(SECOND_FILL, venue_order_id="9", client_order_id="O-9")
    twin = predict(seen((FIRST, SECOND_FILL), "1"), KEY, steps(elsewhere))[OWNER]
    assert twin.netted.quantity == 1, "the engine's position does not know an order from another"


@pytest.mark.parametrize(
    ("held", "is_exact"),
    [
        (position("2", owner=OWNER, fills=(FIRST,)), True),
        (position("1", owner=OWNER, fills=(FIRST,)), False),
        (replace(position("2", owner=OWNER, fills=(FIRST,)), adjusted=True), False),
        (position("0", None, owner=OWNER, fills=(FIRST,)), True),
        (position("2", owner=OWNER), False),
    ],
)
def test_a_position_is_exact_where_its_fills_come_to_it(held: object, is_exact: bool) -> None:
    made = predict(View(venue(), node(positions=(held,))), KEY, [])  # type: ignore[arg-type]  # a position
    assert made[OWNER].is_exact is is_exact


def replayed(held: tuple[FillRecord, ...], *new: FillRecord, quantity: str | None = None, **truth: object) -> object:
    view = seen(held, quantity or str(net(held).quantity))
    view = View(replace(view.venue, **truth), view.node)  # type: ignore[arg-type]  # tests' spelling
    (one,) = predict(view, KEY, steps(*new)).values()
    return replay_for(one, KEY, view, TOLERANCE)


def test_a_late_fill_has_the_position_replayed_in_the_venues_order() -> None:
    replay = replayed((FIRST, THIRD), SECOND_FILL)
    assert isinstance(replay, ReplayPosition)
    true = net(IN_ORDER)
    assert (replay.instrument_id, replay.leg, replay.owner) == (INSTRUMENT, Leg.BOTH, OWNER)
    assert replay.position_id == f"{INSTRUMENT}-{OWNER}"
    assert replay.fill_keys == tuple(one.key for one in IN_ORDER)
    assert (replay.quantity, replay.average_price) == (true.quantity, true.average_price)
    assert replayed((FIRST, SECOND_FILL), THIRD) is None, "they come in order"


def test_a_position_that_cannot_be_replayed_in_place_says_so() -> None:
    bought, sold = fill("1", quantity="2", at=110), fill("3", side="SELL", price="80", at=130)
    turned = fill("2", side="SELL", quantity="5", price="90", at=120)
    listed = (bought, turned, sold)
    assert replayed((bought, sold), turned, fills=listed, positions=(position("-4"),)) is RefusalCode.NEEDS_REBUILD, (
        "it begins with the rest of a fill"
    )
    assert replayed((FIRST, THIRD), SECOND_FILL, quantity="5") is None, "its fills are not all of it: nothing is known"
    missing = replayed((FIRST,), quantity="2")
    assert missing is RefusalCode.NEEDS_REBUILD, "its quantity is right, and it is made of other fills"
    short = venue(fills=(*IN_ORDER, fill("0", price="1", at=100), fill("4", side="SELL", price="1", at=140)))
    needs = replayed((FIRST, THIRD), SECOND_FILL, fills=short.fills)
    assert needs is RefusalCode.NEEDS_REBUILD, "a fill of the present life is not in the node's position"


def test_positions_hold_only_the_venues_fills_at_their_prices() -> None:
    def holds(*held: FillRecord, coverage: Coverage | None = None) -> bool:
        mine = node(positions=(position("2", owner=OWNER, fills=held),))
        return holds_only_venue_fills(View(venue(fills=IN_ORDER, coverage=coverage), mine), KEY)

    assert holds(*IN_ORDER)
    assert holds()
    assert not holds(FIRST, replace(THIRD, price=Decimal(1)))
    assert not holds(FIRST, fill("9"))
    assert holds(FIRST, fill("9", at=50), coverage=covered_from(60)), "the venue would not have listed it"


def test_a_reading_reaches_the_nodes_history_where_it_begins_no_later_than_its_last_fill() -> None:
    for start, by_order, by_position in ((110, True, True), (111, False, False), (0, True, True)):
        truth = venue(coverage=covered_from(start))
        assert reaches_node_history(View(truth, node(fills=(FIRST,))), KEY) is by_order
        holding = node(positions=(position("2", owner=OWNER, fills=(FIRST,)),))
        assert reaches_node_history(View(truth, holding), KEY) is by_position
    assert reaches_node_history(View(venue(coverage=covered_from(115)), node(fills=(FIRST, SECOND_FILL))), KEY)
    assert reaches_node_history(View(venue(), node()), KEY)
    assert not reaches_node_history(View(venue(coverage=covered_from(1)), node()), KEY)
    assert not reaches_node_history(View(venue(coverage=Coverage()), node(fills=(FIRST,))), KEY)


OLDER = order("O-1", "1", status="FILLED", filled="1", quantity="1")
LATEST = fill("7", at=210, price="120")


def opening(
    *,
    held: str = "3",
    average: str | None = "100",
    start: int = 200,
    fills: tuple[FillRecord, ...] = (LATEST,),
    orders: tuple[OrderRecord, ...] = (OLDER,),
    mine: NodeSnapshot | None = None,
    coverage: Coverage | None = None,
) -> OpeningBalance | NoOpening | None:
    truth = venue(
        orders=orders, fills=fills, positions=(position(held, average),), coverage=coverage or covered_from(start)
    )
    return opening_for(View(truth, mine or node()), KEY, OWNER)


def test_an_opening_balance_is_all_that_came_before_the_first_listed_fill() -> None:
    made = opening()
    assert isinstance(made, OpeningBalance)
    assert (made.instrument_id, made.leg, made.side, made.quantity, made.price) == (
        INSTRUMENT,
        Leg.BOTH,
        OrderSide.BUY,
        Decimal(2),
        Decimal(90),
    )
    assert made.client_order_id == made.venue_order_id == opening_client_order_id(ACCOUNT, INSTRUMENT, Leg.BOTH)
    assert made.trade_id.startswith("OPEN-")
    assert (made.owner, made.time_ns) == (OWNER, 200 * SECOND - 1)
    booked = opening_as_fill(made)
    assert booked.owner == OWNER
    assert (booked.fill.quantity, booked.fill.price, booked.fill.time_ns) == (Decimal(2), Decimal(90), made.time_ns)
    assert (booked.fill.side, booked.fill.leg, booked.fill.synthetic) == (OrderSide.BUY, Leg.BOTH, True)
    assert (booked.fill.client_order_id, booked.fill.venue_order_id) == (made.client_order_id, made.venue_order_id)
    short = opening(held="-3", fills=(replace(LATEST, side=OrderSide.SELL),))
    assert isinstance(short, OpeningBalance)
    assert (short.side, short.quantity) == (OrderSide.SELL, Decimal(2))


def test_an_order_whose_fills_do_not_add_up_vanishes_into_the_balance() -> None:
    half = order("O-2", "2", status="FILLED", filled="2", quantity="2")
    made = opening(orders=(half, OLDER), fills=(fill("6", number="2", name="O-2", at=205, price="80"), LATEST))
    assert isinstance(made, OpeningBalance)
    assert (made.quantity, made.price, made.time_ns) == (Decimal(2), Decimal(90), 205 * SECOND)


def test_there_is_no_opening_balance_where_the_history_tells_all_or_the_node_knows_something() -> None:
    assert opening(held="1") is None, "the listed fills are all of it"
    assert opening(held="0", average=None) is None
    assert opening(start=0) is None, "everything was read: it moved without a fill"
    spoilt = replace(covered_from(200), fills=failed("fills", INSTRUMENT).fills)
    assert opening(coverage=spoilt) is None
    elsewhere = replace(covered_from(200).fills, failures=(FailedQuery("fills", "refused", OTHER),))
    assert isinstance(opening(coverage=replace(covered_from(200), fills=elsewhere)), OpeningBalance)
    assert opening(mine=node(fills=(LATEST,))) is None
    assert opening(mine=node(positions=(position("1", owner=OWNER),))) is None
    assert opening(mine=node(positions=(position("0", None, owner=OWNER, fills=(LATEST,)),))) is None
    assert opening(mine=node(positions=(position("0", None, owner=OWNER),))) is not None
    closed = (fill("6", side="SELL", quantity="2", at=205), fill("7", quantity="3", at=210))
    assert opening(fills=closed) is None, "it was flat since"
    assert opening(coverage=replace(covered_from(200), fills=KindCoverage())) is None


def test_an_opening_balance_that_cannot_be_made_says_why() -> None:
    for average, fills in ((None, (LATEST,)), ("30", (LATEST,))):
        made = opening(average=average, fills=fills)
        assert isinstance(made, NoOpening)
        assert made.code is RefusalCode.PRICE_UNKNOWN
        assert made.reason == (
            "the position is older than the venue's history and the venue gives no usable average price"
        )
    half = order("O-2", "2", status="FILLED", filled="5", quantity="5")
    mixed = (
        fill("5", number="1", name="O-1", at=204, quantity="0.5"),
        fill("6", number="2", name="O-2", at=205),
        fill("7", number="1", name="O-1", at=210, quantity="0.5"),
    )
    working = order("O-1", "1", status="PARTIALLY_FILLED", filled="1")
    made = opening(orders=(half, working), fills=mixed)
    assert isinstance(made, NoOpening)
    assert made.code is RefusalCode.FILLS_INCOMPLETE
    assert made.reason == "an open order began before the venue's history and its first fills are not listed"


def test_a_view_that_was_made_is_used_and_one_of_other_snapshots_is_refused() -> None:
    view = View(venue(), node())
    assert view_of(view.venue, view.node, view) is view
    assert view_of(view.venue, view.node).venue is view.venue
    with pytest.raises(AssertionError, match="these snapshots"):
        view_of(venue(at=READ + 1), view.node, view)
    with pytest.raises(AssertionError, match="these snapshots"):
        view_of(view.venue, node(known_from=5), view)


def test_the_settings_of_a_plan_hold_the_tolerance_of_the_comparison() -> None:
    assert PlanSettings(tolerance=Tolerance(position_quantity=Decimal(1))).tolerance.quantity_of(OTHER) == 1
