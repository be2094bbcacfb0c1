"""Whose an order is that the node does not know: in the order of trust, and never another node's."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core.builders import INSTRUMENT, OWNER, fill, node, order, position, venue
from tests.unit.core.planning import planned
from trueup.core import EXTERNAL_OWNER, OrderNames, OwnerBook, OwnerSource, OwnEvidence, PlanSettings
from trueup.core.order_names import NameSays
from trueup.model import Fill, Plan, RebuildInstrument, RefusalCode, Seed

MINE, ANOTHER = "Desk-001", "Maker-002"
NAMES = OrderNames.of("TRADER-007", (MINE, ANOTHER))
OWN = "O-20261122-171041-007-001-12"
OF_ANOTHER = "O-20261122-171041-007-002-3"
OF_OTHER_NODE = "O-20261122-171041-008-001-12"
BY_HAND = "web_Xb2kPq81"

tags = st.from_regex(r"[A-Za-z0-9]{1,5}", fullmatch=True)
times = st.datetimes(min_value=datetime(2017, 1, 1), max_value=datetime(2099, 1, 1))  # noqa: DTZ001 - text alone


def startup(
    *, claims: dict[str, str] | None = None, journal: dict[str, str] | None = None, **more: object
) -> PlanSettings:
    evidence = OwnEvidence(names=NAMES, journalled=journal or {})
    return PlanSettings(at_startup=True, claims=claims or {}, evidence=evidence, **more)  # type: ignore[arg-type]  # tests' spelling


def owners(made: Plan) -> dict[str, str]:
    """Return the owner of each order that a plan generates, by client order id."""
    return {
        step.order.client_order_id or "": step.order.owner or ""
        for step in made.steps
        if isinstance(step, Seed) and step.is_new
    }


@given(time=times, trader=tags, strategy=tags, count=st.integers(1, 10**6), parts=st.integers(0, 3))
def test_a_name_that_the_engine_makes_is_read_as_the_strategy_that_made_it(
    time: datetime, trader: str, strategy: str, count: int, parts: int
) -> None:
    names = OrderNames.of(f"A-B-{trader}", [f"Some-Strategy-{strategy}"])
    suffix = f"-E{parts}" if parts else ""
    hyphenated = f"O-{time:%Y%m%d-%H%M%S}-{trader}-{strategy}-{count}{suffix}"
    compact = f"O{time:%Y%m%d%H%M%S}{trader}{strategy}{count}{suffix}"
    for name in (hyphenated, compact):
        assert names.read(name).strategies == (f"Some-Strategy-{strategy}",)
        assert names.read(name).says is NameSays.OURS


@given(ours=tags, theirs=tags, strategy=tags, count=st.integers(1, 10**6))
def test_the_name_of_another_traders_order_is_never_read_as_ours(
    ours: str, theirs: str, strategy: str, count: int
) -> None:
    names = OrderNames.of(f"T-{ours}", [f"S-{strategy}"])
    reading = names.read(f"O-20261122-171041-{theirs}-{strategy}-{count}")
    assert (reading.says is NameSays.OURS) == (ours == theirs)
    if ours != theirs:
        assert reading.says is NameSays.OTHER_NODE


@given(name=st.text(max_size=40) | st.uuids().map(str) | st.from_regex(r"O-?[\d-]{0,30}", fullmatch=True))
def test_any_text_is_read_without_an_error_and_only_names_strategies_of_the_node(name: str) -> None:
    reading = NAMES.read(name)
    assert set(reading.strategies) <= {MINE, ANOTHER}
    assert (reading.says is NameSays.OURS) == (len(reading.strategies) == 1)
    assert OrderNames().read(name).says is NameSays.NOTHING, "without a trader nothing is read"


def test_a_name_without_hyphens_that_can_be_read_in_two_ways_is_nobodys_and_says_so() -> None:
    names = OrderNames.of("T-1", ["Long-12", "Short-1"])
    assert names.read("O20261122171041" + "1" + "12" + "3").says is NameSays.AMBIGUOUS  # 12 and 3, or 1 and 23
    book = OwnerBook.of(node(), {}, {}, OwnEvidence(names=names))
    owner = book.owner_of_order(INSTRUMENT, "O202611221710411123")
    assert (owner.name, owner.source) == (EXTERNAL_OWNER, OwnerSource.AMBIGUOUS)
    assert owner.why == "it could be of any of Long-12, Short-1"
    assert names.read("O202611221710411" + "12" + "0").strategies == ("Short-1",), "no count begins with 0"


def test_two_strategies_of_one_tag_are_not_told_apart() -> None:
    names = OrderNames.of("T-007", ["A-001", "B-001"])
    assert names.read(OWN).says is NameSays.AMBIGUOUS


def test_the_store_is_believed_before_the_journal_the_journal_before_the_name_and_the_name_before_a_claim() -> None:
    held = position("1", owner="Stored-009", fills=(fill("7", name=OWN),))
    journal = {OWN: ANOTHER}
    claims = {INSTRUMENT: "Claimant-005"}
    found: list[tuple[str, OwnerSource, bool]] = []
    for mine, written in ((node(positions=(held,)), journal), (node(), journal), (node(), {}), (node(), {})):
        evidence = OwnEvidence(names=NAMES if len(found) < 3 else OrderNames(), journalled=written)
        owner = OwnerBook.of(mine, claims, {}, evidence).owner_of_order(INSTRUMENT, OWN)
        found.append((owner.name, owner.source, owner.source.is_own))
    assert found == [
        ("Stored-009", OwnerSource.STORE, True),
        (ANOTHER, OwnerSource.JOURNAL, True),
        (MINE, OwnerSource.NAME, True),
        ("Claimant-005", OwnerSource.CLAIM, False),
    ]


def test_a_strategy_that_the_node_has_no_more_gets_nothing_back() -> None:
    evidence = OwnEvidence(names=NAMES, journalled={"58dfc5e7": "Gone-099"})
    book = OwnerBook.of(node(), {}, {}, evidence)
    assert book.owner_of_order(INSTRUMENT, "58dfc5e7").source is OwnerSource.NOBODY
    assert book.owner_of_order(INSTRUMENT, "O-20261122-171041-007-099-1").source is OwnerSource.NOBODY
    claimed = OwnerBook.of(node(), {INSTRUMENT: MINE}, {}, evidence)
    assert claimed.owner_of_order(INSTRUMENT, "58dfc5e7").name == MINE


def test_an_own_order_lost_from_the_cache_comes_back_to_its_strategy() -> None:
    lost = order(OWN, status="PARTIALLY_FILLED", filled="1")
    truth = venue(orders=(lost,), fills=(fill("7", name=OWN),), positions=(position("1"),))
    made = planned(truth, node(), startup())
    assert owners(made) == {OWN: MINE}
    assert [step.owner for step in made.steps if isinstance(step, Fill)] == [MINE]


def test_what_a_hand_did_beside_a_lost_own_order_goes_to_the_same_strategy_so_the_position_has_one_owner() -> None:
    truth = venue(
        orders=(order(OWN, status="FILLED", filled="3"), order(BY_HAND, "2", side="SELL", status="FILLED", filled="3")),
        fills=(
            fill("7", name=OWN, quantity="3"),
            fill("8", number="2", name=BY_HAND, side="SELL", quantity="3", at=120),
        ),
    )
    mine = node(known_from=0)
    assert owners(planned(truth, mine, startup())) == {OWN: MINE, BY_HAND: MINE}


def test_an_order_of_another_node_is_nobodys_even_where_one_strategy_alone_ever_traded() -> None:
    truth = venue(orders=(order(OF_OTHER_NODE),))
    traded = {INSTRUMENT: frozenset({MINE})}
    assert owners(planned(truth, node(), startup(known_traders=traded))) == {OF_OTHER_NODE: EXTERNAL_OWNER}
    owner = OwnerBook.of(node(), {}, traded, OwnEvidence(names=NAMES)).owner_of_order(INSTRUMENT, OF_OTHER_NODE)
    assert owner.why == "its client order id is of another trader's node"


def test_only_a_claim_takes_an_order_of_another_node() -> None:
    truth = venue(orders=(order(OF_OTHER_NODE),))
    assert owners(planned(truth, node(), startup(claims={INSTRUMENT: MINE}))) == {OF_OTHER_NODE: MINE}


def test_a_position_that_another_node_shares_is_refused_instead_of_rebuilt_for_the_only_strategy() -> None:
    bought = order(OWN, status="FILLED", filled="3", owner=MINE)
    sold = order(OF_OTHER_NODE, "2", side="SELL", status="FILLED", filled="3", owner=EXTERNAL_OWNER)
    first, second = (
        fill("7", name=OWN, quantity="3"),
        fill("8", number="2", name=OF_OTHER_NODE, side="SELL", quantity="3"),
    )
    truth = venue(
        orders=(
            order(OWN, status="FILLED", filled="3"),
            order(OF_OTHER_NODE, "2", side="SELL", status="FILLED", filled="3"),
        ),
        fills=(first, second),
    )
    held = (position("3", owner=MINE, fills=(first,)), position("-3", owner=EXTERNAL_OWNER, fills=(second,)))
    mine = node(orders=(bought, sold), fills=(first, second), positions=held)
    made = planned(truth, mine, startup())
    assert not any(isinstance(step, RebuildInstrument) for step in made.steps)
    assert [one.code for one in made.refused] == [RefusalCode.OWNERSHIP_SPLIT]
    part = fill("8", number="2", name=BY_HAND, side="SELL", quantity="1")
    done = order(BY_HAND, "2", side="SELL", status="FILLED", quantity="1", filled="1")
    by_hand = venue(orders=(truth.orders[0], done), fills=(first, part), positions=(position("2"),))
    renamed = node(
        orders=(bought, replace(done, owner=EXTERNAL_OWNER)),
        fills=by_hand.fills,
        positions=(held[0], position("-1", owner=EXTERNAL_OWNER, fills=(part,))),
    )
    healed = planned(by_hand, renamed, startup())
    assert any(isinstance(step, RebuildInstrument) for step in healed.steps), "the same of a hand is put right"
    assert owners(healed) == {BY_HAND: MINE}


def test_two_strategies_that_traded_each_get_their_own_back_and_a_hands_order_stays_external() -> None:
    truth = venue(orders=(order(OWN), order(OF_ANOTHER, "2"), order(BY_HAND, "3")))
    assert owners(planned(truth, node(), startup())) == {OWN: MINE, OF_ANOTHER: ANOTHER, BY_HAND: EXTERNAL_OWNER}
    assert OWNER not in owners(planned(truth, node(), startup())).values()
