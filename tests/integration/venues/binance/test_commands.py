"""Commands whose outcome is unknown are settled by asking, and by nothing else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from trueup.emulator.engine.enums import OrderType, Side, TimeInForce
from trueup.emulator.engine.values import OrderRequest
from trueup.emulator.process import EmulatorProcess
from trueup.venues.binance.probe.bench import Bench
from trueup.venues.binance.probe.rig import Rig

ORDER = "/fapi/v1/order"


@pytest.fixture
def bench(emulator: EmulatorProcess) -> Bench:
    return Bench(emulator, hardened=True)


async def resting(rig: Rig, price: str = "40000") -> Any:
    """Submit a limit order that rests."""
    order = rig.limit("BTCUSDT", "BUY", "0.010", price)
    await rig.until(lambda: order.is_open)
    return order


def names(order: Any) -> list[str]:
    """Return the events of an order."""
    return [type(event).__name__ for event in order.events]


async def test_an_amendment_that_was_executed_under_an_error_is_found_by_asking(bench: Bench) -> None:
    async with bench.rig() as rig:
        await rig.start()
        order = await resting(rig)
        bench.fault({"method": "PUT", "path": ORDER}, {"kind": "accepted_but"})
        bench.fault({"event": "ORDER_TRADE_UPDATE"}, {"kind": "drop_event"})
        rig.amend(order, price="41000")
        await rig.until(lambda: order.price == Decimal(41_000))
        assert order.status_string() == "ACCEPTED"
        assert "OrderModifyRejected" not in names(order)


async def test_an_amendment_that_never_arrived_is_rejected_after_its_grace_and_the_order_works_on(bench: Bench) -> None:
    async with bench.rig() as rig:
        await rig.start()
        order = await resting(rig)
        bench.fault({"method": "PUT", "path": ORDER, "count": 1}, {"kind": "timeout_unknown", "effect": False})
        rig.amend(order, price="41000")
        await rig.until(lambda: "OrderModifyRejected" in names(order))
        assert order.status_string() == "ACCEPTED"
        assert order.price == Decimal(40_000)
        puts = [one for one in bench.questions() if one.startswith(f"PUT {ORDER}")]
        assert len(puts) == 1, "an amendment of unknown outcome was sent again"


async def test_a_cancel_that_was_executed_under_an_error_ends_the_order_once(bench: Bench) -> None:
    async with bench.rig() as rig:
        await rig.start()
        order = await resting(rig)
        bench.fault({"method": "DELETE", "path": ORDER, "count": 1}, {"kind": "accepted_but"})
        bench.fault({"event": "ORDER_TRADE_UPDATE"}, {"kind": "drop_event"})
        rig.cancel(order)
        await rig.until(lambda: order.is_closed)
        assert order.status_string() == "CANCELED"
        assert "OrderCancelRejected" not in names(order)


async def test_a_batch_cancel_under_an_error_is_settled_order_by_order(bench: Bench) -> None:
    async with bench.rig() as rig:
        await rig.start()
        orders = [await resting(rig, f"{40_000 + n}") for n in range(3)]
        bench.fault({"method": "DELETE", "path": "/fapi/v1/batchOrders", "count": 1}, {"kind": "accepted_but"})
        bench.fault({"event": "ORDER_TRADE_UPDATE"}, {"kind": "drop_event"})
        rig.cancel_batch(orders)
        await rig.until(lambda: all(order.is_closed for order in orders))
        assert {order.status_string() for order in orders} == {"CANCELED"}
        assert not any("OrderCancelRejected" in names(order) for order in orders)


async def test_cancelling_all_orders_under_an_error_leaves_none_open(bench: Bench) -> None:
    async with bench.rig() as rig:
        await rig.start()
        orders = [await resting(rig, f"{40_000 + n}") for n in range(3)]
        bench.fault({"method": "DELETE", "path": "/fapi/v1/allOpenOrders", "count": 1}, {"kind": "accepted_but"})
        bench.fault({"event": "ORDER_TRADE_UPDATE", "count": 3}, {"kind": "drop_event"})
        rig.cancel_all("BTCUSDT")
        await rig.until(lambda: all(order.is_closed for order in orders))
        assert bench.control.open_orders(bench.account) == []


async def test_a_conditional_order_accepted_under_an_error_is_found_by_asking(bench: Bench) -> None:
    bench.fault({"method": "POST", "path": "/fapi/v1/algoOrder"}, {"kind": "accepted_but"})
    bench.fault({"event": "ALGO_UPDATE"}, {"kind": "drop_event"})
    async with bench.rig() as rig:
        await rig.start()
        order = rig.stop_market("BTCUSDT", "SELL", "0.010", "49000")
        await rig.until(lambda: order.is_open or order.is_closed)
        assert order.status_string() == "ACCEPTED"
        assert len(bench.control.algo_orders(bench.account)) == 1


async def test_a_market_order_of_unknown_outcome_is_booked_with_its_real_fills_and_never_sent_twice(
    bench: Bench,
) -> None:
    bench.fault({"method": "POST", "path": ORDER}, {"kind": "timeout_unknown"})
    bench.fault({"event": "*"}, {"kind": "drop_event"})
    async with bench.rig() as rig:
        await rig.start()
        order = rig.market("BTCUSDT", "BUY", "0.050")
        await rig.until(lambda: order.is_closed)
        assert order.status_string() == "FILLED"
        trades = bench.control.trades(bench.account)
        assert [fill.trade_id.value for fill in rig.fills("BTCUSDT")] == [str(trade.trade_id) for trade in trades]
        assert rig.fills("BTCUSDT")[0].commission.as_decimal() == trades[0].commission
        assert rig.net("BTCUSDT") == bench.position("BTCUSDT") == Decimal("0.050")


async def test_another_order_under_our_client_order_id_is_not_taken_for_ours(bench: Bench) -> None:
    async with bench.rig() as rig:
        await rig.start()
        ours = rig.orders.limit(
            rig.instrument_id("BTCUSDT"),
            1,
            rig.quantity("BTCUSDT", "0.010"),
            rig.cache.instrument(rig.instrument_id("BTCUSDT")).make_price(40_000),
        )
        bench.fault({"event": "ORDER_TRADE_UPDATE"}, {"kind": "drop_event"})
        bench.control.place_order(
            bench.account,
            OrderRequest(
                "BTCUSDT",
                Side.BUY,
                OrderType.LIMIT,
                time_in_force=TimeInForce.GTC,
                quantity=Decimal("0.020"),
                price=Decimal(39_000),
                client_order_id=ours.client_order_id.value,
            ),
        )
        rig.submit(ours)
        await rig.until(lambda: ours.is_closed)
        assert ours.status_string() == "REJECTED"
        assert "duplicated" in ours.last_event.reason
        assert len(bench.control.open_orders(bench.account)) == 1


async def test_an_order_that_the_venue_refuses_is_rejected_with_its_words(bench: Bench) -> None:
    async with bench.rig() as rig:
        await rig.start()
        order = rig.limit("BTCUSDT", "BUY", "900", "49000")
        await rig.until(lambda: order.is_closed)
        assert order.status_string() == "REJECTED"
        assert "Margin is insufficient" in order.last_event.reason


async def test_a_refused_timestamp_is_corrected_and_the_order_sent_once_more(bench: Bench) -> None:
    async with bench.rig() as rig:
        await rig.start()
        bench.fault({}, {"kind": "clock_skew", "skew_ms": -30_000})
        order = rig.limit("BTCUSDT", "BUY", "0.010", "40000")
        await rig.until(lambda: order.is_open)
        assert len(bench.control.open_orders(bench.account)) == 1
        assert abs(rig.client.gate.skew.offset_ms + 30_000) < 1_000
