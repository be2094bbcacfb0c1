"""The discrepancies of one comparison, gathered order by order: what may be acted on, and what is known beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from trueup.core.view import TruePair, View
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind
from trueup.model.fills import FillRecord
from trueup.model.orders import OrderRecord

# What the engine's state machine refuses to undo by any report (measured on 1.231.0).
_DAMAGE = frozenset(
    {
        DiscrepancyKind.FILL_INVENTED,
        DiscrepancyKind.FILL_DUPLICATED,
        DiscrepancyKind.FILL_PRICE,
        DiscrepancyKind.FILL_QUANTITY,
        DiscrepancyKind.FILL_COMMISSION,
        DiscrepancyKind.ORDER_SIDE,
    }
)


@dataclass(slots=True, kw_only=True)
class OrderCase:
    """Hold one order with its discrepancies.

    Parameters
    ----------
    instrument_id, name : str
        What it is about.
    pair : TruePair or None
        The venue's order and the node's; None when the venue did not list it.
    node : OrderRecord or None
        The node's order.
    missing : list of FillRecord
        Every fill of it that the node lacks.
    allowed_missing : list of FillRecord
        Those among them that may be booked now.
    allowed, observed : set of DiscrepancyKind
        The kinds that may be acted on, and all that were seen.
    fingerprints : list of str
        Of the discrepancies that may be acted on.
    is_misbooked : bool
        Whether a fill of it is booked on another order.
    """

    instrument_id: str
    name: str
    pair: TruePair | None
    node: OrderRecord | None
    missing: list[FillRecord] = field(default_factory=list)
    allowed_missing: list[FillRecord] = field(default_factory=list)
    allowed: set[DiscrepancyKind] = field(default_factory=set)
    observed: set[DiscrepancyKind] = field(default_factory=set)
    fingerprints: list[str] = field(default_factory=list)
    is_misbooked: bool = False

    @property
    def is_damaged(self) -> bool:
        """Return whether the node's order holds what no report can undo."""
        return self.is_misbooked or bool(self.observed & _DAMAGE)

    @property
    def all_allowed(self) -> bool:
        """Return whether every fill that the node lacks may be booked now."""
        return len(self.missing) == len(self.allowed_missing)


@dataclass(slots=True, kw_only=True)
class InstrumentCase:
    """Hold an instrument's orders and the other discrepancies on it."""

    instrument_id: str
    orders: list[OrderCase] = field(default_factory=list)
    positions: list[Discrepancy] = field(default_factory=list)
    others: list[Discrepancy] = field(default_factory=list)
    observed: list[Discrepancy] = field(default_factory=list)


_POSITION_KINDS = frozenset(
    {
        DiscrepancyKind.POSITION_QUANTITY,
        DiscrepancyKind.POSITION_SIDE,
        DiscrepancyKind.POSITION_AVERAGE_PRICE,
        DiscrepancyKind.POSITION_SPLIT_OWNERSHIP,
    }
)
_OTHER_KINDS = frozenset({DiscrepancyKind.BALANCE, DiscrepancyKind.IDENTIFIER_DUPLICATED, DiscrepancyKind.ORDER_OWNER})


def gather(acted_on: Iterable[Discrepancy], observed: Iterable[Discrepancy], view: View) -> dict[str, InstrumentCase]:
    """Group discrepancies by instrument and order, in their own order.

    Only instruments with something to act on are returned.
    """
    allowed = {id(discrepancy) for discrepancy in acted_on}
    allowed_names = {(d.fingerprint, d.venue, d.node) for d in acted_on} if _are_copies(acted_on, observed) else None
    instruments: dict[str, InstrumentCase] = {}
    orders: dict[tuple[str, str], OrderCase] = {}
    live: set[str] = set()
    for one in observed:
        may_act = (
            id(one) in allowed if allowed_names is None else (one.fingerprint, one.venue, one.node) in allowed_names
        )
        instrument_id = one.subject.instrument_id
        case = instruments.setdefault(instrument_id, InstrumentCase(instrument_id=instrument_id))
        case.observed.append(one)
        if may_act:
            live.add(instrument_id)
        if one.kind in _POSITION_KINDS:
            if may_act:
                case.positions.append(one)
        elif one.kind in _OTHER_KINDS:
            if may_act:
                case.others.append(one)
        else:
            _add_to_order(one, may_act=may_act, case=case, orders=orders, view=view)
    return {name: case for name, case in sorted(instruments.items()) if name in live}


def _are_copies(acted_on: Iterable[Discrepancy], observed: Iterable[Discrepancy]) -> bool:
    """Return whether the acted-on discrepancies are equal to, but not the same objects as, the observed ones."""
    known = {id(one) for one in observed}
    return any(id(one) not in known for one in acted_on)


def _add_to_order(
    one: Discrepancy, *, may_act: bool, case: InstrumentCase, orders: dict[tuple[str, str], OrderCase], view: View
) -> None:
    subject = one.subject
    pair = view.pair_named(subject.instrument_id, subject.venue_order_id, subject.client_order_id)
    node = pair.node if pair is not None else view.node.order_by_client_id.get(subject.client_order_id)
    if pair is not None:
        name = pair.venue.venue_order_id or pair.venue.client_order_id or ""
    else:
        name = node.name if node is not None else subject.order_name
    key = (subject.instrument_id, name)
    order = orders.get(key)
    if order is None:
        order = orders[key] = OrderCase(instrument_id=subject.instrument_id, name=name, pair=pair, node=node)
        case.orders.append(order)
    order.observed.add(one.kind)
    order.is_misbooked |= one.kind is DiscrepancyKind.IDENTIFIER_MISMATCH and bool(subject.trade_id)
    fill = None
    if one.kind is DiscrepancyKind.FILL_MISSING:
        fill = view.venue_fill(subject)
        order.missing.append(fill)
    if may_act:
        order.allowed.add(one.kind)
        order.fingerprints.append(one.fingerprint)
        if fill is not None:
            order.allowed_missing.append(fill)
