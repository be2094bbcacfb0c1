"""A start that needs more than the venue grants in a minute waits for the next ones, and is never refused.

The venue's clock only steps when told: each wait of the client for its budget steps it by just that wait, so minutes
pass in seconds. Half of the 500 perpetuals are the emulator's synthetic ones.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from trueup.emulator.engine.enums import OrderType, Side
from trueup.emulator.engine.symbols import SymbolRules, symbol_table
from trueup.emulator.engine.values import OrderRequest
from trueup.emulator.process import EmulatorProcess
from trueup.venues.binance import pacer
from trueup.venues.binance.planner import WeightQuestion, plan_weight
from trueup.venues.binance.probe.bench import QUICK, Bench
from trueup.venues.binance.profiles import USDM_FUTURES

MINUTE_MS = 60_000
SYMBOLS = 500
TABLE = symbol_table(SYMBOLS)
PERPETUALS = [rules for rules in TABLE.values() if rules.quote == "USDT"][:SYMBOLS]
SETTINGS = replace(QUICK, request_timeout_secs=10.0)
PAUSE_SECS_MIN = 0.25
"""What the client waits for its budget is never so short that it must be told from other pauses; those are real."""


class SteppedTime:
    """Stand in for ``asyncio`` inside the gate: a wait for budget steps the venue's clock instead of taking time."""

    def __init__(self, emulator: EmulatorProcess) -> None:
        self._control = emulator.control
        self._stepping = asyncio.Lock()
        self.now_ms = self._control.clock().now_ms
        self.minutes_waited = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, secs: float) -> None:
        """Wait, or step the clock unless somebody else who waited for the same minute just did."""
        if secs < PAUSE_SECS_MIN:
            await asyncio.sleep(secs)
            return
        target_ms = self.now_ms + round(secs * 1_000)
        async with self._stepping:
            if self.now_ms < target_ms:
                # What is under way reaches the venue in the minute that it was booked in.
                await asyncio.sleep(PAUSE_SECS_MIN)
                self.now_ms = await asyncio.to_thread(self._control.step_clock, target_ms - self.now_ms)
                self.minutes_waited += 1


@pytest.fixture
def emulator() -> Iterator[EmulatorProcess]:
    """Run an emulator that lists enough, on a clock that only steps."""
    settings = {"clock": {"kind": "manual"}, "synthetic_symbols": SYMBOLS}
    with EmulatorProcess(settings=settings) as process:
        process.control.pause_market()
        yield process


def smallest(rules: SymbolRules, price: Decimal) -> OrderRequest:
    """Return a market order that the symbol's rules allow."""
    quantity = rules.round_quantity(2 * rules.min_notional / price) + rules.step
    return OrderRequest(rules.symbol, Side.BUY, OrderType.MARKET, quantity=max(quantity, rules.min_quantity))


async def test_a_start_of_500_symbols_is_spread_over_minutes_and_never_refused(
    emulator: EmulatorProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(emulator, hardened=True, settings=SETTINGS)
    bench.control.deposit(bench.account, Decimal(1_000_000))
    for rules in PERPETUALS:
        bench.control.place_order(bench.account, smallest(rules, bench.control.book_top(rules.symbol).ask))
    bench.control.clear_requests()
    names = tuple(rules.symbol for rules in PERPETUALS)
    async with bench.rig(symbols=names) as rig:
        time = SteppedTime(emulator)
        monkeypatch.setattr(pacer, "asyncio", time)
        monkeypatch.setattr(rig.client.gate, "_clock_ms", lambda: time.now_ms)
        assert await rig.start(timeout_secs=60.0)
        requests = bench.control.requests(limit=20_000)
        assert all(rig.net(name) == bench.position(name) for name in names)
    weights: Counter[int] = Counter()
    for entry in requests:
        weights[entry.time_ms // MINUTE_MS] += entry.weight
    plan = plan_weight(WeightQuestion(profile=USDM_FUTURES, instruments=len(names), settings=SETTINGS))
    assert [entry for entry in requests if entry.status in (418, 429)] == []
    assert max(weights.values()) <= USDM_FUTURES.weight_limit
    assert time.minutes_waited == plan.start_secs // 60 == 2
    assert sum(weights.values()) >= plan.start_weight
