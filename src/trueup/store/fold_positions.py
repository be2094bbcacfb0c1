"""A position from its list of fills. Pure.

The node keeps only the fills of a NETTING position's present life cycle: it begins a new list when the position opens
again, and a fill that flips it is split between the two. A list written by a node that applied more to it is folded by
the same rule: once flat, the next fill begins anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from trueup.model.fills import FillRecord, FillTwin
from trueup.model.identifiers import leg_of
from trueup.model.positions import PositionRecord
from trueup.store.fold_orders import EntryError, fill_record
from trueup.store.redis_decode import DecodeError, StoredEvent, StoredInstrument

SPOT_PAIR = "CurrencyPair"
"""The kind of instrument on which a commission paid in the base currency comes off the position itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPosition:
    """A position as the store has it, open or closed.

    Parameters
    ----------
    record : PositionRecord
        What it is now; quantity 0 once closed.
    account_id : str or None
        The account of its fills.
    event_count : int
        How many fills the store has of it, earlier life cycles included.
    """

    record: PositionRecord
    account_id: str | None
    event_count: int


def fold_position(
    position_id: str,
    events: Sequence[StoredEvent],
    instrument: StoredInstrument | None,
    *,
    spot_commission_added: bool = False,
) -> StoredPosition:
    """Return the position that its fills, in the order in which the node applied them, amount to.

    Parameters
    ----------
    position_id : str
        Its id.
    events : sequence of StoredEvent
        At least one, all of kind ``OrderFilled`` and of one instrument.
    instrument : StoredInstrument or None
        The instrument; without it a commission in the base currency cannot be told.
    spot_commission_added : bool
        Whether the node has that commission's sign wrong, as 1.222.0 has.

    Raises
    ------
    EntryError
        If an event is of another kind or another instrument, books a fill twice in one life cycle, or lacks a value.
    """
    if not events:
        raise EntryError(0, "the list of fills is empty")
    quantity = average = Decimal(0)
    opened_ns = updated_ns = 0
    adjusted = False
    owner = account_id = None
    fills: list[FillRecord] = []
    twins: set[FillTwin] = set()
    for entry, event in enumerate(events):
        try:
            fill = fill_record(event)
        except (DecodeError, ValueError) as error:
            raise EntryError(entry, str(error)) from error
        if fills and fill.instrument_id != fills[0].instrument_id:
            raise EntryError(entry, f"a fill of {fill.instrument_id} is in a position of {fills[0].instrument_id}")
        if not quantity:
            fills, twins, opened_ns, adjusted, average = [], set(), fill.time_ns, False, fill.price
            owner = event.strategy_id
        elif (quantity > 0) == (fill.signed_quantity > 0):
            average = (average * abs(quantity) + fill.price * fill.quantity) / (abs(quantity) + fill.quantity)
        if fill.twin in twins:
            raise EntryError(entry, f"trade {fill.trade_id} is booked twice")
        twins.add(fill.twin)
        fills.append(fill)
        quantity += fill.signed_quantity
        if _is_paid_from_position(fill, instrument):
            moved = fill.commission if spot_commission_added else -fill.commission
            quantity, adjusted = _rounded(quantity + moved, instrument), True
        account_id = event.account_id or account_id
        updated_ns = fill.time_ns
    record = PositionRecord(
        instrument_id=fills[0].instrument_id,
        quantity=quantity,
        leg=leg_of(position_id, fills[0].instrument_id),
        average_price=average if quantity else None,
        owner=owner,
        position_id=position_id,
        opened_ns=opened_ns,
        updated_ns=updated_ns,
        fills=tuple(fills),
        adjusted=adjusted,
    )
    return StoredPosition(record=record, account_id=account_id, event_count=len(events))


def mark_synthetic(position: StoredPosition, synthetic: frozenset[tuple[str | None, str]]) -> StoredPosition:
    """Return the position with the marks that its orders' fills carry.

    A fill that flips a position loses its reconciliation flag in the split (1.231.0), so the order's word counts.

    Parameters
    ----------
    position : StoredPosition
        The position.
    synthetic : frozenset of (str or None, str)
        Client order id and trade id of every fill that is marked in its order.
    """
    fills = position.record.fills
    if not any((fill.client_order_id, fill.trade_id) in synthetic for fill in fills):
        return position
    marked = tuple(
        replace(fill, synthetic=True) if (fill.client_order_id, fill.trade_id) in synthetic else fill for fill in fills
    )
    return replace(position, record=replace(position.record, fills=marked))


def _is_paid_from_position(fill: FillRecord, instrument: StoredInstrument | None) -> bool:
    return (
        instrument is not None
        and instrument.type == SPOT_PAIR
        and bool(instrument.base_currency)
        and fill.commission_currency == instrument.base_currency
    )


def _rounded(quantity: Decimal, instrument: StoredInstrument | None) -> Decimal:
    if instrument is None or instrument.size_precision is None:
        return quantity
    return round(quantity, instrument.size_precision)
