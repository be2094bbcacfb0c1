"""The auditor's own reader on the emulated venue: exact to the ledger, to the end, honest when the venue is not."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from trueup.demo.truth import read_truth
from trueup.emulator.engine.enums import OrderType, PositionSide, Side
from trueup.emulator.engine.values import OrderRequest
from trueup.emulator.process import EmulatorProcess
from trueup.emulator.server import Ready
from trueup.model.coverage import RecordKind
from trueup.model.enums import OrderStatus
from trueup.model.snapshots import VenueSnapshot
from trueup.venues.binance.probe.bench import Bench
from trueup.venues.ccxt_binance import SymbolNames
from trueup.venues.ccxt_client import CcxtClient, CcxtSettings
from trueup.venues.ccxt_reader import CcxtBinanceReader
from trueup.venues.outside import VenueQuestion
from trueup.venues.questions import About, Question

BTC, ETH = "BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE"
INVENTED = "5b8f4f9e-0e0c-4c57-9b1e-0f2d5a3f6c11"  # as an engine names and numbers an order that it made up
DAY_NS = 24 * 3_600 * 1_000_000_000

type Read = Callable[..., Awaitable[VenueSnapshot]]


@pytest.fixture(scope="module")
def emulator() -> Any:
    """A venue whose market stands still."""
    with EmulatorProcess(settings={"limits": {"weight_per_minute": 1_000_000}}) as process:
        process.control.pause_market()
        yield process


@pytest.fixture
def bench(emulator: EmulatorProcess) -> Bench:
    """An account of its own."""
    return Bench(emulator, hardened=False)


def settings_of(ready: Ready) -> CcxtSettings:
    return CcxtSettings(
        exchange="binanceusdm",
        address=ready.rest,
        api_key=ready.api_key,
        api_secret=ready.secret,
        query_timeout_secs=1.0,
        weight_per_minute=10**9,
    )


@pytest.fixture
async def reader(bench: Bench) -> AsyncIterator[CcxtBinanceReader]:
    """A reader of that account."""
    made = CcxtBinanceReader(CcxtClient(settings_of(bench.ready)), SymbolNames("BINANCE"))
    yield made
    await made.close()


def question(**more: Any) -> VenueQuestion:
    return VenueQuestion(account_id="A", history_from_ns=time.time_ns() - DAY_NS, **more)


def unread(snapshot: VenueSnapshot) -> set[RecordKind]:
    return set(snapshot.coverage.incomplete(RecordKind))


def stop(bench: Bench, name: str, **more: Any) -> None:
    request = OrderRequest(
        "BTCUSDT",
        Side.SELL,
        OrderType.STOP_MARKET,
        trigger_price=Decimal(more.pop("at", 40_000)),
        client_order_id=name,
        **({"quantity": Decimal("0.010")} | more),
    )
    bench.control.place_algo_order(bench.account, request)


async def test_orders_fills_positions_and_conditional_orders_are_those_of_the_ledger(
    bench: Bench, reader: CcxtBinanceReader
) -> None:
    bench.market("BTCUSDT", "BUY", "0.050")
    bench.market("BTCUSDT", "SELL", "0.080")
    resting = bench.limit("ETHUSDT", "BUY", "0.100", "2000")
    bench.control.cancel_order(bench.account, "ETHUSDT", order_id=bench.limit("ETHUSDT", "BUY", "0.2", "1999").order_id)
    stop(bench, "stop-1", at=40_000)
    seen = await reader.read(question(conditional_ids=frozenset({BTC})))
    truth = read_truth(bench.control, bench.account, "A")
    assert unread(seen) == set()
    for name in ("trade_id", "quantity", "price", "commission", "commission_currency", "side", "leg", "time_ns"):
        assert sorted(getattr(one, name) for one in seen.fills) == sorted(getattr(one, name) for one in truth.fills)
    ordinary = {one.venue_order_id: one for one in seen.orders if one.client_order_id != "stop-1"}
    assert ordinary.keys() == {one.venue_order_id for one in truth.orders}
    for one in truth.orders:
        mine = ordinary[one.venue_order_id]
        assert (mine.status, mine.quantity, mine.filled_quantity, mine.price, mine.average_price) == (
            one.status,
            one.quantity,
            one.filled_quantity,
            one.price,
            one.average_price,
        )
    assert ordinary[str(resting.order_id)].is_open
    (conditional,) = [one for one in seen.orders if one.client_order_id == "stop-1"]
    assert (conditional.status, conditional.trigger_price) == (OrderStatus.ACCEPTED, Decimal(40_000))
    assert {one.key: one.quantity for one in seen.positions if one.quantity} == {
        one.key: one.quantity for one in truth.positions
    }
    realised = reader.realised()
    assert sum(realised.values()) == sum(one.realised_pnl for one in bench.control.trades(bench.account))


async def test_a_triggered_order_is_one_order_and_one_that_closes_all_is_told_by_the_node_s_size(
    bench: Bench, reader: CcxtBinanceReader
) -> None:
    bench.market("BTCUSDT", "BUY", "0.050")
    stop(bench, "stop-2", at=49_000)
    stop(bench, "close-all", at=45_000, quantity=None, close_position=True)
    bench.control.move_to("BTCUSDT", Decimal(48_900))
    bench.control.set_mark_price("BTCUSDT", Decimal(48_900))
    sized = await reader.read(
        question(conditional_ids=frozenset({BTC}), quantities={"close-all": Decimal("0.040")}, anew=True)
    )
    named = [one for one in sized.orders if one.client_order_id == "stop-2"]
    assert [(one.status, one.filled_quantity) for one in named] == [(OrderStatus.FILLED, Decimal("0.010"))]
    (closing,) = [one for one in sized.orders if one.client_order_id == "close-all"]
    assert closing.quantity == Decimal("0.040")
    await reader.read(question(anew=True))
    assert any("close-all" in note for note in await reader.notes())


async def test_a_history_of_several_pages_and_windows_is_read_whole_and_then_only_what_is_new(
    emulator: EmulatorProcess,
) -> None:
    bench = Bench(emulator, hardened=False)
    bench.control.load_history(bench.account, 2_600, seed=3, symbols=("BTCUSDT",), span_ms=20 * 24 * 3_600_000)
    reader = CcxtBinanceReader(CcxtClient(settings_of(bench.ready)), SymbolNames("BINANCE"))
    month = VenueQuestion(account_id="A", history_from_ns=time.time_ns() - 30 * DAY_NS)
    seen = await reader.read(month)
    trades = bench.control.trades(bench.account)
    assert unread(seen) == set()
    assert len(trades) > 1_000
    assert {one.trade_id for one in seen.fills} == {str(one.trade_id) for one in trades}
    # The venue forgets cancelled orders without a fill after three days.
    filled = {str(one.order_id) for one in bench.control.orders(bench.account) if one.executed_quantity}
    assert {one.venue_order_id for one in seen.orders if one.filled_quantity} == filled
    bench.control.clear_requests()
    bench.market("BTCUSDT", "BUY", "0.010")
    again = await reader.read(month)
    await reader.close()
    assert len(again.fills) == len(seen.fills) + 1
    assert len(bench.control.requests(limit=1_000, path="/fapi/v1/userTrades")) == 1


async def test_orders_are_asked_for_one_by_one_and_unknown_is_an_answer(
    bench: Bench, reader: CcxtBinanceReader
) -> None:
    order = bench.limit("ETHUSDT", "BUY", "0.100", "2000")
    await reader.read(question())
    seen = await reader.resolve(
        [
            Question(About.ORDER, ETH, str(order.order_id), ""),
            Question(About.ORDER, ETH, "", order.client_order_id),
            Question(About.ORDER, ETH, "", "never-sent"),
            Question(About.ORDER, ETH, INVENTED, INVENTED),
            Question(About.FILLS, ETH, str(order.order_id), ""),
        ]
    )
    assert seen.unknown_orders == {"never-sent", INVENTED}
    assert {"never-sent", order.client_order_id, str(order.order_id)} <= seen.coverage.orders_open.orders


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ({"kind": "respond", "status": 503, "body": {"code": -1001, "msg": "Internal error"}}, "-1001"),
        ({"kind": "respond", "status": 200, "body": {"not": "a list"}}, "no list"),
        ({"kind": "respond", "status": 200, "body": [{"strange": 1}]}, "cannot be read"),
        ({"kind": "hang"}, "no answer within 1 s"),
        ({"kind": "close_before"}, "binanceusdm"),
    ],
)
async def test_a_failure_spoils_what_was_asked_and_nothing_else(
    bench: Bench, reader: CcxtBinanceReader, action: dict[str, Any], reason: str
) -> None:
    bench.market("BTCUSDT", "BUY", "0.050")
    bench.market("ETHUSDT", "BUY", "0.500")
    bench.fault({"path": "/fapi/v1/userTrades"}, action)
    seen = await reader.read(question())
    assert unread(seen) == {RecordKind.FILLS}
    assert {failure.instrument_id for failure in seen.coverage.fills.failures} == {BTC, ETH}
    text = str(seen.coverage.failures)
    assert reason in text
    assert "signature=" not in text
    assert bench.ready.api_key not in text
    assert bench.ready.secret not in text
    assert len(seen.orders) == 2


async def test_a_venue_that_limits_the_address_is_not_asked_again_until_it_allows(
    bench: Bench, reader: CcxtBinanceReader
) -> None:
    body = {"code": -1003, "msg": "Too many requests"}
    headers = {"Retry-After": "30"}
    bench.fault({"path": "/fapi/v1/openOrders"}, {"kind": "respond", "status": 429, "body": body, "headers": headers})
    seen = await reader.read(question())
    assert RecordKind.ORDERS_OPEN in unread(seen)
    bench.control.clear_requests()
    again = await reader.read(question())
    assert bench.questions() == []
    assert unread(again) == set(RecordKind)
    assert "asked this address to wait" in str(again.coverage.failures)


async def test_a_clock_that_moved_since_it_was_measured_is_measured_anew_and_nothing_is_lost(
    bench: Bench, reader: CcxtBinanceReader
) -> None:
    bench.market("BTCUSDT", "BUY", "0.010")
    assert unread(await reader.read(question(anew=True))) == set()
    # The venue falls back by a minute: what is stamped by the old measurement is ahead of it, and refused (-1021).
    fault = bench.control.add_fault(
        {"match": {"path": "/fapi/*"}, "action": {"kind": "clock_skew", "skew_ms": -60_000}}
    )
    assert (await reader.read(question(anew=True))).coverage.failures == ()
    found = await reader.read(question(anew=True))  # in the reading before, the present itself has moved
    bench.control.remove_fault(fault)
    assert unread(found) == set()
    assert 59_000 < reader._client.skew_ms < 61_000


async def test_a_deadline_leaves_unasked_what_it_does_not_allow(bench: Bench, reader: CcxtBinanceReader) -> None:
    await reader.read(question())
    bench.market("BTCUSDT", "BUY", "0.050")
    seen = await reader.read(question(deadline=time.monotonic()))
    assert unread(seen) == set(RecordKind)
    assert "before the deadline" in str(seen.coverage.failures)


async def test_a_key_that_the_venue_does_not_know_makes_everything_unknown(bench: Bench) -> None:
    client = CcxtClient(replace(settings_of(bench.ready), api_secret="another-secret-entirely"))
    reader = CcxtBinanceReader(client, SymbolNames("BINANCE"))
    seen = await reader.read(question())
    await reader.close()
    assert {RecordKind.ORDERS_OPEN, RecordKind.POSITIONS} <= unread(seen)
    assert "another-secret" not in str(seen.coverage.failures)


async def test_both_legs_of_a_hedging_account_are_kept_apart(bench: Bench, reader: CcxtBinanceReader) -> None:
    bench.control.set_position_mode(bench.account, hedge_mode=True)
    for side, leg in ((Side.BUY, PositionSide.LONG), (Side.SELL, PositionSide.SHORT)):
        bench.control.place_order(
            bench.account,
            OrderRequest("BTCUSDT", side, OrderType.MARKET, position_side=leg, quantity=Decimal("0.030")),
        )
    seen = await reader.read(question())
    held = {(str(one.leg), one.quantity) for one in seen.positions if one.quantity}
    assert held == {("LONG", Decimal("0.030")), ("SHORT", Decimal("-0.030"))}
    assert {str(one.leg) for one in seen.fills} == {"LONG", "SHORT"}
