"""Every record of a history is read once, whatever the venue holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.errors import VenueUnavailableError
from trueup.venues.binance.paging import (
    HistoryPlan,
    PageQuestion,
    Stamp,
    first_question,
    next_question,
    windows_spanned,
)

WINDOW_MS = 100
END_MS = 1_000


def answer(records: list[Stamp], question: PageQuestion, limit: int, *, id_default_ms: int | None) -> list[Stamp]:
    """Answer a question as the venue does; `id_default_ms` is its default window for questions by id, if it has one."""
    if question.from_id is not None:
        since_ms = 0 if id_default_ms is None else END_MS - id_default_ms
        return [one for one in records if one[0] >= question.from_id and one[1] >= since_ms][:limit]
    assert question.start_ms is not None
    end_ms = END_MS if question.end_ms is None else question.end_ms
    return [one for one in records if question.start_ms <= one[1] <= end_ms][:limit]


def read_all(
    plan: HistoryPlan, records: list[Stamp], *, id_default_ms: int | None = None
) -> tuple[list[Stamp], list[PageQuestion]]:
    """Read a history to its end, as the shell does."""
    found: dict[int, Stamp] = {}
    asked: list[PageQuestion] = []
    question: PageQuestion | None = first_question(plan)
    while question is not None:
        assert len(asked) < 5_000, "the plan has no end"
        asked.append(question)
        page = answer(records, question, plan.limit, id_default_ms=id_default_ms)
        found |= {one[0]: one for one in page}
        question = next_question(plan, question, page)
    start_ms = plan.start_ms or 0
    return sorted(one for one in found.values() if start_ms <= one[1] <= plan.end_ms), asked


@st.composite
def histories(draw: st.DrawFn) -> list[Stamp]:
    """Draw records with ascending ids and times that may be equal, even for more than a page."""
    times = sorted(draw(st.lists(st.integers(0, END_MS), max_size=60)))
    crowd = draw(st.integers(0, 25))
    times = sorted(times + [draw(st.integers(0, END_MS))] * crowd)
    first_id = draw(st.integers(1, 1_000))
    return [(first_id + 3 * index, time_ms) for index, time_ms in enumerate(times)]


@given(histories(), st.integers(0, END_MS), st.integers(1, 9), st.sampled_from([None, WINDOW_MS]))
def test_every_record_of_a_span_is_read_once(
    records: list[Stamp], start_ms: int, limit: int, window_ms: int | None
) -> None:
    plan = HistoryPlan(start_ms, END_MS, window_ms, limit)
    found, _ = read_all(plan, records)
    assert found == [one for one in records if one[1] >= start_ms]


@given(histories(), st.integers(1, 9))
def test_every_record_that_the_venue_keeps_is_read_from_the_first_id_on(records: list[Stamp], limit: int) -> None:
    found, asked = read_all(HistoryPlan(None, END_MS, WINDOW_MS, limit), records)
    assert found == records
    assert len(asked) == len(records) // limit + 1


@given(histories(), st.integers(0, END_MS), st.integers(1, 9))
def test_no_question_spans_more_than_the_venue_allows(records: list[Stamp], start_ms: int, limit: int) -> None:
    _, asked = read_all(HistoryPlan(start_ms, END_MS, WINDOW_MS, limit), records)
    spans = [one.end_ms - one.start_ms for one in asked if one.start_ms is not None and one.end_ms is not None]
    assert spans
    assert max(spans) < WINDOW_MS


@given(histories(), st.integers(0, END_MS), st.integers(2, 9))
def test_a_default_window_on_questions_by_id_hides_nothing_unless_one_millisecond_fills_a_page(
    records: list[Stamp], start_ms: int, limit: int
) -> None:
    crowded = {time_ms for _, time_ms in records if sum(other[1] == time_ms for other in records) >= limit}
    plan = HistoryPlan(start_ms, END_MS, WINDOW_MS, limit)
    if not crowded:
        found, asked = read_all(plan, records, id_default_ms=WINDOW_MS)
        assert found == [one for one in records if one[1] >= start_ms]
        assert all(one.from_id is None for one in asked)


def test_a_quiet_span_costs_one_question_for_each_window() -> None:
    _, asked = read_all(HistoryPlan(0, 349, WINDOW_MS, 1_000), [])
    assert [(one.start_ms, one.end_ms) for one in asked] == [(0, 99), (100, 199), (200, 299), (300, 349)]
    assert windows_spanned(0, 349, WINDOW_MS) == len(asked)


def test_a_short_page_in_any_order_is_understood() -> None:
    plan = HistoryPlan(0, 99, WINDOW_MS, 10)
    assert next_question(plan, first_question(plan), [(3, 30), (1, 10), (2, 20)]) is None


def test_a_full_page_out_of_order_is_refused_because_nobody_knows_which_part_it_is() -> None:
    plan = HistoryPlan(0, 99, WINDOW_MS, 3)
    with pytest.raises(VenueUnavailableError, match="not in ascending order"):
        next_question(plan, first_question(plan), [(3, 30), (2, 20), (1, 10)])


def test_a_page_longer_than_asked_is_refused() -> None:
    plan = HistoryPlan(0, 99, WINDOW_MS, 2)
    with pytest.raises(VenueUnavailableError, match="3 records"):
        next_question(plan, first_question(plan), [(1, 10), (2, 20), (3, 30)])


def test_a_question_becomes_the_parameters_that_the_venue_takes() -> None:
    assert PageQuestion(start_ms=5, end_ms=9).parameters("orderId", 100) == {
        "startTime": "5",
        "endTime": "9",
        "limit": "100",
    }
    assert PageQuestion(from_id=0).parameters("fromId", 1_000) == {"fromId": "0", "limit": "1000"}
