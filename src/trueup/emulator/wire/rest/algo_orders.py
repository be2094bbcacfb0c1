"""Conditional orders: the algo service."""

from __future__ import annotations

from typing import Any, Final

from trueup.emulator.wire.forms.orders import algo_cancelled_form, algo_form
from trueup.emulator.wire.parameters import invalid
from trueup.emulator.wire.rest.orders import CANCELLED_ALL
from trueup.emulator.wire.rest.reading import read_algo_identity, read_order
from trueup.emulator.wire.routes import Call, Route, by_symbol


def place(call: Call) -> Any:
    """Place a conditional order."""
    if call.parameters.required_text("algoType") != "CONDITIONAL":
        raise invalid("algoType")
    request = read_order(call.parameters, client_id_name="clientAlgoId")
    return algo_form(call.venue.place_algo_order(call.account_id, request), call.services.digits)


def cancel(call: Call) -> Any:
    """Cancel a conditional order that waits."""
    algo_id, client_algo_id = read_algo_identity(call.parameters)
    algo = call.venue.cancel_algo_order(call.account_id, algo_id=algo_id, client_algo_id=client_algo_id)
    return algo_cancelled_form(algo)


def cancel_all(call: Call) -> Any:
    """Cancel every waiting conditional order of a symbol."""
    symbol = call.parameters.required_text("symbol")
    call.venue.symbol(symbol)
    call.venue.cancel_all_algo_orders(call.account_id, symbol)
    return CANCELLED_ALL


def query(call: Call) -> Any:
    """Show one conditional order."""
    algo_id, client_algo_id = read_algo_identity(call.parameters)
    algo = call.venue.algo_order(call.account_id, algo_id=algo_id, client_algo_id=client_algo_id)
    return algo_form(algo, call.services.digits)


def open_orders(call: Call) -> Any:
    """List the conditional orders that wait."""
    parameters, digits = call.parameters, call.services.digits
    symbol = parameters.text("symbol")
    if symbol is not None:
        call.venue.symbol(symbol)
    algos = call.venue.open_algo_orders(call.account_id, symbol, algo_id=parameters.integer("algoId"))
    return [algo_form(algo, digits) for algo in algos]


def all_orders(call: Call) -> Any:
    """List conditional orders of a symbol."""
    parameters, digits = call.parameters, call.services.digits
    algos = call.venue.all_algo_orders(
        call.account_id,
        parameters.required_text("symbol"),
        algo_id=parameters.integer("algoId"),
        start_ms=parameters.integer("startTime"),
        end_ms=parameters.integer("endTime"),
        page=parameters.integer("page") or 0,
        limit=parameters.bounded("limit", default=500, most=1_000),
    )
    return [algo_form(algo, digits) for algo in algos]


ROUTES: Final = (
    Route("POST", "/fapi/v1/algoOrder", place, weight=0, orders=1),
    Route("GET", "/fapi/v1/algoOrder", query),
    Route("DELETE", "/fapi/v1/algoOrder", cancel),
    Route("DELETE", "/fapi/v1/algoOpenOrders", cancel_all),
    Route(
        "GET", "/fapi/v1/openAlgoOrders", open_orders, weight=by_symbol(1, 40), weight_text="1, or 40 without symbol"
    ),
    Route("GET", "/fapi/v1/allAlgoOrders", all_orders, weight=5),
)
