"""An account as a venue would report it, with every report built before any clock starts."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Literal

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import FillReport, OrderStatusReport, PositionStatusReport
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.enums import (
    LiquiditySide,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    TimeInForce,
)
from nautilus_trader.model.identifiers import AccountId, ClientOrderId, TradeId, VenueOrderId
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider

CLIENT_NAME: Final = "BENCH"
ACCOUNT_ID: Final = AccountId(f"{CLIENT_NAME}-001")
HISTORY_STEP_NS: Final = 40_000_000  # 50,000 orders in 2,000 s
HISTORY_AGE_NS: Final = 24 * 3_600 * 1_000_000_000
FILL_DELAY_NS: Final = 500
OPEN_PRICE: Final = Decimal(50)
ONE: Final = Decimal(1)
PRICE_TICK: Final = Decimal("0.1")
PRICE_TICKS: Final = 2_003  # a prime: as many different prices as a busy day of one instrument
COMMISSION: Final = Decimal("0.1")

type Shape = Literal["one_sided", "round_trips"]


def make_instruments(count: int) -> list[Any]:
    """Return perpetuals that differ in their name alone."""
    values = CryptoPerpetual.to_dict(TestInstrumentProvider.btcusdt_perp_binance())
    return [
        CryptoPerpetual.from_dict(values | {"id": f"C{i:03d}USDT-PERP.BINANCE", "raw_symbol": f"C{i:03d}USDT"})
        for i in range(count)
    ]


@dataclass
class Book:
    """Signed quantity and average price of a position."""

    quantity: Decimal = Decimal(0)
    average: Decimal = Decimal(0)

    def trade(self, signed: Decimal, price: Decimal) -> None:
        """Add a fill that does not turn the position from one side to the other."""
        after = self.quantity + signed
        assert after >= 0, "the accounts of the benchmarks are long or flat"
        if signed > 0:
            self.average = (self.average * self.quantity + price * signed) / after
        self.quantity = after


@dataclass
class Account:
    """Reports by what they are asked for.

    Parameters
    ----------
    instruments : list
        The instruments that the account trades.
    closed, fills : list
        Closed orders and fills, in time order.
    """

    instruments: list[Any]
    closed: list[Any] = field(default_factory=list)
    fills: list[Any] = field(default_factory=list)
    positions: dict[Any, Any] = field(default_factory=dict)
    open_orders: dict[str, Any] = field(default_factory=dict)
    by_venue_order_id: dict[str, Any] = field(default_factory=dict)
    fills_of_order: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    books: dict[Any, Book] = field(default_factory=lambda: defaultdict(Book))

    def add_order(self, report: Any) -> None:
        """Add an order, or put its newer report in the place of the older one."""
        name = report.venue_order_id.value
        self.by_venue_order_id[name] = report
        if report.order_status in (OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED):
            self.open_orders[name] = report
        else:
            self.open_orders.pop(name, None)
            self.closed.append(report)

    def add_fill(self, report: Any) -> None:
        """Add a fill."""
        self.fills.append(report)
        self.fills_of_order[report.venue_order_id.value].append(report)

    def trade(self, instrument: Any, name: str, quantity: Decimal, time_ns: int) -> Any:
        """Fill a working order at its price, by so much of it; the venue tells nobody. Return the fill's report."""
        before = self.open_orders[name]
        filled = before.filled_qty.as_decimal() + quantity
        order = order_report(
            instrument,
            name.removeprefix("V-"),
            before.order_side,
            before.price.as_decimal(),
            before.ts_accepted,
            filled=filled,
            client_order_id=before.client_order_id.value,
            time_filled_ns=time_ns,
        )
        self.add_order(order)
        fill = fill_report(order, quantity, len(self.fills_of_order[name]))
        self.add_fill(fill)
        self.book(instrument, fill)
        return fill

    def book(self, instrument: Any, fill: Any) -> None:
        """Add a fill to its position."""
        book = self.books[instrument.id]
        signed = fill.last_qty.as_decimal() * (1 if fill.order_side == OrderSide.BUY else -1)
        book.trade(signed, fill.last_px.as_decimal())
        if book.quantity:
            self.positions[instrument.id] = position_report(instrument, book.quantity, book.average, fill.ts_event)
        else:
            self.positions.pop(instrument.id, None)

    def forget_before(self, keep: int) -> None:
        """Keep the newest closed orders only, as a venue's lists do."""
        for report in self.closed[:-keep]:
            name = report.venue_order_id.value
            self.by_venue_order_id.pop(name, None)
            self.fills_of_order.pop(name, None)
        self.closed = self.closed[-keep:]
        self.fills = self.fills[-keep:]

    def orders_since(self, start_ns: int) -> list[Any]:
        """Return what is open, and what was closed since an instant."""
        first = bisect_left(self.closed, start_ns, key=lambda report: report.ts_last)
        return [*self.open_orders.values(), *self.closed[first:]]

    def fills_since(self, start_ns: int) -> list[Any]:
        """Return the fills since an instant."""
        return self.fills[bisect_left(self.fills, start_ns, key=lambda report: report.ts_event) :]


def order_report(
    instrument: Any,
    name: str,
    side: OrderSide,
    price: Decimal,
    time_ns: int,
    *,
    filled: Decimal = Decimal(0),
    client_order_id: str = "",
    time_filled_ns: int = 0,
) -> Any:
    """Return the report of an order for one contract."""
    status = OrderStatus.ACCEPTED
    if filled:
        status = OrderStatus.FILLED if filled == 1 else OrderStatus.PARTIALLY_FILLED
    return OrderStatusReport(
        account_id=ACCOUNT_ID,
        instrument_id=instrument.id,
        venue_order_id=VenueOrderId(f"V-{name}"),
        client_order_id=ClientOrderId(client_order_id or f"O-{name}"),
        order_side=side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        order_status=status,
        quantity=Quantity(1, instrument.size_precision),
        filled_qty=Quantity(filled, instrument.size_precision),
        price=Price(price, instrument.price_precision),
        avg_px=price if filled else None,
        report_id=UUID4(),
        ts_accepted=time_ns,
        ts_last=time_filled_ns or time_ns,
        ts_init=time_ns,
    )


def fill_report(order: Any, quantity: Decimal, number: int = 0) -> Any:
    """Return the report of a fill of an order."""
    return FillReport(
        account_id=ACCOUNT_ID,
        instrument_id=order.instrument_id,
        venue_order_id=order.venue_order_id,
        client_order_id=order.client_order_id,
        trade_id=TradeId(f"T-{order.venue_order_id.value}-{number}"),
        order_side=order.order_side,
        last_qty=Quantity(quantity, order.quantity.precision),
        last_px=order.price,
        commission=Money(COMMISSION, USDT),
        liquidity_side=LiquiditySide.TAKER,
        report_id=UUID4(),
        ts_event=order.ts_last,
        ts_init=order.ts_init,
    )


def position_report(instrument: Any, quantity: Decimal, average: Decimal, time_ns: int) -> Any:
    """Return the report of a long position."""
    return PositionStatusReport(
        account_id=ACCOUNT_ID,
        instrument_id=instrument.id,
        position_side=PositionSide.LONG if quantity else PositionSide.FLAT,
        quantity=Quantity(quantity, instrument.size_precision),
        avg_px_open=average if quantity else None,
        report_id=UUID4(),
        ts_last=time_ns,
        ts_init=time_ns,
    )


def make_account(shape: Shape, closed: int, working: int, instruments: int, now_ns: int) -> Account:
    """Return an account with a history of a day ago, dealt over the instruments in turn.

    Parameters
    ----------
    shape : {'one_sided', 'round_trips'}
        Whether every fill adds to its position, or every second one closes it but for the last of each instrument.
    closed, working : int
        Filled orders with one fill each, and orders that rest.
    instruments : int
        Each of them ends with an open position.
    """
    account = Account(make_instruments(instruments))
    began_ns = now_ns - HISTORY_AGE_NS
    for k in range(working):
        instrument = account.instruments[k % instruments]
        account.add_order(order_report(instrument, f"W{k}", OrderSide.BUY, OPEN_PRICE, began_ns + k))
    last_round = closed // instruments - 1
    for k in range(closed):
        instrument, turn = account.instruments[k % instruments], k // instruments
        # Of an even number of turns the last two both buy, so that every instrument ends with a position.
        sells = shape == "round_trips" and turn % 2 == 1 and turn != last_round
        side, price = OrderSide.SELL if sells else OrderSide.BUY, PRICE_TICK * (PRICE_TICKS + k * 7_919 % PRICE_TICKS)
        time_ns = began_ns + working + k * HISTORY_STEP_NS
        filled_ns = time_ns + FILL_DELAY_NS
        order = order_report(instrument, str(k), side, price, time_ns, filled=ONE, time_filled_ns=filled_ns)
        account.add_order(order)
        fill = fill_report(order, ONE)
        account.add_fill(fill)
        account.book(instrument, fill)
    return account
