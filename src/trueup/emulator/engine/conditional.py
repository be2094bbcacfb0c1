"""The algo service: how conditional orders come in and go (see `triggers` for how they fire).

Life cycle: NEW, TRIGGERING, TRIGGERED (the order is in the matching engine), FINISHED (that order ended); or CANCELED,
EXPIRED (taken back by the venue), REJECTED (refused by the matching engine at the trigger).
"""

from __future__ import annotations

from decimal import Decimal

from trueup.emulator.engine import commands, entry, rejections
from trueup.emulator.engine.enums import (
    AlgoStatus,
    OrderType,
    PriceMatch,
    Side,
    TimeInForce,
)
from trueup.emulator.engine.filters import check_client_order_id, check_notional, check_price, check_quantity
from trueup.emulator.engine.positions import opens
from trueup.emulator.engine.records import algo_event, end_algo
from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.engine.state import AccountState, State
from trueup.emulator.engine.symbols import SymbolRules
from trueup.emulator.engine.triggers import is_met, watched
from trueup.emulator.engine.values import ZERO, AlgoOrder, OrderRequest

CALLBACK_MIN = Decimal("0.1")
CALLBACK_MAX = Decimal(10)
"""Bounds of the callback rate of a trailing stop, in per cent."""

WHOLE_POSITION_TYPES = (OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET)


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
    price = watched(state, request.symbol, request.working_type)
    if is_met(request.type, request.side, request.trigger_price, price, price):
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
        price = watched(state, request.symbol, request.working_type)
        ahead = request.activate_price < price if request.side is Side.BUY else request.activate_price > price
        if not ahead:
            raise rejections.would_trigger()


def _accept(state: State, account: AccountState, request: OrderRequest, time_in_force: TimeInForce) -> AlgoOrder:
    counters = state.image.counters
    algo_id = counters.algo_id
    counters.algo_id += 1
    price = watched(state, request.symbol, request.working_type)
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
    return end_algo(state, algo, AlgoStatus.CANCELED)


def cancel_all(state: State, command: commands.CancelAllAlgoOrders) -> list[AlgoOrder]:
    """Cancel all of a symbol; see `Trading.cancel_all_algo_orders`."""
    account = state.account(command.account_id)
    state.rule(command.symbol)
    return cancel_waiting(state, account, command.symbol)


def cancel_waiting(state: State, account: AccountState, symbol: str | None) -> list[AlgoOrder]:
    """Cancel an account's waiting conditional orders of a symbol, or all."""
    algos = [state.algos[algo_id] for algo_id in sorted(state.indexes[account.account_id].waiting_by_client.values())]
    return [end_algo(state, algo, AlgoStatus.CANCELED) for algo in algos if symbol is None or algo.symbol == symbol]
