"""Order requests read from parameters: shared by single orders, batches and the WebSocket API."""

from __future__ import annotations

from enum import StrEnum

from trueup.emulator.engine import rejections
from trueup.emulator.engine.enums import (
    OrderType,
    PositionSide,
    PriceMatch,
    SelfTradePrevention,
    Side,
    TimeInForce,
    WorkingType,
)
from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.engine.values import OrderRequest
from trueup.emulator.wire.parameters import Parameters, invalid, missing


def _member[E: StrEnum](
    parameters: Parameters, name: str, kind: type[E], rejection: Rejection | None = None
) -> E | None:
    value = parameters.text(name)
    if value is None:
        return None
    try:
        return kind(value)
    except ValueError:
        raise rejection or invalid(name) from None


def read_side(parameters: Parameters) -> Side:
    """Return the mandatory side; -1117 for anything but BUY and SELL."""
    side = _member(parameters, "side", Side, Rejection(-1117, "Invalid side."))
    if side is None:
        raise missing("side")
    return side


def read_position_side(parameters: Parameters) -> PositionSide:
    """Return the position side, BOTH when absent."""
    return _member(parameters, "positionSide", PositionSide) or PositionSide.BOTH


def read_price_match(parameters: Parameters) -> PriceMatch:
    """Return the price match mode, NONE when absent."""
    return _member(parameters, "priceMatch", PriceMatch) or PriceMatch.NONE


def read_order(parameters: Parameters, *, client_id_name: str = "newClientOrderId") -> OrderRequest:
    """Return the order that the parameters ask for; what is wrong with its values is for the engine to say."""
    symbol = parameters.required_text("symbol")
    side = read_side(parameters)
    order_type = _member(parameters, "type", OrderType, rejections.invalid_order_type())
    if order_type is None:
        raise missing("type")
    trigger = parameters.number("triggerPrice")
    return OrderRequest(
        symbol=symbol,
        side=side,
        type=order_type,
        position_side=read_position_side(parameters),
        time_in_force=_member(parameters, "timeInForce", TimeInForce, rejections.invalid_time_in_force()),
        quantity=parameters.number("quantity"),
        price=parameters.number("price"),
        client_order_id=parameters.text(client_id_name),
        reduce_only=parameters.boolean("reduceOnly") or False,
        close_position=parameters.boolean("closePosition") or False,
        good_till_date_ms=parameters.integer("goodTillDate"),
        self_trade_prevention=(
            _member(parameters, "selfTradePreventionMode", SelfTradePrevention) or SelfTradePrevention.EXPIRE_MAKER
        ),
        price_match=read_price_match(parameters),
        trigger_price=trigger if trigger is not None else parameters.number("stopPrice"),
        working_type=_member(parameters, "workingType", WorkingType) or WorkingType.CONTRACT_PRICE,
        price_protect=_flag(parameters, "priceProtect"),
        activate_price=parameters.number("activatePrice") or parameters.number("activationPrice"),
        callback_rate=parameters.number("callbackRate"),
    )


def _flag(parameters: Parameters, name: str) -> bool:
    # The venue documents priceProtect as "TRUE" or "FALSE"; boolean() takes any case.
    return parameters.boolean(name) or False


def read_order_identity(parameters: Parameters) -> tuple[int | None, str | None]:
    """Return order id and client order id, of which one is mandatory; the order id wins when both are sent."""
    order_id = parameters.integer("orderId")
    client_order_id = parameters.text("origClientOrderId")
    if order_id is None and client_order_id is None:
        raise Rejection(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
    return order_id, None if order_id is not None else client_order_id


def read_algo_identity(parameters: Parameters) -> tuple[int | None, str | None]:
    """Return algo id and client algo id, of which one is mandatory."""
    algo_id = parameters.integer("algoId")
    client_algo_id = parameters.text("clientAlgoId")
    if algo_id is None and client_algo_id is None:
        raise Rejection(-1102, "Param 'clientAlgoId' or 'algoId' must be sent, but both were empty/null!")
    return algo_id, None if algo_id is not None else client_algo_id
