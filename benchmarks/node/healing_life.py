"""A node whose fills get lost on the way: how long until it has them, at the intervals that are shipped."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from nautilus_trader.model.events import OrderFilled

import trueup
from benchmarks.node.account import ONE, Account, make_account
from benchmarks.node.client import build_node
from benchmarks.node.meters import until
from trueup.config import ReconciliationConfig
from trueup.node.phase import Phase

POLL_SECS: Final = 0.02
PART: Final = Decimal("0.4")
STOP_SECS: Final = 20.0
SETTLE_SECS: Final = 15.0
START_SECS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Task:
    """How many fills to lose, and how long to wait for each."""

    mode: str
    samples: int = 8
    patience_secs: float = 45.0
    working: int = 20
    instruments: int = 20
    seed: int = 1


def run(task: Task) -> dict[str, Any]:
    """Start the node, lose fills, and return when each arrived."""
    account = make_account("one_sided", task.instruments, task.working, task.instruments, time.time_ns())
    settings = ReconciliationConfig.model_validate({"mode": task.mode})
    node = build_node(account, **settings.to_live_exec_engine_config())
    handle = trueup.attach(node, settings)
    found: dict[str, Any] = node.kernel.loop.run_until_complete(_lose_fills(node, handle, account, task))
    return found


async def _lose_fills(node: Any, handle: Any, account: Account, task: Task) -> dict[str, Any]:
    running = asyncio.create_task(node.run_async())
    assert await until(lambda: handle.phase is Phase.MONITORING, START_SECS, POLL_SECS), handle.failure
    chance = random.Random(task.seed)
    interval_secs = ReconciliationConfig().open_check_interval_secs or 0.0
    samples = []
    for number in range(task.samples):
        await asyncio.sleep(chance.uniform(0, interval_secs))  # any instant between two looks
        is_part = number % 2 == 1
        samples.append(await _lose_one(node, account, number, PART if is_part else ONE, task.patience_secs))
        await _settled(handle)
    await asyncio.wait_for(node.stop_async(), STOP_SECS)
    await asyncio.wait({running}, timeout=STOP_SECS)
    return {"samples": samples}


async def _lose_one(
    node: Any, account: Account, number: int, quantity: Decimal, patience_secs: float
) -> dict[str, Any]:
    """Fill an order at the venue without a word, and wait until the node has the fill."""
    name = f"V-W{number}"
    order = node.cache.order(account.open_orders[name].client_order_id)
    instrument = account.instruments[number]
    wanted = account.trade(instrument, name, quantity, time.time_ns())
    began = time.monotonic()
    await until(lambda: order.filled_qty.as_decimal() == quantity, patience_secs, POLL_SECS)
    secs = time.monotonic() - began
    filled = order.filled_qty.as_decimal() == quantity
    event = order.last_event
    real = filled and isinstance(event, OrderFilled) and _record(event) == _record(wanted)
    return {"secs": secs, "healed": filled, "real": real, "whole": quantity == ONE}


def _record(fill: Any) -> tuple[Any, ...]:
    return fill.trade_id, fill.last_qty, fill.last_px, fill.commission


async def _settled(handle: Any) -> None:
    """Wait until the verdict is clean again, so that no fill is lost in the middle of another one's healing."""
    await until(lambda: str(handle.last_verdict) in ("CLEAN", "None"), SETTLE_SECS, POLL_SECS)
