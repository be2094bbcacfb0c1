"""Which fills of a node were made by a reconciliation instead of being reported by the venue. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from trueup.model.identifiers import is_opening_trade_id

RECONCILIATION_TAG = "RECONCILIATION"
"""The tag that the engine gives an order which it invents to bring a position level; the venue's own external orders
are tagged ``VENUE`` (NautilusTrader 1.231.0)."""

_UUID_LENGTH = 36
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def is_synthetic_fill(trade_id: str, *, reconciliation: bool, order_tags: Iterable[str] = ()) -> bool:
    """Return whether the node invented a fill.

    The flag alone does not tell: a fill that a reconciliation learnt from the venue's own trade list carries it, too.
    What tells is the trade id that the engine makes up for an inferred fill, a UUID (measured on 1.231.0), the tag on
    an order that the engine made up as a whole, or our own mark of an opening balance. A venue whose real trade ids are
    UUIDs would be suspected wrongly; such a fill still matches the venue's by its trade id.
    """
    if is_opening_trade_id(trade_id) or RECONCILIATION_TAG in order_tags:
        return True
    return reconciliation and len(trade_id) == _UUID_LENGTH and _UUID.fullmatch(trade_id) is not None
