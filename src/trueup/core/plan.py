"""Plan how to remove discrepancies: an ordered list of steps, and what is refused with its reason.

The plan is a pure function of what may be acted on and of both snapshots. Its steps are sorted so that the engine
accepts each of them: preparations, then opening balances, then everything in the venue's time order across orders (at
one instant: seeds, ends of pending requests, amendments, fills by trade id, final statuses), then replays of positions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from trueup.core.cases import InstrumentCase, OrderCase, gather
from trueup.core.owners import OwnerBook, OwnerSource
from trueup.core.plan_orders import OrderPlan, plan_order
from trueup.core.plan_positions import (
    NoOpening,
    Predicted,
    holds_only_venue_fills,
    is_split,
    opening_as_fill,
    opening_for,
    predict,
    reaches_node_history,
    replay_for,
    total,
)
from trueup.core.rebuild import rebuild
from trueup.core.refusals import refusal, refusal_of_order, refusal_of_other
from trueup.core.settings import PlanSettings
from trueup.core.view import View
from trueup.model.coverage import RecordKind
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind
from trueup.model.plans import Plan
from trueup.model.positions import PositionKey
from trueup.model.snapshots import NodeSnapshot, VenueSnapshot
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

_DEFAULT = PlanSettings()


def plan(
    discrepancies: Iterable[Discrepancy],
    venue: VenueSnapshot,
    node: NodeSnapshot,
    settings: PlanSettings = _DEFAULT,
    *,
    observed: Iterable[Discrepancy] | None = None,
) -> Plan:
    """Plan how to remove discrepancies.

    Parameters
    ----------
    discrepancies : iterable of Discrepancy
        What may be acted on: at start-up everything, at run time what passed the two-look rule.
    venue, node
        The snapshots that they came from.
    settings : PlanSettings
        What the plan may do.
    observed : iterable of Discrepancy, optional
        Everything that the comparison found; the same as ``discrepancies`` when not given. It tells what is still
        under way from what nothing explains.

    Returns
    -------
    Plan
        Steps in the order in which to apply them. Discrepancies that are neither healed nor refused wait for another
        look.
    """
    acted_on = tuple(discrepancies)
    seen = acted_on if observed is None else tuple(observed)
    if not acted_on:
        return Plan()
    view = View(venue, node)
    owners = OwnerBook.of(node, settings.claims, settings.known_traders)
    steps: list[Step] = []
    refused: list[Refusal] = []
    heals: set[str] = set()
    for case in gather(acted_on, seen, view).values():
        planner = _InstrumentPlanner(case=case, view=view, settings=settings, owners=owners)
        planner.run()
        steps += planner.steps
        refused += planner.refused
        heals |= planner.heals()
    steps.sort(key=lambda step: step.sort_key)
    return Plan(steps=tuple(steps), refused=tuple(refused), heals=tuple(sorted(heals)))


@dataclass(slots=True, kw_only=True)
class _InstrumentPlanner:
    """Plan one instrument: its orders, then its positions, then whatever takes more than reports."""

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
        self.refused += [refusal_of_order(order, result) for order, result in self.blocked if order.fingerprints]
        self._refuse_positions(trouble)
        self.refused += [refusal_of_other(one) for one in case.others]
        self._claim()

    def heals(self) -> set[str]:
        """Return the fingerprints that the steps are for: of every order that has steps, and of the positions."""
        if not self.steps:
            return set()
        named = {name for step in self.steps for name in order_names(step)}
        found = {
            fingerprint
            for order in self.case.orders
            if order.name in named or (order.node is not None and order.node.client_order_id in named)
            for fingerprint in order.fingerprints
        }
        if any(isinstance(step, RebuildInstrument) for step in self.steps):
            found |= {one.fingerprint for one in self.case.observed}
        elif not self.is_waiting:
            found |= {one.fingerprint for one in self.case.positions}
        return found - {fingerprint for one in self.refused for fingerprint in one.fingerprints}

    def _plan_orders(self) -> list[tuple[OrderCase, OrderPlan]]:
        owner = self.owners.owner_of(self.case.instrument_id).name
        planned = []
        for order in self.case.orders:
            result = plan_order(order, self.view, owner)
            self.steps += result.steps
            if result.refused is None and (not result.steps or not order.all_allowed):
                self.is_waiting = True
            planned.append((order, result))
        return planned

    def _claim(self) -> None:
        """Register the owner of new orders where the engine could not find it by its own claims."""
        owner = self.owners.owner_of(self.case.instrument_id)
        is_new = any(
            isinstance(step, OpeningBalance) or (isinstance(step, Seed) and step.is_new) for step in self.steps
        )
        if is_new and owner.source is OwnerSource.ONLY_TRADER:
            self.steps.append(ClaimOwner(instrument_id=self.case.instrument_id, owner=owner.name))

    # -- positions -----------------------------------------------------------------------------------------------------

    def _keys(self) -> list[PositionKey]:
        keys = {(one.subject.instrument_id, one.subject.leg) for one in self.case.positions}
        keys |= {(step.fill.instrument_id, step.fill.leg) for step in self.steps if isinstance(step, Fill)}
        if any(isinstance(step, Final) and step.reason for step in self.steps):
            held = self.view.venue.positions_by_key.keys() | self.view.node.positions_by_key.keys()
            keys |= {key for key in held if key[0] == self.case.instrument_id}
        return sorted(keys)

    def _check_positions(self) -> dict[PositionKey, _Trouble]:
        """Predict every position and add what it needs; return what stays wrong."""
        trouble: dict[PositionKey, _Trouble] = {}
        for key in self._keys():
            found = self._check_position(key)
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

    def _check_position(self, key: PositionKey) -> _Trouble | None:
        quantity = self.view.venue_quantity(key)
        if quantity is None:
            return None
        predicted = self._predict(key)
        tolerance = self.settings.tolerance
        if not tolerance.same_quantity(key[0], quantity, total(predicted)):
            opening = self._opening(key)
            if isinstance(opening, NoOpening):
                return _Trouble(code=opening.code, reason=opening.reason, is_quantity=True)
            if opening is None:
                return None if self.is_waiting else self._unexplained(key, quantity - total(predicted))
            self.steps.append(opening)
            predicted = self._predict(key, opening)
            if not tolerance.same_quantity(key[0], quantity, total(predicted)):
                self.steps.remove(opening)
                return self._unexplained(key, quantity - total(predicted))
        return self._check_average(key, predicted)

    def _predict(self, key: PositionKey, opening: OpeningBalance | None = None) -> dict[str, Predicted]:
        fills = [s for s in self.steps if isinstance(s, Fill) and (s.fill.instrument_id, s.fill.leg) == key]
        fills.sort(key=lambda step: step.sort_key)
        return predict(self.view, key, [opening_as_fill(opening), *fills] if opening is not None else fills)

    def _opening(self, key: PositionKey) -> OpeningBalance | NoOpening | None:
        if not (self.settings.at_startup and self.settings.allow_opening_balance):
            return None
        return opening_for(self.view, key, self.owners.owner_of(key[0]).name)

    def _unexplained(self, key: PositionKey, gap: Decimal) -> _Trouble:
        """Say why the planned fills leave a gap between the position and the venue's."""
        if not self.view.venue.coverage.complete_for(RecordKind.FILLS, key[0]):
            return _Trouble(
                code=RefusalCode.POSITION_UNEXPLAINED,
                reason="the fills that were read do not explain the position, and not all were read",
                is_quantity=True,
            )
        # Fills that the venue lists and the engine refuses explain a gap as well as booked ones.
        is_quantity = gap != self._refused_quantity(key)
        if any(result.refused is RefusalCode.NEEDS_REBUILD for _, result in self.blocked):
            reason = "the node's fills are not the venue's"
            return _Trouble(code=RefusalCode.NEEDS_REBUILD, reason=reason, is_quantity=is_quantity)
        if self.blocked:
            reason = "an order of the instrument is not healed, and the position with it"
            return _Trouble(code=RefusalCode.POSITION_UNEXPLAINED, reason=reason, is_quantity=is_quantity)
        if not reaches_node_history(self.view, key):
            return _Trouble(
                code=RefusalCode.POSITION_UNEXPLAINED,
                reason="the fills that were read do not explain the position, and part of it is older than they are",
                is_quantity=True,
            )
        return _Trouble(
            code=RefusalCode.MOVED_WITHOUT_FILL,
            reason="every fill was read and the position is not their sum",
            is_quantity=True,
        )

    def _refused_quantity(self, key: PositionKey) -> Decimal:
        """Return the sum of the missing fills of one position whose orders are refused."""
        return sum(
            (
                fill.signed_quantity
                for order, _ in self.blocked
                for fill in order.missing
                if (fill.instrument_id, fill.leg) == key and fill.key not in self.view.position_booked
            ),
            Decimal(0),
        )

    def _check_average(self, key: PositionKey, predicted: dict[str, Predicted]) -> _Trouble | None:
        if is_split(predicted, key[1]):
            return _Trouble(code=RefusalCode.OWNERSHIP_SPLIT, reason="more than one owner holds the position")
        for one in predicted.values():
            replay = replay_for(one, key, self.view, self.settings.tolerance)
            if isinstance(replay, RefusalCode):
                return _Trouble(
                    code=replay, reason="the position's fills cannot be put into the venue's time order in place"
                )
            if replay is not None:
                self.steps.append(replay)
                return None
        if any(isinstance(step, Fill) and (step.fill.instrument_id, step.fill.leg) == key for step in self.steps):
            return None
        wrong = any(
            one.kind is DiscrepancyKind.POSITION_AVERAGE_PRICE and one.subject.leg is key[1]
            for one in self.case.positions
        )
        if not wrong:
            return None
        if holds_only_venue_fills(self.view, key):
            reason = "the fills are the venue's, and the venue's average price is not what they come to"
            return _Trouble(code=RefusalCode.NO_STEP_EXISTS, reason=reason)
        return _Trouble(
            code=RefusalCode.NEEDS_REBUILD, reason="the position holds fills that the venue did not report so"
        )

    # -- more than reports ---------------------------------------------------------------------------------------------

    def _rebuild_reason(self, trouble: dict[PositionKey, _Trouble]) -> str:
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
        owner = self.owners.owner_of(self.case.instrument_id)
        traders = self.owners.traders.get(self.case.instrument_id, frozenset())
        return traders <= {owner.name} and owner.source in {OwnerSource.CLAIM, OwnerSource.ONLY_TRADER}

    def _rebuild(self, planned: list[tuple[OrderCase, OrderPlan]], reason: str) -> bool:
        """Replace the steps by a rebuild; return whether that was possible, else keep the reason why not."""
        owner = self.owners.owner_of(self.case.instrument_id).name
        damaged = [order for order, result in planned if order.missing or result.refused is RefusalCode.NEEDS_REBUILD]
        rebuilt = rebuild(self.case, damaged, self.view, owner, reason)
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

    def _refuse_positions(self, trouble: dict[PositionKey, _Trouble]) -> None:
        for key, found in trouble.items():
            fingerprints = tuple(
                one.fingerprint for one in self.case.positions if (one.subject.instrument_id, one.subject.leg) == key
            )
            self.refused.append(refusal(found.code, key[0], fingerprints, found.reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trouble:
    """What stays wrong with a position; ``is_quantity`` tells a wrong quantity from a wrong average."""

    code: RefusalCode
    reason: str
    is_quantity: bool = False


_UNEXPLAINED = frozenset(
    {
        RefusalCode.FILLS_INCOMPLETE,
        RefusalCode.POSITION_UNEXPLAINED,
        RefusalCode.MOVED_WITHOUT_FILL,
        RefusalCode.PRICE_UNKNOWN,
    }
)
_REBUILDABLE = frozenset({RefusalCode.NEEDS_REBUILD, RefusalCode.MOVED_WITHOUT_FILL, RefusalCode.OWNERSHIP_SPLIT})
