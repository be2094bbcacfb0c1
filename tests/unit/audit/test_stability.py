"""What differs in two looks is a difference; what is young, moves or was only passed through is not, yet."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from trueup.audit.stability import SAME_DRIFT_LOOKS, Memory, Settled, settle
from trueup.core.diff import compare
from trueup.model.coverage import Coverage
from trueup.model.enums import OrderSide, OrderStatus
from trueup.model.fills import FillRecord
from trueup.model.orders import OrderRecord
from trueup.model.positions import PositionRecord
from trueup.model.snapshots import NodeSnapshot, VenueSnapshot

BTC = "BTCUSDT-PERP.BINANCE"
SEC = 1_000_000_000
T0 = 1_700_000_000 * SEC


def order(quantity: str = "1", filled: str = "1", status: OrderStatus = OrderStatus.FILLED, **more: Any) -> OrderRecord:
    made: dict[str, Any] = {"client_order_id": "C", "venue_order_id": "7", "accepted_ns": T0, "updated_ns": T0}
    return OrderRecord(
        instrument_id=BTC,
        side=OrderSide.BUY,
        status=status,
        quantity=Decimal(quantity),
        filled_quantity=Decimal(filled),
        **(made | more),
    )


def fill(trade_id: str, time_ns: int, quantity: str = "1", **more: Any) -> FillRecord:
    made: dict[str, Any] = {"venue_order_id": "7", "client_order_id": "C", "side": OrderSide.BUY}
    return FillRecord(
        trade_id=trade_id,
        instrument_id=BTC,
        quantity=Decimal(quantity),
        price=Decimal(100),
        time_ns=time_ns,
        **(made | more),
    )


def venue_at(now_ns: int, quantity: str, *fills: FillRecord, orders: tuple[OrderRecord, ...] = ()) -> VenueSnapshot:
    held = PositionRecord(instrument_id=BTC, quantity=Decimal(quantity), updated_ns=T0)
    coverage = Coverage.full(now_ns)
    return VenueSnapshot(
        account_id="A",
        started_ns=now_ns,
        ended_ns=now_ns,
        orders=orders,
        fills=fills,
        positions=(held,),
        coverage=coverage,
    )


def node_at(now_ns: int, quantity: str, *fills: FillRecord, orders: tuple[OrderRecord, ...] = ()) -> NodeSnapshot:
    held = PositionRecord(
        instrument_id=BTC, quantity=Decimal(quantity), owner="S", position_id="P", fills=fills, updated_ns=now_ns
    )
    return NodeSnapshot(
        account_id="A",
        started_ns=now_ns,
        ended_ns=now_ns,
        orders=orders,
        fills=fills,
        positions=(held,),
        coverage=Coverage.full(now_ns),
        known_from_ns=0,
    )


def look(memory: Memory, venue: VenueSnapshot, node: NodeSnapshot, lag_ns: int = 2 * SEC) -> Settled:
    found = compare(venue, node).discrepancies
    return settle(memory, found, venue, node, lag_ns=lag_ns, gap_ns=SEC // 2)


def test_a_fill_that_two_looks_miss_is_missing_and_one_look_proves_nothing() -> None:
    orders = (order(),)
    fills = (fill("1", T0),)
    node = node_at(T0, "0", orders=(order(filled="0", status=OrderStatus.ACCEPTED),))
    first = look(Memory(), venue_at(T0 + 10 * SEC, "1", *fills, orders=orders), node)
    assert first.confirmed == ()
    assert "FILL_MISSING" in {one.kind for one in first.unsettled}
    second = look(first.memory, venue_at(T0 + 11 * SEC, "1", *fills, orders=orders), node)
    assert "FILL_MISSING" in {one.kind for one in second.confirmed}
    assert "POSITION_QUANTITY" in {one.kind for one in second.confirmed}


def test_what_happened_within_the_store_s_lag_is_too_young_however_often_it_is_seen() -> None:
    fills = (fill("1", T0),)
    node = node_at(T0, "0", orders=(order(filled="0", status=OrderStatus.ACCEPTED),))
    memory = Memory()
    for moment in (0, 600_000_000, 1_200_000_000):
        seen = look(memory, venue_at(T0 + moment, "1", *fills, orders=(order(),)), node)
        memory = seen.memory
        assert "FILL_MISSING" not in {one.kind for one in seen.confirmed}
    late = look(memory, venue_at(T0 + 3 * SEC, "1", *fills, orders=(order(),)), node)
    assert "FILL_MISSING" in {one.kind for one in late.confirmed}


@given(later=st.lists(st.sampled_from([-3, -1, 1, 2]), min_size=1, max_size=8), venue_quantity=st.integers(-5, 5))
def test_a_position_that_the_node_passed_through_is_no_difference(later: list[int], venue_quantity: int) -> None:
    now_ns = T0 + 10 * SEC
    fills = [
        fill(str(number), now_ns + number, str(abs(change)), side=OrderSide.BUY if change > 0 else OrderSide.SELL)
        for number, change in enumerate(later, start=1)
    ]
    node = node_at(now_ns + SEC, str(venue_quantity + sum(later)), *fills, orders=(order(quantity="99", filled="0"),))
    venue = venue_at(now_ns, str(venue_quantity))
    seen = look(Memory(), venue, node)
    assert not {"POSITION_QUANTITY", "POSITION_SIDE"} & {one.kind for one in (*seen.confirmed, *seen.unsettled)}


def test_a_drift_is_not_explained_away_by_fills_that_the_venue_s_answer_certainly_held_or_certainly_did_not() -> None:
    now_ns = T0 + 10 * SEC
    old, late = fill("1", now_ns - SEC), fill("2", now_ns + SEC)
    for drifted, held in (("-1", "0"), ("1", "0")):
        node = node_at(now_ns + 2 * SEC, held, old, late, orders=(order(quantity="99", filled="0"),))
        seen = look(Memory(), venue_at(now_ns, drifted), node)
        assert ("POSITION_QUANTITY" in {one.kind for one in seen.unsettled}) is (drifted == "1")


def test_a_position_that_drifted_is_found_although_the_node_trades_on() -> None:
    memory, found = Memory(), False
    held: list[FillRecord] = []
    for number in range(SAME_DRIFT_LOOKS + 1):
        now_ns = T0 + number * 10 * SEC
        held.append(fill(str(number), now_ns - 5 * SEC))
        truth = venue_at(now_ns, str(len(held) + 5), *held, orders=(order(quantity="99", filled=str(len(held))),))
        node = node_at(now_ns, str(len(held)), *held, orders=(order(quantity="99", filled=str(len(held))),))
        seen = look(memory, truth, node)
        memory, found = seen.memory, "POSITION_QUANTITY" in {one.kind for one in seen.confirmed}
    assert found


def test_a_drift_that_changes_with_every_look_is_never_called_a_difference() -> None:
    memory = Memory()
    for number in range(SAME_DRIFT_LOOKS + 3):
        now_ns = T0 + number * 10 * SEC
        held = [fill(str(one), now_ns - 5 * SEC) for one in range(number + 1)]
        truth = replace(venue_at(now_ns, str(len(held) + 1 + number % 3)), fills=())
        seen = look(memory, truth, node_at(now_ns, str(len(held)), *held))
        memory = seen.memory
        assert "POSITION_QUANTITY" not in {one.kind for one in seen.confirmed}
