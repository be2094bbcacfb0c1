"""How plain orders come in, change and go: validation first and whole, then effects that cannot fail."""

from __future__ import annotations

import hashlib
from decimal import Decimal

import msgspec

from trueup.emulator.engine import commands, margin, matching, rejections
from trueup.emulator.engine.depth import best_price, matched_price
from trueup.emulator.engine.enums import (
    ExecutionType,
    OrderStatus,
    OrderType,
    PositionSide,
    PriceMatch,
    Side,
    TimeInForce,
)
from trueup.emulator.engine.filters import (
    check_client_order_id,
    check_notional,
    check_percent_price,
    check_price,
    check_quantity,
)
from trueup.emulator.engine.positions import opens, reducible
from trueup.emulator.engine.records import order_event
from trueup.emulator.engine.state import AccountState, State
from trueup.emulator.engine.symbols import SymbolRules
from trueup.emulator.engine.values import ZERO, Order, OrderRequest

GOOD_TILL_AHEAD_MS = 600_000
"""A good-till date must be more than 600 seconds ahead."""

GOOD_TILL_MAX_MS = 253_402_300_799_000


class Draft(msgspec.Struct, frozen=True):
    """A request that passed every check, with what the venue filled in."""

    request: OrderRequest
    time_in_force: TimeInForce
    price: Decimal
    quantity: Decimal
    reduce_only: bool


def place(state: State, command: commands.PlaceOrder) -> Order:
    """Place a plain order; see `Trading.place_order`."""
    account = state.account(command.account_id)
    draft = check_new(state, account, command.request)
    order = accept(state, account, draft, command.request.client_order_id)
    return matching.rest_or_expire(state, matching.match(state, order))


def check_new(state: State, account: AccountState, request: OrderRequest) -> Draft:
    """Check a new request from a client: what the plain endpoint takes, its client order id, and everything else."""
    if request.type.is_conditional:
        state.rule(request.symbol)
        raise rejections.use_algo_service()
    if request.client_order_id is not None:
        check_client_order_id(request.client_order_id)
        if request.client_order_id in state.indexes[account.account_id].working_by_client:
            raise rejections.duplicate_client_order_id()
    return validate(state, account, request)


def validate(state: State, account: AccountState, request: OrderRequest) -> Draft:
    """Check a LIMIT or MARKET request against everything, changing nothing."""
    rules = state.rule(request.symbol)
    check_leg(account, request)
    time_in_force = _check_time_in_force(state, request)
    price = _check_limit(state, rules, request)
    quantity = request.quantity
    if quantity is None:
        raise rejections.mandatory("quantity")
    check_quantity(rules, quantity, market=request.type is OrderType.MARKET)
    reduce_only = _check_reduce_only(state, account, request, quantity)
    market = state.image.markets[request.symbol]
    if not reduce_only:
        check_notional(rules, price or market.mark, quantity)
    if request.type is OrderType.LIMIT:
        check_percent_price(rules, request.side, price, market.mark)
    if (
        len(state.indexes[account.account_id].working) >= rules.max_orders
        and _working_of(state, account, request.symbol) >= rules.max_orders
    ):
        raise rejections.too_many_open_orders()
    if not reduce_only:
        _check_margin(state, account, request.symbol, request.side, request.position_side, price, quantity)
    draft = Draft(request, time_in_force, price, quantity, reduce_only)
    _check_immediacy(state, account, draft)
    return draft


def accept(
    state: State,
    account: AccountState,
    draft: Draft,
    client_order_id: str | None,
    *,
    algo_id: int = 0,
    original: OrderRequest | None = None,
    good_till_date_ms: int = 0,
) -> Order:
    """Make the order and tell NEW; it neither rests nor has matched yet."""
    request = draft.request
    shown = original or request
    counters = state.image.counters
    order_id = counters.order_id
    counters.order_id += 1
    order = Order(
        order_id=order_id,
        account_id=account.account_id,
        client_order_id=client_order_id or made_up_id(order_id),
        symbol=request.symbol,
        side=request.side,
        position_side=request.position_side,
        type=request.type,
        original_type=shown.type,
        time_in_force=draft.time_in_force,
        quantity=draft.quantity,
        price=draft.price,
        average_price=ZERO,
        executed_quantity=ZERO,
        cumulative_quote=ZERO,
        status=OrderStatus.NEW,
        reduce_only=draft.reduce_only,
        close_position=shown.close_position,
        stop_price=shown.trigger_price or ZERO,
        working_type=shown.working_type,
        price_protect=shown.price_protect,
        activate_price=shown.activate_price,
        callback_rate=shown.callback_rate,
        good_till_date_ms=good_till_date_ms or request.good_till_date_ms or 0,
        self_trade_prevention=request.self_trade_prevention,
        price_match=request.price_match,
        time_ms=state.now_ms,
        update_time_ms=state.now_ms,
        algo_id=algo_id,
    )
    state.orders[order_id] = order
    state.indexes[account.account_id].add_order(order)
    order_event(state, ExecutionType.NEW, order)
    return order


def made_up_id(order_id: int) -> str:
    """Return the client order id that the venue gives when none was sent: 22 characters that look random."""
    return hashlib.blake2b(str(order_id).encode(), digest_size=11).hexdigest()


# --- checks -----------------------------------------------------------------------------------------------------------


def check_leg(account: AccountState, request: OrderRequest) -> None:
    """Refuse a leg that the position mode does not have, and what hedge mode does not take."""
    if (request.position_side is PositionSide.BOTH) == account.hedge_mode:
        raise rejections.position_side_mismatch()
    if account.hedge_mode and request.reduce_only:
        raise rejections.not_required("reduceonly")


def _check_time_in_force(state: State, request: OrderRequest) -> TimeInForce:
    chosen = request.time_in_force
    if request.close_position:
        raise rejections.close_position_type()
    if request.type is OrderType.MARKET:
        if chosen is not None:
            raise rejections.not_required("timeInForce")
        return TimeInForce.GTC
    if chosen is None:
        raise rejections.mandatory("timeInForce")
    if chosen is TimeInForce.GTE_GTC:
        raise rejections.invalid_time_in_force()
    check_good_till_date(state, chosen, request.good_till_date_ms)
    return chosen


def check_good_till_date(state: State, time_in_force: TimeInForce, good_till_date_ms: int | None) -> None:
    """Refuse a good-till date that is missing, too near, too far, or not asked for."""
    if time_in_force is TimeInForce.GTD:
        if good_till_date_ms is None:
            raise rejections.mandatory("goodTillDate")
        if not state.now_ms + GOOD_TILL_AHEAD_MS < good_till_date_ms < GOOD_TILL_MAX_MS:
            raise rejections.invalid_good_till_date()
    elif good_till_date_ms:
        raise rejections.not_required("goodTillDate")


def _check_limit(state: State, rules: SymbolRules, request: OrderRequest) -> Decimal:
    """Return the limit price; zero for a market order."""
    if request.type is OrderType.MARKET:
        if request.price is not None:
            raise rejections.not_required("price")
        return ZERO
    if request.price_match is not PriceMatch.NONE:
        if request.price is not None:
            raise rejections.not_required("price")
        return matched_price(state, request.symbol, request.side, request.price_match)
    if request.price is None:
        raise rejections.mandatory("price")
    check_price(rules, request.price)
    return request.price


def _check_reduce_only(state: State, account: AccountState, request: OrderRequest, quantity: Decimal) -> bool:
    """Return whether the order can only reduce: asked for, or the closing side of a hedge leg."""
    held = state.held(account, request.symbol, request.position_side)
    closing_leg = account.hedge_mode and not opens(request.side, request.position_side, held)
    if not request.reduce_only and not closing_leg:
        return False
    can = reducible(request.side, held)
    if can == 0 or (closing_leg and quantity > can):
        raise rejections.reduce_only()
    return True


def _working_of(state: State, account: AccountState, symbol: str) -> int:
    return sum(1 for oid in state.indexes[account.account_id].working if state.orders[oid].symbol == symbol)


def _check_margin(
    state: State,
    account: AccountState,
    symbol: str,
    side: Side,
    leg: PositionSide,
    price: Decimal,
    quantity: Decimal,
) -> None:
    """Refuse what the wallet cannot carry: a buy at its price, a sell at its price or the better bid."""
    rules = state.rules[symbol]
    market = state.image.markets[symbol]
    if not price:
        price = best_price(state, symbol, side.opposite) or market.mark
    elif side is Side.SELL:
        price = max(price, rules.from_ticks(market.bid_ticks))
    notional = price * quantity
    extra = margin.extra_initial(state, account, symbol, side, leg, notional)
    if extra <= 0:
        return
    if extra > margin.available(state, account, rules.quote):
        raise rejections.insufficient_margin()
    exposure = notional + abs(state.held(account, symbol, leg)) * market.mark
    if exposure > margin.max_notional(rules, state.look_up(account, symbol).leverage):
        raise rejections.over_leverage()


def _check_immediacy(state: State, account: AccountState, draft: Draft) -> None:
    """Refuse a FOK that cannot fill whole, a GTX that would take, a market order outside the band."""
    request = draft.request
    rules = state.rules[request.symbol]
    if request.type is OrderType.MARKET:
        best = best_price(state, request.symbol, request.side.opposite)
        bound = matching.market_bound(state, request.symbol, request.side)
        if best is not None and not matching.better(request.side, rules.to_ticks(best), bound):
            raise rejections.no_counterparty()
        return
    tick = rules.to_ticks(draft.price)
    if draft.time_in_force is TimeInForce.GTX and matching.would_take(state, request.symbol, request.side, tick):
        raise rejections.post_only()
    if draft.time_in_force is TimeInForce.FOK and not matching.can_fill(
        state, account.account_id, request.symbol, request.side, tick, draft.quantity
    ):
        raise rejections.fill_or_kill()
