"""Heal what the engine's state machine refuses: purge, add again, replay; written down before it is done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.events import OrderCanceled, OrderInitialized, OrderSubmitted
from nautilus_trader.model.identifiers import ClientId, ClientOrderId, PositionId
from nautilus_trader.model.orders import OrderUnpacker

from trueup.core.netting import in_time_order, net
from trueup.model.fills import FillKey, FillRecord
from trueup.model.steps import RebuildInstrument, ReplayPosition, Revive
from trueup.node.ledger import RepairEntry, RepairLedger
from trueup.node.v1.engine_records import fill_record

_logger = logging.getLogger("trueup.node")

ENTRY_ORDERS_MAX = 1_000
"""Orders in one entry of the ledger: a megabyte, rendered and synced to the disk in one go."""


class Repairs:
    """Purge and add again, on one account of one node.

    Parameters
    ----------
    cache : Cache
        The node's cache.
    account_id : AccountId
        The account.
    ledger : RepairLedger
        Where every repair is written down before it is done.
    oms_type : OmsType
        How the account's positions are kept.
    clock_ns : Callable[[], int]
        The node's clock.
    on_replayed : Callable[[], None]
        Called when a position changed without an event: whoever keeps figures of it must count again.
    """

    def __init__(
        self,
        cache: Any,
        account_id: Any,
        ledger: RepairLedger,
        oms_type: OmsType,
        clock_ns: Callable[[], int],
        on_replayed: Callable[[], None],
    ) -> None:
        self._cache = cache
        self._account_id = account_id
        self._ledger = ledger
        self._oms_type = oms_type
        self._clock_ns = clock_ns
        self._on_replayed = on_replayed
        self._begun: list[str] = []

    def revive(self, step: Revive) -> bool:
        """Make an order that is wrongly terminal, without a fill, SUBMITTED again."""
        client_order_id = ClientOrderId(step.client_order_id)
        order = self._cache.order(client_order_id)
        if order is None or not order.is_closed or order.filled_qty.as_decimal():
            return False
        self.begin("revive", [order])
        self._renew(order)
        return True

    def rebuild(self, step: RebuildInstrument) -> bool:
        """Purge an instrument's positions and orders, and add the orders that are real again, unfilled."""
        orders = [self._cache.order(ClientOrderId(name)) for name in step.purge_order_ids]
        orders = [order for order in orders if order is not None]
        owners = dict(step.restore_order_ids)
        self.begin("rebuild", [order for order in orders if order.client_order_id.value in owners], owners)
        for name in step.purge_position_ids:
            self.purge_position(PositionId(name))
        for order in orders:
            owner = owners.get(order.client_order_id.value)
            if owner is None:
                self.purge_order(order)
            else:
                self._renew(order, owner)
        return True

    def replay(self, step: ReplayPosition) -> bool:
        """Apply a position's own fills once more, in the venue's order; the position object stays the same one.

        It may hold fills of a life that ended before, where the one that ended it came late: they go first, and what
        they came to is kept as the engine keeps it when it opens a position again.
        """
        position = self._cache.position(PositionId(step.position_id))
        if position is None:
            return False
        fills = [fill_record(event) for event in position.events]
        events = {fill.key: event for fill, event in zip(fills, position.events, strict=True)}
        earlier = _before_life(fills, step.fill_keys) if len(events) == len(fills) else None
        if earlier is None:
            return False  # the position moved since the plan was made
        self.begin("replay", [])
        orders = {event.client_order_id: event.strategy_id for event in position.events}
        for client_order_id in orders:
            position.purge_events_for_order(client_order_id)
        # The store keeps fills in the order of their arrival and replays them so at the next start: it is written anew.
        self._cache.purge_position(position.id, purge_from_database=True)
        for number, key in enumerate((*earlier, *step.fill_keys)):
            if number and position.is_closed:
                self._cache.snapshot_position(position)  # as the engine does before it opens one again
            position.apply(events[key])
            if number == 0:
                self._cache.add_position(position, self._oms_type)
            else:
                self._cache.update_position(position)
        for client_order_id, strategy_id in orders.items():
            self._cache.add_position_id(position.id, position.instrument_id.venue, client_order_id, strategy_id)
        self._on_replayed()
        return True

    # -- the durable record ------------------------------------------------------------------------------------------

    def restore_unfinished(self) -> tuple[str, ...]:
        """Put back the orders that a repair had purged when the process was killed.

        Returns
        -------
        tuple of str
            The client order ids that were missing and are there again.
        """
        restored: list[str] = []
        for entry in self._ledger.unfinished():
            if entry.account_id != self._account_id.value:
                continue
            for row in entry.orders:
                init = OrderInitialized.from_dict(row["init"])
                if self._cache.order(init.client_order_id) is None:
                    # A purge that was cut off leaves the name in indices of the store, and the cache adds none of it.
                    self._cache.purge_order(init.client_order_id, purge_from_database=True)
                    self._add_submitted(init, row)
                    restored.append(init.client_order_id.value)
            self._begun.append(entry.repair_id)
        return tuple(restored)

    def finish(self, repair_ids: Iterable[str]) -> None:
        """Forget repairs that have reached the store."""
        for repair_id in repair_ids:
            self._ledger.end(repair_id)

    def take_begun(self) -> tuple[str, ...]:
        """Return the repairs done since the last call; they may be forgotten once the store has them."""
        begun = tuple(self._begun)
        self._begun.clear()
        return begun

    def begin(self, kind: str, orders: list[Any], owners: dict[str, str] | None = None) -> None:
        """Write down the orders that are about to be purged, under the owners that they are to get."""
        for _ in self.beginning(kind, orders, owners):
            pass

    def beginning(self, kind: str, orders: list[Any], owners: dict[str, str] | None = None) -> Iterator[None]:
        """Do the same; each turn is a piece of the work."""
        for first in range(0, max(len(orders), 1), ENTRY_ORDERS_MAX):
            rows = []
            for order in orders[first : first + ENTRY_ORDERS_MAX]:
                rows.append(self._row(order, owners))
                yield
            repair_id = UUID4().value
            self._ledger.begin(RepairEntry(repair_id, kind, self._account_id.value, self._clock_ns(), tuple(rows)))
            self._begun.append(repair_id)
            yield

    def _row(self, order: Any, owners: dict[str, str] | None) -> dict[str, Any]:
        init = OrderInitialized.to_dict(order.init_event)
        owner = None if owners is None else owners.get(order.client_order_id.value)
        if owner:
            init["strategy_id"] = owner
        client_id = self._cache.client_id(order.client_order_id)
        return {
            "init": init,
            "client_id": None if client_id is None else client_id.value,
            "submitted_ns": order.ts_submitted if hasattr(order, "ts_submitted") else 0,
        }

    # -- purging and adding ------------------------------------------------------------------------------------------

    def _renew(self, order: Any, owner: str | None = None) -> None:
        row = self._row(order, None if owner is None else {order.client_order_id.value: owner})
        self.purge_order(order)
        self._add_submitted(OrderInitialized.from_dict(row["init"]), row)

    def _add_submitted(self, init: OrderInitialized, row: dict[str, Any]) -> None:
        order = OrderUnpacker.from_init(init)
        client_id = None if row["client_id"] is None else ClientId(row["client_id"])
        self._cache.add_order(order, None, client_id)
        now_ns = self._clock_ns()
        order.apply(
            OrderSubmitted(
                trader_id=order.trader_id,
                strategy_id=order.strategy_id,
                instrument_id=order.instrument_id,
                client_order_id=order.client_order_id,
                account_id=self._account_id,
                event_id=UUID4(),
                ts_event=row["submitted_ns"] or init.ts_init,
                ts_init=now_ns,
            )
        )
        self._cache.update_order(order)

    def purge_order(self, order: Any) -> None:
        if order.is_open or order.is_inflight:
            # The cache purges no open order and would leave it in the index of open ones: close it first, unheard.
            now_ns = self._clock_ns()
            order.apply(
                OrderCanceled(
                    trader_id=order.trader_id,
                    strategy_id=order.strategy_id,
                    instrument_id=order.instrument_id,
                    client_order_id=order.client_order_id,
                    venue_order_id=order.venue_order_id,
                    account_id=self._account_id,
                    event_id=UUID4(),
                    ts_event=now_ns,
                    ts_init=now_ns,
                    reconciliation=True,
                )
            )
            self._cache.update_order(order)
        try:
            self._cache.purge_order(order.client_order_id, purge_from_database=True)
        except KeyError:
            # 1.222 fails half way where the order's position is purged already. What that leaves in the index would cut
            # every later list of orders short; of an order that is gone by now it cleans the indexes.
            self._cache.purge_order(order.client_order_id, purge_from_database=True)

    def purge_position(self, position_id: PositionId) -> None:
        position = self._cache.position(position_id)
        if position is None:
            return
        for client_order_id in {event.client_order_id for event in position.events}:
            position.purge_events_for_order(client_order_id)
        self._cache.purge_position(position_id, purge_from_database=True)


def _before_life(fills: list[FillRecord], life: tuple[FillKey, ...]) -> tuple[FillKey, ...] | None:
    """Return the fills of lives before the one that is given, in order; None where they are not that."""
    by_key = {fill.key: fill for fill in fills}
    if not life or not set(life) <= set(by_key):
        return None
    others = in_time_order(fill for fill in fills if fill.key not in set(life))
    is_past = all(fill.time_ns <= by_key[life[0]].time_ns for fill in others)
    return tuple(fill.key for fill in others) if is_past and not net(others).quantity else None
