"""Read a history to its end: windows of at most seven days, pages of at most a thousand, each record once.

Written apart from the node's client, so that a fault in either shows as a difference. A full page is never taken for
the last one: the next begins at the time of its last record, and where a whole page bears one millisecond, after its
last id.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from trueup.errors import VenueUnavailableError

WINDOW_MS: Final = 7 * 24 * 3_600_000 - 1
"""Longest span of one question (Binance USD-M: "cannot be longer than 7 days")."""
OVERLAP_MS: Final = 60_000
"""Read again before the last reading: what the venue's lists show late."""
PAGE: Final = 1_000
PAGES_MAX: Final = 5_000
"""Five million records of one symbol: beyond it the paging is at fault, not the account."""

Ask = Callable[[Mapping[str, Any]], Awaitable[list[dict[str, Any]]]]


async def read_history(
    ask: Ask,
    take: Callable[[list[dict[str, Any]]], None],
    *,
    start_ms: int,
    end_ms: int,
    id_field: str,
    time_field: str,
    id_parameter: str,
) -> None:
    """Read every record of a span.

    Parameters
    ----------
    ask : callable
        Asks one page; gets the parameters of span, id and limit.
    take : callable
        Is given each page's new records, so that a long history need not be held as it was sent.
    start_ms, end_ms : int
        The span, both ends included.
    id_field, time_field : str
        Names of a record's number and time.
    id_parameter : str
        The parameter that asks for records from a number on.

    Raises
    ------
    VenueUnavailableError
        If an answer cannot be one to the question. What was taken until then is not the whole.
    """
    seen: set[int] = set()
    at_ms, pages = start_ms, 0
    while at_ms <= end_ms:
        window_end_ms = min(at_ms + WINDOW_MS, end_ms)
        parameters: dict[str, Any] = {"startTime": at_ms, "endTime": window_end_ms, "limit": PAGE}
        while True:
            pages += 1
            if pages > PAGES_MAX:
                raise VenueUnavailableError(f"the history has no end after {PAGES_MAX} pages")
            page = await ask(parameters)
            stamps = [(int(record[time_field]), int(record[id_field])) for record in page]
            fresh = [record for record, (_, number) in zip(page, stamps, strict=True) if number not in seen]
            inside = [one for one in fresh if start_ms <= int(one[time_field]) <= end_ms]
            if inside:
                take(inside)
            if len(page) > PAGE:
                raise VenueUnavailableError(f"a page of {len(page)} records came where {PAGE} were asked for")
            if len(page) < PAGE:
                break
            if stamps != sorted(stamps):
                raise VenueUnavailableError("a full page is out of order, so what follows it is not known")
            # Only the last millisecond can come again.
            last_ms, last_id = stamps[-1]
            seen = {number for time_ms, number in stamps if time_ms == last_ms}
            if last_ms > window_end_ms:
                break
            if stamps[0][0] == last_ms:
                parameters = {id_parameter: last_id + 1, "limit": PAGE}
            else:
                parameters = {"startTime": last_ms, "endTime": window_end_ms, "limit": PAGE}
        at_ms = window_end_ms + 1
