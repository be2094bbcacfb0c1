"""Sort much without a pause: one sort is one operation to the interpreter, and the event loop waits for all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import merge
from typing import Any, Final

RUN_MAX: Final = 4_000
"""Items sorted in one operation: a few milliseconds. One sort of 60,000 differences took 180 ms on a busy machine."""


def in_order[T](items: Iterable[T], key: Callable[[T], Any]) -> list[T]:
    """Return what ``sorted`` returns, for many items by merging runs of them.

    Parameters
    ----------
    items : iterable
        Of any number.
    key : Callable
        What to sort by; of equal keys the first item stays first.
    """
    held = list(items)
    if len(held) < 2:
        return held  # the one fill of most orders
    if len(held) <= RUN_MAX:
        return sorted(held, key=key)
    runs = [sorted(held[first : first + RUN_MAX], key=key) for first in range(0, len(held), RUN_MAX)]
    return list(merge(*runs, key=key))
