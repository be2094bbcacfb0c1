"""What an identifier says, and synthetic identifiers, the same in every process and at every restart.

The engine draws a random UUID for an order that the venue names alone, so each cold start gives the same order another
name (issues #3176, #3878). The synthetic ones here are digests of what the venue says and nothing else. The prefix
tells a reader where they come from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from trueup.model.enums import Leg, OrderSide

EXTERNAL_PREFIX = "EXT-"
OPENING_PREFIX = "OPEN-"
# 80 bits: a collision among a million names has a chance of about 4e-13, and with the prefix the name stays below the
# 36 characters that Binance allows for a client order id.
_DIGEST_BYTES = 10


SHARED_NAMES = frozenset({"adl_autoclose"})
"""Client order ids under which a venue places one order after another (Binance's documentation of the order update
event: every auto-deleveraging order bears this name). A node knows one order by one name.
"""


def unique_client_order_id(client_order_id: str | None, venue_order_id: str | None) -> str | None:
    """Return the name by which a node knows an order: the venue's, with the order's number where it shares its name."""
    if client_order_id not in SHARED_NAMES or venue_order_id is None:
        return client_order_id
    return f"{client_order_id}-{venue_order_id}"


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=_DIGEST_BYTES).hexdigest()


def external_client_order_id(account_id: str, instrument_id: str, venue_order_id: str) -> str:
    """Return the client order id of an order that the venue lists without one."""
    return EXTERNAL_PREFIX + _digest("order", account_id, instrument_id, venue_order_id)


def opening_client_order_id(account_id: str, instrument_id: str, leg: Leg) -> str:
    """Return the client order id of an opening balance.

    The owner is no part of it: whoever owns the position, there is one opening balance for it.
    """
    return OPENING_PREFIX + _digest("opening", account_id, instrument_id, str(leg))


def opening_trade_id(account_id: str, instrument_id: str, leg: Leg, side: OrderSide) -> str:
    """Return the trade id of an opening balance."""
    return OPENING_PREFIX + _digest("opening-trade", account_id, instrument_id, str(leg), str(side))


def is_opening_trade_id(trade_id: str) -> bool:
    """Return whether a trade id was made by `opening_trade_id`."""
    return trade_id.startswith(OPENING_PREFIX)


def leg_of(position_id: str | None, instrument_id: str) -> Leg:
    """Return the leg that a position id names.

    In hedge mode the adapters name a position ``<instrument>-LONG`` or ``-SHORT``, in one-way mode not at all, or
    ``-BOTH`` (read in 1.231.0). Anything longer is a NETTING id, whose strategy may itself end in either word.
    """
    if position_id is None or not position_id.endswith(_LEG_ENDS):
        return Leg.BOTH
    name, _, leg = position_id.rpartition("-")
    return Leg(leg) if name == instrument_id else Leg.BOTH


_LEG_ENDS = (f"-{Leg.LONG}", f"-{Leg.SHORT}")


def only_account_of(instrument_id: str, account_ids: Iterable[str]) -> str | None:
    """Return the only account at an instrument's venue, or the only one at all; None where that is in doubt.

    An order names no account before its first fill if this node has not submitted it (one placed elsewhere, measured
    on 1.231.0, or one never sent). An account's id is its venue's name or begins with it and a dash, where the account
    is at the venue itself; a broker's account trades at venues of other names.
    """
    names = tuple(account_ids)
    venue = instrument_id.rpartition(".")[2]
    found = [name for name in names if name == venue or name.startswith(f"{venue}-")] or names
    return found[0] if len(found) == 1 else None
