"""What the planned fills make of the positions, and what is still missing to make them the venue's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from trueup.core.expected import settled_orders
from trueup.core.history import opening_cut
from trueup.core.life_cycle import listed_history, true_life_cycle
from trueup.core.netting import Netted, in_time_order, net, opening_price
from trueup.core.tolerance import Tolerance, within
from trueup.core.view import View
from trueup.model.coverage import RecordKind
from trueup.model.enums import Leg, OrderSide
from trueup.model.fills import FillRecord
from trueup.model.identifiers import opening_client_order_id, opening_trade_id
from trueup.model.orders import OrderRecord
from trueup.model.positions import PositionKey, PositionRecord
from trueup.model.steps import Fill, OpeningBalance, RefusalCode, ReplayPosition

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """Hold one owner's position as the engine will have it after the plan.

    Parameters
    ----------
    owner : str
        Who holds it.
    record : PositionRecord or None
        What the node has now.
    netted : Netted
        What the engine makes of it, fills in the order in which they are applied.
    fills : tuple of FillRecord
        What the node's position holds, then what the plan adds, in the order of application.
    is_exact : bool
        Whether the node's own fills were given and come to its quantity, so that they can be put in time order.
    """

    owner: str
    record: PositionRecord | None
    netted: Netted
    fills: tuple[FillRecord, ...]
    is_exact: bool


def predict(view: View, key: PositionKey, fills: Iterable[Fill]) -> dict[str, Predicted]:
    """Apply the planned fills of one instrument and leg, in the plan's order, to the node's positions, owner by owner.

    A fill that a position holds already is refused by it, as the engine does.
    """
    new: dict[str, list[FillRecord]] = {}
    for step in fills:
        new.setdefault(step.owner, []).append(step.fill)
    records: dict[str, list[PositionRecord]] = {}
    for position in view.node.positions_by_key.get(key, ()):
        records.setdefault(position.owner or "", []).append(position)
    predicted: dict[str, Predicted] = {}
    for owner in sorted(new.keys() | records.keys()):
        held = records.get(owner, [])
        # Several positions of one owner (hedging by position id) are one for the venue: their sum is what can be
        # compared.
        record = held[0] if len(held) == 1 else None
        own = [fill for position in held for fill in position.fills]
        quantity = sum((position.quantity for position in held), _ZERO)
        start = Netted(
            quantity=quantity,
            average_price=record.average_price if record is not None else None,
            fill_keys=tuple(view.venue_key(fill) for fill in own),
            opened_ns=record.opened_ns if record is not None else 0,
        )
        netted, fresh = _apply(start, new.get(owner, []), own)
        predicted[owner] = Predicted(
            owner=owner,
            record=record,
            netted=netted,
            fills=(*own, *fresh),
            is_exact=not held or _is_exact(record),
        )
    return predicted


def _apply(start: Netted, fills: list[FillRecord], own: list[FillRecord]) -> tuple[Netted, list[FillRecord]]:
    """Apply fills to a position that may hold some of them already; return what it comes to and those that it took.

    The engine's position knows a fill again by trade id, side, price and quantity, whatever its order, and only while
    it belongs to the present life cycle: after the position went through flat, a fill that it had held before moves it
    once more (measured on 1.231.0).
    """
    held = {fill.twin for fill in own}
    if len(held) == len(own) and len(held | {fill.twin for fill in fills}) == len(own) + len(fills):
        return net(fills, start), fills
    netted, taken = start, []
    for fill in fills:
        if fill.twin in held:
            continue
        before, netted = netted, net([fill], netted)
        taken.append(fill)
        if len(netted.fill_keys) == 1 and before.fill_keys:
            held = set()
        held.add(fill.twin)
    return netted, taken


def _is_exact(record: PositionRecord | None) -> bool:
    if record is None or record.adjusted:
        return False
    return not record.quantity or sum((f.signed_quantity for f in record.fills), _ZERO) == record.quantity


def total(predicted: dict[str, Predicted]) -> Decimal:
    """Return the sum over all owners."""
    return sum((one.netted.quantity for one in predicted.values()), _ZERO)


def replay_for(
    one: Predicted, key: PositionKey, view: View, tolerance: Tolerance
) -> ReplayPosition | RefusalCode | None:
    """Return the replay that puts a position's fills in the venue's time order.

    The true order is the venue's own history since the position was last flat where that is listed, else the fills of
    the node's position and of the plan.

    Returns
    -------
    ReplayPosition, RefusalCode or None
        None when the average price is right without; a refusal when the true life cycle begins in the middle of a
        fill or with fills that the engine's position no longer holds, which cannot be replayed within one position.
    """
    if not one.is_exact or not one.netted.quantity or one.netted.average_price is None:
        return None
    ordered = in_time_order(one.fills)
    if ordered == list(one.fills) and not _is_known(view, key):
        return None  # all of it comes from a clean cut, in order
    listed = true_life_cycle(view, key) if view.venue_quantity(key) == one.netted.quantity else None
    true = listed or net(ordered)
    if true.quantity != one.netted.quantity or true.average_price is None:
        return RefusalCode.NEEDS_REBUILD
    if within(true.average_price, one.netted.average_price, tolerance.arithmetic_relative):
        return None
    # The position may hold no more than the rest of a fill that crossed zero, and less of it than the true order says.
    own = {view.venue_key(fill): fill for fill in one.fills}
    is_held = set(true.fill_keys) <= set(one.netted.fill_keys)
    if true.opened_by_flip or not is_held or net(own[name] for name in true.fill_keys).quantity != true.quantity:
        return RefusalCode.NEEDS_REBUILD
    position_id = one.record.position_id if one.record is not None else None
    return ReplayPosition(
        instrument_id=key[0],
        leg=key[1],
        position_id=position_id or "",
        owner=one.owner,
        fill_keys=tuple(own[name].key for name in true.fill_keys),
        quantity=true.quantity,
        average_price=true.average_price,
    )


def holds_only_venue_fills(view: View, key: PositionKey) -> bool:
    """Return whether every fill that the node's positions hold is one of the venue's, at its price."""
    for position in view.node.positions_by_key.get(key, ()):
        for fill in position.fills:
            said = view.venue.fill_by_key.get(view.venue_key(fill))
            if said is None:
                if view.would_list(fill):
                    return False
            elif said.price != fill.price:
                return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class NoOpening:
    """Hold why no opening balance can be booked."""

    code: RefusalCode
    reason: str


def opening_for(view: View, key: PositionKey, owner: str) -> OpeningBalance | NoOpening | None:
    """Return the opening balance of a position that is older than the venue's history.

    Only where the node knows nothing of the position, and the venue's history of it is complete from an instant later
    than the beginning. It is priced so that the average after the listed fills equals the venue's.

    Returns
    -------
    OpeningBalance, NoOpening or None
        None when the position is not one of that kind.
    """
    history = listed_history(view, key)
    if history is None or history.is_whole or _is_known(view, key):
        return None
    got = view.venue.coverage.fills.got
    if got is None or got.start_ns == 0 or not view.venue.coverage.complete_for(RecordKind.FILLS, key[0]):
        return None
    if history.last_flat() is not None:
        return None  # it was flat since: the present life cycle is listed whole
    unlisted = _order_without_its_fills(view, key, got.start_ns)
    if unlisted is not None:
        return NoOpening(
            code=RefusalCode.FILLS_INCOMPLETE,
            reason=f"order {unlisted.name} filled since the history begins, and its fills are not listed",
        )
    cut = opening_cut(history, settled_orders(view, history))
    if cut is None:
        return NoOpening(
            code=RefusalCode.FILLS_INCOMPLETE,
            reason="an open order began before the venue's history and its first fills are not listed",
        )
    held = view.venue.positions_by_key[key][0]
    after = history.fills[cut:]
    price = opening_price(after, held.quantity, held.average_price) if held.average_price is not None else None
    if price is None:
        return NoOpening(
            code=RefusalCode.PRICE_UNKNOWN,
            reason="the position is older than the venue's history and the venue gives no usable average price",
        )
    quantity = history.before[cut]
    side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
    name = opening_client_order_id(view.node.account_id, *key)
    return OpeningBalance(
        instrument_id=key[0],
        leg=key[1],
        side=side,
        quantity=abs(quantity),
        price=price,
        client_order_id=name,
        venue_order_id=name,
        trade_id=opening_trade_id(view.node.account_id, *key, side),
        owner=owner,
        # Everything that the venue lists up to here is absorbed by the balance, at this start and at every later one.
        time_ns=history.fills[cut - 1].time_ns if cut else got.start_ns - 1,
    )


def _order_without_its_fills(view: View, key: PositionKey, since_ns: int) -> OrderRecord | None:
    """Return an order of a position that began within the history and lacks fills there: then the list is not whole.

    A balance would take the place of those fills, and of their order, for good.
    """
    for pair in view.pairs:
        order = pair.venue
        if (order.instrument_id, order.leg) != key or order.accepted_ns < since_ns:
            continue
        if pair.listed_quantity < order.filled_quantity:
            return order
    return None


def _is_known(view: View, key: PositionKey) -> bool:
    if any(position.quantity or position.fills for position in view.node.positions_by_key.get(key, ())):
        return True
    return key in view.node_fills_by_position


def reaches_node_history(view: View, key: PositionKey) -> bool:
    """Return whether the venue's fills were read from the node's last fill on, or from the beginning."""
    got = view.venue.coverage.fills.got
    if got is None:
        return False
    times = [fill.time_ns for fill in view.node_fills_by_position.get(key, ())]
    times += [fill.time_ns for position in view.node.positions_by_key.get(key, ()) for fill in position.fills]
    return got.start_ns <= max(times, default=0)


def opening_as_fill(opening: OpeningBalance) -> Fill:
    """Return the fill that an opening balance amounts to, for predictions."""
    fill = FillRecord(
        trade_id=opening.trade_id,
        instrument_id=opening.instrument_id,
        side=opening.side,
        quantity=opening.quantity,
        price=opening.price,
        time_ns=opening.time_ns,
        client_order_id=opening.client_order_id,
        venue_order_id=opening.venue_order_id,
        leg=opening.leg,
        synthetic=True,
    )
    return Fill(fill=fill, owner=opening.owner)


def is_split(predicted: dict[str, Predicted], leg: Leg) -> bool:
    """Return whether more than one owner would hold a one-way position."""
    return leg is Leg.BOTH and sum(1 for one in predicted.values() if one.netted.quantity) > 1
