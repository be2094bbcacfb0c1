"""How spans of time are written for people."""

from __future__ import annotations

NS_PER_SECOND = 1_000_000_000


def span(secs: float) -> str:
    """Return a span in two units at most: ``4 s``, ``3 min 12 s``, ``2 h 5 min``, ``3 d 4 h``."""
    whole = max(0, int(secs))
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def count(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: ``1 account``, ``2 accounts``, ``3 discrepancies``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
