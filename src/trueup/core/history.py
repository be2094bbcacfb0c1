"""What the venue's fills of one position tell: where it was flat, and how much of the past must be replayed to
rebuild it.

A position can be rebuilt from any instant at which it was flat, provided that no order has fills on both sides of
that instant: an order must be replayed whole or not at all. Such an instant is called a clean cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from trueup.core.netting import in_time_order
from trueup.model.enums import OrderSide
from trueup.model.fills import FillRecord

type OrderKey = tuple[str, str]
"""Instrument and venue order id, or an empty string and client order id where the venue gave no number."""


def order_key(fill: FillRecord) -> OrderKey:
    """Return what names the order of a fill."""
    if fill.venue_order_id is not None:
        return (fill.instrument_id, fill.venue_order_id)
    return ("", fill.client_order_id or "")


@dataclass(frozen=True, slots=True)
class History:
    """Hold the venue's fills of one instrument and leg, in time order, anchored at the position that they end in.

    ``before[i]`` is the position just before fill ``i``; ``before[-1]`` is the present one.
    """

    fills: tuple[FillRecord, ...]
    before: tuple[Decimal, ...]

    @property
    def earliest(self) -> tuple[int, ...]:
        """Return, for each index, the least one of a fill whose order also has a fill there or later."""
        keys = [order_key(fill) for fill in self.fills]
        first: dict[OrderKey, int] = {}
        for index, key in enumerate(keys):
            first.setdefault(key, index)
        earliest = [len(keys)] * (len(keys) + 1)
        for index in range(len(keys) - 1, -1, -1):
            earliest[index] = min(earliest[index + 1], first[keys[index]])
        return tuple(earliest)

    @property
    def opening_quantity(self) -> Decimal:
        """Return the position that the first fill met: what the listed history does not explain."""
        return self.before[0]

    @property
    def is_whole(self) -> bool:
        """Return whether the listed history explains the position from flat."""
        return not self.before[0]

    def last_flat(self) -> int | None:
        """Return where the present life cycle begins: ``len(fills)`` when flat now, None if never flat."""
        for index in range(len(self.before) - 1, -1, -1):
            if not self.before[index]:
                return index
        return None

    def present_life(self) -> int:
        """Return where the present life cycle begins, 0 where the listed history does not reach back to that.

        At the fill after the last flat, or at the fill that last took the position through zero: the engine closes a
        position there as well, and opens the next with what is left of that fill.
        """
        for index in range(len(self.fills) - 1, -1, -1):
            after, before = self.before[index + 1], self.before[index]
            if not after:
                return index + 1
            if before and (before > 0) != (after > 0):
                return index
        return 0

    def clean_cut(self, need: int) -> int | None:
        """Return the latest clean cut at or before index ``need``, None when there is none."""
        cut, earliest = need, self.earliest
        while True:
            while cut >= 0 and self.before[cut]:
                cut -= 1
            if cut < 0:
                return None
            straddling = earliest[cut]
            if straddling >= cut:
                return cut
            cut = straddling


def history_of(fills: Iterable[FillRecord], end_quantity: Decimal) -> History:
    """Anchor the fills of one instrument and leg at the position in which they end."""
    ordered = tuple(in_time_order(fills))
    count = len(ordered)
    before = [end_quantity] * (count + 1)
    quantity = end_quantity
    for index in range(count - 1, -1, -1):
        fill = ordered[index]
        quantity = quantity - fill.quantity if fill.side is OrderSide.BUY else quantity + fill.quantity
        before[index] = quantity
    return History(ordered, tuple(before))


def opening_cut(history: History, is_settled: Mapping[OrderKey, bool]) -> int | None:
    """Return where to place an opening balance in a history that begins in the middle of a position.

    At the first fill, unless an order's fills are not all listed; then after the last fill of every such order, and
    of every order that would be cut in two by that. Only closed orders may vanish into the balance.

    Parameters
    ----------
    history : History
        A history that is not whole.
    is_settled : mapping of OrderKey to bool
        For every order: True if its listed fills add up to its filled quantity, False if they do not. An order that
        is not in the mapping is open, or known to the node, and must be kept whole.

    Returns
    -------
    int or None
        None when an order that must be kept would be cut.
    """
    cut = 0
    for index, fill in enumerate(history.fills):
        if is_settled.get(order_key(fill), True) is False:
            cut = index + 1
    while True:
        absorbed = {order_key(fill) for fill in history.fills[:cut]}
        if any(key not in is_settled for key in absorbed):
            return None
        last = max((i + 1 for i, fill in enumerate(history.fills) if order_key(fill) in absorbed), default=cut)
        if last <= cut:
            return cut
        cut = last
