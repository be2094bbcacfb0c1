"""Every alert: the fault that fires it, and the cure. Trials of one act happen at the same time on the same node."""

from __future__ import annotations

import time
from functools import partial
from typing import Final

from tests.integration.ops.end_to_end.rig import BTC, Rig, Setting, until
from tests.integration.ops.end_to_end.trial import Trial

OPEN_ORDERS, ORDER = "/fapi/v1/openOrders", "/fapi/v1/order"
POSITIONS, TRADES = "/fapi/v3/positionRisk", "/fapi/v1/userTrades"
FAILED = {"kind": "respond", "status": 503, "body": {"code": -1001, "msg": "Internal error"}}
LIMITED = {
    "kind": "respond",
    "status": 429,
    "body": {"code": -1003, "msg": "Too many requests"},
    "headers": {"Retry-After": "1"},
}
STARTED = "trueup_node_started_timestamp_seconds"
TRADES_LARGE = 1_100
"""Orders and fills of so many are compared in a thread."""
QUANTITY, PRICE = "0.010", "30000.0"


def _nothing(_: Rig) -> None:
    """It cures itself."""


def _disarm(rig: Rig) -> None:
    rig.disarm()
    rig.sweep()


# -- store -------------------------------------------------------------------------------------------------------------


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


# -- the node's own trouble --------------------------------------------------------------------------------------------


def _cut_streams(rig: Rig) -> None:
    for _ in range(6):
        rig.control.cut_streams(rig.venue.ready.account)
        until(lambda: rig.control.health().sockets >= 2, "no stream is back")
        time.sleep(1.0)


def _fill_disk(rig: Rig) -> None:
    """Let no file of the node grow, and give it something to write down."""
    rig.limit_files(4_096)
    rig.arm({"kind": "drop_event"}, event="ORDER_TRADE_UPDATE")
    for _ in range(3):
        rig.by_hand("BTCUSDT", QUANTITY)
        time.sleep(6)


def _flood(rig: Rig) -> None:
    rig.limit_files(4_096)
    rig.arm({"kind": "drop_event"}, event="ORDER_TRADE_UPDATE")
    for _ in range(60):
        rig.by_hand("BTCUSDT", QUANTITY)


def _empty_disk(rig: Rig) -> None:
    rig.limit_files(None)
    _disarm(rig)


def _swallow(rig: Rig) -> None:
    rig.arm({"kind": "drop_event"}, event="ORDER_TRADE_UPDATE")
    rig.tell("swallow_reports")
    rig.by_hand("BTCUSDT", QUANTITY)


def _swallow_no_more(rig: Rig) -> None:
    rig.tell("pass_reports")
    _disarm(rig)


def _stumble(rig: Rig) -> None:
    rig.arm({"kind": "drop_event"}, event="ORDER_TRADE_UPDATE")
    rig.tell("stumble")
    for _ in range(4):
        rig.by_hand("BTCUSDT", QUANTITY)


def _walk(rig: Rig) -> None:
    rig.tell("walk")
    _disarm(rig)


def _end_threads(rig: Rig) -> None:
    """Take from the node the threads that it compares a large account in, and give it one to compare."""
    for number in range(TRADES_LARGE):
        rig.take("BTCUSDT", QUANTITY, "SELL" if number % 2 else "BUY")
    rig.tell("end_threads")
    rig.arm({"kind": "drop_event"}, event="ORDER_TRADE_UPDATE")
    rig.by_hand("BTCUSDT", QUANTITY)


def _start_with_threads(rig: Rig) -> None:
    rig.disarm()
    _start_again(rig)


def _stall_commands(rig: Rig) -> None:
    rig.tell("buy", instrument=BTC, quantity=QUANTITY, price=PRICE, name="Q-1")
    time.sleep(3)
    rig.tell("end_tasks", named="_run_cmd_queue")
    time.sleep(1)
    rig.tell("ask_often", name="Q-1", times=1_500)


def _start_again(rig: Rig) -> None:
    rig.kill_node()
    rig.start_node(await_phase="RECONCILED")
    rig.sweep()


# -- the venue ---------------------------------------------------------------------------------------------------------


def _slow(rig: Rig) -> None:
    for path in (OPEN_ORDERS, POSITIONS):
        rig.arm({"kind": "delay", "delay_ms": 6_000}, path=path)


def _hang_submit(rig: Rig) -> None:
    rig.arm({"kind": "hang"}, method="POST", path=ORDER, client_order_id="H-*")
    rig.arm(FAILED, method="GET", path=ORDER, client_order_id="H-*")
    rig.tell("buy", instrument=BTC, quantity=QUANTITY, price=PRICE, name=f"H-{time.monotonic_ns()}")


def _freeze_positions(rig: Rig) -> None:
    asked = _asked(rig, POSITIONS)
    rig.arm({"kind": "stale_snapshot"}, path=POSITIONS)
    until(lambda: _asked(rig, POSITIONS) > asked + 2, "the positions were not asked for")
    rig.tell("buy", instrument=BTC, quantity=QUANTITY)


def _hide_a_fill(rig: Rig) -> None:
    """Fill an order of the node's without telling: neither the stream nor the lists of fills and positions."""
    asked = _asked(rig, POSITIONS)
    rig.arm({"kind": "stale_snapshot"}, path=POSITIONS)
    until(lambda: _asked(rig, POSITIONS) > asked + 2, "the positions were not asked for")
    name = f"F-{time.monotonic_ns()}"
    rig.tell("buy", instrument=BTC, quantity="0.020", price=PRICE, name=name)
    account = rig.venue.ready.account
    until(lambda: [one for one in rig.control.open_orders(account) if one.client_order_id == name], "no order")
    rig.arm({"kind": "drop_event"}, execution="TRADE")
    rig.arm({"kind": "empty_list"}, path=TRADES)
    (order,) = [one for one in rig.control.open_orders(account) if one.client_order_id == name]
    rig.control.fill(order.order_id, quantity=order.quantity / 2)


def _asked(rig: Rig, path: str) -> int:
    return sum(one.count for one in rig.control.request_totals() if one.path == path)


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
            cure=_nothing,
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
            cure=_disarm,
            beside=("TrueupVenueErrors", "TrueupCheckStale", "TrueupAuditUnknown", "TrueupGuardReducing"),
        ),
    ),
    (
        Trial(
            alerts=("TrueupVenueErrors",),
            fault="four in five questions for the open orders are answered 503",
            hurt=lambda rig: rig.arm(FAILED, path=OPEN_ORDERS, probability=0.8, seed=1),
            cure=_disarm,
            beside=("TrueupAuditUnknown", "TrueupGuardReducing", "TrueupVerdictUnknown"),
        ),
        Trial(
            alerts=("TrueupInflightStuck",),
            fault="the venue never answers a submission, nor tells what became of it",
            hurt=_hang_submit,
            cure=_nothing,
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
            ),
        ),
    ),
    (
        Trial(
            alerts=("TrueupRateLimited",),
            fault="the venue answers 429 to the questions for the open orders",
            hurt=lambda rig: rig.arm(LIMITED, path=OPEN_ORDERS),
            cure=_disarm,
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

TRUTH: Final = (
    (
        Trial(
            alerts=("TrueupPositionMismatch", "TrueupRepairRefused"),
            fault="the venue's list of positions stands still while the node trades",
            hurt=_freeze_positions,
            cure=_disarm,
            beside=("TrueupGuardHalted", "TrueupAuditDiscrepant", "TrueupWeightNearlySpent", "TrueupCheckSlow"),
        ),
    ),
    (
        Trial(
            alerts=("TrueupDiscrepancyUnresolved",),
            fault="a fill is in the order alone: not on the stream, not in the lists of fills and positions",
            hurt=_hide_a_fill,
            cure=_disarm,
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
            cure=_disarm,
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
            cure=_disarm,
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


def _start_into_trouble(rig: Rig, secs: int) -> None:
    """Start the node on a venue that does not tell its open orders; the start-up may take so long."""
    rig.kill_node()
    rig.arm(FAILED, path=OPEN_ORDERS)
    rig.start_node(Setting(more=f"[timeouts]\nreconciliation_secs = {secs}"), await_phase="")


def _let_it_start(rig: Rig) -> None:
    rig.disarm()
    rig.node.wait_for(lambda said: said.get("phase") == "RECONCILED", "RECONCILED", 180)


def _start_well(rig: Rig) -> None:
    rig.disarm()
    _start_again(rig)


START: Final = (
    (
        Trial(
            alerts=("TrueupStartupSlow",),
            fault="the venue does not tell its open orders while the node starts",
            hurt=lambda rig: _start_into_trouble(rig, 170),
            cure=_let_it_start,
            beside=(
                "TrueupVenueUnreachable",
                "TrueupVenueErrors",
                "TrueupVerdictUnknown",
                "TrueupGuardHalted",
                "TrueupNodeDown",
            ),
        ),
    ),
    (
        Trial(
            alerts=("TrueupStartupFailed",),
            fault="the same, for longer than the start-up may take",
            hurt=lambda rig: _start_into_trouble(rig, 12),
            cure=_start_well,
            beside=(
                "TrueupVenueUnreachable",
                "TrueupVenueErrors",
                "TrueupGuardHalted",
                "TrueupNodeDown",
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


STARTS_MAX: Final = 12


def _start_often(rig: Rig) -> None:
    """Be a machine that kills the node whenever it has come up, until somebody is told."""
    for _ in range(STARTS_MAX):
        before = rig.metric(STARTED)
        _start_again(rig)
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
            cure=_start_again,
            beside=("TrueupGuardReducing", "TrueupVerdictUnknown", "TrueupNodeDown", "TrueupStartupFailed"),
            fires_secs=300,
        ),
    ),
    (
        Trial(
            alerts=("TrueupLoopHung",),
            fault="a strategy computes for 25 s",
            hurt=lambda rig: rig.tell("spin", secs=25),
            cure=_nothing,
            beside=("TrueupLoopLag", "TrueupStreamGaps"),
        ),
    ),
    (
        Trial(
            alerts=("TrueupEngineQueueGrowing",),
            fault="a strategy cancels the task that takes the engine's commands, and sends 1,500 more",
            hurt=_stall_commands,
            cure=_start_again,
        ),
    ),
    (
        Trial(
            alerts=("TrueupCheckFailing",),
            fault="a strategy shuts down the event loop's threads, which are not its own, on an account of 1,100 trades",
            hurt=_end_threads,
            cure=_start_with_threads,
            beside=(
                "TrueupTrueUpProblems",
                "TrueupWeightNearlySpent",
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
            fault="the node is killed whenever it has come up, four times and more",
            hurt=_start_often,
            cure=_nothing,
            beside=("TrueupNodeDown",),
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

OUTAGE: Final = (
    (
        Trial(
            alerts=("TrueupVerdictUnknown", "TrueupCoverageIncomplete"),
            fault="the venue does not tell its open orders, and answers everything else",
            hurt=lambda rig: rig.arm(FAILED, path=OPEN_ORDERS),
            cure=_disarm,
            beside=(
                "TrueupVenueErrors",
                "TrueupVenueSlow",
                "TrueupCheckSlow",
                "TrueupWeightNearlySpent",
                "TrueupGuardReducing",
                "TrueupAuditUnknown",
                "TrueupAuditorStale",
            ),
            fires_secs=480,
        ),
    ),
    (
        Trial(
            alerts=("TrueupVerdictUnknownLong",),
            fault="the same, for ten minutes",
            hurt=lambda rig: rig.arm(FAILED, path=OPEN_ORDERS),
            cure=_disarm,
            fires_secs=780,
        ),
    ),
)
"""What only time makes bad: thresholds of minutes, which are not compressed."""


def _fill_silently(rig: Rig) -> None:
    """Fill half of an order, and lose the event."""
    name = f"N-{time.monotonic_ns()}"
    rig.tell("buy", instrument=BTC, quantity="0.020", price=PRICE, name=name)
    account = rig.venue.ready.account
    until(lambda: [one for one in rig.control.open_orders(account) if one.client_order_id == name], "no order")
    rig.arm({"kind": "drop_event"}, execution="TRADE")
    (order,) = [one for one in rig.control.open_orders(account) if one.client_order_id == name]
    rig.control.fill(order.order_id, quantity=order.quantity / 2)


def _start_on_a_position(rig: Rig) -> None:
    """Let another client open a position while the node is dead, of which the node's lookback shows no fill."""
    rig.kill_node()
    rig.take("SOLUSDT", "5")
    rig.arm({"kind": "empty_list"}, path=TRADES)
    rig.arm({"kind": "empty_list"}, path="/fapi/v1/allOrders")
    rig.start_node(await_phase="RECONCILED")


NATIVE: Final = (
    (
        Trial(
            alerts=("TrueupInferredFills",),
            fault="the stream loses a fill of a native node",
            hurt=_fill_silently,
            cure=_disarm,
            beside=("TrueupSyntheticOrders", "TrueupAuditDiscrepant"),
        ),
    ),
    (
        Trial(
            alerts=("TrueupSyntheticOrders",),
            fault="a native node starts on a position of which the venue lists no order",
            hurt=_start_on_a_position,
            cure=_disarm,
            beside=("TrueupInferredFills", "TrueupNodeDown"),
        ),
    ),
)
"""What only the engine's own reconciliation does."""


def _see_late(rig: Rig) -> None:
    """Lose one order of a second client: the next look is due in 20 s, and an order must be seen within 15."""
    rig.arm({"kind": "drop_event"}, event="ORDER_TRADE_UPDATE")
    until(lambda: rig.metric("trueup_cycle_age_seconds") < 2, "no look ended")
    rig.by_hand("BTCUSDT", QUANTITY)


def _see_in_time(rig: Rig, count: int) -> None:
    """Lose many orders shortly before a look."""
    rig.arm({"kind": "drop_event"}, event="ORDER_TRADE_UPDATE")
    until(lambda: rig.metric("trueup_cycle_age_seconds") < 2, "no look ended")
    time.sleep(8)
    for _ in range(count):
        rig.by_hand("BTCUSDT", QUANTITY)


OBJECTIVE: Final = (
    (
        Trial(
            alerts=("TrueupDetectionBudgetBurnsFast",),
            fault="a lost order is seen after more than 15 s, by a node that looks every 20 s",
            hurt=_see_late,
            cure=lambda rig: _see_in_time(rig, 24),
            beside=("TrueupDetectionBudgetBurnsSlowly", "TrueupDiscrepancyStorm", "TrueupAuditDiscrepant"),
        ),
    ),
    (
        Trial(
            alerts=("TrueupDetectionBudgetBurnsSlowly",),
            fault="one such order in twenty-five",
            hurt=_nothing,
            cure=lambda rig: _see_in_time(rig, 100),
            carries_on=True,
            beside=("TrueupDiscrepancyStorm",),
        ),
    ),
)
"""The budget of late detections: real ones; a hundred in time make one late one good."""

NOT_SHOWN: Final = {
    "TrueupSeriesGrowth": "it takes a node of more than 16 accounts or clients; the bound itself has unit tests",
}
"""The alerts without a trial, each with the reason."""

GROUPS: Final = (VENUE, TRUTH, SAFETY, LIFE, START, OUTAGE, NATIVE, OBJECTIVE)

SLICE: Final = tuple(
    trial
    for group in (VENUE, SAFETY)
    for act in group
    for trial in act
    if trial.alerts in {("TrueupStoreDown",), ("TrueupUnclaimedExternalOrders",)}
)
"""What every run of the tests does."""
