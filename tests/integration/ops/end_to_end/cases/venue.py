"""Faults of the venue, and of the way to it, on a node that is well."""

from __future__ import annotations

import time
from typing import Final

from tests.integration.ops.end_to_end.cases.acts import (
    FAILED,
    OPEN_ORDERS,
    ORDER,
    POSITIONS,
    PRICE,
    QUANTITY,
    disarm,
    nothing,
)
from tests.integration.ops.end_to_end.rig import BTC, Rig
from tests.integration.ops.end_to_end.trial import Trial
from tests.integration.ops.waiting import until

LIMITED = {
    "kind": "respond",
    "status": 429,
    "body": {"code": -1003, "msg": "Too many requests"},
    "headers": {"Retry-After": "1"},
}


def _cut_streams(rig: Rig) -> None:
    for _ in range(6):
        rig.control.cut_streams(rig.venue.ready.account)
        until(lambda: rig.control.health().sockets >= 2, "no stream is back")
        time.sleep(1.0)


def _slow(rig: Rig) -> None:
    for path in (OPEN_ORDERS, POSITIONS):
        rig.arm({"kind": "delay", "delay_ms": 6_000}, path=path)


def _hang_submit(rig: Rig) -> None:
    rig.arm({"kind": "hang"}, method="POST", path=ORDER, client_order_id="H-*")
    rig.arm(FAILED, method="GET", path=ORDER, client_order_id="H-*")
    rig.tell("buy", instrument=BTC, quantity=QUANTITY, price=PRICE, name=f"H-{time.monotonic_ns()}")


def _spend_most(rig: Rig) -> None:
    """Be another program with the node's address; the venue counts by the minute, and a new one may begin meanwhile."""
    until(lambda: _spent(rig), "the weight was not spent")


def _spent(rig: Rig) -> bool:
    rig.spend_weight(0.9)
    time.sleep(2)
    return rig.observer is not None and "TrueupWeightNearlySpent" in rig.observer.firing()


VENUE: Final = (
    (
        Trial(
            alerts=("TrueupLoopLag",),
            fault="a strategy computes for half a second, again and again",
            hurt=lambda rig: rig.tell("be_slow", busy_secs=0.5, pause_secs=1.0),
            cure=lambda rig: rig.tell("be_well"),
        ),
        Trial(
            alerts=("TrueupClockSkew",),
            fault="the node's clock is 6 s ahead of its venue's",
            # Far enough for the venue to refuse timestamps, both ways: that makes the node measure its clock at once.
            hurt=lambda rig: rig.control.offset_clock(-6_000),
            cure=lambda rig: rig.control.offset_clock(0),
        ),
        Trial(
            alerts=("TrueupUnclaimedExternalOrders",),
            fault="a second client places an order on an instrument that no strategy claims",
            hurt=lambda rig: rig.by_hand("SOLUSDT", "1"),
            cure=lambda rig: rig.sweep("SOLUSDT"),
        ),
        Trial(
            alerts=("TrueupStreamGaps",),
            fault="the venue cuts the user stream six times",
            hurt=_cut_streams,
            cure=nothing,
        ),
        Trial(
            alerts=("TrueupGuardReducing",),
            fault="an operator orders `trueup guard reduce`",
            hurt=lambda rig: rig.operator("reduce", "--reason", "a trial"),
            cure=lambda rig: rig.operator("release", "--force", "--reason", "done"),
        ),
    ),
    (
        Trial(
            alerts=("TrueupVenueSlow", "TrueupCheckSlow"),
            fault="the venue's answers take 6 s",
            hurt=_slow,
            cure=disarm,
            beside=("TrueupVenueErrors", "TrueupCheckStale", "TrueupAuditUnknown", "TrueupGuardReducing"),
        ),
    ),
    (
        Trial(
            alerts=("TrueupVenueErrors",),
            fault="four in five questions for the open orders are answered 503",
            hurt=lambda rig: rig.arm(FAILED, path=OPEN_ORDERS, probability=0.8, seed=1),
            cure=disarm,
            beside=("TrueupAuditUnknown", "TrueupGuardReducing", "TrueupVerdictUnknown"),
        ),
        Trial(
            alerts=("TrueupInflightStuck",),
            fault="the venue never answers a submission, nor tells what became of it",
            hurt=_hang_submit,
            cure=nothing,
            beside=("TrueupCheckSlow",),
        ),
    ),
    (
        Trial(
            alerts=("TrueupWeightNearlySpent",),
            fault="another program with the node's address spends the request weight",
            hurt=_spend_most,
            cure=lambda rig: rig.control.forgive_limits(),
            beside=(
                "TrueupVenueErrors",
                "TrueupCheckSlow",
                "TrueupCheckStale",
                "TrueupVenueUnreachable",
                "TrueupVerdictUnknown",
                "TrueupGuardReducing",
                "TrueupAuditorStale",  # it reads from the same address, and waits for the next minute's weight
            ),
        ),
    ),
    (
        Trial(
            alerts=("TrueupRateLimited",),
            fault="the venue answers 429 to the questions for the open orders",
            hurt=lambda rig: rig.arm(LIMITED, path=OPEN_ORDERS),
            cure=disarm,
            beside=("TrueupVenueErrors", "TrueupCheckSlow", "TrueupAuditUnknown", "TrueupGuardReducing"),
        ),
    ),
    (
        Trial(
            alerts=("TrueupVenueUnreachable", "TrueupClientDisconnected", "TrueupAuditUnknown"),
            fault="the venue's process is killed",
            hurt=lambda rig: rig.venue.kill(),
            cure=lambda rig: rig.venue.start(),
            beside=(
                "TrueupGuardReducing",
                "TrueupVenueErrors",
                "TrueupStreamGaps",
                "TrueupCheckSlow",
                "TrueupCheckStale",
            ),
        ),
    ),
)
"""On a node that is well."""
