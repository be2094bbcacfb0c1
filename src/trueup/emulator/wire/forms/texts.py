"""Decimals as the venue writes them: fixed digits per symbol for prices and quantities, eight for amounts."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

AMOUNT_SPEC: Final = ".8f"


class Digits(NamedTuple):
    """Format specifications of one symbol.

    Parameters
    ----------
    price, quantity : str
        For ``format``: ``".2f"`` writes two digits.
    """

    price: str
    quantity: str


type DigitsBySymbol = dict[str, Digits]


def amount(value: Decimal) -> str:
    """Write an amount of money with eight digits."""
    return format(value, AMOUNT_SPEC)


def plain(value: Decimal) -> str:
    """Write a decimal without an exponent and without trailing zeros."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text or "0"


def average(value: Decimal, digits: Digits) -> str:
    """Write an average price: more digits than the tick, since an average may lie between ticks."""
    if not value:
        return "0.00"
    return format(value, f".{int(digits.price[1:-1]) + 4}f")
