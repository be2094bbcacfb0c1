"""What a reading of the venue leaves open, as questions to ask next. Pure: values in, values out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import chain, islice

from trueup.model.fills import FillKey
from trueup.model.identifiers import opening_client_order_id
from trueup.model.orders import OrderRecord
from trueup.model.positions import PositionKey
from trueup.model.snapshots import NodeSnapshot, Snapshot, VenueSnapshot

_ZERO = Decimal(0)

ABSENT_ASKED_MAX = 100
"""Closed orders in one round of questions. A node that a native engine left orders behind in has a handful of them; one
that has hundreds reads a list that is not whole, or another account, and no start should purge those."""


class About(StrEnum):
    """What a question asks for."""

    ORDER = "ORDER"  # the state of one order
    FILLS = "FILLS"  # the fills of one order


@dataclass(frozen=True, slots=True, order=True)
class Question:
    """Ask the venue about one order, by the names that are known."""

    about: About
    instrument_id: str
    venue_order_id: str = ""
    client_order_id: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names that the question gives, the venue's first."""
        return tuple(name for name in (self.venue_order_id, self.client_order_id) if name)


def open_questions(venue: VenueSnapshot, node: NodeSnapshot) -> tuple[Question, ...]:
    """Return what must still be asked before the two sides can be compared, in a fixed order.

    Four gaps are closed: a fill whose order no list has, a live order of the node that no list has, a closed one with
    fills that the lists should have, and an order whose known fills do not add up to what it filled.
    """
    asked = {*venue.coverage.orders_open.orders, *venue.unknown_orders}
    found = chain(
        _orders_of_fills(venue, asked),
        _live_orders_unlisted(venue, node, asked),
        islice(_closed_orders_unlisted(venue, node, asked), ABSENT_ASKED_MAX),
        _fills_not_adding_up(venue, node),
    )
    # A fill may name its order by the venue's number alone, where the node knows both names: one question of the two.
    by_name: dict[tuple[About, str, str], Question] = {}
    for question in found:
        name = (question.about, question.instrument_id, question.venue_order_id or question.client_order_id)
        by_name[name] = max(by_name.get(name, question), question)
    return tuple(sorted(by_name.values()))


def _orders_of_fills(venue: VenueSnapshot, asked: set[str]) -> Iterable[Question]:
    for fill in venue.fills:
        if fill.venue_order_id is None or fill.venue_order_id in asked:
            continue
        if (fill.instrument_id, fill.venue_order_id) not in venue.order_by_venue_id:
            yield Question(About.ORDER, fill.instrument_id, fill.venue_order_id, fill.client_order_id or "")


def _live_orders_unlisted(venue: VenueSnapshot, node: NodeSnapshot, asked: set[str]) -> Iterable[Question]:
    for order in node.orders:
        if not (order.is_open or order.status.is_in_flight):
            continue
        if _listed(venue, order) is None and not asked.intersection(_names(order)):
            yield Question(About.ORDER, order.instrument_id, order.venue_order_id or "", order.client_order_id or "")


def _closed_orders_unlisted(venue: VenueSnapshot, node: NodeSnapshot, asked: set[str]) -> Iterable[Question]:
    """Yield the closed orders with fills that a list should have and none has: only the venue's word takes them out."""
    closed, fills = venue.coverage.orders_closed, venue.coverage.fills
    if closed.got is None and fills.got is None:
        return
    for order in node.orders:
        if not (order.filled_quantity and order.is_closed) or _listed(venue, order) is not None:
            continue
        name = opening_client_order_id(node.account_id, order.instrument_id, order.leg)
        if order.client_order_id == name or asked.intersection(_names(order)):
            continue
        if all(closed.is_complete_for(order.instrument_id, each) for each in order.span_ns) or any(
            fills.is_complete_for(order.instrument_id, fill.time_ns) for fill in node.fills_of(order)
        ):
            yield Question(About.ORDER, order.instrument_id, order.venue_order_id or "", order.client_order_id or "")


def _fills_not_adding_up(venue: VenueSnapshot, node: NodeSnapshot) -> Iterable[Question]:
    asked = venue.coverage.fills.orders
    numbered, unnumbered = venue.listed_quantities()
    for order in venue.orders:
        by_number = numbered.get((order.instrument_id, order.venue_order_id or ""), _ZERO)
        if by_number == order.filled_quantity and order.client_order_id not in unnumbered:
            continue  # the short way for nearly all orders
        if not order.filled_quantity or asked.intersection(_names(order)):
            continue
        known = {fill.key: fill.quantity for fill in venue.fills_of(order)}
        if sum(known.values(), Decimal(0)) == order.filled_quantity:
            continue
        ours = _listed(node, order)
        if ours is not None:
            known |= {fill.key: fill.quantity for fill in node.fills_of(ours) if not fill.synthetic}
        if sum(known.values(), Decimal(0)) != order.filled_quantity:
            yield Question(About.FILLS, order.instrument_id, order.venue_order_id or "", order.client_order_id or "")


def unexplained_positions(venue: VenueSnapshot, node: NodeSnapshot) -> frozenset[PositionKey]:
    """Return the positions that the fills read so far do not explain: node, plus what it lacks, is not the venue's."""
    explained: dict[PositionKey, Decimal] = defaultdict(Decimal)
    held: set[FillKey] = {fill.key for fill in node.fills}
    for position in node.positions:
        explained[position.key] += position.quantity
        held.update(fill.key for fill in position.fills)
    for fill in venue.fills:
        if fill.key not in held:
            explained[(fill.instrument_id, fill.leg)] += fill.signed_quantity
    truth = {position.key: position.quantity for position in venue.positions}
    return frozenset(key for key in explained.keys() | truth.keys() if explained[key] != truth.get(key, Decimal(0)))


def _names(order: OrderRecord) -> tuple[str, ...]:
    return tuple(name for name in (order.venue_order_id, order.client_order_id) if name)


def _listed(snapshot: Snapshot, order: OrderRecord) -> OrderRecord | None:
    return snapshot.order_named(
        client_order_id=order.client_order_id,
        venue_order_id=order.venue_order_id,
        instrument_id=order.instrument_id,
    )
