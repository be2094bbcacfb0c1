"""The books of the monitor: counts that add up, ages that are told from the right instant."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.monitor.nodes import COMPLETE
from trueup.core.lifecycle import Cycle, Ledger, LifeState, advance
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind, Severity, Subject
from trueup.model.phase import Phase
from trueup.monitor.account_book import AccountLine
from trueup.monitor.cycle_book import CycleBook
from trueup.monitor.discrepancy_book import DiscrepancyBook
from trueup.monitor.histogram import Histogram
from trueup.monitor.startup_book import StartupBook
from trueup.monitor.status import CycleStatus
from trueup.monitor.store_probe import Ahead, Lag
from trueup.monitor.venue_book import VenueBook
from trueup.node.changes import changes_of
from trueup.ops.metrics import CLIENTS_MAX, DETECTION_OBJECTIVE_SECS, OUTCOMES
from trueup.store.write_behind import WriteBehind

SECOND_NS = 1_000_000_000
NUMBERS = st.floats(min_value=0, max_value=100, allow_nan=False)


@given(values=st.lists(NUMBERS, max_size=300), bounds=st.sets(NUMBERS, min_size=1, max_size=8))
def test_a_histogram_counts_as_prometheus_does(values: list[float], bounds: set[float]) -> None:
    made = Histogram(tuple(sorted(bounds)))
    for value in values:
        made.add(value)
    rows = made.cumulative()
    assert [float(bound) for bound, _ in rows] == [*sorted(bounds), float("inf")]
    for bound, count in rows:
        assert count == sum(value <= float(bound) for value in values)
    assert made.total == pytest.approx(sum(values))


@given(values=st.lists(NUMBERS, min_size=1, max_size=400), share=st.floats(min_value=0.01, max_value=1.0))
def test_a_quantile_is_a_value_that_so_many_of_the_latest_are_not_above(values: list[float], share: float) -> None:
    made = Histogram((1.0,))
    for value in values:
        made.add(value)
    (found,) = made.quantiles(share)
    latest = values[-256:]
    assert found in latest
    assert sum(value <= found for value in latest) >= share * len(latest) - 1e-9
    assert sum(value < found for value in latest) < share * len(latest)


def discrepancy(name: str, kind: DiscrepancyKind, came_about_ns: int = 0) -> Discrepancy:
    subject = Subject(instrument_id="X.Y", venue_order_id=name)
    return Discrepancy(kind=kind, subject=subject, severity=Severity.WARNING, time_ns=came_about_ns)


SEEN = st.sets(st.tuples(st.sampled_from("ABCD"), st.sampled_from(list(DiscrepancyKind)[:3])), max_size=6)


@given(cycles=st.lists(SEEN, max_size=12), heals=st.booleans())
def test_detected_less_resolved_is_what_is_there(cycles: list[set[tuple[str, DiscrepancyKind]]], heals: bool) -> None:
    book, ledger = DiscrepancyBook(), Ledger()
    for number, seen in enumerate(cycles):
        found = tuple(discrepancy(name, kind) for name, kind in sorted(seen))
        names = frozenset(one.fingerprint for one in found)
        cycle = Cycle(
            time_ns=number * SECOND_NS,
            discrepancies=found,
            confirmed=names if heals else frozenset(),
            healed=names if heals else frozenset(),
        )
        before = ledger
        ledger, transitions = advance(before, cycle)
        for change in changes_of("A", before, ledger, transitions, found):
            assert book.add(change.as_data(), timed_from_ns=None)
    detected, resolved = Counter[str](), Counter[str]()
    for (_, kind), count in book.detected.items():
        detected[kind] += count
    for (_, kind, _by), count in book.resolved.items():
        resolved[kind] += count
    now = Counter(life.kind.value for life in ledger.open.values())
    assert detected - resolved == now
    assert sum(book.gave_up.values()) == ledger.transitions_total.get(LifeState.GIVEN_UP, 0)
    shown, hidden = book.open_now({"A": ledger}, 2)
    assert len(shown) + hidden == len(ledger.open)
    assert [one.first_ns for one in shown] == sorted(one.first_ns for one in shown)


def timed(
    came_about_ns: int,
    seen_ns: int,
    *,
    since_ns: int | None,
    kind: DiscrepancyKind = DiscrepancyKind.FILL_MISSING,
) -> DiscrepancyBook:
    book = DiscrepancyBook()
    found = (discrepancy("A", kind, came_about_ns),)
    ledger, transitions = advance(Ledger(), Cycle(time_ns=seen_ns, discrepancies=found))
    for change in changes_of("A", Ledger(), ledger, transitions, found):
        book.add(change.as_data(), timed_from_ns=since_ns)
    return book


def test_a_detection_is_timed_from_what_the_venue_did_and_late_beyond_the_objective() -> None:
    limit_ns = int(DETECTION_OBJECTIVE_SECS * SECOND_NS)
    assert (timed(10, 10 + limit_ns, since_ns=0).detections, timed(10, 10 + limit_ns, since_ns=0).late) == (1, 0)
    assert timed(10, 11 + limit_ns, since_ns=0).late == 1


def test_what_came_about_before_the_node_watched_is_not_timed() -> None:
    assert timed(10, 20, since_ns=11).detections == 0
    assert timed(10, 20, since_ns=None).detections == 0
    assert timed(0, 20, since_ns=5).detections == 0  # the venue does not say when


def test_a_change_of_a_known_order_is_not_timed_since_its_record_does_not_date_that_change() -> None:
    assert timed(10, 20, since_ns=0, kind=DiscrepancyKind.ORDER_PRICE).detections == 0
    assert timed(10, 20, since_ns=0, kind=DiscrepancyKind.ORDER_MISSING_IN_NODE).detections == 1


LOOK = {
    "steps": 0,
    "failure": "",
    "verdict": "CLEAN",
    "verdict_ns": 5,
    "discrepancies": 0,
    "pending": 0,
    "unknowns": [],
    "window_from_ns": 1,
    "coverage": COMPLETE,
}


def test_a_cheap_look_leaves_standing_what_a_deep_one_said_of_history() -> None:
    line = AccountLine()
    line.take({**LOOK, "coverage": COMPLETE | {"FILLS": "failed"}, "verdict": "UNKNOWN"}, 100)
    cheap = COMPLETE | {"FILLS": "not_asked", "ORDERS_CLOSED": "not_asked"}
    line.take({**LOOK, "coverage": cheap, "window_from_ns": None}, 200)
    assert line.coverage["FILLS"] == "failed"
    assert line.incomplete_since_ns == 100
    assert line.unknown_since_ns is None
    assert line.window_from_ns == 1
    line.take(LOOK, 300)
    assert line.incomplete_since_ns is None


def test_unknown_has_lasted_since_the_first_look_without_an_answer() -> None:
    line = AccountLine()
    line.take({**LOOK, "verdict": "UNKNOWN"}, 100)
    line.take({**LOOK, "failure": "TimeoutError: hung"}, 200)
    assert line.unknown_since_ns == 100
    assert line.unknowns == ("TimeoutError: hung",)
    line.take(LOOK, 300)
    assert line.unknown_since_ns is None


def test_a_check_without_an_answer_makes_the_last_answer_no_younger() -> None:
    book = CycleBook(kept_max=2)
    for time_ns, result in ((1, "clean"), (2, "failed"), (3, "unknown"), (4, "discrepant"), (5, "failed")):
        book.add(CycleStatus(time_ns=time_ns, check="deep", result=result, secs=0.1))
    assert book.last_check_ns == 4
    assert [cycle.time_ns for cycle in book.latest] == [4, 5]
    assert book.results["deep", "failed"] == 2


def test_a_startup_is_timed_from_reconciling_to_its_end_and_an_error_after_it_is_no_failed_start() -> None:
    book = StartupBook(1)
    book.enter(Phase.RECONCILING, 2 * SECOND_NS)
    assert (book.state, book.running_secs(5 * SECOND_NS)) == ("running", 3.0)
    book.enter(Phase.RECONCILED, 6 * SECOND_NS)
    book.enter(Phase.MONITORING, 8 * SECOND_NS)
    book.enter(Phase.ERROR, 9 * SECOND_NS)
    assert (book.state, book.took_secs, book.monitoring_since_ns) == ("succeeded", 4.0, 8 * SECOND_NS)
    failed = StartupBook(1)
    failed.enter(Phase.ERROR, 3 * SECOND_NS)
    assert failed.state == "failed"
    assert failed.took_secs is None


def test_a_client_has_every_line_from_the_start_and_the_last_answer_says_whether_it_is_reachable() -> None:
    book = VenueBook()
    assert book.add("A", "fills", 0.2, "failure", "ConnectionError: no" * 100, 7)
    assert not book.clients["A"]
    assert book.add("A", "positions", 0.1, "success", "", 9)
    assert book.clients["A"]
    assert book.last_success_ns == {"A": 9}
    (fills, positions) = book.status()
    assert (fills.query, fills.failures, fills.p50_ms) == ("fills", 1, 200.0)
    assert len(fills.last_error) <= 200
    assert (positions.failures, positions.last_error) == (0, "")
    assert all(set(line.outcomes) == set(OUTCOMES) for line in book.lines.values())
    for number in range(CLIENTS_MAX - 1):
        assert book.know(f"B{number}")
    assert not book.add("one too many", "fills", 0.1, "success", "", 1)


def behind(**events: int) -> WriteBehind:
    return WriteBehind(behind=events, missing=(), ahead={}, orders=len(events))


def test_a_lag_is_as_old_as_the_oldest_that_never_went() -> None:
    lag = Lag()
    lag.take(behind(A=2), 10)
    lag.take(behind(A=1, B=1), 20)
    assert (lag.events, lag.since_ns) == (2, 10)
    lag.take(behind(C=1), 30)  # A and B were written: this is another lag
    assert lag.since_ns == 30
    lag.take(behind(), 40)
    assert (lag.events, str(lag.since_ns)) == (0, "None")


def test_events_are_foreign_only_when_the_node_has_not_caught_up_with_them() -> None:
    ahead = Ahead(read_ns=100, stored={"A": 5, "B": 3, "gone": 9})
    assert ahead.foreign((100, {"A": 4, "B": 3})) is None  # counted before the store was read
    assert ahead.foreign((101, {"A": 5, "B": 3})) == 0  # the node went on
    assert ahead.foreign((101, {"A": 4, "B": 3})) == 1
