"""The listed symbols: tick, step, notional and quantity rules, from a compact table of ours."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class SymbolRules(msgspec.Struct, frozen=True, gc=False):
    """One USD-M perpetual.

    ``price_precision`` and ``quantity_precision`` are decimals; the ticks and steps are never finer. ``start_price`` is
    where the synthetic market begins, a plausible price and no fact.
    """

    symbol: str
    base: str
    quote: str
    price_precision: int
    quantity_precision: int
    tick: Decimal
    step: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    market_max_quantity: Decimal
    min_notional: Decimal
    min_price: Decimal
    max_price: Decimal
    multiplier_up: Decimal
    multiplier_down: Decimal
    max_orders: int
    max_algo_orders: int
    leverage_max: int
    maint_margin_rate: Decimal
    liquidation_fee: Decimal
    market_take_bound: Decimal
    trigger_protect: Decimal
    start_price: Decimal
    onboard_date_ms: int
