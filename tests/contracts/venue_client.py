"""What trueup needs of any venue's execution client, as one class of tests.

A venue passes by subclassing `VenueClientContract` and giving it a `VenueUnderTest`: an emulator of the venue, and how
to make a client on an account of it. Everything else is the same for every venue.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import (
    GenerateFillReports,
    GenerateOrderStatusReport,
    GenerateOrderStatusReports,
    GeneratePositionStatusReports,
)
from nautilus_trader.model.identifiers import ClientOrderId, VenueOrderId

from trueup.errors import VenueError


@dataclass(frozen=True, slots=True)
class Trade:
    """One fill as the venue's own ledger has it."""

    trade_id: str
    order_id: str
    instrument_id: str
    quantity: Decimal
    price: Decimal
    commission: Decimal
    is_maker: bool
    time_ms: int


class ClientUnderTest(ABC):
    """A client with the real engine around it: `trueup.venues.binance.probe.rig.Rig` is one."""

    client: Any
    cache: Any
    clock: Any


class VenueUnderTest(ABC):
    """An emulated venue and one account on it."""

    questions: tuple[str, ...]
    """The kinds of lists that can be made to fail: of "open orders", "orders", "fills", "positions"."""
    failures: tuple[str, ...] = ("error", "hang", "close", "cut")
    """How they fail: an error status, no answer, a closed connection, an answer cut in the middle."""

    @abstractmethod
    def client(self) -> AbstractAsyncContextManager[Any]:
        """Make a client that is not yet started."""

    @abstractmethod
    def other_buys(self, symbol: str, quantity: str) -> None:
        """Let another client of the account buy at the market."""

    @abstractmethod
    def other_sells(self, symbol: str, quantity: str) -> None:
        """Let another client of the account sell at the market."""

    @abstractmethod
    def other_bids(self, symbol: str, quantity: str, price: str) -> str:
        """Let another client of the account place a limit order, and return its venue order id."""

    @abstractmethod
    def fill(self, venue_order_id: str, quantity: str) -> None:
        """Let the market fill a working order."""

    @abstractmethod
    def trades(self) -> list[Trade]:
        """Return the account's fills from the venue's ledger, oldest first."""

    @abstractmethod
    def working(self) -> set[str]:
        """Return the venue order ids of the account's working orders."""

    @abstractmethod
    def break_question(self, question: str, failure: str) -> None:
        """Make one kind of list fail from now on."""

    @abstractmethod
    def repair(self) -> None:
        """End every fault."""

    @abstractmethod
    def lose_submit_answer(self, *, executed: bool) -> None:
        """Answer the next submit with an unknown outcome, executed or not; its events are lost."""

    @abstractmethod
    def charged_weight(self) -> int:
        """Return the weight that the venue charged since `forget_requests`."""

    @abstractmethod
    def accounted_weight(self, client: Any) -> int:
        """Return the weight that the client booked since `forget_requests`."""

    @abstractmethod
    def asked(self) -> list[str]:
        """Return the questions put since `forget_requests`, without what only the clock changes."""

    @abstractmethod
    def forget_requests(self, client: Any) -> None:
        """Begin to count anew."""


async def orders_of(rig: Any, *, open_only: bool = False) -> list[Any]:
    """Return the client's order reports of everything."""
    command = GenerateOrderStatusReports(None, None, None, open_only, UUID4(), rig.clock.timestamp_ns())
    return list(await rig.client.generate_order_status_reports(command))


async def fills_of(rig: Any) -> list[Any]:
    """Return the client's fill reports of everything."""
    command = GenerateFillReports(None, None, None, None, UUID4(), rig.clock.timestamp_ns())
    return list(await rig.client.generate_fill_reports(command))


async def positions_of(rig: Any, instrument_id: Any = None) -> list[Any]:
    """Return the client's position reports."""
    command = GeneratePositionStatusReports(instrument_id, None, None, UUID4(), rig.clock.timestamp_ns())
    return list(await rig.client.generate_position_status_reports(command))


async def ask(rig: Any, question: str) -> list[Any]:
    """Ask one kind of question."""
    if question == "open orders":
        return await orders_of(rig, open_only=True)
    if question == "orders":
        return await orders_of(rig)
    return await (fills_of(rig) if question == "fills" else positions_of(rig))


FAILURES = [
    (question, failure)
    for question in ("open orders", "orders", "fills", "positions")
    for failure in ("error", "hang", "close", "cut")
]


class VenueClientContract(ABC):
    """Completeness, failure, order, identity, ambiguity, budget: what every venue's client must keep."""

    symbols: tuple[str, str]
    """Two symbols of the venue with a known market."""
    far_price: str
    """A limit price of the first symbol at which a buy order rests."""
    size: str
    """A size that both symbols allow."""

    @pytest.fixture
    @abstractmethod
    def venue(self) -> Any:
        """Return a `VenueUnderTest` with a fresh account."""

    # -- completeness -------------------------------------------------------------------------------------------------

    async def test_every_fill_of_the_account_is_reported_also_of_a_symbol_that_is_flat(
        self, venue: VenueUnderTest
    ) -> None:
        first, second = self.symbols
        venue.other_buys(first, self.size)
        venue.other_buys(second, self.size)
        venue.other_sells(second, self.size)
        order_id = venue.other_bids(first, self.size, self.far_price)
        venue.fill(order_id, self.size)
        async with venue.client() as rig:
            await rig.start(reconcile=False)
            reports = await fills_of(rig)
        assert [report.trade_id.value for report in reports] == [trade.trade_id for trade in venue.trades()]

    async def test_every_working_order_is_reported_among_the_open_ones_and_among_all(
        self, venue: VenueUnderTest
    ) -> None:
        for _ in range(3):
            venue.other_bids(self.symbols[0], self.size, self.far_price)
        async with venue.client() as rig:
            await rig.start(reconcile=False)
            for open_only in (True, False):
                reports = await orders_of(rig, open_only=open_only)
                assert {one.venue_order_id.value for one in reports if one.is_open} == venue.working()

    async def test_the_order_of_every_fill_is_reported(self, venue: VenueUnderTest) -> None:
        venue.other_buys(self.symbols[0], self.size)
        venue.other_sells(self.symbols[0], self.size)
        async with venue.client() as rig:
            await rig.start(reconcile=False)
            reports = await orders_of(rig)
        assert {one.venue_order_id.value for one in reports} >= {trade.order_id for trade in venue.trades()}

    # -- failure ------------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(("question", "failure"), FAILURES)
    async def test_a_question_that_fails_raises_and_is_never_empty(
        self, venue: VenueUnderTest, question: str, failure: str
    ) -> None:
        assert question in venue.questions or question == "positions"
        venue.other_buys(self.symbols[0], self.size)
        async with venue.client() as rig:
            await rig.start(reconcile=False)
            if question not in venue.questions:
                assert await ask(rig, question) == []  # the venue has no such list: the answer is known without asking
                return
            venue.break_question(question, failure)
            with pytest.raises(VenueError):
                await ask(rig, question)
            venue.repair()
            await ask(rig, question)

    async def test_an_order_that_the_venue_does_not_know_is_none_and_a_failed_question_is_not(
        self, venue: VenueUnderTest
    ) -> None:
        async with venue.client() as rig:
            await rig.start(reconcile=False)
            order = rig.orders.market(rig.instrument_id(self.symbols[0]), 1, rig.quantity(self.symbols[0], self.size))
            command = GenerateOrderStatusReport(
                order.instrument_id, order.client_order_id, None, UUID4(), rig.clock.timestamp_ns()
            )
            assert await rig.client.generate_order_status_report(command) is None
            venue.break_question("order", "error")
            with pytest.raises(VenueError):
                await rig.client.generate_order_status_report(command)

    # -- order and identity -------------------------------------------------------------------------------------------

    async def test_fills_come_oldest_first_across_symbols(self, venue: VenueUnderTest) -> None:
        for side in (0, 1, 1, 0, 1, 0):
            venue.other_buys(self.symbols[side], self.size)
        async with venue.client() as rig:
            await rig.start(reconcile=False)
            reports = await fills_of(rig)
        assert [report.trade_id.value for report in reports] == [trade.trade_id for trade in venue.trades()]
        assert [report.ts_event for report in reports] == sorted(report.ts_event for report in reports)

    async def test_a_fill_bears_the_venues_own_names_price_commission_and_liquidity(
        self, venue: VenueUnderTest
    ) -> None:
        venue.other_buys(self.symbols[0], self.size)
        venue.fill(venue.other_bids(self.symbols[0], self.size, self.far_price), self.size)
        async with venue.client() as rig:
            await rig.start(reconcile=False)
            reports = await fills_of(rig)
        assert len(reports) == 2
        for report, trade in zip(reports, venue.trades(), strict=True):
            assert report.venue_order_id.value == trade.order_id
            assert report.instrument_id.value == trade.instrument_id
            assert report.last_qty.as_decimal() == trade.quantity
            assert report.last_px.as_decimal() == trade.price
            assert report.commission.as_decimal() == trade.commission
            assert report.liquidity_side.name == ("MAKER" if trade.is_maker else "TAKER")
            assert round(report.ts_event / 1_000_000) == trade.time_ms

    # -- ambiguity ----------------------------------------------------------------------------------------------------

    async def test_a_submit_of_unknown_outcome_that_was_executed_becomes_accepted_by_asking(
        self, venue: VenueUnderTest
    ) -> None:
        async with venue.client() as rig:
            await rig.start()
            venue.lose_submit_answer(executed=True)
            order = rig.limit(self.symbols[0], "BUY", self.size, self.far_price)
            await rig.until(lambda: order.is_open or order.is_closed)
            assert order.status_string() == "ACCEPTED"
            assert {order.venue_order_id.value} == venue.working()

    async def test_a_submit_of_unknown_outcome_that_never_arrived_is_rejected_by_the_venues_word_alone(
        self, venue: VenueUnderTest
    ) -> None:
        async with venue.client() as rig:
            await rig.start()
            venue.lose_submit_answer(executed=False)
            order = rig.limit(self.symbols[0], "BUY", self.size, self.far_price)
            await rig.until(lambda: order.is_closed, 20.0)
            assert order.status_string() == "REJECTED"
            assert "knows no such order" in order.last_event.reason
            assert venue.working() == set()

    async def test_an_order_that_an_engine_invented_is_answered_as_unknown_and_no_failure(
        self, venue: VenueUnderTest
    ) -> None:
        name = UUID4().value  # the engine numbers what it invents so, as no venue does
        async with venue.client() as rig:
            await rig.start()
            command = GenerateOrderStatusReport(
                rig.instrument_id(self.symbols[0]),
                ClientOrderId(name),
                VenueOrderId(name),
                UUID4(),
                rig.clock.timestamp_ns(),
            )
            assert await rig.client.generate_order_status_report(command) is None

    async def test_nothing_becomes_terminal_while_the_venue_does_not_answer(self, venue: VenueUnderTest) -> None:
        async with venue.client() as rig:
            await rig.start()
            venue.lose_submit_answer(executed=True)
            venue.break_question("order", "error")
            order = rig.limit(self.symbols[0], "BUY", self.size, self.far_price)
            await rig.until(lambda: rig.client.inquiries.asked >= 3)
            assert order.status_string() == "SUBMITTED"
            venue.repair()
            await rig.until(lambda: order.is_open)

    # -- budget -------------------------------------------------------------------------------------------------------

    async def test_a_start_puts_no_question_twice_and_books_the_weight_that_the_venue_charges(
        self, venue: VenueUnderTest
    ) -> None:
        for symbol in self.symbols:
            venue.other_buys(symbol, self.size)
        venue.other_bids(self.symbols[0], self.size, self.far_price)
        async with venue.client() as rig:
            await rig.start(reconcile=False)
            venue.forget_requests(rig.client)
            assert await rig.client.generate_mass_status() is not None
            twice = [question for question, count in Counter(venue.asked()).items() if count > 1]
            assert twice == []
            assert venue.accounted_weight(rig.client) == venue.charged_weight() > 0
