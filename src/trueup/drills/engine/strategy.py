"""A strategy that does what the drill tells it, with the client order ids of the scenario, and nothing else."""

# mypy: disallow-subclassing-any=False
# The engine ships no usable type information: subclassing an untyped base is the only way to use it.

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.enums import OrderSide, TimeInForce
from nautilus_trader.model.identifiers import ClientId, ClientOrderId, PositionId
from nautilus_trader.trading.strategy import Strategy

from trueup.drills.engine.client import CLIENT_NAME
from trueup.drills.engine.instruments import instrument_id_of


class DrillStrategy(Strategy):
    """Submit, modify and cancel on command."""

    def __init__(self, config: StrategyConfig) -> None:
        super().__init__(config)
        self.heard_start: Callable[[], None] = lambda: None

    def on_start(self) -> None:
        """Say that the strategy may trade now."""
        self.heard_start()

    def submit(
        self,
        *,
        client_order_ids: list[str],
        symbol: str,
        side: str,
        quantity: Decimal,
        price: Decimal,
        leg: str,
        routed: bool,
    ) -> None:
        """Submit limit orders that differ in nothing but their names.

        Parameters
        ----------
        client_order_ids : list[str]
            Their names.
        routed : bool
            Whether to name the execution client, which decides whether the engine can query the order by itself.
        """
        instrument = self.cache.instrument(instrument_id_of(symbol))
        for client_order_id in client_order_ids:
            order = self.order_factory.limit(
                instrument_id=instrument.id,
                order_side=OrderSide[side],
                quantity=instrument.make_qty(quantity),
                price=instrument.make_price(price),
                time_in_force=TimeInForce.GTC,
                client_order_id=ClientOrderId(client_order_id),
            )
            self.submit_order(
                order,
                position_id=None if leg == "BOTH" else PositionId(f"{instrument.id}-{leg}"),
                client_id=ClientId(CLIENT_NAME) if routed else None,
            )

    def cancel(self, client_order_id: str) -> None:
        """Cancel an order."""
        self.cancel_order(self.cache.order(ClientOrderId(client_order_id)))

    def modify(self, client_order_id: str, quantity: Decimal, price: Decimal | None) -> None:
        """Amend an order."""
        order = self.cache.order(ClientOrderId(client_order_id))
        instrument = self.cache.instrument(order.instrument_id)
        self.modify_order(
            order,
            quantity=instrument.make_qty(quantity),
            price=None if price is None else instrument.make_price(price),
        )
