"""Who holds what in one 1.x node, and the hand-over of what a claim moved."""

from __future__ import annotations

import logging
from collections import Counter
from decimal import Decimal
from typing import Any

from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.identifiers import InstrumentId

from trueup.claims.values import Holding
from trueup.core.claims import Product
from trueup.model.enums import Leg
from trueup.model.identifiers import leg_of
from trueup.node.binding import MovedToOwner
from trueup.node.v1.accounts import is_of
from trueup.node.v1.claims import EngineClaims

_logger = logging.getLogger("trueup.node")


class V1Holders:
    """Read the cache of one node by owner; see `trueup.node.claiming.Holders`."""

    def __init__(self, node: Any, claims: EngineClaims) -> None:
        self._engine, self._cache, self._claims = node.kernel.exec_engine, node.kernel.cache, claims

    def holdings(self, instrument_id: str, client: str) -> tuple[Holding, ...]:
        """Return what is alive on an instrument, owner by owner."""
        instrument = InstrumentId.from_str(instrument_id)
        orders: Counter[str] = Counter()
        positions: dict[str, Decimal] = {}
        for order in self._of(client, self._cache.orders_open(instrument_id=instrument)):
            orders[order.strategy_id.value] += 1
        for position in self._of(client, self._cache.positions_open(instrument_id=instrument)):
            owner = position.strategy_id.value
            positions[owner] = positions.get(owner, Decimal(0)) + position.signed_decimal_qty()
        return tuple(
            Holding(owner=owner, open_orders=orders[owner], position=_signed(positions.get(owner, Decimal(0))))
            for owner in sorted(orders.keys() | positions.keys())
        )

    def instruments_held(self, client: str) -> frozenset[str]:
        """Return the instruments on which anything is alive."""
        alive = (*self._cache.orders_open(), *self._cache.orders_inflight(), *self._cache.positions_open())
        return frozenset(one.instrument_id.value for one in self._of(client, alive))

    def product_of(self, instrument_id: str) -> Product | None:
        """Return the product of a loaded instrument."""
        return self._claims.product_of(InstrumentId.from_str(instrument_id))

    def problem_of_id(self, instrument_id: str) -> str:
        """Return why a text is no instrument id; empty if it is one."""
        try:
            InstrumentId.from_str(instrument_id)
        except ValueError as error:
            return str(error)
        return ""

    def why_not(self, strategy: str, instrument_id: str) -> str:
        """Return why a strategy cannot own what is one-way on an instrument; empty if it can."""
        found = self._claims.strategy(strategy)
        if found is None or found.oms_type != OmsType.HEDGING:
            return ""
        held = self._cache.positions_open(instrument_id=InstrumentId.from_str(instrument_id))
        if not held or all(leg_of(one.id.value, instrument_id) is not Leg.BOTH for one in held):
            return ""
        return f"{strategy} keeps a position for each order (HEDGING), and what nobody owns is one position"

    def hand_over(self, moved: MovedToOwner, strategy: str) -> None:
        """Let a running strategy take over what it got; what it raises must not undo the claim."""
        found = self._claims.strategy(strategy)
        hand = getattr(found, "on_recovered", None)
        if found is None or not callable(hand) or not found.is_running:
            return
        try:
            hand(moved.orders, moved.positions)
        except Exception as error:
            _logger.exception("%s failed in on_recovered", strategy)
            self._claims.say(strategy, f"{strategy} failed in on_recovered: {type(error).__name__}: {error}")

    def _of(self, client: str, records: Any) -> list[Any]:
        if not client:
            return list(records)
        clients = self._engine._clients.values()  # noqa: SLF001 - listed in names.py
        asked = next((one for one in clients if one.id.value == client), None)
        return [] if asked is None else [one for one in records if is_of(self._cache, asked, one)]


def _signed(quantity: Decimal) -> str:
    return f"{quantity:+}" if quantity else "0"
