"""The detection-time objective: differences are seen in time, in 99 of 100 cases; alerts by how fast the rest is spent.

Four windows as in Google's workbook on service level objectives: a fast burn must show in a long and in a short window,
so that it is real and not over yet.
"""

from __future__ import annotations

from typing import Final

from trueup.ops.alert import Alert, AlertSeverity, Component, Recording, RuleGroup
from trueup.ops.metrics import DETECTION_OBJECTIVE_SECS

OBJECTIVE: Final = 0.99
WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
RATIO: Final = "instance:trueup_detections_late:ratio"

_WHY = (
    "burn rates of the four-window scheme over 30 days: 2 % of the budget in an hour, 5 % in 6 h, 10 % in 1 or 3 days"
)


def _ratio(window: str) -> Recording:
    return Recording(
        name=f"{RATIO}_rate{window}",
        expression=f"sum by (job, instance) (rate(trueup_detections_late_total[{window}])) / "
        f"sum by (job, instance) (rate(trueup_detections_total[{window}]))",
    )


def _burns(factor: float, long: str, short: str) -> str:
    limit = f"({factor:g} * {1 - OBJECTIVE:.2f})"
    return f"({RATIO}_rate{long} > {limit} and {RATIO}_rate{short} > {limit})"


OBJECTIVE_RECORDINGS = RuleGroup(
    name="trueup-objective-recordings", interval_secs=30, recordings=tuple(_ratio(window) for window in WINDOWS)
)

OBJECTIVE_ALERTS = RuleGroup(
    name="trueup-objective",
    interval_secs=30,
    alerts=(
        Alert(
            name="TrueupDetectionBudgetBurnsFast",
            expression=f"{_burns(14.4, '1h', '5m')} or {_burns(6, '6h', '30m')}",
            severity=AlertSeverity.CRITICAL,
            component=Component.RECONCILIATION,
            summary="{{ $value | humanizePercentage }} of the differences on {{ $labels.instance }} are seen late",
            description=f"Differences are seen later than {DETECTION_OBJECTIVE_SECS:g} s after they came about, so "
            "often that the objective for the month is lost within days.",
            why=_WHY,
        ),
        Alert(
            name="TrueupDetectionBudgetBurnsSlowly",
            expression=f"{_burns(3, '1d', '2h')} or {_burns(1, '3d', '6h')}",
            severity=AlertSeverity.WARNING,
            component=Component.RECONCILIATION,
            summary="{{ $value | humanizePercentage }} of the differences on {{ $labels.instance }} are seen late",
            description=f"Differences are seen later than {DETECTION_OBJECTIVE_SECS:g} s after they came about, more "
            "often than the objective of one in a hundred allows.",
            why=_WHY,
        ),
    ),
)
