"""An order that self-trade prevention ends is told by one word, in reports as in the stream."""

from __future__ import annotations

from decimal import Decimal

from nautilus_trader.model.enums import OrderStatus

from trueup.emulator.engine.enums import OrderStatus as VenueStatus
from trueup.emulator.engine.enums import OrderType, Side, TimeInForce
from trueup.emulator.engine.values import OrderRequest
from trueup.emulator.process import EmulatorProcess
from trueup.venues.binance.probe.bench import Bench


async def test_an_order_that_expired_in_match_is_reported_as_expired(emulator: EmulatorProcess) -> None:
    bench = Bench(emulator, hardened=True)
    top = bench.control.book_top("BTCUSDT")
    middle = top.bid - Decimal("10.0")
    bench.control.set_market("BTCUSDT", middle - 100, middle + 100)
    resting = bench.control.place_order(
        bench.account,
        OrderRequest(
            "BTCUSDT",
            Side.BUY,
            OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            quantity=Decimal("0.010"),
            price=middle,
            client_order_id="rests",
        ),
    )
    bench.control.place_order(
        bench.account,
        OrderRequest(
            "BTCUSDT",
            Side.SELL,
            OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            quantity=Decimal("0.010"),
            price=middle,
            client_order_id="meets-it",
        ),
    )
    (ended,) = [one for one in bench.control.orders(bench.account) if one.order_id == resting.order_id]
    assert ended.status is VenueStatus.EXPIRED_IN_MATCH
    async with bench.rig(symbols=("BTCUSDT",)) as rig:
        await rig.start(reconcile=False)
        status = await rig.client.generate_mass_status()
    reports = {str(report.client_order_id): report for report in status.order_reports.values()}
    assert reports["rests"].order_status == OrderStatus.EXPIRED
