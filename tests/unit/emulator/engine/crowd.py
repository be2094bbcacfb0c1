"""What a program begins with: three accounts, their positions and orders, and prices and sizes that make sense."""

from __future__ import annotations

from decimal import Decimal

from tests.unit.emulator.engine.arrange import SYMBOLS
from trueup.emulator.engine.enums import MarginType, OrderType, PositionSide, Side, TimeInForce
from trueup.emulator.engine.settings import AccountSettings
from trueup.emulator.engine.values import OrderRequest
from trueup.emulator.engine.venue import Venue

ACCOUNTS = {
    "oneway": AccountSettings("oneway", api_key="1", deposits={"USDT": Decimal(2_000)}),
    "hedge": AccountSettings("hedge", api_key="2", hedge_mode=True, fee_tier=5),
    "poor": AccountSettings(
        "poor", api_key="3", deposits={"USDT": Decimal(200)}, leverage=100, margin_type=MarginType.ISOLATED
    ),
}


def price_near(venue: Venue, symbol: str, ticks: int, basis_points: int = 0) -> Decimal:
    """Return a price so far from the market's bid."""
    bid = venue._state.image.markets[symbol].bid_ticks
    return venue.symbol(symbol).from_ticks(max(bid + ticks + bid * basis_points // 10_000, 1))


def quantity_worth(venue: Venue, symbol: str, units: int) -> Decimal:
    """Return a quantity worth about `units` times half the smallest order."""
    rules = venue.symbol(symbol)
    half = rules.min_notional / venue.mark_price(symbol).mark / 2
    return max(rules.round_quantity(half * units), rules.step)


def crowd(venue: Venue) -> None:
    """Begin with positions, working orders on both sides and conditional orders, so that every rule finds some."""
    for symbol in SYMBOLS:
        size = quantity_worth(venue, symbol, 6)
        for account in ("oneway", "hedge"):
            hedge = account == "hedge"
            long, short = (PositionSide.LONG, PositionSide.SHORT) if hedge else (PositionSide.BOTH,) * 2
            bought = OrderRequest(symbol, Side.BUY, OrderType.MARKET, long, quantity=size)
            venue.place_order(account, bought)
            for ticks in (2, 9):
                for side, leg in ((Side.BUY, long), (Side.SELL, short)):
                    price = price_near(venue, symbol, -ticks * side.sign)
                    order = OrderRequest(symbol, side, OrderType.LIMIT, leg, TimeInForce.GTC, size, price)
                    venue.place_order(account, order)
            trigger = price_near(venue, symbol, 0, -40)
            kind = OrderType.STOP if hedge else OrderType.STOP_MARKET
            stop = OrderRequest(
                symbol,
                Side.SELL,
                kind,
                long,
                quantity=size,
                price=trigger if hedge else None,
                trigger_price=trigger,
            )
            venue.place_algo_order(account, stop)

    for whole in (True, False):  # nothing to close or reduce: expired, and rejected, when their trigger is met
        bottom = price_near(venue, SYMBOLS[0], -20)
        stop = OrderRequest(
            SYMBOLS[0],
            Side.SELL,
            OrderType.STOP_MARKET,
            quantity=None if whole else quantity_worth(venue, SYMBOLS[0], 6),
            trigger_price=bottom,
            close_position=whole,
            reduce_only=not whole,
        )
        venue.place_algo_order("poor", stop)
    small = quantity_worth(venue, SYMBOLS[1], 3)
    venue.place_order("poor", OrderRequest(SYMBOLS[1], Side.BUY, OrderType.MARKET, quantity=small))
