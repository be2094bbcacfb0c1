"""One difference between the venue and the node."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from trueup.model.enums import Leg, OrderSide
from trueup.model.fills import FillRecord
from trueup.model.making import made_fast
from trueup.model.orders import OrderRecord


class DiscrepancyKind(StrEnum):
    """What can differ."""

    ORDER_MISSING_IN_NODE = "ORDER_MISSING_IN_NODE"
    ORDER_MISSING_AT_VENUE = "ORDER_MISSING_AT_VENUE"
    ORDER_STATUS = "ORDER_STATUS"
    ORDER_SIDE = "ORDER_SIDE"
    ORDER_QUANTITY = "ORDER_QUANTITY"
    ORDER_PRICE = "ORDER_PRICE"
    ORDER_TRIGGER_PRICE = "ORDER_TRIGGER_PRICE"
    ORDER_FILLED_QUANTITY = "ORDER_FILLED_QUANTITY"
    ORDER_OWNER = "ORDER_OWNER"
    FILL_MISSING = "FILL_MISSING"
    FILL_DUPLICATED = "FILL_DUPLICATED"
    FILL_INVENTED = "FILL_INVENTED"
    FILL_PRICE = "FILL_PRICE"
    FILL_QUANTITY = "FILL_QUANTITY"
    FILL_COMMISSION = "FILL_COMMISSION"
    POSITION_QUANTITY = "POSITION_QUANTITY"
    POSITION_SIDE = "POSITION_SIDE"
    POSITION_AVERAGE_PRICE = "POSITION_AVERAGE_PRICE"
    POSITION_SPLIT_OWNERSHIP = "POSITION_SPLIT_OWNERSHIP"
    BALANCE = "BALANCE"
    IDENTIFIER_MISMATCH = "IDENTIFIER_MISMATCH"
    IDENTIFIER_DUPLICATED = "IDENTIFIER_DUPLICATED"


class Severity(StrEnum):
    """How much a discrepancy matters to a node that trades."""

    INFO = "INFO"  # history differs, nothing that is alive does
    WARNING = "WARNING"  # a record is wrong, the exposure is right
    CRITICAL = "CRITICAL"  # the node's idea of its exposure or of its working orders is wrong


class Healability(StrEnum):
    """What kind of act removes a discrepancy, as far as it can be told before planning."""

    HEALABLE = "HEALABLE"  # venue reports fed to the engine remove it
    DERIVED = "DERIVED"  # it goes when its cause goes (a position after its fills)
    REBUILD = "REBUILD"  # the engine refuses reports: revive, replay or rebuild
    MANUAL = "MANUAL"  # only an operator can decide


@made_fast
@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Name what a discrepancy is about. Unused parts are empty.

    The parts are the same in every process and every cycle, so that the fingerprint made of them is, too.
    """

    instrument_id: str = ""
    client_order_id: str = ""
    venue_order_id: str = ""
    trade_id: str = ""
    side: str = ""
    leg: Leg = Leg.BOTH
    currency: str = ""

    @classmethod
    def of_order(cls, order: OrderRecord, other: OrderRecord | None = None) -> Self:
        """Name an order by what either side knows of it."""
        client_order_id = order.client_order_id or (other.client_order_id if other else None)
        venue_order_id = order.venue_order_id or (other.venue_order_id if other else None)
        return cls(
            instrument_id=order.instrument_id,
            client_order_id=client_order_id or "",
            venue_order_id=venue_order_id or "",
            leg=order.leg,
        )

    @classmethod
    def of_fill(cls, fill: FillRecord, order: OrderRecord | None = None) -> Self:
        """Name a fill, and the order that it belongs to."""
        return cls(
            instrument_id=fill.instrument_id,
            client_order_id=fill.client_order_id or (order.client_order_id if order else None) or "",
            venue_order_id=fill.venue_order_id or (order.venue_order_id if order else None) or "",
            trade_id=fill.trade_id,
            side=str(fill.side),
            leg=fill.leg,
        )

    @property
    def order_name(self) -> str:
        """Return the order's name: the venue's where there is one, since only an order in flight has none."""
        return self.venue_order_id or self.client_order_id

    @property
    def canonical(self) -> str:
        """Return the one spelling that the fingerprint is made of.

        An order is named by the client order id where there is one (an order has it before the venue gives a number),
        a fill's order by the number (no fill comes before it), so that a name learnt later does not make the same
        difference a new one.
        """
        if self.trade_id:
            return f"fill|{self.instrument_id}|{self.trade_id}|{self.side}|{self.order_name}"
        if self.client_order_id or self.venue_order_id:
            return f"order|{self.instrument_id}|{self.client_order_id or self.venue_order_id}"
        if self.currency:
            return f"balance|{self.currency}"
        return f"position|{self.instrument_id}|{self.leg}"

    def __str__(self) -> str:
        if self.trade_id:
            return f"fill {self.trade_id} of order {self.client_order_id or self.venue_order_id or '?'}"
        if self.client_order_id or self.venue_order_id:
            return f"order {self.client_order_id or self.venue_order_id}"
        if self.currency:
            return f"balance {self.currency}"
        leg = "" if self.leg is Leg.BOTH else f" {self.leg}"
        return f"position {self.instrument_id}{leg}"


@made_fast
@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """Hold one difference.

    Parameters
    ----------
    kind : DiscrepancyKind
        What differs.
    subject : Subject
        What it is about.
    venue, node : str or None
        What each side says; None when it says nothing.
    change : str
        The distance, where one can be told, such as ``+2``.
    detail : str
        One clause more, where the two values do not explain themselves.
    time_ns : int
        When the venue's side of it came about (0 where unknown).
    severity : Severity
        How much it matters.
    healability : Healability
        What kind of act removes it.
    """

    kind: DiscrepancyKind
    subject: Subject
    venue: str | None = None
    node: str | None = None
    change: str = ""
    detail: str = ""
    time_ns: int = 0
    severity: Severity = Severity.WARNING
    healability: Healability = Healability.HEALABLE

    @property
    def fingerprint(self) -> str:
        """Return 16 hexadecimal digits of kind and subject, equal in every process and cycle."""
        text = f"{self.kind}|{self.subject.canonical}"
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    @property
    def sort_key(self) -> tuple[str, int, str, str, str, str]:
        """Return the deterministic order of a report: instrument, time, subject, kind."""
        subject = self.subject
        return (
            subject.instrument_id,
            self.time_ns,
            subject.canonical,
            self.kind,
            self.venue or "",
            self.node or "",
        )

    def explain(self) -> str:
        """Return the difference in one line: what the node has, an arrow, what the venue has."""
        line = f"{self.subject} {_WORDS[self.kind]}: {_said(self.node)} -> {_said(self.venue)}"
        if self.change:
            line += f" ({self.change})"
        return f"{line}; {self.detail}" if self.detail else line

    def __str__(self) -> str:
        return self.explain()


def _said(value: str | None) -> str:
    return "nothing" if value is None else value


_WORDS: dict[DiscrepancyKind, str] = {
    DiscrepancyKind.ORDER_MISSING_IN_NODE: "missing in node",
    DiscrepancyKind.ORDER_MISSING_AT_VENUE: "missing at venue",
    DiscrepancyKind.ORDER_STATUS: "status",
    DiscrepancyKind.ORDER_SIDE: "side",
    DiscrepancyKind.ORDER_QUANTITY: "quantity",
    DiscrepancyKind.ORDER_PRICE: "price",
    DiscrepancyKind.ORDER_TRIGGER_PRICE: "trigger_price",
    DiscrepancyKind.ORDER_FILLED_QUANTITY: "filled_quantity",
    DiscrepancyKind.ORDER_OWNER: "owner",
    DiscrepancyKind.FILL_MISSING: "missing in node",
    DiscrepancyKind.FILL_DUPLICATED: "booked more than once",
    DiscrepancyKind.FILL_INVENTED: "unknown at venue",
    DiscrepancyKind.FILL_PRICE: "price",
    DiscrepancyKind.FILL_QUANTITY: "quantity",
    DiscrepancyKind.FILL_COMMISSION: "commission",
    DiscrepancyKind.POSITION_QUANTITY: "quantity",
    DiscrepancyKind.POSITION_SIDE: "side",
    DiscrepancyKind.POSITION_AVERAGE_PRICE: "average_price",
    DiscrepancyKind.POSITION_SPLIT_OWNERSHIP: "owners",
    DiscrepancyKind.BALANCE: "total",
    DiscrepancyKind.IDENTIFIER_MISMATCH: "identifiers",
    DiscrepancyKind.IDENTIFIER_DUPLICATED: "named more than once",
}

assert set(_WORDS) == set(DiscrepancyKind), "every kind must have words"


_SIDES = {str(side): side for side in OrderSide}


def fill_side(subject: Subject) -> OrderSide:
    """Return the side of a fill's subject."""
    return _SIDES[subject.side]
