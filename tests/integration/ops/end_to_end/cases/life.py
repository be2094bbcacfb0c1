"""Faults of a node that hangs, dies, and is started again."""

from __future__ import annotations

import time
from functools import partial
from typing import Final

from tests.integration.ops.end_to_end.cases.acts import PRICE, QUANTITY, let_it_start, lose_orders, nothing, start_again
from tests.integration.ops.end_to_end.rig import BTC, Rig
from tests.integration.ops.end_to_end.trial import Trial
from tests.integration.ops.waiting import until

STARTED = "trueup_node_started_timestamp_seconds"

TRADES_LARGE = 1_100
"""Orders and fills of so many are compared in a thread."""


def _end_threads(rig: Rig) -> None:
    """Take from the node the threads that it compares a large account in, and give it one to compare."""
    for number in range(TRADES_LARGE):
        rig.take("BTCUSDT", QUANTITY, "SELL" if number % 2 else "BUY")
    rig.tell("end_threads")
    lose_orders(rig)


def _stall_commands(rig: Rig) -> None:
    rig.tell("buy", instrument=BTC, quantity=QUANTITY, price=PRICE, name="Q-1")
    time.sleep(3)
    rig.tell("end_tasks", named="_run_cmd_queue")
    time.sleep(1)
    rig.tell("ask_often", name="Q-1", times=1_500)


STARTS_MAX: Final = 12


def _start_often(rig: Rig) -> None:
    """Be a machine that kills the node whenever it has begun to start, until somebody is told."""
    for _ in range(STARTS_MAX):
        before = rig.metric(STARTED)
        rig.kill_node()
        rig.start_node(await_phase="")
        until(partial(_has_started_since, rig, before), "the new life was not scraped")
        if rig.observer is not None and "TrueupRestarting" in rig.observer.firing():
            return


def _has_started_since(rig: Rig, before: float) -> bool:
    return rig.metric(STARTED) > before


def _let_it_end(rig: Rig) -> None:
    rig.stop_node()
    rig.node.__exit__()
    rig.start_node(await_phase="RECONCILED")


LIFE: Final = (
    (
        Trial(
            alerts=("TrueupCheckStale", "TrueupVerdictStale"),
            fault="a strategy cancels the task that looks at the venue, with others that are not its own",
            hurt=lambda rig: rig.tell("end_tasks", named="trueup-monitor"),
            cure=start_again,
            beside=("TrueupGuardReducing", "TrueupVerdictUnknown", "TrueupNodeDown", "TrueupStartupFailed"),
            fires_secs=300,
        ),
    ),
    (
        Trial(
            alerts=("TrueupLoopHung",),
            fault="a strategy computes for 25 s",
            hurt=lambda rig: rig.tell("spin", secs=25),
            cure=nothing,
            beside=("TrueupLoopLag", "TrueupStreamGaps"),
        ),
    ),
    (
        Trial(
            alerts=("TrueupEngineQueueGrowing",),
            fault="a strategy cancels the task that takes the engine's commands, and sends 1,500 more",
            hurt=_stall_commands,
            cure=start_again,
        ),
    ),
    (
        Trial(
            alerts=("TrueupCheckFailing",),
            fault="a strategy shuts down the event loop's threads, not its own, on an account of 1,100 trades",
            hurt=_end_threads,
            cure=start_again,
            beside=(
                "TrueupTrueUpProblems",
                "TrueupWeightNearlySpent",
                "TrueupJournalDropping",
                "TrueupJournalFailing",
                "TrueupMonitorDropping",
                "TrueupLoopLag",
                "TrueupStoreWriteBehind",
                "TrueupCheckSlow",
                "TrueupVenueSlow",
                "TrueupVerdictStale",
                "TrueupVerdictUnknown",
                "TrueupCheckStale",
                "TrueupGuardReducing",
                "TrueupGuardHalted",
                "TrueupAuditDiscrepant",
                "TrueupAuditorDisagrees",
            ),
        ),
    ),
    (
        Trial(
            alerts=("TrueupNodeDown",),
            fault="the node is killed",
            hurt=lambda rig: rig.kill_node(),
            cure=lambda rig: rig.start_node(await_phase="RECONCILED"),
        ),
    ),
    (
        Trial(
            alerts=("TrueupRestarting",),
            fault="the node is killed whenever it has begun to start, four times and more",
            hurt=_start_often,
            cure=let_it_start,
            beside=("TrueupNodeDown", "TrueupStartupFailed"),
        ),
    ),
    (
        Trial(
            alerts=("TrueupNotTrading",),
            fault="the node takes half a minute to stop",
            hurt=lambda rig: rig.stop_node(wait=False),
            cure=_let_it_end,
            beside=("TrueupNodeDown", "TrueupClientDisconnected", "TrueupRestarting"),
        ),
    ),
)
"""On a node that hangs, dies, and is started again."""
