"""Read venue truth through the node's own execution client.

Any ``LiveExecutionClient`` will do: only its public ``generate_*`` coroutines are called. Whatever they do (raise,
hang, answer nothing, answer twice) ends as a value with its coverage; the caller never sees an adapter's exception.

A client may offer two things more. ``last_activity``: when it last did something, on the clock of ``time.monotonic``.
One query may be hundreds of requests, paced over minutes; then the time-out counts from there, and the whole is bounded
by the deadline. ``begin_look()`` is called before each reading, so that the client can account what it costs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from nautilus_trader.core.datetime import unix_nanos_to_dt
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import (
    GenerateFillReports,
    GenerateOrderStatusReport,
    GenerateOrderStatusReports,
    GeneratePositionStatusReports,
)
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId, VenueOrderId

from trueup.model.coverage import RecordKind, Window
from trueup.node.pacing import in_slices, off_loop
from trueup.venues.draft import ReadingDraft, VenueReading
from trueup.venues.limits import ReadLimits, ReadRequest
from trueup.venues.questions import About, Question

Query = Callable[[], Awaitable[Any]]

UNANSWERED_MAX = 200
"""Submits without an answer that one look asks about, whatever bounds its other questions."""


class VenueReader:
    """Read one account of one execution client.

    Parameters
    ----------
    client : LiveExecutionClient
        The client.
    clock_ns : Callable[[], int]
        The node's clock, in nanoseconds.
    in_scope : Callable[[str], bool]
        Whether an instrument is traded by this node and not told to be left alone.
    limits : ReadLimits
        Bounds.
    """

    def __init__(
        self, client: Any, *, clock_ns: Callable[[], int], in_scope: Callable[[str], bool], limits: ReadLimits
    ) -> None:
        self._client = client
        self._clock_ns = clock_ns
        self._in_scope = in_scope
        self._limits = limits
        self._begin_look: Callable[[], None] | None = getattr(client, "begin_look", None)
        self.queries = 0
        self.failures = 0

    @property
    def account_id(self) -> str:
        """Return the account that is read."""
        return str(self._client.account_id)

    def begin(self) -> ReadingDraft:
        """Begin a reading of nothing yet."""
        return ReadingDraft(account_id=self.account_id, started_ns=self._clock_ns(), in_scope=self._in_scope)

    async def read(self, request: ReadRequest, expected: frozenset[RecordKind] = frozenset()) -> ReadingDraft:
        """Read what is asked for, side by side.

        Parameters
        ----------
        request : ReadRequest
            What to read.
        expected : frozenset of RecordKind
            Kinds of which the node holds something: an empty answer is suspicious there, and asked again.

        Returns
        -------
        ReadingDraft
        """
        if self._begin_look is not None:
            self._begin_look()
        draft = self.begin()
        now = Window(0, draft.started_ns)
        parts: list[Awaitable[None]] = []
        if request.open_orders:
            parts.append(self._read_orders(draft, now, None, request, open_only=True, expected=expected))
        if request.positions:
            parts.append(self._read_positions(draft, now, request, expected))
        parts += self._history_parts(draft, request)
        await asyncio.gather(*parts)
        return draft

    async def widen(self, draft: ReadingDraft, request: ReadRequest) -> None:
        """Read history further back (or of more instruments) into a reading that is under way."""
        await asyncio.gather(*self._history_parts(draft, request))

    async def ask(
        self,
        draft: ReadingDraft,
        questions: Iterable[Question],
        deadline: float | None = None,
        *,
        at_startup: bool = False,
    ) -> None:
        """Ask about single orders, a few at once.

        Parameters
        ----------
        draft : ReadingDraft
            Where the answers go.
        questions : Iterable[Question]
            What is open.
        deadline : float, optional
            No question is put after it.
        at_startup : bool
            Put all of them: the deadline alone bounds a start, which no later look completes. Otherwise
            `ReadLimits.questions_max` bounds the reading, and `UNANSWERED_MAX` the submits without an answer. (Of forty
            submits that a killed node had no answer to, a start asked for the same ten in every round, and never
            traded.)
        """
        wanted = list(questions)
        put_max = len(wanted)
        if not at_startup:
            # A submit that nobody answered ends by the venue's word alone, said in two looks in a row: asked ten at a
            # time, forty of them were never done with (found by a campaign).
            wanted.sort(key=lambda one: bool(one.venue_order_id))
            unanswered = sum(not one.venue_order_id for one in wanted)
            put_max = max(self._limits.questions_max, min(unanswered, UNANSWERED_MAX))
        gate = asyncio.Semaphore(self._limits.concurrency)

        async def one(question: Question) -> None:
            async with gate:
                await self._ask_one(draft, question, deadline)
                if self._limits.question_delay_secs:
                    await asyncio.sleep(self._limits.question_delay_secs)

        await asyncio.gather(*(one(question) for question in wanted[:put_max]))
        for question in wanted[put_max:]:
            for kind in _KINDS_ABOUT[question.about]:
                draft.failed(kind, question.about.lower(), "more open questions than one reading may ask", None)

    async def freeze(self, draft: ReadingDraft) -> VenueReading:
        """Return the reading as values."""
        ended_ns = self._clock_ns()
        return await off_loop(len(draft.orders) + len(draft.fills), lambda: draft.freeze(ended_ns))

    # -- the parts of a reading --------------------------------------------------------------------------------------

    def _history_parts(self, draft: ReadingDraft, request: ReadRequest) -> list[Awaitable[None]]:
        if request.history_from_ns is None:
            return []
        window = Window(min(request.history_from_ns, draft.started_ns), draft.started_ns)
        names: list[str | None] = [None] if request.instruments is None else [*sorted(request.instruments)]
        parts: list[Awaitable[None]] = []
        for name in names:
            parts.append(self._read_orders(draft, window, name, request, open_only=False))
            parts.append(self._read_fills(draft, window, name, request))
        return parts

    async def _read_orders(
        self,
        draft: ReadingDraft,
        window: Window,
        instrument_id: str | None,
        request: ReadRequest,
        *,
        open_only: bool,
        expected: frozenset[RecordKind] = frozenset(),
    ) -> None:
        kind = RecordKind.ORDERS_OPEN if open_only else RecordKind.ORDERS_CLOSED

        async def query() -> Any:
            return await self._client.generate_order_status_reports(
                GenerateOrderStatusReports(
                    instrument_id=_instrument(instrument_id),
                    start=_time(window),
                    end=None,
                    open_only=open_only,
                    command_id=UUID4(),
                    ts_init=self._clock_ns(),
                )
            )

        draft.asked(kind, window, instrument_id)
        name = "open orders" if open_only else "orders"
        await self._collect(draft, kind, name, query, draft.add_order, window, instrument_id, request, expected)

    async def _read_fills(
        self, draft: ReadingDraft, window: Window, instrument_id: str | None, request: ReadRequest
    ) -> None:
        async def query() -> Any:
            return await self._client.generate_fill_reports(
                GenerateFillReports(
                    instrument_id=_instrument(instrument_id),
                    venue_order_id=None,
                    start=_time(window),
                    end=None,
                    command_id=UUID4(),
                    ts_init=self._clock_ns(),
                )
            )

        kind = RecordKind.FILLS
        draft.asked(kind, window, instrument_id)
        await self._collect(draft, kind, "fills", query, draft.add_fill, window, instrument_id, request, frozenset())

    async def _read_positions(
        self, draft: ReadingDraft, window: Window, request: ReadRequest, expected: frozenset[RecordKind]
    ) -> None:
        async def query() -> Any:
            return await self._client.generate_position_status_reports(
                GeneratePositionStatusReports(
                    instrument_id=None, start=None, end=None, command_id=UUID4(), ts_init=self._clock_ns()
                )
            )

        kind = RecordKind.POSITIONS
        draft.asked(kind, window)
        await self._collect(draft, kind, "positions", query, draft.add_position, window, None, request, expected)

    async def _collect(
        self,
        draft: ReadingDraft,
        kind: RecordKind,
        name: str,
        query: Query,
        add: Callable[[Any], None],
        window: Window,
        instrument_id: str | None,
        request: ReadRequest,
        expected: frozenset[RecordKind],
    ) -> None:
        reports, failure = await self._try(query, request.deadline)
        if failure is None and not reports and kind in expected:
            # Nothing came although the node holds something: adapters are known to swallow an outage (issue #4729).
            await asyncio.sleep(self._limits.empty_recheck_secs)
            reports, failure = await self._try(query, request.deadline)
        if failure is not None:
            draft.failed(kind, name, failure, instrument_id)
            return
        try:
            await in_slices(reports, add)
        except Exception as error:
            draft.failed(kind, name, f"a report cannot be read ({type(error).__name__}: {error})", instrument_id)
            return
        draft.got(kind, window)

    async def _ask_one(self, draft: ReadingDraft, question: Question, deadline: float | None) -> None:
        venue_order_id = VenueOrderId(question.venue_order_id) if question.venue_order_id else None
        client_order_id = ClientOrderId(question.client_order_id) if question.client_order_id else None

        async def ask_order() -> Any:
            return await self._client.generate_order_status_report(
                GenerateOrderStatusReport(
                    instrument_id=_instrument(question.instrument_id),
                    client_order_id=client_order_id,
                    venue_order_id=venue_order_id,
                    command_id=UUID4(),
                    ts_init=self._clock_ns(),
                )
            )

        async def ask_fills() -> Any:
            return await self._client.generate_fill_reports(
                GenerateFillReports(
                    instrument_id=_instrument(question.instrument_id),
                    venue_order_id=venue_order_id,
                    start=None,
                    end=None,
                    command_id=UUID4(),
                    ts_init=self._clock_ns(),
                )
            )

        about_order = question.about is About.ORDER
        answer, failure = await self._try(ask_order if about_order else ask_fills, deadline)
        if failure is not None:
            for kind in _KINDS_ABOUT[question.about]:
                draft.failed(kind, f"{question.about.lower()} of {question.names[0]}", failure, question.instrument_id)
            return
        try:
            if about_order:
                if answer is not None:
                    draft.add_order(answer)
            else:
                await in_slices(answer or (), draft.add_fill)
        except Exception as error:
            draft.failed(RecordKind.FILLS, "a report", f"{type(error).__name__}: {error}", question.instrument_id)
            return
        draft.answered(question, unknown=about_order and answer is None)

    async def _try(self, query: Query, deadline: float | None) -> tuple[Any, str | None]:
        """Return an answer and None, or nothing and why there is none."""
        failure = "no attempt was made before the deadline"
        backoff_secs = self._limits.backoff_secs
        for attempt in range(self._limits.attempts_max):
            began = time.monotonic()
            ends = began + self._limits.active_query_secs_max if deadline is None else deadline
            if ends <= began:
                break
            self.queries += 1
            answer, problem = await self._bounded(query, ends)
            if problem is None:
                return answer, None
            self.failures += 1
            failure = problem
            if attempt + 1 < self._limits.attempts_max:
                await asyncio.sleep(backoff_secs)
                backoff_secs = min(2 * backoff_secs, self._limits.backoff_secs_max)
        return None, failure

    async def _bounded(self, query: Query, ends: float) -> tuple[Any, str | None]:
        """Run a query until it ends, its client was silent for the time-out, or `ends` (of ``time.monotonic``)."""
        began = time.monotonic()
        task = asyncio.ensure_future(query())
        while not task.done() and (left_secs := self._silence_ends(began, ends) - time.monotonic()) > 0:
            try:
                await asyncio.wait({task}, timeout=left_secs)
            except asyncio.CancelledError:
                task.cancel()
                raise
        if not task.done():
            # Not awaited after the cancel: a client that swallows it would hang us as it hangs itself.
            task.cancel()
            task.add_done_callback(_forget)
            return None, f"no answer within {time.monotonic() - began:.1f} s"
        if task.cancelled():
            return None, "the client cancelled the query"
        error = task.exception()
        if error is not None:
            return None, f"{type(error).__name__}: {error}"
        return task.result(), None

    def _silence_ends(self, began: float, ends: float) -> float:
        active = max(began, getattr(self._client, "last_activity", began))
        return min(ends, active + self._limits.query_timeout_secs)


_KINDS_ABOUT = {About.ORDER: (RecordKind.ORDERS_OPEN, RecordKind.ORDERS_CLOSED), About.FILLS: (RecordKind.FILLS,)}


def _forget(task: asyncio.Future[Any]) -> None:
    if not task.cancelled():
        task.exception()  # mark it as seen, or asyncio would complain about it at exit


def _instrument(instrument_id: str | None) -> InstrumentId | None:
    return None if instrument_id is None else InstrumentId.from_str(instrument_id)


def _time(window: Window) -> Any:
    return None if window.start_ns == 0 else unix_nanos_to_dt(window.start_ns)
