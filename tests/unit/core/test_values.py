"""What the values of the core say where nobody has said anything, and where their bounds lie."""

from __future__ import annotations

from dataclasses import MISSING, fields
from decimal import Decimal
from types import MappingProxyType

import pytest

from tests.unit.core.builders import INSTRUMENT, fill, node, order, venue
from trueup.core.cases import InstrumentCase, OrderCase
from trueup.core.check_position import Trouble
from trueup.core.claims import Claim, ClaimBook
from trueup.core.diff import Comparison
from trueup.core.expected import Missing
from trueup.core.external import ExternalAction, ExternalPolicy, PolicyBook
from trueup.core.intervention import Change, Commanded, Context
from trueup.core.lifecycle import HEAL_ATTEMPTS_MAX, Cycle, Ledger, Life, Transition
from trueup.core.netting import Netted
from trueup.core.order_names import NameReading, OrderNames
from trueup.core.owners import Owner, OwnerBook, OwnEvidence
from trueup.core.plan_orders import OrderPlan
from trueup.core.rebuild import Rebuilt
from trueup.core.settings import PlanSettings
from trueup.core.terms import Terms
from trueup.core.tolerance import Tolerance, within
from trueup.core.two_look import Looks, Sighting
from trueup.core.unchecked import SetAside
from trueup.core.view import View, settled_truth
from trueup.core.wording import plain, shown_average, signed_change
from trueup.model.enums import OrderStatus, TimeInForce

NOTHING: MappingProxyType[object, object] = MappingProxyType({})
ZERO = Decimal(0)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (OrderCase, {"missing": [], "allowed": set(), "observed": set(), "acted_on": [], "is_misbooked": False}),
        (InstrumentCase, {"orders": [], "positions": [], "others": [], "observed": []}),
        (Trouble, {"is_quantity": False}),
        (Claim, {"is_pattern": False, "products": (), "client": ""}),
        (ClaimBook, {"claims": ()}),
        (Comparison, {"discrepancies": (), "pending": (), "unchecked": ()}),
        (Missing, {"fills": (), "orders": ()}),
        (ExternalPolicy, {"instruments": (), "client_order_ids": (), "sources": ()}),
        (PolicyBook, {"policies": (), "default": ExternalAction.ADOPT}),
        (Terms, {"quantity": None, "price": None, "trigger_price": None}),
        (Commanded, {"sent": False, "cancel": False, "amends": ()}),
        (Context, {"closings": ()}),
        (Life, {"looks": 1, "heal_attempts": 0, "recurrences": 0, "reason": "", "resolved_by": None}),
        (Transition, {"reason": "", "resolved_by": None, "is_recurring": False}),
        (Cycle, {"discrepancies": (), "confirmed": frozenset(), "healed": frozenset(), "refused": NOTHING}),
        (Ledger, {"open": NOTHING, "ended": (), "transitions_total": NOTHING}),
        (NameReading, {"strategies": ()}),
        (OrderNames, {"trader_tag": "", "strategies": NOTHING}),
        (Owner, {"candidates": ()}),
        (OwnerBook, {"evidence": OwnEvidence(), "stored": NOTHING}),
        (OrderPlan, {"steps": (), "refused": None, "reason": ""}),
        (Rebuilt, {"steps": (), "covered": frozenset(), "refused": None, "reason": ""}),
        (Looks, {"sightings": NOTHING}),
        (Sighting, {"unseen_looks": 0}),
        (SetAside, {"aside": (), "unchecked": ()}),
        (
            Netted,
            {"quantity": ZERO, "average_price": None, "realized": ZERO, "fill_keys": (), "opened_ns": 0, "flips": 0}
            | {"opened_by_flip": False},
        ),
        (
            PlanSettings,
            {"at_startup": False, "allow_opening_balance": True, "allow_rebuild": True, "tolerance": Tolerance()}
            | {"apart_steps_min": None},
        ),
        (
            Change,
            {"instrument_id": "", "side": None, "fill_quantity": ZERO, "position_before": None, "expires_ns": None}
            | {"post_only": False, "reduce_only": False, "is_market": False, "is_amendment": False, "expiry_code": 0}
            | {"amount": ZERO, "currency": "", "before": "", "after": "", "time_in_force": TimeInForce.GTC},
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_value_says_nothing_that_it_was_not_given(made: type, said: dict[str, object]) -> None:
    found: dict[str, object] = {}
    for one in fields(made):
        if one.default is not MISSING:
            found[one.name] = one.default
        elif one.default_factory is not MISSING:
            found[one.name] = one.default_factory()
    assert {name: found[name] for name in said} == said


def test_what_is_allowed_without_a_word_is_what_the_documents_say() -> None:
    allowed = Tolerance()
    assert allowed.position_quantity == 0
    assert allowed.balance is None
    assert (allowed.average_price_relative, allowed.arithmetic_relative) == (Decimal("1e-4"), Decimal("1e-9"))
    assert (allowed.submit_grace_ns, allowed.settle_ns) == (15 * 10**9, 2 * 10**9)
    assert allowed.quantity_of(INSTRUMENT) == 0
    assert HEAL_ATTEMPTS_MAX == 5


def test_a_quantity_is_the_same_up_to_its_instruments_own_tolerance() -> None:
    spot = Tolerance(position_quantity=Decimal("0.1"), position_quantity_by_instrument={INSTRUMENT: Decimal("0.5")})
    for other, apart, is_same in (
        (INSTRUMENT, "0.5", True),
        (INSTRUMENT, "0.51", False),
        ("BBB.VENUE", "0.1", True),
        ("BBB.VENUE", "0.11", False),
    ):
        for sign in (1, -1):
            assert spot.same_quantity(other, Decimal(3), Decimal(3) + sign * Decimal(apart)) is is_same


@pytest.mark.parametrize(
    ("one", "other", "relative", "is_within"),
    [
        ("100", "100", "0", True),
        ("100", "101", "0.01", True),  # of the larger: 1.01
        ("100", "101.02", "0.01", False),
        ("101", "100", "0.01", True),
        ("-100", "-101", "0.01", True),
        ("-101.02", "-100", "0.01", False),
        ("0", "0", "0", True),
        ("1", "-1", "1", False),
        ("10", "5", "0.5", True),
        ("10", "4.9", "0.5", False),
    ],
)
def test_two_prices_lie_within_a_distance_of_the_larger(one: str, other: str, relative: str, is_within: bool) -> None:
    assert within(Decimal(one), Decimal(other), Decimal(relative)) is is_within
    assert within(Decimal(other), Decimal(one), Decimal(relative)) is is_within


def test_numbers_are_written_as_people_write_them() -> None:
    assert [plain(Decimal(text)) for text in ("10", "1.50", "1E+2", "0.000", "-0.10")] == [
        "10",
        "1.5",
        "100",
        "0",
        "-0.1",
    ]
    assert plain(None) is None
    assert signed_change(Decimal(3), Decimal(1)) == "+2"
    assert signed_change(Decimal(1), Decimal(3)) == "-2"
    assert signed_change(Decimal("1.0"), Decimal(1)) == "+0"
    assert str(shown_average(Decimal(10) / 3)) == "3.33333333333"


@pytest.mark.parametrize(
    ("status", "filled", "listed", "order_type", "becomes"),
    [
        ("INITIALIZED", "0", "0", "LIMIT", ("ACCEPTED", "0", "3")),
        ("SUBMITTED", "0", "0", "LIMIT", ("ACCEPTED", "0", "3")),
        ("PENDING_UPDATE", "0", "0", "LIMIT", ("ACCEPTED", "0", "3")),
        ("PENDING_CANCEL", "0", "1", "LIMIT", ("PARTIALLY_FILLED", "1", "3")),
        ("ACCEPTED", "0", "0", "LIMIT", ("ACCEPTED", "0", "3")),
        ("ACCEPTED", "1", "0", "LIMIT", ("PARTIALLY_FILLED", "1", "3")),
        ("ACCEPTED", "1", "2", "LIMIT", ("PARTIALLY_FILLED", "2", "3")),
        ("ACCEPTED", "0", "3", "LIMIT", ("FILLED", "3", "3")),
        ("PARTIALLY_FILLED", "1", "4", "LIMIT", ("FILLED", "4", "4")),
        ("PARTIALLY_FILLED", "2", "1", "LIMIT", ("PARTIALLY_FILLED", "2", "3")),
        ("TRIGGERED", "0", "0", "STOP_LIMIT", ("TRIGGERED", "0", "3")),
        ("TRIGGERED", "0", "1", "STOP_LIMIT", ("PARTIALLY_FILLED", "1", "3")),
        ("TRIGGERED", "0", "0", "STOP_MARKET", ("ACCEPTED", "0", "3")),
        ("CANCELED", "0", "0", "LIMIT", ("CANCELED", "0", "3")),
        ("CANCELED", "1", "2", "LIMIT", ("CANCELED", "2", "3")),
        ("EXPIRED", "1", "4", "LIMIT", ("EXPIRED", "4", "4")),
        ("FILLED", "3", "3", "LIMIT", ("FILLED", "3", "3")),
        ("FILLED", "4", "0", "LIMIT", ("FILLED", "4", "4")),
        ("REJECTED", "0", "0", "LIMIT", ("REJECTED", "0", "3")),
    ],
)
def test_a_venues_order_is_what_its_own_fills_make_it(
    status: str, filled: str, listed: str, order_type: str, becomes: tuple[str, str, str]
) -> None:
    read = order(status=status, filled=filled, order_type=order_type)
    truth = settled_truth(read, Decimal(listed))
    assert (truth.status, str(truth.filled_quantity), str(truth.quantity)) == becomes
    if becomes == (status, filled, "3"):
        assert truth is read


def test_an_order_that_filled_all_of_nothing_is_not_filled() -> None:
    assert settled_truth(order(quantity="0"), ZERO).status is OrderStatus.ACCEPTED


def test_an_order_that_is_named_by_client_id_alone_has_its_fills_added_up_under_it() -> None:
    named = order("O-1", None)
    seen = View(venue(orders=(named,), fills=(fill("1", number=None), fill("2", number=None))), node())
    assert seen.pairs[0].listed_quantity == 2
    assert seen.pair_named(INSTRUMENT, None, "O-1") is seen.pairs[0]
    assert seen.pair_named(INSTRUMENT, "9", "O-1") is seen.pairs[0]
    assert seen.pair_named(INSTRUMENT, None, None) is None
