"""The book as clients see it: the accounts' orders and the synthetic liquidity in one ladder."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice

from trueup.emulator.engine import liquidity, rejections
from trueup.emulator.engine.enums import PriceMatch, Side
from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.engine.state import State
from trueup.emulator.engine.statements import BookTop, Level
from trueup.emulator.engine.values import ZERO


def ladder(state: State, symbol: str, side: Side) -> Iterator[Level]:
    """Yield price and quantity of each level of `side` (BUY: bids), best first."""
    rules = state.rules[symbol]
    for tick, quantity in _ticks(state, symbol, side):
        yield rules.from_ticks(tick), quantity


def _ticks(state: State, symbol: str, side: Side) -> Iterator[liquidity.TickLevel]:
    book, rules, market = state.books[symbol], state.rules[symbol], state.image.markets[symbol]
    half = book.half(side)
    offers = liquidity.levels(market, rules, state.image.settings.market, book, side)
    offer = next(offers, None)
    for tick in half.best_first():
        while offer is not None and offer[0] != tick and (offer[0] > tick) == (side is Side.BUY):
            yield offer
            offer = next(offers, None)
        total = sum(half.levels[tick].values(), ZERO)
        if offer is not None and offer[0] == tick:
            total += offer[1]
            offer = next(offers, None)
        yield tick, total
    while offer is not None:
        yield offer
        offer = next(offers, None)


def top(state: State, symbol: str) -> BookTop:
    """Return best bid and best ask."""
    bid = next(ladder(state, symbol, Side.BUY), (ZERO, ZERO))
    ask = next(ladder(state, symbol, Side.SELL), (ZERO, ZERO))
    update_id = state.image.markets[symbol].update_id
    return BookTop(symbol, update_id, state.now_ms, bid[0], bid[1], ask[0], ask[1])


def best_price(state: State, symbol: str, side: Side) -> Decimal | None:
    """Return the best price of `side` (BUY: bids), or None."""
    level = next(ladder(state, symbol, side), None)
    return None if level is None else level[0]


def matched_price(state: State, symbol: str, side: Side, price_match: PriceMatch) -> Decimal:
    """Return the price that `price_match` asks for an order of `side`.

    Raises
    ------
    Rejection
        -1112 when the book is not that deep.
    """
    kind, _, depth = price_match.value.partition("_")
    looked = side.opposite if kind == "OPPONENT" else side
    place = int(depth or 1) - 1
    level = next(islice(ladder(state, symbol, looked), place, None), None)
    if level is None:
        raise Rejection(-1112, "No orders on book for symbol.")
    return level[0]


def listed(state: State, symbol: str) -> str:
    """Return `symbol`; `Rejection` -1121 when it is not listed."""
    if symbol not in state.rules:
        raise rejections.invalid_symbol()
    return symbol
