"""The synthetic market's liquidity: a pure function of the market's state, generated only when somebody looks.

Levels that the accounts' own orders would cross are not there: a market maker would have traded with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from zlib import crc32

from trueup.emulator.engine.book import Book
from trueup.emulator.engine.enums import Side
from trueup.emulator.engine.settings import MarketSettings
from trueup.emulator.engine.state import MarketState
from trueup.emulator.engine.symbols import SymbolRules
from trueup.emulator.engine.values import ZERO

type TickLevel = tuple[int, Decimal]


def levels(
    market: MarketState,
    rules: SymbolRules,
    settings: MarketSettings,
    book: Book,
    side: Side,
) -> Iterator[TickLevel]:
    """Yield the liquidity that rests on `side` (BUY: bids), best first, less what was taken."""
    against = book.half(side.opposite).best()
    for tick, quantity in _offered(market, rules, settings, side):
        if against is not None and (tick >= against if side is Side.BUY else tick <= against):
            continue
        left = quantity - market.taken.get(tick, ZERO)
        if left > 0:
            yield tick, left


def _offered(market: MarketState, rules: SymbolRules, settings: MarketSettings, side: Side) -> Iterator[TickLevel]:
    if market.explicit:
        yield from market.explicit_bids if side is Side.BUY else market.explicit_asks
        return
    first, direction = (market.bid_ticks, -1) if side is Side.BUY else (market.ask_ticks, 1)
    for depth in range(settings.levels):
        tick = first + direction * depth
        if tick <= 0:
            return
        yield tick, level_quantity(market, rules, settings, side, depth, tick)


def level_quantity(
    market: MarketState,
    rules: SymbolRules,
    settings: MarketSettings,
    side: Side,
    depth: int,
    tick: int,
) -> Decimal:
    """Return what a generated level offers: 50 to 150 per cent of the set notional, from the seed."""
    noise = crc32(f"{settings.seed}:{market.symbol}:{market.step}:{side}:{depth}".encode()) % 1001
    notional = settings.level_notional * (500 + noise) / 1000
    return max(rules.round_quantity(notional / (rules.tick * tick)), rules.step)


def take(market: MarketState, tick: int, quantity: Decimal) -> None:
    """Note that `quantity` was taken from the level at `tick`; bids and asks never share one."""
    market.taken[tick] = market.taken.get(tick, ZERO) + quantity


def replenish(market: MarketState, settings: MarketSettings) -> None:
    """Let liquidity come back after an order, if the settings say so; explicit liquidity never does."""
    if settings.replenish and not market.explicit:
        market.taken.clear()
