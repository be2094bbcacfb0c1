"""Measure the core at the size of a big account; not a test.

Run ``python -m tests.unit.core.performance [ORDERS]``. Records are built before the clock starts. Prints seconds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from trueup.core import PlanSettings, diff, plan
from trueup.model import (
    Coverage,
    FillRecord,
    NodeSnapshot,
    OrderRecord,
    OrderSide,
    OrderStatus,
    PositionRecord,
    VenueSnapshot,
)

ACCOUNT = "VENUE-001"
OWNER = "S-001"
INSTRUMENTS = 100
OPEN_SHARE = 50  # one order in fifty is open


def records(count: int) -> tuple[tuple[OrderRecord, ...], tuple[FillRecord, ...], tuple[PositionRecord, ...]]:
    """Return one-sided history: closed orders with a fill each, some open orders, a position per instrument."""
    orders: list[OrderRecord] = []
    fills: list[FillRecord] = []
    for index in range(count):
        instrument_id = f"I{index % INSTRUMENTS:03}.VENUE"
        is_open = index % OPEN_SHARE == 0
        now = (index + 1) * 1_000_000_000
        order = OrderRecord(
            instrument_id=instrument_id,
            client_order_id=f"O-{index}",
            venue_order_id=str(index),
            side=OrderSide.BUY,
            status=OrderStatus.ACCEPTED if is_open else OrderStatus.FILLED,
            quantity=Decimal("1.000"),
            filled_quantity=Decimal(0) if is_open else Decimal("1.000"),
            price=Decimal("100.10"),
            accepted_ns=now,
            updated_ns=now,
        )
        orders.append(order)
        if not is_open:
            fills.append(
                FillRecord(
                    trade_id=f"T-{index}",
                    instrument_id=instrument_id,
                    venue_order_id=str(index),
                    client_order_id=f"O-{index}",
                    side=OrderSide.BUY,
                    quantity=Decimal("1.000"),
                    price=Decimal("100.10"),
                    commission=Decimal("0.04"),
                    commission_currency="USDT",
                    time_ns=now,
                )
            )
    held: dict[str, list[FillRecord]] = {}
    for fill in fills:
        held.setdefault(fill.instrument_id, []).append(fill)
    positions = tuple(
        PositionRecord(
            instrument_id=name,
            quantity=Decimal(len(mine)),
            average_price=Decimal("100.10"),
            owner=OWNER,
            position_id=f"{name}-{OWNER}",
            fills=tuple(mine),
        )
        for name, mine in held.items()
    )
    return tuple(orders), tuple(fills), positions


def timed[T](label: str, work: Callable[[], T]) -> T:
    """Run, print the processor time it took, return what came out."""
    began = time.process_time()
    result = work()
    print(f"{label:58} {time.process_time() - began:8.3f} s")
    return result


def main() -> None:
    """Measure equal states, one lost fill, and a cold start."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    orders, fills, positions = records(count)
    node_orders = tuple(replace(order, owner=OWNER) for order in orders)
    node_fills = tuple(replace(fill) for fill in fills)
    end = 10**18
    full = Coverage.full(end)
    print(f"{len(orders)} orders, {len(fills)} fills, {len(positions)} positions")
    venue = timed(
        "venue snapshot, indexes",
        lambda: VenueSnapshot(
            account_id=ACCOUNT,
            started_ns=end,
            ended_ns=end,
            orders=orders,
            fills=fills,
            positions=tuple(replace(position, owner=None, fills=()) for position in positions),
            coverage=full,
        ),
    )

    def node_with(kept_orders: int, *, is_cold: bool = False, known_from_ns: int | None = 0) -> NodeSnapshot:
        return NodeSnapshot(
            account_id=ACCOUNT,
            started_ns=end,
            ended_ns=end,
            orders=node_orders[:kept_orders],
            fills=() if is_cold else node_fills[: len(node_fills) - (count - kept_orders)],
            positions=() if is_cold else positions,
            coverage=full,
            known_from_ns=known_from_ns,
        )

    node = timed("node snapshot, indexes", lambda: node_with(count))
    found = timed("diff of equal states", lambda: diff(venue, node))
    assert not found, found[:3]
    cold = node_with(0, is_cold=True, known_from_ns=None)
    found = timed("diff of a cold node (all is alive)", lambda: diff(venue, cold))
    settings = PlanSettings(at_startup=True)
    made = timed("plan of a cold start (all is alive)", lambda: plan(found, venue, cold, settings))
    print(f"{len(found)} discrepancies, {len(made.steps)} steps, {len(made.refused)} refused")


if __name__ == "__main__":
    main()
