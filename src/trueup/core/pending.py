"""An order on its way."""

from __future__ import annotations

from dataclasses import dataclass

from trueup.model.enums import OrderStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingOrder:
    """Hold an order that is between the node and the venue: no difference yet, and no agreement either."""

    client_order_id: str
    instrument_id: str
    status: OrderStatus
    reason: str
