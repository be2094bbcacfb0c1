"""How numbers are written in a discrepancy."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Final, overload

_SHOWN: Final = Context(prec=12)
"""Of a computed average: more digits than any venue tells, fewer than a division leaves."""


@overload
def plain(value: Decimal) -> str: ...
@overload
def plain(value: None) -> None: ...
@overload
def plain(value: Decimal | None) -> str | None: ...
def plain(value: Decimal | None) -> str | None:
    """Return a number as people write it, without exponent or trailing zeros."""
    if value is None:
        return None
    text = str(value)
    if "E" in text:
        text = f"{value:f}"  # four times as long, and hardly ever needed
    return text.rstrip("0").rstrip(".") if "." in text else text


def signed_change(venue: Decimal, node: Decimal) -> str:
    """Return what must be added to the node's number, with its sign."""
    text = plain(venue - node) or "0"
    return text if text.startswith("-") else f"+{text}"


def shown_average(value: Decimal) -> Decimal:
    """Return a computed average with as many digits as mean something to a reader."""
    return _SHOWN.plus(value)
