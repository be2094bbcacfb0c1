"""Positions side by side, what a plan makes of them, and when it says that it cannot."""

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
from trueup.core import PlanSettings, Tolerance, diff, plan
from trueup.core.diff_positions import average_in_time_order
from trueup.core.life_cycle import listed_history, true_life_cycle
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
    BalanceRecord,
    Coverage,
    Discrepancy,
    DiscrepancyKind,
    FailedQuery,
    Fill,
    FillRecord,
    Healability,
    KindCoverage,
    Leg,
    NodeSnapshot,
    OpeningBalance,
    OrderRecord,
    OrderSide,
    RefusalCode,
    ReplayPosition,
    Severity,
    Window,
    opening_client_order_id,
)

Kind = DiscrepancyKind
OTHER = "BBB.VENUE"
KEY = (INSTRUMENT, Leg.BOTH)
NOW = Window(0, READ)


def only(found: tuple[Discrepancy, ...], kind: Kind) -> Discrepancy:
    (one,) = [each for each in found if each.kind is kind]
    return one


def failed(kind: str, instrument: str) -> Coverage:
    one = KindCoverage(asked=NOW, got=NOW, failures=(FailedQuery(kind, "refused", instrument),))
    return replace(Coverage.full(READ), **{kind: one})


# -- What differs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("theirs", "mine", "kind", "change"),
    [
        ("2", "1", Kind.POSITION_QUANTITY, "+1"),
        ("1", "2", Kind.POSITION_QUANTITY, "-1"),
        ("1", "-1", Kind.POSITION_SIDE, "+2"),
        ("-1", "2", Kind.POSITION_SIDE, "-3"),
        ("0", "1", Kind.POSITION_QUANTITY, "-1"),
        ("1", "0", Kind.POSITION_QUANTITY, "+1"),
    ],
)
def test_a_wrong_quantity_is_told_with_side_distance_and_weight(
    theirs: str, mine: str, kind: Kind, change: str
) -> None:
    truth, held = position(theirs, at=140), position(mine, owner=OWNER)
    (one,) = diff(venue(positions=(truth,)), node(positions=(held,)))
    assert (one.kind, one.change, one.venue, one.node) == (kind, change, theirs, mine)
    assert (one.severity, one.healability, one.time_ns) == (Severity.CRITICAL, Healability.MANUAL, 140 * SECOND)
    assert one.detail == "not explained by any fill that was read"


def test_a_position_that_only_the_node_holds_has_no_time_of_the_venues() -> None:
    (one,) = diff(venue(), node(positions=(position("1", owner=OWNER),)))
    assert (one.kind, one.venue, one.node, one.time_ns) == (Kind.POSITION_QUANTITY, "0", "1", 0)


def test_a_gap_that_missing_fills_come_to_goes_with_them() -> None:
    truth = venue(orders=(order(),), fills=(fill("7"), fill("8", at=120)), positions=(position("2"),))
    one = only(diff(truth, node(orders=(order(owner=OWNER),))), Kind.POSITION_QUANTITY)
    assert (one.detail, one.healability) == ("explained by missing fills", Healability.DERIVED)
    more = only(
        diff(replace(truth, positions=(position("3"),)), node(orders=(order(owner=OWNER),))), Kind.POSITION_QUANTITY
    )
    assert more.healability is Healability.MANUAL
    held = fill("7")
    holding = node(orders=(order(owner=OWNER),), positions=(position("1", owner=OWNER, fills=(held,)),))
    assert only(diff(truth, holding), Kind.POSITION_QUANTITY).healability is Healability.DERIVED, "it holds one of them"


def test_a_position_that_was_not_read_on_either_side_is_no_difference_and_hides_no_other() -> None:
    both = (position("1"), position("1", instrument=OTHER))
    for unread in ((failed("positions", INSTRUMENT), None), (None, failed("positions", INSTRUMENT))):
        truth = venue(positions=both[1:] if unread[0] else both, coverage=unread[0])
        mine = replace(node(), coverage=unread[1] or Coverage.full(READ))
        assert {one.subject.instrument_id for one in diff(truth, mine)} == {OTHER}


def test_flat_is_believed_of_the_instrument_whose_positions_were_read() -> None:
    held = node(positions=(position("1", owner=OWNER), position("1", owner=OWNER, instrument=OTHER)))
    found = diff(venue(coverage=failed("positions", INSTRUMENT)), held)
    assert [one.subject.instrument_id for one in found] == [OTHER]


def test_a_gap_on_an_instrument_whose_fills_were_not_read_says_so() -> None:
    truth = venue(positions=(position("3"), position("3", instrument=OTHER)), coverage=failed("fills", INSTRUMENT))
    made = plan(diff(truth, node()), truth, node())
    assert {one.instrument_id: one.reason for one in made.refused} == {
        INSTRUMENT: "the fills that were read do not explain the position, and not all were read",
        OTHER: "every fill was read and the position is not their sum",
    }


def test_a_tolerance_is_its_own_instruments() -> None:
    allowed = Tolerance(position_quantity_by_instrument={INSTRUMENT: Decimal(1)})
    truth = venue(positions=(position("2"), position("2", instrument=OTHER)))
    mine = node(positions=(position("1", owner=OWNER), position("1", owner=OWNER, instrument=OTHER)))
    assert [one.subject.instrument_id for one in diff(truth, mine, allowed)] == [OTHER]
    average = replace(truth, positions=(position("2", "200"),))
    both = diff(average, node(positions=(position("1", owner=OWNER),)), allowed)
    assert [one.kind for one in both] == [Kind.POSITION_AVERAGE_PRICE], "the same quantity, within its tolerance"


def test_a_split_position_names_each_owner() -> None:
    split = (position("1", owner="S-001"), position("1", owner="S-002"), position("0", None, owner="S-003"))
    one = only(diff(venue(positions=(position("2"),)), node(positions=split)), Kind.POSITION_SPLIT_OWNERSHIP)
    assert (one.venue, one.node) == ("one position", "S-001 1, S-002 1")
    assert (one.severity, one.healability) == (Severity.WARNING, Healability.REBUILD)
    assert diff(venue(positions=(position("1"),)), node(positions=(split[0], split[2]))) == ()
    hedged = tuple(replace(each, leg=Leg.LONG) for each in split)
    assert diff(venue(positions=(position("2", leg="LONG"),)), node(positions=hedged)) == ()


@pytest.mark.parametrize(
    ("theirs", "mine", "is_told"),
    [
        ("100.01", "100", False),
        ("100.02", "100", True),
        ("99.98", "100", True),
        (None, "100", False),
        ("100", None, False),
    ],
)
def test_an_average_price_that_the_venue_says_otherwise_is_told(
    theirs: str | None, mine: str | None, is_told: bool
) -> None:
    found = diff(venue(positions=(position("1", theirs),)), node(positions=(position("1", mine, owner=OWNER),)))
    assert bool(found) is is_told
    if is_told:
        (one,) = found
        assert (one.kind, one.venue, one.node, one.detail) == (Kind.POSITION_AVERAGE_PRICE, theirs, mine, "")
        assert (one.severity, one.healability, one.time_ns) == (Severity.WARNING, Healability.REBUILD, 0)
        assert one.change.startswith("+" if theirs == "100.02" else "-")


def test_an_average_price_is_that_of_the_one_position_that_is_open() -> None:
    open_one, flat = position("1", "150", owner=OWNER), position("0", None, owner="S-002")
    for held in ((open_one, flat), (flat, open_one)):
        (one,) = diff(venue(positions=(position("1"),)), node(positions=held))
        assert (one.venue, one.node, one.change) == ("100", "150", "-50")
    two = (open_one, position("1", "150", owner="S-002"))
    kinds = [each.kind for each in diff(venue(positions=(position("2"),)), node(positions=two))]
    assert kinds == [Kind.POSITION_SPLIT_OWNERSHIP]
    assert diff(venue(positions=(position("0", None),)), node(positions=(flat,))) == ()


FIRST, SECOND_FILL = fill("1", quantity="2", price="100", at=110), fill("2", side="SELL", price="110", at=120)
THIRD = fill("3", price="130", at=130)
IN_ORDER = (FIRST, SECOND_FILL, THIRD)
OUT_OF_ORDER = (FIRST, THIRD, SECOND_FILL)


def test_a_positions_own_fills_tell_its_average_in_the_venues_order() -> None:
    true = net(IN_ORDER)
    wrong = position("2", str(net(OUT_OF_ORDER).average_price), owner=OWNER, fills=OUT_OF_ORDER)
    assert average_in_time_order(wrong) == true.average_price
    assert average_in_time_order(replace(wrong, fills=IN_ORDER)) is None, "they are in order"
    assert average_in_time_order(replace(wrong, fills=())) is None
    assert average_in_time_order(replace(wrong, adjusted=True)) is None
    assert average_in_time_order(replace(wrong, quantity=Decimal(3))) is None, "they are not all of it"


def test_an_average_that_came_of_another_order_is_told_by_the_history_else_by_the_positions_fills() -> None:
    wrong = position("2", str(net(OUT_OF_ORDER).average_price), owner=OWNER, fills=OUT_OF_ORDER)
    true = net(IN_ORDER).average_price
    listed = venue(fills=IN_ORDER, positions=(position("2", None),))
    unlisted = venue(positions=(position("2", None),), coverage=failed("fills", INSTRUMENT))
    for truth in (listed, unlisted):
        one = only(diff(truth, node(fills=OUT_OF_ORDER, positions=(wrong,))), Kind.POSITION_AVERAGE_PRICE)
        assert one.venue == str(true)
        assert one.detail == "its fills were applied out of the venue's time order"
    adjusted = node(fills=OUT_OF_ORDER, positions=(replace(wrong, adjusted=True),))
    assert not [one for one in diff(listed, adjusted) if one.kind is Kind.POSITION_AVERAGE_PRICE]
    right = replace(wrong, average_price=true)
    assert diff(listed, node(fills=OUT_OF_ORDER, positions=(right,))) == ()


def test_the_venues_history_is_that_of_its_own_instrument_and_only_where_it_was_read() -> None:
    for unread, is_told in ((OTHER, True), (INSTRUMENT, False)):
        seen = View(venue(fills=IN_ORDER, positions=(position("2"),), coverage=failed("fills", unread)), node())
        assert (true_life_cycle(seen, KEY) is not None) is is_told
        history = listed_history(seen, KEY)
        assert history is not None
        assert history.fills == IN_ORDER
    older = View(venue(fills=IN_ORDER, positions=(position("7"),)), node())
    assert true_life_cycle(older, KEY) is None, "it was never flat"
    assert listed_history(View(venue(fills=IN_ORDER), node()), KEY) is None, "it is flat now"
    assert listed_history(View(venue(coverage=Coverage()), node()), KEY) is None


def test_balances_are_compared_both_ways_and_up_to_the_tolerance() -> None:
    def balance(currency: str, amount: str) -> BalanceRecord:
        return BalanceRecord(currency=currency, total=Decimal(amount))

    allowed = Tolerance(balance=Decimal(5))
    for theirs, mine, change in (("100", "94", "+6"), ("94", "100", "-6"), ("100", "95", None), ("-3", "3", "-6")):
        truth, held = venue(balances=(balance("USDT", theirs),)), node(balances=(balance("USDT", mine),))
        found = diff(truth, held, allowed)
        assert [one.change for one in found] == ([change] if change else [])
        assert diff(truth, held) == ()
    one = only(diff(venue(balances=(balance("USDT", "6"),)), node(), allowed), Kind.BALANCE)
    assert (one.venue, one.node, one.healability) == ("6", "0", Healability.MANUAL)
    alone = node(balances=(balance("BNB", "6"),))
    assert only(diff(venue(), alone, allowed), Kind.BALANCE).node == "6"
    unread = replace(Coverage.full(READ), balances=KindCoverage())
    assert diff(venue(coverage=unread), alone, allowed) == ()


# -- What a plan makes of them -----------------------------------------------------------------------------------------


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


# -- Opening balances --------------------------------------------------------------------------------------------------

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
