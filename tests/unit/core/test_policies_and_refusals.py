"""What policies fit, what is left unchecked and says so, and what is refused with what reason."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.core.builders import (
    INSTRUMENT,
    OWNER,
    cheap_look,
    covered_from,
    fill,
    node,
    order,
    position,
    venue,
)
from trueup.core import PlanSettings, diff, plan
from trueup.core.external import ExternalAction, ExternalPolicy, ExternalSource, PolicyBook, source_of
from trueup.core.owners import EXTERNAL_OWNER
from trueup.core.two_look import absences
from trueup.core.unchecked import set_aside
from trueup.model import (
    Coverage,
    Discrepancy,
    DiscrepancyKind,
    GuardAdvice,
    Healability,
    RefusalCode,
    Subject,
)

Kind = DiscrepancyKind
OTHER = "BBB.VENUE"


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
    denied = replace(gone, healability=Healability.HEALABLE)
    assert absences((denied,), venue()) == {denied.fingerprint}
    assert absences((replace(gone, healability=Healability.DERIVED),), venue()) == frozenset()
    assert absences((replace(denied, kind=Kind.FILL_INVENTED),), venue()) == frozenset()
    assert absences((replace(gone, kind=Kind.ORDER_STATUS),), venue()) == frozenset()


@pytest.mark.parametrize("quantity", ["-4", "-5"])
def test_an_average_that_cannot_be_put_right_in_place_holds_nobody_back_unless_the_quantity_is_wrong_too(
    quantity: str,
) -> None:
    bought, sold = fill("1", quantity="2", at=110), fill("3", side="SELL", price="80", at=130)
    turned = fill("2", side="SELL", quantity="5", price="90", at=120)
    truth = venue(fills=(bought, turned, sold), positions=(position("-4", "87.5"),))
    rest = replace(turned, quantity=Decimal(quantity[1:]))  # booked last, so that the engine turned on it
    held = position(quantity, "90", owner=OWNER, fills=(rest,))
    mine = node(fills=(bought, turned, sold), positions=(held,))
    found = diff(truth, mine)
    made = plan(found, truth, mine)
    (refused,) = [one for one in made.refused if not one.reason.startswith("order ")]
    if quantity == "-4":
        assert {one.kind for one in found if one.fingerprint in refused.fingerprints} == {Kind.POSITION_AVERAGE_PRICE}
        assert (refused.code, refused.advice) == (RefusalCode.NEEDS_REBUILD, GuardAdvice.NONE)
    else:
        assert refused.advice is not GuardAdvice.NONE
