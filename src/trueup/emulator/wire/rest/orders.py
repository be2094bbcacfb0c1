"""Placing, amending and cancelling orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.engine.values import Order
from trueup.emulator.wire.forms.orders import acknowledgement_form, order_form
from trueup.emulator.wire.parameters import Parameters, invalid, text_of
from trueup.emulator.wire.rest.reading import read_order, read_order_identity, read_price_match, read_side
from trueup.emulator.wire.routes import Call, Faith, Route

BATCH_PLACE_MAX: Final = 5
BATCH_CANCEL_MAX: Final = 10
CANCELLED_ALL: Final = {"code": 200, "msg": "The operation of cancel all open order is done."}


def place(call: Call) -> Any:
    """Place one order."""
    return _place(call, call.parameters)


def _place(call: Call, parameters: Parameters) -> Any:
    response_type = parameters.choice("newOrderRespType", ("ACK", "RESULT", "FULL")) or "ACK"
    order = call.venue.place_order(call.account_id, read_order(parameters))
    if response_type == "ACK":
        return acknowledgement_form(order, call.services.digits)
    return _changed(call, order)


def place_test(call: Call) -> Any:
    """Check one order and place nothing."""
    call.venue.validate_order(call.account_id, read_order(call.parameters))
    return {}


def amend(call: Call) -> Any:
    """Change price and quantity of a working order."""
    return _amend(call, call.parameters)


def _amend(call: Call, parameters: Parameters) -> Any:
    symbol = parameters.required_text("symbol")
    order_id, client_order_id = read_order_identity(parameters)
    order = call.venue.amend_order(
        call.account_id,
        symbol,
        order_id=order_id,
        client_order_id=client_order_id,
        side=read_side(parameters),
        quantity=parameters.required_number("quantity"),
        price=parameters.number("price"),
        price_match=read_price_match(parameters),
    )
    return _changed(call, order)


def cancel(call: Call) -> Any:
    """Cancel one order."""
    symbol = call.parameters.required_text("symbol")
    order_id, client_order_id = read_order_identity(call.parameters)
    return _changed(
        call,
        call.venue.cancel_order(call.account_id, symbol, order_id=order_id, client_order_id=client_order_id),
    )


def cancel_all(call: Call) -> Any:
    """Cancel every working order of a symbol."""
    symbol = call.parameters.required_text("symbol")
    call.venue.symbol(symbol)
    call.venue.cancel_all_orders(call.account_id, symbol)
    return CANCELLED_ALL


def countdown(call: Call) -> Any:
    """Arm the dead man's switch of a symbol."""
    symbol = call.parameters.required_text("symbol")
    call.venue.symbol(symbol)
    countdown_ms = call.parameters.required_integer("countdownTime")
    if countdown_ms < 0:
        raise invalid("countdownTime")
    call.venue.countdown_cancel_all(call.account_id, symbol, countdown_ms)
    return {"symbol": symbol, "countdownTime": str(countdown_ms)}


def _changed(call: Call, order: Order) -> Any:
    return order_form(order, call.services.digits, with_time=False)


# --- batches: each item succeeds or fails by itself, in the order in which it was sent --------------------------------


def _each(items: Iterable[Any], act: Callable[[Any], Any]) -> list[Any]:
    answers: list[Any] = []
    for item in items:
        try:
            answers.append(act(item))
        except Rejection as rejection:
            answers.append({"code": rejection.code, "msg": rejection.message})
    return answers


def _batch_parameters(item: Any) -> Parameters:
    if not isinstance(item, dict):
        raise invalid("batchOrders")
    return Parameters({str(name): text_of(value) for name, value in item.items() if value is not None})


def batch_place(call: Call) -> Any:
    """Place up to five orders."""
    items = call.parameters.json_list("batchOrders", items_max=BATCH_PLACE_MAX)
    return _each(items, lambda item: _place(call, _batch_parameters(item)))


def batch_amend(call: Call) -> Any:
    """Amend up to five orders."""
    items = call.parameters.json_list("batchOrders", items_max=BATCH_PLACE_MAX)
    return _each(items, lambda item: _amend(call, _batch_parameters(item)))


def batch_cancel(call: Call) -> Any:
    """Cancel up to ten orders of a symbol, by id or by client id."""
    parameters = call.parameters
    symbol = parameters.required_text("symbol")
    call.venue.symbol(symbol)
    # ccxt (4.5.90) writes both names in lower case.
    by_id, by_client_id = (
        next((each for each in (name, name.lower()) if each in parameters), name)
        for name in ("orderIdList", "origClientOrderIdList")
    )
    if by_id in parameters:
        order_ids = parameters.json_list(by_id, items_max=BATCH_CANCEL_MAX)
        return _each(order_ids, lambda item: _cancel_by_id(call, symbol, item))
    client_ids = parameters.json_list(by_client_id, items_max=BATCH_CANCEL_MAX)
    return _each(client_ids, lambda item: _cancel_by_client_id(call, symbol, item))


def _cancel_by_id(call: Call, symbol: str, item: Any) -> Any:
    if isinstance(item, bool) or not str(item).isdecimal():
        raise invalid("orderIdList")
    return _changed(call, call.venue.cancel_order(call.account_id, symbol, order_id=int(item)))


def _cancel_by_client_id(call: Call, symbol: str, item: Any) -> Any:
    if not isinstance(item, str):
        raise invalid("origClientOrderIdList")
    return _changed(call, call.venue.cancel_order(call.account_id, symbol, client_order_id=item))


ROUTES: Final = (
    Route("POST", "/fapi/v1/order", place, weight=0, orders=1),
    Route("POST", "/fapi/v1/order/test", place_test, weight=1, orders=0, note="checks as for a real order"),
    Route("PUT", "/fapi/v1/order", amend, weight=1, orders=1),
    Route("DELETE", "/fapi/v1/order", cancel),
    Route("DELETE", "/fapi/v1/allOpenOrders", cancel_all),
    Route("POST", "/fapi/v1/batchOrders", batch_place, weight=5, orders=5, note="counts five orders whatever is sent"),
    Route("PUT", "/fapi/v1/batchOrders", batch_amend, weight=5, orders=5, note="counts five orders whatever is sent"),
    Route("DELETE", "/fapi/v1/batchOrders", batch_cancel),
    Route("POST", "/fapi/v1/countdownCancelAll", countdown, weight=10, faith=Faith.FAITHFUL),
)
