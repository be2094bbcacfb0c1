"""Fee rates by tier, as the venue publishes them for USD-M futures (regular user is tier 0; no BNB discount)."""

from __future__ import annotations

from decimal import Decimal

TIERS: tuple[tuple[Decimal, Decimal], ...] = tuple(
    (Decimal(maker), Decimal(taker))
    for maker, taker in (
        ("0.000200", "0.000500"),
        ("0.000160", "0.000400"),
        ("0.000140", "0.000350"),
        ("0.000120", "0.000320"),
        ("0.000100", "0.000300"),
        ("0.000080", "0.000270"),
        ("0.000060", "0.000250"),
        ("0.000040", "0.000220"),
        ("0.000020", "0.000200"),
        ("0.000000", "0.000170"),
    )
)


def fee_rate(tier: int, *, maker: bool) -> Decimal:
    """Return the fraction of the notional that a fill pays."""
    return TIERS[tier][0 if maker else 1]
