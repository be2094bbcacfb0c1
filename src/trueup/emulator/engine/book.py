"""The accounts' working orders of one symbol, in price-time priority.

Prices are whole ticks: integers compare and hash several times faster than decimals. Liquidity of the synthetic market
is not in here (see `liquidity`).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from decimal import Decimal

from trueup.emulator.engine.enums import Side


class HalfBook:
    """One side: levels by tick, each a queue of order ids with what remains."""

    __slots__ = ("buying", "levels", "ticks")

    def __init__(self, *, buying: bool) -> None:
        self.buying = buying
        self.ticks: list[int] = []
        self.levels: dict[int, dict[int, Decimal]] = {}

    def best(self) -> int | None:
        """Return the best tick, or None."""
        if not self.ticks:
            return None
        return self.ticks[-1] if self.buying else self.ticks[0]

    def best_first(self) -> Iterator[int]:
        """Iterate over the ticks, best first."""
        return reversed(self.ticks) if self.buying else iter(self.ticks)

    def add(self, tick: int, order_id: int, quantity: Decimal) -> None:
        """Append an order to the queue of its tick."""
        level = self.levels.get(tick)
        if level is None:
            self.levels[tick] = {order_id: quantity}
            insort(self.ticks, tick)
        else:
            assert order_id not in level
            level[order_id] = quantity

    def remove(self, tick: int, order_id: int) -> None:
        """Take an order out."""
        level = self.levels[tick]
        del level[order_id]
        if not level:
            del self.levels[tick]
            del self.ticks[bisect_left(self.ticks, tick)]

    def set_remaining(self, tick: int, order_id: int, quantity: Decimal) -> None:
        """Change what remains of an order without moving it in its queue."""
        assert order_id in self.levels[tick]
        self.levels[tick][order_id] = quantity


class Book:
    """Both sides of one symbol."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = HalfBook(buying=True)
        self.asks = HalfBook(buying=False)

    def half(self, side: Side) -> HalfBook:
        """Return the side on which orders of `side` rest."""
        return self.bids if side is Side.BUY else self.asks

    def add(self, side: Side, tick: int, order_id: int, quantity: Decimal) -> None:
        """Append an order to its queue."""
        self.half(side).add(tick, order_id, quantity)

    def remove(self, side: Side, tick: int, order_id: int) -> None:
        """Take an order out."""
        self.half(side).remove(tick, order_id)

    def order_ids(self) -> list[int]:
        """Return all order ids; those of one level in order of priority."""
        return [order_id for half in (self.bids, self.asks) for tick in half.ticks for order_id in half.levels[tick]]
