"""Claims, owners, looks, lives and what is left unchecked: each rule on both sides of its bound."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import product as product_of

import pytest

from tests.unit.core.builders import (
    INSTRUMENT,
    OWNER,
    READ,
    SECOND,
    cheap_look,
    covered_from,
    fill,
    node,
    order,
    position,
    venue,
)
from trueup.core import PlanSettings, diff, plan
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
from trueup.core.external import ExternalAction, ExternalPolicy, ExternalSource, PolicyBook, source_of
from trueup.core.lifecycle import Cycle, Ledger, LifeState, ResolvedBy, advance, unobserved
from trueup.core.order_names import NameSays, OrderNames, tag_of
from trueup.core.owners import EXTERNAL_OWNER, OwnerBook, OwnerSource, OwnEvidence
from trueup.core.two_look import UNSEEN_LOOKS_MAX, Looks, absences, reads_kind, take_look
from trueup.core.unchecked import set_aside
from trueup.errors import ConfigValueError
from trueup.model import (
    Coverage,
    Discrepancy,
    DiscrepancyKind,
    FailedQuery,
    GuardAdvice,
    Healability,
    KindCoverage,
    NodeSnapshot,
    RefusalCode,
    Severity,
    Subject,
    VenueSnapshot,
    Window,
)

Kind = DiscrepancyKind
OTHER = "BBB.VENUE"
NOW = Window(0, READ)

# -- Claims ------------------------------------------------------------------------------------------------------------


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


# -- Owners ------------------------------------------------------------------------------------------------------------

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


# -- Two looks ---------------------------------------------------------------------------------------------------------


def looked(looks: Looks, one: Discrepancy, truth: VenueSnapshot, mine: NodeSnapshot) -> tuple[bool, Looks]:
    result = take_look(looks, (one,), truth, mine)
    return bool(result.act_on), result.looks


def later(truth: VenueSnapshot, seconds: int) -> VenueSnapshot:
    return replace(truth, started_ns=READ + seconds * SECOND, ended_ns=READ + seconds * SECOND)


@pytest.mark.parametrize("name", [{"venue_order_id": "1"}, {"client_order_id": "O-1"}])
def test_an_order_known_by_one_name_alone_is_held_still_by_that_name(name: dict[str, str]) -> None:
    one = Discrepancy(kind=Kind.ORDER_STATUS, subject=replace(Subject(instrument_id=INSTRUMENT), **name))  # type: ignore[arg-type]  # one of its names
    _, looks = looked(Looks(), one, venue(), node(orders=(order(owner=OWNER),)))
    acts, _ = looked(looks, one, later(venue(), 5), node(orders=(order(owner=OWNER),)))
    assert acts
    acts, moved = looked(looks, one, later(venue(), 5), node(orders=(order(owner=OWNER, price="9"),)))
    assert not acts
    assert moved.sightings[one.fingerprint].first_ns == READ + 5 * SECOND
    acts, _ = looked(moved, one, later(venue(), 9), node(orders=(order(owner=OWNER, price="9"),)))
    assert acts


@pytest.mark.parametrize("unknown", ["O-1", "1"])
def test_an_answer_that_an_order_is_unknown_counts_by_either_name_and_with_a_complete_list(unknown: str) -> None:
    mine = node(orders=(order(owner=OWNER),))
    one = Discrepancy(kind=Kind.ORDER_MISSING_AT_VENUE, subject=Subject.of_order(order()))
    answered = venue(unknown=(unknown,))
    _, looks = looked(Looks(), one, answered, mine)
    assert looked(looks, one, later(answered, 5), mine)[0]
    assert not looked(looks, one, later(venue(), 5), mine)[0]
    unread = replace(answered, coverage=replace(Coverage.full(READ), orders_open=KindCoverage()))
    assert not looked(looks, one, later(unread, 5), mine)[0]
    failed = KindCoverage(asked=NOW, got=NOW, failures=(FailedQuery("openOrders", "refused", OTHER),))
    elsewhere = replace(answered, coverage=replace(Coverage.full(READ), orders_open=failed))
    assert looked(looks, one, later(elsewhere, 5), mine)[0], "another instrument's list is none of it"


def test_a_position_is_held_still_by_its_own_leg() -> None:
    one = Discrepancy(kind=Kind.POSITION_QUANTITY, subject=Subject(instrument_id=INSTRUMENT))
    quiet = node(positions=(position("1", owner=OWNER),))
    _, looks = looked(Looks(), one, venue(), quiet)
    beside = replace(quiet, positions=(*quiet.positions, position("5", owner=OWNER, leg="LONG")))
    assert looked(looks, one, later(venue(), 5), beside)[0]
    assert not looked(looks, one, later(venue(), 5), node(positions=(position("2", owner=OWNER),)))[0]


@pytest.mark.parametrize("kind", [Kind.FILL_MISSING, Kind.FILL_INVENTED, Kind.BALANCE])
def test_a_fill_or_a_balance_need_only_be_there_twice(kind: Kind) -> None:
    one = Discrepancy(kind=kind, subject=Subject.of_fill(fill("7")))
    _, looks = looked(Looks(), one, venue(), node(orders=(order(owner=OWNER),)))
    assert looked(looks, one, later(venue(), 5), node())[0]


READS = {
    Kind.FILL_MISSING: {"fills"},
    Kind.FILL_COMMISSION: {"fills"},
    Kind.POSITION_SIDE: {"positions"},
    Kind.BALANCE: {"balances"},
    Kind.ORDER_STATUS: {"orders_open", "orders_closed"},
    Kind.IDENTIFIER_MISMATCH: {"orders_open", "orders_closed"},
}


@pytest.mark.parametrize("kind", list(READS))
@pytest.mark.parametrize("unread", ["fills", "positions", "balances", "orders_open", "orders_closed"])
def test_a_reading_covers_a_kind_where_it_read_all_that_the_kind_is_made_of(kind: Kind, unread: str) -> None:
    without = venue(coverage=replace(Coverage.full(READ), **{unread: KindCoverage()}))
    assert reads_kind(kind, INSTRUMENT, without) is (unread not in READS[kind])
    failed = KindCoverage(asked=NOW, got=NOW, failures=(FailedQuery("q", "refused", OTHER),))
    partly = venue(coverage=replace(Coverage.full(READ), **{unread: failed}))
    assert reads_kind(kind, INSTRUMENT, partly)
    assert reads_kind(kind, OTHER, partly) is (unread not in READS[kind])
    assert reads_kind(kind, "", partly) is (unread not in READS[kind])


def test_a_sighting_is_kept_for_so_many_looks_that_could_not_see_it_and_not_for_one_more() -> None:
    truth, blind = venue(orders=(order(status="CANCELED"),)), venue(coverage=Coverage())
    mine = node(orders=(order(owner=OWNER),))
    (one,) = diff(truth, mine)
    looks = take_look(Looks(), (one,), truth, mine).looks
    for number in range(1, UNSEEN_LOOKS_MAX + 1):
        looks = take_look(looks, (), blind, mine).looks
        assert looks.sightings[one.fingerprint].unseen_looks == number
        assert looks.sightings[one.fingerprint].first_ns == READ
    assert not take_look(looks, (), blind, mine).looks.sightings
    seen_again = take_look(looks, (one,), later(truth, 5), mine)
    assert seen_again.act_on == (one,)
    assert seen_again.looks.sightings[one.fingerprint].unseen_looks == 0


# -- Lives -------------------------------------------------------------------------------------------------------------

ONE = Discrepancy(kind=Kind.ORDER_STATUS, subject=Subject(instrument_id=INSTRUMENT, client_order_id="O-1"), venue="A")
NAME = ONE.fingerprint


def test_a_heal_may_be_tried_as_often_as_is_allowed_and_is_then_given_up() -> None:
    ledger = Ledger()
    states = []
    for number in range(1, 5):
        cycle = Cycle(time_ns=number, discrepancies=(ONE,), healed=frozenset({NAME}))
        ledger, _ = advance(ledger, cycle, heal_attempts_max=2)
        states.append((ledger.open[NAME].state, ledger.open[NAME].heal_attempts, ledger.open[NAME].state_since_ns))
    assert states == [
        (LifeState.HEALING, 1, 1),
        (LifeState.HEALING, 2, 1),
        (LifeState.GIVEN_UP, 3, 3),
        (LifeState.GIVEN_UP, 3, 3),
    ]
    assert ledger.open[NAME].reason == "healed 2 times without effect"
    ledger, (gone,) = advance(ledger, Cycle(time_ns=9))
    assert (gone.before, gone.after, gone.resolved_by) == (LifeState.GIVEN_UP, LifeState.RESOLVED, ResolvedBy.TRUE_UP)
    assert dict(ledger.transitions_total) == {LifeState.HEALING: 1, LifeState.GIVEN_UP: 1, LifeState.RESOLVED: 1}


def test_a_refusal_comes_after_a_heal_and_a_confirmation_moves_only_what_is_new() -> None:
    name = frozenset({NAME})
    healed, _ = advance(Ledger(), Cycle(time_ns=1, discrepancies=(ONE,), healed=name, refused={NAME: "why"}))
    assert (healed.open[NAME].state, healed.open[NAME].reason) == (LifeState.HEALING, "")
    refused, _ = advance(healed, Cycle(time_ns=2, discrepancies=(ONE,), refused={NAME: "why"}, confirmed=name))
    assert (refused.open[NAME].state, refused.open[NAME].reason) == (LifeState.REFUSED, "why")
    kept, none = advance(refused, Cycle(time_ns=3, discrepancies=(ONE,), confirmed=name))
    assert (kept.open[NAME].state, none) == (LifeState.REFUSED, ())
    assert kept.count(LifeState.REFUSED) == 1
    assert kept.count(LifeState.NEW) == 0
    again, (moved,) = advance(kept, Cycle(time_ns=4, discrepancies=(ONE,), healed=name))
    assert (moved.before, moved.after, moved.reason, moved.time_ns) == (LifeState.REFUSED, LifeState.HEALING, "", 4)
    assert again.open[NAME].looks == 4


def test_as_many_ended_lives_are_kept_as_is_allowed_the_latest_of_them() -> None:
    def gone(kept_max: int) -> list[int]:
        ledger = Ledger()
        for number in range(3):
            one = replace(ONE, subject=replace(ONE.subject, client_order_id=f"O-{number}"))
            ledger, _ = advance(ledger, Cycle(time_ns=10 * number, discrepancies=(one,)), ended_lives_max=kept_max)
            ledger, _ = advance(ledger, Cycle(time_ns=10 * number + 1), ended_lives_max=kept_max)
        return [life.first_seen_ns for life in ledger.ended]

    assert [gone(kept_max) for kept_max in (0, 1, 2, 3, 4)] == [[], [20], [10, 20], [0, 10, 20], [0, 10, 20]]


def test_a_thousand_ended_lives_are_remembered_and_no_more() -> None:
    many = tuple(replace(ONE, subject=replace(ONE.subject, client_order_id=f"O-{number}")) for number in range(1_001))
    ledger, _ = advance(Ledger(), Cycle(time_ns=1, discrepancies=many))
    ledger, _ = advance(ledger, Cycle(time_ns=2))
    assert len(ledger.ended) == 1_000


def test_one_that_comes_back_twice_has_recurred_twice_and_is_told_once_a_cycle() -> None:
    ledger = Ledger()
    for number in range(3):
        ledger, made = advance(ledger, Cycle(time_ns=10 * number, discrepancies=(ONE, ONE)))
        assert [(one.after, one.is_recurring) for one in made] == [(LifeState.NEW, number > 0)]
        assert (ledger.open[NAME].recurrences, ledger.ended) == (number, ())
        assert ledger.open[NAME].first_seen_ns == ledger.open[NAME].last_seen_ns == 10 * number
        ledger, _ = advance(ledger, Cycle(time_ns=10 * number + 5))
        assert ledger.ended[-1].state_since_ns == 10 * number + 5
    assert unobserved(Ledger(), venue(coverage=cheap_look())) == frozenset()


def test_a_life_is_told_with_its_latest_words_and_weight() -> None:
    ledger, _ = advance(Ledger(), Cycle(time_ns=1, discrepancies=(ONE,)))
    worse = replace(ONE, venue="B", severity=Severity.CRITICAL)
    ledger, none = advance(ledger, Cycle(time_ns=7, discrepancies=(worse,)))
    life = ledger.open[NAME]
    assert (life.line, life.severity, life.last_seen_ns, life.state_since_ns) == (worse.explain(), worse.severity, 7, 1)
    assert none == ()
    assert (life.kind, life.instrument_id, life.is_recurring) == (Kind.ORDER_STATUS, INSTRUMENT, False)


# -- Policies, and what is left unchecked ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("delivery_autoclose-1", ExternalSource.SETTLEMENT),
        ("delivery-1", ExternalSource.SETTLEMENT),
        ("android_1", ExternalSource.HAND),
        ("electron_1", ExternalSource.HAND),
        ("", ExternalSource.UNNAMED),
        ("EXT-1", ExternalSource.UNNAMED),
        ("9", ExternalSource.CLIENT),
    ],
)
def test_every_prefix_of_the_venue_tells_a_source(name: str, source: ExternalSource) -> None:
    assert source_of(name, "77") is source


def test_a_policy_fits_where_every_matcher_that_is_named_fits() -> None:
    def one(**more: tuple[object, ...]) -> ExternalPolicy:
        return ExternalPolicy(name="p", action=ExternalAction.ALERT, **more)  # type: ignore[arg-type]  # of one kind each

    client = ExternalSource.CLIENT
    assert one().fits_order(INSTRUMENT, None, client)
    assert one().subject == "everything"
    assert one(sources=(client,)).fits_order(INSTRUMENT, "x", client)
    assert not one(sources=(ExternalSource.HAND,)).fits_order(INSTRUMENT, "x", client)
    assert one(client_order_ids=("x*",)).fits_order(INSTRUMENT, "x1", client)
    assert not one(client_order_ids=("x*",)).fits_order(INSTRUMENT, None, client)
    assert one(client_order_ids=("*",)).fits_order(INSTRUMENT, None, client)
    assert not one(instruments=(OTHER,)).fits_order(INSTRUMENT, "x", client)
    assert one(instruments=("AAA.*",)).fits_order(INSTRUMENT, "x", client)
    assert one().fits_position(INSTRUMENT)
    assert not one(client_order_ids=("*",)).fits_position(INSTRUMENT)
    assert not one(sources=(client,)).fits_position(INSTRUMENT)
    assert one(sources=(ExternalSource.POSITION,)).fits_position(INSTRUMENT)
    assert not replace(one(), action=ExternalAction.CANCEL).fits_position(INSTRUMENT)
    assert one(instruments=("A", "B"), client_order_ids=("c",), sources=(client,)).subject == (
        "instruments A, B; client order ids c; sources client"
    )
    book = PolicyBook(policies=(one(instruments=(OTHER,)), replace(one(), name="q")))
    assert book.explain(INSTRUMENT) == "q (alert), else adopt"
    assert book.explain(OTHER) == f"p (alert: instruments {OTHER}), else q (alert), else adopt"
    assert (book.of_position(OTHER).name, book.of_position(INSTRUMENT).name) == ("p", "q")
    assert PolicyBook().of_position(INSTRUMENT).name == PolicyBook().of_order(INSTRUMENT, "x", "1").name == "default"


def ignoring(*instruments: str, **more: tuple[str, ...]) -> PolicyBook:
    ignored = ExternalPolicy(name="p", action=ExternalAction.IGNORE, instruments=instruments, **more)  # type: ignore[arg-type]  # of one kind each
    return PolicyBook(policies=(ignored,))


def test_a_verdict_names_three_instruments_and_counts_the_others() -> None:
    for count, names in (
        (0, ""),
        (1, " on I0.V"),
        (3, " on I0.V, I1.V, I2.V"),
        (4, " on I0.V, I1.V, I2.V and 1 more"),
        (6, " on I0.V, I1.V, I2.V and 3 more"),
    ):
        orders = tuple(order(f"x{n}", f"{n}", instrument=f"I{n}.V") for n in range(count))
        done = order("y", "y", status="CANCELED", instrument="I9.V")
        found = tuple(
            Discrepancy(kind=Kind.ORDER_MISSING_IN_NODE, subject=Subject.of_order(one))
            for one in orders
            for _ in (1, 2)
        )
        held = (position("1", instrument="I0.V"), position("0", None, instrument="I8.V")) if count else ()
        said = set_aside(found, venue(orders=(*orders, done), positions=held), node(), ignoring("*.V"))
        assert said.unchecked == (
            (
                f"not checked, by the policy p (instruments *.V): {count} open orders and {1 if count else 0} positions"
                f" at the venue{names}; {2 * count} differences do not count"
            ),
        )
        assert (said.kept, said.aside) == ((), found)


def test_only_what_is_nobodys_is_left_unchecked() -> None:
    one = Discrepancy(kind=Kind.ORDER_STATUS, subject=Subject.of_order(order("x", "1")))
    moved = Discrepancy(kind=Kind.POSITION_QUANTITY, subject=Subject(instrument_id=INSTRUMENT))
    truth, book = venue(orders=(order("x", "1"),)), ignoring(INSTRUMENT)
    assert set_aside((one, moved), truth, node(), book).aside == (one, moved)
    assert set_aside((one, moved), truth, node(), PolicyBook()).unchecked == ()
    for mine in (
        node(orders=(order("y", "2", owner=OWNER),)),
        node(positions=(position("0", None, owner=OWNER),)),
    ):
        assert set_aside((one, moved), truth, mine, book).kept == (one, moved)
    for mine in (
        node(orders=(order("y", "2", owner=OWNER, status="CANCELED"),)),
        node(orders=(order("y", "2", owner=EXTERNAL_OWNER), order("z", "3"))),
        node(orders=(order("y", "2", owner=OWNER, instrument=OTHER),)),
    ):
        assert set_aside((one, moved), truth, mine, book).aside == (one, moved)
    balance = Discrepancy(kind=Kind.BALANCE, subject=Subject(currency="USDT"))
    assert set_aside((balance,), truth, node(), ignoring()).kept == (balance,)
    filled = Discrepancy(kind=Kind.FILL_MISSING, subject=Subject.of_fill(fill("7", name="x")))
    by_name = ignoring(client_order_ids=("x",))
    assert set_aside((one, moved, filled), truth, node(), by_name).aside == (one,)
    traded = venue(orders=(order("x", "1", status="PARTIALLY_FILLED", filled="1"),))
    assert set_aside((one,), traded, node(), by_name).kept == (one,)
    nameless = Discrepancy(kind=Kind.ORDER_STATUS, subject=Subject(instrument_id=INSTRUMENT))
    assert set_aside((nameless,), truth, node(), by_name).kept == (nameless,)


# -- Refusals ----------------------------------------------------------------------------------------------------------


def test_what_no_report_heals_is_refused_with_what_to_do() -> None:
    truth = venue(orders=(order(),))
    claimed = PlanSettings(claims={INSTRUMENT: OWNER})
    mine = node(orders=(order(owner=EXTERNAL_OWNER),))
    found = diff(truth, mine, claims={INSTRUMENT: OWNER})
    (refused,) = plan(found, truth, mine, claimed).refused
    assert (refused.code, refused.reason) == (RefusalCode.OWNERSHIP_SPLIT, found[0].explain())
    assert refused.action == "Claim the instrument for one strategy and restart; two cannot share a one-way position."
    assert (refused.advice, refused.fingerprints) == (GuardAdvice.REDUCING, (found[0].fingerprint,))
    balance = Discrepancy(kind=Kind.BALANCE, subject=Subject(currency="USDT"), venue="1", node="2")
    (told,) = plan((balance,), truth, mine).refused
    assert (told.code, told.advice, told.instrument_id) == (RefusalCode.NO_STEP_EXISTS, GuardAdvice.NONE, "")
    assert told.reason == "the account's next update from the venue corrects it, or nothing does"


@pytest.mark.parametrize(
    ("coverage", "held", "code", "advice", "reason"),
    [
        (None, (), "MOVED_WITHOUT_FILL", "HALTED", "every fill was read and the position is not their sum"),
        (
            cheap_look(),
            (),
            "POSITION_UNEXPLAINED",
            "REDUCING",
            "the fills that were read do not explain the position, and not all were read",
        ),
        (
            covered_from(50),
            (fill("1", at=40),),
            "POSITION_UNEXPLAINED",
            "REDUCING",
            "the fills that were read do not explain the position, and part of it is older than they are",
        ),
    ],
)
def test_a_position_that_nothing_explains_says_what_was_read(
    coverage: Coverage | None, held: tuple[object, ...], code: str, advice: str, reason: str
) -> None:
    mine = node(positions=(position("1", owner=OWNER, fills=held),) if held else ())  # type: ignore[arg-type]  # fills
    truth = venue(positions=(position("3"),), coverage=coverage)
    made = plan(diff(truth, mine), truth, mine)
    (refused,) = made.refused
    assert (refused.code, refused.advice, refused.reason) == (code, advice, reason)
    assert (made.steps, made.heals) == ((), ())


def test_a_position_whose_order_is_refused_is_refused_with_it_unless_its_own_fills_explain_it() -> None:
    theirs = order(status="PARTIALLY_FILLED", filled="3")
    truth = venue(orders=(theirs,), fills=(fill("7"),), positions=(position("1"),))
    mine = node(orders=(order(owner=OWNER),))
    codes = {one.reason.rpartition(": ")[2]: one.code for one in plan(diff(truth, mine), truth, mine).refused}
    assert codes == {
        "the fills that were read do not add up to the filled quantity": RefusalCode.FILLS_INCOMPLETE,
        "an order of the instrument is not healed, and the position with it": RefusalCode.POSITION_UNEXPLAINED,
    }
    wrong = node(
        orders=(order(owner=OWNER, status="PARTIALLY_FILLED", filled="1"),),
        fills=(fill("7", price="1"),),
        positions=(position("2", owner=OWNER),),
    )
    damaged = replace(truth, orders=(replace(theirs, filled_quantity=Decimal(1)),))
    reasons = {one.reason for one in plan(diff(damaged, wrong), damaged, wrong).refused}
    assert "the node's fills are not the venue's" in reasons


def test_an_average_that_only_the_venue_says_cannot_be_healed() -> None:
    held = fill("7")
    theirs = order(status="FILLED", quantity="1", filled="1")
    truth = venue(orders=(theirs,), fills=(held,), positions=(position("1", "150"),))
    mine = node(
        orders=(replace(theirs, owner=OWNER),), fills=(held,), positions=(position("1", owner=OWNER, fills=(held,)),)
    )
    (refused,) = plan(diff(truth, mine), truth, mine).refused
    assert refused.code is RefusalCode.NO_STEP_EXISTS
    assert refused.reason == "the fills are the venue's, and the venue's average price is not what they come to"
    other = replace(mine, positions=(position("1", owner=OWNER, fills=(fill("9"),)),))
    (told,) = plan(diff(truth, other), truth, other).refused
    assert (told.code, told.reason) == (
        RefusalCode.NEEDS_REBUILD,
        "the position holds fills that the venue did not report so",
    )


@pytest.mark.parametrize("name", [{"venue_order_id": "1"}, {"client_order_id": "O-1"}])
def test_what_the_venue_lists_by_either_name_is_not_absent(name: dict[str, str]) -> None:
    subject = replace(Subject(instrument_id=INSTRUMENT), **name)  # type: ignore[arg-type]  # one of its names
    gone = Discrepancy(kind=Kind.ORDER_MISSING_AT_VENUE, subject=subject, healability=Healability.REBUILD)
    assert absences((gone,), venue(orders=(order(),))) == frozenset()
    assert absences((gone,), venue(orders=(order("O-2", "2"),))) == {gone.fingerprint}
    assert absences((replace(gone, healability=Healability.HEALABLE),), venue()) == frozenset()
    assert absences((replace(gone, kind=Kind.ORDER_STATUS),), venue()) == frozenset()
