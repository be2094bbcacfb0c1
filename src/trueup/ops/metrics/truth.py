"""Metrics of what is known of the truth: verdicts, checks, discrepancies."""

from __future__ import annotations

from typing import Final

from trueup.core.lifecycle import ResolvedBy
from trueup.ops.metric import Label
from trueup.ops.metrics.build import COUNTER, GAUGE, HISTOGRAM, metric
from trueup.ops.metrics.labels import ACCOUNT, CHECK, KIND, LIFE, RECORD, VERDICT
from trueup.ops.metrics.words import CYCLE_BUCKETS, DETECTION_BUCKETS, DETECTION_OBJECTIVE_SECS, RESULTS

VERDICT_METRICS: Final = (
    metric("verdict", GAUGE, "1 for the verdict on an account, as it is worth now.", ACCOUNT, VERDICT),
    metric(
        "verdict_timestamp_seconds",
        GAUGE,
        "When the last verdict on an account was given or confirmed.",
        ACCOUNT,
        unit="seconds",
        absent="before the first verdict",
    ),
    metric(
        "verdict_age_seconds",
        GAUGE,
        "How long ago a look confirmed the verdict on the node.",
        unit="seconds",
        absent="before the first verdict",
    ),
    metric(
        "verdict_age_limit_seconds",
        GAUGE,
        "The age at which a CLEAN verdict becomes UNKNOWN.",
        unit="seconds",
        absent="where no look is configured that could confirm one",
    ),
    metric(
        "verdict_unknown_seconds",
        GAUGE,
        "For how long the verdict has been UNKNOWN; 0 when it is not.",
        ACCOUNT,
        unit="seconds",
    ),
    metric("coverage_complete", GAUGE, "1 where the last look read a kind of record whole.", ACCOUNT, RECORD),
    metric(
        "coverage_unknown_seconds",
        GAUGE,
        "For how long a look has not read all that it asked for; 0 when it has.",
        ACCOUNT,
        unit="seconds",
    ),
    metric("stream_gaps_total", COUNTER, "Gaps that a client noticed in an account's event stream.", ACCOUNT),
)

CYCLE_METRICS: Final = (
    metric("cycles_total", COUNTER, "Checks that ended.", CHECK, Label.of("result", RESULTS, "how it ended")),
    metric("cycle_duration_seconds", HISTOGRAM, "How long a check took.", CHECK, unit="seconds", buckets=CYCLE_BUCKETS),
    metric(
        "last_cycle_timestamp_seconds",
        GAUGE,
        "When a check last ended with an answer.",
        CHECK,
        unit="seconds",
        absent="for a check that has not ended yet",
    ),
    metric(
        "cycle_interval_seconds",
        GAUGE,
        "Between two checks, as configured.",
        CHECK,
        unit="seconds",
        absent="for a check that is off or has no interval",
    ),
    metric("cycle_age_seconds", GAUGE, "Since any periodic check last ended; 0 before monitoring.", unit="seconds"),
    metric("steps_applied_total", COUNTER, "Steps of true-ups that were applied to the node.", ACCOUNT),
    metric("problems_total", COUNTER, "Steps that could not be applied, and true-ups that raised."),
)

DISCREPANCY_METRICS: Final = (
    metric("discrepancies_detected_total", COUNTER, "Discrepancies that were seen first, or again.", ACCOUNT, KIND),
    metric(
        "discrepancies_resolved_total",
        COUNTER,
        "Discrepancies that went.",
        ACCOUNT,
        KIND,
        Label.of("resolution", ResolvedBy, "what made it go"),
    ),
    metric("discrepancies_gave_up_total", COUNTER, "Discrepancies that healing did not remove.", ACCOUNT, KIND),
    metric("discrepancies_recurred_total", COUNTER, "Discrepancies that came back after they were gone.", ACCOUNT),
    metric("discrepancies_open", GAUGE, "Discrepancies now.", ACCOUNT, KIND),
    metric("discrepancies_open_state", GAUGE, "Discrepancies now, by where they stand.", ACCOUNT, LIFE),
    metric(
        "discrepancy_oldest_age_seconds",
        GAUGE,
        "Age of the oldest that is there now; 0 when there is none.",
        ACCOUNT,
        KIND,
        unit="seconds",
    ),
    metric(
        "detection_delay_seconds",
        HISTOGRAM,
        "From a fill or a new order at the venue to its being seen as missing in the node, while monitoring.",
        unit="seconds",
        buckets=DETECTION_BUCKETS,
    ),
    metric("detections_total", COUNTER, "Fills and new orders whose detection as missing was timed."),
    metric(
        "detections_late_total",
        COUNTER,
        f"Timed detections that took longer than {DETECTION_OBJECTIVE_SECS:g} s.",
    ),
)
