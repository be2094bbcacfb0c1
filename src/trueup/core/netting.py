"""Position arithmetic: what a list of fills makes of a position.

An average price moves when a fill adds to the position, stays when one reduces it, and starts anew when one crosses
zero. The rest of a fill that crosses zero opens the other side at that fill's price. These are the rules of the
engine's NETTING positions (1.231.0) and of a futures venue's one-way positions; a leg in hedge mode follows them, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from trueup.core.ordering import in_order
from trueup.model.enums import OrderSide
from trueup.model.fills import FillKey, FillRecord

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Netted:
    """Hold what fills made of a position.

    Parameters
    ----------
    quantity : Decimal
        Signed.
    average_price : Decimal or None
        None when flat.
    realized : Decimal
        Price gained by the reductions, in quote currency for a linear instrument, before commissions, over every life
        cycle.
    fill_keys : tuple of FillKey
        The fills of the present life cycle, or of the last one when flat, in the order applied. The first may be
        there with its rest only.
    opened_ns : int
        When the present life cycle began.
    flips : int
        How many fills crossed zero.
    opened_by_flip : bool
        Whether the present life cycle began in the middle of a fill.
    """

    quantity: Decimal = _ZERO
    average_price: Decimal | None = None
    realized: Decimal = _ZERO
    fill_keys: tuple[FillKey, ...] = ()
    opened_ns: int = 0
    flips: int = 0
    opened_by_flip: bool = False


FLAT = Netted()


def net(fills: Iterable[FillRecord], start: Netted = FLAT) -> Netted:
    """Apply fills, in the order given, to a position.

    A start that holds a quantity must know its average price; without one the average stays unknown until the
    position has been flat.
    """
    quantity = start.quantity
    average = start.average_price
    realized = start.realized
    keys = list(start.fill_keys)
    opened_ns, flips, opened_by_flip = start.opened_ns, start.flips, start.opened_by_flip
    for fill in fills:
        signed = fill.quantity if fill.side is OrderSide.BUY else -fill.quantity
        after = quantity + signed
        if not quantity:
            keys, opened_ns, opened_by_flip = [], fill.time_ns, False
            average = fill.price
        elif (quantity > 0) == (signed > 0):
            if average is not None:
                average = (average * quantity + fill.price * signed) / after
        else:
            closed = min(abs(quantity), fill.quantity)
            if average is not None:
                realized += (fill.price - average) * (closed if quantity > 0 else -closed)
            if after and (after > 0) != (quantity > 0):
                keys, opened_ns, opened_by_flip = [], fill.time_ns, True
                average, flips = fill.price, flips + 1
        keys.append(fill.key)
        quantity = after
    return Netted(
        quantity=quantity,
        average_price=average if quantity else None,
        realized=realized,
        fill_keys=tuple(keys),
        opened_ns=opened_ns,
        flips=flips,
        opened_by_flip=opened_by_flip,
    )


def in_time_order(fills: Iterable[FillRecord]) -> list[FillRecord]:
    """Return fills in the venue's time order."""
    return in_order(fills, key=lambda fill: (fill.time_ns, len(fill.trade_id), fill.trade_id))


def opening_price(fills: Iterable[FillRecord], quantity: Decimal, average_price: Decimal) -> Decimal | None:
    """Return the price at which an older position must be opened for the average to come out as the venue's.

    Walk the fills backwards from the end: a fill that added is taken out of the average, one that reduced leaves it.

    Parameters
    ----------
    fills : iterable of FillRecord
        What happened since, in time order.
    quantity, average_price : Decimal
        The position after them, as the venue gives it.

    Returns
    -------
    Decimal or None
        None when no price can be told: the fills cross zero (then the average says nothing about what was before), or
        the answer is not positive.
    """
    average = average_price
    for fill in reversed(list(fills)):
        before = quantity - fill.signed_quantity
        if not before or (before > 0) != (quantity > 0):
            return None
        if (fill.signed_quantity > 0) == (before > 0):
            average = (average * quantity - fill.price * fill.signed_quantity) / before
        quantity = before
    return average if average > 0 else None
