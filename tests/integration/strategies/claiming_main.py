"""Nodes whose strategies claim, as a process: ``python -m tests.integration.strategies.claiming_main CASE``.

It writes one JSON object on its standard output: what the strategies saw, and who owns what.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from nautilus_trader.config import ImportableControllerConfig, StrategyConfig
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.enums import OrderSide, OrderType, TriggerType
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.controller import Controller
from nautilus_trader.trading.strategy import Strategy

from tests.integration.node.sim import BTC, ETH, SECOND_NS, TRUTH, SimOrder, build_sim_node, client_of
from tests.integration.node.verified_main import FAST
from trueup.errors import ConfigValueError
from trueup.node.attach import attach
from trueup.node.runner import NodeRunner
from trueup.strategies import ClaimingStrategyConfig, RecoveredStateMixin

NOW_NS = 1_760_000_000 * SECOND_NS


class PlannedConfig(StrategyConfig, frozen=True):  # type: ignore[call-arg]  # msgspec's class keyword
    """Claims as the plan writes them: a property of the field's name."""

    instrument_ids: list[str]

    @property
    def external_order_claims(self) -> list[str]:
        """Claim all configured instruments."""
        return self.instrument_ids


class TradedConfig(ClaimingStrategyConfig, kw_only=True, frozen=True):  # type: ignore[call-arg]  # the same
    """Claims by what is traded."""

    instrument_ids: list[str] = []  # noqa: RUF012 - msgspec copies it


class Keeper(RecoveredStateMixin, Strategy):
    """Note what comes, in its order; submit an order at the start, close what was recovered when told."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.said: list[Any] = []
        self.recovered: list[tuple[tuple[Any, ...], tuple[Any, ...]]] = []

    def on_start(self) -> None:
        """Submit something of its own."""
        self.said.append("on_start")
        order = self.order_factory.limit(ETH.id, OrderSide.BUY, ETH.make_qty(1), ETH.make_price(1_000))
        self.submit_order(order)

    def on_recovered(self, orders: tuple[Any, ...], positions: tuple[Any, ...]) -> None:
        """Note what is handed over."""
        self.said.append("on_recovered")
        self.recovered.append((orders, positions))

    def on_order_event(self, event: Any) -> None:
        """Note events."""
        self.said.append(type(event).__name__)

    def on_position_event(self, event: Any) -> None:
        """Note events."""
        self.said.append(type(event).__name__)


class Hirer(Controller):
    """Lets strategies come and go while the trader runs."""


def owners(node: Any) -> dict[str, str]:
    """Return who owns each order and position, by the venue's name of it."""
    cache = node.kernel.cache
    found = {order.venue_order_id.value: order.strategy_id.value for order in cache.orders() if order.venue_order_id}
    return found | {position.id.value: position.strategy_id.value for position in cache.positions_open()}


def describe(recovered: tuple[tuple[Any, ...], tuple[Any, ...]]) -> dict[str, Any]:
    """Return what was handed over, in words."""
    orders, positions = recovered
    return {
        "orders": [[one.venue_order_id.value, one.type_string(), one.status_string()] for one in orders],
        "positions": [[one.instrument_id.value, str(one.signed_decimal_qty())] for one in positions],
    }


def venue_with_stops() -> None:
    """Let somebody have bought two, and protect them with a stop and a target; and hold another instrument."""
    TRUTH.order("1", "BUY", "2.000", "100.0", status="FILLED", time_ns=NOW_NS)
    TRUTH.fill("T1", "1", "2.000", "100.0", NOW_NS)
    TRUTH.order("2", "SELL", "1.000", "120.0", time_ns=NOW_NS + SECOND_NS)
    TRUTH.order("3", "SELL", "1.000", "90.0", time_ns=NOW_NS + 2 * SECOND_NS, order_type="STOP_MARKET")
    TRUTH.orders["4"] = SimOrder("4", str(ETH.id), "BUY", "1.000", "500.0", time_ns=NOW_NS)


def speak_of_triggers(client: Any) -> None:
    """Let the venue report the trigger of a stop order; the small venue knows none."""
    report_of = client._order_report

    def order_report(row: Any) -> Any:
        report = report_of(row)
        if row.order_type == "STOP_MARKET":
            report.order_type = OrderType.STOP_MARKET
            report.trigger_price, report.trigger_type = BTC.make_price(row.price), TriggerType.LAST_PRICE
        return report

    client._order_report = order_report


def run(node: Any, handle: Any, script: Callable[[], Awaitable[None]]) -> int:
    """Run a node with a script once it trades."""

    failures: list[BaseException] = []

    async def live() -> None:
        try:
            async with asyncio.timeout(20):
                while not node.trader.is_running and not handle.failure:  # noqa: ASYNC110 - the trader has no event
                    await asyncio.sleep(0.02)
                await script()
        except BaseException as error:
            failures.append(error)
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    node.kernel.loop.create_task(live())
    code = NodeRunner(node, handle).run()
    for failure in failures:
        raise failure
    return code


def recovering(mode: str) -> dict[str, Any]:
    """Start a strategy that claims one instrument on an account that somebody traded by hand."""

    venue_with_stops()
    keeper = Keeper(TradedConfig(order_id_tag="001", instrument_ids=[str(BTC.id)]))
    node = build_sim_node(strategies=[keeper])
    speak_of_triggers(client_of(node))
    handle = attach(node, {**FAST, "mode": mode})
    seen: dict[str, Any] = {}

    async def script() -> None:
        await asyncio.sleep(0.3)
        seen["at_start"] = [describe(one) for one in keeper.recovered]
        keeper.stop()
        keeper.reset()
        keeper.start()
        await asyncio.sleep(0.1)
        seen.update(said=keeper.said, times=len(keeper.recovered), owners=owners(node), failure=handle.failure)

    seen["code"] = run(node, handle, script)
    return seen


def coming_and_going(_: str) -> dict[str, Any]:
    """Claim by patterns, let an instrument load later, and let strategies come and go."""

    venue_with_stops()
    bitcoin = Keeper(TradedConfig(strategy_id="BITCOIN", order_id_tag="001", claim_patterns=("BTC*-PERP.BINANCE",)))
    controller = ImportableControllerConfig(
        controller_path="tests.integration.strategies.claiming_main:Hirer",
        config_path="nautilus_trader.config:ActorConfig",
        config={},
    )
    node = build_sim_node(strategies=[bitcoin], more={"controller": controller})
    speak_of_triggers(client_of(node))
    handle = attach(node, FAST)
    claims = node.trueup_claims
    told: list[str] = []
    handle.listen(lambda event: told.append(event.data["line"]) if event.kind == "claims" else None)
    seen: dict[str, Any] = {"told": told}

    def claimed() -> dict[str, str | None]:
        owner = node.kernel.exec_engine.get_external_order_claim
        found = {one.id.symbol.value[:3]: owner(one.id) for one in (BTC, ETH)}
        return {name: None if one is None else one.value for name, one in found.items()}

    async def script() -> None:
        seen["owners"] = owners(node)
        seen["first"] = claimed()
        rest = TradedConfig(strategy_id="REST", order_id_tag="002", instrument_ids=[str(ETH.id)])
        renters = [Keeper(rest), Keeper(rest)]
        node.trader.add_strategy(renters[0])
        renters[0].start()
        await asyncio.sleep(0.2)  # its order reaches the venue
        seen["second"] = claimed()
        clash = TradedConfig(
            strategy_id="CLASH",
            order_id_tag="003",
            external_order_claims=[InstrumentId.from_str("NEW.BINANCE"), ETH.id],
        )
        try:
            node.trader.add_strategy(Keeper(clash))
        except ConfigValueError as error:
            seen["clash"] = str(error)
        seen["half_taken"] = str(node.kernel.exec_engine.get_external_order_claim(InstrumentId.from_str("NEW.BINANCE")))
        node.trader.remove_strategy(bitcoin.id)
        seen["third"] = claimed()
        again = Keeper(TradedConfig(strategy_id="AGAIN", order_id_tag="001", claim_all=True))
        node.trader.add_strategy(again)
        seen["fourth"] = claimed()
        seen["later"] = str(node.kernel.exec_engine.get_external_order_claim(InstrumentId.from_str("SOL.BINANCE")))
        seen["instruments"] = sorted(map(str, node.kernel.exec_engine.get_external_order_claims_instruments()))
        node.trader.remove_strategy(renters[0].id)
        node.trader.add_strategy(renters[1])
        renters[1].start()
        seen["handed"] = [[len(orders) for orders, _ in one.recovered] for one in renters]
        seen["book"] = [claim.explain() for claim in claims.book.claims]

    seen["code"] = run(node, handle, script)
    return seen


def what_the_engine_reads(_: str) -> dict[str, Any]:
    """Return what the engine makes of each way to write claims into a strategy's configuration."""
    ids = [str(BTC.id), str(ETH.id)]
    text = json.dumps({"instrument_ids": ids}).encode()
    given = json.dumps({"instrument_ids": ids, "external_order_claims": ["OTHER.BINANCE"]}).encode()
    read: dict[str, Any] = {}
    for kind in (PlannedConfig, TradedConfig):
        read[kind.__name__] = {
            "constructed": [str(one) for one in Strategy(kind(instrument_ids=ids)).external_order_claims],
            "parsed": [str(one) for one in Strategy(kind.parse(text)).external_order_claims],
            "given_too": [str(one) for one in Strategy(kind.parse(given)).external_order_claims],
            "written": json.loads(kind(instrument_ids=ids).json())["external_order_claims"],
        }
    return read


CASES: dict[str, Callable[[str], dict[str, Any]]] = {
    "recovering": recovering,
    "coming_and_going": coming_and_going,
    "what_the_engine_reads": what_the_engine_reads,
}

if __name__ == "__main__":
    UUID4()  # the engine's library is loaded before anything forks
    answer = CASES[sys.argv[1]](sys.argv[2] if len(sys.argv) > 2 else "")
    print("ANSWER " + json.dumps(answer), flush=True)
