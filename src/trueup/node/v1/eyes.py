"""What the monitor sees of a 1.x node: a few counts, read on its event loop."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from nautilus_trader.model.identifiers import ClientOrderId, StrategyId

from trueup.monitor.eyes import ClientSight, Identity, NodeCounts, Taps
from trueup.node.v1.taps import NodeTaps
from trueup.node.v1.versions import engine_version

if TYPE_CHECKING:
    from trueup.venues.binance.gate import HttpGate
    from trueup.venues.binance.user_stream import UserStream

_logger = logging.getLogger("trueup.node")

CLAIMED_MAX = 10_000
"""Claimed external orders remembered: the order itself does not say that it was external (measured on 1.231.0)."""
INFLIGHT_LOOKED_AT_MAX = 1_000
SECRET_WORDS = ("secret", "password", "passphrase", "token", "api_key", "private_key")
EXTERNAL = StrategyId("EXTERNAL")


class V1Eyes:
    """One 1.x node; see `trueup.monitor.eyes.NodeEyes`.

    Parameters
    ----------
    node : TradingNode
        Built.
    mode : str
        ``verified`` or ``native``.
    """

    def __init__(self, node: Any, mode: str) -> None:
        self._node = node
        self._cache = node.kernel.cache
        self._engine = node.kernel.exec_engine
        self._mode = mode
        self._claimed: dict[str, None] = {}

    @property
    def identity(self) -> Identity:
        """Return who the node is."""
        return Identity(
            trader_id=self._node.trader_id.value,
            instance_id=self._node.instance_id.value,
            environment=str(self._node._config.environment.value),  # noqa: SLF001 - kept nowhere else
            mode=self._mode,
            engine_version=engine_version(),
        )

    def counts(self) -> NodeCounts:
        """Count what the cache holds."""
        cache, engine = self._cache, self._engine
        open_ids = cache.client_order_ids_open()
        inflight = cache.client_order_ids_inflight()
        asked_ns = [
            order.ts_last
            for client_order_id in tuple(islice(inflight, INFLIGHT_LOOKED_AT_MAX))  # other threads change the index
            if (order := cache.order(client_order_id)) is not None
        ]
        return NodeCounts(
            open=len(open_ids),
            inflight=len(inflight),
            inflight_oldest_ns=min(asked_ns, default=None),
            positions=len(cache.position_open_ids()),
            external_claimed=self._claimed_open(),
            external_unclaimed=len(cache.client_order_ids_open(strategy_id=EXTERNAL)),
            commands_waiting=int(engine.cmd_qsize()),
            events_waiting=int(engine.evt_qsize()),
            trading_state=self._node.kernel.risk_engine.trading_state.name,
            is_trading=bool(self._node.trader.is_running),
        )

    def clients(self) -> tuple[ClientSight, ...]:
        """Look at the execution clients."""
        return tuple(self._client(client) for client in self._execution_clients())

    def event_counts(self, orders_max: int) -> Mapping[str, int]:
        """Return how many events some open orders have."""
        found = {}
        for client_order_id in tuple(islice(self._cache.client_order_ids_open(), orders_max)):
            order = self._cache.order(client_order_id)
            if order is not None:
                found[client_order_id.value] = order.event_count
        return found

    def tap(self, taps: Taps) -> None:
        """Put the taps on the engine and its clients."""
        NodeTaps(self._engine, tuple(self._execution_clients()), taps, self._remember_claimed).install()

    def secret_texts(self) -> tuple[str, ...]:
        """Return the credentials that the node's clients and its store were configured with."""
        config = self._node._config  # noqa: SLF001 - the node keeps its configuration nowhere else
        holders = [*config.data_clients.values(), *config.exec_clients.values()]
        holders += [section.database for section in (config.cache, config.message_bus) if section is not None]
        found = {
            value
            for holder in holders
            if holder is not None
            for name in getattr(type(holder), "__struct_fields__", ())
            if any(word in name for word in SECRET_WORDS) and isinstance(value := getattr(holder, name), str)
        }
        return tuple(found)

    def _execution_clients(self) -> Iterator[Any]:
        yield from list(self._engine._clients.values())  # noqa: SLF001 - listed in names.py

    def _client(self, client: Any) -> ClientSight:
        sight = ClientSight(
            client_id=client.id.value,
            account_id="" if client.account_id is None else client.account_id.value,
            connected=bool(client.is_connected),
        )
        gate: Any = getattr(client, "gate", None)
        return sight if type(gate).__name__ != "HttpGate" else _hardened(sight, gate, client.stream)

    def _remember_claimed(self, client_order_id: str) -> None:
        self._claimed[client_order_id] = None
        if len(self._claimed) > CLAIMED_MAX:
            del self._claimed[next(iter(self._claimed))]

    def _claimed_open(self) -> int:
        """Count the claimed external orders that still work; those that ended are forgotten."""
        ended = [name for name in self._claimed if self._is_closed(name)]
        for name in ended:
            del self._claimed[name]
        return sum(self._cache.is_order_open(ClientOrderId(name)) for name in self._claimed)

    def _is_closed(self, name: str) -> bool:
        return bool(self._cache.is_order_closed(ClientOrderId(name)))


def _hardened(sight: ClientSight, gate: HttpGate, stream: UserStream) -> ClientSight:
    """Return what the hardened Binance client knows besides: its stream, weight and clock.

    The engine calls a client connected from its connection to its disconnection, whatever the network does between.
    """
    return replace(
        sight,
        connected=sight.connected and stream.is_open,
        weight_used=gate.pacer.used_weight,
        weight_limit=gate.profile.weight_limit,
        skew_secs=None if gate.skew.best is None else gate.skew.offset_ms / 1000,
    )
