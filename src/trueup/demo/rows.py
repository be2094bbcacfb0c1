"""Lay the two books side by side, one row a record. Pure: snapshots and discrepancies in, rows out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from trueup.model import (
    Discrepancy,
    FillRecord,
    NodeSnapshot,
    OrderRecord,
    PositionRecord,
    Subject,
    VenueSnapshot,
)

NOTHING = "-"
SHOWN_DECIMALS = 8
"""Average prices are fractions without end; the rows show eight decimals, the comparison is exact."""

type _Differences = Callable[[Subject], tuple[Discrepancy, ...]]


@dataclass(frozen=True, slots=True)
class Row:
    """One record as both sides have it.

    ``differences`` is empty where they agree.
    """

    section: str
    name: str
    venue: str
    node: str
    differences: tuple[Discrepancy, ...] = ()

    @property
    def agrees(self) -> bool:
        """Return whether both sides say the same."""
        return not self.differences


def side_by_side(venue: VenueSnapshot, node: NodeSnapshot, discrepancies: Iterable[Discrepancy]) -> tuple[Row, ...]:
    """Return a row for every position, order and fill that either side has, positions first.

    Rows stand in the venue's time order; a record that only one side has shows ``-`` on the other.
    """
    by_subject: dict[str, list[Discrepancy]] = {}
    for discrepancy in discrepancies:
        by_subject.setdefault(discrepancy.subject.canonical, []).append(discrepancy)
    taken: set[str] = set()

    def differences(subject: Subject) -> tuple[Discrepancy, ...]:
        taken.add(subject.canonical)
        return tuple(by_subject.get(subject.canonical, ()))

    rows = [*_position_rows(venue, node, differences), *_order_rows(venue, node, differences)]
    rows += _fill_rows(venue, node, differences)
    rows += [
        Row("other", str(found[0].subject), _said(found[0].venue), _said(found[0].node), tuple(found))
        for canonical, found in by_subject.items()
        if canonical not in taken
    ]
    return tuple(rows)


def _position_rows(venue: VenueSnapshot, node: NodeSnapshot, differences: _Differences) -> Iterable[Row]:
    for key in sorted({*venue.positions_by_key, *node.positions_by_key}):
        at_venue = [p for p in venue.positions_by_key.get(key, ()) if p.is_open]
        in_node = [p for p in node.positions_by_key.get(key, ()) if p.is_open]
        found = differences(Subject(instrument_id=key[0], leg=key[1]))
        if at_venue or in_node or found:
            yield Row("position", key[0], _positions(at_venue), _positions(in_node), found)


def _order_rows(venue: VenueSnapshot, node: NodeSnapshot, differences: _Differences) -> Iterable[Row]:
    matched: set[int] = set()
    for order in sorted(venue.orders, key=lambda o: (o.accepted_ns, o.name)):
        other = node.order_named(
            client_order_id=order.client_order_id,
            venue_order_id=order.venue_order_id,
            instrument_id=order.instrument_id,
        )
        if other is not None:
            matched.add(id(other))
        yield Row("order", order.name, _order(order), _order(other), differences(Subject.of_order(order, other)))
    for order in sorted(node.orders, key=lambda o: (o.submitted_ns, o.name)):
        if id(order) not in matched:
            yield Row("order", order.name, NOTHING, _order(order), differences(Subject.of_order(order)))


def _fill_rows(venue: VenueSnapshot, node: NodeSnapshot, differences: _Differences) -> Iterable[Row]:
    keys = {**venue.fill_by_key, **node.fill_by_key}
    for key in sorted(keys, key=lambda k: keys[k].order_time_key):
        found = differences(Subject.of_fill(keys[key]))
        yield Row("fill", key[1], _fill(venue.fill_by_key.get(key)), _fill(node.fill_by_key.get(key)), found)


def _positions(positions: list[PositionRecord]) -> str:
    if not positions:
        return "flat"
    parts = []
    for position in positions:
        owner = f" ({position.owner})" if position.owner else ""
        parts.append(f"{_number(position.quantity, signed=True)} @ {_number(position.average_price)}{owner}")
    return "; ".join(parts)


def _order(order: OrderRecord | None) -> str:
    if order is None:
        return NOTHING
    filled = f"{_number(order.filled_quantity)}/{_number(order.quantity)}"
    price = f" @ {_number(order.price)}" if order.price is not None else ""
    return f"{order.side} {filled}{price} {order.status}"


def _fill(fill: FillRecord | None) -> str:
    if fill is None:
        return NOTHING
    made_up = " (synthetic)" if fill.synthetic else ""
    return f"{fill.side} {_number(fill.quantity)} @ {_number(fill.price)} fee {_number(fill.commission)}{made_up}"


def _number(value: Decimal | None, *, signed: bool = False) -> str:
    if value is None:
        return "?"
    shown = round(value, SHOWN_DECIMALS)
    text = f"{shown:+f}" if signed else f"{shown:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _said(value: str | None) -> str:
    return NOTHING if value is None else value
