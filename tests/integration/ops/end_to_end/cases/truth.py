"""Faults that make a node untrue: of venue, stream, strategy or disk."""

from __future__ import annotations

import time
from functools import partial
from typing import Final

from tests.integration.ops.end_to_end.cases.acts import POSITIONS, QUANTITY, disarm, fill_silently, lose_orders
from tests.integration.ops.end_to_end.rig import BTC, Rig
from tests.integration.ops.end_to_end.trial import Trial
from tests.integration.ops.waiting import until


def _fill_disk(rig: Rig) -> None:
    """Let no file of the node grow, and give it something to write down."""
    rig.limit_files(4_096)
    for _ in range(3):
        lose_orders(rig)
        time.sleep(6)


def _flood(rig: Rig) -> None:
    rig.limit_files(4_096)
    lose_orders(rig, 60)


def _empty_disk(rig: Rig) -> None:
    rig.limit_files(None)
    disarm(rig)


def _swallow(rig: Rig) -> None:
    rig.tell("swallow_reports")
    lose_orders(rig)


def _swallow_no_more(rig: Rig) -> None:
    rig.tell("pass_reports")
    disarm(rig)


def _stumble(rig: Rig) -> None:
    rig.tell("stumble")
    lose_orders(rig, 4)


def _walk(rig: Rig) -> None:
    rig.tell("walk")
    disarm(rig)


def _stop_positions(rig: Rig) -> None:
    """Let the venue's list of positions stand still, as the node has seen it."""
    before = _asked(rig, POSITIONS)
    rig.arm({"kind": "stale_snapshot"}, path=POSITIONS)
    until(lambda: _asked(rig, POSITIONS) > before + 2, "the positions were not asked for")


def _asked(rig: Rig, path: str) -> int:
    return sum(one.count for one in rig.control.request_totals() if one.path == path)


def _freeze_positions(rig: Rig) -> None:
    _stop_positions(rig)
    rig.tell("buy", instrument=BTC, quantity=QUANTITY)


def _hide_a_fill(rig: Rig) -> None:
    """Fill an order of the node's without telling: neither the stream nor the lists of fills and positions."""
    _stop_positions(rig)
    fill_silently(rig, unlisted=True)


def _detected(rig: Rig) -> float:
    return rig.metric("sum(trueup_discrepancies_detected_total)")


def _has_detected_more(rig: Rig, than: float) -> bool:
    return _detected(rig) > than


def _amend_again_and_again(rig: Rig) -> None:
    """Amend an order as another client does, event lost, each time after it was made right."""
    rig.arm({"kind": "drop_event"}, event="ORDER_TRADE_UPDATE", execution="AMENDMENT")
    order = rig.by_hand("BTCUSDT", QUANTITY)
    account = rig.venue.ready.account
    for number in range(7):
        seen = _detected(rig)
        rig.control.amend_order(
            account, "BTCUSDT", order_id=order.order_id, quantity=order.quantity, price=order.price - 10 - number
        )
        until(partial(_has_detected_more, rig, seen), "not seen")
        until(lambda: rig.metric("sum(trueup_discrepancies_open)") == 0, "not healed")


TRUTH: Final = (
    (
        Trial(
            alerts=("TrueupPositionMismatch", "TrueupRepairRefused"),
            fault="the venue's list of positions stands still while the node trades",
            hurt=_freeze_positions,
            cure=disarm,
            beside=(
                "TrueupGuardHalted",
                "TrueupAuditDiscrepant",
                "TrueupAuditorDisagrees",
                "TrueupWeightNearlySpent",
                "TrueupCheckSlow",
                "TrueupVenueSlow",
                # What the venue hides is seen late.
                "TrueupDetectionBudgetBurnsFast",
                "TrueupDetectionBudgetBurnsSlowly",
            ),
        ),
    ),
    (
        Trial(
            alerts=("TrueupDiscrepancyUnresolved",),
            fault="a fill is in the order alone: not on the stream, not in the lists of fills and positions",
            hurt=_hide_a_fill,
            cure=disarm,
            beside=(
                "TrueupRepairRefused",
                "TrueupGuardReducing",
                "TrueupAuditDiscrepant",
                "TrueupPositionMismatch",
                "TrueupWeightNearlySpent",
            ),
        ),
    ),
    (
        Trial(
            alerts=("TrueupDiscrepancyRecurring",),
            fault="a second client amends an order seven times, and the stream loses the events",
            hurt=_amend_again_and_again,
            cure=disarm,
            beside=("TrueupWeightNearlySpent",),
        ),
    ),
    (
        Trial(
            alerts=("TrueupGaveUp",),
            fault="an order is missing, and the engine swallows the reports that would add it",
            hurt=_swallow,
            cure=_swallow_no_more,
            beside=(
                "TrueupGuardReducing",
                "TrueupDiscrepancyUnresolved",
                "TrueupWeightNearlySpent",
                "TrueupAuditDiscrepant",
            ),
        ),
    ),
    (
        Trial(
            alerts=("TrueupTrueUpProblems",),
            fault="four orders are missing, and the strategy that claims them raises at each acceptance",
            hurt=_stumble,
            cure=_walk,
            beside=("TrueupWeightNearlySpent",),
        ),
    ),
    (
        Trial(
            alerts=("TrueupJournalFailing",),
            fault="the disk of the journal is full",
            hurt=_fill_disk,
            cure=_empty_disk,
            beside=("TrueupMonitorDropping",),
        ),
    ),
    (
        Trial(
            alerts=("TrueupDiscrepancyStorm", "TrueupJournalDropping", "TrueupMonitorDropping"),
            fault="sixty orders of a second client appear while the stream loses events and the disk is full",
            hurt=_flood,
            cure=_empty_disk,
            beside=("TrueupJournalFailing", "TrueupWeightNearlySpent", "TrueupAuditDiscrepant"),
        ),
    ),
)
"""On a node whose venue, stream or disk makes it untrue."""
