"""A second look at many symbols asks for what moved, and misses nothing that did."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import GenerateOrderStatusReports

from trueup.emulator.process import EmulatorProcess
from trueup.venues.binance.probe.bench import QUICK, Bench

SETTINGS = replace(QUICK, direct_symbols_max=0)


async def test_what_did_not_move_is_not_asked_again_and_what_did_is(emulator: EmulatorProcess) -> None:
    bench = Bench(emulator, hardened=True, settings=SETTINGS)
    symbols = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    for symbol in symbols:
        bench.market(symbol, "BUY", "1")
    await asyncio.sleep(2.2)  # a fill within the margin before the first look counts as movement
    async with bench.rig(symbols=symbols) as rig:
        await rig.start(reconcile=False)
        first = await rig.client.generate_mass_status()
        bench.control.clear_requests()
        second = await rig.client.generate_mass_status()
        assert [one for one in bench.questions() if "symbol=" in one] == []
        bench.market("ETHUSDT", "BUY", "1")
        bench.market("SOLUSDT", "SELL", "1")
        bench.control.clear_requests()
        third = await rig.client.generate_mass_status()
        asked = {one.split("symbol=")[1].split("&")[0] for one in bench.questions() if "symbol=" in one}
    assert asked == {"ETHUSDT", "SOLUSDT"}
    assert _trades(first) == _trades(second)
    assert _trades(third) == {str(trade.trade_id) for trade in bench.control.trades(bench.account)}


async def test_a_round_trip_on_a_flat_symbol_between_two_looks_is_found(emulator: EmulatorProcess) -> None:
    bench = Bench(emulator, hardened=True, settings=SETTINGS)
    symbols = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    for symbol in symbols[:2]:
        bench.market(symbol, "BUY", "1")
    async with bench.rig(symbols=symbols) as rig:
        await rig.start(reconcile=False)
        await rig.client.generate_mass_status()
        bench.market("SOLUSDT", "BUY", "1")
        bench.market("SOLUSDT", "SELL", "1")
        status = await rig.client.generate_mass_status()
    assert _trades(status) == {str(trade.trade_id) for trade in bench.control.trades(bench.account)}


def _trades(status: object) -> set[str]:
    reports = status.fill_reports.values()  # type: ignore[attr-defined]  # the engine is not typed
    return {report.trade_id.value for listed in reports for report in listed}


async def test_a_conditional_order_older_than_the_look_is_followed_into_what_it_became_unheard(
    emulator: EmulatorProcess,
) -> None:
    bench = Bench(emulator, hardened=True, settings=SETTINGS)
    bench.market("BTCUSDT", "BUY", "0.010")
    async with bench.rig() as rig:
        await rig.start()
        order = rig.stop_market("BTCUSDT", "SELL", "0.010", "49000")
        await rig.until(lambda: order.is_open)
        await asyncio.sleep(1)  # the stop lies before the window that is read
        since = datetime.now(UTC)
        for event in ("ALGO_UPDATE", "ORDER_TRADE_UPDATE"):
            bench.fault({"event": event}, {"kind": "drop_event"})
        bench.control.move_to("BTCUSDT", Decimal("48990"))
        (became,) = [
            one for one in bench.control.orders(bench.account) if one.client_order_id == str(order.client_order_id)
        ]
        command = GenerateOrderStatusReports(
            instrument_id=None,
            start=since,
            end=None,
            open_only=False,
            command_id=UUID4(),
            ts_init=rig.clock.timestamp_ns(),
        )
        reports = await rig.client.generate_order_status_reports(command)
        (told,) = [one for one in reports if one.client_order_id == order.client_order_id]
        assert (str(told.venue_order_id), told.order_status.name) == (str(became.order_id), "FILLED")
        assert str(order.venue_order_id) == str(became.order_id), "or the engine refuses its fills"
