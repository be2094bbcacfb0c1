"""Rebuild an instrument from the venue's history: the last resort, at start-up only.

What the engine's state machine refuses to undo (invented or doubled fills, phantom orders, wrong averages, an order
ended by mistake after fills) goes when the instrument's positions and the orders concerned are purged and the venue's
history is replayed from an instant at which the position was flat. That is only right on complete history; anything
less is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from trueup.core.cases import InstrumentCase, OrderCase
from trueup.core.diff_lone_orders import is_answered_unknown, is_proven_by_fills
from trueup.core.history import History, OrderKey, history_of, order_key
from trueup.core.order_steps import fresh_known, fresh_steps, merged
from trueup.core.owners import EXTERNAL_OWNER
from trueup.core.view import TruePair, View
from trueup.model.coverage import RecordKind
from trueup.model.enums import Leg
from trueup.model.fills import FillRecord
from trueup.model.identifiers import external_client_order_id
from trueup.model.orders import OrderRecord
from trueup.model.steps import RebuildInstrument, RefusalCode, Step

_ZERO = Decimal(0)
_NEEDED = (RecordKind.ORDERS_OPEN, RecordKind.ORDERS_CLOSED, RecordKind.FILLS, RecordKind.POSITIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """Hold the steps of a rebuild and the orders that they cover, or why there can be none."""

    steps: tuple[Step, ...] = ()
    covered: frozenset[str] = frozenset()
    refused: RefusalCode | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Extent:
    """Hold what is replayed: the venue's orders, and the fills of each."""

    orders: tuple[TruePair, ...]
    fills: dict[OrderKey, list[FillRecord]]


def rebuild(
    case: InstrumentCase,
    damaged: Iterable[OrderCase],
    view: View,
    owner_of: Callable[[OrderRecord], str],
    reason: str,
) -> Rebuilt:
    """Return the steps that rebuild an instrument.

    Parameters
    ----------
    case : InstrumentCase
        The instrument and all its discrepancies.
    damaged : iterable of OrderCase
        The orders that must be replayed whatever their place in time.
    view : View
        Both snapshots.
    owner_of : Callable[[OrderRecord], str]
        Who owns a venue's order that has no owner.
    reason : str
        Why nothing less will do.
    """
    instrument_id = case.instrument_id
    missing_kinds = [kind for kind in _NEEDED if not view.venue.coverage.complete_for(kind, instrument_id)]
    if missing_kinds:
        names = ", ".join(kind.lower().replace("_", " ") for kind in missing_kinds)
        return _no(
            RefusalCode.HISTORY_INCOMPLETE, f"{reason}; it cannot be rebuilt without a complete reading of {names}"
        )
    concerned = list(damaged)
    unproven = _unproven_order(case, view)
    if unproven is not None:
        return _no(RefusalCode.NOT_PROVEN_ABSENT, f"{reason}; no list has order {unproven.name}, which may be real")
    older = _older_fill(instrument_id, view)
    if older is not None:
        return _no(RefusalCode.HISTORY_INCOMPLETE, f"{reason}; fill {older.trade_id} is older than the reading")
    extent = _extent(instrument_id, concerned, view)
    if isinstance(extent, Rebuilt):
        return _no(extent.refused or RefusalCode.HISTORY_INCOMPLETE, f"{reason}; {extent.reason}")
    incomplete = [pair for pair in extent.orders if _listed(pair, extent) != pair.venue.filled_quantity]
    if incomplete:
        name = incomplete[0].venue.name
        return _no(RefusalCode.FILLS_INCOMPLETE, f"{reason}; the fills of order {name} do not add up")
    stray = set(extent.fills) - {_key(pair.venue) for pair in extent.orders}
    if stray:
        return _no(RefusalCode.HISTORY_INCOMPLETE, f"{reason}; the order of a fill was not listed")
    return _steps(instrument_id, extent, concerned, view, owner_of, reason)


def _no(code: RefusalCode, reason: str) -> Rebuilt:
    return Rebuilt(refused=code, reason=reason)


def _key(order: OrderRecord) -> OrderKey:
    if order.venue_order_id is not None:
        return (order.instrument_id, order.venue_order_id)
    return ("", order.client_order_id or "")


def _listed(pair: TruePair, extent: _Extent) -> Decimal:
    return sum((fill.quantity for fill in extent.fills.get(_key(pair.venue), ())), _ZERO)


def _older_fill(instrument_id: str, view: View) -> FillRecord | None:
    """Return a fill of the node's positions that the reading does not reach: what closed it may lie before, too."""
    for position in view.node.positions:
        if position.instrument_id == instrument_id and position.quantity:
            for fill in position.fills:
                if view.venue_key(fill) not in view.venue.fill_by_key and not view.would_list(fill):
                    return fill
    return None


def _unproven_order(case: InstrumentCase, view: View) -> OrderRecord | None:
    """Return an order of the node that no list has, though its fills prove it or nobody said that it is unknown.

    Then the lists are not whole, whatever they claim, and what they come to is not the position's history.
    """
    for order in case.orders:
        if order.pair is not None or order.node is None:
            continue
        is_denied = is_answered_unknown(order.node, view)
        is_proven = order.missing or is_proven_by_fills(order.node, view)
        if is_proven or (order.node.filled_quantity and not is_denied):
            return order.node
    return None


def _extent(instrument_id: str, concerned: list[OrderCase], view: View) -> _Extent | Rebuilt:
    """Return what must be replayed: every leg's history from a clean cut, and the damaged orders that never filled.

    A refusal says why the history does not serve.
    """
    got = view.venue.coverage.fills.got
    is_from_the_beginning = got is not None and got.start_ns == 0
    histories: dict[Leg, History] = {}
    for leg in _legs(instrument_id, view):
        quantity = view.venue_quantity((instrument_id, leg))
        assert quantity is not None, "positions are covered"
        histories[leg] = history_of(view.venue_fills_by_position.get((instrument_id, leg), ()), quantity)
    damaged = {_key(order.pair.venue) for order in concerned if order.pair is not None}
    fills: dict[OrderKey, list[FillRecord]] = {}
    for history in histories.values():
        if not history.is_whole and is_from_the_beginning:
            return _no(RefusalCode.MOVED_WITHOUT_FILL, "every fill was read and the position is not their sum")
        alive = history.last_flat()
        if alive is None or not history.is_whole:
            return _no(RefusalCode.HISTORY_INCOMPLETE, "the history does not reach back to where the position was flat")
        need = next((i for i, fill in enumerate(history.fills) if order_key(fill) in damaged), alive)
        cut = history.clean_cut(min(need, alive))
        if cut is None:
            return _no(RefusalCode.HISTORY_INCOMPLETE, "the history cannot be cut without cutting an order")
        for fill in history.fills[cut:]:
            fills.setdefault(order_key(fill), []).append(fill)
    wanted = set(fills) | damaged
    orders = tuple(pair for pair in view.pairs if _key(pair.venue) in wanted)
    return _Extent(orders=orders, fills=fills)


def _legs(instrument_id: str, view: View) -> list[Leg]:
    keys = view.venue.positions_by_key.keys() | view.node.positions_by_key.keys() | view.venue_fills_by_position.keys()
    return sorted({leg for name, leg in keys if name == instrument_id})


def _steps(
    instrument_id: str,
    extent: _Extent,
    concerned: list[OrderCase],
    view: View,
    owner_of: Callable[[OrderRecord], str],
    reason: str,
) -> Rebuilt:
    purge = {order.node.client_order_id or "" for order in concerned if order.node is not None}
    restore: list[tuple[str, str]] = []
    steps: list[Step] = []
    covered = {order.name for order in concerned}
    for pair in extent.orders:
        covered.add(pair.venue.venue_order_id or pair.venue.client_order_id or "")
        fills = extent.fills.get(_key(pair.venue), [])
        node, owner = pair.node, owner_of(pair.venue)
        if node is not None:
            purge.add(node.client_order_id or "")
            renamed, node = node, _rightly_named(pair.venue, node, view)
            if node is None and renamed.owner not in {None, EXTERNAL_OWNER, owner}:
                why = f"order {pair.venue.name} belongs to {renamed.owner}, and made anew it would go to {owner}"
                return _no(RefusalCode.OWNER_AMBIGUOUS, f"{reason}; {why}")
        if node is None or (node.owner in {None, EXTERNAL_OWNER} and owner != EXTERNAL_OWNER):
            # Purged, if it was there, and generated anew for its owner.
            name = _name(pair.venue, node, view)
            steps += fresh_steps(pair.venue, fills, name=name, owner=owner, is_new=True, is_whole=True)
        else:
            purge.add(node.client_order_id or "")
            restore.append((node.client_order_id or "", node.owner or EXTERNAL_OWNER))
            steps += fresh_known(merged(pair.venue, node), fills, is_whole=True)
    positions = sorted(p.position_id or "" for p in view.node.positions if p.instrument_id == instrument_id)
    first = RebuildInstrument(
        instrument_id=instrument_id,
        purge_position_ids=tuple(positions),
        purge_order_ids=tuple(sorted(purge)),
        restore_order_ids=tuple(sorted(restore)),
        reason=reason,
    )
    return Rebuilt(steps=(first, *steps), covered=frozenset(covered))


def _rightly_named(venue: OrderRecord, node: OrderRecord, view: View) -> OrderRecord | None:
    """Return the node's order of the venue's name: the same one, or another where this one bears an invented name.

    None where there is no other: the order is then generated anew under its own name.
    """
    if venue.client_order_id is None or venue.client_order_id == node.client_order_id:
        return node
    return view.node.order_by_client_id.get(venue.client_order_id)


def _name(venue: OrderRecord, node: OrderRecord | None, view: View) -> str:
    if node is not None and node.client_order_id is not None:
        return node.client_order_id
    return venue.client_order_id or external_client_order_id(
        view.node.account_id, venue.instrument_id, venue.venue_order_id or ""
    )
