"""Which questions read a history to its end. Pure.

The venue answers at most `limit` records of a window of at most `window_ms`, oldest first, and says nothing when more
exist. So a full page is never the last word: the next question starts at the last record's time, overlapping by that
millisecond, and only a page whose records all bear one millisecond goes on by id. That works whether or not the venue
applies its 7-day default to questions by id, of which its documentation is silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trueup.errors import VenueUnavailableError

Stamp = tuple[int, int]
"""A record as paging sees it: (id, time in milliseconds)."""


@dataclass(frozen=True, slots=True)
class HistoryPlan:
    """What to read.

    Parameters
    ----------
    start_ms : int or None
        Read records since then; None reads all that the venue keeps, by id from the first.
    end_ms : int
        Read records until then, included.
    window_ms : int or None
        Longest window of one question; None where the venue sets none.
    limit : int
        Most records in one answer.
    """

    start_ms: int | None
    end_ms: int
    window_ms: int | None
    limit: int


@dataclass(frozen=True, slots=True)
class PageQuestion:
    """One question: a window of creation time, or all from an id on."""

    start_ms: int | None = None
    end_ms: int | None = None
    from_id: int | None = None
    resume_ms: int | None = None  # an id question returns to windows from here

    def parameters(self, id_name: str, limit: int) -> dict[str, str]:
        """Return the question as the venue's parameters; `id_name` is ``fromId`` or ``orderId``."""
        named = {"startTime": self.start_ms, "endTime": self.end_ms, id_name: self.from_id}
        return {name: str(value) for name, value in named.items() if value is not None} | {"limit": str(limit)}


def first_question(plan: HistoryPlan) -> PageQuestion:
    """Return the first question of a plan."""
    return PageQuestion(from_id=0) if plan.start_ms is None else _window(plan, plan.start_ms)


def next_question(plan: HistoryPlan, asked: PageQuestion, page: Sequence[Stamp]) -> PageQuestion | None:
    """Return the question after a page, or None when the plan is read to its end.

    Raises
    ------
    VenueUnavailableError
        If the page is not an answer to the question: longer than asked, or full and not in ascending order. Going on
        would leave records out without a word.
    """
    _check(plan, asked, page)
    page = sorted(page)
    if plan.start_ms is None:
        return PageQuestion(from_id=page[-1][0] + 1) if len(page) >= plan.limit else None
    if asked.from_id is not None:
        assert asked.resume_ms is not None
        resume_ms = max(page[-1][1], asked.resume_ms) if page else asked.resume_ms + 1
        if page and resume_ms == asked.resume_ms and len(page) >= plan.limit:
            return PageQuestion(from_id=page[-1][0] + 1, resume_ms=resume_ms)
        return _resume(plan, resume_ms if resume_ms > asked.resume_ms else resume_ms + 1)
    assert asked.start_ms is not None
    if len(page) < plan.limit:
        return None if asked.end_ms is None else _resume(plan, asked.end_ms + 1)
    last_id, last_ms = page[-1]
    if last_ms > asked.start_ms:
        return _window(plan, last_ms)
    return PageQuestion(from_id=last_id + 1, resume_ms=last_ms)


def windows_spanned(start_ms: int, end_ms: int, window_ms: int | None) -> int:
    """Return how many windows a span takes: the least number of questions for it."""
    if window_ms is None or end_ms <= start_ms:
        return 1
    return -(-(end_ms - start_ms + 1) // window_ms)


def _window(plan: HistoryPlan, start_ms: int) -> PageQuestion:
    if plan.window_ms is None:
        return PageQuestion(start_ms=start_ms)
    return PageQuestion(start_ms=start_ms, end_ms=min(start_ms + plan.window_ms - 1, max(plan.end_ms, start_ms)))


def _resume(plan: HistoryPlan, start_ms: int) -> PageQuestion | None:
    return None if start_ms > plan.end_ms else _window(plan, start_ms)


def _check(plan: HistoryPlan, asked: PageQuestion, page: Sequence[Stamp]) -> None:
    if len(page) > plan.limit:
        raise VenueUnavailableError(f"a page of {len(page)} records came where {plan.limit} were asked for")
    if page and asked.from_id is not None and min(page)[0] < asked.from_id:
        raise VenueUnavailableError(f"a page from id {asked.from_id} on has id {min(page)[0]}")
    if len(page) == plan.limit and list(page) != sorted(page):
        # A short page is all there is in whatever order; of a full one out of order nobody knows which part it is.
        raise VenueUnavailableError("a full page of history is not in ascending order, so what follows is unknown")
