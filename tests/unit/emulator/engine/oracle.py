"""An independent account of positions and money, from nothing but trades, in fractions.

It knows no average price: it follows the cash. Buying pays the quote amount and selling earns it, so what a leg has
realised is its cash flow plus what its open quantity cost at the entry price. The venue rounds each realised profit to
eight decimals and each entry price to twelve; the tolerance is exactly those roundings.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

from trueup.emulator.engine.enums import PositionSide
from trueup.emulator.engine.ledger import AccountRecord
from trueup.emulator.engine.values import Trade

TIERS = {0: (Fraction(2, 10_000), Fraction(5, 10_000)), 5: (Fraction(8, 100_000), Fraction(27, 100_000))}
HALF_CENT = Fraction(1, 2 * 10**8)
HALF_ENTRY = Fraction(1, 2 * 10**12)

type LegKey = tuple[str, PositionSide]


def check_account(record: AccountRecord, fee_tier: int = 0) -> None:
    """Assert that an account's legs, fees and wallet are what its trades say."""
    legs: defaultdict[LegKey, list[Trade]] = defaultdict(list)
    for trade in record.trades:
        legs[trade.symbol, trade.position_side].append(trade)
        _check_fee(trade, fee_tier)
    held = {(leg.symbol, leg.position_side): leg for leg in record.legs}
    for key, trades in legs.items():
        signed = [(_fraction(t.quantity) * (1 if t.buyer else -1), _fraction(t.price)) for t in trades]
        quantity = sum((size for size, _ in signed), Fraction(0))
        cash = -sum((size * price for size, price in signed), Fraction(0))
        leg = held[key]
        assert _fraction(leg.quantity) == quantity
        expected = cash + quantity * _fraction(leg.entry_price)
        largest = max(abs(size) for size, _ in signed) * len(signed)
        tolerance = len(signed) * (HALF_CENT + largest * HALF_ENTRY)
        assert abs(_fraction(leg.realised) - expected) <= tolerance, (leg, expected)
    _check_wallet(record)


def _check_fee(trade: Trade, fee_tier: int) -> None:
    rate = TIERS[fee_tier][0 if trade.maker else 1]
    exact = _fraction(trade.price) * _fraction(trade.quantity) * rate
    assert abs(_fraction(trade.commission) - exact) <= HALF_CENT


def _check_wallet(record: AccountRecord) -> None:
    profit = sum((trade.realised_pnl for trade in record.trades), Decimal(0))
    fees = sum((trade.commission for trade in record.trades), Decimal(0))
    other = sum(
        (i.amount for i in record.incomes if i.type not in ("REALIZED_PNL", "COMMISSION")),
        Decimal(0),
    )
    balance = sum((wallet.balance for wallet in record.wallets.values()), Decimal(0))
    assert balance == profit - fees + other


def _fraction(value: Decimal) -> Fraction:
    return Fraction(value)
