"""Where a configuration asks for hedging: the builder refuses it and a rule reports it, from this one answer."""

from __future__ import annotations

from trueup.config.trading_node.live_config import LiveTradingNodeConfig
from trueup.config.trading_node.venues import PositionMode


def hedging_fields(config: LiveTradingNodeConfig) -> tuple[tuple[str, str], ...]:
    """Return each field that asks for hedging, and its value."""
    fields = [
        (f"clients.{name}.position_mode", client.position_mode.value)
        for name, client in config.clients.items()
        if client.position_mode is PositionMode.HEDGING
    ]
    for index, strategy in enumerate(config.strategies):
        if strategy.oms_type is PositionMode.HEDGING:
            fields.append((f"strategies[{index}].oms_type", strategy.oms_type.value))
        told = strategy.config.get("oms_type")
        if isinstance(told, str) and told.upper() == PositionMode.HEDGING:
            fields.append((f"strategies[{index}].config.oms_type", told))
    return tuple(fields)
