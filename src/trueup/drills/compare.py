"""Compare a node with the venue's truth, strictly and independently: no line of this is shared with the core.

What differs comes back as typed differences. Ownership and the balance are listed apart, since the baseline judges
orders, fills, commissions, net positions and average prices.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from trueup.drills.records import OWN_STRATEGY, NodeFill, NodeOrder, NodePosition, NodeState
from trueup.drills.venue.values import Leg, VenueFill, VenueOrder, VenuePosition

AVERAGE_PRICE_RELATIVE_ERROR_MAX = Decimal("1e-9")  # the engine averages in binary doubles: 1e-15 a fill, 1e-9 is ample
NEVER_SENT = frozenset({"INITIALIZED", "DENIED"})
ENDED_UNFILLED = frozenset({"REJECTED", "CANCELED", "EXPIRED"})


class Difference(StrEnum):
    """What can be wrong with a node."""

    ORDER_MISSING = "order missing"
    ORDER_INVENTED = "order invented"
    ORDER_STATUS = "order status"
    ORDER_QUANTITY = "order quantity"
    ORDER_PRICE = "order price"
    ORDER_FILLED = "order filled quantity"
    FILL_MISSING = "fill missing"
    FILL_INVENTED = "fill invented"
    FILL_DUPLICATED = "fill duplicated"
    FILL_QUANTITY = "fill quantity"
    FILL_PRICE = "fill price"
    FILL_COMMISSION = "fill commission"
    FILL_SEQUENCE = "fills applied in another order"
    RESULT = "realised result"
    POSITION_QUANTITY = "position quantity"
    POSITION_AVERAGE_PRICE = "position average price"
    POSITION_OPPOSED = "position held against itself"
    CHANGED_BY_RESTART = "changed by a restart"
    OWNER_LOST = "owner lost"
    OWNER_SPLIT = "ownership split"
    BALANCE = "balance"


class Books(Protocol):
    """A venue's truth: every order and fill there ever was, and the positions."""

    @property
    def hedging(self) -> bool:
        """Return whether the account keeps a long and a short leg per instrument."""
        ...

    @property
    def balance(self) -> Decimal | None:
        """Return the balance; None where it is not compared."""
        ...

    @property
    def orders(self) -> tuple[VenueOrder, ...]:
        """Return every order, oldest first."""
        ...

    @property
    def fills(self) -> tuple[VenueFill, ...]:
        """Return every fill in the order in which they happened."""
        ...

    def positions(self) -> Iterator[VenuePosition]:
        """Yield every position."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference, in one line."""

    what: Difference
    subject: str
    venue: str
    node: str

    def __str__(self) -> str:
        return f"{self.what.value} {self.subject}: venue {self.venue or 'nothing'}, node {self.node or 'nothing'}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences of one moment."""

    findings: tuple[Finding, ...]
    ownership: tuple[Finding, ...]
    balance: tuple[Finding, ...]

    @property
    def is_equal(self) -> bool:
        """Return whether orders, fills and positions equal the venue's."""
        return not self.findings

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the sorted kinds of what is wrong, with how many of each."""
        counted = Counter(finding.what.value for finding in self.findings)
        return tuple(f"{kind} x{number}" if number > 1 else kind for kind, number in sorted(counted.items()))


def compare(
    truth: Books,
    state: NodeState,
    *,
    alive_since_ns: int | None = None,
    own: Sequence[str] = (),
    optional: frozenset[str] = frozenset(),
) -> Comparison:
    """Return what differs between the venue's truth and a node.

    Parameters
    ----------
    truth : Truth
        The venue's books.
    state : NodeState
        The node's state.
    alive_since_ns : int, optional
        If given, closed orders may be missing in the node that lie before this time, or outside the current life of an
        open position; and one opening fill a leg may stand for those of them that the position is made of.
    own : Sequence[str]
        Client order ids that the strategy submitted, which it should own.
    optional : frozenset of str
        Venue order ids of closed orders that may be missing in the node, such as `outside_of_life` at a cold start.
    """
    findings = [*_orders(truth, state, alive_since_ns, optional), *_positions(truth, state)]
    balance = []
    if truth.balance is not None and state.balance != truth.balance:
        balance = [Finding(Difference.BALANCE, "USDT", str(truth.balance), str(state.balance))]
    return Comparison(tuple(findings), tuple(_ownership(state, own, hedging=truth.hedging)), tuple(balance))


# -- Orders and fills ------------------------------------------------------------------------------


def _orders(truth: Books, state: NodeState, alive_since_ns: int | None, may_miss: frozenset[str]) -> Iterator[Finding]:
    fills = defaultdict(list)
    for fill in truth.fills:
        fills[fill.venue_order_id].append(fill)
    optional = frozenset() if alive_since_ns is None else _dispensable(truth, alive_since_ns)
    unmatched = list(state.orders)
    for order in truth.orders:
        matches = [held for held in unmatched if _is_same(order, held)]
        for held in matches:
            unmatched.remove(held)
        if not matches:
            if order.venue_order_id not in optional | may_miss:
                yield Finding(Difference.ORDER_MISSING, _name(order), f"{order.status} {order.quantity}", "")
            continue
        yield from _order(order, matches[0], fills[order.venue_order_id])
        for held in matches[1:]:
            yield Finding(Difference.ORDER_INVENTED, held.client_order_id, "", f"a second {_name(order)}")
    openings_left = Counter(symbol for symbol, _ in _shortfalls(truth, state)) if optional else Counter()
    for held in unmatched:
        if held.status in NEVER_SENT or (held.status in ENDED_UNFILLED and held.filled_quantity == 0):
            continue
        if openings_left[held.symbol] and held.status == "FILLED":
            openings_left[held.symbol] -= 1  # one opening balance a leg, no more
            continue
        said = " ".join([held.side, str(held.quantity), held.status, "of", held.owner, *held.tags])
        yield Finding(Difference.ORDER_INVENTED, held.client_order_id, "", said)


def _is_same(order: VenueOrder, held: NodeOrder) -> bool:
    if held.venue_order_id is not None:
        return held.venue_order_id == order.venue_order_id
    return order.client_order_id is not None and held.client_order_id == order.client_order_id


def _name(order: VenueOrder) -> str:
    return order.client_order_id or order.venue_order_id


def _order(order: VenueOrder, held: NodeOrder, fills: Sequence[VenueFill]) -> Iterator[Finding]:
    name = _name(order)
    if held.status != order.status.value:
        yield Finding(Difference.ORDER_STATUS, name, order.status.value, held.status)
    if held.quantity != order.quantity:
        yield Finding(Difference.ORDER_QUANTITY, name, str(order.quantity), str(held.quantity))
    if held.price is not None and held.price != order.price:
        yield Finding(Difference.ORDER_PRICE, name, str(order.price), str(held.price))
    if held.filled_quantity != order.filled_quantity:
        yield Finding(Difference.ORDER_FILLED, name, str(order.filled_quantity), str(held.filled_quantity))
    yield from _fills(name, fills, held.fills)


def _fills(name: str, fills: Sequence[VenueFill], held: Sequence[NodeFill]) -> Iterator[Finding]:
    booked: dict[str, list[NodeFill]] = defaultdict(list)
    for fill in held:
        booked[fill.trade_id].append(fill)
    for real in fills:
        found = booked.pop(real.trade_id, [])
        subject = f"{name}/{real.trade_id}"
        if not found:
            yield Finding(Difference.FILL_MISSING, subject, f"{real.quantity} @ {real.price}", "")
            continue
        if len(found) > 1:
            yield Finding(Difference.FILL_DUPLICATED, subject, "once", f"{len(found)} times")
        yield from _fill(subject, real, found[0])
    for trade_id, invented in booked.items():
        for fill in invented:
            yield Finding(Difference.FILL_INVENTED, f"{name}/{trade_id}", "", f"{fill.quantity} @ {fill.price}")


def _fill(subject: str, real: VenueFill, fill: NodeFill) -> Iterator[Finding]:
    if fill.quantity != real.quantity:
        yield Finding(Difference.FILL_QUANTITY, subject, str(real.quantity), str(fill.quantity))
    if fill.price != real.price:
        yield Finding(Difference.FILL_PRICE, subject, str(real.price), str(fill.price))
    if fill.commission != real.commission:
        yield Finding(Difference.FILL_COMMISSION, subject, str(real.commission), str(fill.commission))


def outside_of_life(truth: Books) -> frozenset[str]:
    """Return the venue order ids of closed orders that carry no fill of a position as it is open now.

    What a cold start need not rebuild where ``history = "current"``.
    """
    return _dispensable(truth, 0)


def _dispensable(truth: Books, since_ns: int) -> frozenset[str]:
    """Return the closed orders before a time, and those that carry no fill of the current life of a position."""
    life: dict[tuple[str, Leg], list[VenueFill]] = defaultdict(list)
    running: dict[tuple[str, Leg], Decimal] = defaultdict(Decimal)
    for fill in truth.fills:
        key = (fill.symbol, fill.leg)
        before, after = running[key], running[key] + fill.side.sign * fill.quantity
        if before == 0 or before * after < 0:
            life[key] = []
        life[key].append(fill)
        if after == 0:
            life[key] = []
        running[key] = after
    needed = {fill.venue_order_id for fills in life.values() for fill in fills}
    return frozenset(
        order.venue_order_id
        for order in truth.orders
        if not order.status.is_open and (order.updated_ns < since_ns or order.venue_order_id not in needed)
    )


def _shortfalls(truth: Books, state: NodeState) -> Iterator[tuple[str, Leg]]:
    """Yield the legs whose fills in the node do not add up to the venue's position."""
    known = {(order.symbol, fill.trade_id) for order in state.orders for fill in order.fills}  # ids are a symbol's own
    for position in truth.positions():
        booked = sum(
            (fill.side.sign * fill.quantity)
            for fill in truth.fills
            if (fill.symbol, fill.trade_id) in known and (fill.symbol, fill.leg) == (position.symbol, position.leg)
        )
        if booked != position.quantity:
            yield position.symbol, position.leg


# -- Positions -------------------------------------------------------------------------------------


def _positions(truth: Books, state: NodeState) -> Iterator[Finding]:
    legs: dict[tuple[str, Leg], VenuePosition] = {(held.symbol, held.leg): held for held in truth.positions()}
    for position in state.positions:
        leg = _leg_of(position, hedging=truth.hedging)
        legs.setdefault((position.symbol, leg), VenuePosition(position.symbol, leg, Decimal(0), None, 0))
    for (symbol, leg), real in legs.items():
        held = [
            position
            for position in state.positions
            if position.symbol == symbol and _leg_of(position, hedging=truth.hedging) is leg
        ]
        yield from _position(symbol if leg is Leg.BOTH else f"{symbol} {leg}", real, held)


def _leg_of(position: NodePosition, *, hedging: bool) -> Leg:
    if not hedging:
        return Leg.BOTH
    if position.position_id.endswith(("-LONG", "-SHORT")):
        return Leg.LONG if position.position_id.endswith("-LONG") else Leg.SHORT
    return Leg.LONG if position.quantity > 0 else Leg.SHORT


def _position(subject: str, real: VenuePosition, held: Sequence[NodePosition]) -> Iterator[Finding]:
    net = sum((position.quantity for position in held), Decimal(0))
    if net != real.quantity:
        yield Finding(Difference.POSITION_QUANTITY, subject, str(real.quantity), str(net))
    if any(position.quantity > 0 for position in held) and any(position.quantity < 0 for position in held):
        parts = ", ".join(f"{position.owner} {position.quantity}" for position in held)
        yield Finding(Difference.POSITION_OPPOSED, subject, str(real.quantity), parts)
        return
    if net == 0 or real.average_price is None:
        return
    average = sum((position.average_price * position.quantity for position in held), Decimal(0)) / net
    if abs(average - real.average_price) > AVERAGE_PRICE_RELATIVE_ERROR_MAX * abs(real.average_price):
        yield Finding(Difference.POSITION_AVERAGE_PRICE, subject, str(real.average_price), str(average.normalize()))


def changes(before: NodeState, after: NodeState, restart: int) -> Iterator[Finding]:
    """Yield what a restart changed in a node's own state, to the last digit and identifier."""
    orders = _paired({one.client_order_id: one for one in before.orders}, {o.client_order_id: o for o in after.orders})
    held = _paired({one.position_id: one for one in before.positions}, {p.position_id: p for p in after.positions})
    for name, was, now in (*orders, *held):
        if was != now:
            yield Finding(Difference.CHANGED_BY_RESTART, f"{name} (restart {restart})", str(was), str(now))


def _paired(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[tuple[str, object, object]]:
    for name in sorted({*before, *after}):
        yield name, before.get(name), after.get(name)


# -- Ownership -------------------------------------------------------------------------------------


def _ownership(state: NodeState, own: Sequence[str], *, hedging: bool) -> Iterator[Finding]:
    for order in state.orders:
        if order.client_order_id in own and order.owner != OWN_STRATEGY:
            yield Finding(Difference.OWNER_LOST, order.client_order_id, OWN_STRATEGY, order.owner)
    owners: dict[tuple[str, Leg], set[str]] = defaultdict(set)
    for position in state.positions:
        owners[position.symbol, _leg_of(position, hedging=hedging)].add(position.owner)  # two legs are two positions
    for (symbol, leg), several in owners.items():
        if len(several) > 1:
            subject = symbol if leg is Leg.BOTH else f"{symbol} {leg}"
            yield Finding(Difference.OWNER_SPLIT, subject, "one owner", ", ".join(sorted(several)))
