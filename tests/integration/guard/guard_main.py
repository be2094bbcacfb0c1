"""A node with its guard on the small venue: ``python -m tests.integration.guard.guard_main CASE PORT STATE_DIR``.

What happens is said in lines; the test commands the node through the store, as an operator or an attacker would.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.common.config import DatabaseConfig
from nautilus_trader.config import CacheConfig, LiveRiskEngineConfig
from nautilus_trader.model.enums import OrderSide, TradingState, TriggerType
from nautilus_trader.model.identifiers import ClientOrderId

from tests.integration.node import sim
from tests.integration.node.sim import BTC, TRUTH
from tests.integration.node.verified_main import FAST, Buyer, Life, _say_event, say
from trueup.config.sight.guard import GuardConfig
from trueup.config.sight.monitor import LogFormat, MonitorConfig
from trueup.node.attach import attach
from trueup.node.sight import SightSettings
from trueup.node.v1.trading_state import V1TradingState

KEY = "a control key of thirty-two characters, or more"
HIDDEN_FILLS: set[str] = set()
ROWS: tuple[dict[str, Any], ...] = (
    {"id": "unknown", "min_age_secs": 1.0},
    {"id": "store-lost", "min_age_secs": 0.5},
)


class Client(sim.SimExecutionClient):
    """A venue that can forget to list a fill."""

    async def generate_fill_reports(self, command: Any) -> Any:
        return [one for one in await super().generate_fill_reports(command) if one.trade_id.value not in HIDDEN_FILLS]


class Trader(Buyer):
    """Buy, sell, and hold orders in the node."""

    def limit(self, side: OrderSide, name: str, quantity: str, price: str, **more: Any) -> Any:
        order = self.order_factory.limit(
            BTC.id,
            side,
            BTC.make_qty(Decimal(quantity)),
            BTC.make_price(Decimal(price)),
            client_order_id=ClientOrderId(name),
            **more,
        )
        self.submit_order(order)
        return order


class GuardLife(Life):
    """One life of a node with a guard that takes commands."""

    def __init__(self, redis_port: int, state_dir: Path, *, mode: str, bypass: bool = False) -> None:
        sim.SimExecutionClient = Client  # type: ignore[misc]  # the factory builds what the name stands for
        cache = CacheConfig(database=DatabaseConfig(type="redis", host="127.0.0.1", port=redis_port))
        self.buyer = self.trader = Trader()
        more = {"risk_engine": LiveRiskEngineConfig(bypass=True)} if bypass else {}
        self.node = sim.build_sim_node(cache=cache, strategies=[self.trader], more=more, inflight_check_interval_ms=200)
        guard = GuardConfig.model_validate({"control_key": KEY, "rows": ROWS})
        sight = SightSettings(monitor=MonitorConfig(log_format=LogFormat.OFF), guard=guard)
        self.handle = attach(self.node, {**FAST, "mode": mode, "state_dir": state_dir}, sight=sight)
        self.handle.listen(_say_event)

    @property
    def state(self) -> str:
        return str(self.node.kernel.risk_engine.trading_state.name)

    def status(self) -> Any:
        return self.handle.status().guard

    def told(self) -> Any:
        return msgspec.to_builtins(self.status())

    async def outcome(self, order: Any) -> str:
        await self.wait_until(lambda: order.status_string() not in ("INITIALIZED", "SUBMITTED"))
        return str(order.status_string())

    def number_of(self, name: str) -> str:
        (number,) = [row.venue_order_id for row in TRUTH.orders.values() if row.client_order_id == name]
        return number


async def _run_until_told(life: GuardLife) -> None:
    """Trade until the process is ended."""
    say("ready", state=life.state)
    await asyncio.Event().wait()


async def _discrepancies(life: GuardLife) -> None:
    """Meet what cannot be healed, then what can; then somebody else's hand; then a hand that fails."""
    buy, sell = OrderSide.BUY, OrderSide.SELL
    held = life.trader.limit(buy, "O-0", "2.000", "100.0")
    await life.outcome(held)
    life.client.push_fill(TRUTH.fill("T-1", life.number_of("O-0"), "2.000", "100.0", time.time_ns()))
    await life.wait_until(lambda: held.is_closed)
    resting = life.trader.limit(buy, "O-1", "1.000", "100.0")
    await life.outcome(resting)
    # The venue filled half of it and does not list the fill.
    HIDDEN_FILLS.add("T-9")
    TRUTH.fill("T-9", life.number_of("O-1"), "0.500", "100.0", time.time_ns())
    await life.wait_until(lambda: life.state == "REDUCING")
    opening = life.trader.limit(buy, "O-2", "1.000", "90.0")
    reducing = life.trader.limit(sell, "O-3", "1.000", "120.0")
    say("reducing", opening=await life.outcome(opening), reducing=await life.outcome(reducing), status=life.told())
    emulated = life.trader.limit(buy, "O-4", "1.000", "80.0", emulation_trigger=TriggerType.BID_ASK)
    await life.wait_until(lambda: emulated.is_emulated)
    await life.wait_until(lambda: bool(life.status().loophole))
    say("loophole", text=life.status().loophole)
    life.trader.cancel_order(emulated)
    life.trader.cancel_order(reducing)
    HIDDEN_FILLS.clear()
    await life.wait_until(lambda: life.state == "ACTIVE")
    opening = life.trader.limit(buy, "O-5", "1.000", "90.0")
    say("healed", opening=await life.outcome(opening), status=life.told(), filled=str(resting.filled_qty))

    risk = life.node.kernel.risk_engine
    risk.set_trading_state(TradingState.HALTED)
    await life.wait_until(lambda: life.status().source == "elsewhere")
    await asyncio.sleep(1.5)  # every look is CLEAN, and what somebody else forbade stays forbidden
    say("elsewhere", state=life.state, status=life.told())
    TRUTH.fails.update({"orders", "positions"})
    await life.wait_until(lambda: "unknown" in life.status().rules)
    risk.set_trading_state(TradingState.ACTIVE)
    await life.wait_until(lambda: life.state == "REDUCING")  # ours stands where theirs has gone
    say("put_back", status=life.told())
    TRUTH.fails.clear()
    await life.wait_until(lambda: life.state == "ACTIVE")

    set_state = V1TradingState.set_state

    def fail(*_: Any) -> None:
        raise RuntimeError("the risk engine is gone")

    V1TradingState.set_state = fail  # type: ignore[assignment, method-assign]  # the failpoint
    TRUTH.fails.update({"orders", "positions"})
    await life.wait_until(lambda: not life.status().can_act)
    say("cannot_act", status=life.told(), state=life.state)
    V1TradingState.set_state = set_state  # type: ignore[method-assign]  # the failpoint ends
    await life.wait_until(lambda: life.status().can_act and life.state == "REDUCING")
    TRUTH.fails.clear()
    await life.wait_until(lambda: life.state == "ACTIVE")


async def _bypassed(life: GuardLife) -> None:
    await life.wait_until(lambda: not life.status().can_act)
    say("cannot_act", status=life.told())


CASES = {"serves": _run_until_told, "native": _run_until_told, "discrepancies": _discrepancies, "bypassed": _bypassed}


def main(case: str, redis_port: str, state_dir: str) -> int:
    mode = "native" if case == "native" else "verified"
    life = GuardLife(int(redis_port), Path(state_dir), mode=mode, bypass=case == "bypassed")
    return life.run(CASES[case])


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)
