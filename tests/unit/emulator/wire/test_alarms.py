"""Waits follow the emulator's clock."""

from __future__ import annotations

import asyncio

from trueup.emulator.engine.clock import ManualClock, RealClock
from trueup.emulator.wire.alarms import Alarms


async def test_with_a_manual_clock_nothing_passes_until_it_is_stepped() -> None:
    clock = ManualClock(1_000)
    alarms = Alarms(clock)
    rung: list[str] = []
    alarms.at(1_200, lambda: rung.append("second"))
    alarms.at(1_100, lambda: rung.append("first"))
    waiting = asyncio.create_task(alarms.sleep_ms(150))
    await asyncio.sleep(0)

    alarms.fire()
    assert rung == []
    clock.advance(100)
    alarms.fire()
    assert rung == ["first"]
    assert not waiting.done()
    clock.advance(7 * 86_400_000)
    alarms.fire()
    await waiting
    assert rung == ["first", "second"]


async def test_equal_times_ring_in_the_order_in_which_they_were_set() -> None:
    clock = ManualClock(0)
    alarms = Alarms(clock)
    rung: list[int] = []
    for number in range(5):
        alarms.at(10, lambda number=number: rung.append(number))  # type: ignore[misc]  # a lambda's default has no type
    clock.advance(10)
    alarms.fire()

    assert rung == [0, 1, 2, 3, 4]


async def test_with_a_real_clock_the_event_loop_rings() -> None:
    alarms = Alarms(RealClock())
    rung = asyncio.Event()
    alarms.at(RealClock().now_ms() + 5, rung.set)

    async with asyncio.timeout(5):
        await rung.wait()
        await alarms.sleep_ms(1)
        await alarms.sleep_ms(0)


async def test_closing_forgets_what_was_set() -> None:
    clock = ManualClock(0)
    alarms = Alarms(clock)
    rung: list[int] = []
    alarms.at(1, lambda: rung.append(1))
    alarms.close()
    clock.advance(10)
    alarms.fire()

    assert rung == []
