"""Late detections, real ones: the budget of the objective."""

from __future__ import annotations

import time
from typing import Final

from tests.integration.ops.end_to_end.cases.acts import lose_orders, nothing
from tests.integration.ops.end_to_end.rig import Rig
from tests.integration.ops.end_to_end.trial import Trial
from tests.integration.ops.waiting import until


def _see_late(rig: Rig) -> None:
    """Lose one order of a second client: the next look is due in 20 s, and an order must be seen within 15."""
    until(lambda: rig.metric("trueup_cycle_age_seconds") < 2, "no look ended")
    lose_orders(rig)


def _see_in_time(rig: Rig, count: int) -> None:
    """Lose many orders shortly before a look."""
    until(lambda: rig.metric("trueup_cycle_age_seconds") < 2, "no look ended")
    time.sleep(8)
    lose_orders(rig, count)


OBJECTIVE: Final = (
    (
        Trial(
            alerts=("TrueupDetectionBudgetBurnsFast",),
            fault="a lost order is seen after more than 15 s, by a node that looks every 20 s",
            hurt=_see_late,
            cure=lambda rig: _see_in_time(rig, 24),
            beside=(
                "TrueupDetectionBudgetBurnsSlowly",
                "TrueupDiscrepancyStorm",
                "TrueupAuditDiscrepant",
                "TrueupAuditorDisagrees",
            ),
        ),
    ),
    (
        Trial(
            alerts=("TrueupDetectionBudgetBurnsSlowly",),
            fault="one such order in twenty-five",
            hurt=nothing,
            cure=lambda rig: _see_in_time(rig, 100),
            carries_on=True,
            beside=("TrueupDiscrepancyStorm",),
        ),
    ),
)
"""The budget of late detections: real ones; a hundred in time make one late one good."""
