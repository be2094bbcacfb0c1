"""The rule that bounds the journal: changes and a heartbeat, and everything left out is counted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trueup.journal.events import EntryMaker
from trueup.journal.thinning import SUBJECTS_MAX, Thinning
from trueup.journal.values import EntryKind
from trueup.node.announcer import LifeCycleEvent

SECOND = 1_000_000_000
HEARTBEAT = 300 * SECOND
steps = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3)), min_size=1, max_size=200)


@given(steps, st.integers(1, 5))
def test_no_stream_is_ever_more_than_its_bound_and_nothing_goes_uncounted(
    stream: list[tuple[int, int]], changes_max: int
) -> None:
    thinning = Thinning(HEARTBEAT, changes_max)
    now, written, told = 0, 0, 0
    times = []
    for secs, text in stream:
        now += secs * SECOND
        withheld = thinning.take("verdict", text, now)
        if withheld is not None:
            written += 1
            told += withheld
            times.append(now)
    left = len(stream) - written - told
    assert left >= 0
    assert thinning.take("verdict", "last", now + HEARTBEAT) == left, "what was left out is told by the next one"
    for begin in times:
        within = [one for one in times if begin <= one < begin + HEARTBEAT]
        assert len(within) <= 2 * (changes_max + 1), "a window may touch two spans"


def test_what_does_not_change_is_written_once_in_each_span() -> None:
    thinning = Thinning(HEARTBEAT)
    written = [
        second for second in range(0, 3_600, 5) if thinning.take("verdict", "CLEAN", second * SECOND) is not None
    ]
    assert written == list(range(0, 3_600, 300))


def test_a_change_is_written_at_once_and_so_is_the_change_back() -> None:
    thinning = Thinning(HEARTBEAT)
    said = ["CLEAN", "CLEAN", "DISCREPANT", "DISCREPANT", "CLEAN"]
    taken = [thinning.take("verdict", text, number * SECOND) for number, text in enumerate(said)]
    assert taken == [0, None, 1, None, 1]


def test_a_clock_that_was_set_back_silences_nothing() -> None:
    thinning = Thinning(HEARTBEAT)
    assert thinning.take("verdict", "CLEAN", 10**18) == 0
    assert thinning.take("verdict", "CLEAN", 10**17) == 0


def test_subjects_are_bounded_and_a_forgotten_one_is_written_again() -> None:
    thinning = Thinning(HEARTBEAT)
    for number in range(SUBJECTS_MAX + 1):
        assert thinning.take(number, "x", number) == 0
    assert thinning.take(SUBJECTS_MAX, "x", SUBJECTS_MAX + 1) is None
    assert thinning.take(0, "x", SUBJECTS_MAX + 2) == 0


def look(second: int, verdict: str = "CLEAN", check: str = "cheap", **data: object) -> LifeCycleEvent:
    coverage = {"ORDERS_OPEN": "complete", "FILLS": "not_asked" if check == "cheap" else "complete"}
    said = {"account_id": "A-1", "verdict": verdict, "check": check, "coverage": coverage, "secs": second / 7, **data}
    return LifeCycleEvent("look", second * SECOND, said)


def test_a_week_of_looks_is_a_heartbeat_of_each_depth_and_every_change_of_verdict_or_coverage() -> None:
    maker = EntryMaker(heartbeat_secs=300.0)
    kept = []
    for second in range(0, 7 * 86_400, 5):
        check = "deep" if second % 60 == 0 else "cheap"
        verdict = "UNKNOWN" if 100_000 <= second < 100_060 else "CLEAN"
        more = {"coverage": {"FILLS": "failed"}} if second == 200_040 else {}
        kept += maker.entries(look(second, verdict, check, **more))
    heartbeats = 2 * 7 * 86_400 // 300
    assert heartbeats <= len(kept) <= heartbeats + 12
    assert [entry.state for entry in kept].count("UNKNOWN") == 2, "one cheap look and one deep one saw it begin"
    assert sum(entry.data.get("coverage", {}).get("FILLS") == "failed" for entry in kept) == 1
    assert sum(1 + entry.data.get("withheld", 0) for entry in kept) > 120_000
    assert all(entry.kind is EntryKind.VERDICT and entry.data["coverage"] for entry in kept)


def test_every_discrepancy_step_and_guard_change_is_written_however_often_they_come() -> None:
    maker = EntryMaker(heartbeat_secs=300.0)
    for kind in ("discrepancy", "steps", "guard", "claims", "phase", "stopped"):
        same = [maker.entries(LifeCycleEvent(kind, number, {"state": "NEW"})) for number in range(50)]
        assert all(len(made) == 1 for made in same), kind


def test_an_event_that_nobody_knows_is_kept_plainly_and_a_problem_that_repeats_is_thinned_out() -> None:
    maker = EntryMaker(heartbeat_secs=300.0)
    (entry,) = maker.entries(LifeCycleEvent("engine_says", 1, {"text": "reconciled", "succeeded": True}))
    assert (entry.kind, entry.line) == (EntryKind.NOTE, "reconciled")
    problems = [maker.entries(LifeCycleEvent("problem", n * SECOND, {"text": "raised"})) for n in range(100)]
    assert sum(map(len, problems)) == 1
