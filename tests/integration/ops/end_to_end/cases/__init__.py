"""Every alert: the fault that fires it, and the cure. Trials of one act happen at the same time on the same node."""

from __future__ import annotations

from typing import Final

from tests.integration.ops.end_to_end.cases.life import LIFE
from tests.integration.ops.end_to_end.cases.native import NATIVE
from tests.integration.ops.end_to_end.cases.objective import OBJECTIVE
from tests.integration.ops.end_to_end.cases.safety import SAFETY
from tests.integration.ops.end_to_end.cases.start import OUTAGE, START
from tests.integration.ops.end_to_end.cases.truth import TRUTH
from tests.integration.ops.end_to_end.cases.venue import VENUE
from tests.integration.ops.end_to_end.trial import Trial

NOT_SHOWN: Final[dict[str, str]] = {}
"""The alerts without a trial, each with the reason."""

GROUPS: Final = (VENUE, TRUTH, SAFETY, LIFE, START, OUTAGE, NATIVE, OBJECTIVE)

SLICE: Final[tuple[Trial, ...]] = tuple(
    trial
    for group in (VENUE, SAFETY)
    for act in group
    for trial in act
    if trial.alerts in {("TrueupStoreDown",), ("TrueupUnclaimedExternalOrders",)}
)
"""What every run of the tests does."""

__all__ = [
    "GROUPS",
    "LIFE",
    "NATIVE",
    "NOT_SHOWN",
    "OBJECTIVE",
    "OUTAGE",
    "SAFETY",
    "SLICE",
    "START",
    "TRUTH",
    "VENUE",
]
