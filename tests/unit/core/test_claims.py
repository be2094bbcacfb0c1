"""Who claims what: ownership is a function, whatever the order in which the claims come."""

from __future__ import annotations

from itertools import product as product_of

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from trueup.core.claims import (
    EVERYTHING,
    Claim,
    ClaimBook,
    Product,
    can_meet,
    conflicts_of,
    matches,
    overridden_of,
    pattern_problem,
)
from trueup.errors import ConfigValueError

BTC = "BTCUSDT-PERP.BINANCE"
ETH = "ETHUSDT-PERP.BINANCE"

parts = st.text("ab*?", min_size=1, max_size=4)
patterns = st.builds("{}.{}".format, parts, parts)
ids = st.builds("{}.{}".format, st.text("ab.", min_size=1, max_size=4), st.text("ab", min_size=1, max_size=3))
products = st.lists(st.sampled_from(Product), max_size=2, unique=True).map(tuple)
claims = st.builds(
    lambda claimant, text, products: Claim(
        claimant=claimant,
        text=text,
        is_pattern="*" in text or "?" in text,
        products=products if "*" in text or "?" in text else (),
    ),
    st.sampled_from(("S-1", "S-2", "S-3")),
    patterns | ids,
    products,
)
TEXTS = ["".join(letters) for size in range(1, 7) for letters in product_of("ab", repeat=size)]


def pattern(claimant: str, text: str, *narrowed: Product) -> Claim:
    return Claim(claimant=claimant, text=text, is_pattern=True, products=narrowed)


def exact(claimant: str, text: str) -> Claim:
    return Claim(claimant=claimant, text=text)


@given(parts, parts)
@example("*a", "b*")
@example("?*", "*")
def test_two_patterns_can_meet_exactly_if_some_name_matches_both(first: str, second: str) -> None:
    together = any(matches(f"{first}.X", f"{text}.X") and matches(f"{second}.X", f"{text}.X") for text in TEXTS)
    longest = sum(character != "*" for character in first + second)
    assume(together or longest <= 6)
    assert can_meet(f"{first}.X", f"{second}.X") is together is can_meet(f"{second}.X", f"{first}.X")


@given(st.lists(claims, max_size=8), st.lists(ids, min_size=1, max_size=8), st.sampled_from((None, *Product)))
def test_every_instrument_has_at_most_one_claimant_of_equal_right(
    made: list[Claim], instruments: list[str], product: Product | None
) -> None:
    assume(not conflicts_of(made))
    book = ClaimBook.of(made)
    for instrument_id in instruments:
        covering = [claim for claim in made if claim.covers(instrument_id, product)]
        strongest = [claim for claim in covering if not claim.is_pattern] or covering
        assert {claim.claimant for claim in strongest} == ({book.owner_of(instrument_id, product)} - {None})


@given(st.lists(claims, max_size=8), st.randoms(), ids)
def test_the_order_of_the_claims_changes_neither_the_owner_nor_the_refusal(
    made: list[Claim], chance: object, instrument_id: str
) -> None:
    shuffled = list(made)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis's Random
    assert bool(conflicts_of(made)) is bool(conflicts_of(shuffled))
    if not conflicts_of(made):
        assert ClaimBook.of(made) == ClaimBook.of(shuffled)
        assert ClaimBook.of(made).owner_of(instrument_id) == ClaimBook.of(shuffled).owner_of(instrument_id)


@given(st.lists(claims, max_size=8), ids, st.sampled_from(Product))
def test_what_a_book_refuses_would_have_had_two_owners_or_could_have_them_later(
    made: list[Claim], instrument_id: str, product: Product
) -> None:
    """Where one instrument has two claimants of equal right, the book must refuse; nothing slips through."""
    covering = [claim for claim in made if claim.covers(instrument_id, product)]
    strongest = [claim for claim in covering if not claim.is_pattern] or covering
    if len({claim.claimant for claim in strongest}) > 1:
        with pytest.raises(ConfigValueError):
            ClaimBook.of(made)


@given(st.lists(claims, max_size=8), ids)
def test_a_strategy_that_leaves_takes_its_claims_and_nobody_elses(made: list[Claim], instrument_id: str) -> None:
    assume(not conflicts_of(made))
    left = ClaimBook.of(made).without("S-1")
    assert left.owner_of(instrument_id) != "S-1"
    assert left == ClaimBook.of([claim for claim in made if claim.claimant != "S-1"])


@pytest.mark.parametrize(
    ("text", "instrument_id", "is_match"),
    [
        ("*.BINANCE", BTC, True),
        ("BTC*-PERP.BINANCE", BTC, True),
        ("BTC*-PERP.BINANCE", ETH, False),
        ("BTC*-PERP.BINANCE", "BTCUSDT.BINANCE", False),
        ("BTC*.BIN*", BTC, True),
        ("btc*.BINANCE", BTC, False),
        ("*.NYSE", "BRK.B.NYSE", True),
        ("BRK.?.NYSE", "BRK.B.NYSE", True),
        ("*.BINANCE", "BTCUSDT.BINANCE_SPOT", False),
        ("EUR/*.IDEALPRO", "EUR/USD.IDEALPRO", True),
        ("[AB]*.X", "A.X", False),
    ],
)
def test_a_pattern_matches_symbol_and_venue_each_for_itself(text: str, instrument_id: str, is_match: bool) -> None:
    assert matches(text, instrument_id) is is_match


def test_an_id_beats_a_pattern_and_a_pattern_beats_nothing() -> None:
    book = ClaimBook.of([pattern("REST-1", EVERYTHING), exact("BTC-1", BTC)])
    assert (book.owner_of(BTC), book.owner_of(ETH), book.owner_of("LATER.ANYWHERE")) == ("BTC-1", "REST-1", "REST-1")
    assert [one.explain() for one in overridden_of(book.claims)] == [f"BTC-1 claims {BTC} and REST-1 claims everything"]


def test_two_patterns_that_can_meet_are_refused_with_both_names_though_no_such_instrument_exists() -> None:
    with pytest.raises(ConfigValueError) as refused:
        ClaimBook.of([pattern("A-1", "BTC*.BINANCE"), pattern("B-1", "*-PERP.BINANCE")])
    assert "A-1 claims 'BTC*.BINANCE' and B-1 claims '*-PERP.BINANCE'" in str(refused.value)


def test_products_keep_patterns_apart_and_an_unknown_product_is_nobodys() -> None:
    book = ClaimBook.of(
        [pattern("SPOT-1", "*.BINANCE", Product.SPOT), pattern("PERP-1", "*.BINANCE", Product.PERPETUAL)]
    )
    assert book.owner_of("BTCUSDT.BINANCE", Product.SPOT) == "SPOT-1"
    assert book.owner_of(BTC, Product.PERPETUAL) == "PERP-1"
    assert book.owner_of(BTC) is None
    assert book.may_claim(BTC)
    assert not book.may_claim("X.NYSE")


def test_more_claims_are_taken_or_refused_as_a_whole() -> None:
    book = ClaimBook.of([exact("A-1", BTC)])
    assert book.with_claims([exact("B-1", ETH)]).owner_of(ETH) == "B-1"
    with pytest.raises(ConfigValueError, match=f"A-1 claims {BTC} and B-1 claims {BTC}"):
        book.with_claims([exact("B-1", ETH), exact("B-1", BTC)])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("BTC*", "a symbol and a venue"),
        (".BINANCE", "a symbol and a venue"),
        ("BTC*.", "a symbol and a venue"),
        ("BTC *.BINANCE", "a blank"),
        (f"{'B' * 128}*.X", "131 characters"),
        (BTC, "no wildcard"),
        ("*.BINANCE", ""),
    ],
)
def test_a_pattern_that_means_nothing_is_told_why(text: str, problem: str) -> None:
    assert problem in pattern_problem(text)
    assert bool(problem) is bool(pattern_problem(text))


def test_many_stars_cost_no_more_than_few() -> None:
    assert not matches("*a" * 40 + "b.X", "a" * 2_000 + ".X")
    assert can_meet("*a" * 40 + "*.X", "*b" * 40 + "*.X")
    assert not can_meet("*a" * 40 + ".X", "*b" * 40 + ".X")


def test_two_accounts_of_one_venue_may_have_a_claimant_each_and_no_account_has_two() -> None:
    first = Claim(claimant="S-1", text=BTC, client="A")
    second = Claim(claimant="S-2", text=BTC, client="B")
    book = ClaimBook.of([first, second])
    assert (book.owner_of(BTC, client="A"), book.owner_of(BTC, client="B"), book.owner_of(BTC)) == ("S-1", "S-2", None)
    with pytest.raises(ConfigValueError, match=f"S-2 claims {BTC} on B and S-3 claims {BTC}"):
        book.with_claims([exact("S-3", BTC)])
