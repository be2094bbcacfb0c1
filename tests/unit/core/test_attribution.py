"""The tables and the words of an attribution: every reason of Binance's, every name of its own, every effect."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

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
    closing_of,
    forced_by,
    surface_of,
)
from trueup.core.terms import Terms
from trueup.model.enums import OrderSide, TimeInForce

INSTRUMENT, OTHER = "AAA.VENUE", "BBB.VENUE"
AT = 1_000_000_000_000


def change(kind: ChangeKind, name: str = "web_1", **more: Any) -> Change:
    made = Change(kind=kind, time_ns=AT, instrument_id=INSTRUMENT, client_order_id=name)
    return replace(made, **more)


@pytest.mark.parametrize(
    ("code", "doing", "why"),
    [
        (1, Doing.VENUE, "it would have traded with an order of its own account"),
        (2, Doing.EXPIRY, "immediate-or-cancel, and not all could be filled"),
        (3, Doing.VENUE, "it would have traded with an order of its own account"),
        (4, Doing.VENUE, "reduce-only, and the position was taken by another order or would have been reversed"),
        (5, Doing.LIQUIDATION, "the venue liquidated the account"),
        (6, Doing.VENUE, "the position that it was to close was gone"),
        (7, Doing.SETTLEMENT, "the instrument is delisted"),
        (8, Doing.VENUE, "its conditional order took its place"),
        (9, Doing.EXPIRY, "a market order, and not all could be filled"),
        (10, Doing.EXPIRY, "fill-or-kill, and not all could be filled"),
        (11, Doing.VENUE, "post-only, and it would have taken"),
    ],
)
def test_every_reason_of_an_expiry_is_told(code: int, doing: Doing, why: str) -> None:
    said = attribute(change(ChangeKind.EXPIRED, expiry_code=code))
    assert (said.doing, said.line) == (doing, f"web_1 expired: {why}")
    assert attribute(change(ChangeKind.CANCELLED, expiry_code=code)).doing is Doing.MANUAL, (
        "only an expiry has a reason"
    )


@pytest.mark.parametrize("code", [0, 12, -1])
def test_an_expiry_without_a_reason_that_is_known_goes_by_the_orders_instructions(code: int) -> None:
    def line(**more: Any) -> str:
        return attribute(change(ChangeKind.EXPIRED, expiry_code=code, **more)).line

    assert line() == "the venue expired web_1"
    assert line(post_only=True) == "the venue expired web_1: post-only, and it would have taken"
    assert line(reduce_only=True) == "the venue expired web_1: reduce-only, and there was nothing left to reduce"
    assert line(expires_ns=AT) == "the time of web_1 was up"
    assert line(expires_ns=AT - 1) == "the time of web_1 was up"
    assert line(expires_ns=AT + 1) == "the venue expired web_1"
    assert line(is_market=True) == "web_1 was to fill at once, and not all could be filled"
    for at_once in (TimeInForce.IOC, TimeInForce.FOK):
        assert line(time_in_force=at_once) == "web_1 was to fill at once, and not all could be filled"


@pytest.mark.parametrize(
    ("name", "doing", "words"),
    [
        ("settlement_autoclose-1", Doing.SETTLEMENT, "the venue settled"),
        ("delivery_autoclose-1", Doing.SETTLEMENT, "the venue settled"),
        ("delivery-1", Doing.SETTLEMENT, "the venue settled"),
        ("adl_autoclose", Doing.ADL, "the venue deleveraged (ADL)"),
        ("autoclose-1", Doing.LIQUIDATION, "the venue liquidated"),
    ],
)
def test_every_name_of_the_venues_own_is_told(name: str, doing: Doing, words: str) -> None:
    assert forced_by(name) is doing
    assert closing_of(change(ChangeKind.FILLED, name)) == Closing(doing, INSTRUMENT, AT)
    placed = attribute(change(ChangeKind.PLACED, name))
    assert (placed.doing, placed.line, placed.is_external) == (doing, f"{words}: with {name}", True)
    filled = change(ChangeKind.FILLED, name, side=OrderSide.SELL, fill_quantity=Decimal(2), position_before=Decimal(2))
    assert attribute(filled).line == f"{words}: closed {INSTRUMENT} from 2 to 0"
    own = attribute(filled, Commanded(sent=True))
    assert (own.doing, own.is_external) == (Doing.OWN, False), "a node may call its order so, too"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("web_1", "the web page"),
        ("ios_1", "the telephone (iOS)"),
        ("android_1", "the telephone (Android)"),
        ("electron_1", "the desktop program"),
        ("x-partner", "a program of a partner of the venue"),
        ("O-2026", "another node"),
        ("anything", "another client"),
        ("", "another client"),
    ],
)
def test_every_client_of_the_venue_is_named(name: str, words: str) -> None:
    assert surface_of(name) == words
    assert forced_by(name) is None
    assert closing_of(change(ChangeKind.FILLED, name)) is None


@pytest.mark.parametrize(
    ("before", "side", "quantity", "effect"),
    [
        ("0", "BUY", "2", "opened AAA.VENUE from 0 to 2"),
        ("0", "SELL", "2", "opened AAA.VENUE from 0 to -2"),
        ("2", "BUY", "1", "increased AAA.VENUE from 2 to 3"),
        ("2", "SELL", "1", "reduced AAA.VENUE from 2 to 1"),
        ("2", "SELL", "2", "closed AAA.VENUE from 2 to 0"),
        ("2", "SELL", "5", "reversed AAA.VENUE from 2 to -3"),
        ("-2", "SELL", "1", "increased AAA.VENUE from -2 to -3"),
        ("-2", "BUY", "1", "reduced AAA.VENUE from -2 to -1"),
        ("-2", "BUY", "2", "closed AAA.VENUE from -2 to 0"),
        ("-2", "BUY", "3", "reversed AAA.VENUE from -2 to 1"),
        ("0.5", "SELL", "1", "reversed AAA.VENUE from 0.5 to -0.5"),
        (None, "BUY", "2", "bought 2 AAA.VENUE"),
        (None, "SELL", "2", "sold 2 AAA.VENUE"),
    ],
)
def test_every_effect_of_a_fill_is_told(before: str | None, side: str, quantity: str, effect: str) -> None:
    filled = change(
        ChangeKind.FILLED,
        "abc",
        side=OrderSide(side),
        fill_quantity=Decimal(quantity),
        position_before=None if before is None else Decimal(before),
    )
    assert attribute(filled).line == f"another client {effect} with abc"


@pytest.mark.parametrize(
    ("where", "doing", "far_ns", "is_taken"),
    [
        (INSTRUMENT, Doing.LIQUIDATION, NEAR_NS, True),
        (INSTRUMENT, Doing.LIQUIDATION, NEAR_NS + 1, False),
        (INSTRUMENT, Doing.SETTLEMENT, NEAR_NS, True),
        (INSTRUMENT, Doing.ADL, 0, False),
        (OTHER, Doing.LIQUIDATION, SAME_NS, True),
        (OTHER, Doing.LIQUIDATION, SAME_NS + 1, False),
        (OTHER, Doing.SETTLEMENT, 0, False),
        (OTHER, Doing.ADL, 0, False),
    ],
)
def test_a_closing_takes_the_orders_near_it_and_no_others(
    where: str, doing: Doing, far_ns: int, is_taken: bool
) -> None:
    for sign in (1, -1):
        closing = Closing(doing, where, AT + sign * far_ns)
        context = Context((closing,))
        cancelled = change(ChangeKind.CANCELLED)
        assert context.that_took(cancelled) == (closing if is_taken else None)
        assert attribute(cancelled, context=context).doing is (doing if is_taken else Doing.MANUAL)


def test_the_nearest_closing_took_an_order_and_is_named_with_its_instrument() -> None:
    assert (NEAR_NS, SAME_NS) == (2 * 10**9, 10**8), "as the documents say"
    far, near = Closing(Doing.SETTLEMENT, INSTRUMENT, AT - 500), Closing(Doing.LIQUIDATION, INSTRUMENT, AT + 400)
    for closings in ((far, near), (near, far)):
        assert Context(closings).that_took(change(ChangeKind.CANCELLED)) == near
    assert attribute(change(ChangeKind.CANCELLED), context=Context((far, near))).line == (
        "the venue liquidated AAA.VENUE and cancelled web_1 for it"
    )
    account = Context((Closing(Doing.LIQUIDATION, "", AT),))
    assert (
        attribute(change(ChangeKind.EXPIRED), context=account).line == "the venue liquidated and expired web_1 for it"
    )


@pytest.mark.parametrize(
    ("before", "after", "more", "doing", "line"),
    [
        ({"quantity": 3}, {"quantity": 2}, {}, "MANUAL", "another client amended web_1: quantity 3 to 2"),
        (
            {"quantity": 3},
            {"quantity": 2},
            {"reduce_only": True},
            "VENUE",
            "the venue cut web_1 to the position: quantity 3 to 2",
        ),
        ({"quantity": 3}, {"quantity": 2}, {"reduce_only": True, "is_amendment": True}, "MANUAL", None),
        ({"quantity": 3}, {"quantity": 4}, {"reduce_only": True}, "MANUAL", None),
        (
            {"quantity": 3, "price": 9},
            {"quantity": 2, "price": 8},
            {"reduce_only": True},
            "MANUAL",
            "another client amended web_1: quantity 3 to 2, price 9 to 8",
        ),
        (
            {"quantity": 3, "trigger_price": 9},
            {"quantity": 2, "trigger_price": 8},
            {"reduce_only": True},
            "MANUAL",
            "another client amended web_1: quantity 3 to 2, trigger 9 to 8",
        ),
        ({}, {"quantity": 2}, {"reduce_only": True}, "MANUAL", "another client amended web_1: quantity none to 2"),
        (
            {"quantity": 3, "price": 9},
            {"quantity": 3, "price": 9},
            {},
            "OWN",
            "web_1 was triggered: it works under another number of the venue",
        ),
        ({"quantity": 3, "price": 9}, {"quantity": 2}, {}, "MANUAL", "another client amended web_1: quantity 3 to 2"),
    ],
)
def test_every_amendment_is_told(
    before: dict[str, int], after: dict[str, int], more: dict[str, Any], doing: str, line: str | None
) -> None:
    def terms(said: dict[str, int]) -> Terms:
        return Terms(**{name: Decimal(value) for name, value in said.items()})

    made = change(ChangeKind.AMENDED, terms_before=terms(before), terms=terms(after), **more)
    said = attribute(made)
    assert said.doing == doing
    assert line is None or said.line == line
    own = attribute(made, Commanded(amends=(Terms(quantity=Decimal(77)), terms(after))))
    assert (own.doing, own.line) == (Doing.OWN, "this node amended web_1")
    assert attribute(made, Commanded(amends=(Terms(quantity=Decimal(77)),))).line == said.line


def test_two_terms_agree_where_both_say_something() -> None:
    one = Terms(quantity=Decimal(1), price=Decimal(2), trigger_price=Decimal(3))
    assert one.agrees_with(Terms())
    assert Terms().agrees_with(one)
    for name in ("quantity", "price", "trigger_price"):
        assert one.agrees_with(Terms(**{name: getattr(one, name)}))
        assert not one.agrees_with(replace(one, **{name: Decimal(9)}))
        assert not Terms(**{name: Decimal(9)}).agrees_with(one)


@pytest.mark.parametrize(
    ("kind", "more", "doing", "line"),
    [
        (
            ChangeKind.FUNDED,
            {"amount": Decimal("1.50"), "currency": "USDT"},
            "FUNDING",
            "funding received: 1.5 USDT on AAA.VENUE",
        ),
        (
            ChangeKind.FUNDED,
            {"amount": Decimal("-0.5"), "currency": "USDT"},
            "FUNDING",
            "funding paid: 0.5 USDT on AAA.VENUE",
        ),
        (
            ChangeKind.FUNDED,
            {"amount": Decimal(1), "currency": "USDT", "instrument_id": ""},
            "FUNDING",
            "funding received: 1 USDT",
        ),
        (ChangeKind.FUNDED, {"currency": "USDT"}, "FUNDING", "funding paid: 0 USDT on AAA.VENUE"),
        (ChangeKind.LEVERAGE, {"after": "20"}, "MANUAL", "another client changed the leverage of AAA.VENUE to 20"),
        (
            ChangeKind.LEVERAGE,
            {"before": "5", "after": "20"},
            "MANUAL",
            "another client changed the leverage of AAA.VENUE from 5 to 20",
        ),
        (ChangeKind.MARGIN_TYPE, {}, "MANUAL", "another client changed the margin type of AAA.VENUE"),
        (ChangeKind.TRANSFER, {"amount": Decimal(7), "currency": "USDT"}, "MANUAL", "7 USDT moved in"),
        (ChangeKind.TRANSFER, {"amount": Decimal(-7), "currency": "USDT"}, "MANUAL", "7 USDT moved out"),
        (ChangeKind.TRANSFER, {"currency": "USDT"}, "MANUAL", "0 USDT moved out"),
    ],
)
def test_what_concerns_the_account_is_told(kind: ChangeKind, more: dict[str, Any], doing: str, line: str) -> None:
    said = attribute(change(kind, **more))
    assert (said.doing, said.line) == (doing, line)


def test_an_order_is_called_by_the_name_that_it_has() -> None:
    assert change(ChangeKind.PLACED, "web_1", venue_order_id="7").name == "web_1"
    assert change(ChangeKind.PLACED, "", venue_order_id="7").name == "7"
    assert attribute(change(ChangeKind.CANCELLED), Commanded(sent=True)).line == "another client cancelled web_1"
    assert attribute(change(ChangeKind.EXPIRED, expiry_code=5), Commanded(cancel=True)).doing is Doing.OWN
