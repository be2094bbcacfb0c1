"""A strategy that writes down what it is handed and what happens to it, and closes what it has when a file says so."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from nautilus_trader.trading.strategy import Strategy

from tests.integration.external import failpoints
from trueup.strategies import ClaimingStrategyConfig, RecoveredStateMixin

failpoints.arm()  # this module is what a test has inside of the node


class HeirConfig(ClaimingStrategyConfig, kw_only=True, frozen=True):  # type: ignore[call-arg]  # msgspec's class keyword
    """Configure the strategy.

    Parameters
    ----------
    path : str
        Where it writes, one JSON object a line; it closes everything once ``<path>.close`` is there.
    """

    path: str


class Heir(RecoveredStateMixin, Strategy):
    """Note what is handed over; close it when told."""

    def on_start(self) -> None:
        """Look for the word now and then."""
        self._told = False
        self.clock.set_timer("told", timedelta(milliseconds=100), callback=self._look)

    def on_recovered(self, orders: tuple[Any, ...], positions: tuple[Any, ...]) -> None:
        """Note what is handed over."""
        self.write(
            orders=[[one.client_order_id.value, one.type_string(), one.status_string()] for one in orders],
            positions=[[one.instrument_id.value, str(one.signed_decimal_qty())] for one in positions],
        )

    def on_order_filled(self, event: Any) -> None:
        """Note a fill."""
        self.write(filled=event.client_order_id.value, quantity=str(event.last_qty))

    def on_order_canceled(self, event: Any) -> None:
        """Note a cancel."""
        self.write(cancelled=event.client_order_id.value)

    def on_position_closed(self, event: Any) -> None:
        """Note what it earned."""
        self.write(closed=event.instrument_id.value, realised=str(event.realized_pnl))

    def _look(self, _: Any) -> None:
        if self._told or not Path(f"{self.config.path}.close").exists():
            return
        self._told = True
        for order in self.cache.orders_open(strategy_id=self.id):
            self.cancel_order(order)
        for position in self.cache.positions_open(strategy_id=self.id):
            self.close_position(position)

    def write(self, **data: Any) -> None:
        """Write one line."""
        with Path(self.config.path).open("ab") as lines:
            lines.write(orjson.dumps(data) + b"\n")
