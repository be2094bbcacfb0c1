"""Coverage, snapshots, verdicts and identifiers."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest

import trueup.model as model
from tests.unit.core.builders import READ, SECOND, fill, node, order, venue
from trueup.model import (
    Coverage,
    Discrepancy,
    DiscrepancyKind,
    FailedQuery,
    KindCoverage,
    Leg,
    OrderStatus,
    RecordKind,
    Subject,
    VerdictState,
    Window,
    external_client_order_id,
    opening_client_order_id,
    verdict_of,
)
from trueup.model.enums import CLOSED_STATUSES, IN_FLIGHT_STATUSES, OPEN_STATUSES
from trueup.model.identifiers import leg_of, only_account_of
from trueup.model.plans import Plan

PERP = "BTCUSDT-PERP.BINANCE"
WINDOW = Window(0, 100)


def verdict(coverage: Coverage, *found: Discrepancy) -> model.Verdict:
    return verdict_of(account_id="A", time_ns=100, coverage=coverage, discrepancies=found)


def test_every_value_is_frozen_and_slotted() -> None:
    values = [value for value in vars(model).values() if dataclasses.is_dataclass(value)]
    assert len(values) > 20
    for value in values:
        assert value.__dataclass_params__.frozen, value  # type: ignore[union-attr]  # not in the stubs
        assert hasattr(value, "__slots__"), value


def test_a_complete_reading_without_a_difference_is_clean() -> None:
    assert verdict(Coverage.full(100)).state is VerdictState.CLEAN


def test_nothing_read_is_unknown_and_never_clean() -> None:
    given = verdict(Coverage())
    assert given.state is VerdictState.UNKNOWN
    assert given.unknowns[0] == "orders open: not read"


def test_a_failed_query_makes_the_verdict_unknown_and_is_named() -> None:
    failed = KindCoverage(asked=WINDOW, failures=(FailedQuery(query="fills", reason="HTTP 503", instrument_id="X"),))
    given = verdict(replace(Coverage.full(100), fills=failed))
    assert given.state is VerdictState.UNKNOWN
    assert given.unknowns == ("fills: fills for X failed (HTTP 503)",)


@pytest.mark.parametrize(
    "part",
    [
        KindCoverage(asked=WINDOW, got=WINDOW, cut_short=True),
        KindCoverage(asked=WINDOW, got=Window(50, 100)),
        KindCoverage(asked=WINDOW),
    ],
)
def test_a_reading_that_stops_short_makes_the_verdict_unknown(part: KindCoverage) -> None:
    assert verdict(replace(Coverage.full(100), positions=part)).state is VerdictState.UNKNOWN


def test_a_difference_that_was_seen_is_evidence_whatever_was_not_read() -> None:
    one = Discrepancy(kind=DiscrepancyKind.ORDER_STATUS, subject=Subject(client_order_id="O-1"))
    assert verdict(Coverage(), one).state is VerdictState.DISCREPANT


def test_balances_do_not_count_unless_they_are_claimed() -> None:
    without = replace(Coverage.full(100), balances=KindCoverage())
    assert verdict(without).state is VerdictState.CLEAN


def test_a_stale_clean_verdict_is_worth_nothing_and_a_stale_difference_stays_one() -> None:
    one = Discrepancy(kind=DiscrepancyKind.ORDER_STATUS, subject=Subject(client_order_id="O-1"))
    clean, wrong = verdict(Coverage.full(100)), verdict(Coverage.full(100), one)
    assert clean.state_at(110, age_ns_max=10) is VerdictState.CLEAN
    assert clean.state_at(111, age_ns_max=10) is VerdictState.UNKNOWN
    assert wrong.state_at(111, age_ns_max=10) is VerdictState.DISCREPANT


def test_an_order_asked_for_by_itself_does_not_complete_the_list() -> None:
    part = KindCoverage(orders=frozenset({"O-1"}))
    assert not part.is_complete_for("X")


def test_a_kind_read_for_some_instruments_covers_those_alone() -> None:
    part = KindCoverage(asked=WINDOW, got=WINDOW, instruments=frozenset({"X"}))
    assert part.is_complete_for("X")
    assert not part.is_complete_for("Y")
    assert not part.is_complete_for()


def test_coverage_speaks_of_the_time_that_it_got() -> None:
    part = Coverage.full(100, 50)
    assert part.complete_for(RecordKind.FILLS, "X", 60)
    assert not part.complete_for(RecordKind.FILLS, "X", 40)
    assert not part.complete_for(RecordKind.FILLS, "X", 101)


def test_a_window_does_not_end_before_it_starts() -> None:
    with pytest.raises(AssertionError):
        Window(2, 1)


def test_every_status_is_before_the_venue_open_or_closed() -> None:
    for status in OrderStatus:
        before = status in {"INITIALIZED", "EMULATED", "RELEASED", "SUBMITTED"}
        assert [before, status in OPEN_STATUSES, status in CLOSED_STATUSES].count(True) == 1, status
    assert {status for status in OrderStatus if status.is_in_flight} == set(IN_FLIGHT_STATUSES)


def test_an_order_listed_twice_is_kept_once_in_its_latest_reading() -> None:
    early, late = order(updated=100), order(status="CANCELED", updated=200)
    for orders in ((early, late), (late, early)):
        snapshot = venue(orders=orders)
        assert snapshot.order_by_client_id["O-1"] is late
        assert snapshot.order_clashes


def test_the_fills_of_an_order_are_found_by_either_name_and_once_each() -> None:
    by_number, by_name = fill("7"), fill("8", number=None)
    snapshot = venue(orders=(order(),), fills=(by_number, by_name, replace(by_number)))
    assert sorted(one.trade_id for one in snapshot.fills_of(order())) == ["7", "8"]
    assert snapshot.listed_quantities() == ({("AAA.VENUE", "1"): Decimal(2)}, {})


def test_a_fill_told_once_by_each_name_of_its_order_is_one_fill() -> None:
    snapshot = venue(orders=(order(),), fills=(fill("7"), fill("7", number=None), fill("7", name=None)))
    assert len(snapshot.fill_by_key) == 1
    assert snapshot.listed_quantities() == ({("AAA.VENUE", "1"): Decimal(1)}, {})


def test_a_name_that_two_orders_carry_gives_a_fill_no_number() -> None:
    snapshot = venue(orders=(order(), order(number="2")), fills=(fill("7", number=None),))
    assert [key[3] for key in snapshot.fill_by_key] == ["O-1"]


def test_a_number_that_clashes_on_two_instruments_is_two_clashes() -> None:
    other = [replace(order(name), instrument_id="BBB.VENUE") for name in ("O-3", "O-4")]
    snapshot = venue(orders=(order("O-1"), order("O-2"), *other))
    assert {key: len(held) for key, held in snapshot.order_clashes.items()} == {
        ("AAA.VENUE", "1"): 2,
        ("BBB.VENUE", "1"): 2,
    }


def test_the_clashes_of_many_orders_are_found_in_time_that_grows_with_their_number() -> None:
    """Each record is looked at a fixed number of times, however many share a number."""
    spelt = Counter[str]()

    class Spelt(str):
        """A name that counts how often it is written out."""

        __slots__ = ()

        def __repr__(self) -> str:
            spelt[str(self)] += 1
            return super().__repr__()

    orders = tuple(order(Spelt(f"O-{index}"), str(index % 3)) for index in range(60))
    snapshot = venue(orders=orders)
    assert [len(snapshot.order_clashes["AAA.VENUE", number]) for number in "012"] == [20, 20, 20]
    assert max(spelt.values()) <= 3


def test_a_reading_of_which_less_is_expected_is_the_same_records_under_the_same_indexes() -> None:
    whole = node(orders=(order("1"),), fills=(fill("7"),))
    less = whole.expected_from(50)
    assert less == replace(whole, known_from_ns=50)
    assert less.fill_by_key is whole.fill_by_key
    assert whole.known_from_ns != 50


def test_venue_order_numbers_are_kept_apart_per_instrument() -> None:
    here, there = order("O-1", "1"), order("O-2", "1", instrument="BBB.VENUE")
    assert len(venue(orders=(here, there)).order_by_venue_id) == 2


def test_synthetic_identifiers_are_the_same_in_every_process() -> None:
    assert external_client_order_id("VENUE-001", "AAA.VENUE", "1") == "EXT-b8073a037705e55ffbdf"
    assert opening_client_order_id("VENUE-001", "AAA.VENUE", Leg.BOTH) == "OPEN-a487d2ae2f0cdfbc7798"
    assert external_client_order_id("VENUE-002", "AAA.VENUE", "1") != external_client_order_id(
        "VENUE-001", "AAA.VENUE", "1"
    )


@pytest.mark.parametrize(
    ("position_id", "leg"),
    [
        (f"{PERP}-LONG", Leg.LONG),
        (f"{PERP}-SHORT", Leg.SHORT),
        (f"{PERP}-BOTH", Leg.BOTH),
        (f"{PERP}-EMA-LONG", Leg.BOTH),
        (f"{PERP}-S-001", Leg.BOTH),
        (None, Leg.BOTH),
    ],
)
def test_a_leg_is_named_by_the_instrument_and_nothing_else(position_id: str | None, leg: Leg) -> None:
    assert leg_of(position_id, PERP) is leg


@pytest.mark.parametrize(
    ("accounts", "found"),
    [
        (("BINANCE-USDT_FUTURES-master",), "BINANCE-USDT_FUTURES-master"),
        (("BINANCE",), "BINANCE"),
        (("BINANCE-SPOT-master", "BINANCE-USDT_FUTURES-master"), None),
        (("BINANCEUS-001", "OKX-001"), None),
        (("BROKER-001",), "BROKER-001"),
        ((), None),
    ],
)
def test_an_order_that_names_no_account_belongs_to_the_only_one_of_its_venue_or_of_all(
    accounts: tuple[str, ...], found: str | None
) -> None:
    assert only_account_of(PERP, accounts) == found


def test_a_synthetic_identifier_fits_where_the_shortest_venue_puts_it() -> None:
    assert len(opening_client_order_id("BINANCE-USDT_FUTURES-master", "BTCUSDT-PERP.BINANCE", Leg.SHORT)) <= 36


def test_a_fill_keeps_its_fingerprint_when_its_order_gets_a_name() -> None:
    unnamed = Discrepancy(kind=DiscrepancyKind.FILL_MISSING, subject=Subject.of_fill(fill("7", name=None)))
    named = Discrepancy(kind=DiscrepancyKind.FILL_MISSING, subject=Subject.of_fill(fill("7")))
    assert unnamed.fingerprint == named.fingerprint


def test_an_empty_plan_is_empty_and_needs_no_journal() -> None:
    assert Plan().is_empty
    assert not Plan().needs_journal
    assert READ > SECOND
