"""The symbol's rules as the venue applies them, with its codes."""

from __future__ import annotations

import re
from decimal import Decimal

from trueup.emulator.engine import rejections
from trueup.emulator.engine.enums import Side
from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.engine.symbols import SymbolRules

CLIENT_ORDER_ID_LENGTH_MAX = 36
CLIENT_ORDER_ID = re.compile(r"[.A-Z:/a-z0-9_-]+")


def check_price(rules: SymbolRules, price: Decimal) -> None:
    """Refuse a price that breaks PRICE_FILTER or the price precision."""
    if not price.is_finite() or price <= 0:
        raise rejections.price_not_positive()
    if price % rules.tick:
        raise rejections.precision() if _decimals(price) > rules.price_precision else rejections.off_tick()
    if price > rules.max_price:
        raise rejections.price_above_max()
    if price < rules.min_price:
        raise rejections.price_below_min()


def check_quantity(rules: SymbolRules, quantity: Decimal, *, market: bool) -> None:
    """Refuse a quantity that breaks LOT_SIZE (or MARKET_LOT_SIZE) or the quantity precision."""
    if not quantity.is_finite() or quantity <= 0:
        raise rejections.quantity_not_positive()
    if quantity % rules.step:
        raise rejections.precision() if _decimals(quantity) > rules.quantity_precision else rejections.off_step()
    if quantity < rules.min_quantity:
        raise rejections.quantity_below_min()
    if quantity > (rules.market_max_quantity if market else rules.max_quantity):
        raise rejections.quantity_above_max()


def check_notional(rules: SymbolRules, price: Decimal, quantity: Decimal) -> None:
    """Refuse an order that is worth too little."""
    if price * quantity < rules.min_notional:
        raise rejections.below_min_notional(rules.min_notional)


def check_percent_price(rules: SymbolRules, side: Side, price: Decimal, mark: Decimal) -> None:
    """Refuse a buy too far above, or a sell too far below, the mark price."""
    if side is Side.BUY:
        highest = rules.round_price(mark * rules.multiplier_up)
        if price > highest:
            raise rejections.price_too_high(highest, rules.price_precision)
    else:
        lowest = rules.round_price(mark * rules.multiplier_down)
        if price < lowest:
            raise rejections.price_too_low(lowest, rules.price_precision)


def check_client_order_id(client_order_id: str, parameter: str = "newClientOrderId") -> None:
    """Refuse an id that is too long or holds other characters."""
    if len(client_order_id) > CLIENT_ORDER_ID_LENGTH_MAX:
        raise rejections.client_order_id_length()
    if CLIENT_ORDER_ID.fullmatch(client_order_id) is None:
        raise Rejection(
            -1100,
            f"Illegal characters found in parameter '{parameter}'; legal range is '^[\\.A-Z\\:/a-z0-9_-]{{1,36}}$'.",
        )


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
