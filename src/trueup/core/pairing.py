"""Which venue order is which node order.

The venue's number decides where both sides have it, then the client order id, then the deterministic id that an
external order was given at an earlier start, then the numbers that the node remembers from before.
"""

from __future__ import annotations

from dataclasses import dataclass

from trueup.model.fills import FillRecord
from trueup.model.identifiers import external_client_order_id
from trueup.model.orders import OrderRecord
from trueup.model.snapshots import NodeSnapshot, VenueSnapshot

type Pair = tuple[OrderRecord, OrderRecord | None]
"""One order of the venue and the node's order for it, None when the node has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Hold every order of both sides, paired.

    Parameters
    ----------
    pairs : tuple of Pair
        One for each order of the venue.
    node_only : tuple of OrderRecord
        Orders of the node that the venue did not list.
    clashing : tuple of (OrderRecord, OrderRecord)
        Venue orders whose client order id belongs to a node order that is another order at the venue.
    """

    pairs: tuple[Pair, ...]
    node_only: tuple[OrderRecord, ...]
    clashing: tuple[tuple[OrderRecord, OrderRecord], ...]


def distinct_venue_orders(venue: VenueSnapshot) -> list[OrderRecord]:
    """Return the venue's orders, each once: the latest reading where one was listed twice."""
    if not venue.order_clashes and len(venue.orders) == len(venue.order_by_venue_id):
        return list(venue.orders)
    kept = {id(order): order for order in venue.order_by_venue_id.values()}
    for order in venue.order_by_client_id.values():
        if order.venue_order_id is None:
            kept[id(order)] = order
    return list(kept.values())


def find_in_node(order: OrderRecord, node: NodeSnapshot, former: dict[tuple[str, str], str]) -> OrderRecord | None:
    """Return the node's order for a venue order, None when it has none."""
    named = node.order_by_client_id.get(order.client_order_id) if order.client_order_id is not None else None
    if order.venue_order_id is None or (named is not None and named.venue_order_id == order.venue_order_id):
        return named
    numbered = node.order_by_venue_id.get((order.instrument_id, order.venue_order_id))
    if numbered is not None:
        return numbered
    if named is not None:
        return named
    if order.client_order_id is None:
        name = external_client_order_id(node.account_id, order.instrument_id, order.venue_order_id)
        found = node.order_by_client_id.get(name)
        if found is not None:
            return found
    remembered = former.get((order.instrument_id, order.venue_order_id))
    return node.order_by_client_id.get(remembered) if remembered is not None else None


def pair_orders(venue: VenueSnapshot, node: NodeSnapshot) -> Pairing:
    """Pair the orders of both sides in one pass over each."""
    former = {(instrument_id, venue_id): client_id for instrument_id, venue_id, client_id in node.venue_ids}
    pairs: list[Pair] = []
    clashing: list[tuple[OrderRecord, OrderRecord]] = []
    taken: set[int] = set()
    for order in distinct_venue_orders(venue):
        found = find_in_node(order, node, former)
        if found is not None and _is_another(order, found, venue):
            clashing.append((order, found))
            continue
        if found is not None:
            taken.add(id(found))
        pairs.append((order, found))
    node_only = tuple(order for order in node.order_by_client_id.values() if id(order) not in taken)
    return Pairing(pairs=tuple(pairs), node_only=node_only, clashing=tuple(clashing))


def _is_another(order: OrderRecord, found: OrderRecord, venue: VenueSnapshot) -> bool:
    """Return whether a node order, found by its client order id, is listed by the venue under a number of its own."""
    if found.venue_order_id is None or found.venue_order_id == order.venue_order_id:
        return False
    return (found.instrument_id, found.venue_order_id) in venue.order_by_venue_id


def order_of_fill(fill: FillRecord, snapshot: VenueSnapshot | NodeSnapshot) -> OrderRecord | None:
    """Return the order of a fill as a snapshot lists it: by the venue's number, else by client order id."""
    if fill.venue_order_id is not None:
        found = snapshot.order_by_venue_id.get((fill.instrument_id, fill.venue_order_id))
        if found is not None:
            return found
    if fill.client_order_id is not None:
        return snapshot.order_by_client_id.get(fill.client_order_id)
    return None
