"""The events of the market streams as they travel."""

from __future__ import annotations

from typing import Any

from trueup.emulator.engine.events import DepthChange
from trueup.emulator.engine.statements import AggTrade, BookTop, Depth, Kline, MarkPrice, Ticker
from trueup.emulator.wire.forms.market import level_forms
from trueup.emulator.wire.forms.texts import DigitsBySymbol, amount, fixed

type Form = dict[str, Any]


def book_ticker_event(top: BookTop, digits_by_symbol: DigitsBySymbol) -> Form:
    """Return a change of the touch: ``<symbol>@bookTicker`` and ``!bookTicker``."""
    digits = digits_by_symbol[top.symbol]
    return {
        "e": "bookTicker",
        "u": top.update_id,
        "s": top.symbol,
        "b": fixed(top.bid, digits.price),
        "B": fixed(top.bid_quantity, digits.quantity),
        "a": fixed(top.ask, digits.price),
        "A": fixed(top.ask_quantity, digits.quantity),
        "T": top.time_ms,
        "E": top.time_ms,
    }


def agg_trade_event(trade: AggTrade, digits_by_symbol: DigitsBySymbol) -> Form:
    """Return a print of the tape: ``<symbol>@aggTrade``."""
    digits = digits_by_symbol[trade.symbol]
    return {
        "e": "aggTrade",
        "E": trade.time_ms,
        "a": trade.agg_id,
        "s": trade.symbol,
        "p": fixed(trade.price, digits.price),
        "q": fixed(trade.quantity, digits.quantity),
        "nq": fixed(trade.quantity, digits.quantity),
        "f": trade.first_trade_id,
        "l": trade.last_trade_id,
        "T": trade.time_ms,
        "m": trade.buyer_maker,
    }


def trade_event(trade: AggTrade, digits_by_symbol: DigitsBySymbol) -> Form:
    """Return a print of the tape as ``<symbol>@trade`` sends it."""
    digits = digits_by_symbol[trade.symbol]
    return {
        "e": "trade",
        "E": trade.time_ms,
        "T": trade.time_ms,
        "s": trade.symbol,
        "t": trade.last_trade_id,
        "p": fixed(trade.price, digits.price),
        "q": fixed(trade.quantity, digits.quantity),
        "X": "MARKET",
        "m": trade.buyer_maker,
    }


def mark_price_event(mark: MarkPrice, now_ms: int) -> Form:
    """Return the mark price: ``<symbol>@markPrice`` and ``!markPrice@arr``."""
    return {
        "e": "markPriceUpdate",
        "E": now_ms,
        "s": mark.symbol,
        "p": amount(mark.mark),
        "ap": amount(mark.mark),
        "P": amount(mark.index),
        "i": amount(mark.index),
        "r": amount(mark.funding_rate),
        "T": mark.next_funding_time_ms,
    }


def kline_event(kline: Kline, digits_by_symbol: DigitsBySymbol, now_ms: int) -> Form:
    """Return a bar: ``<symbol>@kline_<interval>``."""
    digits = digits_by_symbol[kline.symbol]
    return {
        "e": "kline",
        "E": now_ms,
        "s": kline.symbol,
        "k": {
            "t": kline.open_time_ms,
            "T": kline.close_time_ms,
            "s": kline.symbol,
            "i": kline.interval,
            "f": 0,
            "L": 0,
            "o": fixed(kline.open, digits.price),
            "c": fixed(kline.close, digits.price),
            "h": fixed(kline.high, digits.price),
            "l": fixed(kline.low, digits.price),
            "v": fixed(kline.volume, digits.quantity),
            "n": kline.trades,
            "x": now_ms > kline.close_time_ms,
            "q": format(kline.quote_volume, ".4f"),
            "V": fixed(kline.taker_buy_volume, digits.quantity),
            "Q": format(kline.taker_buy_quote_volume, ".4f"),
            "B": "0",
        },
    }


def continuous_kline_event(kline: Kline, digits_by_symbol: DigitsBySymbol, now_ms: int) -> Form:
    """Return a bar of a contract: ``<pair>_perpetual@continuousKline_<interval>``."""
    bar = kline_event(kline, digits_by_symbol, now_ms)["k"]
    del bar["s"]
    return {"e": "continuous_kline", "E": now_ms, "ps": kline.symbol, "ct": "PERPETUAL", "k": bar}


def depth_change_event(change: DepthChange, digits_by_symbol: DigitsBySymbol) -> Form:
    """Return what changed in a book: ``<symbol>@depth``."""
    digits = digits_by_symbol[change.symbol]
    return {
        "e": "depthUpdate",
        "E": change.time_ms,
        "T": change.time_ms,
        "s": change.symbol,
        "U": change.first_update_id,
        "u": change.final_update_id,
        "pu": change.previous_final_update_id,
        "b": level_forms(change.bids, digits),
        "a": level_forms(change.asks, digits),
    }


def partial_depth_event(depth: Depth, previous_update_id: int, digits_by_symbol: DigitsBySymbol) -> Form:
    """Return the best levels of a book: ``<symbol>@depth5|10|20``."""
    digits = digits_by_symbol[depth.symbol]
    return {
        "e": "depthUpdate",
        "E": depth.time_ms,
        "T": depth.time_ms,
        "s": depth.symbol,
        "U": previous_update_id + 1,
        "u": depth.update_id,
        "pu": previous_update_id,
        "b": level_forms(depth.bids, digits),
        "a": level_forms(depth.asks, digits),
    }


def mini_ticker_event(ticker: Ticker, digits_by_symbol: DigitsBySymbol, now_ms: int) -> Form:
    """Return the last 24 hours in short: ``<symbol>@miniTicker``."""
    digits = digits_by_symbol[ticker.symbol]
    return {
        "e": "24hrMiniTicker",
        "E": now_ms,
        "s": ticker.symbol,
        "c": fixed(ticker.last_price, digits.price),
        "o": fixed(ticker.open, digits.price),
        "h": fixed(ticker.high, digits.price),
        "l": fixed(ticker.low, digits.price),
        "v": fixed(ticker.volume, digits.quantity),
        "q": format(ticker.quote_volume, ".2f"),
    }


def ticker_event(ticker: Ticker, digits_by_symbol: DigitsBySymbol, now_ms: int) -> Form:
    """Return the last 24 hours: ``<symbol>@ticker``."""
    digits = digits_by_symbol[ticker.symbol]
    change = ticker.last_price - ticker.open
    percent = change / ticker.open * 100 if ticker.open else ticker.open
    return {
        "e": "24hrTicker",
        "E": now_ms,
        "s": ticker.symbol,
        "p": fixed(change, digits.price),
        "P": format(percent, ".3f"),
        "w": fixed(ticker.weighted_average, digits.price),
        "c": fixed(ticker.last_price, digits.price),
        "Q": fixed(ticker.last_quantity, digits.quantity),
        "o": fixed(ticker.open, digits.price),
        "h": fixed(ticker.high, digits.price),
        "l": fixed(ticker.low, digits.price),
        "v": fixed(ticker.volume, digits.quantity),
        "q": format(ticker.quote_volume, ".2f"),
        "O": ticker.open_time_ms,
        "C": ticker.close_time_ms,
        "F": ticker.first_trade_id,
        "L": ticker.last_trade_id,
        "n": ticker.trades,
    }
