"""Give every order that a venue names like another of its own a name of its own, before the adapter makes events of it.

Binance calls each of its auto-deleveraging orders ``adl_autoclose``, and an engine knows one order by one name: the
second one was refused, and the account stayed DISCREPANT (found by the matrix of external activity, 1.231.0). What the
venue's lists say is renamed by the same rule (`trueup.model.identifiers.unique_client_order_id`).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from typing import Any

from trueup.model.identifiers import SHARED_NAMES, unique_client_order_id

_logger = logging.getLogger("trueup.node")

ORDER_UPDATE = "ORDER_TRADE_UPDATE"
_NAMED = re.compile(rb'"c"\s*:\s*"(' + b"|".join(re.escape(name.encode()) for name in sorted(SHARED_NAMES)) + rb')"')
_NUMBER = re.compile(rb'"i"\s*:\s*(\d+)')


def renamed(raw: bytes) -> bytes:
    """Return a frame of the user stream with a shared name made unique by the order's number; any other as it is."""
    named = _NAMED.search(raw)
    number = None if named is None else _NUMBER.search(raw)
    if named is None or number is None:
        return raw
    unique = unique_client_order_id(named[1].decode(), number[1].decode())
    return raw[: named.start(1)] + str(unique).encode() + raw[named.end(1) :]


def rename_on_stream(clients: Iterable[Any]) -> None:
    """Rename what the user streams of some Binance futures clients say; other clients are left as they are."""
    for client in clients:
        handlers = getattr(client, "_futures_user_ws_handlers", None)
        if isinstance(handlers, dict):
            for kind, handle in list(handlers.items()):
                if str(getattr(kind, "value", kind)) == ORDER_UPDATE:
                    handlers[kind] = _renaming(handle)


def _renaming(handle: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    def handled(raw: bytes) -> Any:
        return handle(renamed(raw))

    return handled
