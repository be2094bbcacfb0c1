"""The guards themselves: a broken law is found and named, and a venue that failed inside refuses to go on."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from tests.unit.emulator.engine.arrange import BTC, D, Desk, limit, market
from trueup.emulator.engine import aftermath
from trueup.emulator.engine.assumptions import ENGINE, Standing
from trueup.emulator.engine.enums import OrderStatus, PositionSide, Side
from trueup.emulator.engine.ledger import InvariantError
from trueup.emulator.engine.settings import AccountSettings, VenueSettings
from trueup.emulator.engine.state import State
from trueup.emulator.engine.venue import Venue
from trueup.errors import EmulatorError


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.account()
    desk.venue.place_order("main", market(Side.BUY, "0.010"))
    desk.venue.place_order("main", limit(Side.BUY, "0.010", "49000.0"))
    desk.venue.ledger.check_invariants()
    return desk


def _order_id(state: State) -> int:
    return next(iter(state.indexes["main"].working))


def _replace(state: State, **fields: object) -> None:
    order_id = _order_id(state)
    state.orders[order_id] = msgspec.structs.replace(state.orders[order_id], **fields)


BREAKS: list[tuple[str, Callable[[State], object], str]] = [
    ("money from nowhere", lambda s: setattr(s.image.accounts["main"].wallets["USDT"], "balance", D(1)), "explains"),
    (
        "a position without fills",
        lambda s: setattr(s.leg(s.image.accounts["main"], BTC, PositionSide.BOTH), "quantity", D(5)),
        "its trades sum to 0.010",
    ),
    ("a position against nobody", lambda s: setattr(s.image.markets[BTC], "counterparty", D(7)), "not to zero"),
    ("an order that left the book", lambda s: s.books[BTC].remove(Side.BUY, 490_000, _order_id(s)), "book differ"),
    ("an order at another price", lambda s: _replace(s, price=D(48_000)), "the book holds order"),
    ("an order that executed too much", lambda s: _replace(s, executed_quantity=D(9)), "its fills sum to 0"),
    ("a closed order that works", lambda s: _replace(s, status=OrderStatus.FILLED), "working"),
    ("open notional that drifted", lambda s: s.index("main", BTC).open_buy.clear(), "computed anew"),
    ("ids that fall", lambda s: s.index("main", BTC).order_ids.reverse(), "follows"),
    ("a lost trade", lambda s: s.index("main", BTC).trades.clear(), "its trades sum to 0"),
    ("a lost income", lambda s: s.indexes["main"].income.pop(), "its incomes sum to"),
]


@pytest.mark.parametrize(("break_it", "words"), [case[1:] for case in BREAKS], ids=[case[0] for case in BREAKS])
def test_a_broken_law_is_found_and_named(desk: Desk, break_it: Callable[[State], object], words: str) -> None:
    break_it(desk.venue._state)
    with pytest.raises(InvariantError, match=words):
        desk.venue.ledger.check_invariants()


def test_money_from_nowhere_is_found_by_the_next_trade_and_stops_the_venue(desk: Desk) -> None:
    desk.venue._state.image.accounts["main"].wallets["USDT"].balance += 1
    with pytest.raises(InvariantError, match="its history explains"):
        desk.venue.place_order("main", market(Side.BUY, "0.010"))
    with pytest.raises(EmulatorError, match="stopped after an internal error"):
        desk.venue.place_order("main", limit(Side.BUY, "0.010", "49000.0"))


def test_a_defect_inside_is_told_in_words_and_stops_the_venue(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(state: State) -> None:
        raise ZeroDivisionError("for the test")

    monkeypatch.setattr(aftermath, "run", broken)
    with pytest.raises(EmulatorError, match="the venue failed inside: ZeroDivisionError"):
        desk.venue.place_order("main", market(Side.BUY, "0.010"))
    monkeypatch.undo()
    with pytest.raises(EmulatorError, match="stopped after an internal error"):
        desk.venue.place_order("main", market(Side.BUY, "0.010"))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (AccountSettings("main", api_key="x"), "account id 'main' was empty or taken"),
        (AccountSettings("", api_key="x"), "account id '' was empty or taken"),
        (AccountSettings("new", api_key="key-main"), "API key was empty or taken"),
        (AccountSettings("new", api_key="x", deposits={"DOGE": D(1)}), "deposit of 1 DOGE"),
        (AccountSettings("new", api_key="x", deposits={"USDT": D(-1)}), "deposit of -1 USDT"),
        (AccountSettings("new", api_key="x", fee_tier=10), "fee tier was 10"),
        (AccountSettings("new", api_key="x", leverage=0), "leverage was 0"),
    ],
)
def test_an_account_that_cannot_be_is_refused_in_words(desk: Desk, settings: AccountSettings, words: str) -> None:
    with pytest.raises(EmulatorError, match=words):
        desk.venue.create_account(settings)
    assert desk.venue.account_ids == ["main"]


def test_accounts_are_found_by_id_and_by_key(desk: Desk) -> None:
    assert desk.venue.account_by_key("key-main") == desk.venue.account("main")
    assert desk.venue.account_by_key("nobody") is None
    with pytest.raises(EmulatorError, match="no account is named 'nobody'"):
        desk.venue.account("nobody")


def test_settings_with_an_unknown_symbol_are_refused_in_words() -> None:
    with pytest.raises(EmulatorError, match="NOPEUSDT, which the symbol table does not have"):
        Venue(VenueSettings(symbols=(BTC, "NOPEUSDT")), clock=Desk().clock)


def test_every_statement_about_the_engine_has_its_words_and_standing() -> None:
    assert {statement.standing for statement in ENGINE} == set(Standing)
    assert all(statement.text.endswith(".") and statement.topic for statement in ENGINE)
    assert len({statement.text for statement in ENGINE}) == len(ENGINE)
