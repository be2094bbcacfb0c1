"""A night at the venue, compressed: ten hours of its clock pass in seconds.

The emulator's clock only steps when told. The client's own intervals are made as short as the steps are quick; every
rule that it follows is the one of a real night.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from decimal import Decimal
from urllib.request import urlopen

import pytest

from trueup.emulator.process import EmulatorProcess
from trueup.venues.binance.probe.bench import QUICK, Bench

MINUTE_MS = 60_000
MAINTENANCE_MINUTES = 40
NIGHT = replace(
    QUICK,
    pacing_wait_secs_max=5.0,
    stream=replace(QUICK.stream, renew_secs=0.05, renew_retry_secs=0.05),
)


def use_weight(rest_url: str, until: int) -> None:
    """Use the address's weight as another process would: 20 for each depth of 1,000 levels."""
    used = 0
    while used < until:
        with urlopen(f"{rest_url}/fapi/v1/depth?symbol=BTCUSDT&limit=1000", timeout=10) as answer:
            used = int(answer.headers["X-MBX-USED-WEIGHT-1M"])


@pytest.fixture
def night() -> EmulatorProcess:
    """Return an emulator whose clock only steps when told."""
    return EmulatorProcess(settings={"clock": {"kind": "manual"}})


async def test_no_order_becomes_falsely_terminal_in_a_night_and_the_account_is_true_after_it(
    night: EmulatorProcess,
) -> None:
    with night as emulator:
        emulator.control.pause_market()
        bench = Bench(emulator, hardened=True, settings=NIGHT)
        async with bench.rig() as rig:
            await rig.start()
            resting = [rig.limit("BTCUSDT", "BUY", "0.010", f"{40_000 + 100 * n}") for n in range(3)]
            await rig.until(lambda: all(order.is_open for order in resting))

            # Six hours: the listen key would have died six times.
            for _ in range(18):
                renewed = rig.client.stream.renewals
                emulator.control.step_clock(20 * MINUTE_MS)
                await rig.until(lambda renewed=renewed: rig.client.stream.renewals > renewed)  # type: ignore[misc]
            bench.control.fill(int(resting[0].venue_order_id.value))
            await rig.until(lambda: resting[0].is_closed)

            # Maintenance: every answer a 503, the stream cut, an order under way, a fill that nobody hears of.
            fault = bench.fault({}, {"kind": "respond", "status": 503, "body": "Service Unavailable."})
            bench.control.cut_streams(bench.account)
            under_way = rig.limit("BTCUSDT", "BUY", "0.010", "39000")
            bench.control.fill(int(resting[1].venue_order_id.value))
            for _ in range(MAINTENANCE_MINUTES // 5):
                emulator.control.step_clock(5 * MINUTE_MS)
                await asyncio.sleep(0.05)
            assert [order.status_string() for order in resting] == ["FILLED", "ACCEPTED", "ACCEPTED"]
            bench.control.remove_fault(fault)
            ended = time.monotonic()
            await rig.until(lambda: resting[1].is_closed)
            assert time.monotonic() - ended < 30

            # The venue's cut at 24 hours.
            emulator.control.step_clock(18 * 60 * MINUTE_MS)
            await rig.until(lambda: rig.client.stream.gaps >= 2)
            bench.control.fill(int(resting[2].venue_order_id.value))
            await rig.until(lambda: resting[2].is_closed)

            live = {order.order_id for order in bench.control.open_orders(bench.account)}
            node = {int(order.venue_order_id.value) for order in rig.cache.orders_open()}
            assert node == live
            assert under_way.status_string() in ("REJECTED", "ACCEPTED")
            assert under_way.is_open == bool(live)
            assert rig.net("BTCUSDT") == bench.position("BTCUSDT") == Decimal("0.030")
            assert {fill.trade_id.value for fill in rig.fills("BTCUSDT")} == {
                str(trade.trade_id) for trade in bench.control.trades(bench.account)
            }


async def test_weight_used_up_by_another_process_of_the_address_is_waited_for_and_never_refused() -> None:
    with EmulatorProcess() as emulator:
        emulator.control.pause_market()
        bench = Bench(emulator, hardened=True, settings=replace(QUICK, pacing_wait_secs_max=20.0))
        async with bench.rig() as rig:
            await rig.start()
            # Let it be six seconds before a minute of the venue's clock.
            now_ms = emulator.control.clock().now_ms
            emulator.control.offset_clock((MINUTE_MS - now_ms % MINUTE_MS - 6_000) % MINUTE_MS)
            await asyncio.to_thread(use_weight, bench.ready.rest, 2_310)
            await rig.client.gate.measure_clock()
            begun = time.monotonic()
            reading = asyncio.ensure_future(rig.client.generate_mass_status())
            order = rig.limit("BTCUSDT", "BUY", "0.010", "40000")
            await rig.until(lambda: order.is_open)
            assert not reading.done(), "the reading did not wait for the next minute"
            assert await asyncio.wait_for(reading, 15) is not None
            waited_secs = time.monotonic() - begun
            requests = emulator.control.requests(limit=20_000)
        assert 0.5 < waited_secs < 8
        assert [entry for entry in requests if entry.status in (418, 429)] == []
