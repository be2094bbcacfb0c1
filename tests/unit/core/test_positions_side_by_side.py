"""Positions and balances side by side: what differs, how bad it is, and what removes it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.core.builders import (
    INSTRUMENT,
    OWNER,
    READ,
    SECOND,
    fill,
    node,
    order,
    position,
    venue,
)
from trueup.core import Tolerance, diff, plan
from trueup.core.diff_positions import average_in_time_order
from trueup.core.life_cycle import listed_history, true_life_cycle
from trueup.core.netting import net
from trueup.core.view import View
from trueup.model import (
    BalanceRecord,
    Coverage,
    Discrepancy,
    DiscrepancyKind,
    FailedQuery,
    FillRecord,
    Healability,
    KindCoverage,
    Leg,
    Severity,
    Window,
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


def seen(held: tuple[FillRecord, ...] = (), quantity: str | None = None, **more: object) -> View:
    """Return a view of a position of these fills, at a venue that lists all three."""
    mine = () if quantity is None else (position(quantity, owner=OWNER, fills=held),)
    truth = venue(fills=IN_ORDER, positions=(position("2"),))
    return View(truth, replace(node(fills=held, positions=mine), **more))  # type: ignore[arg-type]  # tests' spelling


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
