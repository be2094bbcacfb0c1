"""A small venue that trades at random, and a node that hears of it with gaps.

Everything is drawn from one `random.Random`, so that Hypothesis can shrink it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from random import Random

from tests.unit.core.engine_model import ACCOUNT, EXTERNAL, OWN, EngineModel
from trueup.model import (
    Coverage,
    FillRecord,
    Leg,
    LiquiditySide,
    OrderRecord,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionRecord,
    VenueSnapshot,
    external_client_order_id,
)

INSTRUMENTS = ("AAA.VENUE", "BBB.VENUE", "HHH.VENUE")
HEDGED = "HHH.VENUE"
SECOND = 1_000_000_000
TRADE_ID_USED_AGAIN_SHARE = 0.2
# Long after every event: no order of the histories is within a grace.
NOW = 1_000_000 * SECOND


@dataclass
class Losses:
    """What goes wrong between the venue and the node."""

    lose_event: float = 0.0
    down_from: float = 1.0  # share of the history after which the node hears nothing
    corruptions: int = 0
    never_sent: int = 0


@dataclass
class VenueModel:
    """Orders and fills of a venue, and the node model that follows them."""

    random: Random
    losses: Losses
    is_claimed: bool
    orders: dict[str, OrderRecord] = field(default_factory=dict)
    fills: list[FillRecord] = field(default_factory=list)
    held: dict[tuple[str, Leg], tuple[Fraction, Fraction]] = field(default_factory=dict)
    time_ns: int = 1_000 * SECOND
    is_down: bool = False

    def __post_init__(self) -> None:
        self.node = EngineModel(claims=dict.fromkeys(INSTRUMENTS, OWN) if self.is_claimed else {})
        self.counter = 0

    # -- the venue -----------------------------------------------------------------------------------------------------

    def run(self, actions: int) -> None:
        for index in range(actions):
            self.is_down = index >= self.losses.down_from * actions
            self.time_ns += self.random.choice((0, 0, SECOND, 5 * SECOND))
            self._act()
        self.is_down = False

    def flatten(self) -> None:
        """Close every position by an order of its own, of which the node hears."""
        for (instrument_id, leg), (quantity, _) in sorted(self.held.items()):
            if not quantity:
                continue
            self.counter += 1
            self.time_ns += SECOND
            order = OrderRecord(
                instrument_id=instrument_id,
                client_order_id=f"web_{self.counter}",
                venue_order_id=str(1_000 + self.counter),
                side=OrderSide.SELL if quantity > 0 else OrderSide.BUY,
                status=OrderStatus.ACCEPTED,
                order_type=OrderType.MARKET,
                quantity=abs(Decimal(int(quantity))),
                leg=leg,
                accepted_ns=self.time_ns,
                updated_ns=self.time_ns,
            )
            self._set(order)
            self.node.add(replace(order, owner=OWN if self.is_claimed else EXTERNAL))
            while order.is_open:
                self.time_ns += SECOND
                self._match(order)
                order = self.orders[order.venue_order_id or ""]

    def _act(self) -> None:
        working = [order for order in self.orders.values() if order.is_open]
        choice = self.random.choice(("place", "fill", "fill", "fill", "cancel", "amend", "expire", "trigger"))
        if choice == "place" or not working:
            self._place()
            return
        order = self.random.choice(working)
        if choice == "fill":
            self._match(order)
        elif choice == "cancel":
            self._end(order, OrderStatus.CANCELED)
        elif choice == "expire":
            self._end(order, OrderStatus.EXPIRED)
        elif choice == "amend":
            self._amend(order)
        elif order.order_type is OrderType.STOP_LIMIT and order.status is OrderStatus.ACCEPTED:
            self._set(replace(order, status=OrderStatus.TRIGGERED, updated_ns=self.time_ns))
            self._tell_status(order, OrderStatus.TRIGGERED)

    def _place(self) -> None:
        self.counter += 1
        instrument_id = self.random.choice(INSTRUMENTS)
        is_own = self.is_claimed and self.random.random() < 0.7
        name = f"O-{self.counter}" if is_own else self.random.choice((None, f"web_{self.counter}"))
        order_type = self.random.choice((OrderType.LIMIT, OrderType.LIMIT, OrderType.MARKET, OrderType.STOP_LIMIT))
        leg = self.random.choice((Leg.LONG, Leg.SHORT)) if instrument_id == HEDGED else Leg.BOTH
        order = OrderRecord(
            instrument_id=instrument_id,
            client_order_id=name,
            venue_order_id=str(1_000 + self.counter),
            side=self.random.choice((OrderSide.BUY, OrderSide.SELL)),
            status=OrderStatus.ACCEPTED,
            order_type=order_type,
            quantity=Decimal(self.random.randint(1, 6)),
            price=None if order_type is OrderType.MARKET else Decimal(self.random.randint(90, 110)),
            trigger_price=Decimal(100) if order_type is OrderType.STOP_LIMIT else None,
            leg=leg,
            accepted_ns=self.time_ns,
            updated_ns=self.time_ns,
        )
        self._set(order)
        node_order = replace(order, client_order_id=self.node_name(order), owner=OWN if self.is_claimed else EXTERNAL)
        if is_own:
            # The node sent it, so it knows it, whether or not it hears of it again; unless it is down.
            if self.is_down:
                return
            self.node.add(replace(node_order, status=OrderStatus.SUBMITTED, venue_order_id=None))
            if self._hears():
                self._node_set(node_order, status=OrderStatus.ACCEPTED, venue_order_id=order.venue_order_id)
        elif self._hears():
            self.node.add(node_order)

    def _match(self, order: OrderRecord) -> None:
        left = order.quantity - order.filled_quantity
        quantity = Decimal(self.random.randint(1, int(left)))
        key = (order.instrument_id, order.leg)
        signed = Fraction(quantity if order.side is OrderSide.BUY else -quantity)
        before, average = self.held.get(key, (Fraction(0), Fraction(0)))
        if (order.leg is Leg.LONG and before + signed < 0) or (order.leg is Leg.SHORT and before + signed > 0):
            return  # a leg never crosses zero
        self.counter += 1
        price = Decimal(self.random.randint(90, 110))
        fill = FillRecord(
            trade_id=self._trade_id(order, price),
            instrument_id=order.instrument_id,
            venue_order_id=order.venue_order_id,
            client_order_id=order.client_order_id,
            side=order.side,
            quantity=quantity,
            price=price,
            commission=quantity * price * Decimal("0.0004"),
            commission_currency="USDT",
            liquidity=self.random.choice((LiquiditySide.MAKER, LiquiditySide.TAKER)),
            leg=order.leg,
            time_ns=self.time_ns,
        )
        self.fills.append(fill)
        self.held[key] = _net(before, average, signed, Fraction(price))
        filled = order.filled_quantity + quantity
        status = OrderStatus.FILLED if filled == order.quantity else OrderStatus.PARTIALLY_FILLED
        self._set(replace(order, status=status, filled_quantity=filled, updated_ns=self.time_ns))
        node_order = self.node.orders.get(self.node_name(order))
        if self._hears() and node_order is not None and self._node_takes(node_order, fill):
            self.node.book(self.node_name(order), fill)
            if node_order.venue_order_id is None:
                self._node_set(node_order, venue_order_id=order.venue_order_id)

    def _trade_id(self, order: OrderRecord, price: Decimal) -> str:
        """Return a new trade id, or one that was used on another order.

        At another price: at the same one the engine's position would take the two fills for one. As the first of its
        instant: within one, trade ids tell the order.
        """
        is_first = all(fill.time_ns != self.time_ns for fill in self.fills)
        if self.fills and is_first and self.random.random() < TRADE_ID_USED_AGAIN_SHARE:
            used = self.random.choice(self.fills).trade_id
            of_it = [fill for fill in self.fills if fill.trade_id == used]
            if all(fill.venue_order_id != order.venue_order_id and fill.price != price for fill in of_it):
                return used
        return str(self.counter)

    def _node_takes(self, order: OrderRecord, fill: FillRecord) -> bool:
        if order.is_closed or order.status is OrderStatus.INITIALIZED:
            return False
        return order.filled_quantity + fill.quantity <= order.quantity

    def _end(self, order: OrderRecord, status: OrderStatus) -> None:
        self._set(replace(order, status=status, updated_ns=self.time_ns))
        self._tell_status(order, status)

    def _amend(self, order: OrderRecord) -> None:
        if order.order_type is OrderType.MARKET:
            return
        lowest = int(order.filled_quantity) + 1
        changed = replace(
            order,
            quantity=Decimal(self.random.randint(lowest, lowest + 5)),
            price=Decimal(self.random.randint(90, 110)),
            updated_ns=self.time_ns,
        )
        self._set(changed)
        held = self.node.orders.get(self.node_name(order))
        if self._hears() and held is not None and held.is_open and changed.quantity > held.filled_quantity:
            self._node_set(held, quantity=changed.quantity, price=changed.price)

    def _set(self, order: OrderRecord) -> None:
        assert order.venue_order_id is not None
        self.orders[order.venue_order_id] = order

    # -- the node ------------------------------------------------------------------------------------------------------

    def node_name(self, order: OrderRecord) -> str:
        assert order.venue_order_id is not None
        return order.client_order_id or external_client_order_id(ACCOUNT, order.instrument_id, order.venue_order_id)

    def _hears(self) -> bool:
        return not self.is_down and self.random.random() >= self.losses.lose_event

    def _node_set(self, order: OrderRecord, **changes: object) -> None:
        assert order.client_order_id is not None
        held = self.node.orders[order.client_order_id]
        status = changes.pop("status", held.status)
        assert isinstance(status, OrderStatus)
        self.node.set_status(order.client_order_id, status, updated_ns=self.time_ns, **changes)

    def _tell_status(self, order: OrderRecord, status: OrderStatus) -> None:
        held = self.node.orders.get(self.node_name(order))
        if not self._hears() or held is None or not held.is_open:
            return
        if status is OrderStatus.TRIGGERED and held.status is not OrderStatus.ACCEPTED:
            return
        self._node_set(held, status=status)

    def damage(self) -> None:
        """Corrupt the node as lost writes and native reconciliation do."""
        for _ in range(self.losses.never_sent):
            self.counter += 1
            order = OrderRecord(
                instrument_id=INSTRUMENTS[0],
                client_order_id=f"L-{self.counter}",
                side=OrderSide.BUY,
                status=self.random.choice((OrderStatus.SUBMITTED, OrderStatus.INITIALIZED)),
                quantity=Decimal(1),
                price=Decimal(100),
                owner=OWN,
                updated_ns=self.time_ns,
            )
            if self.is_claimed:
                self.node.add(order)
        for _ in range(self.losses.corruptions):
            name = self.random.choice(sorted(name for name in dir(self) if name.startswith("_corrupt_")))
            getattr(self, name)()

    def _any_order(self, *, is_filled: bool) -> OrderRecord | None:
        found = [order for order in self.node.orders.values() if bool(order.filled_quantity) is is_filled]
        return self.random.choice(found) if found else None

    def _corrupt_wrongly_terminal(self) -> None:
        order = self._any_order(is_filled=False)
        if order is not None and order.client_order_id is not None:
            status = self.random.choice((OrderStatus.REJECTED, OrderStatus.CANCELED, OrderStatus.EXPIRED))
            self.node.set_status(order.client_order_id, status)

    def _corrupt_wrongly_canceled_with_fills(self) -> None:
        order = self._any_order(is_filled=True)
        if order is not None and order.client_order_id is not None:
            self.node.set_status(order.client_order_id, OrderStatus.CANCELED)

    def _corrupt_pending(self) -> None:
        order = self.random.choice([*(o for o in self.node.orders.values() if o.is_open), None])
        if order is not None and order.client_order_id is not None and not order.status.is_pending:
            status = self.random.choice((OrderStatus.PENDING_CANCEL, OrderStatus.PENDING_UPDATE))
            self.node.set_status(order.client_order_id, status)

    def _corrupt_invented_fill(self) -> None:
        order = self.random.choice([*(o for o in self.node.orders.values() if o.is_open), None])
        if order is None or order.client_order_id is None:
            return
        left = order.quantity - order.filled_quantity
        if left > 0:
            self.counter += 1
            fill = FillRecord(
                trade_id=f"S-{self.counter}",
                instrument_id=order.instrument_id,
                venue_order_id=order.venue_order_id,
                side=order.side,
                quantity=Decimal(self.random.randint(1, int(left))),
                price=self.random.choice((Decimal(0), Decimal(101))),
                time_ns=self.time_ns,
                leg=order.leg,
                synthetic=True,
            )
            self.node.book(order.client_order_id, fill)

    def _corrupt_phantom_order(self) -> None:
        """Add a reconciliation order that moves a position and was never at the venue."""
        self.counter += 1
        name = f"RECON-{self.counter}"
        instrument_id = self.random.choice(INSTRUMENTS[:2])
        owner = self.random.choice((OWN, EXTERNAL)) if self.is_claimed else EXTERNAL
        order = OrderRecord(
            instrument_id=instrument_id,
            client_order_id=name,
            venue_order_id=name,
            side=OrderSide.SELL,
            status=OrderStatus.ACCEPTED,
            order_type=OrderType.MARKET,
            quantity=Decimal(2),
            owner=owner,
            updated_ns=self.time_ns,
        )
        self.node.add(order)
        fill = FillRecord(
            trade_id=f"S-{self.counter}",
            instrument_id=instrument_id,
            venue_order_id=name,
            side=OrderSide.SELL,
            quantity=Decimal(2),
            price=Decimal(0),
            time_ns=self.time_ns,
            synthetic=True,
        )
        self.node.book(name, fill)

    def _corrupt_doubled_fill(self) -> None:
        """Book a fill of one order on another order, too."""
        held = [(name, fill) for name, fills in self.node.fills.items() for fill in fills]
        if not held:
            return
        name, fill = self.random.choice(held)
        others = [
            other
            for other, order in self.node.orders.items()
            if other != name
            and order.instrument_id == fill.instrument_id
            and order.leg is fill.leg
            and order.side is fill.side
            and order.is_open
            and order.quantity - order.filled_quantity >= fill.quantity
        ]
        if others:
            other = self.random.choice(sorted(others))
            venue_order_id = self.node.orders[other].venue_order_id
            self.node.book(other, replace(fill, venue_order_id=venue_order_id))

    def _corrupt_invented_name(self) -> None:
        """Let the node know an order of the venue by a name that the engine made up."""
        at_venue = {order.client_order_id for order in self.orders.values()}
        named = [(name, held) for name, held in self.node.orders.items() if name in at_venue and held.venue_order_id]
        if not named:
            return
        name, held = self.random.choice(named)
        self.counter += 1
        invented = f"UUID-{self.counter}"
        del self.node.orders[name]
        self.node.add(replace(held, client_order_id=invented))
        self.node.fills[invented] = [replace(fill, client_order_id=invented) for fill in self.node.fills.pop(name)]
        self.node.previous[invented] = self.node.previous.pop(name, held.status)

    def _corrupt_wrong_commission(self) -> None:
        filled = [name for name, fills in self.node.fills.items() if fills]
        if filled:
            fills = self.node.fills[self.random.choice(sorted(filled))]
            fills[0] = replace(fills[0], commission=Decimal(0))

    def _corrupt_lost_order(self) -> None:
        if self.node.orders:
            name = self.random.choice(sorted(self.node.orders))
            del self.node.orders[name]
            del self.node.fills[name]

    def _corrupt_lost_position(self) -> None:
        if self.node.positions:
            del self.node.positions[self.random.choice(sorted(self.node.positions))]

    # -- snapshots -----------------------------------------------------------------------------------------------------

    def snapshot(self) -> VenueSnapshot:
        positions = tuple(
            PositionRecord(
                instrument_id=instrument_id,
                leg=leg,
                quantity=Decimal(int(quantity)),
                average_price=Decimal(average.numerator) / Decimal(average.denominator),
            )
            for (instrument_id, leg), (quantity, average) in self.held.items()
            if quantity
        )
        known = {self.node_name(order) for order in self.orders.values()}
        numbers = set(self.orders)
        unknown = frozenset(
            name
            for name, order in self.node.orders.items()
            if name not in known
            and order.venue_order_id not in numbers
            and (not order.is_closed or order.filled_quantity)
        )
        return VenueSnapshot(
            account_id=ACCOUNT,
            started_ns=NOW,
            ended_ns=NOW + SECOND,
            orders=tuple(self.orders.values()),
            fills=tuple(self.fills),
            positions=positions,
            coverage=Coverage.full(NOW + SECOND),
            unknown_orders=unknown,
        )


def _net(quantity: Fraction, average: Fraction, signed: Fraction, price: Fraction) -> tuple[Fraction, Fraction]:
    after = quantity + signed
    if not quantity or (after and (after > 0) != (quantity > 0)):
        return after, price
    if (quantity > 0) == (signed > 0):
        return after, (average * quantity + price * signed) / after
    return after, average
