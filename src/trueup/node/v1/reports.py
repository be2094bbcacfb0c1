"""Make the reports that a plan's steps need, from the adapter's own where there is one.

A copied report silently loses its base fields (measured on 1.231.0: ``copy.copy`` drops ``account_id`` and
``instrument_id``), so one that differs from the adapter's is begun anew and takes over the other's fields.
"""

# mypy: disallow-subclassing-any=False
# The engine ships no usable type information: subclassing an untyped base is the only way to use it.

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any

from nautilus_trader.core.datetime import unix_nanos_to_dt
from nautilus_trader.core.message import Document
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import FillReport, OrderStatusReport
from nautilus_trader.model.enums import LiquiditySide, OrderSide, OrderStatus, OrderType, TimeInForce, TriggerType
from nautilus_trader.model.identifiers import AccountId, ClientOrderId, TradeId, VenueOrderId
from nautilus_trader.model.objects import Currency, Money, Price, Quantity

from trueup.model.enums import OrderStatus as ModelOrderStatus
from trueup.model.fills import FillRecord
from trueup.model.orders import OrderRecord

_ZERO = Decimal(0)
ORDER_STATUSES = {status: OrderStatus[status.name] for status in ModelOrderStatus}
PRECISION_MAX = 9
"""Decimals that every build of the engine can hold; an average computed by us may have more."""


class TerseOrderReport(OrderStatusReport):
    """An order's report whose text is short.

    The engine spells every report out twice for its debug log, whether that is written or not: 17 % of the time of a
    long replay (1.231.0), most of it for fields that the record behind the report repeats.
    """

    def __repr__(self) -> str:
        return f"OrderStatusReport({self.client_order_id}, {self.order_status.name})"


class TerseFillReport(FillReport):
    """A fill's report whose text is short; see `TerseOrderReport`."""

    def __repr__(self) -> str:
        return f"FillReport({self.trade_id}, {self.client_order_id})"


# The engine's serializer looks up how to write an object by the name of its type.
TerseOrderReport.__name__ = OrderStatusReport.__name__
TerseFillReport.__name__ = FillReport.__name__


def _like[T](kind: type[T], raw: Any, now_ns: int, said: dict[str, Any]) -> T:
    """Return a report of its own identity that says what another says, but for the fields given.

    The constructor is left out: what it checks, it checked when the adapter made its report.
    """
    report = kind.__new__(kind)
    Document.__init__(report, UUID4(), now_ns)
    report.__dict__ = vars(raw) | said  # one dict built once: a third of the time of filling the one that is there
    return report


NAMES_MAX = 256
"""Names that are kept: the steps of one order follow each other, and each names it several times."""


@lru_cache(NAMES_MAX)
def as_client_order_id(name: str) -> ClientOrderId:
    """Return a client order id."""
    return ClientOrderId(name)


@lru_cache(NAMES_MAX)
def as_venue_order_id(name: str) -> VenueOrderId:
    """Return a venue's number of an order."""
    return VenueOrderId(name)


VALUES_MAX = 8_192
"""Distinct prices and quantities that are kept: values do not change, and a long replay asks again and again."""


def as_price(value: Decimal | None, instrument: Any) -> Price | None:
    """Return a price in the instrument's precision, or in its own where that would round it."""
    if value is None:
        return None
    price = _price(value, instrument.price_precision)
    return Price.from_str(format(round(value, PRECISION_MAX).normalize(), "f")) if price is None else price


def as_quantity(value: Decimal, instrument: Any) -> Quantity:
    """Return a quantity in the instrument's precision, or in its own where that would round it."""
    quantity = _quantity(value, instrument.size_precision)
    return Quantity.from_str(format(value, "f")) if quantity is None else quantity


@lru_cache(VALUES_MAX)
def _price(value: Decimal, precision: int) -> Price | None:
    """Return a price of a precision, None where that would round it."""
    price = Price(value, precision)
    return price if price.as_decimal() == value else None


@lru_cache(VALUES_MAX)
def _quantity(value: Decimal, precision: int) -> Quantity | None:
    """Return a quantity of a precision, None where that would round it."""
    quantity = Quantity(value, precision)
    return quantity if quantity.as_decimal() == value else None


def order_report(
    record: OrderRecord,
    raw: Any | None,
    instrument: Any,
    account_id: AccountId,
    now_ns: int,
    last_ns: int | None = None,
) -> Any:
    """Return the ``OrderStatusReport`` that says what a record says.

    Parameters
    ----------
    record : OrderRecord
        What the report must say; both names are given.
    raw : OrderStatusReport or None
        The adapter's own report of that order: what a record does not hold (trigger type, offsets, contingencies) is
        taken from it.
    instrument : Instrument
        For precisions.
    account_id : AccountId
        The account.
    now_ns : int
        When the report is made.
    last_ns : int, optional
        The report's last time, where it is not the record's.
    """
    assert record.client_order_id is not None, "the plan must resolve an order's identity"
    quantity = as_quantity(record.quantity, instrument)
    said: dict[str, Any] = {
        "account_id": account_id,
        "instrument_id": instrument.id,
        "client_order_id": as_client_order_id(record.client_order_id),
        "venue_order_id": None if record.venue_order_id is None else as_venue_order_id(record.venue_order_id),
        "order_status": ORDER_STATUSES[record.status],
        "quantity": quantity,
        "filled_qty": as_quantity(record.filled_quantity, instrument),
        "price": as_price(record.price, instrument),
        "trigger_price": as_price(record.trigger_price, instrument),
        "avg_px": record.average_price,
        "ts_accepted": record.accepted_ns,
        "ts_last": max(record.updated_ns, record.accepted_ns) if last_ns is None else last_ns,
    }
    if raw is not None:
        leaves = quantity
        if record.filled_quantity:
            leaves = as_quantity(max(record.quantity - record.filled_quantity, _ZERO), instrument)
        said["leaves_qty"] = leaves
        return _like(TerseOrderReport, raw, now_ns, said)
    if record.trigger_price is not None:
        said["trigger_type"] = TriggerType.DEFAULT
    return TerseOrderReport(
        report_id=UUID4(),
        ts_init=now_ns,
        order_side=OrderSide[record.side.name],
        order_type=OrderType[record.order_type.name],
        time_in_force=TimeInForce[record.time_in_force.name],
        post_only=record.post_only,
        reduce_only=record.reduce_only,
        expire_time=None if record.expires_ns is None else unix_nanos_to_dt(record.expires_ns),
        **said,
    )


def fill_report(record: FillRecord, raw: Any | None, instrument: Any, account_id: AccountId, now_ns: int) -> Any:
    """Return the ``FillReport`` that says what a record says; see `order_report` for the parameters."""
    said: dict[str, Any] = {
        "account_id": account_id,
        "instrument_id": instrument.id,
        "client_order_id": None if record.client_order_id is None else as_client_order_id(record.client_order_id),
        "venue_order_id": None if record.venue_order_id is None else as_venue_order_id(record.venue_order_id),
    }
    if raw is not None:
        return _like(TerseFillReport, raw, now_ns, said)
    currency = Currency.from_str(record.commission_currency) if record.commission_currency else None
    return TerseFillReport(
        report_id=UUID4(),
        ts_init=now_ns,
        order_side=OrderSide[record.side.name],
        last_qty=as_quantity(record.quantity, instrument),
        last_px=as_price(record.price, instrument),
        liquidity_side=LiquiditySide[record.liquidity.name],
        commission=Money(record.commission, currency or instrument.quote_currency),
        trade_id=TradeId(record.trade_id),
        ts_event=record.time_ns,
        **said,
    )
