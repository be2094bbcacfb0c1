"""Make the reports that a plan's steps need, from the adapter's own where there is one.

A copied report silently loses its base fields (measured on 1.231.0: ``copy.copy`` drops ``account_id`` and
``instrument_id``), so a changed one is built anew through its constructor, field by field.
"""

from __future__ import annotations

import inspect
from decimal import Decimal
from typing import Any

from nautilus_trader.core.datetime import unix_nanos_to_dt
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import FillReport, OrderStatusReport
from nautilus_trader.model.enums import LiquiditySide, OrderSide, OrderStatus, OrderType, TimeInForce, TriggerType
from nautilus_trader.model.identifiers import AccountId, ClientOrderId, TradeId, VenueOrderId
from nautilus_trader.model.objects import Currency, Money, Price, Quantity

from trueup.model.fills import FillRecord
from trueup.model.orders import OrderRecord

PRECISION_MAX = 9
"""Decimals that every build of the engine can hold; an average computed by us may have more."""

# A report's own identity and its arrival: made anew for the report that is built.
_OWN = frozenset({"self", "report_id", "ts_init"})
ORDER_REPORT_FIELDS = tuple(
    name for name in inspect.signature(OrderStatusReport.__init__).parameters if name not in _OWN
)
FILL_REPORT_FIELDS = tuple(name for name in inspect.signature(FillReport.__init__).parameters if name not in _OWN)


def as_price(value: Decimal | None, instrument: Any) -> Price | None:
    """Return a price in the instrument's precision, or in its own where that would round it."""
    if value is None:
        return None
    price = Price(value, instrument.price_precision)
    if price.as_decimal() == value:
        return price
    return Price.from_str(format(round(value, PRECISION_MAX).normalize(), "f"))


def as_quantity(value: Decimal, instrument: Any) -> Quantity:
    """Return a quantity in the instrument's precision, or in its own where that would round it."""
    quantity = Quantity(value, instrument.size_precision)
    return quantity if quantity.as_decimal() == value else Quantity.from_str(format(value, "f"))


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
    said: dict[str, Any] = {} if raw is None else {name: getattr(raw, name) for name in ORDER_REPORT_FIELDS}
    if raw is None:
        said["order_side"] = OrderSide[record.side.name]
        said["order_type"] = OrderType[record.order_type.name]
        said["time_in_force"] = TimeInForce[record.time_in_force.name]
        said["post_only"] = record.post_only
        said["reduce_only"] = record.reduce_only
        said["expire_time"] = None if record.expires_ns is None else unix_nanos_to_dt(record.expires_ns)
        if record.trigger_price is not None:
            said["trigger_type"] = TriggerType.DEFAULT
    said |= {
        "account_id": account_id,
        "instrument_id": instrument.id,
        "client_order_id": ClientOrderId(record.client_order_id),
        "venue_order_id": None if record.venue_order_id is None else VenueOrderId(record.venue_order_id),
        "order_status": OrderStatus[record.status.name],
        "quantity": as_quantity(record.quantity, instrument),
        "filled_qty": as_quantity(record.filled_quantity, instrument),
        "price": as_price(record.price, instrument),
        "trigger_price": as_price(record.trigger_price, instrument),
        "avg_px": record.average_price,
        "ts_accepted": record.accepted_ns,
        "ts_last": max(record.updated_ns, record.accepted_ns) if last_ns is None else last_ns,
    }
    return OrderStatusReport(report_id=UUID4(), ts_init=now_ns, **said)


def fill_report(record: FillRecord, raw: Any | None, instrument: Any, account_id: AccountId, now_ns: int) -> Any:
    """Return the ``FillReport`` that says what a record says; see `order_report` for the parameters."""
    said: dict[str, Any] = {} if raw is None else {name: getattr(raw, name) for name in FILL_REPORT_FIELDS}
    if raw is None:
        currency = Currency.from_str(record.commission_currency) if record.commission_currency else None
        said["order_side"] = OrderSide[record.side.name]
        said["last_qty"] = as_quantity(record.quantity, instrument)
        said["last_px"] = as_price(record.price, instrument)
        said["liquidity_side"] = LiquiditySide[record.liquidity.name]
        said["commission"] = Money(record.commission, currency or instrument.quote_currency)
        said["trade_id"] = TradeId(record.trade_id)
        said["ts_event"] = record.time_ns
    said |= {
        "account_id": account_id,
        "instrument_id": instrument.id,
        "client_order_id": None if record.client_order_id is None else ClientOrderId(record.client_order_id),
        "venue_order_id": None if record.venue_order_id is None else VenueOrderId(record.venue_order_id),
    }
    return FillReport(report_id=UUID4(), ts_init=now_ns, **said)
