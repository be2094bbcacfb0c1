"""A node of the matrix, as a process: ``python -m tests.integration.external.matrix_node PLAN FILE_DESCRIPTOR``.

Its one strategy does what it is told by lines of JSON on standard input; each line is answered by one line of JSON on
the descriptor, the first one of which says whether the node trades.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import Any

from nautilus_trader.adapters.binance import factories as adapter
from nautilus_trader.adapters.binance.common.enums import BinanceAccountType
from nautilus_trader.adapters.binance.config import BinanceDataClientConfig, BinanceInstrumentProviderConfig
from nautilus_trader.config import (
    CacheConfig,
    DatabaseConfig,
    LiveExecEngineConfig,
    LoggingConfig,
    StrategyConfig,
    TradingNodeConfig,
)
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId, PositionId
from nautilus_trader.trading.strategy import Strategy

import trueup
from trueup.config.sight.journal import JournalConfig
from trueup.emulator.server import Ready
from trueup.errors import ClaimRefusedError
from trueup.node.runner import NodeRunner
from trueup.node.sight import SightSettings
from trueup.venues.binance.factories import (
    PROFILES,
    HardenedBinanceDataClientFactory,
    HardenedBinanceExecClientFactory,
)
from trueup.venues.binance.probe.bench import QUICK
from trueup.venues.binance.probe.rig import exec_config

PATIENT = replace(
    QUICK,
    request_timeout_secs=6.0,
    stream=replace(QUICK.stream, silence_secs=3.0, connect_timeout_secs=5.0),
)
CLEAN_SECS = 45.0
ENGINE = {
    "reconciliation": True,
    "reconciliation_startup_delay_secs": 0.1,
    "open_check_interval_secs": 1.0,
    "open_check_threshold_ms": 1_000,
    "open_check_lookback_mins": 60,
    "position_check_interval_secs": 1.0,
    "position_check_threshold_ms": 1_000,
}
"""The plan's checks, five times as often as it has them, so that a run does not wait for them."""


def spare_no_weight() -> None:
    """Let no question wait for the end of the venue's minute: the emulator counts here, and refuses nothing.

    A minute's weight is used up within seconds, by the node and by the hand from the same address. How a node keeps
    within it is what ``tests/integration/venues/binance/test_paced_start.py`` and its neighbours are about.
    """
    kind = BinanceAccountType.USDT_FUTURES
    PROFILES[kind] = replace(PROFILES[kind], weight_limit=10**6)


def instrument_id(symbol: str) -> InstrumentId:
    """Return the engine's name of a symbol."""
    return InstrumentId.from_str(f"{symbol}-PERP.BINANCE")


class Desk(Strategy):
    """Do as told, and note what comes."""

    def __init__(self, plan: dict[str, Any], tag: str, claimed: list[str]) -> None:
        super().__init__(
            StrategyConfig(
                strategy_id="Desk",
                order_id_tag=tag,
                oms_type="HEDGING" if plan["hedge"] else "NETTING",
                external_order_claims=[instrument_id(symbol) for symbol in claimed] or None,
                use_uuid_client_order_ids=plan.get("uuids", False),
            )
        )
        self.hedge = plan["hedge"]
        self.heard: defaultdict[str, list[str]] = defaultdict(list)

    def on_event(self, event: Any) -> None:
        """Note an event by its instrument."""
        if hasattr(event, "instrument_id"):
            self.heard[event.instrument_id.value].append(type(event).__name__)

    def submit(self, symbol: str, side: str, quantity: str, price: str | None) -> None:
        """Submit an order, on the long leg in hedge mode."""
        instrument = self.cache.instrument(instrument_id(symbol))
        size = instrument.make_qty(Decimal(quantity))
        if price is None:
            order = self.order_factory.market(instrument.id, OrderSide[side], size)
        else:
            order = self.order_factory.limit(
                instrument.id, OrderSide[side], size, instrument.make_price(Decimal(price))
            )
        leg = PositionId(f"{instrument.id}-LONG") if self.hedge else None
        self.submit_order(order, position_id=leg)

    def amend(self, client_order_id: str, quantity: str) -> None:
        """Amend an order that it owns."""
        order = self.cache.order(ClientOrderId(client_order_id))
        self.modify_order(order, quantity=self.cache.instrument(order.instrument_id).make_qty(Decimal(quantity)))

    def clear(self) -> None:
        """Cancel and close everything that it owns."""
        for order in self.cache.orders_open(strategy_id=self.id):
            self.cancel_order(order)
        for position in self.cache.positions_open(strategy_id=self.id):
            self.close_position(position, reduce_only=not self.hedge)


def desks_of(plan: dict[str, Any]) -> list[Desk]:
    """Return the strategies: one, or one for each tag of ``desks``, which says what each claims."""
    everything = {"001": plan["symbols"] if plan["claims"] else []}
    return [Desk(plan, tag, claimed) for tag, claimed in plan.get("desks", everything).items()]


def build(plan: dict[str, Any]) -> tuple[TradingNode, Any, list[Desk]]:
    """Build the node and attach trueup."""
    ready, symbols = Ready(**plan["ready"]), tuple(plan["symbols"])
    hardened = plan["mode"] == "verified"
    provider = BinanceInstrumentProviderConfig(load_ids=frozenset(map(instrument_id, symbols)))
    execution = exec_config(ready, hardened=hardened, settings=PATIENT, symbols=symbols)
    if plan["hedge"]:
        values = {name: getattr(execution, name) for name in execution.__struct_fields__}
        execution = type(execution)(**{**values, "use_reduce_only": False, "use_position_ids": True})
    data = BinanceDataClientConfig(
        api_key=ready.api_key,
        api_secret=ready.secret,
        account_type=BinanceAccountType.USDT_FUTURES,
        base_url_http=ready.rest,
        base_url_ws=ready.stream,
        instrument_provider=provider,
    )
    store = None
    if plan["redis_port"]:
        store = CacheConfig(database=DatabaseConfig(type="redis", host="127.0.0.1", port=plan["redis_port"]))
    config = TradingNodeConfig(
        trader_id="MATRIX-001",
        logging=LoggingConfig(log_level=os.environ.get("MATRIX_LOG", "ERROR")),
        cache=store,
        exec_engine=LiveExecEngineConfig(**ENGINE),
        data_clients={"BINANCE": data},
        exec_clients={"BINANCE": execution},
        timeout_connection=90.0,  # a machine that is busy with other things is no fault of the node
        timeout_reconciliation=60.0,
        timeout_disconnection=3.0,
        timeout_post_stop=0.2,
    )
    node = TradingNode(config)
    desks = desks_of(plan)
    for desk in desks:
        node.trader.add_strategy(desk)
    if plan.get("netting_too"):
        netting = StrategyConfig(strategy_id="Netting", order_id_tag="002", oms_type="NETTING")
        node.trader.add_strategy(Strategy(netting))
    kinds = (
        (HardenedBinanceDataClientFactory, HardenedBinanceExecClientFactory)
        if hardened
        else (adapter.BinanceLiveDataClientFactory, adapter.BinanceLiveExecClientFactory)
    )
    node.add_data_client_factory("BINANCE", kinds[0])
    node.add_exec_client_factory("BINANCE", kinds[1])
    node.build()
    settings = {
        "mode": plan["mode"],
        "open_check_interval_secs": 5.0,
        "deep_interval_secs": 600.0,
        "query_timeout_secs": 6.0,
    }
    sight = SightSettings(journal=JournalConfig(url=plan["journal"]))
    handle = trueup.attach(node, {**settings, "state_dir": plan["state_dir"]}, sight=sight)
    return node, handle, desks


class Told:
    """Do what the lines say, and answer; where none is named, the first strategy does it."""

    def __init__(self, plan: dict[str, Any], answers: int) -> None:
        self.plan = plan
        self.node, self.handle, self.desks = build(plan)
        self.answers = os.fdopen(answers, "w", encoding="utf-8")
        self.said: list[dict[str, Any]] = []
        self.handle.listen(self.hear)

    def hear(self, event: Any) -> None:
        """Keep what was said of others' doing."""
        if event.kind == "intervention":
            self.said.append(dict(event.data))

    def answer(self, **data: Any) -> None:
        """Write one line."""
        self.answers.write(json.dumps(data) + "\n")
        self.answers.flush()

    async def live(self) -> None:
        """Wait until the node trades, then follow the lines."""
        node = self.node
        while not node.trader.is_running and not self.handle.failure:  # noqa: ASYNC110 - the trader has no event
            await asyncio.sleep(0.05)
        self.answer(trading=node.trader.is_running, failure=self.handle.failure, lines=list(self.handle.lines)[:20])
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            asked = json.loads(line)
            match asked.pop("do"):
                case "submit":
                    self.desks[asked.pop("desk", 0)].submit(**asked)
                    self.answer()
                case "amend":
                    self.desks[0].amend(**asked)
                    self.answer()
                case "clear":
                    self.desks[0].clear()
                    self.answer()
                case "true_up":
                    self.answer(**await self.true_up())
                case "claim":
                    self.answer(**await self.claim(**asked))
                case "look":
                    self.answer(**self.look())
                case "forget":
                    self.desks[0].heard.clear()
                    self.said.clear()
                    self.answer()
                case "stop":
                    break
        node.stop()

    async def true_up(self) -> dict[str, Any]:
        """Make the node true; say the verdict, and what still differs."""
        if self.plan["mode"] != "verified":
            return {"verdict": "NONE", "lines": []}
        deadline = time.monotonic() + CLEAN_SECS
        outcome = await self.handle.true_up()
        while outcome.verdict.value != "CLEAN" and time.monotonic() < deadline:
            await asyncio.sleep(0.2)
            outcome = await self.handle.true_up()
        return {"verdict": outcome.verdict.value, "lines": list(outcome.lines)[:20]}

    async def claim(self, strategy: str, symbol: str) -> dict[str, Any]:
        """Let a strategy claim a symbol, from now on."""
        try:
            changed = await self.handle.claims.add(strategy, str(instrument_id(symbol)))
        except ClaimRefusedError as error:
            return {"refused": error.found, "lines": [], "verdict": ""}
        return {"refused": "", "lines": list(changed.lines), "verdict": changed.verdict}

    def earned(self, instrument_id: InstrumentId) -> str | None:
        """Return what was earned on an instrument, all lives of its positions together."""
        money = self.node.kernel.portfolio.realized_pnl(instrument_id)
        return None if money is None else str(money.as_decimal())

    def look(self) -> dict[str, Any]:
        """Return what the node holds, who owns it, and what came."""
        cache = self.node.kernel.cache
        return {
            "orders": [
                {
                    "instrument": order.instrument_id.value,
                    "name": order.client_order_id.value,
                    "number": None if order.venue_order_id is None else order.venue_order_id.value,
                    "status": order.status_string(),
                    "is_open": order.is_open or order.is_inflight,
                    "quantity": str(order.quantity),
                    "filled": str(order.filled_qty),
                    "price": str(order.price) if order.has_price else None,
                    "trigger": str(order.trigger_price) if order.has_trigger_price else None,
                    "owner": order.strategy_id.value,
                }
                for order in cache.orders()
            ],
            "positions": [
                {
                    "instrument": position.instrument_id.value,
                    "position_id": position.id.value,
                    "quantity": str(position.signed_decimal_qty()),
                    "average": repr(position.avg_px_open),
                    "realised": str(position.realized_pnl.as_decimal()),
                    "is_open": position.is_open,
                    "earned": self.earned(position.instrument_id),
                    "owner": position.strategy_id.value,
                }
                for position in cache.positions()
            ],
            "heard": dict(self.desks[0].heard),
            "said": self.said,
        }


def main() -> int:
    """Live one life."""
    spare_no_weight()
    told = Told(json.loads(sys.argv[1]), int(sys.argv[2]))
    told.node.kernel.loop.create_task(told.live())
    return NodeRunner(told.node, told.handle).run()


if __name__ == "__main__":
    sys.exit(main())
