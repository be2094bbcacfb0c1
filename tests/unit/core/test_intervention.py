"""Whose doing a change was: by what the node commanded, and by what the venue says of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.core.intervention import (
    NEAR_NS,
    SAME_NS,
    Change,
    ChangeKind,
    Closing,
    Commanded,
    Context,
    Doing,
    attribute,
)
from trueup.core.terms import Terms
from trueup.model.enums import OrderSide, TimeInForce

INSTRUMENT, OTHER = "AAA.VENUE", "BBB.VENUE"
OURS = "O-20261122-171041-007-001-12"
AT = 1_000_000_000_000
SENT = Commanded(sent=True)
BEFORE, AFTER = Terms(quantity=Decimal(3), price=Decimal(100)), Terms(quantity=Decimal(2), price=Decimal(101))


def change(kind: str, name: str = OURS, **more: object) -> Change:
    made = Change(
        kind=ChangeKind(kind), time_ns=AT, instrument_id=INSTRUMENT, client_order_id=name, side=OrderSide.SELL
    )
    return replace(made, **more)  # type: ignore[arg-type]  # tests' spelling


def filled(before: str | None, quantity: str, name: str = "web_1") -> Change:
    held = None if before is None else Decimal(before)
    return change("FILLED", name, position_before=held, fill_quantity=Decimal(quantity))


@pytest.mark.parametrize(
    ("what", "commanded", "doing", "line"),
    [
        (change("PLACED"), SENT, "OWN", f"{OURS} was sent by this node"),
        (change("FILLED"), SENT, "OWN", f"{OURS} was sent by this node"),
        (change("CANCELLED"), Commanded(sent=True, cancel=True), "OWN", f"this node cancelled {OURS}"),
        (change("CANCELLED", "web_1"), Commanded(cancel=True), "OWN", "this node cancelled web_1"),
        (change("CANCELLED"), SENT, "MANUAL", f"another client cancelled {OURS}"),
        (change("PLACED", "web_1"), Commanded(), "MANUAL", "the web page placed web_1"),
        (change("PLACED", "ios_1"), Commanded(), "MANUAL", "the telephone (iOS) placed ios_1"),
        (change("PLACED", "O-20261122-171041-008-001-1"), Commanded(), "MANUAL", None),
        (filled("0", "2"), Commanded(), "MANUAL", "the web page opened AAA.VENUE from 0 to -2 with web_1"),
        (filled("3", "2"), Commanded(), "MANUAL", "the web page reduced AAA.VENUE from 3 to 1 with web_1"),
        (filled("2", "2"), Commanded(), "MANUAL", "the web page closed AAA.VENUE from 2 to 0 with web_1"),
        (filled("2", "3"), Commanded(), "MANUAL", "the web page reversed AAA.VENUE from 2 to -1 with web_1"),
        (filled("-1", "2"), Commanded(), "MANUAL", "the web page increased AAA.VENUE from -1 to -3 with web_1"),
        (filled(None, "2", "abc"), Commanded(), "MANUAL", "another client sold 2 AAA.VENUE with abc"),
        (filled("2", "2", "autoclose-17"), Commanded(), "LIQUIDATION", None),
        (filled("2", "1", "adl_autoclose"), Commanded(), "ADL", None),
        (filled("2", "2", "settlement_autoclose-1"), Commanded(), "SETTLEMENT", None),
        (change("CANCELLED", expires_ns=AT), SENT, "EXPIRY", f"the time of {OURS} was up"),
        (change("EXPIRED", expires_ns=AT + 1), SENT, "VENUE", None),
        (change("EXPIRED", time_in_force=TimeInForce.IOC), SENT, "EXPIRY", None),
        (change("CANCELLED", time_in_force=TimeInForce.FOK), SENT, "EXPIRY", None),
        (change("EXPIRED", is_market=True), SENT, "EXPIRY", None),
        (
            change("EXPIRED", post_only=True),
            SENT,
            "VENUE",
            f"the venue expired {OURS}: post-only, and it would have taken",
        ),
        (change("EXPIRED", expiry_code=5), SENT, "LIQUIDATION", f"{OURS} expired: the venue liquidated the account"),
        (change("EXPIRED", expiry_code=7), SENT, "SETTLEMENT", None),
        (change("EXPIRED", expiry_code=4, reduce_only=True), SENT, "VENUE", None),
        (change("EXPIRED", expiry_code=99, reduce_only=True), SENT, "VENUE", None),
    ],
)
def test_a_change_is_attributed_in_one_line(what: Change, commanded: Commanded, doing: str, line: str | None) -> None:
    found = attribute(what, commanded)
    assert found.doing is Doing(doing)
    assert found.is_external == (doing != "OWN")
    assert line is None or found.line == line
    assert found.line
    assert "\n" not in found.line


@pytest.mark.parametrize(
    ("asked", "doing"),
    [
        ((), "MANUAL"),
        ((AFTER,), "OWN"),
        ((Terms(price=Decimal(101)),), "OWN"),
        ((Terms(price=Decimal(99)),), "MANUAL"),
        ((Terms(),), "OWN"),
    ],
)
def test_an_amendment_is_the_nodes_own_only_if_it_asked_for_what_came(asked: tuple[Terms, ...], doing: str) -> None:
    amended = change("AMENDED", terms_before=BEFORE, terms=AFTER, is_amendment=True)
    found = attribute(amended, Commanded(sent=True, amends=asked))
    assert found.doing is Doing(doing)
    if doing == "MANUAL":
        assert found.line == f"another client amended {OURS}: quantity 3 to 2, price 100 to 101"


def test_a_trigger_and_the_venues_own_cut_of_a_reduce_only_order_are_nobodys_intervention_by_hand() -> None:
    triggered = change("AMENDED", terms_before=BEFORE, terms=BEFORE)
    assert attribute(triggered, SENT).doing is Doing.OWN
    cut = change("AMENDED", terms_before=BEFORE, terms=replace(BEFORE, quantity=Decimal(1)), reduce_only=True)
    assert attribute(cut, SENT).doing is Doing.VENUE
    assert attribute(replace(cut, is_amendment=True), SENT).doing is Doing.MANUAL


def test_an_order_that_goes_with_a_liquidation_is_taken_by_it_and_one_that_a_hand_cancels_is_not() -> None:
    taken = change("CANCELLED")

    def by(doing: Doing, instrument_id: str, after_ns: int) -> Doing:
        return attribute(taken, SENT, Context((Closing(doing, instrument_id, AT + after_ns),))).doing

    assert by(Doing.LIQUIDATION, INSTRUMENT, NEAR_NS) is Doing.LIQUIDATION
    assert by(Doing.LIQUIDATION, INSTRUMENT, NEAR_NS + 1) is Doing.MANUAL
    assert by(Doing.LIQUIDATION, OTHER, SAME_NS) is Doing.LIQUIDATION, "a cross-margin account goes as a whole"
    assert by(Doing.LIQUIDATION, OTHER, SAME_NS + 1) is Doing.MANUAL
    assert by(Doing.SETTLEMENT, INSTRUMENT, 0) is Doing.SETTLEMENT
    assert by(Doing.SETTLEMENT, OTHER, 0) is Doing.MANUAL
    assert by(Doing.ADL, INSTRUMENT, 0) is Doing.MANUAL, "a deleveraging leaves the orders"
    closing = Context((Closing(Doing.LIQUIDATION, INSTRUMENT, AT),))
    assert attribute(taken, Commanded(sent=True, cancel=True), closing).doing is Doing.OWN, "the node asked first"


@pytest.mark.parametrize(
    ("what", "doing", "line"),
    [
        (
            Change(kind=ChangeKind.FUNDED, time_ns=AT, amount=Decimal("-0.4"), currency="USDT"),
            "FUNDING",
            "funding paid: 0.4 USDT",
        ),
        (
            Change(kind=ChangeKind.FUNDED, time_ns=AT, amount=Decimal(1), currency="USDT", instrument_id=INSTRUMENT),
            "FUNDING",
            "funding received: 1 USDT on AAA.VENUE",
        ),
        (
            Change(kind=ChangeKind.LEVERAGE, time_ns=AT, instrument_id=INSTRUMENT, after="7"),
            "MANUAL",
            "another client changed the leverage of AAA.VENUE to 7",
        ),
        (Change(kind=ChangeKind.MARGIN_TYPE, time_ns=AT, instrument_id=INSTRUMENT), "MANUAL", None),
        (
            Change(kind=ChangeKind.TRANSFER, time_ns=AT, amount=Decimal(-5), currency="USDT"),
            "MANUAL",
            "5 USDT moved out",
        ),
    ],
)
def test_what_concerns_the_account_alone_is_told_too(what: Change, doing: str, line: str | None) -> None:
    found = attribute(what)
    assert found.doing is Doing(doing)
    assert line is None or found.line == line


@given(
    kind=st.sampled_from(
        [ChangeKind.PLACED, ChangeKind.AMENDED, ChangeKind.CANCELLED, ChangeKind.EXPIRED, ChangeKind.FILLED]
    ),
    name=st.sampled_from([OURS, "web_1", "abc", "autoclose-1", "adl_autoclose", ""]),
    sent=st.booleans(),
    cancel=st.booleans(),
    asks=st.booleans(),
    code=st.integers(0, 12),
    is_near=st.booleans(),
)
def test_every_change_has_one_doer_and_what_the_node_did_not_command_is_never_its_own(
    kind: ChangeKind, name: str, sent: bool, cancel: bool, asks: bool, code: int, is_near: bool
) -> None:
    what = change(kind, name, terms_before=BEFORE, terms=AFTER, expiry_code=code)
    commanded = Commanded(sent=sent, cancel=cancel, amends=(AFTER,) if asks else ())
    context = Context((Closing(Doing.LIQUIDATION, INSTRUMENT, AT),) if is_near else ())
    found = attribute(what, commanded, context)
    assert found == attribute(what, commanded, context)
    wanted = {
        ChangeKind.PLACED: sent,
        ChangeKind.FILLED: sent,
        ChangeKind.AMENDED: asks,
        ChangeKind.CANCELLED: cancel,
        ChangeKind.EXPIRED: cancel,
    }[kind]
    assert (found.doing is Doing.OWN) == wanted
