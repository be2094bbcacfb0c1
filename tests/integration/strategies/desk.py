"""A strategy that takes over what a person did by hand: it writes down what it is handed, and closes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from nautilus_trader.trading.strategy import Strategy

from trueup.strategies import ClaimingStrategyConfig, RecoveredStateMixin


class DeskConfig(ClaimingStrategyConfig, kw_only=True, frozen=True):  # type: ignore[call-arg]  # msgspec's class keyword
    """Configure the strategy.

    Parameters
    ----------
    path : str
        Where it writes, one JSON object a line.
    """

    path: str


class Desk(RecoveredStateMixin, Strategy):
    """Cancel every recovered order, and close every recovered position."""

    def on_start(self) -> None:
        """Wait for what is handed over."""

    def on_recovered(self, orders: tuple[Any, ...], positions: tuple[Any, ...]) -> None:
        """Write it down, and close it."""
        self.write(
            orders=[[one.instrument_id.value, one.type_string(), one.status_string()] for one in orders],
            positions=[[one.instrument_id.value, str(one.signed_decimal_qty())] for one in positions],
        )
        for order in orders:
            self.cancel_order(order)
        for position in positions:
            self.close_position(position)

    def on_order_canceled(self, event: Any) -> None:
        """Write it down."""
        self.write(cancelled=event.instrument_id.value)

    def on_position_closed(self, event: Any) -> None:
        """Write it down."""
        self.write(closed=event.instrument_id.value, realised=str(event.realized_pnl))

    def write(self, **data: Any) -> None:
        """Write one line."""
        with Path(self.config.path).open("ab") as lines:
            lines.write(orjson.dumps(data) + b"\n")
