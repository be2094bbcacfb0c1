"""A portfolio that was left out of a replay says the same, once it counted, as one that heard every fill."""

from __future__ import annotations

import importlib
import pickle
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.accounting.accounts.margin import MarginAccount
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import MessageBus, TestClock
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.engine import ExecutionEngine
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.enums import AccountType, OrderSide
from nautilus_trader.model.events import AccountState, OrderFilled
from nautilus_trader.model.identifiers import (
    AccountId,
    ClientOrderId,
    PositionId,
    StrategyId,
    TradeId,
    TraderId,
    VenueOrderId,
)
from nautilus_trader.model.objects import AccountBalance, Money, Price
from nautilus_trader.model.position import Position
from nautilus_trader.portfolio.portfolio import Portfolio
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.test_kit.stubs.events import TestEventStubs
from nautilus_trader.test_kit.stubs.execution import TestExecStubs

from trueup.node.v1 import snapshots
from trueup.node.v1.analyzer import SERIES
from trueup.node.v1.names import PICKLING_MODULES
from trueup.node.v1.quiet_portfolio import UPDATE_ORDER, UPDATE_POSITION, QuietPortfolio
from trueup.node.v1.short_pickler import ShortPickler
from trueup.node.v1.snapshots import PromisedLives

INSTRUMENT = TestInstrumentProvider.btcusdt_perp_binance()
STRATEGY_ID = StrategyId("S-1")
ROUND_TRIPS = 20


def account_state() -> AccountState:
    """Return an account that is kept in the currency of the instrument."""
    held = Money(1_000_000, USDT)
    return AccountState(
        account_id=AccountId("BINANCE-001"),
        account_type=AccountType.MARGIN,
        base_currency=USDT,
        reported=True,
        balances=[AccountBalance(held, Money(0, USDT), held)],
        margins=[],
        info={},
        event_id=UUID4(),
        ts_event=0,
        ts_init=0,
    )


def closes_by_currency(analyzer: Any, series: str) -> dict[str, list[Any]]:
    return {code.code: list(held.items()) for code, held in getattr(analyzer, series).items()}


class Books:
    """An engine with its cache and its portfolio, on one account."""

    def __init__(self, *, calculates: bool = False) -> None:
        clock, trader_id = TestClock(), TraderId("TESTER-001")
        self.msgbus = MessageBus(trader_id=trader_id, clock=clock)
        self.cache = Cache()
        self.portfolio = Portfolio(msgbus=self.msgbus, cache=self.cache, clock=clock)
        self.engine = ExecutionEngine(msgbus=self.msgbus, cache=self.cache, clock=clock)
        self.account = MarginAccount(account_state(), calculates)
        self.cache.add_account(self.account)
        self.cache.add_instrument(INSTRUMENT)
        self.quiet = QuietPortfolio(self.portfolio, self.cache, self.msgbus)
        self._fills = 0

    def fill(self, side: OrderSide, price: str, instrument: Any = INSTRUMENT) -> None:
        """Book one order and its fill."""
        self._fills += 1
        order = TestExecStubs.limit_order(
            instrument=instrument,
            order_side=side,
            client_order_id=ClientOrderId(f"O-{self._fills}"),
            strategy_id=STRATEGY_ID,
            trader_id=TraderId("TESTER-001"),
        )
        self.cache.add_order(order)
        account_id, venue_order_id = self.account.id, VenueOrderId(f"V-{self._fills}")
        self.engine.process(TestEventStubs.order_submitted(order, account_id=account_id))
        self.engine.process(TestEventStubs.order_accepted(order, account_id=account_id, venue_order_id=venue_order_id))
        self.engine.process(
            TestEventStubs.order_filled(
                order,
                instrument,
                account_id=account_id,
                venue_order_id=venue_order_id,
                trade_id=TradeId(f"T-{self._fills}"),
                position_id=PositionId("P-1"),
                last_px=Price.from_str(price),
            )
        )

    def trade(self) -> None:
        """Trade life cycles that win and lose, and leave a position open."""
        for number in range(ROUND_TRIPS):
            self.fill(OrderSide.BUY, "100.00")
            self.fill(OrderSide.SELL, f"{90 + number % 30}.00")
        self.fill(OrderSide.BUY, "101.00")

    def count(self) -> None:
        """Do what the kernel does right after the start-up."""
        self.portfolio.initialize_orders()
        self.portfolio.initialize_positions()

    def said(self) -> dict[str, Any]:
        """Return what the portfolio says."""
        name, price = INSTRUMENT.id, Price.from_str("105.00")
        return {
            "net": self.portfolio.net_position(name),
            "long": self.portfolio.is_net_long(name),
            "realized": self.portfolio.realized_pnl(name),
            "unrealized": self.portfolio.unrealized_pnl(name, price),
            "balances": {code.code: str(balance) for code, balance in self.account.balances().items()},
            "closes": {series: closes_by_currency(self.portfolio.analyzer, series) for series in SERIES},
        }


@pytest.fixture(autouse=True)
def no_promises() -> Iterator[None]:
    """Let every test begin as a process does."""
    yield
    snapshots._PROMISED.clear()


@pytest.fixture(params=[False, True], ids=["venue's account", "calculated account"])
def two(request: pytest.FixtureRequest) -> tuple[Books, Books]:
    return Books(calculates=request.param), Books(calculates=request.param)


def test_a_portfolio_that_rested_counts_what_one_that_heard_everything_counts(two: tuple[Books, Books]) -> None:
    heard, rested = two
    heard.trade()
    with rested.quiet.during_replay(), rested.quiet.during_replay():  # two accounts of one node
        rested.trade()
    heard.count()
    rested.count()
    assert rested.said() == heard.said()
    assert rested.said()["net"] == Decimal(100)
    for books in two:  # and from here on it hears every fill again
        books.fill(OrderSide.SELL, "110.00")
    assert rested.said() == heard.said()
    assert rested.said()["net"] == Decimal(0)


def lives(books: Books) -> list[dict[str, Any]]:
    """Return the closed life cycles that the cache keeps, read back from what it pickled."""
    kept = books.cache.position_snapshots()
    assert len({one.id for one in kept}) == len(kept)
    (position_id,) = books.cache.position_ids()
    assert all(str(uuid.UUID(one.id.value.removeprefix(f"{position_id}-"), version=4)) in one.id.value for one in kept)
    said = []
    for one in kept:
        plain = one.to_dict()
        plain.pop("position_id")
        said.append(plain | {"trades": [event.trade_id.value for event in one.events]})
    return said


class Timers:
    """Keep what a loop is asked to do later, and do it when told."""

    def __init__(self) -> None:
        self.waiting: list[Any] = []

    def call_later(self, delay_secs: float, callback: Callable[..., None], *arguments: Any) -> None:
        assert delay_secs > 0
        self.waiting.append((callback, arguments))

    def turn(self) -> bool:
        """Do what waits; return whether something waits again."""
        waiting, self.waiting = self.waiting, []
        for callback, arguments in waiting:
            callback(*arguments)
        return bool(self.waiting)


def test_the_closed_life_cycles_of_a_replay_are_what_the_engine_keeps_before_and_after_they_are_pickled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard, rested, times = Books(), Books(), []
    dumps = pickle.dumps

    def counted(value: Any, *args: Any) -> bytes:
        times.append(type(value).__name__)
        return dumps(value, *args)

    monkeypatch.setattr(pickle, "dumps", counted)
    heard.trade()
    assert times.count("Position") == 2 * ROUND_TRIPS, "if the engine pickles once, this is not needed any more"
    times.clear()
    with rested.quiet.during_replay():
        rested.trade()
        rested.fill(OrderSide.SELL, "102.00")
        assert not times
    heard.fill(OrderSide.SELL, "102.00")
    rested.fill(OrderSide.BUY, "103.00")
    heard.fill(OrderSide.BUY, "103.00")
    modules = [importlib.import_module(name) for name in PICKLING_MODULES]
    assert all(module.pickle is pickle and getattr(module, "uuid", uuid) is uuid for module in modules)
    promised, again = lives(rested), lives(rested)
    assert promised == again == lives(heard)
    assert len(promised) == ROUND_TRIPS + 1

    is_trading, loop = [False], Timers()
    kept = PromisedLives(rested.cache, lambda: is_trading[0])
    (position_id,) = rested.cache.position_ids()
    before = list(rested.cache.position_snapshot_bytes(position_id))
    kept.keep(loop)  # type: ignore[arg-type]  # all of a loop that is used
    kept.keep(loop)  # type: ignore[arg-type]  # of the second account
    assert len(loop.waiting) == 1
    assert loop.turn(), "until it trades it waits"
    assert rested.cache.position_snapshot_bytes(position_id) == before
    is_trading[0] = True
    monkeypatch.setattr(snapshots, "SLICE_SECS_MAX", 0.0)
    turns = 1
    while loop.turn():
        turns += 1
        assert lives(rested) == promised, "whatever is a promise still"
    assert turns > ROUND_TRIPS, "one in a slice, since no time was given"
    assert not snapshots._PROMISED
    whole = rested.cache.position_snapshot_bytes(position_id)
    assert len(whole) == len(before)
    assert all(type(data) is bytes and b"snapshots" not in data for data in whole)
    assert lives(rested) == promised
    with pytest.raises(pickle.UnpicklingError, match="read it again from the node's cache"):
        pickle.loads(before[0])


def test_a_promise_of_what_was_purged_is_forgotten_and_a_life_of_many_fills_is_pickled_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(snapshots, "FILLS_MAX", 2)
    books, loop = Books(), Timers()
    with books.quiet.during_replay():
        for sides in ("BS", "BBSS", "BS", "B"):
            for side in sides:
                books.fill(OrderSide.BUY if side == "B" else OrderSide.SELL, "100.00")
    (position_id,) = books.cache.position_ids()
    held = [b"snapshots" in data for data in books.cache.position_snapshot_bytes(position_id)]
    assert held == [True, False, True]
    assert [len(one.events) for one in books.cache.position_snapshots()] == [2, 4, 2]
    books.fill(OrderSide.SELL, "100.00")
    books.cache.purge_position(position_id)
    assert len(snapshots._PROMISED) == 2
    PromisedLives(books.cache, lambda: True).keep(loop)  # type: ignore[arg-type]  # all of a loop that is used
    assert not loop.turn()
    assert not snapshots._PROMISED


def test_a_copy_of_a_position_does_not_change_with_it() -> None:
    books = Books()
    books.fill(OrderSide.BUY, "100.00")
    (position,) = books.cache.positions()
    copy, before = snapshots.copied(position), parts_of(position)
    books.fill(OrderSide.SELL, "101.00")
    assert parts_of(copy) == before != parts_of(position)
    assert parts_of(snapshots.copied(position)) == parts_of(position)


def parts_of(value: Any) -> Any:
    """Return everything that a value is pickled by, in comparable form."""
    if isinstance(value, Position):
        return [parts_of(part) for part in value.__reduce_cython__()[2]]
    if isinstance(value, list | tuple):
        return [parts_of(part) for part in value]
    if isinstance(value, set):
        return sorted(map(repr, value))
    return OrderFilled.to_dict(value) if isinstance(value, OrderFilled) else (type(value), repr(value))


@pytest.mark.parametrize("loads", [pickle.loads, pickle._loads], ids=["engine's", "interpreted"])  # type: ignore[attr-defined]  # the other reader
def test_a_position_that_is_pickled_shortly_reads_back_with_every_part_of_it(loads: Callable[[bytes], Any]) -> None:
    pickler, seen = ShortPickler(), []
    for instrument in (INSTRUMENT, TestInstrumentProvider.ethusdt_binance(), INSTRUMENT):
        books = Books()
        books.cache.add_instrument(instrument)
        for number, side in enumerate((OrderSide.BUY, OrderSide.BUY, OrderSide.SELL, OrderSide.SELL)):
            books.fill(side, f"{90 + number}.00", instrument)
            (position,) = books.cache.positions()
            data = pickler.dumps(position)
            assert type(data) is bytes, "the engine takes nothing else"
            assert parts_of(loads(data)) == parts_of(position)
            seen.append(position.is_closed)
    assert seen == 3 * [False, False, False, True]


def test_a_handler_that_somebody_else_put_there_stays() -> None:
    books = Books()
    heard: list[Any] = []
    books.msgbus.deregister(UPDATE_ORDER, books.portfolio.update_order)
    books.msgbus.register(UPDATE_ORDER, heard.append)
    with ExitStack() as replay:
        replay.enter_context(books.quiet.during_replay())
        books.fill(OrderSide.BUY, "100.00")
    books.fill(OrderSide.BUY, "100.00")
    assert len(heard) == 6, "submitted, accepted and filled, twice"
    assert set(books.msgbus.endpoints()) >= {UPDATE_ORDER, UPDATE_POSITION}
    assert books.portfolio.net_position(INSTRUMENT.id) == Decimal(200), "the second fill's position was heard"
