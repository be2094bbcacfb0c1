"""Symbols, books, prices and bars as REST shows them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from trueup.emulator.engine.statements import AggTrade, BookTop, Depth, Kline, Level, MarkPrice, Ticker
from trueup.emulator.engine.symbols import SymbolRules
from trueup.emulator.wire.forms.texts import Digits, DigitsBySymbol, amount, fixed, plain
from trueup.emulator.wire.limits import Limits

type Form = dict[str, Any]

DELIVERY_NEVER_MS: Final = 4_133_404_800_000
"""The delivery date of every perpetual in the venue's exchangeInfo: 2100-12-25."""

ORDER_TYPES: Final = (
    "LIMIT",
    "MARKET",
    "STOP",
    "STOP_MARKET",
    "TAKE_PROFIT",
    "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
)
TIMES_IN_FORCE: Final = ("GTC", "IOC", "FOK", "GTX", "GTD")


def digits_of(symbols: Iterable[SymbolRules]) -> DigitsBySymbol:
    """Return the digits of each symbol, as its tick and step have them."""
    return {rules.symbol: Digits(_decimals(rules.tick), rules.quantity_precision) for rules in symbols}


def _decimals(step: Decimal) -> int:
    return len(plain(step).partition(".")[2])


def rate_limits_form(limits: Limits) -> list[Form]:
    """Return the limits as exchangeInfo lists them."""
    return [
        {
            "rateLimitType": "REQUEST_WEIGHT",
            "interval": "MINUTE",
            "intervalNum": 1,
            "limit": limits.weight_per_minute,
        },
        {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": limits.orders_per_minute},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": limits.orders_per_ten_secs},
    ]


def symbol_form(rules: SymbolRules) -> Form:
    """Return one symbol as exchangeInfo shows it."""
    return {
        "symbol": rules.symbol,
        "pair": rules.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": DELIVERY_NEVER_MS,
        "onboardDate": rules.onboard_date_ms,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": rules.base,
        "quoteAsset": rules.quote,
        "marginAsset": rules.quote,
        "pricePrecision": rules.price_precision,
        "quantityPrecision": rules.quantity_precision,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": plain(rules.trigger_protect),
        "liquidationFee": plain(rules.liquidation_fee),
        "marketTakeBound": plain(rules.market_take_bound),
        "maxMoveOrderLimit": 10_000,
        "filters": _filters(rules),
        "orderTypes": ORDER_TYPES,
        "timeInForce": TIMES_IN_FORCE,
        "permissionSets": ["GRID"],
    }


def _filters(rules: SymbolRules) -> list[Form]:
    price, quantity = _decimals(rules.tick), rules.quantity_precision
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": fixed(rules.min_price, price),
            "maxPrice": fixed(rules.max_price, price),
            "tickSize": fixed(rules.tick, price),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": fixed(rules.min_quantity, quantity),
            "maxQty": fixed(rules.max_quantity, quantity),
            "stepSize": fixed(rules.step, quantity),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": fixed(rules.min_quantity, quantity),
            "maxQty": fixed(rules.market_max_quantity, quantity),
            "stepSize": fixed(rules.step, quantity),
        },
        {"filterType": "MAX_NUM_ORDERS", "limit": rules.max_orders},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": rules.max_algo_orders},
        {"filterType": "MIN_NOTIONAL", "notional": plain(rules.min_notional)},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": format(rules.multiplier_up, ".4f"),
            "multiplierDown": format(rules.multiplier_down, ".4f"),
            "multiplierDecimal": "4",
        },
        {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
    ]


def exchange_info_form(symbols: Iterable[SymbolRules], limits: Limits) -> Form:
    """Return exchangeInfo without its time, which is put in per call."""
    listed = list(symbols)
    margin_assets = dict.fromkeys(["USDT", "USDC", "BNB", *(rules.quote for rules in listed)])
    return {
        "timezone": "UTC",
        "futuresType": "U_MARGINED",
        "rateLimits": rate_limits_form(limits),
        "exchangeFilters": [],
        "assets": [{"asset": asset, "marginAvailable": True, "autoAssetExchange": "-10000"} for asset in margin_assets],
        "symbols": [symbol_form(rules) for rules in listed],
    }


def level_forms(levels: Iterable[Level], digits: Digits) -> list[list[str]]:
    """Return the levels of one side of a book."""
    return [[fixed(price, digits.price), fixed(quantity, digits.quantity)] for price, quantity in levels]


def depth_form(depth: Depth, digits_by_symbol: DigitsBySymbol, now_ms: int) -> Form:
    """Return a book as ``/fapi/v1/depth`` shows it."""
    digits = digits_by_symbol[depth.symbol]
    return {
        "lastUpdateId": depth.update_id,
        "E": now_ms,
        "T": depth.time_ms,
        "bids": level_forms(depth.bids, digits),
        "asks": level_forms(depth.asks, digits),
    }


def book_ticker_form(top: BookTop, digits_by_symbol: DigitsBySymbol) -> Form:
    """Return the touch as ``/fapi/v1/ticker/bookTicker`` shows it."""
    digits = digits_by_symbol[top.symbol]
    return {
        "symbol": top.symbol,
        "bidPrice": fixed(top.bid, digits.price),
        "bidQty": fixed(top.bid_quantity, digits.quantity),
        "askPrice": fixed(top.ask, digits.price),
        "askQty": fixed(top.ask_quantity, digits.quantity),
        "time": top.time_ms,
        "lastUpdateId": top.update_id,
    }


def price_form(ticker: Ticker, digits_by_symbol: DigitsBySymbol) -> Form:
    """Return the last price as ``/fapi/v1|v2/ticker/price`` shows it."""
    return {
        "symbol": ticker.symbol,
        "price": fixed(ticker.last_price, digits_by_symbol[ticker.symbol].price),
        "time": ticker.close_time_ms,
    }


def ticker_form(ticker: Ticker, digits_by_symbol: DigitsBySymbol) -> Form:
    """Return the last 24 hours as ``/fapi/v1/ticker/24hr`` shows them."""
    digits = digits_by_symbol[ticker.symbol]
    change = ticker.last_price - ticker.open
    percent = change / ticker.open * 100 if ticker.open else ticker.open
    return {
        "symbol": ticker.symbol,
        "priceChange": fixed(change, digits.price),
        "priceChangePercent": format(percent, ".3f"),
        "weightedAvgPrice": fixed(ticker.weighted_average, digits.price),
        "lastPrice": fixed(ticker.last_price, digits.price),
        "lastQty": fixed(ticker.last_quantity, digits.quantity),
        "openPrice": fixed(ticker.open, digits.price),
        "highPrice": fixed(ticker.high, digits.price),
        "lowPrice": fixed(ticker.low, digits.price),
        "volume": fixed(ticker.volume, digits.quantity),
        "quoteVolume": format(ticker.quote_volume, ".2f"),
        "openTime": ticker.open_time_ms,
        "closeTime": ticker.close_time_ms,
        "firstId": ticker.first_trade_id,
        "lastId": ticker.last_trade_id,
        "count": ticker.trades,
    }


def premium_form(mark: MarkPrice) -> Form:
    """Return mark price and funding as ``/fapi/v1/premiumIndex`` shows them."""
    return {
        "symbol": mark.symbol,
        "markPrice": amount(mark.mark),
        "indexPrice": amount(mark.index),
        "estimatedSettlePrice": amount(mark.index),
        "lastFundingRate": amount(mark.funding_rate),
        "interestRate": amount(mark.interest_rate),
        "nextFundingTime": mark.next_funding_time_ms,
        "time": mark.time_ms,
    }


def agg_trade_form(trade: AggTrade, digits_by_symbol: DigitsBySymbol) -> Form:
    """Return an aggregate trade as ``/fapi/v1/aggTrades`` shows it."""
    digits = digits_by_symbol[trade.symbol]
    return {
        "a": trade.agg_id,
        "p": fixed(trade.price, digits.price),
        "q": fixed(trade.quantity, digits.quantity),
        # Quantity without the trades of RPI orders, which this venue does not have.
        "nq": fixed(trade.quantity, digits.quantity),
        "f": trade.first_trade_id,
        "l": trade.last_trade_id,
        "T": trade.time_ms,
        "m": trade.buyer_maker,
    }


def public_trade_form(trade: AggTrade, digits_by_symbol: DigitsBySymbol) -> Form:
    """Return an aggregate trade as ``/fapi/v1/trades`` would show its last trade (the tape keeps aggregates only)."""
    digits = digits_by_symbol[trade.symbol]
    return {
        "id": trade.last_trade_id,
        "price": fixed(trade.price, digits.price),
        "qty": fixed(trade.quantity, digits.quantity),
        "quoteQty": format(trade.price * trade.quantity, ".2f"),
        "time": trade.time_ms,
        "isBuyerMaker": trade.buyer_maker,
        "isRPITrade": False,
    }


def kline_form(kline: Kline, digits_by_symbol: DigitsBySymbol) -> list[Any]:
    """Return a bar as ``/fapi/v1/klines`` shows it: a list."""
    digits = digits_by_symbol[kline.symbol]
    return [
        kline.open_time_ms,
        fixed(kline.open, digits.price),
        fixed(kline.high, digits.price),
        fixed(kline.low, digits.price),
        fixed(kline.close, digits.price),
        fixed(kline.volume, digits.quantity),
        kline.close_time_ms,
        format(kline.quote_volume, ".5f"),
        kline.trades,
        fixed(kline.taker_buy_volume, digits.quantity),
        format(kline.taker_buy_quote_volume, ".5f"),
        "0",
    ]
