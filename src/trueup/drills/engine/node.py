"""One life of a node: build it from its order, run it, and do what the drill says over the control socket."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from nautilus_trader.common.config import DatabaseConfig
from nautilus_trader.config import (
    CacheConfig,
    LiveExecEngineConfig,
    LoggingConfig,
    StrategyConfig,
    TradingNodeConfig,
)
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.identifiers import TraderId
from redis.asyncio import Redis
from redis.exceptions import RedisError

from trueup.drills.engine.client import CLIENT_NAME, DrillExecClientConfig, DrillExecClientFactory
from trueup.drills.engine.death import Reaper
from trueup.drills.engine.dump import node_state
from trueup.drills.engine.instruments import instrument_id_of
from trueup.drills.engine.strategy import DrillStrategy
from trueup.drills.engine.verified import VerifiedNode
from trueup.drills.records import NodeSight, NodeSpec
from trueup.drills.wire import Message, frame, read_frame

DRAIN_STEP_SECS = 0.002  # short beside the 50 ms that one step of a scenario takes
DRAIN_STEPS_MAX = 500
FLUSH_TIMEOUT_SECS = 1.0  # the writer lags by less than 5 ms; events that were lost in an outage never come
STOP_TIMEOUT_SECS = 1.0  # the drill's client has nothing to wait for at the end


def node_config(spec: NodeSpec) -> TradingNodeConfig:
    """Return the engine's configuration for a node's order."""
    database = None
    if spec.redis_port is not None:
        database = DatabaseConfig(type="redis", host="127.0.0.1", port=spec.redis_port, **spec.database)
    return TradingNodeConfig(
        trader_id=TraderId(spec.trader_id),
        logging=LoggingConfig(log_level="INFO", log_colors=False, print_config=False),
        cache=CacheConfig(database=database, **spec.cache),
        exec_engine=LiveExecEngineConfig(**spec.engine),
        exec_clients={CLIENT_NAME: DrillExecClientConfig(venue_path=spec.venue_path, hedging=spec.hedging)},
        timeout_connection=10.0,
        timeout_reconciliation=spec.reconciliation_timeout_secs,
        timeout_portfolio=5.0,
        timeout_disconnection=STOP_TIMEOUT_SECS,
        timeout_post_stop=0.1,
    )


class NodeLife:
    """A running node and its control channel.

    Parameters
    ----------
    spec : NodeSpec
        What to build.
    """

    def __init__(self, spec: NodeSpec) -> None:
        self.spec = spec
        reaper = Reaper(spec.death, str(spec.verified.get("state_dir", "")))
        reaper.happens("stage", "forked")
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        self.node = TradingNode(config=node_config(spec), loop=self.loop)
        reaper.happens("stage", "constructed")
        claims = [instrument_id_of(symbol) for symbol in spec.claims]
        self.strategy = DrillStrategy(StrategyConfig(order_id_tag="001", external_order_claims=claims or None))
        self.node.trader.add_strategy(self.strategy)
        self.node.add_exec_client_factory(CLIENT_NAME, DrillExecClientFactory)
        self.node.build()
        reaper.happens("stage", "built")
        reaper.watch_engine(self.node)
        self.verified = VerifiedNode.attach(self.node, spec) if spec.mode == "verified" else None
        if self.verified is not None:
            reaper.watch_announcer(self.verified.announcer)
        reaper.happens("stage", "attached")
        self._running: asyncio.Task[None] | None = None
        self._started_under: str | None = None
        self._started_ns = 0
        self.strategy.heard_start = self._note_start
        self._gave_up = False
        if self.verified is None:
            self._start_kernel, self.node.kernel.start_async = self.node.kernel.start_async, self._start_natively

    def run(self) -> None:
        """Run until the control channel says stop or closes."""
        self.loop.run_until_complete(self._run())

    async def _run(self) -> None:
        reader, writer = await asyncio.open_unix_connection(self.spec.control_path)
        self._running = self.loop.create_task(self.node.run_async())
        while (message := await read_frame(reader)) is not None:
            try:
                answer = {"id": message["id"], "answer": await self._do(message)}
            except Exception as error:  # whatever it is, the drill must hear of it, not only a log file
                answer = {"id": message["id"], "error": f"{type(error).__name__}: {error}"}
            writer.write(frame(answer))
            await writer.drain()
            if message["do"] == "stop":
                break

    async def _do(self, message: Message) -> Any:
        terms = message.get("terms", {})
        match message["do"]:
            case "phase":
                return self._phase()
            case "state":
                return node_state(self.node)
            case "watch":
                return self._sight()
            case "submit":
                terms["quantity"], terms["price"] = Decimal(terms["quantity"]), Decimal(terms["price"])
                return self.strategy.submit(**terms)
            case "cancel":
                return self.strategy.cancel(terms["client_order_id"])
            case "modify":
                price = terms["price"]
                return self.strategy.modify(
                    terms["client_order_id"], Decimal(terms["quantity"]), None if price is None else Decimal(price)
                )
            case "drain":
                return await self._drain()
            case "flush":
                return await self._flush()
            case "reconcile":
                return bool(await self.node.kernel.exec_engine.reconcile_execution_state())
            case "verdict":
                return None if self.verified is None else asdict(await self.verified.verdict())
            case "stop":
                return await self._stop()
        raise ValueError(f"unknown command {message['do']!r}")

    async def _start_natively(self) -> None:
        """Start the engine and note where it returns without trading: it says so in its log alone, and stays up."""
        await self._start_kernel()
        self._gave_up = not self.node.trader.is_running

    def _note_start(self) -> None:
        self._started_ns = time.monotonic_ns()
        self._started_under = "" if self.verified is None else self.verified.standing()

    def _sight(self) -> NodeSight:
        return NodeSight(
            state=node_state(self.node),
            started=self._started_under is not None,
            started_under=self._started_under or "",
            started_ns=self._started_ns,
            standing="" if self.verified is None else self.verified.standing(),
            looked_ns=0 if self.verified is None else self.verified.looked_ns(),
        )

    def _phase(self) -> Message:
        assert self._running is not None
        failure = ""
        if self._running.done() and not self._running.cancelled():
            failure = repr(self._running.exception() or "ended")
        refused = "" if self.verified is None else self.verified.refusal()
        return {
            "trading": bool(self.node.trader.is_running),
            "failure": refused or failure,
            "gave_up": self._gave_up,
        }

    async def _drain(self) -> None:
        """Return once every command and event that is under way has been handled."""
        engine = self.node.kernel.exec_engine
        quiet = 0
        for _ in range(DRAIN_STEPS_MAX):
            quiet = quiet + 1 if engine.cmd_qsize() == 0 and engine.evt_qsize() == 0 else 0
            if quiet > 2:
                break
            await asyncio.sleep(DRAIN_STEP_SECS)

    async def _flush(self) -> bool:
        """Return once the store holds every event of the orders and open positions, or whether it never did.

        The engine writes behind: a kill at once would lose what a trader would call long past, by chance.
        """
        if self.spec.redis_port is None:
            return True
        cache = self.node.cache
        prefix = f"trader-{self.spec.trader_id}"
        expected = {f"{prefix}:orders:{order.client_order_id}": order.event_count for order in cache.orders()}
        expected |= {f"{prefix}:positions:{held.id}": held.event_count for held in cache.positions_open()}
        deadline = self.loop.time() + FLUSH_TIMEOUT_SECS
        async with Redis(host="127.0.0.1", port=self.spec.redis_port) as client:
            while self.loop.time() < deadline:
                pipeline = client.pipeline(transaction=False)
                for key in expected:
                    pipeline.llen(key)
                try:
                    if await pipeline.execute() == list(expected.values()):
                        return True
                except RedisError:
                    return False
                await asyncio.sleep(DRAIN_STEP_SECS)
        return False

    async def _stop(self) -> None:
        await self.node.stop_async()


def run_node(spec: NodeSpec) -> None:
    """Live one life in this process; its output goes to the log file of the drill."""
    log = os.open(Path(spec.log_path), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    NodeLife(spec).run()
