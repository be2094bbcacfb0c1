"""The user stream lives: renewed, replaced, opened again after every kind of end, and every gap is repaired."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest

from trueup.emulator.process import EmulatorProcess
from trueup.venues.binance.probe.bench import QUICK, Bench
from trueup.venues.binance.stream_rules import GapReason, StreamGap


def quick(**rules: float) -> object:
    """Return quick bounds with other rules of the stream."""
    return replace(QUICK, stream=replace(QUICK.stream, **rules))


async def test_a_listen_key_is_renewed_in_time(emulator: EmulatorProcess) -> None:
    bench = Bench(emulator, hardened=True, settings=quick(renew_secs=0.1))  # type: ignore[arg-type]  # a dataclass
    async with bench.rig() as rig:
        await rig.start()
        await rig.until(lambda: rig.client.stream.renewals >= 3)
        assert len([one for one in bench.questions() if one.startswith("PUT /fapi/v1/listenKey")]) >= 3
        assert rig.client.stream.gaps == 0


async def test_a_renewal_that_fails_is_tried_again_without_giving_up_the_stream(emulator: EmulatorProcess) -> None:
    settings = quick(renew_secs=0.1, renew_retry_secs=0.1)
    bench = Bench(emulator, hardened=True, settings=settings)  # type: ignore[arg-type]  # a dataclass
    async with bench.rig() as rig:
        await rig.start()
        bench.fault(
            {"method": "PUT", "path": "/fapi/v1/listenKey", "count": 2},
            {"kind": "respond", "status": 502, "body": "Bad"},
        )
        await rig.until(lambda: rig.client.stream.renewals >= 2)
        assert rig.client.stream.gaps == 0


async def test_a_connection_is_replaced_before_the_venue_cuts_it_and_no_event_is_lost_or_doubled(
    emulator: EmulatorProcess,
) -> None:
    bench = Bench(emulator, hardened=True, settings=quick(replace_secs=0.15))  # type: ignore[arg-type]  # a dataclass
    async with bench.rig() as rig:
        await rig.start()
        orders = [rig.limit("BTCUSDT", "BUY", "0.010", f"{40_000 + n}") for n in range(12)]
        await rig.until(lambda: all(order.is_open for order in orders))
        for order in orders:
            bench.control.fill(int(order.venue_order_id.value))
            await asyncio.sleep(0.06)
        await rig.until(lambda: all(order.is_closed for order in orders))
        assert rig.client.stream.replacements >= 3
        assert rig.client.stream.gaps == 0
        assert rig.net("BTCUSDT") == Decimal("0.120")
        seen = Counter(event.trade_id.value for event in rig.events if type(event).__name__ == "OrderFilled")
        assert set(seen) == {str(trade.trade_id) for trade in bench.control.trades(bench.account)}


@pytest.mark.parametrize("end", ["cut", "expired", "key refused"])
async def test_after_every_end_the_stream_stands_again_and_a_true_up_is_asked_for_before_events_go_on(
    emulator: EmulatorProcess, end: str
) -> None:
    settings = quick(renew_secs=0.2) if end == "key refused" else QUICK
    bench = Bench(emulator, hardened=True, settings=settings)  # type: ignore[arg-type]  # a dataclass
    gaps: list[StreamGap] = []
    async with bench.rig() as rig:
        await rig.start()
        order = rig.limit("BTCUSDT", "BUY", "0.010", "40000")
        await rig.until(lambda: order.is_open)

        async def hook(gap: StreamGap) -> None:
            gaps.append(gap)
            bench.control.fill(int(order.venue_order_id.value))
            await asyncio.sleep(0.1)
            assert order.is_open, "an event was handed out while the gap was being repaired"

        rig.client.on_gap(hook)
        if end == "cut":
            bench.control.cut_streams(bench.account)
        elif end == "expired":
            bench.control.expire_listen_key(bench.account)
        else:
            bench.fault({"method": "PUT", "path": "/fapi/v1/listenKey", "count": 1}, {"kind": "refuse_listen_key"})
        await rig.until(lambda: order.is_closed)
    reasons = {"cut": GapReason.CLOSED, "expired": GapReason.KEY_EXPIRED, "key refused": GapReason.KEY_REFUSED}
    assert [gap.reason for gap in gaps] == [reasons[end]]
    assert gaps[0].since_ns <= gaps[0].until_ns


async def test_a_subscriber_that_fails_or_hangs_holds_nothing_up(emulator: EmulatorProcess) -> None:
    bench = Bench(emulator, hardened=True, settings=quick(hold_secs_max=0.2))  # type: ignore[arg-type]  # a dataclass
    async with bench.rig() as rig:
        await rig.start()
        order = rig.limit("BTCUSDT", "BUY", "0.010", "40000")
        await rig.until(lambda: order.is_open)
        calls = []

        async def hook(gap: StreamGap) -> None:
            calls.append(gap)
            if len(calls) == 1:
                raise RuntimeError("a subscriber's own fault")
            await asyncio.sleep(3_600)

        rig.client.on_gap(hook)
        for expected in (1, 2):
            bench.control.cut_streams(bench.account)
            await rig.until(lambda expected=expected: len(calls) == expected)  # type: ignore[misc]  # mypy: lambda default
        bench.control.fill(int(order.venue_order_id.value))
        await rig.until(lambda: order.is_closed)


async def test_a_venue_that_is_down_when_the_stream_ends_is_asked_until_it_is_back(emulator: EmulatorProcess) -> None:
    bench = Bench(emulator, hardened=True)
    async with bench.rig() as rig:
        await rig.start()
        order = rig.limit("BTCUSDT", "BUY", "0.010", "40000")
        await rig.until(lambda: order.is_open)
        fault = bench.fault({}, {"kind": "respond", "status": 503, "body": {"code": -1001, "msg": "Internal error"}})
        bench.control.cut_streams(bench.account)
        bench.control.fill(int(order.venue_order_id.value))
        await asyncio.sleep(1.0)
        assert not order.is_closed
        bench.control.remove_fault(fault)
        await rig.until(lambda: order.is_closed)
        assert rig.fills("BTCUSDT")[0].commission.as_decimal() > 0
