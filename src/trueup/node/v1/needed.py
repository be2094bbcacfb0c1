"""Tell what of a 1.x node's cache a comparison needs; see `trueup.node.binding.Needed`."""

from __future__ import annotations

from typing import Any

from trueup.node.binding import Needed


def is_needed(order: Any, needed: Needed) -> bool:
    """Return whether a comparison needs an order; see `Needed`. An old event that the node heard of late counts."""
    if not order.is_closed or order.ts_last >= needed.since_ns or order.last_event.ts_init >= needed.heard_ns:
        return True
    if order.client_order_id.value in needed.names or (needed.whole and order.instrument_id.value in needed.whole):
        return True
    if order.venue_order_id is not None and order.venue_order_id.value in needed.names:
        return True
    return any(one.value in needed.names for one in order.venue_order_ids)


def has_moved(position: Any, needed: Needed) -> bool:
    """Return whether a comparison needs the single fills of a position; see `Needed`."""
    instrument_id = position.instrument_id.value
    if instrument_id in needed.instruments or instrument_id in needed.whole or position.ts_last >= needed.since_ns:
        return True
    last = position.last_event
    return last is None or bool(last.ts_init >= needed.heard_ns)
