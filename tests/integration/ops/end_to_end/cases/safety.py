"""Faults of what must hold when all else fails: store, guard, auditor."""

from __future__ import annotations

import time
from typing import Final

from tests.integration.ops.end_to_end.cases.acts import PRICE, QUANTITY, disarm
from tests.integration.ops.end_to_end.rig import BTC, Rig
from tests.integration.ops.end_to_end.trial import Trial
from tests.integration.ops.waiting import until


def _pause_writes(rig: Rig) -> None:
    rig.tell("buy", instrument=BTC, quantity=QUANTITY, price=PRICE)
    time.sleep(2)
    rig.server("CLIENT", "PAUSE", "300000", "WRITE")
    rig.by_hand("BTCUSDT", QUANTITY)
    rig.tell("buy", instrument=BTC, quantity=QUANTITY, price="30001.0")


def _unpause(rig: Rig) -> None:
    rig.server("CLIENT", "UNPAUSE")
    rig.sweep()


def _forget(rig: Rig) -> None:
    rig.server("CONFIG", "SET", "appendonly", "no")
    rig.server("CONFIG", "SET", "save", "")


def _deafen(rig: Rig) -> None:
    rig.tell("deafen")
    rig.operator_tries("halt", "--reason", "a trial")


def _undeafen(rig: Rig) -> None:
    rig.tell("undeafen")
    until(lambda: rig.metric("trueup_guard_can_act") == 1, "the guard still cannot act")
    rig.operator("release", "--force", "--reason", "done")


SAFETY: Final = (
    (
        Trial(
            alerts=("TrueupStoreDown",),
            fault="the Valkey server is killed",
            hurt=lambda rig: rig.kill_store(),
            cure=lambda rig: rig.start_store(),
            beside=("TrueupAuditUnknown",),
        ),
    ),
    (
        Trial(
            alerts=("TrueupStoreWriteBehind", "TrueupAuditDiscrepant", "TrueupAuditorDisagrees"),
            fault="the store takes no writes",
            hurt=_pause_writes,
            cure=_unpause,
        ),
    ),
    (
        Trial(
            alerts=("TrueupStoreNotPersistent",),
            fault="an operator switches the store's persistence off",
            hurt=_forget,
            cure=lambda rig: rig.server("CONFIG", "SET", "appendonly", "yes"),
        ),
        Trial(
            alerts=("TrueupAuditorStale",),
            fault="a question of the auditor's is never answered",
            hurt=lambda rig: rig.arm({"kind": "hang"}, path="/fapi/v1/income"),
            cure=disarm,
            beside=("TrueupAuditUnknown",),
        ),
    ),
    (
        Trial(
            alerts=("TrueupGuardHalted",),
            fault="an operator orders `trueup guard halt`",
            hurt=lambda rig: rig.operator("halt", "--reason", "a trial"),
            cure=lambda rig: rig.operator("release", "--force", "--reason", "done"),
        ),
    ),
    (
        Trial(
            alerts=("TrueupGuardOverridden", "TrueupGuardCannotAct"),
            fault="the risk engine ignores the trading state that the guard sets",
            hurt=_deafen,
            cure=_undeafen,
            beside=("TrueupGuardHalted", "TrueupMonitorDropping"),
        ),
    ),
    (
        Trial(
            alerts=("TrueupAuditorDown",),
            fault="the auditor is killed",
            hurt=lambda rig: rig.kill_watch(),
            cure=lambda rig: rig.start_watch(),
        ),
    ),
    (
        Trial(
            alerts=("TrueupTwoWriters",),
            fault="the same node is started a second time",
            hurt=lambda rig: rig.start_second_node(),
            cure=lambda rig: rig.kill_second_node(),
            beside=("TrueupGuardHalted", "TrueupAuditDiscrepant", "TrueupGuardReducing", "TrueupDiscrepancyStorm"),
        ),
    ),
)
"""What must hold when all else fails."""
