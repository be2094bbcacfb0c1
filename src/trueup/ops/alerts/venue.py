"""Alerts about the venue and the way to it."""

from __future__ import annotations

from trueup.ops.alert import Alert, AlertSeverity, Component, RuleGroup

_CRITICAL, _WARNING = AlertSeverity.CRITICAL, AlertSeverity.WARNING
_VENUE = Component.VENUE
_BY = "job, instance, client_id"

VENUE_ALERTS = RuleGroup(
    name="trueup-venue",
    interval_secs=5,
    alerts=(
        Alert(
            name="TrueupVenueUnreachable",
            # The last question alone says little: one that is asked last in each look may fail while others succeed.
            expression="trueup_venue_reachable == 0 unless on (job, instance, client_id) "
            "(time() - trueup_venue_last_success_timestamp_seconds) < 30",
            for_secs=10,
            severity=_CRITICAL,
            component=_VENUE,
            summary="{{ $labels.client_id }} of {{ $labels.instance }} gets no answer from its venue",
            description="Questions to the venue fail. The node cannot be proven true, and orders may not get through.",
            why="Several looks of 5 s fail whole in half a minute; one lost packet does not do that.",
        ),
        Alert(
            name="TrueupClientDisconnected",
            expression="trueup_client_connected == 0 and on (job, instance) "
            'trueup_startup_state{state="succeeded"} == 1',
            for_secs=30,
            severity=_CRITICAL,
            component=_VENUE,
            summary="{{ $labels.client_id }} of {{ $labels.instance }} is not connected",
            description="The execution client of a running node has no connection: no order, no event.",
            why="A reconnection takes seconds.",
        ),
        Alert(
            name="TrueupVenueErrors",
            expression=f'sum by ({_BY}) (rate(trueup_venue_queries_total{{outcome!="success"}}[5m])) / '
            f"sum by ({_BY}) (rate(trueup_venue_queries_total[5m])) > 0.1",
            for_secs=60,
            severity=_WARNING,
            component=_VENUE,
            summary="{{ $value | humanizePercentage }} of the questions of {{ $labels.client_id }} on "
            "{{ $labels.instance }} fail",
            description="The venue answers some questions and not others. Verdicts become UNKNOWN again and again.",
            why="One in ten over five minutes costs about every fifth look its verdict.",
        ),
        Alert(
            name="TrueupVenueSlow",
            expression=f"histogram_quantile(0.9, sum by ({_BY}, le) "
            "(rate(trueup_venue_query_duration_seconds_bucket[5m]))) > 2.5",
            for_secs=60,
            severity=_WARNING,
            component=_VENUE,
            summary="One in ten answers to {{ $labels.client_id }} on {{ $labels.instance }} takes more than "
            "{{ $value | humanizeDuration }}",
            description="The venue, or the network to it, is slow. Checks take longer and differences are seen late.",
            why="A check of two questions must stay below the plan's 5 s.",
        ),
        Alert(
            name="TrueupRateLimited",
            expression=f'sum by ({_BY}) (increase(trueup_venue_queries_total{{outcome="rate_limited"}}[5m])) > 0',
            severity=_WARNING,
            component=_VENUE,
            summary="The venue refuses questions of {{ $labels.client_id }} on {{ $labels.instance }}: too many",
            description="The request weight is spent, by this node or by another program with the same address. Going "
            "on leads to a ban of minutes to days.",
            why="The pacing leaves room, so that one refusal is already somebody else's doing.",
        ),
        Alert(
            name="TrueupWeightNearlySpent",
            expression="trueup_venue_weight_used / trueup_venue_weight_limit > 0.8",
            for_secs=60,
            severity=_WARNING,
            component=_VENUE,
            summary="{{ $labels.client_id }} of {{ $labels.instance }} has used {{ $value | humanizePercentage }} of "
            "its request weight",
            description="Little is left for orders and for looks. `trueup check` says what the configuration costs.",
            why="Four fifths for a minute is no start-up any more.",
        ),
        Alert(
            name="TrueupStreamGaps",
            expression="increase(trueup_stream_gaps_total[15m]) > 3",
            severity=_WARNING,
            component=_VENUE,
            summary="The event stream of {{ $labels.account_id }} on {{ $labels.instance }} breaks again and again",
            description="Each gap is closed by a true-up. So many mean a bad network or a refused listen key.",
            why="The venue cuts a stream once a day; more than three gaps in a quarter of an hour are a cause.",
        ),
        Alert(
            name="TrueupClockSkew",
            expression="abs(trueup_clock_skew_seconds) > 0.5",
            for_secs=60,
            severity=_WARNING,
            component=_VENUE,
            summary="The clock of {{ $labels.instance }} is {{ $value | humanizeDuration }} off its venue's",
            description="The venue refuses what lies outside its window, 1 s ahead or 5 s behind as a rule. The "
            "hardened client corrects its timestamps; other programs on the machine do not.",
            why="Half of the second that the venue tolerates ahead.",
        ),
    ),
)
