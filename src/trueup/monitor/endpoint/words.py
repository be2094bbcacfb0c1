"""How spans of time are written for people."""

from __future__ import annotations

NS_PER_SECOND = 1_000_000_000


def span(secs: float) -> str:
    """Return a span in two units at most, none of them zero: ``4 s``, ``3 min 12 s``, ``2 h``, ``3 d 4 h``."""
    whole = max(0, int(secs))
    units = (("d", whole // 86_400), ("h", whole // 3_600 % 24), ("min", whole // 60 % 60), ("s", whole % 60))
    first = next((place for place, (_, number) in enumerate(units) if number), len(units) - 1)
    shown = [f"{number} {unit}" for unit, number in units[first : first + 2] if number]
    return " ".join(shown) or "0 s"


def count(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: ``1 account``, ``2 accounts``, ``3 discrepancies``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
