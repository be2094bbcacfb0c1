"""Ten thousand orders get another owner while the event loop goes on and what the venue says of them waits."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.enums import OmsType, OrderSide
from nautilus_trader.model.identifiers import (
    AccountId,
    ClientId,
    ClientOrderId,
    PositionId,
    StrategyId,
    TraderId,
    VenueOrderId,
)
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.model.orders import LimitOrder
from nautilus_trader.model.position import Position
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.test_kit.stubs.component import TestComponentStubs
from nautilus_trader.test_kit.stubs.events import TestEventStubs

from trueup.node.ledger import RepairLedger
from trueup.node.v1.holding import events_held
from trueup.node.v1.moving import PIECE_NAMES, OwnerMover
from trueup.node.v1.repair import ENTRY_ORDERS_MAX, Repairs

INSTRUMENT = TestInstrumentProvider.btcusdt_perp_binance()
ACCOUNT, CLIENT = AccountId("BINANCE-1"), ClientId("BINANCE")
COUNT = 2 * ENTRY_ORDERS_MAX + 1


class Books:
    """A cache with a position that nobody owns, and many orders beside it; and what gives them to a strategy."""

    def __init__(self, directory: Path) -> None:
        self.cache = TestComponentStubs.cache()
        self.cache.add_instrument(INSTRUMENT)
        filled = self._place("P-1")
        fill = TestEventStubs.order_filled(
            filled,
            INSTRUMENT,
            account_id=ACCOUNT,
            strategy_id=StrategyId("EXTERNAL"),
            position_id=PositionId(f"{INSTRUMENT.id}-EXTERNAL"),
        )
        filled.apply(fill)
        self.cache.update_order(filled)
        self.cache.add_position(Position(INSTRUMENT, fill), OmsType.NETTING)
        for number in range(COUNT):
            self._place(f"X-{number}")
        client: Any = SimpleNamespace(id=CLIENT, account_id=ACCOUNT, oms_type=OmsType.NETTING, venue=INSTRUMENT.venue)
        self.ledger = RepairLedger(directory)
        self.repairs = Repairs(self.cache, ACCOUNT, self.ledger, OmsType.NETTING, time.time_ns, lambda: None)
        self.recounts = 0
        self.mover = OwnerMover(
            self.cache, client, self.repairs, lambda _: OmsType.NETTING, self._recount, lambda _: None
        )

    def _recount(self) -> None:
        self.recounts += 1

    def _place(self, name: str) -> LimitOrder:
        order = LimitOrder(
            TraderId("T-1"),
            StrategyId("EXTERNAL"),
            INSTRUMENT.id,
            ClientOrderId(name),
            OrderSide.BUY,
            Quantity.from_str("1.000"),
            Price.from_str("100.0"),
            UUID4(),
            0,
        )
        self.cache.add_order(order, None, CLIENT)
        accepted = {"account_id": ACCOUNT, "venue_order_id": VenueOrderId(name)}
        for event in (
            TestEventStubs.order_submitted(order, account_id=ACCOUNT),
            TestEventStubs.order_accepted(order, **accepted),
        ):
            order.apply(event)
            self.cache.update_order(order)
        return order

    def owners(self) -> tuple[Counter[str], Counter[str]]:
        """Return who owns how many orders, and positions."""
        orders, positions = self.cache.orders(), self.cache.positions_open()
        return Counter(one.strategy_id.value for one in orders), Counter(one.strategy_id.value for one in positions)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    return Books(tmp_path_factory.mktemp("ledger"))


def counted(do: Callable[..., Any], name: str, done: Counter[str]) -> Callable[..., Any]:
    """Return a function that does the same, and is counted."""

    def counting(*arguments: Any) -> Any:
        done[name] += 1
        return do(*arguments)

    return counting


def largest_turn(turns: Iterator[None], done: Counter[str]) -> tuple[int, int]:
    """Return how many orders the largest turn worked on, and how many turns there were."""
    largest, count, worked = 0, 0, done.total()
    for _ in turns:
        largest, count, worked = max(largest, done.total() - worked), count + 1, done.total()
    return max(largest, done.total() - worked), count


def test_a_long_claim_is_examined_and_moved_whole_in_turns_each_of_which_is_short(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: Counter[str] = Counter()
    for one, name in ((books.mover, "_own_of"), (books.repairs, "_row"), (books.repairs, "purge_order")):
        monkeypatch.setattr(one, name, counted(getattr(one, name), name, done))
    found: list[str] = []
    assert largest_turn(books.mover.examining(INSTRUMENT.id.value, "S-001", found), done)[0] <= PIECE_NAMES
    assert found == []

    moved: list[Any] = []
    largest, turns = largest_turn(books.mover.moving([INSTRUMENT.id.value], "S-001", moved), done)
    assert largest == 1, "an order a turn"
    assert turns > 2 * COUNT, "one to write it down, and one to move it"
    assert done == {"_own_of": COUNT + 1, "_row": COUNT + 1, "purge_order": COUNT + 1}
    assert [one.problem for one in moved] == [""]
    assert (len(moved[0].orders), len(moved[0].positions)) == (COUNT, 1)
    assert books.owners() == (Counter({"S-001": COUNT + 1}), Counter({"S-001": 1}))
    assert books.recounts == 1

    assert len(books.ledger.unfinished()) == 3, "a thousand orders an entry"
    books.repairs.finish(books.repairs.take_begun())
    assert books.ledger.unfinished() == ()


def test_what_the_venue_says_meanwhile_waits_and_is_handled_in_its_order_whatever_one_of_it_raises() -> None:
    handled: list[Any] = []
    failed: list[tuple[str, str]] = []

    def handle(event: Any) -> None:
        if event == "bad":
            raise ValueError(event)
        handled.append(event)

    engine: Any = SimpleNamespace(
        _handle_event_with_tracking=handle,
        _handle_queue_exception=lambda error, queue: failed.append((str(error), queue)),
    )

    def work() -> None:
        with events_held(engine):
            for event in (1, "bad", 2):
                engine._handle_event_with_tracking(event)
            assert handled == []
            raise RuntimeError("the work fails")

    with pytest.raises(RuntimeError, match="the work fails"):
        work()
    assert handled == [1, 2]
    assert failed == [("bad", "event")]
    engine._handle_event_with_tracking(3)
    assert handled == [1, 2, 3]
