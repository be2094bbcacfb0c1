"""How orders meet: price first, then time; at one price the accounts' orders before the synthetic liquidity."""

from __future__ import annotations

from decimal import Decimal

from trueup.emulator.engine import liquidity
from trueup.emulator.engine.enums import (
    ExecutionType,
    OrderStatus,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from trueup.emulator.engine.positions import reducible
from trueup.emulator.engine.records import close_order, print_tape
from trueup.emulator.engine.settlement import settle
from trueup.emulator.engine.state import MarketState, State
from trueup.emulator.engine.values import ZERO, Order


def better(side: Side, tick: int, than: int) -> bool:
    """Return whether a taker of `side` prefers `tick` to `than`, or finds it as good."""
    return tick <= than if side is Side.BUY else tick >= than


def limit_tick(state: State, order: Order) -> int:
    """Return the worst tick at which `order` may take: its price, or the market bound around the mark price."""
    rules = state.rules[order.symbol]
    if order.type is OrderType.LIMIT:
        return rules.to_ticks(order.price)
    return market_bound(state, order.symbol, order.side)


def market_bound(state: State, symbol: str, side: Side) -> int:
    """Return the worst tick of a market order."""
    rules, mark = state.rules[symbol], state.image.markets[symbol].mark
    bound = mark * (1 + rules.market_take_bound * side.sign)
    return rules.to_ticks(rules.round_price(bound))


def match(state: State, order: Order) -> Order:
    """Let `order`, which does not rest, take what it may, and return it afterwards: open, filled or expired."""
    market = state.image.markets[order.symbol]
    worst = limit_tick(state, order)
    traded = False
    while order.status.is_open and order.remaining > 0:
        allowed = _allowed(state, order)
        if allowed <= 0:
            order = close_order(state, order, OrderStatus.EXPIRED, ExecutionType.EXPIRED, resting=False)
            break
        own = state.books[order.symbol].half(order.side.opposite).best()
        offer = _offer(state, market, order, worst)
        if own is not None and better(order.side, own, worst) and (offer is None or better(order.side, own, offer[0])):
            order = _meet_maker(state, market, order, own, allowed)
        elif offer is not None:
            tick, quantity = offer
            order = _meet_market(state, market, order, tick, min(allowed, quantity))
        else:
            break
        traded = True
    if traded:
        state.book_changed(market)
        liquidity.replenish(market, state.image.settings.market)
    return order


def _allowed(state: State, order: Order) -> Decimal:
    if not order.reduce_only:
        return order.remaining
    account = state.image.accounts[order.account_id]
    held = state.held(account, order.symbol, order.position_side)
    return min(order.remaining, reducible(order.side, held))


def _offer(state: State, market: MarketState, order: Order, worst: int) -> liquidity.TickLevel | None:
    """Return the synthetic market's best level that `order` may take."""
    if not market.explicit:
        first = market.ask_ticks if order.side is Side.BUY else market.bid_ticks
        if not better(order.side, first, worst):
            return None  # most placements rest: spare them the generation of levels
    book, rules = state.books[order.symbol], state.rules[order.symbol]
    side = order.side.opposite
    best = next(liquidity.levels(market, rules, state.image.settings.market, book, side), None)
    if best is None or not better(order.side, best[0], worst):
        return None
    return best


def _meet_maker(state: State, market: MarketState, order: Order, tick: int, allowed: Decimal) -> Order:
    level = state.books[order.symbol].half(order.side.opposite).levels[tick]
    maker = state.orders[next(iter(level))]
    prevention = order.self_trade_prevention
    if maker.account_id == order.account_id and prevention is not SelfTradePrevention.NONE:
        return _prevent(state, order, maker, prevention)
    quantity = min(allowed, _allowed(state, maker))
    if quantity <= 0:
        close_order(state, maker, OrderStatus.EXPIRED, ExecutionType.EXPIRED, resting=True)
        return order
    trade_id = print_tape(state, market, maker.price, quantity, buyer_maker=order.side is Side.SELL)
    settle(state, maker, maker.price, quantity, trade_id, maker=True)
    return settle(state, order, maker.price, quantity, trade_id, maker=False)


def _prevent(state: State, order: Order, maker: Order, prevention: SelfTradePrevention) -> Order:
    if prevention in (SelfTradePrevention.EXPIRE_MAKER, SelfTradePrevention.EXPIRE_BOTH):
        close_order(state, maker, OrderStatus.EXPIRED_IN_MATCH, ExecutionType.EXPIRED, resting=True)
    if prevention in (SelfTradePrevention.EXPIRE_TAKER, SelfTradePrevention.EXPIRE_BOTH):
        return close_order(state, order, OrderStatus.EXPIRED_IN_MATCH, ExecutionType.EXPIRED, resting=False)
    return order


def _meet_market(state: State, market: MarketState, order: Order, tick: int, quantity: Decimal) -> Order:
    price = state.rules[order.symbol].from_ticks(tick)
    trade_id = print_tape(state, market, price, quantity, buyer_maker=order.side is Side.SELL)
    liquidity.take(market, tick, quantity)
    market.counterparty -= quantity * order.side.sign
    return settle(state, order, price, quantity, trade_id, maker=False)


def sweep(state: State, symbol: str, side: Side, worst: int, quantity: Decimal | None = None) -> Decimal:
    """Let an outside taker of `side` take the accounts' orders up to tick `worst`, best first.

    Parameters
    ----------
    quantity : Decimal, optional
        How much at most; all when absent.

    Returns
    -------
    Decimal
        What was taken. Makers fill at their own price.
    """
    half = state.books[symbol].half(side.opposite)
    taken = ZERO
    while (tick := half.best()) is not None and better(side, tick, worst):
        if quantity is not None and taken >= quantity:
            break
        maker = state.orders[next(iter(half.levels[tick]))]
        allowed = _allowed(state, maker)
        if allowed <= 0:
            close_order(state, maker, OrderStatus.EXPIRED, ExecutionType.EXPIRED, resting=True)
            continue
        fill = allowed if quantity is None else min(allowed, quantity - taken)
        fill_maker(state, maker, maker.price, fill)
        taken += fill
    return taken


def fill_maker(state: State, maker: Order, price: Decimal, quantity: Decimal) -> Order:
    """Fill a working order against the outside."""
    market = state.image.markets[maker.symbol]
    trade_id = print_tape(state, market, price, quantity, buyer_maker=maker.side is Side.BUY)
    market.counterparty -= quantity * maker.side.sign
    state.book_changed(market)
    return settle(state, maker, price, quantity, trade_id, maker=True)


def would_take(state: State, symbol: str, side: Side, tick: int) -> bool:
    """Return whether an order of `side` at `tick` would find somebody now."""
    book, market, rules = state.books[symbol], state.image.markets[symbol], state.rules[symbol]
    own = book.half(side.opposite).best()
    if own is not None and better(side, own, tick):
        return True
    best = next(liquidity.levels(market, rules, state.image.settings.market, book, side.opposite), None)
    return best is not None and better(side, best[0], tick)


def can_fill(state: State, account_id: str, symbol: str, side: Side, tick: int, quantity: Decimal) -> bool:
    """Return whether `quantity` could be taken at once up to `tick`; the account's own orders do not count."""
    book, market, rules = state.books[symbol], state.image.markets[symbol], state.rules[symbol]
    found = ZERO
    for level_tick, offered in liquidity.levels(market, rules, state.image.settings.market, book, side.opposite):
        if better(side, level_tick, tick):
            found += offered
    half = book.half(side.opposite)
    for level_tick in half.best_first():
        if found >= quantity or not better(side, level_tick, tick):
            break
        for order_id in half.levels[level_tick]:
            if state.orders[order_id].account_id != account_id:
                found += _allowed(state, state.orders[order_id])
    return found >= quantity


def rest_or_expire(state: State, order: Order) -> Order:
    """End the matching of a new or amended order: rest what may rest, expire what may not."""
    if not order.status.is_open:
        return order
    if order.type is OrderType.LIMIT and order.time_in_force not in (TimeInForce.IOC, TimeInForce.FOK):
        state.rest(order)
        state.book_changed(state.image.markets[order.symbol])
        state.mark_dirty(order.account_id, order.symbol)
        return order
    return close_order(state, order, OrderStatus.EXPIRED, ExecutionType.EXPIRED, resting=False)
