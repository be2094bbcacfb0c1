"""An ordinary execution client that answers from an account in memory, and the node around it."""

# mypy: disallow-subclassing-any=False
# The engine ships no usable type information: subclassing an untyped base is the only way to use it.

from __future__ import annotations

import asyncio
from typing import Any

from nautilus_trader.common.config import DatabaseConfig
from nautilus_trader.common.providers import InstrumentProvider
from nautilus_trader.config import (
    CacheConfig,
    InstrumentProviderConfig,
    LiveExecClientConfig,
    LiveExecEngineConfig,
    LiveRiskEngineConfig,
    LoggingConfig,
    TradingNodeConfig,
)
from nautilus_trader.live.execution_client import LiveExecutionClient
from nautilus_trader.live.factories import LiveExecClientFactory
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.enums import AccountType, OmsType
from nautilus_trader.model.identifiers import ClientId, Venue
from nautilus_trader.model.objects import AccountBalance, Money

from benchmarks.node.account import ACCOUNT_ID, CLIENT_NAME, Account

TRADER_ID = "BENCH-001"
BALANCE = 10_000_000
CONNECTION_SECS = 60.0  # on a machine that others use, too
RECONCILIATION_SECS = 7_200.0  # native at full size takes minutes on an idle machine


class AccountClient(LiveExecutionClient):
    """Answer from the account that `client_factory` was given."""

    def __init__(self, account: Account, loop: Any, msgbus: Any, cache: Any, clock: Any) -> None:
        super().__init__(
            loop=loop,
            client_id=ClientId(CLIENT_NAME),
            venue=Venue("BINANCE"),
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            base_currency=None,
            instrument_provider=InstrumentProvider(InstrumentProviderConfig()),
            msgbus=msgbus,
            cache=cache,
            clock=clock,
        )
        self._set_account_id(ACCOUNT_ID)
        self.account = account

    async def _connect(self) -> None:
        for instrument in self.account.instruments:
            self._cache.add_instrument(instrument)
        balance = AccountBalance(Money(BALANCE, USDT), Money(0, USDT), Money(BALANCE, USDT))
        self.generate_account_state(balances=[balance], margins=[], reported=True, ts_event=self._clock.timestamp_ns())
        await self._await_account_registered()

    async def _disconnect(self) -> None:
        pass

    async def generate_order_status_report(self, command: Any) -> Any:
        """Return one order."""
        if command.venue_order_id is not None:
            return self.account.by_venue_order_id.get(command.venue_order_id.value)
        wanted = command.client_order_id
        return next((one for one in self.account.by_venue_order_id.values() if one.client_order_id == wanted), None)

    async def generate_order_status_reports(self, command: Any) -> list[Any]:
        """Return the orders asked for."""
        await asyncio.sleep(0)
        if command.open_only:
            found = list(self.account.open_orders.values())
        else:
            found = self.account.orders_since(_start_ns(command))
        return _of_instrument(command, found)

    async def generate_fill_reports(self, command: Any) -> list[Any]:
        """Return the fills asked for."""
        await asyncio.sleep(0)
        if command.venue_order_id is not None:
            return list(self.account.fills_of_order.get(command.venue_order_id.value, ()))
        return _of_instrument(command, self.account.fills_since(_start_ns(command)))

    async def generate_position_status_reports(self, command: Any) -> list[Any]:
        """Return the positions."""
        await asyncio.sleep(0)
        return _of_instrument(command, list(self.account.positions.values()))


def _start_ns(command: Any) -> int:
    return 0 if command.start is None else int(command.start.value)


def _of_instrument(command: Any, found: list[Any]) -> list[Any]:
    if command.instrument_id is None:
        return found
    return [one for one in found if one.instrument_id == command.instrument_id]


def client_factory(account: Account, kind: type[AccountClient] = AccountClient) -> Any:
    """Return the factory of a client that answers from an account."""

    class Factory(LiveExecClientFactory):
        @staticmethod
        def create(loop: Any, name: str, config: Any, msgbus: Any, cache: Any, clock: Any, **_: Any) -> AccountClient:
            return kind(account, loop, msgbus, cache, clock)

    return Factory


def build_node(
    account: Account,
    *,
    redis_port: int | None = None,
    kind: type[AccountClient] = AccountClient,
    strategies: tuple[Any, ...] = (),
    **engine: Any,
) -> TradingNode:
    """Build a node on an account; with a store its constructor loads what that holds."""
    cache = None
    if redis_port is not None:
        cache = CacheConfig(database=DatabaseConfig(type="redis", host="127.0.0.1", port=redis_port))
    config = TradingNodeConfig(
        trader_id=TRADER_ID,
        logging=LoggingConfig(log_level="ERROR", use_pyo3=False),
        exec_engine=LiveExecEngineConfig(**engine),
        risk_engine=LiveRiskEngineConfig(bypass=True),  # no prices stream here, and no rate of orders is measured
        exec_clients={CLIENT_NAME: LiveExecClientConfig()},
        cache=cache,
        timeout_connection=CONNECTION_SECS,
        timeout_reconciliation=RECONCILIATION_SECS,
        timeout_portfolio=CONNECTION_SECS,
        timeout_disconnection=2.0,
        timeout_post_stop=0.1,
        timeout_shutdown=1.0,
    )
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    node = TradingNode(config=config, loop=loop)
    for strategy in strategies:
        node.trader.add_strategy(strategy)
    node.add_exec_client_factory(CLIENT_NAME, client_factory(account, kind))
    node.build()
    return node
