"""The algo service: conditional orders from placement to trigger.

Life cycle: NEW, TRIGGERING, TRIGGERED (the order is in the matching engine), FINISHED (that order ended); or CANCELED,
EXPIRED (taken back by the venue), REJECTED (refused by the matching engine at the trigger).
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from trueup.emulator.engine import commands, entry, matching, rejections
from trueup.emulator.engine.enums import (
    AlgoStatus,
    OrderType,
    PriceMatch,
    Side,
    TimeInForce,
    WorkingType,
)
from trueup.emulator.engine.filters import check_client_order_id, check_notional, check_price, check_quantity
from trueup.emulator.engine.positions import opens, reducible
from trueup.emulator.engine.records import algo_event
from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.engine.state import AccountState, State
from trueup.emulator.engine.symbols import SymbolRules
from trueup.emulator.engine.values import ZERO, AlgoOrder, OrderRequest

CALLBACK_MIN = Decimal("0.1")
CALLBACK_MAX = Decimal(10)
"""Bounds of the callback rate of a trailing stop, in per cent."""

WHOLE_POSITION_TYPES = (OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET)
STOPS = (OrderType.STOP, OrderType.STOP_MARKET)


def place(state: State, command: commands.PlaceAlgoOrder) -> AlgoOrder:
    """Place a conditional order; see `Trading.place_algo_order`."""
    account, request = state.account(command.account_id), command.request
    rules = state.rule(request.symbol)
    if not request.type.is_conditional:
        raise rejections.invalid_order_type()
    index = state.indexes[account.account_id]
    if request.client_order_id is not None:
        check_client_order_id(request.client_order_id, "clientAlgoId")
        if request.client_order_id in index.waiting_by_client or request.client_order_id in index.working_by_client:
            raise rejections.duplicate_client_order_id()
    entry.check_leg(account, request)
    time_in_force = request.time_in_force or TimeInForce.GTC
    entry.check_good_till_date(state, time_in_force, request.good_till_date_ms)
    _check_size(state, account, rules, request)
    _check_prices(state, rules, request)
    waiting = sum(1 for algo_id in state.waiting[request.symbol] if _owner(state, algo_id) == account.account_id)
    if waiting >= rules.max_algo_orders:
        raise rejections.too_many_algo_orders()
    return _accept(state, account, request, time_in_force)


def _owner(state: State, algo_id: int) -> str:
    return state.algos[algo_id].account_id


def _check_size(state: State, account: AccountState, rules: SymbolRules, request: OrderRequest) -> None:
    if request.close_position:
        if request.type not in WHOLE_POSITION_TYPES:
            raise rejections.close_position_type()
        if request.quantity is not None:
            raise rejections.quantity_with_close_position()
        if request.reduce_only:
            raise rejections.not_required("reduceonly")
        if account.hedge_mode and opens(request.side, request.position_side, ZERO):
            raise rejections.reduce_only()
        return
    if request.quantity is None:
        raise rejections.mandatory("quantity")
    check_quantity(rules, request.quantity, market=not request.type.is_limit)
    price = request.price or request.trigger_price or state.image.markets[request.symbol].mark
    if not request.reduce_only and not account.hedge_mode:
        check_notional(rules, price, request.quantity)


def _check_prices(state: State, rules: SymbolRules, request: OrderRequest) -> None:
    if request.type is OrderType.TRAILING_STOP_MARKET:
        _check_trailing(state, rules, request)
        return
    if request.activate_price is not None or request.callback_rate is not None:
        raise rejections.not_required("callbackRate")
    if request.trigger_price is None:
        raise rejections.mandatory("triggerPrice")
    if request.trigger_price <= 0:
        raise rejections.trigger_not_positive()
    check_price(rules, request.trigger_price)
    if request.type.is_limit and request.price_match is PriceMatch.NONE:
        if request.price is None:
            raise rejections.mandatory("price")
        check_price(rules, request.price)
    elif request.price is not None:
        raise rejections.not_required("price")
    price = _watched(state, request.symbol, request.working_type)
    if _is_met(request.type, request.side, request.trigger_price, price, price):
        raise rejections.would_trigger()


def _check_trailing(state: State, rules: SymbolRules, request: OrderRequest) -> None:
    if request.callback_rate is None:
        raise rejections.mandatory("callbackRate")
    if not CALLBACK_MIN <= request.callback_rate <= CALLBACK_MAX:
        raise Rejection(-2007, "Invalid callBack rate.")
    if request.trigger_price is not None or request.price is not None:
        raise rejections.not_required("triggerPrice")
    if request.activate_price is not None:
        check_price(rules, request.activate_price)
        price = _watched(state, request.symbol, request.working_type)
        ahead = request.activate_price < price if request.side is Side.BUY else request.activate_price > price
        if not ahead:
            raise rejections.would_trigger()


def _accept(state: State, account: AccountState, request: OrderRequest, time_in_force: TimeInForce) -> AlgoOrder:
    counters = state.image.counters
    algo_id = counters.algo_id
    counters.algo_id += 1
    price = _watched(state, request.symbol, request.working_type)
    trailing = request.type is OrderType.TRAILING_STOP_MARKET
    algo = AlgoOrder(
        algo_id=algo_id,
        account_id=account.account_id,
        client_algo_id=request.client_order_id or entry.made_up_id(algo_id),
        symbol=request.symbol,
        side=request.side,
        position_side=request.position_side,
        type=request.type,
        time_in_force=time_in_force,
        quantity=request.quantity or ZERO,
        price=request.price or ZERO,
        trigger_price=request.trigger_price or ZERO,
        status=AlgoStatus.NEW,
        working_type=request.working_type,
        price_match=request.price_match,
        price_protect=request.price_protect,
        reduce_only=request.reduce_only or request.close_position,
        close_position=request.close_position,
        activate_price=(request.activate_price or price) if trailing else None,
        callback_rate=request.callback_rate,
        self_trade_prevention=request.self_trade_prevention,
        good_till_date_ms=request.good_till_date_ms or 0,
        create_time_ms=state.now_ms,
        update_time_ms=state.now_ms,
        activated=trailing and request.activate_price is None,
        extreme_price=price if trailing else ZERO,
    )
    state.indexes[account.account_id].add_algo(algo)
    state.waiting[request.symbol][algo_id] = None
    if algo.good_till_date_ms:
        state.schedule(algo.good_till_date_ms, "algo", str(algo_id))
    algo_event(state, algo)
    return algo


def cancel(state: State, command: commands.CancelAlgoOrder) -> AlgoOrder:
    """Cancel one; see `Trading.cancel_algo_order`."""
    index = state.indexes[state.account(command.account_id).account_id]
    algo_id = command.algo_id
    if algo_id is None:
        if command.client_algo_id is None:
            raise rejections.mandatory("algoId")
        algo_id = index.waiting_by_client.get(command.client_algo_id)
    algo = None if algo_id is None else state.algos.get(algo_id)
    if algo is None or algo.account_id != command.account_id or not algo.status.is_open:
        raise rejections.unknown_order()
    return end(state, algo, AlgoStatus.CANCELED)


def cancel_all(state: State, command: commands.CancelAllAlgoOrders) -> list[AlgoOrder]:
    """Cancel all of a symbol; see `Trading.cancel_all_algo_orders`."""
    account = state.account(command.account_id)
    state.rule(command.symbol)
    return cancel_waiting(state, account, command.symbol)


def cancel_waiting(state: State, account: AccountState, symbol: str | None) -> list[AlgoOrder]:
    """Cancel an account's waiting conditional orders of a symbol, or all."""
    algos = [state.algos[algo_id] for algo_id in sorted(state.indexes[account.account_id].waiting_by_client.values())]
    return [end(state, algo, AlgoStatus.CANCELED) for algo in algos if symbol is None or algo.symbol == symbol]


def end(state: State, algo: AlgoOrder, status: AlgoStatus, failure: str = "") -> AlgoOrder:
    """End a conditional order that never reached the matching engine."""
    ended = msgspec.structs.replace(algo, status=status, failure=failure, update_time_ms=state.now_ms)
    algo_event(state, ended)
    return ended


# --- triggers ---------------------------------------------------------------------------------------------------------


def evaluate(state: State, symbol: str) -> None:
    """Trigger what the prices since the last look have met, oldest first."""
    market = state.image.markets[symbol]
    low, high = market.low, market.high
    market.low = market.high = market.last
    for algo_id in list(state.waiting[symbol]):
        algo = state.algos[algo_id]
        if not algo.status.is_open:
            continue  # an earlier trigger of this look closed the position
        if algo.working_type is WorkingType.MARK_PRICE:
            met, algo = _look(state, algo, market.mark, market.mark, market.mark)
        else:
            met, algo = _look(state, algo, low, high, market.last)
        if met and not _protected(state, algo):
            trigger(state, algo)


def _look(state: State, algo: AlgoOrder, low: Decimal, high: Decimal, last: Decimal) -> tuple[bool, AlgoOrder]:
    if algo.type is not OrderType.TRAILING_STOP_MARKET:
        return _is_met(algo.type, algo.side, algo.trigger_price, low, high), algo
    assert algo.activate_price is not None
    assert algo.callback_rate is not None
    rate = algo.callback_rate / 100
    buying = algo.side is Side.BUY
    activated = algo.activated or (low <= algo.activate_price if buying else high >= algo.activate_price)
    if not activated:
        return False, algo
    reached = low if buying else high
    extreme = reached if not algo.activated else (min if buying else max)(algo.extreme_price, reached)
    if not algo.activated or extreme != algo.extreme_price:
        algo = msgspec.structs.replace(algo, activated=True, extreme_price=extreme)
        state.algos[algo.algo_id] = algo
    callback = extreme * rate
    met = last >= extreme + callback if buying else last <= extreme - callback
    return met, algo


def _is_met(kind: OrderType, side: Side, trigger_price: Decimal, low: Decimal, high: Decimal) -> bool:
    upward = (kind in STOPS) == (side is Side.BUY)
    return high >= trigger_price if upward else low <= trigger_price


def _watched(state: State, symbol: str, working_type: WorkingType) -> Decimal:
    market = state.image.markets[symbol]
    return market.mark if working_type is WorkingType.MARK_PRICE else market.last


def _protected(state: State, algo: AlgoOrder) -> bool:
    """Return whether price protection holds the trigger back: mark and last price are too far apart."""
    market, rules = state.image.markets[algo.symbol], state.rules[algo.symbol]
    return algo.price_protect and abs(market.mark - market.last) > market.mark * rules.trigger_protect


def trigger(state: State, algo: AlgoOrder) -> None:
    """Hand a conditional order to the matching engine."""
    account = state.image.accounts[algo.account_id]
    algo = msgspec.structs.replace(
        algo,
        status=AlgoStatus.TRIGGERING,
        trigger_time_ms=state.now_ms,
        update_time_ms=state.now_ms,
    )
    algo_event(state, algo)
    held = state.held(account, algo.symbol, algo.position_side)
    quantity = reducible(algo.side, held) if algo.close_position else algo.quantity
    if quantity == 0:
        end(state, algo, AlgoStatus.EXPIRED, "ReduceOnly Order is rejected.")
        return
    original = _request(algo, algo.type, quantity)
    if algo.client_algo_id in state.indexes[algo.account_id].working_by_client:
        end(state, algo, AlgoStatus.REJECTED, rejections.duplicate_client_order_id().message)
        return
    try:
        draft = entry.validate(state, account, _plain(account.hedge_mode, algo, quantity))
    except Rejection as refusal:
        end(state, algo, AlgoStatus.REJECTED, refusal.message)
        return
    # The date was far enough ahead at placement; by now it may be nearer than a new order's may.
    good_till_date_ms = algo.good_till_date_ms if algo.type.is_limit else 0
    if good_till_date_ms:
        draft = msgspec.structs.replace(draft, time_in_force=TimeInForce.GTD)
    order = entry.accept(
        state,
        account,
        draft,
        algo.client_algo_id,
        algo_id=algo.algo_id,
        original=original,
        good_till_date_ms=good_till_date_ms,
    )
    triggered = msgspec.structs.replace(
        algo,
        status=AlgoStatus.TRIGGERED,
        actual_order_id=order.order_id,
        actual_type=order.type,
        update_time_ms=state.now_ms,
    )
    algo_event(state, triggered)
    matching.rest_or_expire(state, matching.match(state, order))


def _plain(hedge_mode: bool, algo: AlgoOrder, quantity: Decimal) -> OrderRequest:
    """Return the LIMIT or MARKET request that the algo service sends on."""
    limit = algo.type.is_limit
    dated = algo.time_in_force in (TimeInForce.GTE_GTC, TimeInForce.GTD)
    time_in_force = TimeInForce.GTC if dated else algo.time_in_force
    request = _request(algo, OrderType.LIMIT if limit else OrderType.MARKET, quantity)
    matched = limit and algo.price_match is not PriceMatch.NONE
    return msgspec.structs.replace(
        request,
        time_in_force=time_in_force if limit else None,
        price=algo.price if limit and not matched else None,
        good_till_date_ms=None,
        reduce_only=algo.reduce_only and not hedge_mode,
        close_position=False,
        trigger_price=None,
        activate_price=None,
        callback_rate=None,
    )


def _request(algo: AlgoOrder, kind: OrderType, quantity: Decimal) -> OrderRequest:
    return OrderRequest(
        symbol=algo.symbol,
        side=algo.side,
        type=kind,
        position_side=algo.position_side,
        time_in_force=algo.time_in_force,
        quantity=quantity,
        price=algo.price or None,
        client_order_id=algo.client_algo_id,
        reduce_only=algo.reduce_only,
        close_position=algo.close_position,
        good_till_date_ms=algo.good_till_date_ms or None,
        self_trade_prevention=algo.self_trade_prevention,
        price_match=algo.price_match,
        trigger_price=algo.trigger_price or None,
        working_type=algo.working_type,
        price_protect=algo.price_protect,
        activate_price=algo.activate_price,
        callback_rate=algo.callback_rate,
    )
