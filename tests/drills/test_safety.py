"""The judge of episodes: what it lets pass while a node is watched, and what not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from trueup.drills.campaign.safety import NS, Moment, differences, violations
from trueup.drills.compare import Difference, Finding
from trueup.drills.records import NodeOrder, NodePosition, NodeSight, NodeState
from trueup.drills.venue import Side, Truth

CLEAN = NodeSight(NodeState(trading=True), started=True, started_under="CLEAN", standing="CLEAN", looked_ns=5 * NS)
QUIET = Moment(now_ns=6 * NS, changed_ns=1 * NS, lied_ns=0, launched_ns=2 * NS, first=False)
MISSING = Finding(Difference.FILL_MISSING, "V-1/T-1", "1 @ 100", "")
POSITION = Finding(Difference.POSITION_QUANTITY, "BTC", "1", "0")
DOUBLED = Finding(Difference.FILL_DUPLICATED, "V-1/T-1", "once", "2 times")


def said(found: list[Finding], sight: NodeSight = CLEAN, moment: Moment = QUIET) -> list[str]:
    """Return the first words of what is held against a node."""
    return [line.split(":")[0] for line in violations(found, sight, moment)]


def test_an_equal_node_that_was_started_under_clean_is_as_promised() -> None:
    assert said([]) == []
    assert said([], moment=replace(QUIET, first=True)) == []


def test_a_doubled_or_invented_fill_is_never_allowed_whatever_the_node_says() -> None:
    unsure = replace(CLEAN, standing="UNKNOWN")
    assert said([DOUBLED], unsure) == ["doubled"]
    assert said([replace(DOUBLED, what=Difference.FILL_INVENTED)], unsure) == ["doubled"]


def test_a_start_under_anything_but_clean_is_trading_unverified() -> None:
    assert said([], replace(CLEAN, started_under="")) == ["traded unverified"]
    assert said([], replace(CLEAN, started_under="DISCREPANT")) == ["traded unverified"]
    assert said([], replace(CLEAN, started=False, started_under="", standing="")) == []


def test_a_start_on_a_difference_counts_unless_the_venue_moved_or_lied_since() -> None:
    first = replace(QUIET, first=True)
    unsure = replace(CLEAN, standing="UNKNOWN")
    assert said([MISSING], unsure, first) == ["traded while different"]
    assert said([MISSING], unsure, replace(first, changed_ns=3 * NS)) == []
    assert said([MISSING], unsure, replace(first, tainted=True)) == []


def test_clean_over_another_position_counts_at_once_and_over_history_after_the_deep_interval() -> None:
    assert said([POSITION]) == ["CLEAN while different"]
    assert said([MISSING]) == []
    assert said([MISSING], moment=replace(QUIET, now_ns=20 * NS)) == ["CLEAN while different"]
    assert said([MISSING], moment=replace(QUIET, now_ns=20 * NS, touched_ns={"V-1": 19 * NS})) == []


def test_a_verdict_from_before_the_last_event_or_lie_is_only_old() -> None:
    assert said([POSITION], moment=replace(QUIET, changed_ns=5 * NS + 1)) == []
    assert said([POSITION], moment=replace(QUIET, lied_ns=5 * NS + 1)) == []
    assert said([POSITION], replace(CLEAN, standing="DISCREPANT")) == []


def test_the_word_of_a_start_up_is_as_old_as_its_process() -> None:
    start = replace(CLEAN, started_ns=5 * NS + 1)
    assert said([POSITION], start, replace(QUIET, lied_ns=3 * NS)) == []
    assert said([POSITION], start, replace(QUIET, lied_ns=1 * NS)) == ["CLEAN while different"]


def order(status: str = "SUBMITTED") -> NodeOrder:
    """Return an order of the node's that the venue does not know."""
    one = Decimal(1)
    return NodeOrder("V-9", None, "BTC", "BUY", status, one, one, Decimal(0), "S", (), ())


def test_an_order_just_sent_is_under_way_at_a_start_and_one_sent_long_ago_is_not() -> None:
    invented = Finding(Difference.ORDER_INVENTED, "V-9", "", "BUY 1 SUBMITTED")
    first = replace(QUIET, first=True, launched_ns=10 * NS)
    sight = replace(CLEAN, standing="UNKNOWN", state=NodeState(trading=True, orders=(order(),)))
    assert said([invented], sight, replace(first, touched_ns={"V-9": 9 * NS})) == []
    assert said([invented], sight, replace(first, touched_ns={"V-9": 8 * NS})) == ["traded while different"]
    assert said([invented], sight, first) == ["traded while different"]
    accepted = replace(sight, state=NodeState(trading=True, orders=(order("ACCEPTED"),)))
    assert said([invented], accepted, replace(first, touched_ns={"V-9": 9 * NS})) == ["traded while different"]


def test_two_owners_of_a_position_are_a_difference_and_two_of_the_two_legs_are_not() -> None:
    for hedging, expected in ((False, [Difference.OWNER_SPLIT]), (True, [])):
        truth = Truth(hedging=hedging)
        held = tuple(
            NodePosition(f"BTC-{leg}", "BTC", owner, Decimal(quantity), Decimal(100))
            for leg, owner, quantity in (("LONG", "S-001", 2), ("SHORT", "EXTERNAL", -1))
        )
        found = differences(truth, replace(CLEAN, state=NodeState(trading=True, positions=held, balance=truth.balance)))
        assert [one.what for one in found if one.what is Difference.OWNER_SPLIT] == expected


def test_what_a_cold_start_need_not_rebuild_is_no_difference_and_the_rest_is() -> None:
    truth = Truth()
    gone = truth.place(
        symbol="BTC", side=Side.BUY, quantity=Decimal(1), price=Decimal(1), now_ns=1, client_order_id="V-1"
    )
    kept = truth.place(
        symbol="BTC", side=Side.BUY, quantity=Decimal(1), price=Decimal(1), now_ns=1, client_order_id="V-2"
    )
    found = differences(truth, CLEAN, optional=frozenset({gone.venue_order_id}))
    assert [(one.what, one.subject) for one in found] == [(Difference.ORDER_MISSING, kept.client_order_id)]
