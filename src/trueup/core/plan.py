"""Plan how to remove discrepancies: an ordered list of steps, and what is refused with its reason.

The plan is a pure function of what may be acted on and of both snapshots. Its steps are sorted so that the engine
accepts each of them: preparations, then opening balances, then everything in the venue's time order across orders (at
one instant: seeds, ends of pending requests, amendments, fills by trade id, final statuses), then replays of positions.
Across instruments nothing depends on the order: a long plan takes them one after the other (`PlanSettings`).
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import merge
from itertools import chain

from trueup.core.cases import gather
from trueup.core.ordering import in_order
from trueup.core.owners import OwnerBook
from trueup.core.plan_instrument import InstrumentPlanner
from trueup.core.settings import PlanSettings
from trueup.core.view import View, view_of
from trueup.model.discrepancies import Discrepancy
from trueup.model.plans import Plan
from trueup.model.snapshots import NodeSnapshot, VenueSnapshot
from trueup.model.steps import Refusal, Step, StepKey

_DEFAULT = PlanSettings()


def plan(
    discrepancies: Iterable[Discrepancy],
    venue: VenueSnapshot,
    node: NodeSnapshot,
    settings: PlanSettings = _DEFAULT,
    *,
    observed: Iterable[Discrepancy] | None = None,
    view: View | None = None,
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
    view : View, optional
        Of the same two snapshots, where the comparison has made one already.

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
    view = view_of(venue, node, view)
    owners = OwnerBook.of(node, settings.claims, settings.known_traders, settings.evidence, venue.orders)
    steps: list[list[Step]] = []
    refused: list[Refusal] = []
    heals: list[Discrepancy] = []
    for case in gather(acted_on, seen, view):
        planner = InstrumentPlanner(case=case, view=view, settings=settings, owners=owners)
        planner.run()
        steps.append(in_order(planner.steps, key=_place))
        refused += planner.refused
        heals += planner.heals()
    if settings.apart_steps_min is not None and sum(map(len, steps)) >= settings.apart_steps_min:
        ordered: Iterable[Step] = chain.from_iterable(steps)
    else:
        # Merged, not sorted: one long sort would keep every other thread waiting, and with it the event loop.
        ordered = merge(*steps, key=_place)
    return Plan(steps=tuple(ordered), refused=tuple(refused), heals=tuple(heals))


def _place(step: Step) -> StepKey:
    return step.sort_key
