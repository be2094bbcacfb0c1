"""Another process of the same address uses up the venue's minute. The rest of a night: see `test_node_night`."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from urllib.request import urlopen

from trueup.emulator.process import EmulatorProcess
from trueup.venues.binance.probe.bench import QUICK, Bench

MINUTE_MS = 60_000


def use_weight(rest_url: str, until: int) -> None:
    """Use the address's weight as another process would: 20 for each depth of 1,000 levels."""
    used = 0
    while used < until:
        with urlopen(f"{rest_url}/fapi/v1/depth?symbol=BTCUSDT&limit=1000", timeout=10) as answer:
            used = int(answer.headers["X-MBX-USED-WEIGHT-1M"])


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
            # What the first answer tells of the weight is of a minute before, by the clock that it puts right.
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
