"""Market streams: some follow the engine's events, the others are sampled at the venue's intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from trueup.emulator.engine.events import (
    AggTradeEvent,
    BookTickerEvent,
    KlineEvent,
    MarketEvent,
    MarkPriceEvent,
    depth_change,
)
from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.engine.statements import Depth, Kline
from trueup.emulator.engine.venue import Venue
from trueup.emulator.wire.forms import market_events as forms
from trueup.emulator.wire.forms.texts import DigitsBySymbol
from trueup.emulator.wire.stream_hub import StreamHub

DEPTH_LEVELS_MAX: Final = 1_000
DEPTH_SPEEDS_MS: Final = {"": 250, "100ms": 100, "250ms": 250, "500ms": 500, "0ms": 100}
MARK_PRICE_SPEEDS_MS: Final = {"": 3_000, "1s": 1_000}
KLINE_INTERVAL_MS: Final = 250
TICKER_INTERVAL_MS: Final = 2_000
ALL_TICKERS_INTERVAL_MS: Final = 1_000
PARTIAL_DEPTHS: Final = (5, 10, 20)

type Sampler = Callable[[int], Any]
"""Returns what to send at a time of the clock, or ``None`` if nothing changed."""


@dataclass(slots=True)
class _Sampled:
    """A stream that is sampled: its interval, when it is due, and how it is read."""

    interval_ms: int
    due_ms: int
    sample: Sampler


class MarketStreams:
    """Publish the public streams that somebody subscribed to.

    Parameters
    ----------
    collect : Callable[[MarketEvent], None]
        Where the engine's market events go until they may leave.
    """

    def __init__(
        self, venue: Venue, digits: DigitsBySymbol, hub: StreamHub, collect: Callable[[MarketEvent], None]
    ) -> None:
        self._venue = venue
        self._digits = digits
        self._hub = hub
        self._collect = collect
        self._sampled: dict[str, _Sampled] = {}
        self._followed = 0
        self._unsubscribe: Callable[[], None] | None = None
        self._symbol_of = {rules.symbol.lower(): rules.symbol for rules in venue.symbols()}

    # --- subscriptions ------------------------------------------------------------------------------------------------

    def opened(self, name: str) -> None:
        """Start what the first subscriber of a stream needs; a name that means nothing stays silent."""
        if self._follows(name):
            self._followed += 1
            if self._unsubscribe is None:
                self._unsubscribe = self._venue.subscribe_market(self._collect)
            return
        sampled = self._sampler(name)
        if sampled is not None:
            self._sampled[name] = sampled

    def closed(self, name: str) -> None:
        """Stop what the last subscriber of a stream leaves behind; unknown names are ignored."""
        if self._follows(name):
            self._followed -= 1
            if self._followed == 0 and self._unsubscribe is not None:
                self._unsubscribe()
                self._unsubscribe = None
            return
        self._sampled.pop(name, None)

    def greeting(self, name: str) -> bytes | None:
        """Return the touch for a new subscriber of ``<symbol>@bookTicker``.

        The real venue's market never stands still, so its next update comes within milliseconds; here it may not.
        """
        symbol = self._symbol_of.get(name.removesuffix("@bookTicker")) if name.endswith("@bookTicker") else None
        if symbol is None:
            return None
        return orjson.dumps(forms.book_ticker_event(self._venue.book_top(symbol), self._digits))

    def _follows(self, name: str) -> bool:
        return name == "!bookTicker" or name.endswith(("@bookTicker", "@aggTrade", "@trade"))

    # --- what follows the engine --------------------------------------------------------------------------------------

    def publish(self, event: MarketEvent) -> None:
        """Send one event of the engine."""
        match event:
            case BookTickerEvent(top=top):
                name = f"{top.symbol.lower()}@bookTicker"
                if self._hub.has_listeners(name) or self._hub.has_listeners("!bookTicker"):
                    payload = orjson.dumps(forms.book_ticker_event(top, self._digits))
                    self._hub.publish(name, payload)
                    self._hub.publish("!bookTicker", payload)
            case AggTradeEvent(trade=trade):
                name = f"{trade.symbol.lower()}@aggTrade"
                if self._hub.has_listeners(name):
                    self._hub.publish(name, orjson.dumps(forms.agg_trade_event(trade, self._digits)))
                name = f"{trade.symbol.lower()}@trade"
                if self._hub.has_listeners(name):
                    self._hub.publish(name, orjson.dumps(forms.trade_event(trade, self._digits)))
            case MarkPriceEvent() | KlineEvent():
                pass  # sampled at the venue's intervals

    # --- what is sampled ----------------------------------------------------------------------------------------------

    def tick(self, now_ms: int) -> None:
        """Sample the streams that are due; after a long step of the clock each is sampled once."""
        for name, stream in list(self._sampled.items()):
            if now_ms < stream.due_ms:
                continue
            stream.due_ms = now_ms + stream.interval_ms - now_ms % stream.interval_ms
            form = stream.sample(now_ms)
            if form is not None:
                self._hub.publish(name, orjson.dumps(form))

    def _sampler(self, name: str) -> _Sampled | None:
        if name.startswith("!"):
            return self._sampler_of_all(name)
        symbol_text, _, rest = name.partition("@")
        symbol = self._symbol_of.get(symbol_text)
        kind, _, speed = rest.partition("@")
        if symbol is None:
            # continuousKline streams name a pair and a contract type: btcusdt_perpetual@continuousKline_1m
            pair, _, contract = symbol_text.partition("_")
            symbol = self._symbol_of.get(pair) if contract == "perpetual" else None
            if symbol is None or not kind.startswith("continuousKline_"):
                return None
            return self._kline_stream(symbol, kind.removeprefix("continuousKline_"), forms.continuous_kline_event)
        return self._sampler_of_symbol(symbol, kind, speed)

    def _sampler_of_symbol(self, symbol: str, kind: str, speed: str) -> _Sampled | None:
        digits = self._digits
        if kind == "depth" and speed in DEPTH_SPEEDS_MS:
            return _Sampled(DEPTH_SPEEDS_MS[speed], 0, self._depth_sampler(symbol))
        if kind.startswith("depth") and kind[5:].isdecimal() and int(kind[5:]) in PARTIAL_DEPTHS:
            if speed in DEPTH_SPEEDS_MS:
                return _Sampled(DEPTH_SPEEDS_MS[speed], 0, self._partial_depth_sampler(symbol, int(kind[5:])))
            return None
        if kind == "markPrice" and speed in MARK_PRICE_SPEEDS_MS:
            return _Sampled(
                MARK_PRICE_SPEEDS_MS[speed],
                0,
                lambda now_ms: forms.mark_price_event(self._venue.mark_price(symbol), now_ms),
            )
        if kind.startswith("kline_"):
            return self._kline_stream(symbol, kind.removeprefix("kline_"), forms.kline_event)
        if kind == "miniTicker":
            return _Sampled(
                TICKER_INTERVAL_MS,
                0,
                lambda now_ms: forms.mini_ticker_event(self._venue.ticker(symbol), digits, now_ms),
            )
        if kind == "ticker":
            return _Sampled(
                TICKER_INTERVAL_MS, 0, lambda now_ms: forms.ticker_event(self._venue.ticker(symbol), digits, now_ms)
            )
        return None

    def _sampler_of_all(self, name: str) -> _Sampled | None:
        kind, _, speed = name.removeprefix("!").partition("@arr")
        symbols = tuple(self._symbol_of.values())
        venue, digits = self._venue, self._digits
        speed = speed.removeprefix("@")
        if kind == "markPrice" and speed in MARK_PRICE_SPEEDS_MS:
            return _Sampled(
                MARK_PRICE_SPEEDS_MS[speed],
                0,
                lambda now_ms: [forms.mark_price_event(venue.mark_price(symbol), now_ms) for symbol in symbols],
            )
        if kind == "miniTicker":
            return _Sampled(
                ALL_TICKERS_INTERVAL_MS,
                0,
                lambda now_ms: [forms.mini_ticker_event(venue.ticker(symbol), digits, now_ms) for symbol in symbols],
            )
        if kind == "ticker":
            return _Sampled(
                ALL_TICKERS_INTERVAL_MS,
                0,
                lambda now_ms: [forms.ticker_event(venue.ticker(symbol), digits, now_ms) for symbol in symbols],
            )
        return None

    def _depth_sampler(self, symbol: str) -> Sampler:
        before: Depth = self._venue.book(symbol, DEPTH_LEVELS_MAX)

        def sample(_now_ms: int) -> Any:
            nonlocal before
            after = self._venue.book(symbol, DEPTH_LEVELS_MAX)
            if after.update_id == before.update_id:
                return None
            change = depth_change(before, after)
            before = after
            return forms.depth_change_event(change, self._digits)

        return sample

    def _partial_depth_sampler(self, symbol: str, levels: int) -> Sampler:
        previous_update_id = 0

        def sample(_now_ms: int) -> Any:
            nonlocal previous_update_id
            depth = self._venue.book(symbol, levels)
            if depth.update_id == previous_update_id:
                return None
            form = forms.partial_depth_event(depth, previous_update_id, self._digits)
            previous_update_id = depth.update_id
            return form

        return sample

    def _kline_stream(
        self, symbol: str, interval: str, form: Callable[[Kline, DigitsBySymbol, int], Any]
    ) -> _Sampled | None:
        try:
            self._venue.klines(symbol, interval, limit=1)
        except Rejection:
            return None
        last: Any = None

        def sample(now_ms: int) -> Any:
            nonlocal last
            bars = self._venue.klines(symbol, interval, limit=1)
            if not bars or bars[-1] == last:
                return None
            last = bars[-1]
            return form(last, self._digits, now_ms)

        return _Sampled(KLINE_INTERVAL_MS, 0, sample)
