"""Alerts about what must hold when all else fails: store, guard, auditor, journal, and the monitoring itself."""

from __future__ import annotations

from trueup.ops.alert import WATCH_JOB, Alert, AlertSeverity, Component, RuleGroup

_CRITICAL, _WARNING = AlertSeverity.CRITICAL, AlertSeverity.WARNING

STORE_ALERTS = RuleGroup(
    name="trueup-store",
    interval_secs=5,
    alerts=(
        Alert(
            name="TrueupStoreDown",
            expression="trueup_store_up == 0",
            for_secs=10,
            severity=_CRITICAL,
            component=Component.STORE,
            summary="The Redis of {{ $labels.instance }} does not answer",
            description="What happens now is not kept: a node that dies in this state forgets it. The node itself "
            "goes on under the guard's policy.",
            why="Two unanswered polls, and no more time than that.",
        ),
        Alert(
            name="TrueupStoreNotPersistent",
            expression="trueup_store_persistent == 0",
            for_secs=300,
            severity=_WARNING,
            component=Component.STORE,
            summary="The Redis of {{ $labels.instance }} keeps nothing on disk",
            description="Without an append-only file or snapshots a restart of the server is the loss of the node's "
            "memory.",
            why="Five minutes let an operator who switches it off for maintenance switch it on again.",
        ),
        Alert(
            name="TrueupStoreWriteBehind",
            expression="trueup_store_write_behind_seconds > 5",
            severity=_WARNING,
            component=Component.STORE,
            summary="The Redis of {{ $labels.instance }} has lacked events for {{ $value | humanizeDuration }}",
            description="The engine's writer does not keep up, or has lost writes. A kill now loses them.",
            why="The writer lags by milliseconds when it is well.",
        ),
        Alert(
            name="TrueupTwoWriters",
            expression="trueup_guard_sees_others == 1 or trueup_store_foreign_events > 0 or "
            "trueup_audit_two_writers == 1",
            severity=_CRITICAL,
            component=Component.STORE,
            summary="Two nodes write what belongs to {{ $labels.instance }}",
            description="Another process writes this node's store or trades its account. Each undoes what the other "
            "knows.",
            why="There is no harmless second writer.",
        ),
    ),
)

GUARD_ALERTS = RuleGroup(
    name="trueup-guard",
    interval_secs=5,
    alerts=(
        Alert(
            name="TrueupGuardReducing",
            expression='trueup_guard_state{state="REDUCING"} == 1',
            for_secs=30,
            severity=_WARNING,
            component=Component.GUARD,
            summary="{{ $labels.instance }} may only reduce its positions",
            description="The guard's policy, the auditor or an operator forbids new exposure. `trueup guard status` "
            "says why.",
            why="Shorter spells are healed differences.",
        ),
        Alert(
            name="TrueupGuardHalted",
            # Every node may send nothing until its start-up is proven; one that fails has an alert of its own.
            expression='trueup_guard_state{state="HALTED"} == 1 and on (job, instance) '
            'trueup_startup_state{state="succeeded"} == 1',
            severity=_CRITICAL,
            component=Component.GUARD,
            summary="{{ $labels.instance }} may not send orders",
            description="The guard's policy, the auditor or an operator has halted trading. `trueup guard status` says "
            "why.",
            why="A halted node cannot look after its positions.",
        ),
        Alert(
            name="TrueupGuardCannotAct",
            expression="trueup_guard_can_act == 0",
            severity=_CRITICAL,
            component=Component.GUARD,
            summary="The guard of {{ $labels.instance }} cannot change what the node may do",
            description="Setting the engine's trading state failed. A node that is not true can do damage.",
            why="A guard that cannot act is none.",
        ),
        Alert(
            name="TrueupGuardOverridden",
            expression="trueup_guard_state == 1 unless on (job, instance, state) trueup_guard_effective == 1",
            for_secs=30,
            severity=_WARNING,
            component=Component.GUARD,
            summary="The engine of {{ $labels.instance }} is not in the state {{ $labels.state }} that the guard asks "
            "for",
            description="Somebody else changed the trading state.",
            why="The effective state is read once a second.",
        ),
    ),
)

AUDITOR_ALERTS = RuleGroup(
    name="trueup-auditor",
    interval_secs=5,
    alerts=(
        Alert(
            name="TrueupAuditorDown",
            expression=f'up{{job="{WATCH_JOB}"}} == 0',
            for_secs=120,
            severity=_WARNING,
            component=Component.AUDITOR,
            summary="Auditor {{ $labels.instance }} does not answer",
            description="Nobody outside the nodes checks them. The nodes still check themselves.",
            why="Two minutes outlast a restart.",
        ),
        Alert(
            name="TrueupAuditorStale",
            expression="time() - trueup_audit_verdict_timestamp_seconds > on (job, instance) group_left () "
            "(60 + 3 * trueup_audit_interval_seconds)",
            severity=_WARNING,
            component=Component.AUDITOR,
            summary="The auditor has given no verdict on {{ $labels.trader_id }} for {{ $value | humanizeDuration }}",
            description="The auditor runs and does not come to a verdict: it hangs on a store or a venue.",
            why="Three intervals and a minute: one audit may fail and be retried.",
        ),
        Alert(
            name="TrueupAuditDiscrepant",
            expression='trueup_audit_verdict{verdict="DISCREPANT"} == 1',
            for_secs=60,
            severity=_CRITICAL,
            component=Component.AUDITOR,
            summary="The auditor finds that {{ $labels.trader_id }} differs from {{ $labels.account_id }} at the venue",
            description="An independent reading of the node's store and of the venue shows differences that last.",
            why="A minute lets the node heal what it saw itself.",
        ),
        Alert(
            name="TrueupAuditUnknown",
            expression='trueup_audit_verdict{verdict="UNKNOWN"} == 1',
            for_secs=600,
            severity=_WARNING,
            component=Component.AUDITOR,
            summary="The auditor cannot say whether {{ $labels.trader_id }} is true",
            description="The store or the venue could not be read whole for ten minutes.",
            why="Ten minutes: beyond an outage that heals by itself.",
        ),
        Alert(
            name="TrueupAuditorDisagrees",
            # By trader, too: an account is called the same on every node of a venue.
            expression='trueup_audit_verdict{verdict="DISCREPANT"} == 1 and on (trader_id, account_id) '
            '(trueup_verdict{verdict="CLEAN"} * on (job, instance) group_left (trader_id) trueup_node_info) == 1',
            for_secs=120,
            severity=_CRITICAL,
            component=Component.AUDITOR,
            summary="{{ $labels.trader_id }} says CLEAN and the auditor says DISCREPANT",
            description="One of the two misreads the venue. Believe the auditor until shown otherwise: it shares no "
            "client with the node.",
            why="Two minutes hold several looks of both.",
        ),
    ),
)

JOURNAL_ALERTS = RuleGroup(
    name="trueup-journal",
    interval_secs=5,
    alerts=(
        Alert(
            name="TrueupJournalFailing",
            expression='trueup_journal_state{state="FAILING"} == 1',
            for_secs=30,
            severity=_WARNING,
            component=Component.JOURNAL,
            summary="The journal of {{ $labels.instance }} cannot be written",
            description="The disk is full, the file is locked or the server is away. What happens waits in memory, up "
            "to a bound.",
            why="Half a minute outlasts a lock and a server's restart.",
        ),
        Alert(
            name="TrueupJournalDropping",
            expression="increase(trueup_journal_dropped_total[5m]) > 0",
            severity=_CRITICAL,
            component=Component.JOURNAL,
            summary='The journal of {{ $labels.instance }} lost {{ $value | printf "%.0f" }} records',
            description="More happened than could be kept while the journal could not be written. The record of this "
            "time has a hole, and says so.",
            why="Each lost record is one too many.",
        ),
    ),
)

MONITORING_ALERTS = RuleGroup(
    name="trueup-monitoring",
    interval_secs=5,
    alerts=(
        Alert(
            name="TrueupMonitorDropping",
            expression='sum by (job, instance) (increase(trueup_monitor_dropped_total{reason!="too_many"}[5m])) > 0',
            severity=_WARNING,
            component=Component.MONITORING,
            summary='The monitor of {{ $labels.instance }} dropped {{ $value | printf "%.0f" }} events',
            description="What is shown is not all that happened.",
            why="The queues hold minutes of a busy node.",
        ),
        Alert(
            name="TrueupSeriesGrowth",
            expression="trueup_exported_series > trueup_exported_series_limit or "
            'sum by (job, instance) (increase(trueup_monitor_dropped_total{reason="too_many"}[5m])) > 0',
            severity=_WARNING,
            component=Component.MONITORING,
            summary="{{ $labels.instance }} has more accounts, clients or series than are exported",
            description="Labels grow beyond their bounds: what is beyond is left out of every metric.",
            why="The bound is far above what a real node has.",
        ),
        Alert(
            name="TrueupWatchdog",
            expression="vector(1)",
            severity=AlertSeverity.NONE,
            component=Component.MONITORING,
            summary="Alerting works",
            description="This alert always fires. A dead man's switch outside raises the alarm when it stops.",
            why="Silence must be told from peace.",
        ),
    ),
)
