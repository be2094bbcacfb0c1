"""Metrics of what keeps a node safe and on record: store, guard, journal, and the monitor itself."""

from __future__ import annotations

from typing import Final

from trueup.guard.message import RefusalReason
from trueup.ops.metric import Label
from trueup.ops.metrics.build import BOTH, COUNTER, GAUGE, metric
from trueup.ops.metrics.labels import GUARD
from trueup.ops.metrics.words import DROP_REASONS, JOURNAL_STATES, STORE_STATES

_NO_STORE = "for a node without a store"

STORE_METRICS: Final = (
    metric("store_state", GAUGE, "1 for how the node's Redis is.", Label.of("state", STORE_STATES, "how the store is")),
    metric("store_up", GAUGE, "1 while the node's Redis answers.", absent=_NO_STORE),
    metric("store_persistent", GAUGE, "1 while what it is given survives its restart.", absent=_NO_STORE),
    metric("store_write_behind_events", GAUGE, "Events that the store lacks.", unit="events", absent=_NO_STORE),
    metric("store_write_behind_seconds", GAUGE, "For how long it has lacked any.", unit="seconds", absent=_NO_STORE),
    metric(
        "store_foreign_events", GAUGE, "Events in it that this node did not write: a second writer.", absent=_NO_STORE
    ),
    metric("store_ping_seconds", GAUGE, "Its last round trip.", unit="seconds", absent="while it does not answer"),
    metric("store_losses_total", COUNTER, "How often it was lost."),
    metric("store_rewritten_total", COUNTER, "Orders and positions written anew after it came back."),
)

GUARD_METRICS: Final = (
    metric("guard_state", GAUGE, "1 for what the node may do.", GUARD),
    metric("guard_effective", GAUGE, "1 for the engine's own trading state, as last read.", GUARD),
    metric("guard_can_act", GAUGE, "1 while the guard can change what the node may do."),
    metric("guard_sees_others", GAUGE, "1 while the guard sees another node of the same identity alive."),
    metric("guard_changes_total", COUNTER, "Changes of what the node may do, by the state entered.", GUARD),
    metric("guard_since_timestamp_seconds", GAUGE, "When that last changed.", unit="seconds"),
    metric(
        "guard_commands_refused_total",
        COUNTER,
        "Messages to the guard that were not obeyed. One without the key's signature is `forged`.",
        Label.of("reason", RefusalReason, "why"),
    ),
)

JOURNAL_METRICS: Final = (
    metric(
        "journal_state", GAUGE, "1 for how the journal is.", Label.of("state", JOURNAL_STATES, "how the journal is")
    ),
    metric("journal_records_total", COUNTER, "Records written."),
    metric("journal_waiting", GAUGE, "Records that wait to be written."),
    metric("journal_dropped_total", COUNTER, "Records that could not be kept."),
    metric(
        "journal_last_write_timestamp_seconds",
        GAUGE,
        "When it last wrote.",
        unit="seconds",
        absent="before the first write",
    ),
)

SELF_METRICS: Final = (
    metric(
        "monitor_dropped_total",
        COUNTER,
        "What the monitor could not take in, or say.",
        Label.of("reason", DROP_REASONS, "why"),
    ),
    metric("exported_series", GAUGE, "Series in the last answer to a scrape.", sources=BOTH),
    metric("exported_series_limit", GAUGE, "The most that there can be with these accounts and clients.", sources=BOTH),
    metric("scrape_duration_seconds", GAUGE, "How long the last answer took to make.", unit="seconds", sources=BOTH),
)
