"""How conditional orders are triggered, and what the algo service hands to the matching engine."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from trueup.emulator.engine import entry, matching, rejections
from trueup.emulator.engine.enums import AlgoStatus, OrderType, PriceMatch, Side, TimeInForce, WorkingType
from trueup.emulator.engine.positions import reducible
from trueup.emulator.engine.records import algo_event, end_algo
from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.engine.state import State
from trueup.emulator.engine.values import AlgoOrder, OrderRequest

STOPS = (OrderType.STOP, OrderType.STOP_MARKET)


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
        return is_met(algo.type, algo.side, algo.trigger_price, low, high), algo
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


def is_met(kind: OrderType, side: Side, trigger_price: Decimal, low: Decimal, high: Decimal) -> bool:
    """Return whether prices between `low` and `high` meet a trigger."""
    upward = (kind in STOPS) == (side is Side.BUY)
    return high >= trigger_price if upward else low <= trigger_price


def watched(state: State, symbol: str, working_type: WorkingType) -> Decimal:
    """Return the price that a working type looks at."""
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
        end_algo(state, algo, AlgoStatus.EXPIRED, "ReduceOnly Order is rejected.")
        return
    original = _request(algo, algo.type, quantity)
    if algo.client_algo_id in state.indexes[algo.account_id].working_by_client:
        end_algo(state, algo, AlgoStatus.REJECTED, rejections.duplicate_client_order_id().message)
        return
    try:
        draft = entry.validate(state, account, _plain(account.hedge_mode, algo, quantity))
    except Rejection as refusal:
        end_algo(state, algo, AlgoStatus.REJECTED, refusal.message)
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
