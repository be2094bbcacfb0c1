"""Which account of a 1.x node a record belongs to."""

from __future__ import annotations

from typing import Any


def is_of(cache: Any, client: Any, record: Any) -> bool:
    """Return whether an order or a position is of the account of one client.

    An order that the engine made of a report names no account before it fills (measured on 1.231.0): there the client
    that it was given to tells, else the venue.
    """
    if record.account_id is not None:
        return bool(record.account_id == client.account_id)
    given = cache.client_id(record.client_order_id)
    if given is not None:
        return bool(given == client.id)
    return client.venue is None or bool(client.venue == record.instrument_id.venue)
