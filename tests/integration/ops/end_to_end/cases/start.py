"""Faults of a start-up, and those that only time makes bad."""

from __future__ import annotations

from typing import Final

from tests.integration.ops.end_to_end.cases.acts import FAILED, OPEN_ORDERS, disarm, let_it_start, start_again
from tests.integration.ops.end_to_end.rig import Rig
from tests.integration.ops.end_to_end.setting import Setting
from tests.integration.ops.end_to_end.trial import Trial
from trueup.ops.metrics import CLIENTS_MAX


def _start_into_trouble(rig: Rig, secs: int) -> None:
    """Start the node on a venue that does not tell its open orders; the start-up may take so long."""
    rig.kill_node()
    rig.arm(FAILED, path=OPEN_ORDERS)
    rig.start_node(Setting(more=f"[timeouts]\nreconciliation_secs = {secs}"), await_phase="")


def _start_with_many_clients(rig: Rig) -> None:
    """Start a node that asks one venue in the name of one more client than there is room for."""
    rig.kill_node()
    rig.start_node(Setting(clients=CLIENTS_MAX + 1, more="[timeouts]\nreconciliation_secs = 170"), await_phase="")


START: Final = (
    (
        Trial(
            alerts=("TrueupStartupSlow",),
            fault="the venue does not tell its open orders while the node starts",
            hurt=lambda rig: _start_into_trouble(rig, 170),
            cure=let_it_start,
            beside=(
                "TrueupVenueUnreachable",
                "TrueupVenueErrors",
                "TrueupVerdictUnknown",
                "TrueupVenueSlow",
                "TrueupWeightNearlySpent",
                "TrueupAuditUnknown",
                "TrueupNodeDown",
            ),
        ),
    ),
    (
        Trial(
            alerts=("TrueupStartupFailed",),
            fault="the same, for longer than the start-up may take",
            hurt=lambda rig: _start_into_trouble(rig, 12),
            cure=start_again,
            beside=(
                "TrueupVenueUnreachable",
                "TrueupVenueErrors",
                "TrueupNodeDown",
                "TrueupRestarting",
            ),
        ),
    ),
    (
        Trial(
            alerts=("TrueupSeriesGrowth",),
            fault="the node is started with 17 clients",
            hurt=_start_with_many_clients,
            cure=start_again,
            beside=(
                "TrueupVenueUnreachable",
                "TrueupClientDisconnected",
                "TrueupVenueErrors",
                "TrueupVenueSlow",
                "TrueupRateLimited",
                "TrueupWeightNearlySpent",
                "TrueupStartupSlow",
                "TrueupStartupFailed",
                "TrueupVerdictUnknown",
                "TrueupNodeDown",
                "TrueupLoopLag",
                "TrueupRestarting",
            ),
        ),
    ),
    (
        Trial(
            alerts=("TrueupNodeAbsent",),
            fault="the scrape configuration loses the node",
            hurt=lambda rig: rig.scraped(now=False),
            cure=lambda rig: rig.scraped(now=True),
        ),
    ),
)
"""On a node that starts badly, and on one that is not looked at."""

OUTAGE: Final = (
    (
        Trial(
            alerts=("TrueupVerdictUnknown", "TrueupCoverageIncomplete"),
            fault="the venue does not tell its open orders, and answers everything else",
            hurt=lambda rig: rig.arm(FAILED, path=OPEN_ORDERS),
            cure=disarm,
            beside=(
                "TrueupVenueErrors",
                "TrueupVenueSlow",
                "TrueupCheckSlow",
                "TrueupWeightNearlySpent",
                "TrueupGuardReducing",
                "TrueupAuditUnknown",
                "TrueupAuditorStale",
                "TrueupCheckStale",
            ),
            fires_secs=480,
        ),
    ),
    (
        Trial(
            alerts=("TrueupVerdictUnknownLong",),
            fault="the same, for ten minutes",
            hurt=lambda rig: rig.arm(FAILED, path=OPEN_ORDERS),
            cure=disarm,
            fires_secs=780,
        ),
    ),
)
"""What only time makes bad: thresholds of minutes, which are not compressed."""
