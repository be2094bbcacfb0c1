"""The trading state of a 1.x node's risk engine, as the guard's effect.

Measured on 1.222.0 and 1.231.0, alike: docs/guard.md has the table of what each state lets through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nautilus_trader.model.enums import TradingState

from trueup.model.guard import GuardState

RISK_TOPIC = "events.risk"
"""Where the risk engine publishes ``TradingStateChanged``, synchronously, whoever changed it."""


class V1TradingState:
    """Set and read the trading state of one node. Belongs to its event loop.

    Parameters
    ----------
    node : TradingNode
        The node.
    """

    def __init__(self, node: Any) -> None:
        self._node = node
        self._risk = node.kernel.risk_engine

    def set_state(self, state: GuardState) -> None:
        """Tell the risk engine, unless it is so already: it logs a warning for a change that is none."""
        if self.read_state() is not state:
            self._risk.set_trading_state(TradingState[state.name])

    def read_state(self) -> GuardState:
        """Return the risk engine's state."""
        return GuardState[self._risk.trading_state.name]

    def obstacle(self) -> str:
        """Return why the trading state is without effect; empty if it has one."""
        if self._risk.is_bypassed:
            return "the risk engine is bypassed (risk.bypass = true): it checks nothing, the trading state included"
        return ""

    def loophole(self) -> str:
        """Return what passes whatever the trading state is: emulated orders go past the risk engine when triggered."""
        count = self._node.kernel.cache.orders_emulated_count()
        if not count:
            return ""
        return f"{count} emulated in the node go past the risk engine when triggered, whatever the state: cancel them"

    def skew_secs(self) -> float | None:
        """Return the largest distance of a venue's clock from ours, None where no client measures it."""
        found = []
        for client in list(self._node.kernel.exec_engine._clients.values()):  # noqa: SLF001 - listed in names.py
            skew = getattr(getattr(client, "gate", None), "skew", None)
            if skew is not None and skew.best is not None:
                found.append(skew.offset_ms / 1_000)
        return max(found, key=abs, default=None)

    def on_change(self, changed: Callable[[], None]) -> None:
        """Call something after every change of the trading state, whoever made it."""
        self._node.kernel.msgbus.subscribe(RISK_TOPIC, lambda _event: changed())
