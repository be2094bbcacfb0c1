"""The public past: aggregate trades, bars, the last 24 hours."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from trueup.emulator.engine.history import DAY_MS, check_limit
from trueup.emulator.engine.money import average
from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.engine.state import MarketState
from trueup.emulator.engine.statements import AggTrade, Kline, Ticker
from trueup.emulator.engine.values import ZERO

MINUTE_MS = 60_000
INTERVALS_MS = {
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": 60 * MINUTE_MS,
    "2h": 120 * MINUTE_MS,
    "4h": 240 * MINUTE_MS,
    "6h": 360 * MINUTE_MS,
    "8h": 480 * MINUTE_MS,
    "12h": 720 * MINUTE_MS,
    "1d": DAY_MS,
    "3d": 3 * DAY_MS,
    "1w": 7 * DAY_MS,
}
MONTH = "1M"
KLINES_MAX = 1_500
WEEK_SHIFT_MS = 4 * DAY_MS
"""The epoch was a Thursday; the venue's weeks begin on Monday."""


def bar_open_ms(interval: str, time_ms: int) -> int:
    """Return when the bar of `interval` that holds `time_ms` opens.

    Raises
    ------
    Rejection
        -1120 for an interval that the venue does not have.
    """
    if interval == MONTH:
        moment = datetime.fromtimestamp(time_ms / 1000, UTC)
        return int(datetime(moment.year, moment.month, 1, tzinfo=UTC).timestamp()) * 1000
    length = INTERVALS_MS.get(interval)
    if length is None:
        raise Rejection(-1120, "Invalid interval.")
    shift = WEEK_SHIFT_MS if interval == "1w" else 0
    return (time_ms - shift) // length * length + shift


def bar_end_ms(interval: str, open_ms: int) -> int:
    """Return when the bar that opens at `open_ms` is over: the opening of the next."""
    if interval == MONTH:
        return bar_open_ms(interval, open_ms + 32 * DAY_MS)
    return open_ms + INTERVALS_MS[interval]


def klines(
    market: MarketState,
    interval: str,
    start_ms: int | None,
    end_ms: int | None,
    limit: int,
    now_ms: int,
) -> list[Kline]:
    """Return bars built of the minutes that traded; a time without trades has a flat bar, as on the venue.

    Before the first trade there are none.
    """
    check_limit(limit, KLINES_MAX)
    now_open = bar_open_ms(interval, now_ms)
    if not market.bars:
        return []
    first = bar_open_ms(interval, market.bars[0].open_time_ms)
    last = now_open if end_ms is None else min(bar_open_ms(interval, end_ms), now_open)
    opens = list(_opens(interval, first, last, start_ms, limit))
    return _fill(market, interval, opens)


def _opens(interval: str, first: int, last: int, start_ms: int | None, limit: int) -> Iterator[int]:
    if start_ms is not None:
        open_ms = max(bar_open_ms(interval, start_ms), first)
        if open_ms < start_ms:
            open_ms = bar_end_ms(interval, open_ms)
        while open_ms <= last and limit:
            yield open_ms
            open_ms, limit = bar_end_ms(interval, open_ms), limit - 1
        return
    found: list[int] = []
    open_ms = last
    while open_ms >= first and len(found) < limit:
        found.append(open_ms)
        open_ms = bar_open_ms(interval, open_ms - 1)
    yield from reversed(found)


def _fill(market: MarketState, interval: str, opens: list[int]) -> list[Kline]:
    if not opens:
        return []
    times = [bar.open_time_ms for bar in market.bars]
    place = bisect_left(times, opens[0])
    close = market.bars[place - 1].close if place else market.bars[0].open
    result = []
    for open_ms in opens:
        end_ms = bar_end_ms(interval, open_ms)
        upto = bisect_left(times, end_ms, place)
        bar = _merge(market.symbol, interval, open_ms, end_ms, market.bars[place:upto], close)
        place, close = upto, bar.close
        result.append(bar)
    return result


def _merge(symbol: str, interval: str, open_ms: int, end_ms: int, bars: list[Kline], close: Decimal) -> Kline:
    if not bars:
        return Kline(symbol, interval, open_ms, end_ms - 1, close, close, close, close, ZERO, ZERO, 0, ZERO, ZERO)
    return Kline(
        symbol=symbol,
        interval=interval,
        open_time_ms=open_ms,
        close_time_ms=end_ms - 1,
        open=bars[0].open,
        high=max(bar.high for bar in bars),
        low=min(bar.low for bar in bars),
        close=bars[-1].close,
        volume=sum((bar.volume for bar in bars), ZERO),
        quote_volume=sum((bar.quote_volume for bar in bars), ZERO),
        trades=sum(bar.trades for bar in bars),
        taker_buy_volume=sum((bar.taker_buy_volume for bar in bars), ZERO),
        taker_buy_quote_volume=sum((bar.taker_buy_quote_volume for bar in bars), ZERO),
    )


def ticker(market: MarketState, now_ms: int) -> Ticker:
    """Return the last 24 hours; before any trade all prices are the last price."""
    start_ms = now_ms - DAY_MS
    times_from = bisect_left(market.bars, start_ms, key=lambda bar: bar.open_time_ms)
    bars = market.bars[times_from:]
    day = _merge(market.symbol, "1d", start_ms, now_ms + 1, bars, market.last)
    return Ticker(
        symbol=market.symbol,
        last_price=market.last,
        last_quantity=market.last_quantity,
        open=day.open,
        high=max(day.high, market.last),
        low=min(day.low, market.last),
        volume=day.volume,
        quote_volume=day.quote_volume,
        weighted_average=average(day.quote_volume / day.volume) if day.volume else market.last,
        first_trade_id=market.next_trade_id - day.trades if day.trades else -1,
        last_trade_id=market.next_trade_id - 1 if day.trades else -1,
        trades=day.trades,
        open_time_ms=start_ms,
        close_time_ms=now_ms,
    )


def agg_trades(
    market: MarketState,
    from_id: int | None,
    start_ms: int | None,
    end_ms: int | None,
    limit: int,
) -> list[AggTrade]:
    """Return the public tape, ascending; only its last part is kept."""
    check_limit(limit)
    tape = market.tape
    if from_id is not None:
        low = bisect_left(tape, from_id, key=lambda trade: trade.agg_id)
        return tape[low : low + limit]
    low = 0 if start_ms is None else bisect_left(tape, start_ms, key=lambda trade: trade.time_ms)
    high = len(tape) if end_ms is None else bisect_right(tape, end_ms, key=lambda trade: trade.time_ms)
    chosen = tape[low:high]
    return chosen[:limit] if start_ms is not None else chosen[-limit:]
