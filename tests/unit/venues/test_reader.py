"""Whatever a client does, a reading is a value that says how far it reached."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import FillReport, OrderStatusReport, PositionStatusReport
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.enums import LiquiditySide, OrderSide, OrderStatus, OrderType, PositionSide, TimeInForce
from nautilus_trader.model.identifiers import AccountId, ClientOrderId, InstrumentId, PositionId, TradeId, VenueOrderId
from nautilus_trader.model.objects import Money, Price, Quantity

from trueup.model.coverage import RecordKind
from trueup.model.enums import Leg
from trueup.model.enums import OrderStatus as Status
from trueup.venues.limits import ReadLimits, ReadRequest
from trueup.venues.questions import About, Question
from trueup.venues.reader import UNANSWERED_MAX, VenueReader
from trueup.venues.records import fill_record

ACCOUNT = AccountId("BINANCE-001")
BTC = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")
LIMITS = ReadLimits(query_timeout_secs=0.05, attempts_max=2, backoff_secs=0.001, empty_recheck_secs=0.001)


def order_report(number: str, status: OrderStatus = OrderStatus.ACCEPTED, last_ns: int = 5) -> OrderStatusReport:
    return OrderStatusReport(
        account_id=ACCOUNT,
        instrument_id=BTC,
        venue_order_id=VenueOrderId(number),
        client_order_id=ClientOrderId(f"O-{number}"),
        order_side=OrderSide.BUY,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        order_status=status,
        quantity=Quantity.from_str("2.000"),
        filled_qty=Quantity.from_str("0.000"),
        price=Price.from_str("100.0"),
        report_id=UUID4(),
        ts_accepted=1,
        ts_last=last_ns,
        ts_init=9,
    )


def fill_report(trade_id: str, time_ns: int, price: str = "100.0") -> FillReport:
    return FillReport(
        account_id=ACCOUNT,
        instrument_id=BTC,
        venue_order_id=VenueOrderId("1"),
        trade_id=TradeId(trade_id),
        order_side=OrderSide.SELL,
        last_qty=Quantity.from_str("1.000"),
        last_px=Price.from_str(price),
        commission=Money(Decimal("0.04"), USDT),
        liquidity_side=LiquiditySide.MAKER,
        report_id=UUID4(),
        ts_event=time_ns,
        ts_init=9,
        venue_position_id=PositionId("BTCUSDT-PERP.BINANCE-SHORT"),
    )


def position_report(quantity: str, average: str | None) -> PositionStatusReport:
    return PositionStatusReport(
        account_id=ACCOUNT,
        instrument_id=BTC,
        position_side=PositionSide.SHORT,
        quantity=Quantity.from_str(quantity),
        avg_px_open=None if average is None else Decimal(average),
        report_id=UUID4(),
        ts_last=5,
        ts_init=9,
    )


class Client:
    """An adapter whose answers are given by hand; an answer that is callable is called."""

    account_id = ACCOUNT

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def _answer(self, name: str) -> Any:
        self.asked.append(name)
        answer = self.answers.get(name, [])
        return await answer() if callable(answer) else answer

    async def generate_order_status_reports(self, command: Any) -> Any:
        return await self._answer("open" if command.open_only else "orders")

    async def generate_fill_reports(self, command: Any) -> Any:
        return await self._answer("fills" if command.venue_order_id is None else "fills_of")

    async def generate_position_status_reports(self, command: Any) -> Any:
        return await self._answer("positions")

    async def generate_order_status_report(self, command: Any) -> Any:
        return await self._answer("order")


def reader(
    client: Client, in_scope: Callable[[str], bool] = lambda _: True, limits: ReadLimits = LIMITS
) -> VenueReader:
    return VenueReader(client, clock_ns=lambda: 1_000, in_scope=in_scope, limits=limits)


async def fails() -> Any:
    raise ConnectionError("503")


async def hangs() -> Any:
    await asyncio.Event().wait()


async def hangs_and_swallows_the_cancel() -> Any:
    while True:
        try:
            await asyncio.sleep(0.2)
            return []
        except asyncio.CancelledError:
            continue


WHOLE = ReadRequest(history_from_ns=0)


async def test_everything_is_read_and_fills_are_in_venue_time_order() -> None:
    client = Client(
        open=[order_report("1")],
        orders=[order_report("2", OrderStatus.CANCELED), order_report("1")],
        fills=[fill_report("T-2", 7), fill_report("T-1", 3), fill_report("T-2", 7)],
        positions=[position_report("2.000", "101.5")],
    )
    one = reader(client)
    snapshot = (await one.freeze(await one.read(WHOLE))).snapshot
    assert [fill.trade_id for fill in snapshot.fills] == ["T-1", "T-2"]
    assert snapshot.fills[0].leg is Leg.SHORT
    assert snapshot.fills[0].commission == Decimal("0.04")
    assert {order.venue_order_id: order.status for order in snapshot.orders} == {
        "1": Status.ACCEPTED,
        "2": Status.CANCELED,
    }
    (position,) = snapshot.positions
    assert position.quantity == Decimal(-2)
    assert position.average_price == Decimal("101.5")
    assert not snapshot.coverage.incomplete(
        [RecordKind.ORDERS_OPEN, RecordKind.ORDERS_CLOSED, RecordKind.FILLS, RecordKind.POSITIONS]
    )


async def test_the_later_of_two_readings_of_one_order_stays_whatever_their_order() -> None:
    newer = order_report("1", OrderStatus.CANCELED, last_ns=8)
    for listing in ([newer, order_report("1")], [order_report("1"), newer]):
        one = reader(Client(orders=listing))
        reading = await one.freeze(await one.read(WHOLE))
        assert [order.status for order in reading.snapshot.orders] == [Status.CANCELED]
        assert not reading.snapshot.order_clashes
        assert reading.order_reports[(BTC.value, "1")] is newer


async def test_two_different_fills_of_one_name_are_both_kept_as_a_clash() -> None:
    one = reader(Client(fills=[fill_report("T-1", 3), fill_report("T-1", 3, "101.0")]))
    snapshot = (await one.freeze(await one.read(WHOLE))).snapshot
    assert len(snapshot.fill_clashes) == 1


class ActiveClient(Client):
    """A client that says when it was last active, and counts the readings that it was told of."""

    last_activity = 0.0
    looks = 0

    def begin_look(self) -> None:
        self.looks += 1


async def test_a_query_of_many_paced_requests_may_last_as_long_as_its_client_stays_active() -> None:
    async def many_requests() -> list[Any]:
        for _ in range(8):
            client.last_activity = time.monotonic() + LIMITS.query_timeout_secs / 2  # it waits for the venue's limits
            await asyncio.sleep(LIMITS.query_timeout_secs / 2)
        return [order_report("1")]

    client = ActiveClient(open=many_requests)
    draft = await reader(client).read(ReadRequest(positions=False))
    assert draft.freeze(2_000).snapshot.coverage.orders_open.is_complete
    assert client.looks == 1


async def test_a_client_that_stays_active_for_ever_is_bounded_by_the_deadline_of_the_reading() -> None:
    async def never_ends() -> None:
        while True:
            client.last_activity = time.monotonic()
            await asyncio.sleep(0.01)

    client = ActiveClient(open=never_ends)
    request = ReadRequest(positions=False, deadline=time.monotonic() + 4 * LIMITS.query_timeout_secs)
    draft = await reader(client).read(request)
    assert not draft.freeze(2_000).snapshot.coverage.orders_open.is_complete


@pytest.mark.parametrize("answer", [fails, hangs, hangs_and_swallows_the_cancel])
async def test_a_query_without_an_answer_is_a_failure_and_never_an_empty_list(answer: Any) -> None:
    one = reader(Client(positions=answer))
    draft = await asyncio.wait_for(one.read(WHOLE), 2.0)
    coverage = (await one.freeze(draft)).snapshot.coverage
    assert not coverage.positions.is_complete
    assert coverage.positions.failures[0].query == "positions"
    assert coverage.fills.is_complete


async def test_a_query_that_fails_once_is_asked_again() -> None:
    answers = iter([fails, None])

    async def once() -> Any:
        answer = next(answers)
        return [order_report("1")] if answer is None else await answer()

    client = Client(open=once)
    one = reader(client)
    snapshot = (await one.freeze(await one.read(ReadRequest()))).snapshot
    assert snapshot.coverage.orders_open.is_complete
    assert one.failures == 1


async def test_an_empty_answer_where_the_node_holds_something_is_asked_for_again() -> None:
    answers = iter([[], [position_report("1.000", None)]])

    async def second_time() -> Any:
        return next(answers)

    one = reader(Client(positions=second_time))
    draft = await one.read(ReadRequest(), frozenset({RecordKind.POSITIONS}))
    assert len((await one.freeze(draft)).snapshot.positions) == 1


async def test_what_is_not_traded_here_is_counted_as_out_of_scope() -> None:
    one = reader(Client(open=[order_report("1")]), in_scope=lambda _: False)
    reading = await one.freeze(await one.read(ReadRequest()))
    assert reading.snapshot.orders == ()
    assert reading.out_of_scope == {BTC.value}


async def test_a_report_that_cannot_be_read_spoils_its_kind_and_nothing_else() -> None:
    one = reader(Client(open=[object()]))
    coverage = (await one.freeze(await one.read(WHOLE))).snapshot.coverage
    assert not coverage.orders_open.is_complete
    assert coverage.positions.is_complete


async def test_no_answer_to_a_question_about_one_order_means_that_the_venue_does_not_know_it() -> None:
    one = reader(Client(order=None))
    draft = await one.read(ReadRequest())
    await one.ask(draft, [Question(About.ORDER, BTC.value, "7", "O-7")])
    assert (await one.freeze(draft)).snapshot.unknown_orders == {"7", "O-7"}


async def test_a_failed_question_about_one_order_is_no_answer() -> None:
    one = reader(Client(order=fails))
    draft = await one.read(ReadRequest())
    await one.ask(draft, [Question(About.ORDER, BTC.value, "7")])
    snapshot = (await one.freeze(draft)).snapshot
    assert not snapshot.unknown_orders
    assert not snapshot.coverage.complete_for(RecordKind.ORDERS_OPEN, BTC.value)


async def test_questions_beyond_the_bound_are_said_to_be_unasked() -> None:
    client = Client(order=None)
    one = reader(client, limits=ReadLimits(questions_max=2))
    draft = await one.read(ReadRequest())
    await one.ask(draft, [Question(About.ORDER, BTC.value, str(number)) for number in range(5)])
    assert client.asked.count("order") == 2
    assert not (await one.freeze(draft)).snapshot.coverage.orders_open.is_complete


async def test_submits_that_nobody_answered_are_asked_about_first_and_beyond_the_bound_up_to_their_own() -> None:
    client = Client(order=None)
    one = reader(client, limits=ReadLimits(questions_max=2))
    submits = [Question(About.ORDER, BTC.value, client_order_id=f"O-{number}") for number in range(UNANSWERED_MAX + 1)]
    known = [Question(About.ORDER, BTC.value, str(number)) for number in range(3)]
    draft = await one.read(ReadRequest())
    await one.ask(draft, [*known, *submits[:40]])
    assert client.asked.count("order") == 40
    snapshot = (await one.freeze(draft)).snapshot
    assert snapshot.unknown_orders == {f"O-{number}" for number in range(40)}
    assert not snapshot.coverage.orders_open.is_complete  # those that are known wait for the next look
    await one.ask(await one.read(ReadRequest()), submits)
    assert client.asked.count("order") == 40 + UNANSWERED_MAX


async def test_a_start_puts_every_question_since_no_later_look_completes_it() -> None:
    client = Client(order=None)
    one = reader(client, limits=ReadLimits(questions_max=2))
    draft = await one.read(ReadRequest())
    questions = [Question(About.ORDER, BTC.value, str(number)) for number in range(5)]
    await one.ask(draft, questions, at_startup=True)
    assert client.asked.count("order") == 5
    assert (await one.freeze(draft)).snapshot.coverage.orders_open.is_complete


async def test_a_later_reading_adopts_closed_orders_and_fills_and_no_open_order() -> None:
    first = reader(
        Client(
            open=[order_report("1")],
            orders=[order_report("1"), order_report("2", OrderStatus.CANCELED)],
            fills=[fill_report("T-1", 3)],
        )
    )
    earlier = await first.read(WHOLE)
    later = await reader(Client()).read(ReadRequest(history_from_ns=500))
    later.adopt(earlier)
    snapshot = later.freeze(1_000).snapshot
    assert [order.venue_order_id for order in snapshot.orders] == ["2"]
    assert [fill.trade_id for fill in snapshot.fills] == ["T-1"]
    window = snapshot.coverage.fills.got
    assert window is not None
    assert window.start_ns == 0


async def test_a_price_of_zero_is_an_unknown_price() -> None:
    one = reader(Client(positions=[position_report("1.000", "0")]))
    (position,) = (await one.freeze(await one.read(ReadRequest()))).snapshot.positions
    assert position.average_price is None


@pytest.mark.parametrize(
    ("suffix", "leg"), [("SHORT", Leg.SHORT), ("LONG", Leg.LONG), ("BOTH", Leg.BOTH), ("EMA-LONG", Leg.BOTH)]
)
def test_a_report_names_a_leg_only_by_the_instrument_and_the_leg(suffix: str, leg: Leg) -> None:
    report = fill_report("1", 5)
    report.venue_position_id = PositionId(f"{BTC}-{suffix}")
    assert fill_record(report).leg is leg
