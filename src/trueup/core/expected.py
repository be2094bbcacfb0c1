"""What of the venue's past the node is expected to hold.

Not everything that the venue lists is missing when the node lacks it. A node that began cold holds what is alive:
open orders and the present life cycle of each position. A node that purges drops closed orders once they are old. So
a closed order or a fill is expected only when one of these holds:

* its order is open at the venue, or known to the node;
* it happened at or after the instant from which the node claims to hold everything (`NodeSnapshot.known_from_ns`);
* no such instant is given, it is a fill, and the node's own record of the instrument began before it;
* it belongs to the present life cycle of the venue's position, no position of the node holds it already, and, where
  the node holds anything of the instrument, its position lacks just what such fills come to. A position read while it
  moves puts the beginning of a life cycle at the wrong fill: what a node had purged before was then made anew.

Where the node knows nothing of an instrument, the expected past is widened to a clean cut, from which the position
can be rebuilt (`core.history`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from trueup.core.history import History, OrderKey, history_of, opening_cut, order_key
from trueup.core.view import View
from trueup.model.coverage import RecordKind
from trueup.model.enums import OrderStatus
from trueup.model.fills import FillRecord
from trueup.model.orders import OrderRecord
from trueup.model.positions import PositionKey

_ZERO = Decimal(0)

type TimeKey = tuple[int, int, str]
"""The venue's time order of fills (`FillRecord.order_time_key`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Hold what the node is expected to have and has not: fills (of orders known or not) and orders unknown to it."""

    fills: tuple[FillRecord, ...] = ()
    orders: tuple[OrderRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _KeyState:
    """Hold what the node knows of one instrument and leg, and from when."""

    is_known: bool
    first: TimeKey
    absorbed_until_ns: int


def find_missing(view: View) -> Missing:
    """Return what the node lacks, of all that it is expected to hold."""
    candidates = _readable(view, RecordKind.FILLS, view.fills.missing)
    unknown = [pair.venue for pair in view.pairs if pair.node is None]
    unknown_orders = _readable(view, RecordKind.ORDERS_OPEN, unknown)
    if not candidates and not unknown_orders:
        return Missing()
    fills = _missing_fills(view, candidates) if candidates else []
    with_fills = {order_key(fill) for fill in fills}
    orders = [order for order in unknown_orders if _is_expected(order, view, with_fills)]
    return Missing(fills=tuple(fills), orders=tuple(orders))


def _readable[R: (FillRecord, OrderRecord)](view: View, kind: RecordKind, records: Sequence[R]) -> list[R]:
    """Return those records of the venue that the node would have shown, had it held them."""
    readable = {
        instrument_id: view.node.coverage.complete_for(kind, instrument_id)
        for instrument_id in {record.instrument_id for record in records}
    }
    return [record for record in records if readable[record.instrument_id]]


def _missing_fills(view: View, candidates: list[FillRecord]) -> list[FillRecord]:
    by_key: dict[PositionKey, list[FillRecord]] = {}
    for fill in candidates:
        by_key.setdefault((fill.instrument_id, fill.leg), []).append(fill)
    listed = view.venue_fills_by_position
    states = _key_states(view, by_key)
    missing: list[FillRecord] = []
    for key, unbooked in by_key.items():
        missing += _missing_of_key(view, key, unbooked, listed[key], states[key])
    return missing


def _key_states(view: View, keys: Iterable[PositionKey]) -> dict[PositionKey, _KeyState]:
    """Return what the node knows of each key: one pass over its fills."""
    first: dict[PositionKey, TimeKey] = {}
    for key, fills in view.node_fills_by_position.items():
        _lower(first, key, min(fill.order_time_key for fill in fills))
    for key, positions in view.node.positions_by_key.items():
        for position in positions:
            for fill in position.fills:
                _lower(first, key, fill.order_time_key)
            if position.quantity and not position.fills:
                _lower(first, key, (position.opened_ns, 0, ""))
    states = {}
    for key in keys:
        opening = view.opening_fill(key)
        states[key] = _KeyState(
            is_known=key in first,
            first=first.get(key, (0, 0, "")),
            absorbed_until_ns=opening.time_ns if opening is not None else -1,
        )
    return states


def _lower(first: dict[PositionKey, TimeKey], key: PositionKey, time_key: TimeKey) -> None:
    held = first.get(key)
    if held is None or time_key < held:
        first[key] = time_key


def _missing_of_key(
    view: View, key: PositionKey, unbooked: list[FillRecord], listed: list[FillRecord], state: _KeyState
) -> list[FillRecord]:
    quantity = view.venue_quantity(key)
    history = history_of(listed, quantity) if quantity is not None else None
    weighed = [fill for fill in unbooked if fill.time_ns > state.absorbed_until_ns]
    expected = {id(fill) for fill in weighed if _is_expected_fill(fill, view, state)}
    if history is not None:
        expected |= _expected_alive(view, key, state, history, weighed, expected)
    if not expected:
        return []
    if not state.is_known and history is not None:
        start = cut_of(view, history, expected)
        kept = {id(fill) for fill in history.fills[start:]}
        return [fill for fill in unbooked if id(fill) in kept]
    # An order is booked whole: one expected fill of an order that the node does not know brings the others with it.
    whole = {order_key(fill) for fill in unbooked if id(fill) in expected and _is_unknown(fill, view)}
    return [
        fill
        for fill in unbooked
        if id(fill) in expected or (order_key(fill) in whole and fill.time_ns > state.absorbed_until_ns)
    ]


def _expected_alive(
    view: View,
    key: PositionKey,
    state: _KeyState,
    history: History,
    weighed: list[FillRecord],
    expected: set[int],
) -> set[int]:
    """Return the fills of the present life cycle that the node's position lacks, by identity."""
    alive = {id(fill) for fill in history.fills[history.present_life() :]}
    found = [
        fill
        for fill in weighed
        # Where the order was purged, the position still holds the fill.
        if id(fill) in alive and id(fill) not in expected and fill.key not in view.position_booked
    ]
    if state.is_known:
        certain = sum((fill.signed_quantity for fill in weighed if id(fill) in expected), _ZERO)
        gap = history.before[-1] - view.node_quantity(key) - certain
        if not gap or gap != sum((fill.signed_quantity for fill in found), _ZERO):
            return set()
    return {id(fill) for fill in found}


def _is_unknown(fill: FillRecord, view: View) -> bool:
    pair = view.pair_of(fill)
    return pair is None or pair.node is None


def _is_expected_fill(fill: FillRecord, view: View, state: _KeyState) -> bool:
    known_from_ns = view.node.known_from_ns
    if known_from_ns is not None and fill.time_ns >= known_from_ns:
        return True
    pair = view.pair_of(fill)
    if pair is not None and (pair.node is not None or pair.venue.is_open):
        return True
    if fill.key in view.position_booked:
        return False  # the order was purged, the position still holds the fill
    return known_from_ns is None and state.is_known and fill.order_time_key > state.first


def cut_of(view: View, history: History, expected: set[int]) -> int:
    """Return the index from which the history of an instrument that the node does not know is to be replayed.

    A clean cut where there is one. Else the position is older than the history: the place of an opening balance; 0
    where none can be placed without cutting an order that must be kept (the plan then refuses).
    """
    need = next((index for index, fill in enumerate(history.fills) if id(fill) in expected), len(history.fills))
    start = history.clean_cut(need)
    if start is not None:
        return start
    return opening_cut(history, settled_orders(view, history)) or 0


def settled_orders(view: View, history: History) -> dict[OrderKey, bool]:
    """Return, for every closed order of a history that the node does not know, whether its listed fills add up."""
    settled: dict[OrderKey, bool] = {}
    for fill in history.fills:
        key = order_key(fill)
        if key in settled:
            continue
        pair = view.pair_of(fill)
        if pair is None:
            settled[key] = False
        elif pair.node is None and pair.venue.is_closed:
            settled[key] = pair.listed_quantity == pair.venue.filled_quantity
    return settled


def _is_expected(order: OrderRecord, view: View, with_fills: set[OrderKey]) -> bool:
    """Return whether an order that the node does not know is missing there."""
    if order.is_open:
        return True
    if order.status is OrderStatus.REJECTED:
        return False  # it never lived at the venue, and the node never sent it
    if (order.instrument_id, order.venue_order_id or "") in with_fills or (
        "",
        order.client_order_id or "",
    ) in with_fills:
        return True
    if order.filled_quantity and _listed_elsewhere(order, view):
        return False  # its fills were weighed one by one, and are not expected
    # Without fills only time can tell, and without a time from which the node knows everything nothing can: an order
    # that ended unfilled then makes no difference that could be seen.
    known_from_ns = view.node.known_from_ns
    return known_from_ns is not None and max(order.updated_ns, order.accepted_ns) >= known_from_ns


def _listed_elsewhere(order: OrderRecord, view: View) -> bool:
    pair = view.pair_named(order.instrument_id, order.venue_order_id, order.client_order_id)
    return pair is not None and pair.listed_quantity == order.filled_quantity
