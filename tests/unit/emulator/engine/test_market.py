"""The synthetic market, the public tape, bars, and the symbol table."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.unit.emulator.engine.arrange import BTC, ETH, START_MS, D, Desk, limit, market
from trueup.emulator.engine.enums import OrderStatus, Side
from trueup.emulator.engine.events import (
    AggTradeEvent,
    BookTickerEvent,
    KlineEvent,
    MarkPriceEvent,
    OrderEvent,
    depth_change,
)
from trueup.emulator.engine.replay import read_agg_trades
from trueup.emulator.engine.symbols import symbol_table
from trueup.emulator.engine.values import Order
from trueup.errors import EmulatorError

MINUTE_MS = 60_000


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.account()
    return desk


def test_the_table_has_two_hundred_symbols_whose_rules_fit_together_and_as_many_synthetic_ones_as_asked() -> None:
    table = symbol_table(300)
    assert list(table)[:-300] == list(symbol_table())
    assert [name for name in table if name.startswith("SYNTHETIC")] == list(table)[-300:]
    assert len(symbol_table()) >= 200
    for rules in table.values():
        assert rules.symbol == rules.base + rules.quote
        assert rules.start_price % rules.tick == 0
        assert rules.max_quantity % rules.step == 0
        assert rules.market_max_quantity <= rules.max_quantity
        assert rules.min_price <= rules.start_price <= rules.max_price
        assert rules.tick >= Decimal(1).scaleb(-rules.price_precision)
        assert rules.step >= Decimal(1).scaleb(-rules.quantity_precision)
        assert rules.max_quantity * rules.start_price > 100 * rules.min_notional
        assert rules.maint_margin_rate * rules.leverage_max < 1


@pytest.mark.parametrize(
    ("symbol", "tick", "step", "notional"),
    [
        ("BTCUSDT", "0.10", "0.001", "100"),
        ("ETHUSDT", "0.01", "0.001", "20"),
        ("SOLUSDT", "0.0100", "0.01", "5"),
        ("XRPUSDT", "0.0001", "0.1", "5"),
        ("DOGEUSDT", "0.00001", "1", "5"),
        ("1000PEPEUSDT", "0.0000001", "1", "5"),
    ],
)
def test_the_majors_have_the_venues_rules(symbol: str, tick: str, step: str, notional: str) -> None:
    rules = symbol_table()[symbol]
    assert (rules.tick, rules.step, rules.min_notional) == (D(tick), D(step), D(notional))


def test_the_walk_is_the_same_for_the_same_seed_and_stands_still_when_paused() -> None:
    walks = []
    for seed in (1, 1, 2):
        desk = Desk(seed=seed)
        desk.venue.step_market(50)
        walks.append(desk.venue.book_top(BTC))
    assert walks[0] == walks[1]
    assert walks[0] != walks[2]
    desk.venue.pause_market()
    desk.venue.step_market(50)
    assert desk.venue.book_top(BTC) == walks[2]


def test_the_walk_fills_working_orders_in_part_and_whole() -> None:
    desk = Desk(level_notional=D(2_000), spread_ticks=50)
    desk.account(usdt="10000000")
    for ticks in range(1, 60):
        desk.venue.place_order("main", limit(Side.BUY, "0.050", str(D(50_000) - ticks)))
    desk.venue.step_market(200)
    statuses = {order.status for order in desk.venue.ledger.account("main").orders}
    assert OrderStatus.FILLED in statuses
    assert any(0 < order.executed_quantity < order.quantity for order in _every_state(desk))
    desk.venue.ledger.check_invariants()


def _every_state(desk: Desk) -> list[Order]:
    return [event.order for event in desk.told(OrderEvent)]


def test_a_market_that_arrives_at_an_order_fills_it_at_its_own_price(desk: Desk) -> None:
    order = desk.venue.place_order("main", limit(Side.SELL, "0.010", "50500.0"))
    desk.venue.set_market(BTC, D("50600.0"), D("50600.1"))
    filled = desk.venue.order("main", BTC, order_id=order.order_id)
    assert (filled.status, filled.average_price) == (OrderStatus.FILLED, D(50_500))


def test_the_book_shows_orders_and_liquidity_as_one_ladder(desk: Desk) -> None:
    generated = desk.venue.book(BTC, 3).bids
    desk.venue.place_order("main", limit(Side.BUY, "0.010", str(generated[1][0])))
    after = desk.venue.book(BTC, 3).bids
    assert after[0] == generated[0]
    assert after[1] == (generated[1][0], generated[1][1] + D("0.010"))
    prices = [price for price, _ in desk.venue.book(BTC, 500).bids]
    assert prices == sorted(set(prices), reverse=True)


def test_two_readings_of_a_book_differ_by_exactly_the_diff(desk: Desk) -> None:
    before = desk.venue.book(BTC, 50)
    desk.venue.place_order("main", limit(Side.BUY, "0.010", "49999.0"))
    desk.venue.step_market(1, (BTC,))
    after = desk.venue.book(BTC, 50)
    change = depth_change(before, after)
    levels = dict(before.bids) | dict(change.bids)
    assert {p: q for p, q in levels.items() if q} == dict(after.bids)
    assert change.previous_final_update_id == before.update_id < change.final_update_id


def test_a_market_that_cannot_be_is_refused_in_words(desk: Desk) -> None:
    with pytest.raises(EmulatorError, match="was not below the ask"):
        desk.venue.set_market(BTC, D("50000.0"), D("50000.0"))
    with pytest.raises(EmulatorError, match="was not a price"):
        desk.venue.set_market(BTC, D("50000.05"), D("50001.0"))
    with pytest.raises(EmulatorError, match="cannot be a side of a book"):
        desk.venue.set_market(BTC, D(50_000), D(50_001), bids=((D(49_000), D(1)),))


def test_public_events_are_made_for_listeners_only(desk: Desk) -> None:
    events: list[object] = []
    end = desk.venue.subscribe_market(events.append)
    desk.venue.place_order("main", market(Side.BUY, "0.010"))
    desk.venue.set_market(BTC, D("50010.0"), D("50010.1"))
    kinds = {type(event) for event in events}
    assert kinds == {AggTradeEvent, KlineEvent, BookTickerEvent, MarkPriceEvent}
    end()
    events.clear()
    desk.venue.place_order("main", market(Side.BUY, "0.010"))
    assert events == []


def test_the_tape_and_the_bars_hold_every_trade(desk: Desk) -> None:
    for minute in range(5):
        desk.venue.print_trade(BTC, D(50_000 + minute), D("0.100"), buyer_maker=bool(minute % 2))
        desk.clock.advance(MINUTE_MS)
    desk.clock.advance(2 * MINUTE_MS)
    tape = desk.venue.agg_trades(BTC)
    assert [trade.price for trade in tape] == [D(50_000 + minute) for minute in range(5)]
    assert desk.venue.agg_trades(BTC, from_id=tape[2].agg_id, limit=2) == tape[2:4]
    bars = desk.venue.klines(BTC, "1m")
    assert [bar.close for bar in bars] == [
        D(p) for p in (50_000, 50_001, 50_002, 50_003, 50_004, 50_004, 50_004, 50_004)
    ]
    assert [bar.trades for bar in bars] == [1, 1, 1, 1, 1, 0, 0, 0]
    (five, rest) = desk.venue.klines(BTC, "5m")
    assert (five.open, five.high, five.close, five.volume) == (D(50_000), D(50_004), D(50_004), D("0.5"))
    assert rest.trades == 0
    assert desk.venue.klines(BTC, "1m", start_ms=START_MS + MINUTE_MS, limit=2) == bars[1:3]
    assert len(desk.venue.klines(BTC, "1M")) == len(desk.venue.klines(BTC, "1w")) == 1


def test_the_ticker_sums_the_last_day_and_forgets_the_day_before(desk: Desk) -> None:
    desk.venue.print_trade(ETH, D("3010.00"), D("1.000"), buyer_maker=False)
    desk.clock.advance(12 * 60 * MINUTE_MS)
    desk.venue.print_trade(ETH, D("3020.00"), D("3.000"), buyer_maker=False)
    ticker = desk.venue.ticker(ETH)
    assert (ticker.open, ticker.last_price, ticker.volume, ticker.trades) == (D(3010), D(3020), D(4), 2)
    assert ticker.weighted_average == D("3017.5")
    desk.clock.advance(13 * 60 * MINUTE_MS)
    assert desk.venue.ticker(ETH).volume == D(3)


def test_a_replayed_tape_moves_the_market_and_fills_what_it_reaches(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT-aggTrades.csv"
    path.write_text(
        "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n"
        "1,49990.1,0.004,1,1,1700006400000,true\n"
        "2,49980.0,0.500,2,2,1700006400001000,true\n"
    )
    order = desk.venue.place_order("main", limit(Side.BUY, "0.010", "49990.1"))
    executed = []
    for line in read_agg_trades(path):
        assert line.time_ms // 1000 == 1_700_006_400
        desk.venue.print_trade(BTC, line.price, line.quantity, line.buyer_maker)
        executed.append(desk.venue.order("main", BTC, order_id=order.order_id).executed_quantity)
    assert executed == [D("0.004"), D("0.010")]
    assert desk.venue.book_top(BTC).bid == D(49_980)


@pytest.mark.parametrize("line", ["1,2,3", "1,x,1,1,1,1,true", "1,1,1,1,1,1,maybe", "1,-1,1,1,1,1,true"])
def test_a_tape_that_is_none_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "tape.csv"
    path.write_text(f"1,50000.0,0.1,1,1,1700006400000,true\n{line}\n")
    with pytest.raises(EmulatorError, match="line 2 of the tape"):
        list(read_agg_trades(path))
