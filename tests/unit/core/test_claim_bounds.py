"""Claims and owners on both sides of each bound: patterns, contradictions, and who an order is of."""

from __future__ import annotations

from itertools import product as product_of

import pytest

from tests.unit.core.builders import (
    INSTRUMENT,
    fill,
    node,
    order,
    position,
)
from trueup.core.claims import (
    PATTERN_CHARS_MAX,
    Claim,
    ClaimBook,
    Product,
    can_meet,
    conflicts_of,
    fits,
    is_pattern,
    matches,
    overridden_of,
    pattern_problem,
)
from trueup.core.order_names import NameSays, OrderNames, tag_of
from trueup.core.owners import EXTERNAL_OWNER, OwnerBook, OwnerSource, OwnEvidence
from trueup.errors import ConfigValueError

OTHER = "BBB.VENUE"


def test_a_pattern_may_be_as_long_as_any_instrument_id_and_no_longer() -> None:
    longest = "*" + "A" * (128 - 3) + ".V"
    assert len(longest) == PATTERN_CHARS_MAX == 128
    assert pattern_problem(longest) == ""
    assert pattern_problem(f"A{longest}") == "it has 129 characters, more than 128"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("*", "it needs a symbol and a venue, with a dot between them"),
        (".*", "it needs a symbol and a venue, with a dot between them"),
        ("*.", "it needs a symbol and a venue, with a dot between them"),
        ("* A.V", "it holds a blank or a control character"),
        ("*\x00.V", "it holds a blank or a control character"),
        ("A.V", "it has no wildcard"),
        ("A?.V", ""),
        ("A.*", ""),
    ],
)
def test_a_pattern_that_cannot_be_meant_says_why(text: str, problem: str) -> None:
    assert pattern_problem(text) == problem
    assert is_pattern("?") is is_pattern("*") is True
    assert not is_pattern("A.V")


def slow(pattern: str, text: str) -> bool:
    """Return whether a pattern matches a text, by trying everything."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return slow(pattern[1:], text) or (bool(text) and slow(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and slow(pattern[1:], text[1:])


def test_every_short_pattern_matches_what_trying_everything_matches() -> None:
    texts = ["".join(letters) for size in range(5) for letters in product_of("ab", repeat=size)]
    patterns = ["".join(letters) for size in range(5) for letters in product_of("ab*?", repeat=size)]
    wrong = [(one, text) for one in patterns for text in texts if fits(one, text) is not slow(one, text)]
    assert wrong == []


def test_every_two_short_patterns_meet_where_a_text_fits_both() -> None:
    texts = ["".join(letters) for size in range(1, 5) for letters in product_of("ab", repeat=size)]
    patterns = ["".join(letters) for size in range(1, 3) for letters in product_of("ab*?", repeat=size)]
    for one, other in product_of(patterns, repeat=2):
        meet = any(slow(one, text) and slow(other, text) for text in texts)
        assert can_meet(f"{one}.V", f"{other}.V") is meet, (one, other)
        assert can_meet(f"X.{one}", f"X.{other}") is meet, (one, other)
    assert not can_meet("A*.V", "A*.W")
    assert matches("A*.V", "AB.C.V")
    assert not matches("A*.V", "AB.W")


def claim(claimant: str, text: str, **more: object) -> Claim:
    return Claim(claimant=claimant, text=text, is_pattern=is_pattern(text), **more)  # type: ignore[arg-type]  # tests' spelling


def test_a_claim_covers_its_own_products_and_its_own_client() -> None:
    perpetual = claim("S-1", "A*.V", products=(Product.PERPETUAL,))
    assert perpetual.covers("AB.V", Product.PERPETUAL)
    assert not perpetual.covers("AB.V", Product.SPOT)
    assert not perpetual.covers("AB.V", None)
    assert not perpetual.covers("B.V", Product.PERPETUAL)
    assert claim("S-1", "A*.V").covers("AB.V", None)
    exact = claim("S-1", "AB.V", client="ONE")
    assert exact.covers("AB.V", None, "ONE")
    assert not exact.covers("AB.V", None, "TWO")
    assert not exact.covers("AB.V", None)
    assert claim("S-1", "AB.V").covers("AB.V", None, "TWO")
    assert not claim("S-1", "AB.V").covers("AC.V", None)


@pytest.mark.parametrize(
    ("one", "other", "is_conflict"),
    [
        (claim("S-1", "A.V"), claim("S-2", "A.V"), True),
        (claim("S-1", "A.V"), claim("S-1", "A.V", client="X"), False),
        (claim("S-1", "A.V"), claim("S-2", "B.V"), False),
        (claim("S-1", "A.V"), claim("S-2", "*.V"), False),
        (claim("S-1", "A*.V"), claim("S-2", "*A.V"), True),
        (claim("S-1", "A*.V"), claim("S-2", "B*.V"), False),
        (claim("S-1", "A.V", client="X"), claim("S-2", "A.V", client="Y"), False),
        (claim("S-1", "A.V", client="X"), claim("S-2", "A.V", client="X"), True),
        (claim("S-1", "A.V", client="X"), claim("S-2", "A.V"), True),
        (claim("S-1", "*.V", products=(Product.SPOT,)), claim("S-2", "*.V", products=(Product.OPTION,)), False),
        (claim("S-1", "*.V", products=(Product.SPOT,)), claim("S-2", "*.V", products=(Product.SPOT,)), True),
        (claim("S-1", "*.V", products=(Product.SPOT,)), claim("S-2", "*.V"), True),
    ],
)
def test_two_claims_contradict_each_other_where_both_could_win(one: Claim, other: Claim, is_conflict: bool) -> None:
    assert bool(conflicts_of((one, other))) is is_conflict
    assert bool(conflicts_of((other, one, one))) is is_conflict
    if is_conflict:
        (found,) = conflicts_of((one, other))
        assert found.explain() == f"S-1 claims {one.subject} and S-2 claims {other.subject}"
        with pytest.raises(ConfigValueError, match="S-1 claims"):
            ClaimBook.of((one, other))


def test_an_id_overrides_the_patterns_of_others_on_its_own_account() -> None:
    everything = claim("S-2", "*.*")
    mine = claim("S-1", "A.V")
    (found,) = overridden_of((everything, mine))
    assert (found.first, found.second) == (mine, everything)
    assert overridden_of((claim("S-1", "*.*"), mine)) == ()
    assert overridden_of((claim("S-2", "B*.V"), mine)) == ()
    assert overridden_of((claim("S-2", "*.*", client="X"), claim("S-1", "A.V", client="Y"))) == ()
    assert len(overridden_of((claim("S-2", "*.*", client="X"), claim("S-1", "A.V", client="X")))) == 1
    assert len(overridden_of((claim("S-2", "*.*", client="X"), mine))) == 1


def test_a_claim_is_told_in_words() -> None:
    assert claim("S-1", "*.*").explain() == "S-1 claims everything"
    assert claim("S-1", "A*.V", products=(Product.SPOT, Product.OPTION)).subject == "'A*.V' of spot, option"
    assert claim("S-1", "A*.V", client="X").subject == "'A*.V' on X"
    assert claim("S-1", "A.V", client="X").subject == "A.V on X"


def test_a_book_answers_by_the_claim_that_decides() -> None:
    book = ClaimBook.of((claim("S-2", "*.V", products=(Product.SPOT,)), claim("S-1", "A.V")))
    assert [one.claimant for one in book.covering("A.V", Product.SPOT)] == ["S-1", "S-2"]
    assert book.owner_of("A.V") == "S-1"
    assert book.owner_of("B.V") is None
    assert book.claim_on("B.V", Product.OPTION) is None
    assert book.owner_of("B.V", Product.SPOT) == "S-2"
    assert book.may_claim("B.V")
    assert not book.may_claim("B.W")
    assert ClaimBook.of((claim("S-1", "A.V", client="X"),)).may_claim("A.V")
    assert [one.claimant for one in book.without("S-1").claims] == ["S-2"]
    assert [one.claimant for one in book.without_claim(claim("S-1", "A.V")).claims] == ["S-2"]
    assert len(book.with_claims((claim("S-3", "C.V"),)).claims) == 3


MINE, ANOTHER = "Desk-001", "Maker-002"
NAMES = OrderNames.of("TRADER-007", (MINE, ANOTHER))


def test_the_fills_of_a_position_say_whose_an_order_was_that_the_node_has_lost() -> None:
    lost, known = fill("7", name="O-1"), fill("8", name="O-2", number="2")
    unnamed = fill("9", name=None, number="3")
    held = position("3", owner=MINE, fills=(lost, known, unnamed))
    nobodys = position("1", owner=EXTERNAL_OWNER, fills=(fill("6", name="O-6", number="6"),))
    book = OwnerBook.of(node(orders=(order("O-2", "2", owner=MINE),), positions=(held, nobodys)), {}, {})
    assert dict(book.stored) == {"O-1": MINE}
    assert book.owner_of_order(OTHER, "O-1").source is OwnerSource.STORE
    assert book.owner_of_order(OTHER, "O-1").name == MINE


def test_who_traded_an_instrument_is_read_from_all_that_is_known() -> None:
    own = "O-20261122-171041-007-002-3"
    mine = node(
        orders=(order(owner=MINE), order("O-3", "3", owner=EXTERNAL_OWNER, instrument=OTHER), order("O-4", "4")),
        positions=(position("1", owner=ANOTHER, instrument=OTHER),),
    )
    evidence = OwnEvidence(names=NAMES)
    listed = (order(own, "9", instrument="CCC.VENUE"), order(None, "8", instrument="CCC.VENUE"))
    book = OwnerBook.of(mine, {}, {"DDD.VENUE": frozenset({"Old-009"})}, evidence, listed)
    assert dict(book.traders) == {
        INSTRUMENT: frozenset({MINE}),
        OTHER: frozenset({ANOTHER}),
        "CCC.VENUE": frozenset({ANOTHER}),
        "DDD.VENUE": frozenset({"Old-009"}),
    }
    assert (book.owner_of(OTHER).name, book.owner_of(OTHER).source) == (ANOTHER, OwnerSource.ONLY_TRADER)
    assert (book.owner_of("EEE.VENUE").name, book.owner_of("EEE.VENUE").source) == (EXTERNAL_OWNER, OwnerSource.NOBODY)


def test_an_owner_says_why_it_is_one() -> None:
    traded = {INSTRUMENT: frozenset({ANOTHER, MINE})}
    book = OwnerBook(claims={OTHER: MINE}, traders=traded, evidence=OwnEvidence(names=NAMES, journalled={"J-1": MINE}))
    both = book.owner_of(INSTRUMENT)
    assert (both.source, both.candidates, both.name) == (OwnerSource.AMBIGUOUS, (MINE, ANOTHER), EXTERNAL_OWNER)
    assert both.why == f"it could be of any of {MINE}, {ANOTHER}"
    claimed = book.owner_of_order(OTHER, "web_1")
    assert (claimed.name, claimed.why, claimed.candidates) == (MINE, "the strategy claims the instrument", (MINE,))
    journalled = book.owner_of_order(INSTRUMENT, "J-1")
    assert (journalled.source, journalled.source.is_own, journalled.candidates) == (OwnerSource.JOURNAL, True, (MINE,))
    assert not both.source.is_own
    named = book.owner_of_order(INSTRUMENT, "O-20261122-171041-007-001-12")
    assert (named.source, named.name, named.candidates) == (OwnerSource.NAME, MINE, (MINE,))
    foreign = book.owner_of_order(INSTRUMENT, "O-20261122-171041-008-001-12")
    assert (foreign.source, foreign.name) == (OwnerSource.OTHER_NODE, EXTERNAL_OWNER)
    assert book.owner_of_order(OTHER, "O-20261122-171041-008-001-12").name == MINE, "only a claim takes it"
    gone = book.owner_of_order(OTHER, "O-20261122-171041-007-009-12")
    assert gone.source is OwnerSource.CLAIM
    assert book.owner_of_order(INSTRUMENT, None).source is OwnerSource.AMBIGUOUS
    assert OwnEvidence(names=NAMES, journalled={"J-1": "Gone-003"}).owner_of("J-1") is None
    assert OwnEvidence(names=NAMES).owner_of(None) is None


def test_a_name_is_read_in_one_way_or_not_at_all() -> None:
    assert tag_of("A-B-001") == "001"
    assert tag_of("TRADER") == "TRADER"
    assert NAMES.has(MINE)
    assert not NAMES.has("Other-001")
    assert NAMES.read("").says is NameSays.NOTHING
    assert NAMES.read(None).says is NameSays.NOTHING
    assert NAMES.read("X-1").says is NameSays.NOTHING
    assert NAMES.read("O-1").says is NameSays.NOTHING
    assert OrderNames().read("O-20261122-171041-007-001-12").says is NameSays.NOTHING
    assert NAMES.read("O-20261122-171041-007-009-12").says is NameSays.GONE
    assert NAMES.read("O2026112217104100700112").strategies == (MINE,)
    assert NAMES.read("O20261122171041008001").says is NameSays.OTHER_NODE
    twins = OrderNames.of("TRADER-007", ("One-1", "Two-11"))
    both = twins.read("O20261122171041007111")
    assert (both.says, both.strategies) == (NameSays.AMBIGUOUS, ("One-1", "Two-11"))
    assert twins.read("O20261122171041007101").says is NameSays.GONE, "no count begins with a nought"
