"""Measure what each trading state lets through: ``python -m tests.integration.guard.effect_main``; prints JSON.

One real node, a venue that answers like a well-behaved adapter, a strategy that tries every act in every state. An act
"passes" when it reaches the execution client, and "denied" when it does not.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from decimal import Decimal
from typing import Any

from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import OrderSide, OrderType, TradingState, TriggerType
from nautilus_trader.trading.strategy import Strategy

from tests.integration.node import sim
from tests.integration.node.sim import BTC, TRUTH, build_sim_node, client_of

POSITIONS = {"flat": "0", "long": "2.000"}
SETTLE_SECS = 0.04


class Actor(Strategy):
    """Hold the order factory."""

    def __init__(self) -> None:
        super().__init__(StrategyConfig(order_id_tag="001", manage_contingent_orders=True))

    def limit(self, side: OrderSide, quantity: str, price: str = "100.0", **more: Any) -> Any:
        return self.order_factory.limit(
            BTC.id, side, BTC.make_qty(Decimal(quantity)), BTC.make_price(Decimal(price)), **more
        )


class Client(sim.SimExecutionClient):
    """Note what reaches the venue."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.reached: list[tuple[str, str]] = []

    async def _submit_order(self, command: Any) -> None:
        self.reached.append(("submit", command.order.client_order_id.value))
        await super()._submit_order(command)

    async def _submit_order_list(self, command: Any) -> None:
        for order in command.order_list.orders:
            self.reached.append(("submit", order.client_order_id.value))
            self.generate_order_submitted(
                order.strategy_id, order.instrument_id, order.client_order_id, self._clock.timestamp_ns()
            )

    async def _modify_order(self, command: Any) -> None:
        self.reached.append(("modify", command.client_order_id.value))

    async def _cancel_order(self, command: Any) -> None:
        self.reached.append(("cancel", command.client_order_id.value))
        await super()._cancel_order(command)

    async def _cancel_all_orders(self, command: Any) -> None:
        self.reached.append(("cancel", "all"))
        for order in self._cache.orders_open(instrument_id=command.instrument_id):
            self.generate_order_canceled(
                order.strategy_id,
                order.instrument_id,
                order.client_order_id,
                order.venue_order_id,
                self._clock.timestamp_ns(),
            )


class Bench:
    """Try acts on one node."""

    def __init__(self) -> None:
        sim.SimExecutionClient = Client  # type: ignore[assignment, misc]  # the factory builds what the name stands for
        self.actor = Actor()
        self.node = build_sim_node(strategies=[self.actor], reconciliation=False)
        self.client = client_of(self.node)
        self.rows: dict[str, dict[str, str]] = {}

    def state(self, name: str) -> None:
        risk = self.node.kernel.risk_engine
        if risk.trading_state != TradingState[name]:
            risk.set_trading_state(TradingState[name])

    async def resting(self, side: OrderSide, **more: Any) -> Any:
        """Return an order that rests at the venue, placed before the state was set."""
        order = self.actor.limit(side, "1.000", **more)
        self.actor.submit_order(order)
        await self.until(lambda: order.status_string() == "ACCEPTED")
        return order

    async def until(self, what: Any, secs: float = 60.0) -> None:
        deadline = time.monotonic() + secs
        while not what():
            assert time.monotonic() < deadline, "it did not happen in time"
            await asyncio.sleep(0.005)

    async def fill(self, order: Any, quantity: str, price: str = "100.0") -> None:
        (number,) = [
            row.venue_order_id for row in TRUTH.orders.values() if row.client_order_id == order.client_order_id.value
        ]
        trade_id = f"T-{len(TRUTH.fills) + 1}"
        filled = str(order.filled_qty)  # 1.222 changes the quantity in place
        self.client.push_fill(TRUTH.fill(trade_id, number, quantity, price, time.time_ns()))
        await self.until(lambda: str(order.filled_qty) != filled)

    async def move_to(self, position: str) -> None:
        """Bring the position to flat or long, while the node may trade."""
        self.state("ACTIVE")
        held = sum((p.signed_decimal_qty() for p in self.node.cache.positions_open()), Decimal(0))
        wanted = Decimal(POSITIONS[position])
        if held == wanted:
            return
        change = wanted - held
        side = OrderSide.BUY if change > 0 else OrderSide.SELL
        order = self.actor.limit(side, f"{abs(change):.3f}")
        self.actor.submit_order(order)
        await self.until(lambda: order.status_string() == "ACCEPTED")
        await self.fill(order, f"{abs(change):.3f}")

    async def outcome(self, kind: str, name: str) -> str:
        await asyncio.sleep(SETTLE_SECS)
        return "passes" if (kind, name) in self.client.reached else "denied"

    async def submit(self, order: Any) -> str:
        self.actor.submit_order(order)
        return await self.outcome("submit", order.client_order_id.value)

    def quote(self, price: str) -> None:
        now_ns = time.time_ns()
        at = BTC.make_price(Decimal(price))
        self.node.kernel.msgbus.publish(
            f"data.quotes.{BTC.id.venue}.{BTC.id.symbol}",
            QuoteTick(BTC.id, at, at, BTC.make_qty(1), BTC.make_qty(1), now_ns, now_ns),
        )

    async def try_all(self, state: str, position: str) -> dict[str, str]:
        await self.move_to(position)
        found: dict[str, str] = {}
        buy, sell = OrderSide.BUY, OrderSide.SELL
        found.update(await self.try_submits(state, buy, sell))
        await self.move_to(position)
        found.update(await self.try_changes(state, buy, sell))
        await self.move_to(position)
        found.update(await self.try_indirect(state, buy, sell))
        return found

    async def try_submits(self, state: str, buy: Any, sell: Any) -> dict[str, str]:
        self.state(state)
        limit = self.actor.limit
        found = {
            "submit a BUY": await self.submit(limit(buy, "1.000")),
            "submit a SELL": await self.submit(limit(sell, "1.000")),
            "submit a SELL of 5 (more than is held)": await self.submit(limit(sell, "5.000")),
            "submit a reduce-only SELL": await self.submit(limit(sell, "1.000", reduce_only=True)),
        }
        factory = self.actor.order_factory
        bracket = factory.bracket(
            BTC.id,
            buy,
            BTC.make_qty(1),
            entry_order_type=OrderType.LIMIT,
            entry_price=BTC.make_price(100),
            tp_price=BTC.make_price(110),
            sl_trigger_price=BTC.make_price(90),
        )
        self.actor.submit_order_list(bracket)
        found["submit a bracket that opens with a BUY"] = await self.outcome(
            "submit", bracket.first.client_order_id.value
        )
        return found

    async def try_changes(self, state: str, buy: Any, sell: Any) -> dict[str, str]:
        grows, moves, goes, _ = [await self.resting(buy) for _ in range(4)]
        grows_sell = await self.resting(sell)
        self.state(state)
        self.actor.modify_order(grows, quantity=BTC.make_qty(2))
        self.actor.modify_order(grows_sell, quantity=BTC.make_qty(2))
        self.actor.modify_order(moves, price=BTC.make_price(101))
        self.actor.cancel_order(goes)
        found = {
            "enlarge a resting BUY": await self.outcome("modify", grows.client_order_id.value),
            "enlarge a resting SELL": await self.outcome("modify", grows_sell.client_order_id.value),
            "move the price of a resting BUY": await self.outcome("modify", moves.client_order_id.value),
            "cancel a resting order": await self.outcome("cancel", goes.client_order_id.value),
        }
        self.client.reached.clear()
        self.actor.cancel_all_orders(BTC.id)
        await asyncio.sleep(SETTLE_SECS)
        cancels = [one for one in self.client.reached if one[0] == "cancel"]
        found["cancel all orders"] = "passes" if cancels else "denied"
        self.state("ACTIVE")
        self.actor.cancel_all_orders(BTC.id)
        await self.until(lambda: not self.node.cache.orders_open())
        return found

    async def try_indirect(self, state: str, buy: Any, sell: Any) -> dict[str, str]:
        """Try what does not come from the strategy's own call in that state."""
        resting = await self.resting(buy)
        emulated = self.actor.limit(buy, "1.000", emulation_trigger=TriggerType.BID_ASK)
        self.actor.submit_order(emulated)
        fresh = self.actor.limit(buy, "1.000", emulation_trigger=TriggerType.BID_ASK)
        bracket = self.actor.order_factory.bracket(
            BTC.id,
            buy,
            BTC.make_qty(1),
            entry_order_type=OrderType.LIMIT,
            entry_price=BTC.make_price(100),
            tp_price=BTC.make_price(110),
            sl_trigger_price=BTC.make_price(90),
            emulation_trigger=TriggerType.BID_ASK,
        )
        self.actor.submit_order_list(bracket)
        await asyncio.sleep(SETTLE_SECS)
        self.state(state)
        found = {}
        self.actor.submit_order(fresh)
        self.quote("99.0")
        found["an emulated BUY of before is triggered"] = await self.outcome("submit", emulated.client_order_id.value)
        found["an emulated BUY submitted in this state is triggered"] = await self.outcome(
            "submit", fresh.client_order_id.value
        )
        names = [order.client_order_id for order in bracket.orders]
        order_of = self.node.cache.order  # a released order is another object of the same name
        found["the entry of an emulated bracket is triggered"] = await self.outcome("submit", names[0].value)
        await self.until(lambda: order_of(names[0]).status_string() == "ACCEPTED")
        await self.fill(order_of(names[0]), "1.000")
        await asyncio.sleep(SETTLE_SECS)
        self.quote("85.0")
        found["its emulated stop-loss is triggered"] = await self.outcome("submit", names[1].value)
        # What rests at the venue fills whatever the node may do.
        before = str(resting.filled_qty)
        await self.fill(resting, "1.000")
        found["a resting BUY fills at the venue"] = "passes" if str(resting.filled_qty) != before else "denied"
        self.client.reached.clear()
        (position,) = self.node.cache.positions_open()
        self.actor.close_position(position)
        await asyncio.sleep(SETTLE_SECS)
        found["close_position()"] = "passes" if self.client.reached else "denied"
        self.state("ACTIVE")
        self.actor.cancel_all_orders(BTC.id)
        await asyncio.sleep(SETTLE_SECS)
        return found

    async def measure(self) -> dict[str, Any]:
        await self.until(lambda: self.node.trader.is_running)
        rows: dict[str, dict[str, str]] = {}
        for position in POSITIONS:
            for state in ("ACTIVE", "REDUCING", "HALTED"):
                for act, outcome in (await self.try_all(state, position)).items():
                    rows.setdefault(act, {})[f"{position}/{state}"] = outcome
        return rows


def main() -> int:
    bench = Bench()
    loop = bench.node.kernel.loop
    run = loop.create_task(bench.node.run_async())
    try:
        rows = loop.run_until_complete(bench.measure())
    finally:
        loop.run_until_complete(bench.node.stop_async())
        loop.run_until_complete(asyncio.wait({run}, timeout=3.0))
        run.cancel()
    from nautilus_trader import __version__

    sys.stderr.write("RESULT " + json.dumps({"version": __version__, "rows": rows}) + "\n")
    sys.stderr.flush()
    os._exit(0)  # nothing of the node is of interest any more


if __name__ == "__main__":
    main()
