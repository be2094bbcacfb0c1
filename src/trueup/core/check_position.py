"""What becomes of one position under the planned fills, and what it needs beside them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from trueup.core.cases import InstrumentCase, OrderCase
from trueup.core.plan_orders import OrderPlan
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
from trueup.core.settings import PlanSettings
from trueup.core.view import View
from trueup.model.coverage import RecordKind
from trueup.model.discrepancies import DiscrepancyKind
from trueup.model.positions import PositionKey
from trueup.model.steps import Fill, OpeningBalance, RefusalCode, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Hold what stays wrong with a position; ``is_quantity`` tells a wrong quantity from a wrong average."""

    code: RefusalCode
    reason: str
    is_quantity: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionCheck:
    """Check one position, once the steps of its instrument's orders are known.

    Parameters
    ----------
    key : PositionKey
        Instrument and leg.
    case : InstrumentCase
        The instrument's discrepancies.
    view : View
        Both snapshots.
    settings : PlanSettings
        What the plan may do.
    owner : str
        Who owns what has no owner.
    fills : tuple of Fill
        The planned fills of this position.
    blocked : tuple of (OrderCase, OrderPlan)
        The instrument's orders that are refused.
    is_waiting : bool
        Whether an order of the instrument waits for another look.
    """

    key: PositionKey
    case: InstrumentCase
    view: View
    settings: PlanSettings
    owner: str
    fills: tuple[Fill, ...]
    blocked: tuple[tuple[OrderCase, OrderPlan], ...]
    is_waiting: bool

    def run(self) -> tuple[tuple[Step, ...], Trouble | None]:
        """Return the steps that the position needs beside the planned fills, and what stays wrong with it."""
        instrument_id = self.key[0]
        quantity = self.view.venue_quantity(self.key)
        if quantity is None:
            return (), None
        predicted = self._predict()
        tolerance = self.settings.tolerance
        if tolerance.same_quantity(instrument_id, quantity, total(predicted)):
            return self._check_average(predicted)
        gap = quantity - total(predicted)
        opening = self._opening()
        if isinstance(opening, NoOpening):
            return (), Trouble(code=opening.code, reason=opening.reason, is_quantity=True)
        if opening is None:
            return (), None if self.is_waiting else self._unexplained(gap)
        predicted = self._predict(opening)
        if not tolerance.same_quantity(instrument_id, quantity, total(predicted)):
            return (), self._unexplained(quantity - total(predicted))
        steps, trouble = self._check_average(predicted)
        return (opening, *steps), trouble

    def _predict(self, opening: OpeningBalance | None = None) -> dict[str, Predicted]:
        fills = sorted(self.fills, key=lambda step: step.sort_key)
        return predict(self.view, self.key, [opening_as_fill(opening), *fills] if opening is not None else fills)

    def _opening(self) -> OpeningBalance | NoOpening | None:
        if not (self.settings.at_startup and self.settings.allow_opening_balance):
            return None
        return opening_for(self.view, self.key, self.owner)

    def _unexplained(self, gap: Decimal) -> Trouble:
        """Say why the planned fills leave a gap between the position and the venue's."""
        if not self.view.venue.coverage.complete_for(RecordKind.FILLS, self.key[0]):
            return Trouble(
                code=RefusalCode.POSITION_UNEXPLAINED,
                reason="the fills that were read do not explain the position, and not all were read",
                is_quantity=True,
            )
        # Fills that the venue lists and the engine refuses explain a gap as well as booked ones.
        is_quantity = gap != self._refused_quantity()
        if any(result.refused is RefusalCode.NEEDS_REBUILD for _, result in self.blocked):
            reason = "the node's fills are not the venue's"
            return Trouble(code=RefusalCode.NEEDS_REBUILD, reason=reason, is_quantity=is_quantity)
        if self.blocked:
            reason = "an order of the instrument is not healed, and the position with it"
            return Trouble(code=RefusalCode.POSITION_UNEXPLAINED, reason=reason, is_quantity=is_quantity)
        if not reaches_node_history(self.view, self.key):
            return Trouble(
                code=RefusalCode.POSITION_UNEXPLAINED,
                reason="the fills that were read do not explain the position, and part of it is older than they are",
                is_quantity=True,
            )
        return Trouble(
            code=RefusalCode.MOVED_WITHOUT_FILL,
            reason="every fill was read and the position is not their sum",
            is_quantity=True,
        )

    def _refused_quantity(self) -> Decimal:
        """Return the sum of the missing fills of one position whose orders are refused."""
        return sum(
            (
                fill.signed_quantity
                for order, _ in self.blocked
                for fill in order.missing
                if (fill.instrument_id, fill.leg) == self.key and fill.key not in self.view.position_booked
            ),
            Decimal(0),
        )

    def _check_average(self, predicted: dict[str, Predicted]) -> tuple[tuple[Step, ...], Trouble | None]:
        key = self.key
        if is_split(predicted, key[1]):
            return (), Trouble(code=RefusalCode.OWNERSHIP_SPLIT, reason="more than one owner holds the position")
        for one in predicted.values():
            replay = replay_for(one, key, self.view, self.settings.tolerance)
            if isinstance(replay, RefusalCode):
                reason = "the position's fills cannot be put into the venue's time order in place"
                return (), Trouble(code=replay, reason=reason)
            if replay is not None:
                return (replay,), None
        is_wrong = any(
            one.kind is DiscrepancyKind.POSITION_AVERAGE_PRICE and one.subject.leg is key[1]
            for one in self.case.positions
        )
        if self.fills or not is_wrong:
            return (), None
        if holds_only_venue_fills(self.view, key):
            reason = "the fills are the venue's, and the venue's average price is not what they come to"
            return (), Trouble(code=RefusalCode.NO_STEP_EXISTS, reason=reason)
        reason = "the position holds fills that the venue did not report so"
        return (), Trouble(code=RefusalCode.NEEDS_REBUILD, reason=reason)
