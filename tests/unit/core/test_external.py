"""What is done with what nobody claims: the first policy that fits, and nothing unchecked that is not said."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.core.external import ExternalAction, ExternalPolicy, ExternalSource, PolicyBook, source_of
from trueup.core.unchecked import set_aside
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind, Subject
from trueup.model.enums import OrderSide, OrderStatus
from trueup.model.identifiers import external_client_order_id
from trueup.model.orders import OrderRecord
from trueup.model.positions import PositionRecord
from trueup.model.snapshots import NodeSnapshot, VenueSnapshot

XRP = "XRPUSDT-PERP.BINANCE"
BTC = "BTCUSDT-PERP.BINANCE"
ACCOUNT = "BINANCE-001"


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("autoclose-123", ExternalSource.LIQUIDATION),
        ("adl_autoclose", ExternalSource.ADL),
        ("settlement_autoclose-1", ExternalSource.SETTLEMENT),
        ("web_x", ExternalSource.HAND),
        ("ios_x", ExternalSource.HAND),
        ("grid-1", ExternalSource.CLIENT),
        ("77", ExternalSource.UNNAMED),
        (None, ExternalSource.UNNAMED),
        (external_client_order_id(ACCOUNT, XRP, "77"), ExternalSource.UNNAMED),
    ],
)
def test_a_client_order_id_tells_its_source(name: str | None, source: ExternalSource) -> None:
    assert source_of(name, "77") is source


def policy(name: str, action: str, **matchers: tuple[str, ...]) -> ExternalPolicy:
    return ExternalPolicy(name=name, action=ExternalAction(action), **matchers)  # type: ignore[arg-type]  # of one kind each


def test_the_first_policy_that_fits_decides_and_a_cancel_leaves_positions_to_the_next() -> None:
    book = PolicyBook(
        policies=(
            policy("strays", "cancel", instruments=("XRP*.BINANCE",)),
            policy("watch", "alert", instruments=(XRP,)),
        ),
        default=ExternalAction.HALT,
    )
    assert book.of_order(XRP, "x", "1").name == "strays"
    assert book.of_position(XRP).name == "watch"
    assert book.of_order(BTC, "x", "1").action is ExternalAction.HALT
    assert book.explain(XRP).startswith("strays (cancel")


def order(name: str, instrument_id: str = XRP, filled: int = 0, owner: str | None = None) -> OrderRecord:
    return OrderRecord(
        instrument_id=instrument_id,
        side=OrderSide.BUY,
        status=OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.ACCEPTED,
        quantity=Decimal(10),
        filled_quantity=Decimal(filled),
        client_order_id=name,
        venue_order_id=f"V-{name}",
        owner=owner,
    )


def missing(one: OrderRecord) -> Discrepancy:
    return Discrepancy(kind=DiscrepancyKind.ORDER_MISSING_IN_NODE, subject=Subject.of_order(one))


VENUE = VenueSnapshot(
    account_id=ACCOUNT,
    started_ns=1,
    ended_ns=2,
    orders=(order("grid-1"), order("grid-2", filled=3), order("hand-1")),
    positions=(PositionRecord(instrument_id=XRP, quantity=Decimal(3)),),
)
NODE = NodeSnapshot(account_id=ACCOUNT, started_ns=2, ended_ns=3)
MOVED = Discrepancy(kind=DiscrepancyKind.POSITION_QUANTITY, subject=Subject(instrument_id=XRP), venue="3", node="0")
FOUND = (*map(missing, VENUE.orders), MOVED)


def test_an_ignored_name_lets_an_unfilled_order_go_and_nothing_that_moved_the_position() -> None:
    book = PolicyBook(policies=(policy("grid", "ignore", client_order_ids=("grid-*",)),))
    divided = set_aside(FOUND, VENUE, NODE, book)
    assert [one.subject.client_order_id for one in divided.aside] == ["grid-1"]
    assert MOVED in divided.kept
    (line,) = divided.unchecked
    assert line.startswith("not checked, by the policy grid (client order ids grid-*): 2 open orders and 0 positions")


def test_a_difference_that_names_an_order_by_its_number_alone_is_the_orders_of_that_number() -> None:
    book = PolicyBook(policies=(policy("grid", "ignore", client_order_ids=("grid-*",)),))
    numbered = tuple(
        Discrepancy(
            kind=DiscrepancyKind.ORDER_MISSING_IN_NODE, subject=Subject(instrument_id=XRP, venue_order_id=f"V-{name}")
        )
        for name in ("grid-1", "hand-1")
    )
    assert set_aside(numbered, VENUE, NODE, book).aside == (numbered[0],)
    ours = replace(NODE, orders=(order("grid-1", owner="S-001"),))
    assert set_aside(FOUND, VENUE, ours, book).aside == (), "an order of a strategy is nobody else's, whatever its name"


def test_policies_are_idle_only_if_the_default_and_each_of_them_adopts() -> None:
    adopting, ignoring = policy("a", "adopt"), policy("i", "ignore")
    assert PolicyBook(policies=(adopting,), default=ExternalAction.ADOPT).is_idle
    assert not PolicyBook(policies=(adopting, ignoring), default=ExternalAction.ADOPT).is_idle
    assert not PolicyBook(policies=(adopting,), default=ExternalAction.HALT).is_idle


def test_a_policy_may_meet_what_its_instruments_have_in_common_with_a_pattern() -> None:
    strays = policy("strays", "cancel", instruments=("XRP*.BINANCE", BTC))
    assert [strays.may_meet(text) for text in (XRP, BTC, "*USDT-PERP.BINANCE", "B*.BINANCE")] == [True] * 4
    assert not any(strays.may_meet(text) for text in ("ETHUSDT-PERP.BINANCE", "ETH*.BINANCE", "*.BYBIT"))
    assert policy("all", "alert").may_meet("ETHUSDT-PERP.BINANCE")


def test_an_ignored_instrument_goes_whole_unless_anything_of_this_node_is_on_it() -> None:
    book = PolicyBook(policies=(policy("other", "ignore", instruments=("XRP*.BINANCE",)),))
    assert set_aside(FOUND, VENUE, NODE, book).kept == ()
    assert set_aside(FOUND, VENUE, NODE, book, is_ours={XRP}.__contains__).kept == FOUND
    holding = replace(NODE, positions=(PositionRecord(instrument_id=XRP, quantity=Decimal(1), owner="S-001"),))
    assert set_aside(FOUND, VENUE, holding, book).kept == FOUND
    (line,) = set_aside(FOUND, VENUE, holding, book).unchecked
    assert "0 open orders and 0 positions at the venue; 0 differences" in line, "and the policy is still named"


actions = st.sampled_from(ExternalAction)
policies = st.builds(
    ExternalPolicy,
    name=st.sampled_from(("p1", "p2", "p3")),
    action=actions,
    instruments=st.lists(st.sampled_from((XRP, BTC, "*.BINANCE")), max_size=2).map(tuple),
    client_order_ids=st.lists(st.sampled_from(("grid-*", "hand-1", "*")), max_size=2).map(tuple),
    sources=st.lists(st.sampled_from(ExternalSource), max_size=3).map(tuple),
)


@given(st.lists(policies, max_size=4, unique_by=lambda one: one.name), st.booleans())
def test_nothing_is_lost_between_what_counts_and_what_does_not_and_what_does_not_is_always_said(
    given_policies: list[ExternalPolicy], is_ours: bool
) -> None:
    book = PolicyBook(policies=tuple(given_policies))
    divided = set_aside(FOUND, VENUE, NODE, book, is_ours=lambda _: is_ours)
    assert sorted(map(str, (*divided.kept, *divided.aside))) == sorted(map(str, FOUND))
    assert not (is_ours and divided.aside)
    assert len(divided.unchecked) == len(book.ignored)
    assert not divided.aside or divided.unchecked
