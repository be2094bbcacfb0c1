"""The first four questions about a node: is it true now, what is wrong, since when, what was done?"""

from __future__ import annotations

from typing import Final

from trueup.ops.dashboards.shared import ONE, RATE, STALE, alerts_table, audited, series, stat, state, timeline
from trueup.ops.panel import (
    GUARDS,
    PHASES,
    SECONDS,
    TRUE_OR_NOT,
    VERDICTS,
    Query,
    Row,
    coded,
    zero_is_good,
)

TRUE_NOW: Final = Row(
    title="Is it true now?",
    panels=(
        stat(
            "Verdict",
            "What the last look says of all accounts together. A CLEAN that nothing confirmed in time is UNKNOWN.",
            f"max({coded('trueup_verdict', 'verdict', VERDICTS, ONE, 'account_id')})",
            meanings=VERDICTS,
        ),
        stat(
            "Confirmed",
            "How long ago a look confirmed the verdict. Red from the age on at which it says nothing any more.",
            f"max(trueup_verdict_age_seconds{{{ONE}}})",
            width=3,
            unit=SECONDS,
            thresholds=STALE,
        ),
        stat(
            "Discrepancies",
            "Differences between node and venue now.",
            f"sum(trueup_discrepancies_open{{{ONE}}})",
            width=3,
            thresholds=zero_is_good(),
        ),
        stat(
            "Auditor",
            "What the auditor says, who shares no client with the node: the second opinion.",
            audited("instance", ONE),
            width=4,
            meanings=VERDICTS,
            nothing="no auditor",
        ),
        stat(
            "Phase",
            "Where the node is in its life. MONITORING is where it should be; ERROR is never left.",
            coded("trueup_phase", "phase", PHASES, ONE, "instance"),
            meanings=PHASES,
        ),
        stat("Trading", "Whether the trader runs.", f"max(trueup_trading{{{ONE}}})", width=3, meanings=TRUE_OR_NOT),
        stat(
            "Guard",
            "What the node may do.",
            coded("trueup_guard_state", "state", GUARDS, ONE, "instance"),
            width=3,
            meanings=GUARDS,
        ),
    ),
)

WHAT_IS_WRONG: Final = Row(
    title="What is wrong?",
    panels=(
        alerts_table(
            "Alerts",
            "What fires on this node, the worst first, and since when; a click leads to the runbook. From Prometheus' "
            "rules: alerts that Grafana itself evaluates are not here.",
            ONE,
            width=8,
            height=8,
            instances=False,
        ),
        series(
            "Open discrepancies by kind",
            "Positions first: they mean a wrong exposure.",
            Query(expression=f"sum by (kind) (trueup_discrepancies_open{{{ONE}}}) > 0", legend="{{kind}}"),
            stacked=True,
            nothing="No discrepancy in this time",
        ),
        series(
            "Open discrepancies by where they stand",
            "GIVEN_UP and REFUSED wait for an operator, or for history that the venue does not give.",
            Query(expression=f"sum by (state) (trueup_discrepancies_open_state{{{ONE}}})", legend="{{state}}"),
            stacked=True,
        ),
    ),
)

SINCE_WHEN: Final = Row(
    title="Since when?",
    panels=(
        timeline(
            "Verdict of each account",
            "CLEAN, UNKNOWN or DISCREPANT over time, from inside and from outside.",
            VERDICTS,
            state("trueup_verdict", "verdict", VERDICTS, "account_id", "{{account_id}}"),
            Query(expression=audited("instance", ONE), legend="auditor"),
            height=5,
        ),
        series(
            "Age of the oldest discrepancy",
            "What is older than a minute was not healed.",
            Query(expression=f"max by (kind) (trueup_discrepancy_oldest_age_seconds{{{ONE}}}) > 0", legend="{{kind}}"),
            unit=SECONDS,
            nothing="No discrepancy in this time",
        ),
        series(
            "Time without knowing",
            "For how long a verdict has been UNKNOWN, and for how long a look has not read all that it asked for.",
            Query(expression=f"trueup_verdict_unknown_seconds{{{ONE}}}", legend="verdict UNKNOWN, {{account_id}}"),
            Query(expression=f"trueup_coverage_unknown_seconds{{{ONE}}}", legend="coverage incomplete, {{account_id}}"),
            unit=SECONDS,
        ),
        series(
            "Time to detection",
            "From what the venue did to its being seen as a difference: nine in ten, and one in two.",
            *(
                Query(
                    expression=f"histogram_quantile({share}, "
                    f"sum by (le) (rate(trueup_detection_delay_seconds_bucket{{{ONE}}}{RATE})))",
                    legend=legend,
                )
                for share, legend in ((0.9, "p90"), (0.5, "p50"))
            ),
            unit=SECONDS,
            nothing="Nothing was missing in this time",
        ),
    ),
)

WHAT_WAS_DONE: Final = Row(
    title="What was done?",
    panels=(
        series(
            "Detected and resolved",
            "Differences that came and went. Resolved by ITSELF means that a late event of the stream explained it.",
            Query(expression=f"sum(increase(trueup_discrepancies_detected_total{{{ONE}}}{RATE}))", legend="detected"),
            Query(
                expression=f"sum by (resolution) (increase(trueup_discrepancies_resolved_total{{{ONE}}}{RATE}))",
                legend="resolved by {{resolution}}",
            ),
        ),
        series(
            "Steps and problems",
            "Steps of true-ups that were applied, and those that the engine refused.",
            Query(expression=f"sum(increase(trueup_steps_applied_total{{{ONE}}}{RATE}))", legend="steps applied"),
            Query(expression=f"sum(increase(trueup_problems_total{{{ONE}}}{RATE}))", legend="problems"),
            Query(expression=f"sum(increase(trueup_discrepancies_gave_up_total{{{ONE}}}{RATE}))", legend="gave up"),
            Query(expression=f"sum(increase(trueup_discrepancies_recurred_total{{{ONE}}}{RATE}))", legend="came back"),
        ),
        timeline(
            "Guard over time",
            "What the guard asked for, and what the engine's own trading state was.",
            GUARDS,
            state("trueup_guard_state", "state", GUARDS, "instance", "asked for"),
            state("trueup_guard_effective", "state", GUARDS, "instance", "effective"),
            width=8,
        ),
        series(
            "Orders that nobody in the node placed",
            "Working orders from outside, by whether a strategy claims them.",
            Query(expression=f"sum by (disposition) (trueup_external_orders_open{{{ONE}}})", legend="{{disposition}}"),
            width=12,
            stacked=True,
        ),
        series(
            "What the engine made up",
            "Only native mode does this: fills and orders that the venue never had.",
            Query(expression=f"sum(increase(trueup_inferred_fills_total{{{ONE}}}{RATE}))", legend="inferred fills"),
            Query(expression=f"sum(increase(trueup_synthetic_orders_total{{{ONE}}}{RATE}))", legend="synthetic orders"),
            width=12,
        ),
    ),
)
