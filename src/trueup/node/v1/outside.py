"""The orders of one 1.x account that nobody of the node owns, and the one thing that can be done to them."""

from __future__ import annotations

from typing import Any

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import CancelOrder
from nautilus_trader.model.identifiers import ClientOrderId, StrategyId

from trueup.core.owners import EXTERNAL_OWNER
from trueup.node.binding import OutsideOrder
from trueup.node.v1.accounts import is_of

EXTERNAL = StrategyId(EXTERNAL_OWNER)


class V1Outside:
    """See `trueup.node.binding.Outside`.

    Parameters
    ----------
    engine, cache : LiveExecutionEngine, Cache
        Of the node.
    client : LiveExecutionClient
        Of the account.
    """

    def __init__(self, engine: Any, cache: Any, client: Any) -> None:
        self._engine, self._cache, self._client = engine, cache, client

    def names(self) -> frozenset[str]:
        """Return the client order ids of all orders that nobody owns, of every account of the node."""
        return frozenset(one.value for one in self._cache.client_order_ids(strategy_id=EXTERNAL))

    def order(self, name: str) -> OutsideOrder | None:
        """Return one of them as it is now; None for one that is another account's, or somebody's."""
        order = self._cache.order(ClientOrderId(name))
        if order is None or order.strategy_id != EXTERNAL or not is_of(self._cache, self._client, order):
            return None
        return OutsideOrder(
            client_order_id=name,
            venue_order_id=None if order.venue_order_id is None else order.venue_order_id.value,
            instrument_id=order.instrument_id.value,
            description=f"{order.side_string()} {order.quantity} {order.type_string()}",
            is_open=bool(order.is_open),
            is_waiting=bool(order.is_inflight or order.is_pending_cancel or order.is_pending_update),
            updated_ns=int(order.ts_last),
        )

    def cancel(self, name: str) -> bool:
        """Ask the venue to cancel one order, through the node's own client; return whether it was sent."""
        order = self._cache.order(ClientOrderId(name))
        if order is None or order.strategy_id != EXTERNAL or not order.is_open:
            return False
        command = CancelOrder(
            trader_id=self._engine.trader_id,
            strategy_id=EXTERNAL,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            venue_order_id=order.venue_order_id,
            command_id=UUID4(),
            ts_init=self._client._clock.timestamp_ns(),  # noqa: SLF001 - every component's own clock
            client_id=self._client.id,
        )
        self._client.cancel_order(command)
        return True
