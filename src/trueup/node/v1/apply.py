"""Do the steps of a plan through the engine's own calls.

Everything an order or a position becomes, it becomes by the engine's own state machine: reports go to the public
``reconcile_execution_report``. A return value of True proves nothing there (skipped and filtered reports give it
too), so the proof is the reading afterwards, not this module's word.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.enums import ContingencyType, OrderSide, OrderType, TimeInForce, TriggerType
from nautilus_trader.model.events import OrderCancelRejected, OrderInitialized, OrderModifyRejected
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId, StrategyId
from nautilus_trader.model.orders import OrderUnpacker

from trueup.model.enums import Leg, LiquiditySide, OrderStatus
from trueup.model.enums import OrderType as ModelOrderType
from trueup.model.fills import FillRecord
from trueup.model.orders import OrderRecord
from trueup.model.steps import (
    Amend,
    ClaimOwner,
    Fill,
    Final,
    OpeningBalance,
    PendingResolved,
    RebuildInstrument,
    ReplayPosition,
    Revive,
    Seed,
    Step,
)
from trueup.node.applied import Applied, instrument_of
from trueup.node.v1.repair import Repairs
from trueup.node.v1.reports import as_client_order_id, as_venue_order_id, fill_report, order_report
from trueup.venues.draft import VenueReading

_logger = logging.getLogger("trueup.node")

EXTERNAL_OWNER = "EXTERNAL"
OPENING_TAG = "TRUEUP_OPENING_BALANCE"
SEEDABLE = frozenset({"INITIALIZED", "SUBMITTED", "PENDING_UPDATE", "PENDING_CANCEL"})
"""Before the venue's acceptance, as far as the node knows; to any other order an acceptance is no news."""
REFUSED_BY_VENUE = "trueup: the venue still works the order unchanged"


class OwnerChoice:
    """Decide who owns an order that the engine generates from a report.

    The engine asks its claims alone. For the one report that is being applied the plan has already decided; every
    other time the engine's own answer stands.
    """

    def __init__(self, engine: Any) -> None:
        self._native = engine.get_external_order_claim
        self._claims: dict[str, StrategyId] = {}
        self._now: StrategyId | None = None
        self._decided = False
        engine.get_external_order_claim = self._claim

    def register(self, instrument_id: str, owner: str) -> None:
        """Let a strategy own what appears unowned on an instrument from now on."""
        self._claims[instrument_id] = StrategyId(owner)

    @property
    def is_decided(self) -> bool:
        """Return whether an owner is decided for the order that is being generated."""
        return self._decided

    def seed_for(self, owner: str | None, seed: Callable[..., object], *arguments: object) -> None:
        """Run one seed with its owner decided; within another one, that one's owner stands."""
        if self._decided:
            seed(*arguments)
            return
        self._decided = owner is not None
        self._now = None if owner is None or owner == EXTERNAL_OWNER else StrategyId(owner)
        try:
            seed(*arguments)
        finally:
            self._decided = False
            self._now = None

    def _claim(self, instrument_id: InstrumentId) -> StrategyId | None:
        if self._decided:
            return self._now
        return self._native(instrument_id) or self._claims.get(instrument_id.value)  # a claim, else the only trader


class Applier:
    """Apply steps to one account of one node.

    Parameters
    ----------
    engine, cache : LiveExecutionEngine, Cache
        Of the node.
    client : LiveExecutionClient
        Of the account.
    owners : OwnerChoice
        The engine's claims.
    repairs : Repairs
        What purges and adds again.
    clock_ns : Callable[[], int]
        The node's clock.
    """

    def __init__(
        self, engine: Any, cache: Any, client: Any, owners: OwnerChoice, repairs: Repairs, clock_ns: Callable[[], int]
    ) -> None:
        self._engine = engine
        self._cache = cache
        self._client = client
        self._owners = owners
        self._repairs = repairs
        self._clock_ns = clock_ns
        self._reading: VenueReading | None = None
        self._applied = Applied()
        self._broken: set[str] = set()
        self._instruments: dict[str, Any] = {}

    def begin(self, reading: VenueReading) -> Applied:
        """Begin to apply a plan that was made from a reading; the adapter's reports are taken from it."""
        self._reading = reading
        self._applied = Applied()
        self._broken.clear()
        self._instruments.clear()
        return self._applied

    def end(self) -> None:
        """Let go of the reading: it may be the largest thing in the process."""
        self._reading = None

    def apply(self, step: Step) -> None:
        """Apply one step, at once and without a pause; a failure is kept, not raised."""
        name = type(step).__name__
        if self._broken and instrument_of(step) in self._broken:
            self._applied.skipped[name] += 1
            return
        try:
            done = self._dispatch(step)
        except Exception as error:
            _logger.exception("a step could not be applied: %s", step)
            self._applied.note(f"{name} failed with {type(error).__name__}: {error}")
            # What follows on this instrument was planned on top of it: half a plan could be worse than none.
            self._broken.add(instrument_of(step))
            return
        if done:
            self._applied.done[name] += 1
        else:
            self._applied.skipped[name] += 1

    def _dispatch(self, step: Step) -> bool:
        match step:
            case Seed():
                return self._seed(step)
            case Fill():
                return self._fill(step)
            case Amend():
                return self._amend(step)
            case Final():
                return self._final(step)
            case PendingResolved():
                return self._pending_resolved(step)
            case ClaimOwner():
                self._owners.register(step.instrument_id, step.owner)
                return True
            case OpeningBalance():
                return self._opening_balance(step)
            case Revive():
                return self._repairs.revive(step)
            case RebuildInstrument():
                return self._repairs.rebuild(step)
            case ReplayPosition():
                return self._repairs.replay(step)

    # -- orders ------------------------------------------------------------------------------------------------------

    def _seed(self, step: Seed) -> bool:
        record = step.order
        known = self._cache.order(as_client_order_id(record.client_order_id))
        if (known is None) != step.is_new:
            return False  # the stream was faster: what it said will be compared again
        if step.is_new and self._is_named_otherwise(record):
            return False  # so it was here, and the engine gave an order without a name one of its own
        if known is not None and known.status_string() not in SEEDABLE:
            return False
        if known is None:
            self._clear_leftovers(as_client_order_id(record.client_order_id))
        assert not record.filled_quantity, "a seed has nothing filled"
        assert record.status is OrderStatus.ACCEPTED, "a seed is an acceptance"
        owner = record.owner if step.is_new else None
        self._owners.seed_for(owner, self._report_order, record, None, record.accepted_ns)
        self._index_venue_order_id(record)
        return True

    def _is_named_otherwise(self, record: OrderRecord) -> bool:
        """Return whether the node has got the order meanwhile, under another name than the one that was planned."""
        if record.venue_order_id is None:
            return False
        name = self._cache.client_order_id(as_venue_order_id(record.venue_order_id))
        held = None if name is None else self._cache.order(name)
        return held is not None and held.instrument_id.value == record.instrument_id

    def _amend(self, step: Amend) -> bool:
        order = self._order(step.order)
        if order is None or order.filled_qty.as_decimal() != step.order.filled_quantity:
            return False
        self._report_order(step.order, last_ns=step.time_ns)
        return True

    def _final(self, step: Final) -> bool:
        order = self._order(step.order)
        if order is None or (order.is_closed and not step.again):
            return False
        # The engine checks the report's quantity against the order's: what it has by now is what is said.
        record = replace(
            step.order,
            quantity=order.quantity.as_decimal(),
            filled_quantity=order.filled_qty.as_decimal(),
            updated_ns=step.time_ns,
        )
        self._report_order(record)
        return True

    def _pending_resolved(self, step: PendingResolved) -> bool:
        order = self._cache.order(as_client_order_id(step.client_order_id))
        if order is None or order.status_string() != step.request.name:
            return False
        event_type = OrderCancelRejected if step.request is OrderStatus.PENDING_CANCEL else OrderModifyRejected
        venue_order_id = as_venue_order_id(step.venue_order_id) if step.venue_order_id else order.venue_order_id
        self._handle(
            event_type(
                trader_id=order.trader_id,
                strategy_id=order.strategy_id,
                instrument_id=order.instrument_id,
                client_order_id=order.client_order_id,
                venue_order_id=venue_order_id,
                account_id=self._client.account_id,
                reason=REFUSED_BY_VENUE,
                event_id=UUID4(),
                ts_event=step.time_ns,
                ts_init=self._clock_ns(),
                reconciliation=True,
            )
        )
        return True

    # -- fills -------------------------------------------------------------------------------------------------------

    def _fill(self, step: Fill) -> bool:
        record = step.fill
        assert record.client_order_id is not None, "the plan must resolve an order's identity"
        client_order_id = as_client_order_id(record.client_order_id)
        order = self._cache.order(client_order_id)
        if order is None or record.trade_id in {trade_id.value for trade_id in order.trade_ids}:
            return False
        self._index_venue_order_id(record)
        # Any reconciliation fill sets this mark, and the mark makes the engine drop every older real fill.
        self._engine._inferred_fill_ts.pop(client_order_id, None)  # noqa: SLF001 - listed in names.py
        raw = None if self._reading is None else self._reading.fill_reports.get(record.key)
        report = fill_report(record, raw, self._instrument(record), self._client.account_id, self._clock_ns())
        self._engine.reconcile_execution_report(report)
        self._engine._inferred_fill_ts.pop(client_order_id, None)  # noqa: SLF001 - listed in names.py
        return True

    def _opening_balance(self, step: OpeningBalance) -> bool:
        client_order_id = as_client_order_id(step.client_order_id)
        if self._cache.order(client_order_id) is not None:
            return False
        instrument = self._instrument(step)
        order = OrderUnpacker.from_init(self._opening_init(step, client_order_id, instrument))
        self._cache.add_order(order, None, self._client.id)
        record = OrderRecord(
            instrument_id=step.instrument_id,
            side=step.side,
            status=OrderStatus.ACCEPTED,
            quantity=step.quantity,
            client_order_id=step.client_order_id,
            venue_order_id=step.venue_order_id,
            order_type=ModelOrderType.MARKET,
            leg=step.leg,
            accepted_ns=step.time_ns,
            updated_ns=step.time_ns,
        )
        self._report_order(record, position_of=step.leg)
        fill = FillRecord(
            trade_id=step.trade_id,
            instrument_id=step.instrument_id,
            side=step.side,
            quantity=step.quantity,
            price=step.price,
            time_ns=step.time_ns,
            venue_order_id=step.venue_order_id,
            client_order_id=step.client_order_id,
            liquidity=LiquiditySide.NO_LIQUIDITY_SIDE,
            leg=step.leg,
        )
        self._index_venue_order_id(record)
        report = fill_report(fill, None, instrument, self._client.account_id, self._clock_ns())
        report.venue_position_id = self._position_id(step.instrument_id, step.leg)
        self._engine._inferred_fill_ts.pop(client_order_id, None)  # noqa: SLF001 - listed in names.py
        self._engine.reconcile_execution_report(report)
        self._engine._inferred_fill_ts.pop(client_order_id, None)  # noqa: SLF001 - listed in names.py
        return True

    def _opening_init(self, step: OpeningBalance, client_order_id: ClientOrderId, instrument: Any) -> OrderInitialized:
        return OrderInitialized(
            trader_id=self._engine.trader_id,
            strategy_id=StrategyId(step.owner),
            instrument_id=instrument.id,
            client_order_id=client_order_id,
            order_side=OrderSide[step.side.name],
            order_type=OrderType.MARKET,
            quantity=instrument.make_qty(step.quantity),
            time_in_force=TimeInForce.GTC,
            post_only=False,
            reduce_only=False,
            quote_quantity=False,
            options={},
            emulation_trigger=TriggerType.NO_TRIGGER,
            trigger_instrument_id=None,
            contingency_type=ContingencyType.NO_CONTINGENCY,
            order_list_id=None,
            linked_order_ids=None,
            parent_order_id=None,
            exec_algorithm_id=None,
            exec_algorithm_params=None,
            exec_spawn_id=None,
            tags=[OPENING_TAG],
            event_id=UUID4(),
            ts_init=self._clock_ns(),
            reconciliation=True,
        )

    # -- the engine's calls ------------------------------------------------------------------------------------------

    def _report_order(self, record: OrderRecord, position_of: Leg | None = None, last_ns: int | None = None) -> None:
        raw = None
        if self._reading is not None and record.venue_order_id is not None:
            raw = self._reading.order_reports.get((record.instrument_id, record.venue_order_id))
        report = order_report(record, raw, self._instrument(record), self._client.account_id, self._clock_ns(), last_ns)
        if position_of is not None:
            report.venue_position_id = self._position_id(record.instrument_id, position_of)
        self._engine.reconcile_execution_report(report)

    def _clear_leftovers(self, client_order_id: ClientOrderId) -> None:
        """Clear the indexes of an order whose events the store lost: the cache would refuse to add it again."""
        held = (
            self._cache.position_id(client_order_id),
            self._cache.strategy_id_for_order(client_order_id),
            self._cache.client_id(client_order_id),
        )
        if any(one is not None for one in held):
            self._cache.purge_order(client_order_id, purge_from_database=True)

    def _index_venue_order_id(self, record: OrderRecord | FillRecord) -> None:
        """Let the cache find the order by the venue's name; without it the engine refuses the fill."""
        if record.venue_order_id is None or record.client_order_id is None:
            return
        venue_order_id = as_venue_order_id(record.venue_order_id)
        client_order_id = as_client_order_id(record.client_order_id)
        if self._cache.client_order_id(venue_order_id) != client_order_id:
            self._cache.add_venue_order_id(client_order_id, venue_order_id, overwrite=True)

    def _position_id(self, instrument_id: str, leg: Leg) -> Any:
        from nautilus_trader.model.identifiers import PositionId

        return None if leg is Leg.BOTH else PositionId(f"{instrument_id}-{leg}")

    def _handle(self, event: Any) -> None:
        self._engine._handle_event_with_tracking(event)  # noqa: SLF001 - listed in names.py

    def _order(self, record: OrderRecord) -> Any:
        return self._cache.order(as_client_order_id(record.client_order_id))

    def _instrument(self, record: OrderRecord | FillRecord | OpeningBalance) -> Any:
        instrument = self._instruments.get(record.instrument_id)
        if instrument is None:
            instrument = self._cache.instrument(InstrumentId.from_str(record.instrument_id))
            assert instrument is not None, f"{record.instrument_id} must be loaded to be in scope"
            self._instruments[record.instrument_id] = instrument
        return instrument
