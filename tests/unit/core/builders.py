"""Short spellings of records for example tests. One instrument, one account, seconds for times."""

from __future__ import annotations

from decimal import Decimal

from trueup.core import Tolerance
from trueup.model import (
    BalanceRecord,
    Coverage,
    FillRecord,
    KindCoverage,
    Leg,
    NodeSnapshot,
    OrderRecord,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionRecord,
    VenueSnapshot,
    Window,
)

INSTRUMENT = "AAA.VENUE"
ACCOUNT = "VENUE-001"
OWNER = "S-001"
SECOND = 1_000_000_000
READ = 10_000 * SECOND
TOLERANCE = Tolerance()


def order(
    name: str | None = "O-1",
    number: str | None = "1",
    *,
    status: str = "ACCEPTED",
    quantity: str = "3",
    filled: str = "0",
    price: str | None = "100",
    side: str = "BUY",
    leg: str = "BOTH",
    owner: str | None = None,
    at: int = 100,
    updated: int | None = None,
    instrument: str = INSTRUMENT,
    order_type: str = "LIMIT",
) -> OrderRecord:
    """Return an order."""
    return OrderRecord(
        instrument_id=instrument,
        client_order_id=name,
        venue_order_id=number,
        side=OrderSide(side),
        status=OrderStatus(status),
        order_type=OrderType(order_type),
        quantity=Decimal(quantity),
        filled_quantity=Decimal(filled),
        price=Decimal(price) if price is not None else None,
        leg=Leg(leg),
        owner=owner,
        accepted_ns=at * SECOND,
        updated_ns=(at if updated is None else updated) * SECOND,
    )


def fill(
    trade_id: str,
    *,
    number: str | None = "1",
    name: str | None = "O-1",
    side: str = "BUY",
    quantity: str = "1",
    price: str = "100",
    at: int = 110,
    commission: str = "0.1",
    leg: str = "BOTH",
    synthetic: bool = False,
    instrument: str = INSTRUMENT,
) -> FillRecord:
    """Return a fill."""
    return FillRecord(
        trade_id=trade_id,
        instrument_id=instrument,
        venue_order_id=number,
        client_order_id=name,
        side=OrderSide(side),
        quantity=Decimal(quantity),
        price=Decimal(price),
        commission=Decimal(commission),
        commission_currency="USDT",
        time_ns=at * SECOND,
        leg=Leg(leg),
        synthetic=synthetic,
    )


def position(
    quantity: str,
    average: str | None = "100",
    *,
    owner: str | None = None,
    fills: tuple[FillRecord, ...] = (),
    leg: str = "BOTH",
    at: int = 110,
    instrument: str = INSTRUMENT,
) -> PositionRecord:
    """Return a position; with an owner it is the node's."""
    return PositionRecord(
        instrument_id=instrument,
        quantity=Decimal(quantity),
        average_price=Decimal(average) if average is not None else None,
        leg=Leg(leg),
        owner=owner,
        position_id=f"{instrument}-{owner}" if owner else None,
        opened_ns=at * SECOND,
        updated_ns=at * SECOND,
        fills=fills,
    )


def venue(
    *,
    orders: tuple[OrderRecord, ...] = (),
    fills: tuple[FillRecord, ...] = (),
    positions: tuple[PositionRecord, ...] = (),
    balances: tuple[BalanceRecord, ...] = (),
    unknown: tuple[str, ...] = (),
    coverage: Coverage | None = None,
    at: int = READ,
) -> VenueSnapshot:
    """Return a complete reading of the venue."""
    return VenueSnapshot(
        account_id=ACCOUNT,
        started_ns=at,
        ended_ns=at,
        orders=orders,
        fills=fills,
        positions=positions,
        balances=balances,
        unknown_orders=frozenset(unknown),
        coverage=coverage or Coverage.full(at),
    )


def node(
    *,
    orders: tuple[OrderRecord, ...] = (),
    fills: tuple[FillRecord, ...] = (),
    positions: tuple[PositionRecord, ...] = (),
    balances: tuple[BalanceRecord, ...] = (),
    known_from: int | None = 0,
    at: int = READ,
) -> NodeSnapshot:
    """Return a reading of the node; ``known_from`` in seconds."""
    return NodeSnapshot(
        account_id=ACCOUNT,
        started_ns=at,
        ended_ns=at,
        orders=orders,
        fills=fills,
        positions=positions,
        balances=balances,
        coverage=Coverage.full(at),
        known_from_ns=None if known_from is None else known_from * SECOND,
    )


def covered_from(start: int) -> Coverage:
    """Return a coverage whose history begins at a second."""
    return Coverage.full(READ, start * SECOND)


def cheap_look() -> Coverage:
    """Return the coverage of a look at open orders and positions alone."""
    now = KindCoverage(asked=Window(0, READ), got=Window(0, READ))
    return Coverage(orders_open=now, positions=now)
