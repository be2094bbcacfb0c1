"""Public endpoints: time, symbols, books, prices and bars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.wire.forms import market as forms
from trueup.emulator.wire.parameters import Parameters
from trueup.emulator.wire.routes import Call, Faith, Route, Security, by_symbol

DEPTH_LIMITS: Final = (5, 10, 20, 50, 100, 500, 1_000)
DEPTH_WEIGHTS: Final = {5: 2, 10: 2, 20: 2, 50: 2, 100: 5, 500: 10, 1_000: 20}


def ping(call: Call) -> Any:
    """Answer nothing."""
    return {}


def time(call: Call) -> Any:
    """Tell the venue's time."""
    return {"serverTime": call.now_ms}


def exchange_info(call: Call) -> Any:
    """List symbols, filters and limits."""
    return call.services.exchange_info.render(call.now_ms)


def _each_symbol(call: Call, render: Callable[[str], Any]) -> Any:
    symbol = call.parameters.text("symbol")
    if symbol is not None:
        return render(call.venue.symbol(symbol).symbol)
    return [render(rules.symbol) for rules in call.venue.symbols()]


def depth(call: Call) -> Any:
    """Show a book."""
    symbol = call.venue.symbol(call.parameters.required_text("symbol")).symbol
    limit = call.parameters.bounded("limit", default=500, most=1_000)
    if limit not in DEPTH_LIMITS:
        raise Rejection(-4021, f"Not a valid depth limit: {limit}")
    return forms.depth_form(call.venue.book(symbol, limit), call.services.digits, call.now_ms)


def _depth_weight(parameters: Parameters) -> int:
    try:
        limit = parameters.bounded("limit", default=500, most=1_000)
    except Rejection:
        limit = 500
    return DEPTH_WEIGHTS.get(limit, 10)


def book_ticker(call: Call) -> Any:
    """Show best bid and ask."""
    return _each_symbol(call, lambda symbol: forms.book_ticker_form(call.venue.book_top(symbol), call.services.digits))


def price(call: Call) -> Any:
    """Show the last price."""
    return _each_symbol(call, lambda symbol: forms.price_form(call.venue.ticker(symbol), call.services.digits))


def ticker(call: Call) -> Any:
    """Show the last 24 hours."""
    return _each_symbol(call, lambda symbol: forms.ticker_form(call.venue.ticker(symbol), call.services.digits))


def premium_index(call: Call) -> Any:
    """Show mark price and funding."""
    return _each_symbol(call, lambda symbol: forms.premium_form(call.venue.mark_price(symbol)))


def agg_trades(call: Call) -> Any:
    """List the public tape."""
    parameters = call.parameters
    found = call.venue.agg_trades(
        call.venue.symbol(parameters.required_text("symbol")).symbol,
        from_id=parameters.integer("fromId"),
        start_ms=parameters.integer("startTime"),
        end_ms=parameters.integer("endTime"),
        limit=parameters.bounded("limit", default=500, most=1_000),
    )
    return [forms.agg_trade_form(trade, call.services.digits) for trade in found]


def recent_trades(call: Call) -> Any:
    """List the last prints of the tape."""
    symbol = call.venue.symbol(call.parameters.required_text("symbol")).symbol
    limit = call.parameters.bounded("limit", default=500, most=1_000)
    found = call.venue.agg_trades(symbol, from_id=call.parameters.integer("fromId"), limit=limit)
    return [forms.public_trade_form(trade, call.services.digits) for trade in found]


def klines(call: Call) -> Any:
    """List bars of the traded price."""
    symbol = call.parameters.text("symbol") or call.parameters.text("pair")
    if symbol is None:
        symbol = call.parameters.required_text("symbol")
    found = call.venue.klines(
        call.venue.symbol(symbol).symbol,
        call.parameters.required_text("interval"),
        start_ms=call.parameters.integer("startTime"),
        end_ms=call.parameters.integer("endTime"),
        limit=call.parameters.bounded("limit", default=500, most=1_500),
    )
    return [forms.kline_form(kline, call.services.digits) for kline in found]


def _klines_weight(parameters: Parameters) -> int:
    try:
        limit = parameters.bounded("limit", default=500, most=1_500)
    except Rejection:
        limit = 500
    for below, weight in ((100, 1), (500, 2), (1_001, 5)):
        if limit < below:
            return weight
    return 10


def funding_rates(call: Call) -> Any:
    """List the funding to come of each symbol as if it had just been settled: past rates are not kept."""
    symbol = call.parameters.text("symbol")
    names = [call.venue.symbol(symbol).symbol] if symbol else [rules.symbol for rules in call.venue.symbols()]
    marks = [call.venue.mark_price(name) for name in names]
    return [
        {
            "symbol": mark.symbol,
            "fundingRate": format(mark.funding_rate, ".8f"),
            "fundingTime": mark.time_ms,
            "markPrice": format(mark.mark, ".8f"),
        }
        for mark in marks[: call.parameters.bounded("limit", default=100, most=1_000)]
    ]


def funding_info(call: Call) -> Any:
    """List symbols with unusual funding: none."""
    return []


def open_interest(call: Call) -> Any:
    """Show the open interest: not tracked, so zero."""
    symbol = call.venue.symbol(call.parameters.required_text("symbol")).symbol
    return {"symbol": symbol, "openInterest": "0", "time": call.now_ms}


def asset_index(call: Call) -> Any:
    """List the asset indices of multi-assets mode: none."""
    return []


def constituents(call: Call) -> Any:
    """Show where the index price comes from: the emulator itself."""
    symbol = call.venue.symbol(call.parameters.required_text("symbol")).symbol
    mark = call.venue.mark_price(symbol)
    source = {"exchange": "emulator", "symbol": symbol, "price": format(mark.index, "f"), "weight": "1"}
    return {"symbol": symbol, "time": call.now_ms, "constituents": [source]}


def _public(path: str, handler: Callable[[Call], Any], **more: Any) -> Route:
    return Route("GET", path, handler, security=Security.NONE, **more)


_KLINES = {"weight": _klines_weight, "weight_text": "1, 2, 5 or 10 by limit"}

ROUTES: Final = (
    _public("/fapi/v1/ping", ping),
    _public("/fapi/v1/time", time),
    _public("/fapi/v1/exchangeInfo", exchange_info),
    _public("/fapi/v1/depth", depth, weight=_depth_weight, weight_text="2, 5, 10 or 20 by limit"),
    _public("/fapi/v1/trades", recent_trades, weight=5, faith=Faith.ASSUMED, note="the tape keeps aggregate trades"),
    Route(
        "GET",
        "/fapi/v1/historicalTrades",
        recent_trades,
        security=Security.KEY,
        weight=200,
        faith=Faith.ASSUMED,
        note="the tape keeps aggregate trades",
    ),
    _public("/fapi/v1/aggTrades", agg_trades, weight=20),
    _public("/fapi/v1/klines", klines, **_KLINES),
    _public("/fapi/v1/continuousKlines", klines, **_KLINES, note="perpetuals only"),
    _public("/fapi/v1/markPriceKlines", klines, **_KLINES, faith=Faith.ASSUMED, note="bars of the traded price"),
    _public("/fapi/v1/indexPriceKlines", klines, **_KLINES, faith=Faith.ASSUMED, note="bars of the traded price"),
    _public("/fapi/v1/premiumIndex", premium_index, weight=by_symbol(1, 10), weight_text="1, or 10 without symbol"),
    _public("/fapi/v1/fundingRate", funding_rates, faith=Faith.ASSUMED, note="only the rate to come"),
    _public("/fapi/v1/fundingInfo", funding_info, weight=0, faith=Faith.FIXED, note="always empty"),
    _public("/fapi/v1/ticker/24hr", ticker, weight=by_symbol(1, 40), weight_text="1, or 40 without symbol"),
    _public("/fapi/v1/ticker/price", price, weight=by_symbol(1, 2), weight_text="1, or 2 without symbol"),
    _public("/fapi/v2/ticker/price", price, weight=by_symbol(1, 2), weight_text="1, or 2 without symbol"),
    _public("/fapi/v1/ticker/bookTicker", book_ticker, weight=by_symbol(2, 5), weight_text="2, or 5 without symbol"),
    _public("/fapi/v1/openInterest", open_interest, faith=Faith.FIXED, note="always zero"),
    _public(
        "/fapi/v1/assetIndex",
        asset_index,
        weight=by_symbol(1, 10),
        weight_text="1, or 10 without symbol",
        faith=Faith.FIXED,
        note="always empty",
    ),
    _public("/fapi/v1/constituents", constituents, weight=2, faith=Faith.FIXED, note="the emulator is the only source"),
)
