"""A history is read to its end, whatever the pages look like, and a page that cannot be one is no end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.errors import VenueUnavailableError
from trueup.venues import ccxt_paging
from trueup.venues.ccxt_paging import WINDOW_MS, read_history

START_MS = 1_700_000_000_000


class Venue:
    """A venue's list as Binance gives it: at most a page of a window of at most seven days, oldest first."""

    def __init__(self, records: list[dict[str, int]], page: int) -> None:
        self.records = sorted(records, key=lambda one: (one["time"], one["id"]))
        self.page = page
        self.asked: list[dict[str, Any]] = []

    async def __call__(self, parameters: Any) -> list[dict[str, Any]]:
        self.asked.append(dict(parameters))
        if "fromId" in parameters:
            found = [one for one in self.records if one["id"] >= parameters["fromId"]]
        else:
            assert parameters["endTime"] - parameters["startTime"] <= WINDOW_MS
            found = [one for one in self.records if parameters["startTime"] <= one["time"] <= parameters["endTime"]]
        return found[: self.page]


async def read(venue: Venue, start_ms: int, end_ms: int) -> dict[int, int]:
    found: dict[int, int] = {}
    await read_history(
        venue,
        lambda rows: found.update({row["id"]: row["time"] for row in rows}),
        start_ms=start_ms,
        end_ms=end_ms,
        id_field="id",
        time_field="time",
        id_parameter="fromId",
    )
    return found


@given(
    gaps=st.lists(st.sampled_from([0, 0, 0, 1, 7, 3_600_000, 4 * 24 * 3_600_000]), max_size=60),
    page=st.integers(2, 5),
    before=st.integers(0, 3),
)
async def test_every_record_of_the_span_is_read_and_none_outside(gaps: list[int], page: int, before: int) -> None:
    original, ccxt_paging.PAGE = ccxt_paging.PAGE, page  # type: ignore[misc]  # the page is shrunk for the test
    try:
        times, time_ms = [], START_MS
        for gap in gaps:
            time_ms += gap
            times.append(time_ms)
        records = [{"id": number, "time": one} for number, one in enumerate(times, start=1)]
        start_ms = times[before] if before < len(times) else START_MS
        end_ms = time_ms
        found = await read(Venue(records, page), start_ms, end_ms)
        assert found == {one["id"]: one["time"] for one in records if start_ms <= one["time"] <= end_ms}
    finally:
        ccxt_paging.PAGE = original  # type: ignore[misc]  # as above


async def test_a_full_page_out_of_order_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ccxt_paging, "PAGE", 2)

    async def ask(_: Any) -> list[dict[str, Any]]:
        return [{"id": 2, "time": START_MS + 5}, {"id": 1, "time": START_MS}]

    with pytest.raises(VenueUnavailableError, match="out of order"):
        await read(ask, START_MS, START_MS + 10)  # type: ignore[arg-type]  # a venue as a function


async def test_a_list_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ccxt_paging, "PAGE", 1)
    monkeypatch.setattr(ccxt_paging, "PAGES_MAX", 10)

    async def ask(parameters: Any) -> list[dict[str, Any]]:
        return [{"id": parameters.get("fromId", 0) + 1, "time": START_MS}]

    with pytest.raises(VenueUnavailableError, match="no end after 10 pages"):
        await read(ask, START_MS, START_MS + 10)  # type: ignore[arg-type]  # a venue as a function
