"""An order from its list of events: status, quantities, prices, fills. Pure.

The node wrote an event after its own state machine took it, so nothing is refused here: the fold says what the node
says. The rules are those of NautilusTrader 1.231.0, measured by comparing every status with the node's own cache.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from sys import intern

from trueup.model.enums import LiquiditySide, OrderSide, OrderStatus, OrderType, TimeInForce
from trueup.model.fills import FillRecord
from trueup.model.identifiers import leg_of
from trueup.model.orders import OrderRecord
from trueup.model.sharing import shared_decimal, shared_text
from trueup.store.redis_decode import DecodeError, StoredEvent, finite, money, time_ns
from trueup.store.synthetic import is_synthetic_fill

# The event's kind is the status, except where the fold has more to say.
_STATUS_OF_EVENT = {
    "OrderDenied": OrderStatus.DENIED,
    "OrderEmulated": OrderStatus.EMULATED,
    "OrderReleased": OrderStatus.RELEASED,
    "OrderRejected": OrderStatus.REJECTED,
    "OrderAccepted": OrderStatus.ACCEPTED,
    "OrderPendingUpdate": OrderStatus.PENDING_UPDATE,
    "OrderPendingCancel": OrderStatus.PENDING_CANCEL,
    "OrderTriggered": OrderStatus.TRIGGERED,
    "OrderCanceled": OrderStatus.CANCELED,
    "OrderExpired": OrderStatus.EXPIRED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOrder:
    """An order as the store has it.

    Parameters
    ----------
    record : OrderRecord
        What it is now.
    fills : tuple of FillRecord
        Its fills, as the node booked them, doubles included.
    account_id : str or None
        None as long as it was not submitted.
    position_id : str or None
        The position that its last fill went to.
    event_count : int
        How many events the store has of it.
    former_venue_order_ids : tuple of str
        Names that the venue gave it before an amendment replaced them.
    """

    record: OrderRecord
    fills: tuple[FillRecord, ...]
    account_id: str | None
    position_id: str | None
    event_count: int
    former_venue_order_ids: tuple[str, ...] = ()


def fold_order(events: Iterable[StoredEvent], *, position_id: str | None = None) -> StoredOrder:
    """Return the order that its events, oldest first, amount to.

    Parameters
    ----------
    events : iterable of StoredEvent
        At least one, the first of kind ``OrderInitialized``.
    position_id : str, optional
        The position that the node's index assigns it to, for an order without a fill.

    Raises
    ------
    DecodeError
        If the first event is of another kind, an event is of another order or of an unknown kind, or a value is
        missing. The index of the event is in `DecodeError.entry`.
    """
    fold: _Fold | None = None
    count = 0
    for count, event in enumerate(events, start=1):
        try:
            if fold is None:
                fold = _Fold.begin(event)
            else:
                fold.apply(event)
        except (DecodeError, KeyError, ValueError, AssertionError) as error:
            raise EntryError(count - 1, str(error)) from error
    if fold is None:
        raise EntryError(0, "the list of events is empty")
    return fold.finish(count, position_id)


class EntryError(DecodeError):
    """A `DecodeError` that knows the entry's index in its list."""

    def __init__(self, entry: int, text: str) -> None:
        super().__init__(text)
        self.entry = entry


@dataclass(slots=True)
class _Fold:
    """The order so far."""

    client_order_id: str
    instrument_id: str
    owner: str | None
    side: OrderSide
    order_type: OrderType
    quantity: Decimal
    time_in_force: TimeInForce
    post_only: bool
    reduce_only: bool
    expires_ns: int
    contingent_ids: tuple[str, ...]
    tags: tuple[str, ...]
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    status: OrderStatus = OrderStatus.INITIALIZED
    before_pending: OrderStatus = OrderStatus.INITIALIZED
    account_id: str | None = None
    venue_order_id: str | None = None
    position_id: str | None = None
    filled: Decimal = Decimal(0)
    average: Decimal = Decimal(0)
    submitted_ns: int = 0
    accepted_ns: int = 0
    updated_ns: int = 0
    fills: list[FillRecord] = field(default_factory=list)
    former_venue_order_ids: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, event: StoredEvent) -> _Fold:
        if event.type != "OrderInitialized":
            raise DecodeError(f"an order begins with OrderInitialized, and this is '{event.type}'")
        options = event.options
        fold = cls(
            client_order_id=_required(event.client_order_id, "client_order_id"),
            instrument_id=_required(event.instrument_id, "instrument_id"),
            owner=event.strategy_id,
            side=OrderSide(_required(event.order_side, "order_side")),
            order_type=OrderType(_required(event.order_type, "order_type")),
            quantity=finite(_required(event.quantity, "quantity")),
            time_in_force=TimeInForce(_required(event.time_in_force, "time_in_force")),
            post_only=event.post_only,
            reduce_only=event.reduce_only,
            expires_ns=time_ns(
                (options.expire_time_ns if options else None) or event.expire_time_ns or event.expire_time
            ),
            contingent_ids=tuple(event.linked_order_ids or ()),
            tags=_tags(event.tags),
            updated_ns=time_ns(event.ts_event),
        )
        fold._take_prices(event)
        return fold

    def apply(self, event: StoredEvent) -> None:
        if event.client_order_id != self.client_order_id:
            raise DecodeError(
                f"an event of order {event.client_order_id} is in the list of order {self.client_order_id}"
            )
        previous = self.status
        at_ns = time_ns(event.ts_event)
        if event.account_id is not None:
            self.account_id = event.account_id
        if event.type == "OrderFilled":
            self._fill(event, at_ns)
        elif event.type == "OrderUpdated":
            self._update(event)
        elif event.type == "OrderSubmitted":
            self.submitted_ns = at_ns
            # An amendment may be asked for before the submission is noted.
            if self.status is not OrderStatus.PENDING_UPDATE:
                self.status = OrderStatus.SUBMITTED
        elif event.type == "OrderModifyRejected":
            self._end_pending(OrderStatus.PENDING_UPDATE)
        elif event.type == "OrderCancelRejected":
            self._end_pending(OrderStatus.PENDING_CANCEL)
        elif event.type == "OrderInitialized":
            self._transform(event)
        else:
            self.status = _STATUS_OF_EVENT[event.type]
            if event.type == "OrderAccepted":
                self.accepted_ns = at_ns
                self.venue_order_id = event.venue_order_id
        if not previous.is_pending:
            self.before_pending = previous
        self.updated_ns = at_ns

    def _take_prices(self, event: StoredEvent) -> None:
        for source in (event.options, event):
            if source is not None and source.price is not None:
                self.price = finite(source.price)
            if source is not None and source.trigger_price is not None:
                self.trigger_price = finite(source.trigger_price)

    def _update(self, event: StoredEvent) -> None:
        self._end_pending(OrderStatus.PENDING_UPDATE)
        new, old = event.venue_order_id, self.venue_order_id
        # The engine keeps a market order's first name.
        if new is not None and old is not None and new != old and self.order_type is not OrderType.MARKET:
            self.former_venue_order_ids.append(old)
            self.venue_order_id = new
        if event.quantity is not None:
            self.quantity = finite(event.quantity)
        self._take_prices(event)

    def _end_pending(self, pending: OrderStatus) -> None:
        """Return to the status from before a request, if that request is what the order waits for."""
        if self.status is pending:
            self.status = self.before_pending

    def _transform(self, event: StoredEvent) -> None:
        """Take the second birth of an emulated order: released as a plain market or limit order."""
        self.order_type = OrderType(_required(event.order_type, "order_type"))
        self.price = self.trigger_price = None
        self._take_prices(event)

    def _fill(self, event: StoredEvent, at_ns: int) -> None:
        quantity = finite(_required(event.last_qty, "last_qty"))
        price = finite(_required(event.last_px, "last_px"))
        before = self.filled
        self.filled += quantity
        self.status = OrderStatus.FILLED if self.filled >= self.quantity else OrderStatus.PARTIALLY_FILLED
        self.average = price if not self.average else (self.average * before + price * quantity) / self.filled
        self.venue_order_id = event.venue_order_id or self.venue_order_id
        self.position_id = event.position_id
        self.owner = event.strategy_id
        self.accepted_ns = self.accepted_ns or at_ns
        self.fills.append(fill_record(event, tags=self.tags))

    def finish(self, event_count: int, position_id: str | None) -> StoredOrder:
        position_id = self.position_id or position_id
        record = OrderRecord(
            instrument_id=self.instrument_id,
            side=self.side,
            status=self.status,
            quantity=self.quantity,
            filled_quantity=self.filled,
            client_order_id=self.client_order_id,
            venue_order_id=self.venue_order_id,
            order_type=self.order_type,
            price=self.price,
            trigger_price=self.trigger_price,
            average_price=self.average if self.filled else None,
            time_in_force=self.time_in_force,
            reduce_only=self.reduce_only,
            post_only=self.post_only,
            leg=leg_of(position_id, self.instrument_id),
            accepted_ns=self.accepted_ns,
            updated_ns=self.updated_ns,
            submitted_ns=self.submitted_ns,
            expires_ns=self.expires_ns or None,
            owner=self.owner,
            contingent_ids=self.contingent_ids,
        )
        return StoredOrder(
            record=record,
            fills=tuple(self.fills),
            account_id=self.account_id,
            position_id=position_id,
            event_count=event_count,
            former_venue_order_ids=tuple(self.former_venue_order_ids),
        )


def fill_record(event: StoredEvent, *, tags: tuple[str, ...] = ()) -> FillRecord:
    """Return the fill in an event of kind ``OrderFilled``. Raises `DecodeError`, `ValueError` for an unknown side."""
    if event.type != "OrderFilled":
        raise DecodeError(f"an OrderFilled was expected, and this is '{event.type}'")
    instrument_id = intern(_required(event.instrument_id, "instrument_id"))
    trade_id = _required(event.trade_id, "trade_id")
    commission, currency = money(event.commission)
    return FillRecord(
        trade_id=trade_id,
        instrument_id=instrument_id,
        side=OrderSide(_required(event.order_side, "order_side")),
        quantity=shared_decimal(str(finite(_required(event.last_qty, "last_qty")))),
        price=shared_decimal(str(finite(_required(event.last_px, "last_px")))),
        time_ns=time_ns(event.ts_event),
        venue_order_id=shared_text(event.venue_order_id),
        client_order_id=shared_text(event.client_order_id),
        commission=commission,
        commission_currency=currency,
        liquidity=LiquiditySide(event.liquidity_side or LiquiditySide.NO_LIQUIDITY_SIDE),
        leg=leg_of(event.position_id, instrument_id),
        synthetic=is_synthetic_fill(trade_id, reconciliation=bool(event.reconciliation), order_tags=tags),
    )


def _required[V](value: V | None, name: str) -> V:
    if value is None or value == "":
        raise DecodeError(f"the field '{name}' is missing")
    return value


def _tags(tags: list[str] | str | None) -> tuple[str, ...]:
    if tags is None:
        return ()
    return (tags,) if isinstance(tags, str) else tuple(tags)
