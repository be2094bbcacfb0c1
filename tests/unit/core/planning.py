"""Plan in one call what two snapshots come to, and read the plan in short."""

from __future__ import annotations

from trueup.core import PlanSettings, diff, plan
from trueup.model import DiscrepancyKind, NodeSnapshot, Plan, RefusalCode, VenueSnapshot

RUNNING = PlanSettings()
STARTUP = PlanSettings(at_startup=True)


def planned(
    truth: VenueSnapshot,
    mine: NodeSnapshot,
    settings: PlanSettings = RUNNING,
    *,
    only: frozenset[DiscrepancyKind] | None = None,
) -> Plan:
    """Plan what may be acted on: everything, or these kinds."""
    found = diff(truth, mine)
    acted_on = tuple(one for one in found if only is None or one.kind in only)
    return plan(acted_on, truth, mine, settings, observed=found)


def names(made: Plan) -> list[str]:
    """Return the kinds of its steps, in order."""
    return [type(step).__name__ for step in made.steps]


def refusals(made: Plan) -> list[tuple[RefusalCode, str]]:
    """Return what it refused, and why."""
    return [(one.code, one.reason) for one in made.refused]
