"""Which orders of a node a look at one of its accounts reads."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.enums import OmsType, OrderSide
from nautilus_trader.model.events import OrderAccepted, OrderCanceled, OrderFilled, OrderSubmitted
from nautilus_trader.model.identifiers import AccountId, ClientId, ClientOrderId, PositionId, VenueOrderId
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.position import Position
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.test_kit.stubs.component import TestComponentStubs
from nautilus_trader.test_kit.stubs.events import TestEventStubs
from nautilus_trader.test_kit.stubs.execution import TestExecStubs

from trueup.node.binding import Needed
from trueup.node.v1.snapshot import CacheReader

BTC = TestInstrumentProvider.btcusdt_perp_binance()
ACCOUNT = AccountId("SIM-001")
SINCE_NS = 1_000
PROVEN_NS = 1_500
OLD_NS = SINCE_NS - 1


def order(name: str, *, closed_ns: int | None, heard_ns: int = OLD_NS) -> Any:
    """Return an order that was accepted long ago, and closed at an instant or not at all."""
    instrument = TestInstrumentProvider.btcusdt_perp_binance()
    made = TestExecStubs.market_order(
        instrument=instrument,
        order_side=OrderSide.BUY,
        quantity=Quantity.from_int(1),
        client_order_id=ClientOrderId(name),
    )
    named: dict[str, Any] = {
        "trader_id": made.trader_id,
        "strategy_id": made.strategy_id,
        "instrument_id": instrument.id,
        "client_order_id": made.client_order_id,
        "account_id": ACCOUNT,
    }
    made.apply(OrderSubmitted(**named, event_id=UUID4(), ts_event=OLD_NS, ts_init=OLD_NS))
    named["venue_order_id"] = VenueOrderId(f"V-{name}")
    made.apply(OrderAccepted(**named, event_id=UUID4(), ts_event=OLD_NS, ts_init=OLD_NS))
    if closed_ns is not None:
        made.apply(OrderCanceled(**named, event_id=UUID4(), ts_event=closed_ns, ts_init=heard_ns))
    return made


def read(*orders: Any, needed: Needed | None) -> set[str]:
    """Return the names of the orders that a reading of a node with these holds."""
    cache = TestComponentStubs.cache()
    for one in orders:
        cache.add_order(one)
    reader = CacheReader(cache, ACCOUNT, lambda _: True)
    snapshot = asyncio.run(reader.read_all(2 * SINCE_NS, None, needed))
    return set(snapshot.order_by_client_id)


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("then", ["purged", "added"])
def test_orders_that_come_and_go_in_another_thread_do_not_end_a_reading(at_once: bool, then: str) -> None:
    # The engine purges, and a strategy's timer submits, in the thread of a timer: in the middle of a reading, as here.
    cache = TestComponentStubs.cache()

    def add(name: str, closed_ns: int | None = None) -> None:
        made = order(name, closed_ns=closed_ns)
        cache.add_order(made)
        cache.update_order(made)

    for number in range(8):
        add(f"O-{number}")
    add("gone", OLD_NS)

    def in_scope(_: str) -> bool:
        if then == "added":
            add(f"N-{cache.orders_total_count()}")
        elif cache.order(ClientOrderId("gone")) is not None:
            cache.purge_closed_orders(2 * SINCE_NS)
        return True

    reader = CacheReader(cache, ACCOUNT, in_scope)
    read = reader.read_all_now(2 * SINCE_NS, None) if at_once else asyncio.run(reader.read_all(2 * SINCE_NS, None))
    assert set(read.order_by_client_id) >= {f"O-{number}" for number in range(8)}
    assert reader.read_alive(2 * SINCE_NS).orders
    assert reader.holds() == (True, False)


def test_an_old_closed_order_is_left_out_unless_it_lives_moved_was_heard_of_or_is_named() -> None:
    orders = [
        order("old", closed_ns=OLD_NS),
        order("alive", closed_ns=None),
        order("moved", closed_ns=SINCE_NS),
        order("heard-before-the-proof", closed_ns=OLD_NS, heard_ns=PROVEN_NS - 1),
        order("heard-late", closed_ns=OLD_NS, heard_ns=PROVEN_NS),
        order("named", closed_ns=OLD_NS),
        order("numbered", closed_ns=OLD_NS),
    ]
    needed = Needed(since_ns=SINCE_NS, names=frozenset({"named", "V-numbered"}), heard_ns=PROVEN_NS)

    assert read(*orders, needed=needed) == {"alive", "moved", "heard-late", "named", "numbered"}
    assert "old" in read(*orders, needed=None)
    assert "old" in read(*orders, needed=replace(needed, whole=frozenset({str(BTC.id)})))
    assert "old" not in read(*orders, needed=replace(needed, whole=frozenset({"another"})))


@pytest.mark.parametrize(
    ("filled_ns", "heard_ns", "named", "healed", "is_read"),
    [
        (OLD_NS, PROVEN_NS - 1, "another", "another", False),
        (SINCE_NS, PROVEN_NS - 1, "another", "another", True),
        (OLD_NS, PROVEN_NS, "another", "another", True),
        (OLD_NS, PROVEN_NS - 1, str(BTC.id), "another", True),
        (OLD_NS, PROVEN_NS - 1, "another", str(BTC.id), True),
    ],
    ids=["proven and unmoved", "moved", "heard of since the proof", "named by the history", "to be healed"],
)
def test_the_single_fills_of_a_position_that_did_not_move_since_its_proof_are_left_out(
    filled_ns: int, heard_ns: int, named: str, healed: str, *, is_read: bool
) -> None:
    cache = TestComponentStubs.cache()
    fill = TestEventStubs.order_filled(
        order("filled", closed_ns=None), BTC, account_id=ACCOUNT, position_id=PositionId("P-1"), ts_event=filled_ns
    )
    values = OrderFilled.to_dict(fill) | {"ts_event": filled_ns, "ts_init": heard_ns}
    cache.add_position(Position(BTC, OrderFilled.from_dict(values)), OmsType.NETTING)
    instruments, whole = frozenset({named}), frozenset({healed})
    needed = Needed(since_ns=SINCE_NS, names=frozenset(), instruments=instruments, heard_ns=PROVEN_NS, whole=whole)

    found = [
        asyncio.run(CacheReader(cache, ACCOUNT, lambda _: True).read_all(2 * SINCE_NS, None, wanted)).positions[0]
        for wanted in (needed, None)
    ]
    assert [bool(position.fills) for position in found] == [is_read, True]
    assert replace(found[0], fills=()) == replace(found[1], fills=())


def test_an_order_that_was_not_sent_yet_belongs_to_the_account_of_the_client_that_it_was_given_to() -> None:
    unsent = TestExecStubs.market_order(instrument=TestInstrumentProvider.btcusdt_perp_binance())
    cache = TestComponentStubs.cache()
    cache.add_order(unsent, None, ClientId("SECOND"))
    found = {
        name: CacheReader(cache, AccountId(f"{name}-001"), lambda _: True, ClientId(name)).read_all_now(1, None).orders
        for name in ("BINANCE", "SECOND")
    }
    assert [len(found[name]) for name in ("BINANCE", "SECOND")] == [0, 1]
