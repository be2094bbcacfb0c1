"""How a fill changes a leg: average entry price, realised profit, isolated margin."""

from __future__ import annotations

from decimal import Decimal

from trueup.emulator.engine.enums import MarginType, PositionSide, Side
from trueup.emulator.engine.money import average, cents
from trueup.emulator.engine.state import Leg
from trueup.emulator.engine.values import ZERO


def apply_fill(leg: Leg, signed: Decimal, price: Decimal) -> Decimal:
    """Change `leg` by a fill of `signed` quantity and return the profit it realised, to eight decimals.

    Adding moves the entry price to the weighted average (to twelve decimals); reducing keeps it; turning the leg over
    closes it at `price` and opens the rest there.
    """
    before = leg.quantity
    after = before + signed
    leg.quantity = after
    if before == 0 or (before > 0) == (signed > 0):
        leg.entry_price = average((before * leg.entry_price + signed * price) / after)
        return ZERO
    closed = min(abs(before), abs(signed))
    realised = cents((price - leg.entry_price) * closed.copy_sign(before))
    leg.realised += realised
    if after == 0:
        leg.entry_price = ZERO
    elif (after > 0) != (before > 0):
        leg.entry_price = average(price)
    return realised


def apply_isolated(leg: Leg, before: Decimal, price: Decimal, leverage: int, margin_type: MarginType) -> None:
    """Move margin between the wallet and an isolated leg that a fill changed from quantity `before`.

    What closes releases its share, what opens takes its initial margin at the fill's price.
    """
    if margin_type is MarginType.CROSSED:
        return
    after = leg.quantity
    turned = before != 0 and after != 0 and (before > 0) != (after > 0)
    if after == 0 or turned:
        leg.isolated_wallet = ZERO
        opened = abs(after)
    elif abs(after) < abs(before):
        leg.isolated_wallet = cents(leg.isolated_wallet * abs(after) / abs(before))
        opened = ZERO
    else:
        opened = abs(after) - abs(before)
    leg.isolated_wallet += cents(opened * price / leverage)


def opens(side: Side, position_side: PositionSide, quantity: Decimal) -> bool:
    """Return whether an order of `side` would add to (or open) a leg that holds `quantity`."""
    if position_side is PositionSide.LONG:
        return side is Side.BUY
    if position_side is PositionSide.SHORT:
        return side is Side.SELL
    return quantity == 0 or (quantity > 0) == (side is Side.BUY)


def reducible(side: Side, quantity: Decimal) -> Decimal:
    """Return how much an order of `side` can reduce a leg that holds `quantity`."""
    if side is Side.SELL:
        return max(quantity, ZERO)
    return max(-quantity, ZERO)


def break_even(leg: Leg) -> Decimal:
    """Return the price at which closing would pay for the fees so far; zero when flat."""
    if leg.quantity == 0:
        return ZERO
    return average(leg.entry_price + leg.fees / leg.quantity)
