"""A node that trades, closes and purges without end: what it keeps."""

# mypy: disallow-subclassing-any=False
# The engine ships no usable type information: subclassing an untyped base is the only way to use it.

from __future__ import annotations

import asyncio
import gc
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.enums import OrderSide, OrderType
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.trading.strategy import Strategy

import trueup
from benchmarks.node.account import ONE, make_account, order_report
from benchmarks.node.client import AccountClient, build_node
from benchmarks.node.meters import resident_mib, spending, until

BUFFER_SECS: Final = 1
EXPECTED_SECS: Final = 0.5  # shorter than the engine's buffer: what may be gone is not expected
KEPT_BY_VENUE: Final = 1_000
PAUSE_SECS: Final = 0.01
PATIENCE_SECS: Final = 20.0
STOP_SECS: Final = 20.0
TYPES_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Task:
    """How often to trade and purge.

    Parameters
    ----------
    instruments : int
        Each is bought and sold once a cycle.
    warm_up : int
        Cycles before the first of the two counts that are compared.
    """

    mode: str
    cycles: int = 1_000
    warm_up: int = 200
    instruments: int = 4
    working: int = 20
    sampled_every: int = 20


class FillingClient(AccountClient):
    """Fill every order at once, and say so."""

    async def _submit_order(self, command: Any) -> None:
        order = command.order
        account, instrument = self.account, self._cache.instrument(order.instrument_id)
        now_ns = self._clock.timestamp_ns()
        name = order.client_order_id.value
        identity = (order.strategy_id, order.instrument_id, order.client_order_id)
        self.generate_order_submitted(*identity, now_ns)
        report = order_report(instrument, name, order.side, order.price.as_decimal(), now_ns, client_order_id=name)
        account.add_order(report)
        self.generate_order_accepted(*identity, VenueOrderId(f"V-{name}"), now_ns)
        fill = account.trade(instrument, f"V-{name}", ONE, now_ns)
        self.generate_order_filled(
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            venue_order_id=fill.venue_order_id,
            venue_position_id=None,
            trade_id=fill.trade_id,
            order_side=order.side,
            order_type=OrderType.LIMIT,
            last_qty=fill.last_qty,
            last_px=fill.last_px,
            quote_currency=instrument.quote_currency,
            commission=fill.commission,
            liquidity_side=fill.liquidity_side,
            ts_event=fill.ts_event,
        )


class Trader(Strategy):
    """Buy or sell one contract of everything when told."""

    def trade(self, instruments: list[Any], side: OrderSide) -> list[Any]:
        """Submit one order for each instrument and return them."""
        orders = [self.order_factory.limit(one.id, side, one.make_qty(1), one.make_price(100)) for one in instruments]
        for order in orders:
            self.submit_order(order)
        return orders


def run(task: Task) -> dict[str, Any]:
    """Start the node, live through all cycles, and return what it kept."""
    account = make_account("one_sided", 0, task.working, task.instruments, time.time_ns())
    trader = Trader(StrategyConfig(order_id_tag="001"))
    node = build_node(account, kind=FillingClient, strategies=(trader,))
    settings = {"startup_delay_secs": 0.1, "open_check_interval_secs": 1.0, "second_look_secs": 0.2}
    settings |= {"purge_buffer_secs": EXPECTED_SECS, "deep_interval_secs": 5.0}
    handle = trueup.attach(node, {"mode": task.mode, **settings})
    found: dict[str, Any] = node.kernel.loop.run_until_complete(_Life(node, handle, trader, task).run())
    return found


class _Life:
    def __init__(self, node: Any, handle: Any, trader: Trader, task: Task) -> None:
        self._node = node
        self._handle = handle
        self._trader = trader
        self._task = task
        (client,) = node.kernel.exec_engine._clients.values()
        self._account = client.account
        self._steps = 0
        handle.listen(self._hear)

    def _hear(self, event: Any) -> None:
        if event.kind == "verdict":
            self._steps += event.data["steps"]

    async def run(self) -> dict[str, Any]:
        running = asyncio.create_task(self._node.run_async())
        assert await until(lambda: bool(self._node.trader.is_running), PATIENCE_SECS), self._handle.failure
        samples, counts = [], {}
        with spending() as spent:
            for number in range(1, self._task.cycles + 1):
                await self._cycle()
                if number % self._task.sampled_every == 0:
                    gc.collect()
                    samples.append((number, round(resident_mib(), 2)))
                if number in (self._task.warm_up, self._task.cycles):
                    counts[number] = Counter(type(one).__name__ for one in gc.get_objects())
        first, last = counts[self._task.warm_up], counts[self._task.cycles]
        grown = Counter({name: last[name] - first[name] for name in last if last[name] > first[name]})
        found = {
            "samples": samples,
            "objects": [first.total(), last.total()],
            "grown": grown.most_common(TYPES_SHOWN),
            "orders_left": self._node.cache.orders_total_count(),
            "cpu_secs": spent.cpu_secs,
            "wall_secs": spent.wall_secs,
            "steps": self._steps,
        }
        await asyncio.wait_for(self._node.stop_async(), STOP_SECS)
        await asyncio.wait({running}, timeout=STOP_SECS)
        return found

    async def _filled(self, orders: list[Any]) -> None:
        filled = await until(lambda: all(order.is_closed for order in orders), PATIENCE_SECS, PAUSE_SECS)
        assert filled, "an order was not filled"

    async def _cycle(self) -> None:
        """Go in and out of every instrument, make sure that it is true, and purge what has been closed for a while."""
        for side in (OrderSide.BUY, OrderSide.SELL):
            orders = self._trader.trade(self._account.instruments, side)
            await self._filled(orders)
        if self._task.mode == "verified":
            outcome = await self._handle.true_up()
            assert outcome.verdict.value == "CLEAN", outcome.lines[:5]
        cache = self._node.cache
        now_ns = self._node.kernel.clock.timestamp_ns()
        cache.purge_closed_orders(now_ns, BUFFER_SECS)
        cache.purge_closed_positions(now_ns, BUFFER_SECS)
        cache.purge_account_events(now_ns, BUFFER_SECS)
        self._account.forget_before(KEPT_BY_VENUE)
