"""A node in verified mode on the small venue, as a subprocess: ``python -m tests.integration.node.verified_main CASE``.

What is true at the venue is kept in a file between two lives, so that a test can kill one and start the next.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
from nautilus_trader.common.config import DatabaseConfig
from nautilus_trader.config import CacheConfig, StrategyConfig
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.trading.strategy import Strategy

from tests.integration.node.sim import BTC, SECOND_NS, TRUTH, SimFill, SimOrder, build_sim_node, client_of
from trueup.node.announcer import LifeCycleEvent
from trueup.node.attach import attach
from trueup.node.runner import NodeRunner
from trueup.node.v1.repair import Repairs

FAST = {
    "mode": "verified",
    "open_check_interval_secs": 0.5,
    "second_look_secs": 0.2,
    "startup_delay_secs": 0.05,
    "submit_grace_secs": 1.0,
    "inflight_threshold_secs": 0.3,
    "query_timeout_secs": 1.0,
    "startup_timeout_secs": 3.0,
}
PURGE_BUFFER_SECS = 1.0
RESTED = 25
"""Orders that rest since before the window of a look, which may put ten questions here."""
FLUSH_SECS = 0.3  # the store's writer is a thread of its own; it lags by milliseconds


def say(kind: str, /, **data: Any) -> None:
    sys.stderr.write("LINE " + orjson.dumps({"event": kind, **data}, default=str).decode() + "\n")
    sys.stderr.flush()


def _say_event(event: LifeCycleEvent) -> None:
    if event.kind == "store":
        STORE_SAID.append(event.data["state"])
    say(event.kind, **{name: value for name, value in event.as_dict().items() if name != "event"})


class Buyer(Strategy):
    """Buy when told."""

    def __init__(self) -> None:
        super().__init__(StrategyConfig(order_id_tag="001"))

    def buy(self, name: str, quantity: str, price: str) -> None:
        order = self.order_factory.limit(
            BTC.id,
            _buy(),
            BTC.make_qty(Decimal(quantity)),
            BTC.make_price(Decimal(price)),
            client_order_id=ClientOrderId(name),
        )
        self.submit_order(order)


def _buy() -> Any:
    from nautilus_trader.model.enums import OrderSide

    return OrderSide.BUY


class Life:
    """One life of a node with its venue."""

    def __init__(self, truth_file: Path | None, redis_port: int | None, **settings: Any) -> None:
        self._truth_file = truth_file
        if truth_file is not None and truth_file.exists():
            held = orjson.loads(truth_file.read_bytes())
            TRUTH.orders.update({name: SimOrder(**row) for name, row in held["orders"].items()})
            TRUTH.fills.extend(SimFill(**row) for row in held["fills"])
        cache = None
        if redis_port is not None:
            cache = CacheConfig(database=DatabaseConfig(type="redis", host="127.0.0.1", port=redis_port))
        self.buyer = Buyer()
        self.node = build_sim_node(cache=cache, strategies=[self.buyer], inflight_check_interval_ms=200)
        self.handle = attach(self.node, {**FAST, **settings})
        self.handle.listen(_say_event)

    @property
    def client(self) -> Any:
        return client_of(self.node)

    def order(self, name: str) -> Any:
        return self.node.cache.order(ClientOrderId(name))

    def keep_truth(self) -> None:
        assert self._truth_file is not None
        self._truth_file.write_bytes(
            orjson.dumps({"orders": _rows(TRUTH.orders), "fills": [*map(asdict, TRUTH.fills)]})
        )

    def tell_orders(self) -> None:
        for order in self.node.cache.orders():
            say(
                "order",
                name=order.client_order_id.value,
                status=order.status_string(),
                owner=order.strategy_id.value,
                filled=str(order.filled_qty),
                trades=[trade_id.value for trade_id in order.trade_ids],
                average=None if order.avg_px is None else str(order.avg_px),
            )
        for position in self.node.cache.positions_open():
            say(
                "position",
                owner=position.strategy_id.value,
                quantity=str(position.signed_decimal_qty()),
                average=position.avg_px_open,
            )

    async def wait_until(self, what: Any, within_secs: float = 60.0) -> None:
        deadline = time.monotonic() + within_secs
        while not what():
            assert time.monotonic() < deadline, "it did not happen in time"
            await asyncio.sleep(0.02)

    def run(self, script: Any = None) -> int:
        task = None
        if script is not None:
            task = self.node.kernel.loop.create_task(self._script(script))
        code = NodeRunner(self.node, self.handle).run()
        if task is not None and task.done() and not task.cancelled():
            task.result()
        return code

    async def _script(self, script: Any) -> None:
        try:
            await self.wait_until(lambda: self.node.trader.is_running or self.handle.phase.value == "ERROR")
            await script(self)
            self.tell_orders()
        except Exception as error:
            say("script_failed", error=f"{type(error).__name__}: {error}")
        finally:
            os.kill(os.getpid(), signal.SIGINT)


def _rows(orders: dict[str, SimOrder]) -> dict[str, Any]:
    return {name: asdict(row) for name, row in orders.items()}


def _past(seconds: int) -> int:
    return time.time_ns() - seconds * SECOND_NS


async def _nothing(_life: Life) -> None:
    pass


async def _monitoring(life: Life) -> None:
    await life.wait_until(lambda: life.handle.phase.value == "MONITORING")


async def _purge(life: Life) -> None:
    """Let an order close and be purged, as the engine's own timer does it, in the middle of a look that knew it."""
    life.buyer.buy("O-1", "1.000", "100.0")
    await life.wait_until(lambda: life.order("O-1") is not None and life.order("O-1").status_string() == "ACCEPTED")
    (number,) = [row.venue_order_id for row in TRUTH.orders.values() if row.client_order_id == "O-1"]
    life.client.push_fill(TRUTH.fill("T-1", number, "1.000", "100.0", time.time_ns()))
    await life.wait_until(lambda: life.order("O-1").is_closed)
    held, answers = asyncio.Event(), asyncio.Event()
    ask = life.client.generate_fill_reports

    async def generate_fill_reports(command: Any) -> Any:
        """Answer as late as a venue does whose weight is spent."""
        reports = await ask(command)
        held.set()
        await answers.wait()
        return reports

    life.client.generate_fill_reports = generate_fill_reports
    waiting = asyncio.ensure_future(life.handle.true_up())
    await held.wait()
    await asyncio.sleep(PURGE_BUFFER_SECS + 0.2)
    life.node.cache.purge_closed_orders(ts_now=time.time_ns(), buffer_secs=int(PURGE_BUFFER_SECS))
    assert life.order("O-1") is None
    answers.set()
    outcomes = [await waiting, *[await life.handle.true_up() for _ in range(3)]]
    say(
        "purged",
        steps=sum(len(one.steps) for one in outcomes),
        verdicts=[one.verdict for one in outcomes],
        orders=len(life.node.cache.orders()),
    )


async def _lose_a_fill(life: Life) -> None:
    life.buyer.buy("O-1", "2.000", "100.0")
    await life.wait_until(lambda: life.order("O-1") is not None and life.order("O-1").status_string() == "ACCEPTED")
    (number,) = [row.venue_order_id for row in TRUTH.orders.values() if row.client_order_id == "O-1"]
    TRUTH.fill("T-1", number, "0.500", "99.5", time.time_ns())
    await life.wait_until(lambda: str(life.order("O-1").filled_qty) == "0.500")
    life.client.push_fill(TRUTH.fills[-1])  # the stream delivers it after all
    await asyncio.sleep(0.3)


async def _rested(life: Life) -> None:
    """Fill at once, unseen by the stream, many orders that are older than what a look reads."""
    await _monitoring(life)
    assert len(life.node.cache.orders_open()) == RESTED
    for number in range(RESTED):
        TRUTH.fill(f"T-{number}", f"V-{number}", "1.000", "100.0", time.time_ns())
    await life.wait_until(lambda: not life.node.cache.orders_open(), within_secs=30)
    await life.wait_until(lambda: str(life.handle.last_verdict) == "CLEAN", within_secs=30)
    asked = TRUTH.calls["order"]
    outcomes = [await life.handle.true_up() for _ in range(3)]
    say("rested", verdicts=[one.verdict for one in outcomes], asked_again=TRUTH.calls["order"] - asked)


async def _late_fill(life: Life) -> None:
    """Lose a fill, see the next one live, then let the looks find the first."""
    life.buyer.buy("O-1", "3.000", "100.0")
    await life.wait_until(lambda: life.order("O-1") is not None and life.order("O-1").status_string() == "ACCEPTED")
    (number,) = [row.venue_order_id for row in TRUTH.orders.values() if row.client_order_id == "O-1"]
    now_ns = time.time_ns()
    TRUTH.fill("T-1", number, "1.000", "90.0", now_ns - SECOND_NS)
    life.client.push_fill(TRUTH.fill("T-2", number, "1.000", "100.0", now_ns))
    await life.wait_until(lambda: str(life.order("O-1").filled_qty) == "2.000")
    await life.wait_until(lambda: life.handle.last_verdict is not None and life.handle.last_verdict == "CLEAN")


async def _lost_submit(life: Life) -> None:
    TRUTH.submits_lost = True
    began = time.monotonic()
    life.buyer.buy("O-1", "1.000", "100.0")
    await life.wait_until(lambda: life.order("O-1") is not None and life.order("O-1").is_closed)
    say("closed", after_secs=time.monotonic() - began)


async def _hang_while_running(life: Life) -> None:
    TRUTH.hangs.update({"orders", "positions", "fills", "order"})
    await asyncio.sleep(1.5)
    outcome = await life.handle.true_up()
    say("while_hung", verdict=outcome.verdict, lines=outcome.lines)
    TRUTH.hangs.clear()
    outcome = await life.handle.true_up()
    say("after", verdict=outcome.verdict)


async def _positions_hidden(life: Life) -> None:
    TRUTH.hides_positions = True
    await life.wait_until(lambda: str(life.handle.last_verdict) == "DISCREPANT")
    say("guarded", state=life.node.kernel.risk_engine.trading_state.name)
    TRUTH.hides_positions = False
    await life.wait_until(lambda: life.node.kernel.risk_engine.trading_state.name != "HALTED")
    assert str(life.handle.last_verdict) == "CLEAN"
    say("freed", state=life.node.kernel.risk_engine.trading_state.name)


async def _damage(life: Life) -> None:
    """Let the adapter call an order rejected that the venue works, as the Binance adapter does on a 503."""
    TRUTH.acks_lost = True
    life.buyer.buy("O-1", "1.000", "100.0")
    await life.wait_until(lambda: life.order("O-1") is not None and life.order("O-1").status_string() == "SUBMITTED")
    order = life.order("O-1")
    life.client.generate_order_rejected(
        order.strategy_id, order.instrument_id, order.client_order_id, "503", time.time_ns()
    )
    await life.wait_until(lambda: life.order("O-1").status_string() == "REJECTED")
    life.keep_truth()
    await asyncio.sleep(FLUSH_SECS)


async def _store_dies(life: Life) -> None:
    """Trade while the store is away; the test kills it and starts it again when it reads these lines."""
    life.buyer.buy("O-1", "1.000", "100.0")
    await life.wait_until(lambda: life.order("O-1") is not None and life.order("O-1").status_string() == "ACCEPTED")
    await asyncio.sleep(FLUSH_SECS)
    say("kill_the_store")
    await life.wait_until(lambda: "LOST" in STORE_SAID)
    life.buyer.buy("O-2", "1.000", "99.0")
    await life.wait_until(lambda: life.order("O-2") is not None and life.order("O-2").status_string() == "ACCEPTED")
    (number,) = [row.venue_order_id for row in TRUTH.orders.values() if row.client_order_id == "O-1"]
    life.client.push_fill(TRUTH.fill("T-1", number, "1.000", "100.0", time.time_ns()))
    await life.wait_until(lambda: life.order("O-1").is_closed)
    say("start_the_store")
    await life.wait_until(lambda: "PRESENT" in STORE_SAID, within_secs=20)
    life.keep_truth()


STORE_SAID: list[str] = []


def _die_in_repairs() -> None:
    def die(*_: Any) -> None:
        time.sleep(FLUSH_SECS)  # the purge reaches the store
        os.kill(os.getpid(), signal.SIGKILL)

    Repairs._add_submitted = die  # type: ignore[assignment, method-assign]  # the failpoint


SCRIPTS = {
    "starts": _monitoring,
    "purges": _purge,
    "lost-fill": _lose_a_fill,
    "late-fill": _late_fill,
    "rested": _rested,
    "lost-submit": _lost_submit,
    "hangs-later": _hang_while_running,
    "positions-hidden": _positions_hidden,
    "damage": _damage,
    "store-dies": _store_dies,
}


def _prepare(case: str) -> None:
    if case in {"starts", "positions-hidden", "recovers", "hangs"}:
        TRUTH.newest_first = True
        TRUTH.order("V-1", "BUY", "2.000", "100.0", time_ns=_past(60))
        TRUTH.fill("T-1", "V-1", "1.000", "100.0", _past(50))
        TRUTH.order("V-2", "BUY", "1.000", "104.0", time_ns=_past(45))
        TRUTH.fill("T-2", "V-2", "1.000", "104.0", _past(40))
    if case == "rested":
        for number in range(RESTED):
            TRUTH.order(f"V-{number}", "BUY", "1.000", "100.0", time_ns=_past(120))
    if case == "recovers":
        TRUTH.fails.update({"orders", "positions"})
    if case == "hangs":
        TRUTH.hangs.add("positions")


def main(case: str, truth_file: str = "", redis_port: str = "", state_dir: str = "") -> int:
    _prepare(case)
    settings: dict[str, Any] = {"state_dir": state_dir} if state_dir else {}
    if case == "damage":
        settings["open_check_interval_secs"] = None  # it shall stay damaged
    if case == "rested":
        settings["questions_per_look"] = 10
    if case == "purges":
        settings["purge_buffer_secs"] = PURGE_BUFFER_SECS
    if case == "dies":
        _die_in_repairs()
    life = Life(Path(truth_file) if truth_file else None, int(redis_port) if redis_port else None, **settings)
    if case == "recovers":
        life.node.kernel.loop.call_later(1.0, TRUTH.fails.clear)
    return life.run(SCRIPTS.get(case, _nothing))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
