"""Histories already read, and when they need not be asked again. Pure.

Fills and closed orders never change; a symbol's history grows only when it trades or its working orders change. Both
show elsewhere at a fraction of the weight: in the lists of positions and working orders, and in the account's income,
which names every symbol that paid commission or realised a result. So a second look asks for what moved.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

RECORDS_MAX: Final = 100_000
"""Records remembered in all, about 100 MB of the adapter's structs; a larger account is read anew each time."""


class History(StrEnum):
    """Which history of a symbol."""

    ORDERS = "ORDERS"
    FILLS = "FILLS"


@dataclass(frozen=True, slots=True)
class Remembered:
    """One symbol's history as it was read.

    Parameters
    ----------
    start_ms : int or None
        Since when it was read; None: all that the venue keeps.
    asked_ms : int
        The venue's time before it was asked for.
    mark : Hashable
        The symbol's position and working orders at that time.
    records : Sequence
        The venue's records.
    """

    start_ms: int | None
    asked_ms: int
    mark: Hashable
    records: Sequence[Any]

    def covers(self, start_ms: int | None) -> bool:
        """Return whether it reaches as far back as `start_ms`."""
        return self.start_ms is None or (start_ms is not None and self.start_ms <= start_ms)


class HistoryMemo:
    """Hold histories of symbols, up to a bound."""

    def __init__(self, records_max: int = RECORDS_MAX) -> None:
        self._held: dict[tuple[History, str], Remembered] = {}
        self._records = 0
        self._records_max = records_max

    @property
    def records(self) -> int:
        """Return how many records are held."""
        return self._records

    def remember(self, history: History, symbol: str, remembered: Remembered) -> None:
        """Hold a history; one that would exceed the bound is forgotten instead."""
        self.forget(history, symbol)
        if self._records + len(remembered.records) <= self._records_max:
            self._held[history, symbol] = remembered
            self._records += len(remembered.records)

    def forget(self, history: History, symbol: str) -> None:
        """Forget a history."""
        held = self._held.pop((history, symbol), None)
        if held is not None:
            self._records -= len(held.records)

    def candidates(self, symbols: Iterable[str], marks: dict[str, Hashable], start_ms: int | None) -> dict[str, int]:
        """Return the symbols whose both histories are held, reach far enough and bear today's mark, with their ages.

        Returns
        -------
        dict of str to int
            Symbol to the venue's time before its older history was asked for: what must be shown to be quiet since.
        """
        found = {}
        for symbol in symbols:
            both = [self._held.get((history, symbol)) for history in History]
            usable = [one for one in both if one is not None and one.covers(start_ms) and one.mark == marks.get(symbol)]
            if len(usable) == len(both):
                found[symbol] = min(one.asked_ms for one in usable)
        return found

    def recall(self, history: History, symbol: str) -> Sequence[Any]:
        """Return a history's records; the caller has shown that they are all there are."""
        return self._held[history, symbol].records
