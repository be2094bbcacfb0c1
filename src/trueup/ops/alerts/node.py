"""Alerts about the node as a program: there, started, trading, its event loop turning."""

from __future__ import annotations

from typing import Final

from trueup.ops.alert import NODE_JOB, Alert, AlertSeverity, Component, RuleGroup

_CRITICAL, _WARNING = AlertSeverity.CRITICAL, AlertSeverity.WARNING
_NODE = Component.NODE

STARTUP_SECS_MAX: Final = 30
"""The plan's acceptance criterion for a start-up."""

NODE_ALERTS = RuleGroup(
    name="trueup-node",
    interval_secs=5,
    alerts=(
        Alert(
            name="TrueupNodeDown",
            expression=f'up{{job="{NODE_JOB}"}} == 0',
            for_secs=60,
            severity=_CRITICAL,
            component=_NODE,
            summary="Node {{ $labels.instance }} does not answer",
            description="Nothing answers at the node's ops endpoint. The node is dead, or its machine is, or the way "
            "to it is cut. Its orders still work at the venue.",
            why="Four scrapes at 15 s: a restart of the node takes less.",
        ),
        Alert(
            name="TrueupNodeAbsent",
            expression=f'absent(up{{job="{NODE_JOB}"}})',
            for_secs=300,
            severity=_CRITICAL,
            component=_NODE,
            summary="Prometheus scrapes no node",
            description=f"No target has the job {NODE_JOB}: the scrape configuration lost the nodes, and every other "
            "alert about them is blind.",
            why="Five minutes outlast a reload of the configuration.",
        ),
        Alert(
            name="TrueupStartupFailed",
            # `trueup run` ends soon after a failed start-up, mostly before a scrape sees it: what is gone, and had not
            # started when it was last seen, has failed, too.
            expression='trueup_startup_state{state="failed"} == 1 or '
            f'(up{{job="{NODE_JOB}"}} == 0 and on (job, instance) '
            'max by (job, instance) (last_over_time(trueup_startup_state{state="succeeded"}[10m])) == 0)',
            severity=_CRITICAL,
            component=_NODE,
            summary="Node {{ $labels.instance }} could not be proven equal to its venue and does not trade",
            description="The start-up ended without a CLEAN verdict, so the trader was not started. Orders of an "
            "earlier life may work at the venue without anybody looking after them.",
            why="A failed start-up does not heal by waiting.",
        ),
        Alert(
            name="TrueupStartupSlow",
            expression="trueup_startup_duration_seconds > "
            f'{STARTUP_SECS_MAX} and on (job, instance) trueup_startup_state{{state="running"}} == 1',
            severity=_WARNING,
            component=_NODE,
            summary="Node {{ $labels.instance }} has been starting for {{ $value | humanizeDuration }}",
            description="The start-up takes longer than the plan allows. The node does not trade yet.",
            why=f"The plan's criterion: start-up under {STARTUP_SECS_MAX} s.",
        ),
        Alert(
            name="TrueupNotTrading",
            expression='trueup_trading == 0 and on (job, instance) trueup_startup_state{state="succeeded"} == 1',
            for_secs=60,
            severity=_CRITICAL,
            component=_NODE,
            summary="Node {{ $labels.instance }} runs, and its trader does not",
            description="The start-up succeeded and the trader is not running: a stop that hangs, or an engine that "
            "looks alive and does nothing.",
            why="A clean stop is over within its time-outs, which together are below a minute.",
        ),
        Alert(
            name="TrueupRestarting",
            expression="changes(trueup_node_started_timestamp_seconds[15m]) > 3",
            severity=_WARNING,
            component=_NODE,
            summary="Node {{ $labels.instance }} has started {{ $value }} times in 15 minutes",
            description="The node keeps dying and being restarted. Each start costs the venue's weight and time "
            "without a trader.",
            why="Three restarts in a quarter of an hour are work on the node; more are a loop.",
        ),
        Alert(
            name="TrueupLoopHung",
            expression="trueup_loop_heartbeat_age_seconds > 10",
            severity=_CRITICAL,
            component=_NODE,
            summary="The event loop of {{ $labels.instance }} has not turned for {{ $value | humanizeDuration }}",
            description="The process answers and its event loop does not run: no order goes out, no event comes in, "
            "nothing is checked.",
            why="The heartbeat beats at least every second; ten missed beats are no garbage collection.",
        ),
        Alert(
            name="TrueupLoopLag",
            expression="histogram_quantile(0.99, sum by (job, instance, le) "
            "(rate(trueup_loop_lag_seconds_bucket[5m]))) > 0.25",
            for_secs=60,
            severity=_WARNING,
            component=_NODE,
            summary="The event loop of {{ $labels.instance }} lags by {{ $value | humanizeDuration }} (p99)",
            description="Something blocks the node's event loop again and again. Market data and orders wait for it.",
            why="A tenth of a second is a busy strategy; a quarter at p99 over five minutes is a blocking call.",
        ),
        Alert(
            name="TrueupEngineQueueGrowing",
            expression="trueup_engine_queue_depth > 1000",
            for_secs=60,
            severity=_WARNING,
            component=_NODE,
            summary="{{ $value }} {{ $labels.queue }} wait in the engine of {{ $labels.instance }}",
            description="The execution engine does not keep up with what comes in. What it says lags behind the venue.",
            why="The queues are near empty in a healthy node; a thousand for a minute do not drain by themselves.",
        ),
    ),
)
