"""Hand a strategy what it owns from before its start."""

from __future__ import annotations

from typing import Any


class RecoveredStateMixin:
    """Get the orders and positions of an earlier life, and those claimed, once, when the strategy has started.

    The engine tells a strategy nothing about what it reconciles before the strategy runs: no ``on_order_*``, no
    ``on_position_*`` (measured on 1.231.0). A strategy with this mixin, in a node with trueup attached, is called once,
    right after its ``on_start`` and before any event::

        class MyStrategy(RecoveredStateMixin, Strategy):
            def on_recovered(self, orders, positions): ...

    In verified mode no strategy starts before both sides were proven equal, so what is handed over is what the venue
    has. What ``on_start`` itself submits is not part of it.
    """

    def on_recovered(self, orders: tuple[Any, ...], positions: tuple[Any, ...]) -> None:
        """Take over what is alive; override it.

        What it raises has the same effect as if ``on_start`` had raised it: the node does not start.

        Parameters
        ----------
        orders : tuple of Order
            The strategy's open orders, stops that wait for their trigger included, those in flight, and those that the
            engine emulates; the oldest first. Its own of an earlier life and claimed ones are owned alike.
        positions : tuple of Position
            Its open positions, the oldest first.
        """
