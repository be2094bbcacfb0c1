"""One currency's balance, as the venue or the node describes it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRecord:
    """Hold the balance of one currency; ``total`` is ``locked`` plus ``free``."""

    currency: str
    total: Decimal
    locked: Decimal = Decimal(0)
    free: Decimal = Decimal(0)
