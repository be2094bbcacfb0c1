"""The synthetic market: where it stands, how it walks, and what it does to working orders on its way."""

from __future__ import annotations

import random
from decimal import Decimal

from trueup.emulator.engine import commands, matching
from trueup.emulator.engine.depth import listed
from trueup.emulator.engine.enums import Side
from trueup.emulator.engine.events import MarkPriceEvent
from trueup.emulator.engine.liquidity import level_quantity
from trueup.emulator.engine.money import cents
from trueup.emulator.engine.records import print_tape, touch_last
from trueup.emulator.engine.settings import VenueSettings
from trueup.emulator.engine.state import MarketState, State
from trueup.emulator.engine.statements import Level, MarkPrice
from trueup.emulator.engine.symbols import SymbolRules
from trueup.errors import EmulatorError

DEFAULT_FUNDING_RATE = Decimal("0.00010000")
INTEREST_RATE = Decimal("0.00010000")
"""The venue's usual interest rate of one basis point per eight hours."""

STEPS_MAX = 100_000
"""Bound of one command's work."""


def new_market(rules: SymbolRules, settings: VenueSettings) -> MarketState:
    """Return the market of a symbol at its start price."""
    bid = rules.to_ticks(rules.start_price)
    ask = bid + settings.market.spread_ticks
    mid = _mid(rules, bid, ask)
    last = rules.from_ticks(bid)
    return MarketState(rules.symbol, bid, ask, mid, last, last, last, DEFAULT_FUNDING_RATE)


def mark_price(state: State, symbol: str) -> MarkPrice:
    """Return mark and index price and the funding to come; the index is the middle of the synthetic market."""
    market, rules = state.image.markets[symbol], state.rules[symbol]
    return MarkPrice(
        symbol=symbol,
        mark=market.mark,
        index=_mid(rules, market.bid_ticks, market.ask_ticks),
        funding_rate=market.funding_rate,
        interest_rate=INTEREST_RATE,
        next_funding_time_ms=state.image.next_funding_ms,
        time_ms=state.now_ms,
    )


def set_market(state: State, command: commands.SetMarket) -> None:
    """Set the market; see `Control.set_market`."""
    rules = state.rule(command.symbol)
    bid, ask = _ticks(rules, command.bid, "bid"), _ticks(rules, command.ask, "ask")
    if bid >= ask:
        raise EmulatorError(
            f"the bid {command.bid} of {command.symbol} was not below the ask {command.ask}",
            allowed="a bid at least one tick below the ask",
        )
    if command.mark is not None and command.mark <= 0:
        raise EmulatorError(f"the mark price {command.mark} of {command.symbol} was not positive")
    bids = _explicit(rules, command.bids, best=bid, descending=True)
    asks = _explicit(rules, command.asks, best=ask, descending=False)
    market = state.image.markets[command.symbol]
    market.explicit = bool(bids or asks)
    market.explicit_bids, market.explicit_asks = bids, asks
    _move(state, market, bid, ask, command.mark)


def _explicit(
    rules: SymbolRules,
    levels: tuple[Level, ...],
    *,
    best: int,
    descending: bool,
) -> list[tuple[int, Decimal]]:
    found = [(_ticks(rules, price, "level"), quantity) for price, quantity in levels]
    ticks = [tick for tick, _ in found]
    if found and (
        ticks != sorted(set(ticks), reverse=descending)
        or ticks[0] != best
        or any(quantity <= 0 or quantity % rules.step for _, quantity in found)
    ):
        raise EmulatorError(
            f"the levels of {rules.symbol} cannot be a side of a book",
            allowed="prices from the best outwards beginning at the bid or ask, each once, quantities on the step",
        )
    return found


def _ticks(rules: SymbolRules, price: Decimal, name: str) -> int:
    if not price.is_finite() or price <= 0 or price % rules.tick:
        raise EmulatorError(
            f"the {name} {price} of {rules.symbol} was not a price",
            allowed=f"a positive multiple of {rules.tick}",
        )
    return rules.to_ticks(price)


def set_mark_price(state: State, command: commands.SetMarkPrice) -> None:
    """Set the mark price alone."""
    state.rule(command.symbol)
    if not command.mark.is_finite() or command.mark <= 0:
        raise EmulatorError(f"the mark price {command.mark} of {command.symbol} was not positive")
    _set_mark(state, state.image.markets[command.symbol], command.mark)


def move_to(state: State, command: commands.MoveTo) -> None:
    """Move the market so that it trades at a price: up, the bid arrives there; down, the ask."""
    rules = state.rule(command.symbol)
    tick = _ticks(rules, command.price, "price")
    spread = state.image.settings.market.spread_ticks
    market = state.image.markets[command.symbol]
    up = command.price >= market.last
    bid, ask = (tick, tick + spread) if up else (tick - spread, tick)
    if bid <= 0:
        raise EmulatorError(f"the price {command.price} of {command.symbol} leaves no room for a bid")
    market.explicit = False
    _move(state, market, bid, ask, None)
    touch_last(state, market, command.price)


def step(state: State, command: commands.StepMarket) -> None:
    """Step the random walk."""
    symbols = [listed(state, symbol) for symbol in command.symbols] or list(state.rules)
    if not 0 < command.steps <= STEPS_MAX:
        raise EmulatorError(f"{command.steps} steps were asked for", allowed=f"1 to {STEPS_MAX}")
    if state.image.paused:
        return
    for _ in range(command.steps):
        for symbol in symbols:
            _step_one(state, state.image.markets[symbol])


def _step_one(state: State, market: MarketState) -> None:
    settings, rules = state.image.settings.market, state.rules[market.symbol]
    market.step += 1
    chance = random.Random(f"{settings.seed}:{market.symbol}:{market.step}")
    width = max(1, market.bid_ticks * settings.volatility_bps // 10_000)
    bid = max(market.bid_ticks + chance.randint(-width, width), 2)
    market.explicit = False
    _move(state, market, bid, bid + settings.spread_ticks, None)
    if settings.prints:
        side = Side.BUY if chance.getrandbits(1) else Side.SELL
        tick = market.ask_ticks if side is Side.BUY else market.bid_ticks
        offered = level_quantity(market, rules, settings, side.opposite, 0, tick)
        quantity = max(rules.round_quantity(offered * chance.randint(1, 100) / 100), rules.step)
        _outside_trade(state, market, side, tick, quantity)


def print_trade(state: State, command: commands.PrintTrade) -> None:
    """Let an outside taker trade, as a line of a replayed tape: the market stands at its price afterwards."""
    rules = state.rule(command.symbol)
    if not (command.price > 0 and command.quantity > 0):
        raise EmulatorError(
            f"the print of {command.quantity} {command.symbol} at {command.price} was not a trade",
            allowed="a positive price and quantity",
        )
    # An old tape may have finer ticks and steps than the symbol has now.
    tick = rules.to_ticks(rules.round_price(command.price))
    quantity = max(rules.round_quantity(command.quantity), rules.step)
    market = state.image.markets[command.symbol]
    side = Side.SELL if command.buyer_maker else Side.BUY
    spread = state.image.settings.market.spread_ticks
    bid = tick if side is Side.SELL else tick - spread
    if bid <= 0:
        raise EmulatorError(f"the price {command.price} of {command.symbol} leaves no room for a bid")
    market.explicit = False
    _outside_trade(state, market, side, tick, quantity)
    _move(state, market, bid, bid + spread, None)


def _outside_trade(state: State, market: MarketState, side: Side, tick: int, quantity: Decimal) -> None:
    """Let an outside taker take the accounts' orders up to `tick`, and the rest from the synthetic market."""
    taken = matching.sweep(state, market.symbol, side, tick, quantity)
    if taken < quantity:
        price = state.rules[market.symbol].from_ticks(tick)
        print_tape(state, market, price, quantity - taken, buyer_maker=side is Side.SELL)


def _move(state: State, market: MarketState, bid: int, ask: int, mark: Decimal | None) -> None:
    """Put the market at `bid` and `ask`: fill what it crosses, move the last price to the near side, set the mark."""
    rules = state.rules[market.symbol]
    market.bid_ticks, market.ask_ticks = bid, ask
    market.taken.clear()
    state.book_changed(market)
    matching.sweep(state, market.symbol, Side.BUY, bid)
    matching.sweep(state, market.symbol, Side.SELL, ask)
    low, high = rules.from_ticks(bid), rules.from_ticks(ask)
    if market.last < low:
        touch_last(state, market, low)
    elif market.last > high:
        touch_last(state, market, high)
    _set_mark(state, market, _mid(rules, bid, ask) if mark is None else mark)


def _set_mark(state: State, market: MarketState, mark: Decimal) -> None:
    if mark == market.mark:
        return
    market.mark = mark
    state.touched[market.symbol] = None
    for account_id in sorted(state.holders[market.symbol]):
        state.mark_dirty(account_id, market.symbol)
        state.at_risk[account_id] = None
    for listener in state.market_listeners:
        listener(MarkPriceEvent(mark_price(state, market.symbol)))


def _mid(rules: SymbolRules, bid: int, ask: int) -> Decimal:
    return cents(rules.tick * (bid + ask) / 2)
