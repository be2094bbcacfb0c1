"""Every metric that trueup exports, once: the exporter, the rules, the dashboards and the reference all read this.

No order, instrument, strategy or error text is ever a label: only what is bounded by configuration or by the code.
Ages are computed while a scrape is answered, outside of the node's event loop, so that they grow when it hangs.
"""

from __future__ import annotations

from typing import Final

from trueup.core.lifecycle import LifeState, ResolvedBy
from trueup.model.coverage import RecordKind
from trueup.model.discrepancies import DiscrepancyKind
from trueup.model.guard import GuardState
from trueup.model.phase import Phase
from trueup.model.verdicts import VerdictState
from trueup.ops.metric import PREFIX, Label, Metric, MetricType, Source

ACCOUNTS_MAX: Final = 16
CLIENTS_MAX: Final = 16
TARGETS_MAX: Final = 64
"""Accounts and clients of one node, and nodes under one auditor. Real ones have a few; more would be a leak."""

CHECKS: Final = ("startup", "cheap", "deep", "gap", "demand", "store")
"""What trueup itself does: the start-up, the two kinds of look, and what a gap, an operator or the store asks for."""
ENGINE_CHECKS: Final = ("engine_inflight", "engine_orders", "engine_positions")
"""The engine's own checks, seen from outside. They give no verdict: they end (``done``) or raise (``failed``)."""
RESULTS: Final = ("clean", "discrepant", "unknown", "failed", "done")
QUERIES: Final = ("open_orders", "orders", "fills", "positions", "order", "order_fills", "mass_status")
"""Kinds of question. A mass status is asked by the engine at a start, and may be made of others of these."""
OUTCOMES: Final = ("success", "failure", "timeout", "rate_limited")
STARTUP_STATES: Final = ("pending", "running", "succeeded", "failed")
STORE_STATES: Final = ("PRESENT", "LOST", "BEHIND", "NONE")
JOURNAL_STATES: Final = ("OK", "FAILING", "OFF")
DISPOSITIONS: Final = ("claimed", "unclaimed", "filtered")
QUEUES: Final = ("commands", "events")
DROP_REASONS: Final = ("handler_failed", "listener_failed", "queue_full", "too_many", "log_failed")
DETECTION_OBJECTIVE_SECS: Final = 15.0
"""A difference that came about while the node ran is seen within so many seconds: the plan's polling interval of 5 s,
two looks, and the venue's answers."""

CYCLE_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
QUERY_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LAG_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
DETECTION_BUCKETS: Final = (0.5, 1.0, 2.5, 5.0, 7.5, 10.0, 15.0, 30.0, 60.0, 300.0)

_ACCOUNT = Label.open("account_id", ACCOUNTS_MAX, "account of the venue")
_CLIENT = Label.open("client_id", CLIENTS_MAX, "execution client")
_TRADER = Label.open("trader_id", TARGETS_MAX, "node that is audited")
_KIND = Label.of("kind", DiscrepancyKind, "kind of discrepancy")
_VERDICT = Label.of("verdict", VerdictState, "verdict")
_GUARD = Label.of("state", GuardState, "what the node may do")
_CHECK = Label.of("check", (*CHECKS, *ENGINE_CHECKS), "check")
_QUERY = Label.of("query", QUERIES, "kind of question to the venue")
_RECORD = Label.of("record", RecordKind, "kind of record")
_LIFE = Label.of("state", tuple(s for s in LifeState if s is not LifeState.RESOLVED), "where a discrepancy stands")

_G, _C, _H = MetricType.GAUGE, MetricType.COUNTER, MetricType.HISTOGRAM
_ALONE = frozenset({Source.NODE})
_BOTH = frozenset({Source.NODE, Source.WATCH})
_WATCH = frozenset({Source.WATCH})


def _metric(
    name: str,
    type_: MetricType,
    help_: str,
    *labels: Label,
    unit: str = "",
    buckets: tuple[float, ...] = (),
    sources: frozenset[Source] = _ALONE,
    absent: str = "",
) -> Metric:
    return Metric(
        name=PREFIX + name,
        type=type_,
        help=help_,
        unit=unit,
        labels=labels,
        buckets=buckets,
        sources=sources,
        absent=absent,
    )


def _identity(name: str, values_max: int = 1) -> Label:
    return Label.open(name, values_max, "as the node says it")


_NODE = (
    _metric(
        "node_info",
        _G,
        "Who the node is; always 1.",
        _identity("trader_id"),
        _identity("environment"),
        _identity("mode"),
        _identity("trueup_version"),
        _identity("engine_version"),
    ),
    _metric("node_started_timestamp_seconds", _G, "When trueup was attached to the node.", unit="seconds"),
    _metric("phase", _G, "1 for the phase that the node is in.", Label.of("phase", Phase, "phase")),
    _metric("phase_since_timestamp_seconds", _G, "When the node entered its phase.", unit="seconds"),
    _metric(
        "startup_state",
        _G,
        "1 for where the start-up stands.",
        Label.of("state", STARTUP_STATES, "where the start-up stands"),
    ),
    _metric("startup_duration_seconds", _G, "How long the start-up took, or runs by now.", unit="seconds"),
    _metric(
        "startup_limit_seconds",
        _G,
        "How long the start-up may take.",
        unit="seconds",
        absent="in native mode: the engine does not enforce its limit",
    ),
    _metric("trading", _G, "1 while the trader runs."),
    _metric("reconciled", _G, "1 while the node is proven equal to its venues, the age of the proof included."),
)

_VERDICTS = (
    _metric("verdict", _G, "1 for the verdict on an account, as it is worth now.", _ACCOUNT, _VERDICT),
    _metric(
        "verdict_timestamp_seconds",
        _G,
        "When the last verdict on an account was given or confirmed.",
        _ACCOUNT,
        unit="seconds",
        absent="before the first verdict",
    ),
    _metric(
        "verdict_age_seconds",
        _G,
        "How long ago a look confirmed the verdict on the node.",
        unit="seconds",
        absent="before the first verdict",
    ),
    _metric(
        "verdict_age_limit_seconds",
        _G,
        "The age at which a CLEAN verdict becomes UNKNOWN.",
        unit="seconds",
        absent="where no look is configured that could confirm one",
    ),
    _metric(
        "verdict_unknown_seconds",
        _G,
        "For how long the verdict has been UNKNOWN; 0 when it is not.",
        _ACCOUNT,
        unit="seconds",
    ),
    _metric("coverage_complete", _G, "1 where the last look read a kind of record whole.", _ACCOUNT, _RECORD),
    _metric(
        "coverage_unknown_seconds",
        _G,
        "For how long a look has not read all that it asked for; 0 when it has.",
        _ACCOUNT,
        unit="seconds",
    ),
    _metric("stream_gaps_total", _C, "Gaps that a client noticed in an account's event stream.", _ACCOUNT),
)

_CYCLES = (
    _metric("cycles_total", _C, "Checks that ended.", _CHECK, Label.of("result", RESULTS, "how it ended")),
    _metric("cycle_duration_seconds", _H, "How long a check took.", _CHECK, unit="seconds", buckets=CYCLE_BUCKETS),
    _metric(
        "last_cycle_timestamp_seconds",
        _G,
        "When a check last ended with an answer.",
        _CHECK,
        unit="seconds",
        absent="for a check that has not ended yet",
    ),
    _metric(
        "cycle_interval_seconds",
        _G,
        "Between two checks, as configured.",
        _CHECK,
        unit="seconds",
        absent="for a check that is off or has no interval",
    ),
    _metric("cycle_age_seconds", _G, "Since any periodic check last ended; 0 before monitoring.", unit="seconds"),
    _metric("steps_applied_total", _C, "Steps of true-ups that were applied to the node.", _ACCOUNT),
    _metric("problems_total", _C, "Steps that could not be applied, and true-ups that raised."),
)

_DISCREPANCIES = (
    _metric("discrepancies_detected_total", _C, "Discrepancies that were seen first, or again.", _ACCOUNT, _KIND),
    _metric(
        "discrepancies_resolved_total",
        _C,
        "Discrepancies that went.",
        _ACCOUNT,
        _KIND,
        Label.of("resolution", ResolvedBy, "what made it go"),
    ),
    _metric("discrepancies_gave_up_total", _C, "Discrepancies that healing did not remove.", _ACCOUNT, _KIND),
    _metric("discrepancies_recurred_total", _C, "Discrepancies that came back after they were gone.", _ACCOUNT),
    _metric("discrepancies_open", _G, "Discrepancies now.", _ACCOUNT, _KIND),
    _metric("discrepancies_open_state", _G, "Discrepancies now, by where they stand.", _ACCOUNT, _LIFE),
    _metric(
        "discrepancy_oldest_age_seconds",
        _G,
        "Age of the oldest that is there now; 0 when there is none.",
        _ACCOUNT,
        _KIND,
        unit="seconds",
    ),
    _metric(
        "detection_delay_seconds",
        _H,
        "From a fill or a new order at the venue to its being seen as missing in the node, while monitoring.",
        unit="seconds",
        buckets=DETECTION_BUCKETS,
    ),
    _metric("detections_total", _C, "Fills and new orders whose detection as missing was timed."),
    _metric(
        "detections_late_total",
        _C,
        f"Timed detections that took longer than {DETECTION_OBJECTIVE_SECS:g} s.",
    ),
)

_ORDERS = (
    _metric("orders_open", _G, "Working orders in the node."),
    _metric("orders_inflight", _G, "Orders that wait for the venue's answer."),
    _metric("inflight_oldest_age_seconds", _G, "How long the oldest of them has waited; 0 for none.", unit="seconds"),
    _metric("positions_open", _G, "Open positions in the node."),
    _metric(
        "external_orders_open",
        _G,
        "Working orders that no strategy of the node placed.",
        Label.of("disposition", DISPOSITIONS[:2], "whether a strategy claims it"),
    ),
    _metric(
        "external_orders_total",
        _C,
        "Orders met that no strategy of the node placed.",
        Label.of("disposition", DISPOSITIONS, "what became of it"),
    ),
    _metric("inferred_fills_total", _C, "Fills that the engine invented to explain a quantity."),
    _metric("synthetic_orders_total", _C, "Orders that the engine invented to explain a position."),
)

_VENUE = (
    _metric(
        "venue_queries_total", _C, "Questions to the venue.", _CLIENT, _QUERY, Label.of("outcome", OUTCOMES, "outcome")
    ),
    _metric(
        "venue_query_duration_seconds",
        _H,
        "How long the venue took to answer, or not to.",
        _CLIENT,
        _QUERY,
        unit="seconds",
        buckets=QUERY_BUCKETS,
    ),
    _metric("venue_reachable", _G, "1 while the last question to the venue was answered.", _CLIENT),
    _metric(
        "venue_last_success_timestamp_seconds",
        _G,
        "When the venue last answered.",
        _CLIENT,
        unit="seconds",
        absent="before the first answer",
    ),
    _metric("client_connected", _G, "1 while the execution client is connected.", _CLIENT),
    _metric(
        "venue_weight_used",
        _G,
        "Request weight used in the venue's running minute.",
        _CLIENT,
        unit="weight",
        absent="for clients that do not count it",
    ),
    _metric(
        "venue_weight_limit",
        _G,
        "Request weight that the venue allows in a minute.",
        _CLIENT,
        unit="weight",
        absent="for clients that do not count it",
    ),
    _metric(
        "clock_skew_seconds",
        _G,
        "The venue's clock less the node's.",
        _CLIENT,
        unit="seconds",
        absent="for clients that do not measure it",
    ),
)

_NO_STORE = "for a node without a store"
_STORE = (
    _metric("store_state", _G, "1 for how the node's Redis is.", Label.of("state", STORE_STATES, "how the store is")),
    _metric("store_up", _G, "1 while the node's Redis answers.", absent=_NO_STORE),
    _metric("store_persistent", _G, "1 while what it is given survives its restart.", absent=_NO_STORE),
    _metric("store_write_behind_events", _G, "Events that the store lacks.", unit="events", absent=_NO_STORE),
    _metric("store_write_behind_seconds", _G, "For how long it has lacked any.", unit="seconds", absent=_NO_STORE),
    _metric(
        "store_foreign_events", _G, "Events in it that this node did not write: a second writer.", absent=_NO_STORE
    ),
    _metric("store_ping_seconds", _G, "Its last round trip.", unit="seconds", absent="while it does not answer"),
    _metric("store_losses_total", _C, "How often it was lost."),
    _metric("store_rewritten_total", _C, "Orders and positions written anew after it came back."),
)

_LOOP = (
    _metric("loop_lag_seconds", _H, "How late the event loop was.", unit="seconds", buckets=LAG_BUCKETS),
    _metric("loop_heartbeat_timestamp_seconds", _G, "When the event loop last ran the monitor.", unit="seconds"),
    _metric("loop_heartbeat_age_seconds", _G, "How long ago that was.", unit="seconds"),
    _metric("engine_queue_depth", _G, "What waits in the engine's queues.", Label.of("queue", QUEUES, "queue")),
)

_GUARDS = (
    _metric("guard_state", _G, "1 for what the node may do.", _GUARD),
    _metric("guard_effective", _G, "1 for the engine's own trading state, as last read.", _GUARD),
    _metric("guard_can_act", _G, "1 while the guard can change what the node may do."),
    _metric("guard_changes_total", _C, "Changes of what the node may do, by the state entered.", _GUARD),
    _metric("guard_since_timestamp_seconds", _G, "When that last changed.", unit="seconds"),
)

_JOURNAL = (
    _metric("journal_state", _G, "1 for how the journal is.", Label.of("state", JOURNAL_STATES, "how the journal is")),
    _metric("journal_records_total", _C, "Records written."),
    _metric("journal_waiting", _G, "Records that wait to be written."),
    _metric("journal_dropped_total", _C, "Records that could not be kept."),
    _metric(
        "journal_last_write_timestamp_seconds",
        _G,
        "When it last wrote.",
        unit="seconds",
        absent="before the first write",
    ),
)

_SELF = (
    _metric(
        "monitor_dropped_total",
        _C,
        "What the monitor could not take in, or say.",
        Label.of("reason", DROP_REASONS, "why"),
    ),
    _metric("exported_series", _G, "Series in the last answer to a scrape.", sources=_BOTH),
    _metric("exported_series_limit", _G, "The most that there can be with these accounts and clients.", sources=_BOTH),
    _metric("scrape_duration_seconds", _G, "How long the last answer took to make.", unit="seconds", sources=_BOTH),
)

_AUDIT = (
    _metric("audit_verdict", _G, "1 for the auditor's verdict.", _TRADER, _ACCOUNT, _VERDICT, sources=_WATCH),
    _metric(
        "audit_verdict_timestamp_seconds",
        _G,
        "When the auditor last gave a verdict.",
        _TRADER,
        _ACCOUNT,
        unit="seconds",
        sources=_WATCH,
    ),
    _metric("audit_interval_seconds", _G, "Between two audits, as configured.", unit="seconds", sources=_WATCH),
    _metric(
        "audit_cycles_total",
        _C,
        "Audits that ended.",
        _TRADER,
        _ACCOUNT,
        Label.of("result", RESULTS[:4], "how it ended"),
        sources=_WATCH,
    ),
    _metric(
        "audit_duration_seconds",
        _G,
        "How long the last audit took.",
        _TRADER,
        _ACCOUNT,
        unit="seconds",
        sources=_WATCH,
    ),
    _metric(
        "audit_discrepancies_open", _G, "Differences that the auditor sees.", _TRADER, _ACCOUNT, _KIND, sources=_WATCH
    ),
    _metric("audit_two_writers", _G, "1 where two nodes write one account.", _TRADER, _ACCOUNT, sources=_WATCH),
    _metric("audit_venue_reachable", _G, "1 while the venue answers.", _TRADER, _ACCOUNT, sources=_WATCH),
    _metric("audit_store_reachable", _G, "1 while the node's Redis answers.", _TRADER, _ACCOUNT, sources=_WATCH),
)

GROUPS: Final[dict[str, tuple[Metric, ...]]] = {
    "The node": _NODE,
    "Verdicts and coverage": _VERDICTS,
    "Checks": _CYCLES,
    "Discrepancies": _DISCREPANCIES,
    "Orders": _ORDERS,
    "The venue": _VENUE,
    "The store": _STORE,
    "The event loop": _LOOP,
    "The guard": _GUARDS,
    "The journal": _JOURNAL,
    "The monitor itself": _SELF,
    "The auditor": _AUDIT,
}
"""The metrics as the reference shows them."""

METRICS: Final[dict[str, Metric]] = {metric.name: metric for group in GROUPS.values() for metric in group}
"""Every metric by name."""

assert len(METRICS) == sum(len(group) for group in GROUPS.values()), "a metric's name must be unique"


def metrics_of(source: Source) -> tuple[Metric, ...]:
    """Return the metrics that one program exports, in the order of the reference."""
    return tuple(metric for metric in METRICS.values() if source in metric.sources)


def series_limit(source: Source, *, accounts: int, clients: int, targets: int = 1) -> int:
    """Return the most series that one program exports with so many accounts, clients and audited nodes."""
    sizes = {"account_id": accounts, "client_id": clients, "trader_id": targets}
    return sum(metric.series_for(sizes) for metric in metrics_of(source))
