"""Alerts about being true: verdicts and their age, coverage, checks, discrepancies."""

from __future__ import annotations

from typing import Final

from trueup.ops.alert import Alert, AlertSeverity, Component, RuleGroup

_CRITICAL, _WARNING = AlertSeverity.CRITICAL, AlertSeverity.WARNING
_TRUTH = Component.RECONCILIATION

CYCLE_SECS_MAX: Final = 5
"""The plan's acceptance criterion for a periodic check."""

TRUTH_ALERTS = RuleGroup(
    name="trueup-truth",
    interval_secs=5,
    alerts=(
        Alert(
            name="TrueupVerdictStale",
            expression="trueup_verdict_age_seconds > on (job, instance) trueup_verdict_age_limit_seconds",
            for_secs=10,
            severity=_CRITICAL,
            component=_TRUTH,
            summary="No look has confirmed that {{ $labels.instance }} is true for {{ $value | humanizeDuration }}",
            description="The last verdict is older than it may be: a CLEAN from then says nothing about now.",
            why="The limit is what two looks with every query timing out would take.",
        ),
        Alert(
            name="TrueupVerdictUnknown",
            expression="trueup_verdict_unknown_seconds > 120",
            severity=_WARNING,
            component=_TRUTH,
            summary="The state of {{ $labels.account_id }} on {{ $labels.instance }} has been UNKNOWN for "
            "{{ $value | humanizeDuration }}",
            description="The venue could not be read whole, so nobody can say whether the node is true.",
            why="Two minutes outlast a venue's restart and a minute of spent request weight.",
        ),
        Alert(
            name="TrueupVerdictUnknownLong",
            expression="trueup_verdict_unknown_seconds > 600",
            severity=_CRITICAL,
            component=_TRUTH,
            summary="The state of {{ $labels.account_id }} on {{ $labels.instance }} has been UNKNOWN for "
            "{{ $value | humanizeDuration }}",
            description="Nobody can say whether the node is true, for as long as a venue's outage lasts. Whatever "
            "happened meanwhile is not in the node.",
            why="Ten minutes: beyond every outage that heals by itself in a blink.",
        ),
        Alert(
            name="TrueupCoverageIncomplete",
            expression="trueup_coverage_unknown_seconds > 300",
            severity=_WARNING,
            component=_TRUTH,
            summary="Looks at {{ $labels.account_id }} on {{ $labels.instance }} have not read all that they asked "
            "for during {{ $value | humanizeDuration }}",
            description="At least one kind of record is read in part or not at all. Differences in it stay unseen.",
            why="Five minutes hold several deep looks, each with its own try.",
        ),
        Alert(
            name="TrueupCheckStale",
            expression="trueup_cycle_age_seconds > on (job, instance) (60 + 5 * "
            "min by (job, instance) (trueup_cycle_interval_seconds))",
            severity=_CRITICAL,
            component=_TRUTH,
            summary="No check has ended on {{ $labels.instance }} for {{ $value | humanizeDuration }}",
            description="The continuous reconciliation stands still: differences stay unseen.",
            why="Five intervals and a minute: a true-up of five looks takes that long on a venue that fails.",
        ),
        Alert(
            name="TrueupCheckSlow",
            expression="histogram_quantile(0.9, sum by (job, instance, check, le) "
            f'(rate(trueup_cycle_duration_seconds_bucket{{check=~"cheap|deep"}}[10m]))) > {CYCLE_SECS_MAX}',
            for_secs=60,
            severity=_WARNING,
            component=_TRUTH,
            summary="One in ten {{ $labels.check }} looks of {{ $labels.instance }} takes more than "
            "{{ $value | humanizeDuration }}",
            description="Periodic checks take longer than the plan allows, so differences are seen late.",
            why=f"The plan's criterion: a periodic check under {CYCLE_SECS_MAX} s.",
        ),
        Alert(
            name="TrueupCheckFailing",
            expression='sum by (job, instance, check) (increase(trueup_cycles_total{result="failed"}[5m])) > 1',
            severity=_WARNING,
            component=_TRUTH,
            summary="{{ $labels.check }} checks of {{ $labels.instance }} fail",
            description="Checks raise instead of giving a verdict: a defect of a client, or of trueup.",
            why="One may be the venue's; two in five minutes repeat.",
        ),
        Alert(
            name="TrueupTrueUpProblems",
            expression="increase(trueup_problems_total[10m]) > 2",
            severity=_WARNING,
            component=_TRUTH,
            summary='{{ $value | printf "%.0f" }} steps of true-ups could not be applied on {{ $labels.instance }}',
            description="The engine refused what the venue confirmed, or a true-up raised.",
            why="A step refused once is planned anew; more than two in ten minutes do not go by themselves.",
        ),
        Alert(
            name="TrueupPositionMismatch",
            expression="sum by (job, instance, account_id) (trueup_discrepancies_open"
            '{kind=~"POSITION_QUANTITY|POSITION_SIDE|POSITION_SPLIT_OWNERSHIP"}) > 0',
            for_secs=15,
            severity=_CRITICAL,
            component=_TRUTH,
            summary="{{ $value }} positions of {{ $labels.account_id }} on {{ $labels.instance }} differ from the "
            "venue's",
            description="The node believes in another exposure than it has. Every order that it sizes by its position "
            "is wrong.",
            why="A silent lost fill is healed within 15 s at default settings; what stays longer was not healed.",
        ),
        Alert(
            name="TrueupDiscrepancyUnresolved",
            expression="max by (job, instance, account_id) (trueup_discrepancy_oldest_age_seconds) > 60",
            severity=_WARNING,
            component=_TRUTH,
            summary="A difference on {{ $labels.account_id }} of {{ $labels.instance }} has stood for "
            "{{ $value | humanizeDuration }}",
            description="The node differs from the venue and healing has not removed it.",
            why="Healing takes two looks and a verification: a few seconds; a minute holds several tries.",
        ),
        Alert(
            name="TrueupGaveUp",
            expression='sum by (job, instance, account_id) (trueup_discrepancies_open_state{state="GIVEN_UP"}) > 0',
            severity=_CRITICAL,
            component=_TRUTH,
            summary="{{ $value }} differences on {{ $labels.account_id }} of {{ $labels.instance }} cannot be healed",
            description="Healing was tried as often as makes sense, without effect. An operator must decide.",
            why="Giving up is final until the difference goes.",
        ),
        Alert(
            name="TrueupRepairRefused",
            expression='sum by (job, instance, account_id) (trueup_discrepancies_open_state{state="REFUSED"}) > 0',
            for_secs=60,
            severity=_WARNING,
            component=_TRUTH,
            summary="{{ $value }} differences on {{ $labels.account_id }} of {{ $labels.instance }} wait for something",
            description="The plan says why they cannot be healed now, such as history that the venue does not give.",
            why="Many refusals end with the next complete reading; a minute holds one.",
        ),
        Alert(
            name="TrueupDiscrepancyStorm",
            # What came about while a node was away is as much as it is, and found at its start-up.
            expression="sum by (job, instance, account_id) (increase(trueup_discrepancies_detected_total[5m])) > 50 "
            "unless on (job, instance) (changes(trueup_node_started_timestamp_seconds[5m]) > 0 or "
            'min_over_time(trueup_startup_state{state="succeeded"}[5m]) == 0)',
            severity=_WARNING,
            component=_TRUTH,
            summary='{{ $value | printf "%.0f" }} differences appeared on {{ $labels.account_id }} of '
            "{{ $labels.instance }} in 5 minutes",
            description="Differences appear faster than single faults make them: a stream that is lost, a second "
            "writer, an adapter that misreads.",
            why="A cut stream of a busy account makes a dozen, not fifty; what a start-up finds is not counted.",
        ),
        Alert(
            name="TrueupDiscrepancyRecurring",
            expression="increase(trueup_discrepancies_recurred_total[15m]) > 3",
            severity=_WARNING,
            component=_TRUTH,
            summary="Differences on {{ $labels.account_id }} of {{ $labels.instance }} come back after they were "
            "healed",
            description="Something makes the same differences again: look for a second writer or a strategy that "
            "undoes the repair.",
            why="One return is a race with the stream; more than three in a quarter of an hour are a cause.",
        ),
    ),
)
