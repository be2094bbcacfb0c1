"""A small model of the engine: what it does with each step, and what its state machine refuses.

It stands for the measured behaviour of NautilusTrader 1.231.0 and shares no arithmetic with the core: positions are
kept in fractions here. A step that the real engine would refuse, or answer with an invented event, raises
`EngineRefusedError`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from trueup.model import (
    Amend,
    ClaimOwner,
    Coverage,
    Fill,
    FillRecord,
    Final,
    Leg,
    NodeSnapshot,
    OpeningBalance,
    OrderRecord,
    OrderStatus,
    OrderType,
    PendingResolved,
    PositionRecord,
    RebuildInstrument,
    ReplayPosition,
    Revive,
    Seed,
    Step,
)

ACCOUNT = "VENUE-001"
OWN = "S-001"
EXTERNAL = "EXTERNAL"

_OPEN = {"ACCEPTED", "TRIGGERED", "PENDING_UPDATE", "PENDING_CANCEL", "PARTIALLY_FILLED"}
_FILLABLE = _OPEN | {"SUBMITTED", "CANCELED"}
_ENDING_FROM = {
    "CANCELED": _OPEN | {"INITIALIZED", "SUBMITTED"},
    "EXPIRED": _OPEN | {"INITIALIZED"},
    "REJECTED": {"INITIALIZED", "SUBMITTED", "ACCEPTED", "TRIGGERED", "PENDING_UPDATE", "PENDING_CANCEL"},
    "TRIGGERED": {"INITIALIZED", "ACCEPTED", "PENDING_UPDATE"},
}
_TRIGGERABLE = {OrderType.STOP_LIMIT, OrderType.TRAILING_STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED}


class EngineRefusedError(Exception):
    """The engine refuses a step, or would answer it with something that nobody confirmed."""


@dataclass
class ModelPosition:
    """One NETTING position of one owner."""

    instrument_id: str
    leg: Leg
    owner: str
    fills: list[FillRecord] = field(default_factory=list)
    quantity: Fraction = Fraction(0)
    average: Fraction = Fraction(0)
    opened_ns: int = 0

    @property
    def position_id(self) -> str:
        return f"{self.instrument_id}-{self.owner}-{self.leg}"

    def apply(self, fill: FillRecord) -> None:
        """Apply a fill as the engine does: refuse a duplicate, start anew when flat, split a fill that crosses zero."""
        twin = (fill.trade_id, fill.side, fill.price, fill.quantity)
        if any((held.trade_id, held.side, held.price, held.quantity) == twin for held in self.fills):
            return
        signed = Fraction(fill.signed_quantity)
        if self.quantity and (self.quantity > 0) != (signed > 0) and abs(signed) > abs(self.quantity):
            rest = abs(signed) - abs(self.quantity)
            self._add(replace(fill, quantity=_decimal(abs(self.quantity))))
            self._add(replace(fill, quantity=_decimal(rest)))
        else:
            self._add(fill)

    def _add(self, fill: FillRecord) -> None:
        signed = Fraction(fill.signed_quantity)
        if not self.quantity:
            self.fills, self.average, self.opened_ns = [], Fraction(fill.price), fill.time_ns
        elif (self.quantity > 0) == (signed > 0):
            total = self.average * abs(self.quantity) + Fraction(fill.price) * abs(signed)
            self.average = total / (abs(self.quantity) + abs(signed))
        self.fills.append(fill)
        self.quantity += signed

    def record(self) -> PositionRecord:
        return PositionRecord(
            instrument_id=self.instrument_id,
            leg=self.leg,
            owner=self.owner,
            position_id=self.position_id,
            quantity=_decimal(self.quantity),
            # The engine keeps averages in binary floating point.
            average_price=Decimal(repr(float(self.average))) if self.quantity else None,
            opened_ns=self.opened_ns,
            updated_ns=max((fill.time_ns for fill in self.fills), default=0),
            fills=tuple(self.fills),
        )


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


@dataclass
class EngineModel:
    """Orders, their fills and positions of one node."""

    claims: dict[str, str] = field(default_factory=dict)
    orders: dict[str, OrderRecord] = field(default_factory=dict)
    previous: dict[str, OrderStatus] = field(default_factory=dict)
    fills: dict[str, list[FillRecord]] = field(default_factory=dict)
    positions: dict[tuple[str, Leg, str], ModelPosition] = field(default_factory=dict)

    # -- what the node does and hears by itself ------------------------------------------------------------------------

    def add(self, order: OrderRecord) -> None:
        assert order.client_order_id is not None
        self.orders[order.client_order_id] = order
        self.fills.setdefault(order.client_order_id, [])

    def set_status(self, name: str, status: OrderStatus, **changes: object) -> None:
        order = self.orders[name]
        if not order.status.is_pending:
            self.previous[name] = order.status
        self.orders[name] = replace(order, status=status, **changes)  # type: ignore[arg-type]  # test-only keywords

    def book(self, name: str, fill: FillRecord, *, on_position: bool = True) -> None:
        """Book a fill on an order and its position, as the engine does for a stream event or a report."""
        order = self.orders[name]
        own = replace(fill, client_order_id=name)
        self.fills[name].append(own)
        filled = order.filled_quantity + fill.quantity
        status = OrderStatus.FILLED if filled >= order.quantity else OrderStatus.PARTIALLY_FILLED
        self.set_status(name, status, filled_quantity=filled, updated_ns=fill.time_ns)
        if on_position:
            self.position(fill.instrument_id, fill.leg, order.owner or EXTERNAL).apply(own)

    def position(self, instrument_id: str, leg: Leg, owner: str) -> ModelPosition:
        key = (instrument_id, leg, owner)
        return self.positions.setdefault(key, ModelPosition(instrument_id, leg, owner))

    def snapshot(self, now_ns: int, known_from_ns: int | None = 0) -> NodeSnapshot:
        return NodeSnapshot(
            account_id=ACCOUNT,
            started_ns=now_ns,
            ended_ns=now_ns,
            orders=tuple(self.orders.values()),
            fills=tuple(fill for held in self.fills.values() for fill in held),
            positions=tuple(position.record() for position in self.positions.values()),
            coverage=Coverage.full(now_ns),
            known_from_ns=known_from_ns,
        )

    # -- steps ---------------------------------------------------------------------------------------------------------

    def apply(self, step: Step) -> None:
        """Do what the engine does with a step."""
        handler = getattr(self, f"_{type(step).__name__.lower()}")
        handler(step)

    def _claimowner(self, step: ClaimOwner) -> None:
        if step.instrument_id in self.claims:
            raise EngineRefusedError("the instrument is claimed already")
        self.claims[step.instrument_id] = step.owner

    def _seed(self, step: Seed) -> None:
        order = step.order
        name = order.client_order_id
        assert name is not None
        if order.status is not OrderStatus.ACCEPTED or order.filled_quantity:
            raise EngineRefusedError("a seed must be ACCEPTED and unfilled")
        held = self.orders.get(name)
        if step.is_new:
            if held is not None:
                raise EngineRefusedError(f"{name} is known")
            if order.owner != self.claims.get(order.instrument_id, EXTERNAL):
                raise EngineRefusedError(f"{name} would be generated for another owner than {order.owner}")
            self.add(order)
            return
        if held is None:
            raise EngineRefusedError(f"{name} is not known")
        is_in_flight = held.status.is_pending and held.venue_order_id is None
        if held.status not in {OrderStatus.INITIALIZED, OrderStatus.SUBMITTED} and not is_in_flight:
            raise EngineRefusedError(f"{name} is {held.status}: OrderAccepted is refused")
        if order.owner != held.owner:
            raise EngineRefusedError("a known order keeps its owner")
        self.set_status(
            name,
            OrderStatus.ACCEPTED,
            venue_order_id=order.venue_order_id,
            quantity=order.quantity,
            price=order.price,
            trigger_price=order.trigger_price,
            accepted_ns=order.accepted_ns,
        )

    def _known(self, order: OrderRecord) -> OrderRecord:
        held = self.orders.get(order.client_order_id or "")
        if held is None:
            raise EngineRefusedError(f"{order.client_order_id} is not known: a report would generate it")
        if held.venue_order_id not in {None, order.venue_order_id}:
            raise EngineRefusedError("another venue order id")
        return held

    def _amend(self, step: Amend) -> None:
        report = step.order
        held = self._known(report)
        if report.filled_quantity != held.filled_quantity:
            raise EngineRefusedError("the engine would infer a fill, or log an error for ever")
        if report.quantity < held.filled_quantity:
            raise EngineRefusedError("the engine ignores a quantity below what is filled")
        bogus = report.status is OrderStatus.ACCEPTED and held.status is not OrderStatus.ACCEPTED
        if bogus and not held.status.is_pending:
            raise EngineRefusedError(f"OrderAccepted would be published for an order that is {held.status}")
        if held.status.is_closed and report.status is not held.status:
            raise EngineRefusedError("a closed order is amended under its own status")
        if report.status in {OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED} and held.is_open:
            raise EngineRefusedError("the amendment would end the order")
        assert held.client_order_id is not None
        status = held.status
        if bogus:
            status = OrderStatus.ACCEPTED
        elif status is OrderStatus.PENDING_UPDATE:
            status = self.previous[held.client_order_id]
        self.set_status(
            held.client_order_id,
            status,
            quantity=report.quantity,
            price=report.price,
            trigger_price=report.trigger_price,
        )

    def _fill(self, step: Fill) -> None:
        fill = step.fill
        held = self.orders.get(fill.client_order_id or "")
        if held is None:
            raise EngineRefusedError(f"fill {fill.trade_id} of an unknown order")
        name = held.client_order_id
        assert name is not None
        if held.status.value not in _FILLABLE:
            raise EngineRefusedError(f"{name} is {held.status}: OrderFilled is refused, and the position moves")
        if any(one.trade_id == fill.trade_id for one in self.fills[name]):
            raise EngineRefusedError(f"{name} has {fill.trade_id} already")
        if held.filled_quantity + fill.quantity > held.quantity:
            raise EngineRefusedError(f"{fill.trade_id} overfills {name}")
        if step.owner != held.owner:
            raise EngineRefusedError("the fill goes to another owner's position")
        if held.venue_order_id not in {None, fill.venue_order_id}:
            raise EngineRefusedError("another venue order id")
        self.book(name, fill)

    def _final(self, step: Final) -> None:
        report = step.order
        held = self._known(report)
        if report.status.value not in _ENDING_FROM:
            raise EngineRefusedError(f"{report.status} as news makes the engine invent fills")
        if report.status is OrderStatus.TRIGGERED and held.status is OrderStatus.TRIGGERED:
            return  # the engine publishes nothing
        if held.status.value not in _ENDING_FROM[report.status.value]:
            raise EngineRefusedError(f"{report.status} is refused for an order that is {held.status}")
        if report.status is OrderStatus.TRIGGERED and held.order_type not in _TRIGGERABLE:
            raise EngineRefusedError("the type cannot trigger")
        assert held.client_order_id is not None
        self.set_status(held.client_order_id, report.status, updated_ns=step.time_ns)

    def _pendingresolved(self, step: PendingResolved) -> None:
        held = self.orders[step.client_order_id]
        if held.status is not step.request:
            raise EngineRefusedError("the request is not pending")
        before = self.previous[step.client_order_id]
        if held.status is OrderStatus.PENDING_CANCEL and before is OrderStatus.TRIGGERED:
            raise EngineRefusedError("PENDING_CANCEL -> TRIGGERED is no transition")
        self.set_status(step.client_order_id, self.previous[step.client_order_id])

    def _revive(self, step: Revive) -> None:
        held = self.orders[step.client_order_id]
        if not held.is_closed or self.fills[step.client_order_id]:
            raise EngineRefusedError("only a closed order without fills can be revived")
        self._restore(held)

    def _restore(self, held: OrderRecord) -> None:
        assert held.client_order_id is not None
        self.orders[held.client_order_id] = replace(
            held, status=OrderStatus.SUBMITTED, venue_order_id=None, filled_quantity=Decimal(0)
        )
        self.fills[held.client_order_id] = []

    def _rebuildinstrument(self, step: RebuildInstrument) -> None:
        for key, position in list(self.positions.items()):
            if position.position_id in step.purge_position_ids:
                assert position.instrument_id == step.instrument_id
                del self.positions[key]
        restored = dict(step.restore_order_ids)
        assert restored.keys() <= set(step.purge_order_ids), "what is restored is purged first"
        for name in step.purge_order_ids:
            held = self.orders.pop(name)
            self.fills.pop(name)
            if name in restored:
                assert held.owner == restored[name], "ownership is kept"
                self._restore(held)

    def _openingbalance(self, step: OpeningBalance) -> None:
        order = OrderRecord(
            instrument_id=step.instrument_id,
            client_order_id=step.client_order_id,
            venue_order_id=step.venue_order_id,
            side=step.side,
            status=OrderStatus.ACCEPTED,
            order_type=OrderType.MARKET,
            quantity=step.quantity,
            leg=step.leg,
            owner=step.owner,
        )
        if step.client_order_id in self.orders:
            raise EngineRefusedError("there is an opening balance already")
        self.add(order)
        fill = FillRecord(
            trade_id=step.trade_id,
            venue_order_id=step.venue_order_id,
            instrument_id=step.instrument_id,
            side=step.side,
            quantity=step.quantity,
            price=step.price,
            time_ns=step.time_ns,
            leg=step.leg,
            synthetic=True,
        )
        self.book(step.client_order_id, fill)

    def _replayposition(self, step: ReplayPosition) -> None:
        position = self.positions[(step.instrument_id, step.leg, step.owner)]
        by_key = {fill.key: fill for fill in position.fills}
        replayed = ModelPosition(step.instrument_id, step.leg, step.owner)
        for key in step.fill_keys:
            replayed.apply(by_key[key])
            if not replayed.quantity and key != step.fill_keys[-1]:
                raise EngineRefusedError("the replay passes through flat")
        if _decimal(replayed.quantity) != step.quantity or replayed.quantity != position.quantity:
            raise EngineRefusedError("the replay does not come to the quantity")
        if abs(float(replayed.average) - float(step.average_price)) > 1e-9 * float(step.average_price):
            raise EngineRefusedError("the replay does not come to the average price")
        self.positions[(step.instrument_id, step.leg, step.owner)] = replayed
