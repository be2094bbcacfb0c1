"""Drills with an auditor at the end: the venue's books and the node's store, compared from outside of the node."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from trueup.audit.account import AccountAuditor, AccountOutcome
from trueup.audit.node_store import RedisNode
from trueup.audit.rules import AuditRules
from trueup.config.sight.audit import ExpectedHistory
from trueup.core.tolerance import Tolerance
from trueup.drills.nodes import Nursery
from trueup.drills.outcome import Outcome
from trueup.drills.runner import DrillRun
from trueup.drills.scenario import Mode, Scenario
from trueup.drills.store import DrillStore
from trueup.drills.venue import Truth, VenueOrder
from trueup.model.coverage import Coverage
from trueup.model.enums import Leg, LiquiditySide, OrderSide, OrderStatus
from trueup.model.fills import FillRecord
from trueup.model.orders import OrderRecord
from trueup.model.positions import PositionRecord
from trueup.model.snapshots import VenueSnapshot
from trueup.store.connection import StoreAddress
from trueup.store.redis_keys import StoreKeys
from trueup.venues.outside import QueryTally, VenueQuestion
from trueup.venues.questions import About, Question

VENUE = "DRILL"


class DrillVenue:
    """The simulated venue's books as an auditor reads them: a `VenueSide` without the faults on the node's way."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth
        self._question: VenueQuestion | None = None

    async def read(self, question: VenueQuestion) -> VenueSnapshot:
        self._question = question
        return self._snapshot(frozenset())

    async def resolve(self, questions: Sequence[Question]) -> VenueSnapshot:
        asked = [question for question in questions if question.about is About.ORDER]
        unknown = {
            name
            for question in asked
            if all(self._truth.find(name) is None for name in question.names)
            for name in question.names
        }
        return self._snapshot(frozenset(unknown))

    async def notes(self) -> tuple[str, ...]:
        return ()

    def queries(self) -> Mapping[str, QueryTally]:
        return {}

    def realised(self) -> Mapping[tuple[str, str, str], Decimal]:
        return {}

    async def close(self) -> None:
        return

    def _snapshot(self, unknown: frozenset[str]) -> VenueSnapshot:
        assert self._question is not None
        now_ns = time.time_ns()
        return VenueSnapshot(
            account_id=self._question.account_id,
            started_ns=now_ns,
            ended_ns=now_ns,
            orders=tuple(_order(order) for order in self._truth.orders),
            fills=tuple(
                FillRecord(
                    trade_id=fill.trade_id,
                    instrument_id=_instrument(fill.symbol),
                    side=OrderSide(fill.side.value),
                    quantity=fill.quantity,
                    price=fill.price,
                    time_ns=fill.time_ns,
                    venue_order_id=fill.venue_order_id,
                    client_order_id=fill.client_order_id,
                    commission=fill.commission,
                    commission_currency="USDT",
                    liquidity=LiquiditySide.MAKER,
                    leg=Leg(fill.leg.value),
                )
                for fill in self._truth.fills
            ),
            positions=tuple(
                PositionRecord(
                    instrument_id=_instrument(held.symbol),
                    quantity=held.quantity,
                    leg=Leg(held.leg.value),
                    average_price=held.average_price,
                    updated_ns=held.updated_ns,
                )
                for held in self._truth.positions()
            ),
            coverage=Coverage.full(now_ns),
            unknown_orders=unknown,
        )


def _instrument(symbol: str) -> str:
    return f"{symbol}USDT-PERP.{VENUE}"


def _order(order: VenueOrder) -> OrderRecord:
    return OrderRecord(
        instrument_id=_instrument(order.symbol),
        side=OrderSide(order.side.value),
        status=OrderStatus(order.status.value),
        quantity=order.quantity,
        filled_quantity=order.filled_quantity,
        client_order_id=order.client_order_id,
        venue_order_id=order.venue_order_id,
        price=order.price,
        average_price=order.average_price,
        leg=Leg(order.leg.value),
        accepted_ns=order.accepted_ns,
        updated_ns=order.updated_ns,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedOutcome:
    """What a drill came to, and what an auditor outside of the node says of it; None where there is no store."""

    outcome: Outcome
    audit: AccountOutcome | None


class AuditedRun(DrillRun):
    """A drill at whose end the node is audited."""

    audited: AccountOutcome | None = None

    async def _judge(self) -> Outcome:
        outcome = await super()._judge()
        store = self.stage.store
        if store is not None and store._server is not None:
            await self.stage.written()
            self.audited = await self._audit(store)
        return outcome

    async def _audit(self, store: DrillStore) -> AccountOutcome:
        is_alive_enough = self.mode == "verified" and self.scenario.verified.compare == "alive"
        rules = AuditRules(
            lookback_ns=time.time_ns(),
            expect=ExpectedHistory.ALIVE if is_alive_enough else ExpectedHistory.WINDOW,
            second_look_secs=0.1,
            catch_up_secs=0.05,
            lag_ns=0,
            tolerance=Tolerance(submit_grace_ns=0, settle_ns=0),
            report_writers=False,  # the drills of one store use the same names and numbers
        )
        database = self.scenario.database
        keys = StoreKeys(self.stage.trader_id, use_trader_prefix=database.get("use_trader_prefix", True))
        node = RedisNode(StoreAddress(port=store.port), keys, VENUE)
        auditor = AccountAuditor("drill", "drill", DrillVenue(self.stage.truth), node, rules)
        try:
            return await auditor.audit()
        finally:
            await auditor.close()


async def run_audited(
    pairs: Sequence[tuple[Scenario, Mode]], *, concurrent: int = 10
) -> dict[tuple[str, Mode], AuditedOutcome]:
    """Run drills, several at a time, each with an audit at its end."""
    places = asyncio.Semaphore(concurrent)
    found: dict[tuple[str, Mode], AuditedOutcome] = {}
    with tempfile.TemporaryDirectory(prefix="audit-") as directory:
        root = Path(directory)
        store = DrillStore(root / "store", durable=False)
        await asyncio.to_thread(store.start)
        try:
            async with Nursery() as nursery:

                async def one(number: int, scenario: Scenario, mode: Mode) -> None:
                    async with places:
                        own = root / str(number)
                        own.mkdir()
                        run = AuditedRun(scenario, mode, own, nursery, store, number=number)
                        outcome = await run.run()
                        found[scenario.id, mode] = AuditedOutcome(outcome=outcome, audit=run.audited)

                await asyncio.gather(*(one(number, *pair) for number, pair in enumerate(pairs, start=1)))
        finally:
            await asyncio.to_thread(store.stop)
    return found
