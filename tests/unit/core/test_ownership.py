"""The law of ownership, over random lives: one owner for every order and every one-way position, whatever was lost.

A venue with three instruments: two are traded by one strategy each, the third by hands alone. Own orders under names of
the engine's format or under UUIDs that the journal knows, orders of hands, orders of another node, fills and cancels in
any order; the node hears of some, looks, and is restarted with a store, with a store that lost orders, or without one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from random import Random
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.core.builders import ACCOUNT, SECOND
from tests.unit.core.engine_model import EngineModel
from trueup.core import EXTERNAL_OWNER, OrderNames, OwnEvidence, PlanSettings, diff, plan
from trueup.model import (
    ClaimOwner,
    Coverage,
    FillRecord,
    Leg,
    NodeSnapshot,
    OrderRecord,
    OrderSide,
    OrderStatus,
    PositionRecord,
    Seed,
    VenueSnapshot,
)

DESK, MAKER = "Desk-001", "Maker-002"
TRADED = {"AAA.VENUE": DESK, "BBB.VENUE": MAKER}
HANDS_ONLY = "CCC.VENUE"
INSTRUMENTS = (*TRADED, HANDS_ONLY)
NAMES = OrderNames.of("TRADER-007", (DESK, MAKER))
NOW = 1_000_000 * SECOND

law = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=60, derandomize=True)
campaign = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=5_000)


@dataclass
class OwningEngine(EngineModel):
    """An engine whose generated orders get the owner that the step names: the binding decides it seed by seed."""

    def _claimowner(self, step: ClaimOwner) -> None:
        self.claims[step.instrument_id] = step.owner

    def _seed(self, step: Seed) -> None:
        if step.is_new:
            self.claims[step.order.instrument_id] = step.order.owner or EXTERNAL_OWNER
        super()._seed(step)


@dataclass
class World:
    """A venue, the node on it, and who owns what by right."""

    random: Random
    claims: dict[str, str]
    orders: dict[str, OrderRecord] = field(default_factory=dict)
    fills: list[FillRecord] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)
    journal: dict[str, str] = field(default_factory=dict)
    traders: dict[str, set[str]] = field(default_factory=dict)
    node: OwningEngine = field(default_factory=OwningEngine)
    time_ns: int = 1_000 * SECOND
    count: int = 0

    # -- the venue and its clients -------------------------------------------------------------------------------------

    def own(self, instrument_id: str, *, heard: bool = True) -> None:
        """Let the instrument's strategy send an order."""
        owner = TRADED[instrument_id]
        self.count += 1
        name = f"O-20261122-171041-007-{owner[-3:]}-{self.count}"
        if self.random.random() < 0.3:
            name = str(UUID(int=self.random.getrandbits(128), version=4))
            self.journal[name] = owner
        order = self._order(instrument_id, name, owner)
        self.traders.setdefault(instrument_id, set()).add(owner)
        self.node.add(replace(order, owner=owner, status=OrderStatus.SUBMITTED, venue_order_id=None))
        if heard:
            self.node.set_status(name, OrderStatus.ACCEPTED, venue_order_id=order.venue_order_id)

    def hand(self, instrument_id: str) -> None:
        """Let a hand place an order."""
        self.count += 1
        owner = self.claims.get(instrument_id) or TRADED.get(instrument_id, EXTERNAL_OWNER)
        self._order(instrument_id, self.random.choice((f"web_{self.count}", None)), owner)

    def other_node(self, instrument_id: str) -> None:
        """Let another node place an order, which never fills: whose its position would be nobody could say."""
        self.count += 1
        name = f"O-20261122-171041-008-001-{self.count}"
        self._order(instrument_id, name, self.claims.get(instrument_id, EXTERNAL_OWNER), price="1")

    def _order(self, instrument_id: str, name: str | None, owner: str, price: str = "100") -> OrderRecord:
        number = str(1_000 + self.count)
        order = OrderRecord(
            instrument_id=instrument_id,
            client_order_id=name,
            venue_order_id=number,
            side=self.random.choice((OrderSide.BUY, OrderSide.SELL)),
            status=OrderStatus.ACCEPTED,
            quantity=Decimal(self.random.randint(1, 4)),
            price=Decimal(price),
            accepted_ns=self.time_ns,
            updated_ns=self.time_ns,
        )
        self.orders[number] = order
        self.owners[number] = owner
        return order

    def fill(self) -> None:
        """Fill a part of some order; the node hears of it or not."""
        working = [one for one in self.orders.values() if one.is_open and one.price != 1]
        if not working:
            return
        order = self.random.choice(working)
        quantity = Decimal(self.random.randint(1, int(order.quantity - order.filled_quantity)))
        filled = order.filled_quantity + quantity
        fill = FillRecord(
            trade_id=str(len(self.fills) + 1),
            instrument_id=order.instrument_id,
            venue_order_id=order.venue_order_id,
            client_order_id=order.client_order_id,
            side=order.side,
            quantity=quantity,
            price=Decimal(self.random.randint(90, 110)),
            commission=Decimal("0.1"),
            commission_currency="USDT",
            time_ns=self.time_ns,
        )
        self.fills.append(fill)
        status = OrderStatus.FILLED if filled == order.quantity else OrderStatus.PARTIALLY_FILLED
        self.orders[str(order.venue_order_id)] = replace(
            order, status=status, filled_quantity=filled, updated_ns=self.time_ns
        )
        held = self._held(order)
        # The stream comes in order: who missed a fill of an instrument hears no later one before it has looked.
        is_abreast = sum(len(held) for held in self.node.fills.values()) == len(self.fills) - 1
        if held is not None and held.venue_order_id is not None and is_abreast and self.random.random() < 0.6:
            self.node.book(held.client_order_id or "", fill)

    def cancel(self) -> None:
        """Cancel some order by hand; the node hears of it only when it looks."""
        if working := [one for one in self.orders.values() if one.is_open]:
            order = self.random.choice(working)
            self.orders[str(order.venue_order_id)] = replace(
                order, status=OrderStatus.CANCELED, updated_ns=self.time_ns
            )

    def _held(self, order: OrderRecord) -> OrderRecord | None:
        return self.node.orders.get(order.client_order_id or "")

    # -- the node ------------------------------------------------------------------------------------------------------

    def look(self, *, at_startup: bool) -> None:
        """Make the node true, and hold the law."""
        truth, mine = self.venue_snapshot(), self.node_snapshot()
        wanted = PlanSettings(
            at_startup=at_startup,
            claims=self.claims,
            known_traders={name: frozenset(held) for name, held in self.traders.items()},
            evidence=OwnEvidence(names=NAMES, journalled=self.journal),
        )
        made = plan(diff(truth, mine), truth, mine, wanted)
        for step in made.steps:
            self.node.apply(step)
        assert not made.refused, [one.reason for one in made.refused]
        left = diff(self.venue_snapshot(), self.node_snapshot())
        assert not left, [one.explain() for one in left]
        self.hold_the_law()

    def restart(self) -> None:
        """Kill the node and start it: with its store, with one that lost orders, or without."""
        match self.random.choice(("whole", "lossy", "none")):
            case "lossy":
                for name in [name for name in self.node.orders if self.random.random() < 0.4]:
                    del self.node.orders[name], self.node.fills[name]
            case "none":
                self.node = OwningEngine()
                if self.random.random() < 0.5:
                    self.traders.clear()  # its state directory is gone, too
        self.node.claims.clear()
        self.look(at_startup=True)

    def hold_the_law(self) -> None:
        """Compare with who owns what by right, and with the venue's totals, without the core."""
        by_number = {one.venue_order_id: one for one in self.node.orders.values()}
        for number, order in self.orders.items():
            assert by_number[number].owner == self.owners[number], order
        for instrument_id in INSTRUMENTS:
            held = [one for one in self.node.positions.values() if one.instrument_id == instrument_id and one.quantity]
            assert len(held) <= 1, [(one.owner, one.quantity) for one in held]
            total = sum((one.signed_quantity for one in self.fills if one.instrument_id == instrument_id), Decimal(0))
            assert sum((one.quantity for one in held), Fraction(0)) == Fraction(total)
            if held:
                by_right = self.claims.get(instrument_id) or TRADED.get(instrument_id, EXTERNAL_OWNER)
                assert held[0].owner == by_right

    # -- readings ------------------------------------------------------------------------------------------------------

    def venue_snapshot(self) -> VenueSnapshot:
        positions = []
        for instrument_id in INSTRUMENTS:
            mine = [fill for fill in self.fills if fill.instrument_id == instrument_id]
            quantity = sum((fill.signed_quantity for fill in mine), Decimal(0))
            if quantity:
                positions.append(PositionRecord(instrument_id=instrument_id, quantity=quantity, leg=Leg.BOTH))
        return VenueSnapshot(
            account_id=ACCOUNT,
            started_ns=NOW,
            ended_ns=NOW + SECOND,
            orders=tuple(self.orders.values()),
            fills=tuple(self.fills),
            positions=tuple(positions),
            coverage=Coverage.full(NOW + SECOND),
        )

    def node_snapshot(self) -> NodeSnapshot:
        return self.node.snapshot(NOW + 2 * SECOND)


def live(seed: int, length: int, claimed: frozenset[str]) -> World:
    """Live one random life, the law being held at every look and every start."""
    claims = {instrument_id: TRADED.get(instrument_id, DESK) for instrument_id in claimed}
    world = World(random=Random(seed), claims=claims)
    for instrument_id in TRADED:
        world.own(instrument_id)
    for _ in range(length):
        world.time_ns += SECOND
        match world.random.choice(
            ("own", "own", "hand", "hand", "other", "fill", "fill", "fill", "cancel", "look", "restart")
        ):
            case "own":
                world.own(world.random.choice(list(TRADED)), heard=world.random.random() < 0.8)
            case "hand":
                world.hand(world.random.choice(INSTRUMENTS))
            case "other":
                world.other_node(world.random.choice(INSTRUMENTS))
            case "fill":
                world.fill()
            case "cancel":
                world.cancel()
            case "look":
                world.look(at_startup=False)
            case "restart":
                world.restart()
    world.restart()
    return world


lives = given(
    seed=st.integers(0, 2**32), length=st.integers(0, 40), claimed=st.frozensets(st.sampled_from(INSTRUMENTS))
)


@law
@lives
def test_every_order_and_position_has_the_one_owner_that_it_has_by_right(
    seed: int, length: int, claimed: frozenset[str]
) -> None:
    live(seed, length, claimed)


@pytest.mark.long
@campaign
@lives
def test_every_order_and_position_has_the_one_owner_that_it_has_by_right_in_a_long_campaign(
    seed: int, length: int, claimed: frozenset[str]
) -> None:
    live(seed, length, claimed)
