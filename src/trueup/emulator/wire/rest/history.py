"""Orders, trades and wallet movements as they can be read."""

from __future__ import annotations

from typing import Any, Final

from trueup.emulator.engine.enums import IncomeType
from trueup.emulator.wire.forms.account import income_form
from trueup.emulator.wire.forms.orders import amendment_form, order_form
from trueup.emulator.wire.parameters import invalid
from trueup.emulator.wire.rest.reading import read_order_identity
from trueup.emulator.wire.routes import Call, Faith, Route, by_symbol


def order(call: Call) -> Any:
    """Show one order."""
    symbol = call.parameters.required_text("symbol")
    order_id, client_order_id = read_order_identity(call.parameters)
    found = call.venue.order(call.account_id, symbol, order_id=order_id, client_order_id=client_order_id)
    return order_form(found, call.services.digits)


def open_order(call: Call) -> Any:
    """Show one working order."""
    symbol = call.parameters.required_text("symbol")
    order_id, client_order_id = read_order_identity(call.parameters)
    found = call.venue.open_order(call.account_id, symbol, order_id=order_id, client_order_id=client_order_id)
    return order_form(found, call.services.digits)


def open_orders(call: Call) -> Any:
    """List the working orders."""
    symbol = call.parameters.text("symbol")
    if symbol is not None:
        call.venue.symbol(symbol)
    return call.services.pages.orders(call.venue.open_orders(call.account_id, symbol))


def all_orders(call: Call) -> Any:
    """List orders of a symbol."""
    parameters = call.parameters
    orders = call.venue.all_orders(
        call.account_id,
        parameters.required_text("symbol"),
        order_id=parameters.integer("orderId"),
        start_ms=parameters.integer("startTime"),
        end_ms=parameters.integer("endTime"),
        limit=parameters.bounded("limit", default=500, most=1_000),
    )
    return call.services.pages.orders(orders)


def trades(call: Call) -> Any:
    """List trades of a symbol."""
    parameters = call.parameters
    found = call.venue.trades(
        call.account_id,
        parameters.required_text("symbol"),
        order_id=parameters.integer("orderId"),
        from_id=parameters.integer("fromId"),
        start_ms=parameters.integer("startTime"),
        end_ms=parameters.integer("endTime"),
        limit=parameters.bounded("limit", default=500, most=1_000),
    )
    return call.services.pages.trades(found)


def income(call: Call) -> Any:
    """List wallet movements."""
    parameters = call.parameters
    wanted = parameters.text("incomeType")
    try:
        income_type = IncomeType(wanted) if wanted is not None else None
    except ValueError:
        # A type that the venue knows and the emulator never books is an empty list; the names are not checked.
        return []
    symbol = parameters.text("symbol")
    if symbol is not None:
        call.venue.symbol(symbol)
    movements = call.venue.income(
        call.account_id,
        symbol=symbol,
        income_type=income_type,
        start_ms=parameters.integer("startTime"),
        end_ms=parameters.integer("endTime"),
        page=max(1, parameters.integer("page") or 1),
        limit=parameters.bounded("limit", default=100, most=1_000),
    )
    return [income_form(movement) for movement in movements]


def amendments(call: Call) -> Any:
    """List the changes of orders."""
    parameters, digits = call.parameters, call.services.digits
    found = call.venue.amendments(
        call.account_id,
        parameters.required_text("symbol"),
        order_id=parameters.integer("orderId"),
        client_order_id=parameters.text("origClientOrderId"),
        start_ms=parameters.integer("startTime"),
        end_ms=parameters.integer("endTime"),
        limit=parameters.bounded("limit", default=50, most=100),
    )
    return [amendment_form(amendment, digits) for amendment in found]


def force_orders(call: Call) -> Any:
    """List the account's orders that the venue itself placed: liquidations and ADL."""
    parameters, digits = call.parameters, call.services.digits
    close_type = parameters.choice("autoCloseType", ("LIQUIDATION", "ADL"), invalid("autoCloseType"))
    prefixes = {"LIQUIDATION": ("autoclose-",), "ADL": ("adl_autoclose",), None: ("autoclose-", "adl_autoclose")}
    symbol = parameters.text("symbol")
    symbols = [symbol] if symbol is not None else [leg.symbol for leg in call.venue.summary(call.account_id).positions]
    limit = parameters.bounded("limit", default=50, most=100)
    start_ms, end_ms = parameters.integer("startTime"), parameters.integer("endTime")
    found: list[Any] = []
    for name in dict.fromkeys(symbols):
        orders = call.venue.all_orders(call.account_id, name, start_ms=start_ms, end_ms=end_ms, limit=1_000)
        found += [each for each in orders if each.client_order_id.startswith(prefixes[close_type])]
    found.sort(key=lambda each: each.order_id)
    return [order_form(each, digits) for each in found[-limit:]]


def position_margin_history(call: Call) -> Any:
    """List margin changes of isolated positions: not kept, so always empty."""
    call.venue.symbol(call.parameters.required_text("symbol"))
    return []


def adl_quantile(call: Call) -> Any:
    """Show the place of each position in the ADL queue."""
    symbol = call.parameters.text("symbol")
    if symbol is not None:
        call.venue.symbol(symbol)
    quantiles: dict[str, dict[str, int]] = {}
    for leg in call.venue.positions(call.account_id, symbol):
        quantiles.setdefault(leg.symbol, {})[leg.position_side.value] = leg.adl_quantile
    return [{"symbol": name, "adlQuantile": legs} for name, legs in quantiles.items()]


ROUTES: Final = (
    Route("GET", "/fapi/v1/order", order),
    Route("GET", "/fapi/v1/openOrder", open_order),
    Route("GET", "/fapi/v1/openOrders", open_orders, weight=by_symbol(1, 40), weight_text="1, or 40 without symbol"),
    Route("GET", "/fapi/v1/allOrders", all_orders, weight=5, note="last 7 days when no bound is given"),
    Route("GET", "/fapi/v1/userTrades", trades, weight=5, note="last 7 days when no bound is given"),
    Route("GET", "/fapi/v1/income", income, weight=30),
    Route("GET", "/fapi/v1/orderAmendment", amendments),
    Route(
        "GET",
        "/fapi/v1/forceOrders",
        force_orders,
        weight=by_symbol(20, 50),
        weight_text="20, or 50 without symbol",
        faith=Faith.ASSUMED,
        note="of the last 7 days",
    ),
    Route("GET", "/fapi/v1/adlQuantile", adl_quantile, weight=5, faith=Faith.ASSUMED),
    Route("GET", "/fapi/v1/positionMargin/history", position_margin_history, faith=Faith.FIXED, note="always empty"),
)
