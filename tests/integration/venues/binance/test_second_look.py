"""A second look at many symbols asks for what moved, and misses nothing that did."""

from __future__ import annotations

import asyncio
from dataclasses import replace

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
