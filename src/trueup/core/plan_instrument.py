"""Plan one instrument: its orders, then its positions, then whatever takes more than reports."""

from __future__ import annotations

from dataclasses import dataclass, field

from trueup.core.cases import InstrumentCase, OrderCase
from trueup.core.check_position import PositionCheck, Trouble
from trueup.core.owners import OwnerBook, OwnerSource
from trueup.core.plan_orders import OrderPlan, plan_order
from trueup.core.rebuild import rebuild
from trueup.core.refusals import refusal, refusal_of_order, refusal_of_other
from trueup.core.settings import PlanSettings
from trueup.core.view import View
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind
from trueup.model.positions import PositionKey
from trueup.model.steps import (
    ClaimOwner,
    Fill,
    Final,
    OpeningBalance,
    RebuildInstrument,
    Refusal,
    RefusalCode,
    Seed,
    Step,
    order_names,
)

_UNEXPLAINED = frozenset(
    {
        RefusalCode.FILLS_INCOMPLETE,
        RefusalCode.POSITION_UNEXPLAINED,
        RefusalCode.MOVED_WITHOUT_FILL,
        RefusalCode.PRICE_UNKNOWN,
    }
)
_REBUILDABLE = frozenset({RefusalCode.NEEDS_REBUILD, RefusalCode.MOVED_WITHOUT_FILL, RefusalCode.OWNERSHIP_SPLIT})


@dataclass(slots=True, kw_only=True)
class InstrumentPlanner:
    """Plan one instrument, once.

    Parameters
    ----------
    case : InstrumentCase
        The instrument's discrepancies.
    view : View
        Both snapshots.
    settings : PlanSettings
        What the plan may do.
    owners : OwnerBook
        Who owns what has no owner.
    steps, refused
        What came of it, after `run`.
    blocked : list of (OrderCase, OrderPlan)
        The orders that are refused.
    is_waiting : bool
        Whether an order waits for another look.
    """

    case: InstrumentCase
    view: View
    settings: PlanSettings
    owners: OwnerBook
    steps: list[Step] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    blocked: list[tuple[OrderCase, OrderPlan]] = field(default_factory=list)
    is_waiting: bool = False

    def run(self) -> None:
        """Fill ``steps`` and ``refused``."""
        case = self.case
        if not case.instrument_id:
            self.refused += [refusal_of_other(one) for one in case.others]
            return
        planned = self._plan_orders()
        self.blocked = [(order, result) for order, result in planned if result.refused is not None]
        trouble = self._check_positions()
        reason = self._rebuild_reason(trouble)
        if reason and self.settings.at_startup and self.settings.allow_rebuild:
            if self._rebuild(planned, reason):
                return
            trouble = {key: found for key, found in trouble.items() if found.code not in _REBUILDABLE}
            self.blocked = [one for one in self.blocked if one[1].refused is not RefusalCode.NEEDS_REBUILD]
            self.steps = []
        elif self.settings.at_startup and any(found.code in _UNEXPLAINED for found in trouble.values()):
            # Half a history would only stand in the way of the whole one, which a wider reading may bring.
            self.steps = []
        self.refused += [refusal_of_order(order, result) for order, result in self.blocked if order.acted_on]
        self._refuse_positions(trouble)
        self.refused += [refusal_of_other(one) for one in case.others]
        self._claim()

    def heals(self) -> list[Discrepancy]:
        """Return what the steps are for: what differs of every order that has steps, and of the positions."""
        if not self.steps:
            return []
        if any(isinstance(step, RebuildInstrument) for step in self.steps):
            found = self.case.observed
        else:
            named = order_names(self.steps)
            found = [
                one
                for order in self.case.orders
                if order.name in named or (order.node is not None and order.node.client_order_id in named)
                for one in order.acted_on
            ]
            if not self.is_waiting:
                found += self.case.positions
        refused = {fingerprint for one in self.refused for fingerprint in one.fingerprints}
        return [one for one in found if one.fingerprint not in refused] if refused else found

    def _plan_orders(self) -> list[tuple[OrderCase, OrderPlan]]:
        planned = []
        for order in self.case.orders:
            result = plan_order(order, self.view, self._owner_of(order))
            self.steps += result.steps
            if result.refused is None and (not result.steps or not order.all_allowed):
                self.is_waiting = True
            planned.append((order, result))
        return planned

    def _owner_of(self, order: OrderCase) -> str:
        """Return who owns an order if the node does not know it."""
        name = None if order.pair is None else order.pair.venue.client_order_id
        return self.owners.owner_of_order(self.case.instrument_id, name).name

    def _claim(self) -> None:
        """Register the owner of new orders where the engine could not find it by its own claims."""
        owner = self.owners.owner_of(self.case.instrument_id)
        is_new = any(
            isinstance(step, OpeningBalance) or (isinstance(step, Seed) and step.is_new) for step in self.steps
        )
        if is_new and owner.source is OwnerSource.ONLY_TRADER:
            self.steps.append(ClaimOwner(instrument_id=self.case.instrument_id, owner=owner.name))

    # -- positions -----------------------------------------------------------------------------------------------------

    def _fills_by_position(self) -> dict[PositionKey, list[Fill]]:
        found: dict[PositionKey, list[Fill]] = {}
        for step in self.steps:
            if isinstance(step, Fill):
                found.setdefault((step.fill.instrument_id, step.fill.leg), []).append(step)
        return found

    def _keys(self, filled: dict[PositionKey, list[Fill]]) -> list[PositionKey]:
        keys = {(one.subject.instrument_id, one.subject.leg) for one in self.case.positions}
        keys |= filled.keys()
        if any(isinstance(step, Final) and step.reason for step in self.steps):
            held = self.view.venue.positions_by_key.keys() | self.view.node.positions_by_key.keys()
            keys |= {key for key in held if key[0] == self.case.instrument_id}
        return sorted(keys)

    def _check_positions(self) -> dict[PositionKey, Trouble]:
        """Predict every position and add what it needs; return what stays wrong."""
        trouble: dict[PositionKey, Trouble] = {}
        filled = self._fills_by_position()
        for key in self._keys(filled):
            check = PositionCheck(
                key=key,
                case=self.case,
                view=self.view,
                settings=self.settings,
                owner=self.owners.owner_of(key[0]).name,
                fills=tuple(filled.get(key, ())),
                blocked=tuple(self.blocked),
                is_waiting=self.is_waiting,
            )
            steps, found = check.run()
            self.steps += steps
            if found is not None:
                trouble[key] = found
        if any(found.is_quantity for found in trouble.values()):
            self._spare_unknown_orders()
        return trouble

    def _spare_unknown_orders(self) -> None:
        """End no order that is nowhere while the fills do not explain the position: they may be its own."""
        ended = {s.order.client_order_id for s in self.steps if isinstance(s, Final) and s.reason}
        self.steps = [step for step in self.steps if not (isinstance(step, Final) and step.reason)]
        reason = "the venue does not know the order, but the fills do not explain the position"
        for order in self.case.orders:
            if order.node is not None and order.node.client_order_id in ended:
                self.blocked.append((order, OrderPlan(refused=RefusalCode.NOT_PROVEN_ABSENT, reason=reason)))

    # -- more than reports ---------------------------------------------------------------------------------------------

    def _rebuild_reason(self, trouble: dict[PositionKey, Trouble]) -> str:
        for _, result in self.blocked:
            if result.refused is RefusalCode.NEEDS_REBUILD:
                return result.reason
        for found in trouble.values():
            if found.code is RefusalCode.OWNERSHIP_SPLIT and not self._has_one_trader():
                continue
            if found.code in _REBUILDABLE:
                return found.reason
        return ""

    def _has_one_trader(self) -> bool:
        instrument_id = self.case.instrument_id
        owner = self.owners.owner_of(instrument_id)
        traders = self.owners.traders.get(instrument_id, frozenset())
        if not (traders <= {owner.name} and owner.source in {OwnerSource.CLAIM, OwnerSource.ONLY_TRADER}):
            return False
        return all(
            self.owners.owner_of_order(instrument_id, pair.venue.client_order_id).name == owner.name
            for pair in self.view.pairs
            if pair.venue.instrument_id == instrument_id
        )

    def _rebuild(self, planned: list[tuple[OrderCase, OrderPlan]], reason: str) -> bool:
        """Replace the steps by a rebuild; return whether that was possible, else keep the reason why not."""
        instrument_id = self.case.instrument_id
        damaged = [order for order, result in planned if order.missing or result.refused is RefusalCode.NEEDS_REBUILD]
        rebuilt = rebuild(
            self.case,
            damaged,
            self.view,
            lambda order: self.owners.owner_of_order(instrument_id, order.client_order_id).name,
            reason,
        )
        if rebuilt.refused is not None:
            fingerprints = tuple(d.fingerprint for d in self.case.observed)
            self.refused.append(refusal(rebuilt.refused, self.case.instrument_id, fingerprints, rebuilt.reason))
            return False
        self.steps = list(rebuilt.steps)
        for order, result in planned:
            if order.name not in rebuilt.covered:
                self.steps += result.steps
                if result.refused is not None:
                    self.refused.append(refusal_of_order(order, result))
        duplicated = DiscrepancyKind.IDENTIFIER_DUPLICATED
        self.refused += [refusal_of_other(one) for one in self.case.others if one.kind is not duplicated]
        self._claim()
        return True

    def _refuse_positions(self, trouble: dict[PositionKey, Trouble]) -> None:
        for key, found in trouble.items():
            mine = [one for one in self.case.positions if (one.subject.instrument_id, one.subject.leg) == key]
            kinds = frozenset(one.kind for one in mine)
            fingerprints = tuple(one.fingerprint for one in mine)
            self.refused.append(refusal(found.code, key[0], fingerprints, found.reason, kinds or None))
