"""Venue truth of a Binance USD-M account through `ccxt`: every list to its end, every failure told by the coverage."""

from __future__ import annotations

import asyncio
import time
from collections import ChainMap
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from trueup.errors import VenueError
from trueup.model.coverage import RecordKind, Window
from trueup.model.orders import OrderRecord
from trueup.model.snapshots import VenueSnapshot
from trueup.venues.ccxt_binance import (
    Row,
    SymbolNames,
    balance_record,
    conditional_record,
    fill_record,
    order_record,
    position_record,
)
from trueup.venues.ccxt_client import CcxtClient
from trueup.venues.ccxt_discovery import SymbolDiscovery
from trueup.venues.ccxt_draft import NS_PER_MS, UNREADABLE, CcxtDraft, SymbolHistory, TradeKey, reason_of
from trueup.venues.ccxt_key import key_notes
from trueup.venues.ccxt_paging import OVERLAP_MS, WINDOW_MS, read_history
from trueup.venues.ccxt_single import SingleOrders
from trueup.venues.outside import QueryTally, VenueQuestion
from trueup.venues.questions import About, Question

END_MARGIN_MS: Final = 2_000
"""Read this far past the venue's time, of which we only have an estimate."""
CONCURRENCY: Final = 6
SKEW_AGE_SECS_MAX: Final = 300.0

_ORDER_KINDS = (RecordKind.ORDERS_OPEN, RecordKind.ORDERS_CLOSED)


class CcxtBinanceReader:
    """Read one account.

    Parameters
    ----------
    client : CcxtClient
        The way to the venue.
    names : SymbolNames
        How instruments are spelt.
    questions_max : int
        Questions about single orders in one reading.
    discover_symbols : bool
        Whether to look for symbols in the account's payments.
    expired_is_canceled : bool
        Whether the node takes an expired order for a cancelled one.
    """

    def __init__(
        self,
        client: CcxtClient,
        names: SymbolNames,
        *,
        questions_max: int = 200,
        discover_symbols: bool = True,
        expired_is_canceled: bool = False,
    ) -> None:
        self._client = client
        self._names = names
        self._questions_max = questions_max
        self._discovery = SymbolDiscovery(client) if discover_symbols else None
        self._expired_is_canceled = expired_is_canceled
        self._histories: dict[str, SymbolHistory] = {}
        self._skew_measured_at: float | None = None
        self._draft: CcxtDraft | None = None
        self._question: VenueQuestion | None = None
        self._undescribed: set[str] = set()
        self._single = SingleOrders(client, names, self._order, self._take_conditional)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.close()

    async def read(self, question: VenueQuestion) -> VenueSnapshot:
        """Read what is open, positions and history; see `VenueSide`."""
        self._question = question
        if question.anew:
            self._histories.clear()
            if self._discovery is not None:
                self._discovery.forget()
        problem = await self._set_clock()
        draft = self._draft = CcxtDraft(question.account_id, self._client.now_ns())
        now = Window(0, draft.started_ns)
        for kind in (RecordKind.ORDERS_OPEN, RecordKind.POSITIONS, RecordKind.BALANCES):
            draft.asked(kind, now)
        if problem:
            self._fail_all(draft, question, problem)
            return draft.snapshot(self._client.now_ns())
        open_symbols, held_symbols, _ = await asyncio.gather(
            self._read_open(draft), self._read_positions(draft), self._read_balances(draft)
        )
        from_ms = question.history_from_ns // NS_PER_MS
        symbols = open_symbols | held_symbols
        if self._discovery is not None:
            symbols |= await self._discovery.look(from_ms, question.deadline)
        symbols |= {name for one in question.instrument_ids if (name := self._names.symbol(one))}
        await self._read_histories(draft, question, symbols, from_ms)
        self._fail_what_hangs_on_symbols(draft)
        # The positions a second time, as near to the node's reading as can be.
        await self._read_positions(draft)
        return draft.snapshot(self._client.now_ns())

    async def resolve(self, questions: Sequence[Question]) -> VenueSnapshot:
        """Ask about single orders; see `VenueSide`."""
        draft = self._draft
        assert draft is not None, "a reading comes before the questions about it"
        gate = asyncio.Semaphore(CONCURRENCY)

        async def one(question: Question) -> None:
            async with gate:
                kinds = _ORDER_KINDS if question.about is About.ORDER else (RecordKind.FILLS,)
                what = f"{question.about.lower()} of {question.names[0]}"
                ask = self._single.order if question.about is About.ORDER else self._single.fills
                for kind in kinds[:1]:
                    if await self._try(draft, kind, what, lambda: ask(draft, question), question.instrument_id):
                        draft.answered(kinds, question.names)

        await asyncio.gather(*(one(question) for question in questions[: self._questions_max]))
        for question in questions[self._questions_max :]:
            kind = RecordKind.ORDERS_OPEN if question.about is About.ORDER else RecordKind.FILLS
            draft.failed(kind, f"{question.about.lower()} of {question.names[0]}", "too many open questions")
        return draft.snapshot(self._client.now_ns())

    async def notes(self) -> tuple[str, ...]:
        """Return what the operator should know of the key and the way; see `VenueSide`."""
        found = [self._discovery.note] if self._discovery is not None and self._discovery.note else []
        found += [
            f"conditional order {name} closes whatever is open and has no quantity anywhere: it is not compared"
            for name in sorted(self._undescribed)
        ]
        if abs(self._client.skew_ms) > 1_000:
            found.append(f"this machine's clock is {self._client.skew_ms:+,.0f} ms off the venue's; it was allowed for")
        return (*found, *await key_notes(self._client))

    def queries(self) -> Mapping[str, QueryTally]:
        """Return how often what was asked; see `VenueSide`."""
        return self._client.tallies

    def realised(self) -> Mapping[TradeKey, Decimal]:
        """Return the venue's realised profit of each trade; see `VenueSide`."""
        return ChainMap(*(history.realised for history in self._histories.values()))

    # -- what is open ------------------------------------------------------------------------------------------------

    async def _read_open(self, draft: CcxtDraft) -> set[str]:
        symbols: set[str] = set()
        kind = RecordKind.ORDERS_OPEN

        async def ordinary() -> None:
            for row in await self._client.rows("open orders", "fapiPrivateGetOpenOrders"):
                draft.add_order(self._order(row))
                symbols.add(row["symbol"])

        async def conditional() -> None:
            for row in await self._client.rows("open conditional orders", "fapiPrivateGetOpenAlgoOrders"):
                self._take_conditional(draft, row)
                symbols.add(row["symbol"])

        done = await asyncio.gather(
            self._try(draft, kind, "open orders", ordinary),
            self._try(draft, kind, "open conditional orders", conditional),
        )
        if all(done):
            draft.got(kind, Window(0, draft.started_ns))
        return symbols

    async def _read_positions(self, draft: CcxtDraft) -> set[str]:
        symbols: set[str] = set()

        async def ask() -> None:
            rows = await self._client.rows("positions", "fapiPrivateV3GetPositionRisk")
            records = [position_record(row, self._names) for row in rows]
            draft.positions = {record.key: record for record in records}
            symbols.update(row["symbol"] for row, record in zip(rows, records, strict=True) if record.quantity)

        if await self._try(draft, RecordKind.POSITIONS, "positions", ask):
            draft.got(RecordKind.POSITIONS, Window(0, self._client.now_ns()))
        return symbols

    async def _read_balances(self, draft: CcxtDraft) -> None:
        async def ask() -> None:
            answer = await self._client.get("account", "fapiPrivateV3GetAccount")
            draft.balances = [balance_record(row) for row in answer["assets"]]

        if await self._try(draft, RecordKind.BALANCES, "account", ask):
            draft.got(RecordKind.BALANCES, Window(0, draft.started_ns))

    # -- history -----------------------------------------------------------------------------------------------------

    def _fail_what_hangs_on_symbols(self, draft: CcxtDraft) -> None:
        """Note that histories may lack whole symbols where the lists that name them could not be read."""
        names = {"open orders": RecordKind.ORDERS_OPEN, "positions": RecordKind.POSITIONS}
        lost = [name for name, kind in names.items() if draft.kinds[kind].got is None]
        failure = "" if self._discovery is None else self._discovery.failure
        reason = f"{' and '.join(lost)} could not be read, which name the symbols" if lost else failure
        if reason:
            for kind in (RecordKind.ORDERS_CLOSED, RecordKind.FILLS):
                draft.failed(kind, "symbols", reason)

    async def _read_histories(self, draft: CcxtDraft, question: VenueQuestion, symbols: set[str], from_ms: int) -> None:
        now_ns = self._client.now_ns()
        window = Window(question.history_from_ns, now_ns)
        instruments = frozenset(self._names.instrument_id(symbol) for symbol in symbols)
        for kind in (RecordKind.ORDERS_CLOSED, RecordKind.FILLS):
            draft.asked(kind, window, instruments)
            draft.got(kind, window)
        gate = asyncio.Semaphore(CONCURRENCY)
        end_ms = now_ns // NS_PER_MS + END_MARGIN_MS
        conditional = {self._names.symbol(one) for one in question.conditional_ids}
        conditional |= {order.instrument_id for order in draft.orders.values() if order.trigger_price is not None}

        async def one(symbol: str) -> None:
            instrument_id = self._names.instrument_id(symbol)
            history = self._histories.get(symbol)
            if history is None or history.from_ms > from_ms:
                history = self._histories[symbol] = SymbolHistory(from_ms)
            history.forget_before(from_ms)
            async with gate:
                await self._read_orders(draft, history, symbol, end_ms)
                await self._read_fills(draft, history, symbol, end_ms)
                if symbol in conditional or instrument_id in conditional:
                    await self._read_conditional(draft, symbol, from_ms, end_ms)

        await asyncio.gather(*(one(symbol) for symbol in sorted(symbols)))

    async def _read_orders(self, draft: CcxtDraft, history: SymbolHistory, symbol: str, end_ms: int) -> None:
        start_ms = history.from_ms
        if history.orders_to_ms is not None:
            start_ms = max(start_ms, history.orders_to_ms - OVERLAP_MS)
            # The list goes by creation: whatever was open may have changed since, so it is read from the oldest on.
            open_ms = [one.accepted_ns // NS_PER_MS for one in history.orders.values() if not one.is_closed]
            start_ms = max(history.from_ms, min([start_ms, *open_ms]))

        def take(rows: list[dict[str, Any]]) -> None:
            for row in rows:
                order = self._order(row)
                history.orders[order.venue_order_id or ""] = order

        is_read = await self._history(
            draft, RecordKind.ORDERS_CLOSED, "orders", "fapiPrivateGetAllOrders", symbol, start_ms, end_ms,
            take, id_field="orderId", id_parameter="orderId",
        )  # fmt: skip
        if is_read:
            history.orders_to_ms = end_ms - END_MARGIN_MS
        for order in history.orders.values():
            # What was open when it was last read may have ended since: without an answer that is not known.
            if is_read or order.is_closed:
                draft.add_order(order)

    async def _read_fills(self, draft: CcxtDraft, history: SymbolHistory, symbol: str, end_ms: int) -> None:
        start_ms = history.from_ms
        if history.fills_to_ms is not None:
            start_ms = max(start_ms, history.fills_to_ms - OVERLAP_MS)

        def take(rows: list[dict[str, Any]]) -> None:
            for row in rows:
                fill = fill_record(row, self._names)
                key = (fill.instrument_id, fill.trade_id, fill.side)
                history.fills[key] = fill
                history.realised[key] = Decimal(row["realizedPnl"])

        if await self._history(
            draft, RecordKind.FILLS, "fills", "fapiPrivateGetUserTrades", symbol, start_ms, end_ms,
            take, id_field="id", id_parameter="fromId",
        ):  # fmt: skip
            history.fills_to_ms = end_ms - END_MARGIN_MS
        draft.fills.update(history.fills)

    async def _read_conditional(self, draft: CcxtDraft, symbol: str, from_ms: int, end_ms: int) -> None:
        def take(rows: list[dict[str, Any]]) -> None:
            for row in rows:
                self._take_conditional(draft, row)

        await self._history(
            draft, RecordKind.ORDERS_CLOSED, "conditional orders", "fapiPrivateGetAllAlgoOrders", symbol,
            max(from_ms, end_ms - WINDOW_MS), end_ms, take,
            id_field="algoId", id_parameter="algoId", time_field="createTime",
        )  # fmt: skip

    async def _history(
        self,
        draft: CcxtDraft,
        kind: RecordKind,
        what: str,
        method: str,
        symbol: str,
        start_ms: int,
        end_ms: int,
        take: Callable[[list[dict[str, Any]]], None],
        *,
        id_field: str,
        id_parameter: str,
        time_field: str = "time",
    ) -> bool:
        async def ask(parameters: Any) -> list[dict[str, Any]]:
            return await self._client.rows(what, method, {"symbol": symbol, **parameters})

        async def read() -> None:
            await read_history(
                ask,
                take,
                start_ms=start_ms,
                end_ms=end_ms,
                id_field=id_field,
                time_field=time_field,
                id_parameter=id_parameter,
            )

        return await self._try(draft, kind, what, read, self._names.instrument_id(symbol))

    # -- details -----------------------------------------------------------------------------------------------------

    def _order(self, row: Row) -> OrderRecord:
        return order_record(row, self._names, expired_is_canceled=self._expired_is_canceled)

    def _take_conditional(self, draft: CcxtDraft, row: Row) -> None:
        if row.get("actualOrderId"):
            return  # it is an ordinary order now, listed among those
        assert self._question is not None
        record = conditional_record(row, self._names, self._question.quantities.get(row["clientAlgoId"]))
        if record is None:
            self._undescribed.add(str(row["clientAlgoId"] or row["algoId"]))
        else:
            draft.add_order(record)

    async def _try(
        self,
        draft: CcxtDraft,
        kind: RecordKind,
        query: str,
        ask: Callable[[], Awaitable[Any]],
        instrument_id: str | None = None,
    ) -> bool:
        """Ask within the deadline; return whether it came to an answer, and note why if not."""
        assert self._question is not None
        left_secs = self._question.deadline - time.monotonic()
        if left_secs <= 0:
            draft.failed(kind, query, "not asked before the deadline", instrument_id)
            return False
        try:
            await asyncio.wait_for(ask(), None if left_secs == float("inf") else left_secs)
        except TimeoutError:
            draft.failed(kind, query, "no answer before the deadline", instrument_id)
        except (VenueError, *UNREADABLE) as error:
            draft.failed(kind, query, reason_of(error), instrument_id)
        else:
            return True
        return False

    async def _set_clock(self) -> str:
        """Measure the clock's skew now and then; return why it could not be, or nothing."""
        now = time.monotonic()
        if self._skew_measured_at is not None and now - self._skew_measured_at < SKEW_AGE_SECS_MAX:
            return ""
        try:
            await self._client.measure_skew()
        except (VenueError, *UNREADABLE) as error:
            return reason_of(error)
        self._skew_measured_at = now
        return ""

    def _fail_all(self, draft: CcxtDraft, question: VenueQuestion, reason: str) -> None:
        window = Window(min(question.history_from_ns, draft.started_ns), draft.started_ns)
        for kind in (RecordKind.ORDERS_CLOSED, RecordKind.FILLS):
            draft.asked(kind, window)
        for kind in RecordKind:
            draft.failed(kind, "the venue's clock", reason)
