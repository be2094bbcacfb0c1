"""Orders, trades, conditional orders and amendments as REST and the WebSocket API show them."""

from __future__ import annotations

from typing import Any

from trueup.emulator.engine.values import ZERO, AlgoOrder, Amendment, Order, Trade
from trueup.emulator.wire.forms.texts import DigitsBySymbol, amount, average, fixed, plain

type Form = dict[str, Any]


def order_form(order: Order, digits_by_symbol: DigitsBySymbol, *, with_time: bool = True) -> Form:
    """Return an order as GET shows it; ``with_time=False`` leaves out `time` as POST, PUT and DELETE do."""
    digits = digits_by_symbol[order.symbol]
    executed = fixed(order.executed_quantity, digits.quantity)
    form: Form = {
        "orderId": order.order_id,
        "symbol": order.symbol,
        "status": order.status,
        "clientOrderId": order.client_order_id,
        "price": fixed(order.price, digits.price),
        "avgPrice": average(order.average_price, digits),
        "origQty": fixed(order.quantity, digits.quantity),
        "executedQty": executed,
        "cumQuote": amount(order.cumulative_quote),
        "timeInForce": order.time_in_force,
        "type": order.type,
        "reduceOnly": order.reduce_only,
        "closePosition": order.close_position,
        "side": order.side,
        "positionSide": order.position_side,
        "stopPrice": fixed(order.stop_price, digits.price),
        "workingType": order.working_type,
        "priceProtect": order.price_protect,
        "origType": order.original_type,
        "priceMatch": order.price_match,
        "selfTradePreventionMode": order.self_trade_prevention,
        "goodTillDate": order.good_till_date_ms,
        "updateTime": order.update_time_ms,
    }
    if with_time:
        form["time"] = order.time_ms
    else:
        form["cumQty"] = executed
    if order.activate_price is not None:
        form["activatePrice"] = fixed(order.activate_price, digits.price)
    if order.callback_rate is not None:
        form["priceRate"] = plain(order.callback_rate)
    return form


def acknowledgement_form(order: Order, digits_by_symbol: DigitsBySymbol) -> Form:
    """Return a placed order as ``newOrderRespType=ACK`` shows it: accepted, whatever matching did since."""
    digits = digits_by_symbol[order.symbol]
    form = order_form(order, digits_by_symbol, with_time=False)
    nothing = fixed(ZERO, digits.quantity)
    form.update(status="NEW", executedQty=nothing, cumQty=nothing, cumQuote="0.00000000", avgPrice="0.00")
    form["updateTime"] = order.time_ms
    return form


def trade_form(trade: Trade, digits_by_symbol: DigitsBySymbol) -> Form:
    """Return a trade as ``userTrades`` shows it."""
    digits = digits_by_symbol[trade.symbol]
    return {
        "symbol": trade.symbol,
        "id": trade.trade_id,
        "orderId": trade.order_id,
        "side": trade.side,
        "price": fixed(trade.price, digits.price),
        "qty": fixed(trade.quantity, digits.quantity),
        "realizedPnl": amount(trade.realised_pnl),
        "quoteQty": amount(trade.quote_quantity),
        "commission": amount(trade.commission),
        "commissionAsset": trade.commission_asset,
        "time": trade.time_ms,
        "positionSide": trade.position_side,
        "buyer": trade.buyer,
        "maker": trade.maker,
    }


def algo_form(algo: AlgoOrder, digits_by_symbol: DigitsBySymbol) -> Form:
    """Return a conditional order as the algo endpoints show it."""
    digits = digits_by_symbol[algo.symbol]
    form: Form = {
        "algoId": algo.algo_id,
        "clientAlgoId": algo.client_algo_id,
        "algoType": "CONDITIONAL",
        "orderType": algo.type,
        "symbol": algo.symbol,
        "side": algo.side,
        "positionSide": algo.position_side,
        "timeInForce": algo.time_in_force,
        "quantity": fixed(algo.quantity, digits.quantity),
        "algoStatus": algo.status,
        "triggerPrice": fixed(algo.trigger_price, digits.price),
        "price": fixed(algo.price, digits.price),
        "icebergQuantity": None,
        "selfTradePreventionMode": algo.self_trade_prevention,
        "workingType": algo.working_type,
        "priceMatch": algo.price_match,
        "closePosition": algo.close_position,
        "priceProtect": algo.price_protect,
        "reduceOnly": algo.reduce_only,
        "createTime": algo.create_time_ms,
        "updateTime": algo.update_time_ms,
        "triggerTime": algo.trigger_time_ms,
        "goodTillDate": algo.good_till_date_ms,
        "actualOrderId": str(algo.actual_order_id) if algo.actual_order_id else "",
        "actualPrice": average(algo.actual_average_price, digits),
        "tpTriggerPrice": "0.000",
        "tpPrice": "0.000",
        "slTriggerPrice": "0.000",
        "slPrice": "0.000",
        "tpOrderType": "",
    }
    if algo.actual_type is not None:
        form["actualType"] = algo.actual_type
        form["actualQty"] = fixed(algo.actual_executed_quantity, digits.quantity)
    if algo.activate_price is not None:
        form["activatePrice"] = fixed(algo.activate_price, digits.price)
    if algo.callback_rate is not None:
        form["callbackRate"] = plain(algo.callback_rate)
    return form


def algo_cancelled_form(algo: AlgoOrder) -> Form:
    """Return the answer to the cancel of a conditional order; `code` is text here, as the venue has it."""
    return {"algoId": algo.algo_id, "clientAlgoId": algo.client_algo_id, "code": "200", "msg": "success"}


def amendment_form(amendment: Amendment, digits_by_symbol: DigitsBySymbol) -> Form:
    """Return one change of an order as ``orderAmendment`` shows it."""
    digits = digits_by_symbol[amendment.symbol]
    return {
        "amendmentId": amendment.amendment_id,
        "symbol": amendment.symbol,
        "pair": amendment.symbol,
        "orderId": amendment.order_id,
        "clientOrderId": amendment.client_order_id,
        "time": amendment.time_ms,
        "amendment": {
            "price": {
                "before": fixed(amendment.price_before, digits.price),
                "after": fixed(amendment.price_after, digits.price),
            },
            "origQty": {
                "before": fixed(amendment.quantity_before, digits.quantity),
                "after": fixed(amendment.quantity_after, digits.quantity),
            },
            "count": amendment.count,
        },
    }
