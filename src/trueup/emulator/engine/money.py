"""Exact decimal arithmetic: how amounts round, and the context in which the engine computes."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal

EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
"""Sixty digits hold every product of a price, a quantity and a rate whole; only divisions and `cents` round."""

CENT = Decimal("0.00000001")
"""Wallets, commissions, profits and margins have eight decimals, as the venue shows them."""

ENTRY = Decimal("0.000000000001")
"""Average prices have twelve decimals: assumed, the venue shows between five and fourteen."""


def cents(amount: Decimal) -> Decimal:
    """Return `amount` rounded to the eighth decimal, half to even."""
    return amount.quantize(CENT, ROUND_HALF_EVEN, EXACT)


def average(amount: Decimal) -> Decimal:
    """Return `amount` rounded to the twelfth decimal, half to even."""
    return amount.quantize(ENTRY, ROUND_HALF_EVEN, EXACT)
