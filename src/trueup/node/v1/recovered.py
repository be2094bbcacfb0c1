"""Hand every strategy that asks for it what it owned before it started; see `trueup.strategies`."""

from __future__ import annotations

from typing import Any

from nautilus_trader.common.enums import ComponentState

TOPIC = "events.system.*"
STARTS = (ComponentState.STARTING, ComponentState.RUNNING)


class RecoveredStates:
    """Watch the strategies of one node start, and hand over to each once.

    What a strategy owns is noted when it begins to start, before its ``on_start`` can submit anything, and handed over
    when it runs.
    """

    def __init__(self, node: Any) -> None:
        self._trader, self._cache = node.trader, node.kernel.cache
        self._noted: dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]] = {}
        self._told: dict[str, Any] = {}
        node.kernel.msgbus.subscribe(TOPIC, self._on_state)

    def _on_state(self, event: Any) -> None:
        name = getattr(event, "component_id", None)
        if name is None or event.state not in STARTS:
            return
        strategy = self._asking(name.value)
        if strategy is None or self._told.get(name.value) is strategy:  # another one may have come under the name
            return
        if event.state == ComponentState.STARTING:
            self._noted[name.value] = self._owned_by(strategy.id)
        elif name.value in self._noted:
            self._told[name.value] = strategy
            strategy.on_recovered(*self._noted.pop(name.value))

    def _asking(self, name: str) -> Any:
        for strategy in self._trader.strategies():
            if strategy.id.value == name and callable(getattr(strategy, "on_recovered", None)):
                return strategy
        return None

    def _owned_by(self, strategy_id: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        cache = self._cache
        alive = (
            *cache.orders_open(strategy_id=strategy_id),
            *cache.orders_inflight(strategy_id=strategy_id),
            *cache.orders_emulated(strategy_id=strategy_id),
        )
        orders = {order.client_order_id: order for order in alive}.values()
        positions = cache.positions_open(strategy_id=strategy_id)
        return (
            tuple(sorted(orders, key=lambda order: (order.ts_init, order.client_order_id.value))),
            tuple(sorted(positions, key=lambda position: (position.ts_opened, position.id.value))),
        )
