"""The discrepancies of one comparison, gathered order by order: what may be acted on, and what is known beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    acted_on : list of Discrepancy
        Those that may be acted on.
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
    acted_on: list[Discrepancy] = field(default_factory=list)
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


def gather(
    acted_on: tuple[Discrepancy, ...], observed: tuple[Discrepancy, ...], view: View
) -> Iterator[InstrumentCase]:
    """Group discrepancies by instrument and order, in their own order.

    Only instruments with something to act on are returned, one at a time: the cases of 50,000 orders take as much
    memory as the orders themselves.
    """
    may_act = _permission(acted_on, observed)
    live = {one.subject.instrument_id for one in acted_on}
    by_instrument: dict[str, list[Discrepancy]] = {name: [] for name in sorted(live)}
    for one in observed:
        if one.subject.instrument_id in live:
            by_instrument[one.subject.instrument_id].append(one)
    for name, found in by_instrument.items():
        yield _case_of(name, found, may_act, view)


def _case_of(
    instrument_id: str, found: list[Discrepancy], may_act: Callable[[Discrepancy], bool], view: View
) -> InstrumentCase:
    case = InstrumentCase(instrument_id=instrument_id, observed=found)
    orders: dict[str, OrderCase] = {}
    for one in found:
        allowed = may_act(one)
        if one.kind in _POSITION_KINDS:
            if allowed:
                case.positions.append(one)
        elif one.kind in _OTHER_KINDS:
            if allowed:
                case.others.append(one)
        else:
            _add_to_order(one, may_act=allowed, orders=orders, view=view)
    case.orders += orders.values()
    return case


def _permission(acted_on: tuple[Discrepancy, ...], observed: tuple[Discrepancy, ...]) -> Callable[[Discrepancy], bool]:
    """Return what tells whether an observed discrepancy may be acted on."""
    if acted_on is observed:
        return lambda _: True
    allowed = {id(one) for one in acted_on}
    if allowed <= {id(one) for one in observed}:
        return lambda one: id(one) in allowed
    # Equal to, but not the same objects as, the observed ones.
    names = {(one.fingerprint, one.venue, one.node) for one in acted_on}
    return lambda one: (one.fingerprint, one.venue, one.node) in names


def _add_to_order(one: Discrepancy, *, may_act: bool, orders: dict[str, OrderCase], view: View) -> None:
    subject = one.subject
    pair = view.pair_named(subject.instrument_id, subject.venue_order_id, subject.client_order_id)
    node = pair.node if pair is not None else view.node.order_by_client_id.get(subject.client_order_id)
    if pair is not None:
        name = pair.venue.venue_order_id or pair.venue.client_order_id or ""
    else:
        name = node.name if node is not None else subject.order_name
    order = orders.get(name)
    if order is None:
        order = orders[name] = OrderCase(instrument_id=subject.instrument_id, name=name, pair=pair, node=node)
    order.observed.add(one.kind)
    order.is_misbooked |= one.kind is DiscrepancyKind.IDENTIFIER_MISMATCH and bool(subject.trade_id)
    fill = None
    if one.kind is DiscrepancyKind.FILL_MISSING:
        fill = view.venue_fill(subject)
        order.missing.append(fill)
    if may_act:
        order.allowed.add(one.kind)
        order.acted_on.append(one)
        if fill is not None:
            order.allowed_missing.append(fill)
