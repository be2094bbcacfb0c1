"""One node, one fault after the other, one for each kind of discrepancy that a venue and a stream can bring about.

A program of its own: ``python -m tests.integration.monitor.kinds_main SETTINGS`` with the settings as JSON. The
faults are real: the venue's truth is changed, or its stream says something else than its lists. What the monitor makes
of them is told in lines, one a kind: how long until it was seen, in which words, how often it was counted, and what
made it go.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson
from nautilus_trader.config import StrategyConfig
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.model.enums import OrderSide, OrderType, TriggerType
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.trading.strategy import Strategy

from tests.integration.node.sim import BTC, TRUTH, SimFill, SimOrder, build_sim_node, client_of
from tests.integration.node.verified_main import say
from trueup.model.discrepancies import DiscrepancyKind as Kind
from trueup.monitor.exporter import NodeExporter
from trueup.monitor.status import encode
from trueup.node.announcer import LifeCycleEvent
from trueup.node.attach import attach
from trueup.node.settings import NodeSettings

PATIENCE_SECS = float(os.environ.get("PATIENCE_SECS", "60"))
POLL_SECS = 0.01
SEED = os.environ.get("SEED", "7")


class Trader(Strategy):
    """Place what it is told to."""

    def __init__(self, tag: str) -> None:
        super().__init__(StrategyConfig(strategy_id="Trader", order_id_tag=tag))

    def place(self, name: str, *, quantity: str = "2.000", price: str = "100.0", side: str = "BUY") -> None:
        order = self.order_factory.limit(
            BTC.id,
            OrderSide[side],
            BTC.make_qty(Decimal(quantity)),
            BTC.make_price(Decimal(price)),
            client_order_id=ClientOrderId(name),
        )
        self.submit_order(order)

    def stop_order(self, name: str, trigger: str) -> None:
        order = self.order_factory.stop_market(
            BTC.id,
            OrderSide.SELL,
            BTC.make_qty(Decimal("1.000")),
            BTC.make_price(Decimal(trigger)),
            trigger_type=TriggerType.LAST_PRICE,
            client_order_id=ClientOrderId(name),
        )
        self.submit_order(order)


@dataclass
class Seen:
    """One kind in one injection, as the node's events told it. Times are of ``time.monotonic``."""

    line: str
    detected_at: float
    detected_cycle: int
    states: list[str] = field(default_factory=list)
    resolved_at: float | None = None
    resolved_cycle: int | None = None
    resolved_by: str = ""


Cure = Callable[[], None]


class Faults:
    """Bring faults about in a running node, one at a time."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.trader, self.other = Trader("001"), Trader("002")
        self.node = build_sim_node(strategies=[self.trader, self.other], inflight_check_interval_ms=0)
        self.client = client_of(self.node)
        self.grace_secs = float(settings.get("submit_grace_secs", NodeSettings().submit_grace_secs))
        self.triggers: dict[str, str] = {}
        self._speak_of_triggers()
        self.handle = attach(self.node, settings)
        self.handle.announcer.observe(self._hear)
        self.cycles = 0
        self.seen: dict[str, Seen] = {}
        self.waiting: dict[str, Seen] = {}
        self.number = 0
        self.chance = random.Random(SEED)

    def _speak_of_triggers(self) -> None:
        """Let the venue report the trigger of a stop order; the small venue knows none."""
        report_of = self.client._order_report

        def order_report(row: SimOrder) -> OrderStatusReport:
            report = report_of(row)
            if (trigger := self.triggers.get(row.venue_order_id)) is not None:
                report.order_type = OrderType.STOP_MARKET
                report.trigger_price = BTC.make_price(Decimal(trigger))
                report.trigger_type = TriggerType.LAST_PRICE
            return report

        self.client._order_report = order_report  # type: ignore[method-assign]  # one instance, in a test

    def _hear(self, event: LifeCycleEvent) -> None:
        if event.kind == "look":
            self.cycles += 1
        elif event.kind == "discrepancy":
            self._hear_change(event.data, time.monotonic())

    def _hear_change(self, data: Any, now: float) -> None:
        if data["before"] is None and data["kind"] not in self.seen:
            self.seen[data["kind"]] = self.waiting[data["fingerprint"]] = Seen(data["line"], now, self.cycles)
        one = self.waiting.get(data["fingerprint"])
        if one is not None:
            one.states.append(data["state"])
            if data["state"] == "RESOLVED":
                one.resolved_at, one.resolved_cycle = now, self.cycles
                one.resolved_by = data["resolved_by"]

    # -- helpers -----------------------------------------------------------------------------------------------------

    async def until(self, what: Callable[[], bool], said: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECS
        while not what():
            assert time.monotonic() < deadline, f"{said}; {self.handle.lines}"
            await asyncio.sleep(POLL_SECS)

    def name(self) -> str:
        self.number += 1
        return f"O-{self.number}"

    def order(self, name: str) -> Any:
        return self.node.cache.order(ClientOrderId(name))

    def row(self, name: str) -> SimOrder:
        return next(row for row in TRUTH.orders.values() if row.client_order_id == name)

    async def working(self, trader: Trader | None = None, **more: Any) -> tuple[str, SimOrder]:
        name = self.name()
        (trader or self.trader).place(name, **more)
        await self.until(lambda: self.order(name) is not None and self.order(name).is_open, f"{name} does not work")
        return name, self.row(name)

    def fill(self, row: SimOrder, quantity: str = "0.500", price: str = "100.0") -> SimFill:
        self.number += 1
        return TRUTH.fill(f"T-{self.number}", row.venue_order_id, quantity, price, time.time_ns())

    def stray(self, row: SimOrder, **more: Any) -> SimFill:
        """Return a fill that only the stream knows."""
        self.number += 1
        values: dict[str, Any] = {
            "trade_id": f"T-{self.number}",
            "quantity": "0.500",
            "price": "100.0",
            "time_ns": time.time_ns(),
        }
        return SimFill(venue_order_id=row.venue_order_id, **(values | more))

    # -- the faults --------------------------------------------------------------------------------------------------

    async def foreign_order(self) -> Cure | None:
        self.number += 1
        TRUTH.order(f"V-X{self.number}", "BUY", "1.000", "90.0", time_ns=time.time_ns())
        return None

    async def lost_fill(self) -> Cure | None:
        _, row = await self.working()
        self.fill(row)
        return None

    async def lost_cancel(self) -> Cure | None:
        _, row = await self.working()
        await asyncio.sleep(self.grace_secs)  # before that an order that is not listed may just not be listed yet
        row.status = "CANCELED"
        return None

    async def amended(self) -> Cure | None:
        _, row = await self.working()
        row.quantity, row.price = "3.000", "101.0"
        return None

    async def trigger_moved(self) -> Cure | None:
        name = self.name()
        self.trader.stop_order(name, "80.0")
        await self.until(lambda: self.order(name) is not None and self.order(name).is_open, f"{name} does not work")
        number = self.row(name).venue_order_id
        self.row(name).order_type = "STOP_MARKET"
        self.triggers[number] = "81.0"
        return None

    async def forgotten(self) -> Cure | None:
        _, row = await self.working()
        await asyncio.sleep(self.grace_secs)
        self.drop(row)
        return None

    def drop(self, row: SimOrder) -> None:
        """Let the venue forget an order, and leave what no list shows in its place: it numbers by how many it has."""
        del TRUTH.orders[row.venue_order_id]
        TRUTH.orders[f"{row.venue_order_id}-gone"] = SimOrder(
            f"{row.venue_order_id}-gone", row.instrument_id, row.side, "1", "1", status="CANCELED", time_ns=-1
        )

    async def turned(self) -> Cure | None:
        _, row = await self.working()
        row.side = "SELL"

        def turn_back() -> None:
            row.side = "BUY"

        return turn_back

    async def invented_fill(self) -> Cure | None:
        _, row = await self.working()
        fill = self.stray(row)
        self.client.push_fill(fill)
        return lambda: TRUTH.fills.append(fill)

    async def fill_of_two_orders(self) -> Cure | None:
        _, first = await self.working()
        _, second = await self.working()
        true = self.fill(first)
        self.client.push_fill(true)
        again = SimFill(true.trade_id, second.venue_order_id, true.quantity, true.price, time.time_ns())
        self.client.push_fill(again)
        return lambda: None  # nothing cures it but the next start, which rebuilds the instrument

    async def fill_misheard(self) -> Cure | None:
        _, row = await self.working()
        true = self.fill(row)
        heard = SimFill(true.trade_id, row.venue_order_id, "0.400", "99.0", true.time_ns)
        self.client.push_fill(heard)

        def say_the_same() -> None:
            true.quantity, true.price = heard.quantity, heard.price

        return say_the_same

    async def commission_misheard(self) -> Cure | None:
        _, row = await self.working()
        true = self.fill(row)
        self.client.push_fill(
            SimFill(true.trade_id, row.venue_order_id, true.quantity, true.price, true.time_ns, commission="0.30")
        )

        def say_the_same() -> None:
            true.commission = "0.30"

        return say_the_same

    async def side_turned(self) -> Cure | None:
        """Let an order of nobody here turn the venue's position round."""
        quantity, _ = TRUTH.position(str(BTC.id))
        self.number += 1
        number = f"V-X{self.number}"
        side, amount = ("SELL", quantity + 1) if quantity > 0 else ("BUY", -quantity + 1)
        TRUTH.order(number, side, str(amount), "100.0", time_ns=time.time_ns())
        self.fill(TRUTH.orders[number], quantity=str(amount))
        return None

    async def renumbered(self) -> Cure | None:
        name, row = await self.working()
        number = row.venue_order_id
        del TRUTH.orders[number]
        row.venue_order_id = f"{number}-new"
        TRUTH.orders[row.venue_order_id] = row

        def number_back() -> None:
            del TRUTH.orders[row.venue_order_id]
            row.venue_order_id = number
            TRUTH.orders[number] = row

        assert self.row(name) is row
        return number_back

    async def name_used_twice(self) -> Cure | None:
        name, _ = await self.working()
        self.number += 1
        number = f"V-X{self.number}"
        TRUTH.order(number, "BUY", "1.000", "89.0", time_ns=time.time_ns(), client_order_id=name)
        return lambda: self.drop(TRUTH.orders[number])

    async def average_moved(self) -> Cure | None:
        """Let the venue name another average price than its fills make."""
        position_of = TRUTH.position

        def position(instrument_id: str) -> tuple[Decimal, Decimal]:
            quantity, average = position_of(instrument_id)
            return quantity, average * Decimal("1.1")

        TRUTH.position = position  # type: ignore[method-assign]  # one instance, in a test

        def move_back() -> None:
            TRUTH.position = position_of  # type: ignore[method-assign]  # as above

        return move_back

    async def claimed_later(self) -> Cure | None:
        """Let a strategy claim the instrument after an order of nobody was taken over."""
        claims = self.node.kernel.exec_engine._external_order_claims
        claims[BTC.id] = self.trader.id
        return lambda: claims.pop(BTC.id) and None

    async def two_owners(self) -> Cure | None:
        """Let two strategies hold the venue's one position."""
        _, exit_row = await self.working(self.other, side="SELL", quantity="0.500", price="120.0")
        _, row = await self.working(self.other)
        self.client.push_fill(self.fill(row))
        return lambda: self.client.push_fill(self.fill(exit_row))

    # -- a round -----------------------------------------------------------------------------------------------------

    async def bring_about(
        self, fault: Callable[[], Awaitable[Cure | None]], kinds: tuple[Kind, ...], *, goes: bool = True
    ) -> None:
        await self.until(self._is_quiet, "the node is not true before the next fault")
        await asyncio.sleep(self.chance.uniform(0, self.interval_secs))  # any instant between two looks
        self.seen.clear()
        self.waiting.clear()
        counted = dict(self.monitor.discrepancies.detected)
        cure = await fault()
        began, cycle = time.monotonic(), self.cycles
        await self.until(lambda: all(kind.value in self.seen for kind in kinds), f"{kinds} not seen: {self.seen}")
        # What only an operator can put right is refused, and goes when the venue's truth is as it was.
        hopeless = cure is not None
        await self.until(lambda: self._are_over(hopeless=hopeless), "neither healed nor refused")
        refused = hopeless and not self._are_over(hopeless=False)
        shown = {one.kind for one in self.handle.status().discrepancies}
        cured_at, cured_cycle = time.monotonic(), self.cycles
        if refused:
            assert cure is not None
            cure()
        if goes:
            await self.until(lambda: self._are_over(hopeless=False), "did not go")
        for kind in kinds:
            one = self.seen[kind.value]
            key = ("BINANCE-001", kind.value)
            said = {
                "kind": kind.value,
                "fault": fault.__name__,
                "detected_secs": one.detected_at - began,
                "detected_cycles": one.detected_cycle - cycle,
                "cured": refused,
                "shown": kind.value in shown,
                "states": one.states,
                "counted": self.monitor.discrepancies.detected[key] - counted.get(key, 0),
                "line": one.line,
            }
            if one.resolved_at is not None and one.resolved_cycle is not None:
                said |= {
                    "resolved_secs": one.resolved_at - (cured_at if refused else one.detected_at),
                    "resolved_cycles": one.resolved_cycle - (cured_cycle if refused else one.detected_cycle),
                    "resolved_by": one.resolved_by,
                }
            say("kind", **said)

    def _is_quiet(self) -> bool:
        state = self.node.kernel.risk_engine.trading_state.name
        return str(self.handle.last_verdict) == "CLEAN" and not self.handle.pending_discrepancies and state == "ACTIVE"

    def _are_over(self, *, hopeless: bool) -> bool:
        ends = {"RESOLVED", "REFUSED", "GIVEN_UP"} if hopeless else {"RESOLVED"}
        return all(one.states[-1] in ends for one in self.waiting.values())

    @property
    def monitor(self) -> Any:
        return self.handle._monitor

    @property
    def interval_secs(self) -> float:
        return float(self.monitor.intervals_secs["cheap"])


ROUND: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    ("foreign_order", (Kind.ORDER_MISSING_IN_NODE,)),
    ("claimed_later", (Kind.ORDER_OWNER,)),
    ("lost_fill", (Kind.FILL_MISSING, Kind.ORDER_FILLED_QUANTITY, Kind.POSITION_QUANTITY)),
    ("lost_cancel", (Kind.ORDER_STATUS,)),
    ("amended", (Kind.ORDER_QUANTITY, Kind.ORDER_PRICE)),
    ("trigger_moved", (Kind.ORDER_TRIGGER_PRICE,)),
    ("forgotten", (Kind.ORDER_MISSING_AT_VENUE,)),
    ("turned", (Kind.ORDER_SIDE,)),
    ("invented_fill", (Kind.FILL_INVENTED,)),
    ("fill_misheard", (Kind.FILL_PRICE, Kind.FILL_QUANTITY)),
    ("commission_misheard", (Kind.FILL_COMMISSION,)),
    ("side_turned", (Kind.POSITION_SIDE,)),
    ("average_moved", (Kind.POSITION_AVERAGE_PRICE,)),
    ("renumbered", (Kind.IDENTIFIER_MISMATCH,)),
    ("name_used_twice", (Kind.IDENTIFIER_DUPLICATED,)),
    ("two_owners", (Kind.POSITION_SPLIT_OWNERSHIP,)),
)
LAST = ("fill_of_two_orders", (Kind.FILL_DUPLICATED,))
"""What only the next start puts right."""


async def life(faults: Faults) -> None:
    running = asyncio.ensure_future(faults.node.run_async())
    try:
        await faults.until(lambda: faults.handle.phase.value == "MONITORING", "the node does not monitor")
        for name, kinds in ROUND:
            await faults.bring_about(getattr(faults, name), kinds)
        await faults.until(faults._is_quiet, "the node is not true in the end")
        await faults.bring_about(getattr(faults, LAST[0]), LAST[1], goes=False)
        say("status", text=encode(faults.handle.status()).decode())
        say("metrics", text=NodeExporter(faults.monitor).render().decode())
    except Exception as error:
        say("script_failed", error=f"{type(error).__name__}: {error}")
    finally:
        await faults.node.stop_async()
        await asyncio.wait({running}, timeout=5)
        faults.handle.close()


def main(settings: str) -> int:
    faults = Faults(orjson.loads(settings))
    faults.node.kernel.loop.run_until_complete(life(faults))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
