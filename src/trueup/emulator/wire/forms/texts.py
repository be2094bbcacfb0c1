"""Decimals as the venue writes them: fixed digits per symbol for prices and quantities, eight for amounts."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

AMOUNT_DECIMALS: Final = 8
AVERAGE_MORE: Final = 4
AVERAGE_ZERO: Final = "0.00"
_DECIMALS_MAX: Final = 24
_ZEROS: Final = tuple("0" if not decimals else "0." + "0" * decimals for decimals in range(_DECIMALS_MAX + 1))
_PADDING: Final = tuple("0" * decimals for decimals in range(_DECIMALS_MAX + 1))
_SPECS: Final = tuple(f".{decimals}f" for decimals in range(_DECIMALS_MAX + 1))


class Digits(NamedTuple):
    """How many decimals a symbol's prices and quantities are written with."""

    price: int
    quantity: int


type DigitsBySymbol = dict[str, Digits]


def fixed(value: Decimal, decimals: int) -> str:
    """Write a decimal with exactly `decimals` digits after the point.

    Nearly every value has just as many of them, or fewer, or zeros behind them; ``str`` and a look at the point are
    then two to four times as fast as ``format``, and a page of a thousand orders is made of six thousand such texts.
    """
    if not value:
        return _ZEROS[decimals]
    text = str(value)
    if "E" in text:
        return format(value, _SPECS[decimals])
    if text[~decimals:-decimals] == ".":
        return text
    point = text.find(".")
    if point < 0:
        return text + _ZEROS[decimals][1:]
    missing = decimals - len(text) + point + 1
    if missing >= 0:
        return text + _PADDING[missing]
    if decimals and text.endswith(_PADDING[-missing]):
        return text[:missing]
    return format(value, _SPECS[decimals])


def column(values: Sequence[Decimal], decimals: int, zero: str | None = None) -> list[str]:
    """Write many decimals as `fixed` does; zeros as `zero` if it is given.

    Numbers of one kind and symbol nearly always have equally many decimals: then one look at all of them replaces one
    at each, and what is missing is the same for all.
    """
    texts = [str(value) if value else "" for value in values]
    together = "".join(texts)
    _, point, tail = max(texts, default="").partition(".")
    found = len(tail)
    alike = {text[~found:-found] for text in texts if text} == {"."} if found else "." not in together
    if not alike or found > decimals or "E" in together:
        return [fixed(value, decimals) if value or zero is None else zero for value in values]
    zero = _ZEROS[decimals] if zero is None else zero
    missing = _PADDING[decimals - found]
    if missing and not point:
        missing = "." + missing
    return [text + missing if text else zero for text in texts] if missing else [text or zero for text in texts]


def amount(value: Decimal) -> str:
    """Write an amount of money with eight digits."""
    return fixed(value, AMOUNT_DECIMALS)


def plain(value: Decimal) -> str:
    """Write a decimal without an exponent and without trailing zeros."""
    if not value:
        return "0"
    text = str(value)
    if "E" in text:
        text = format(value, "f")
    return text.rstrip("0").rstrip(".") if text[-1] == "0" and "." in text else text


def average(value: Decimal, digits: Digits) -> str:
    """Write an average price: more digits than the tick, since an average may lie between ticks."""
    return fixed(value, digits.price + AVERAGE_MORE) if value else AVERAGE_ZERO
