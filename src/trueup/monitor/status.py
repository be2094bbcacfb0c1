"""The status of one node as ``/status.json`` says it: one frozen value, whole in itself, without a secret in it.

Everything that shows a node (the status page, ``trueup status``, the metrics) reads this value, and nothing else. Times
are nanoseconds since the epoch, on the node's clock; ages are computed by who reads, so that they grow when the node
hangs. Texts come from the program, or from identifiers, and never from configuration that may hold a secret.
"""

from __future__ import annotations

import msgspec

SCHEMA_VERSION = 1
"""Raised when a field changes its meaning or goes; new fields do not raise it."""


class CoverageStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Say how far one kind of record was read: ``complete``, ``cut``, ``failed`` or ``not_asked``."""

    kind: str
    state: str
    detail: str = ""


class AccountStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Say what the last verdict on one account was, and how far it reached."""

    account_id: str
    client_id: str = ""
    verdict: str = "UNKNOWN"
    time_ns: int = 0
    window_from_ns: int | None = None
    discrepancies: int = 0
    pending: int = 0
    unknowns: tuple[str, ...] = ()
    coverage: tuple[CoverageStatus, ...] = ()


class DiscrepancyStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Show one discrepancy, open or lately resolved.

    ``line`` is the one-line explanation; ``count`` how often it was seen; ``resolved_by`` is empty while it is open.
    """

    fingerprint: str
    kind: str
    severity: str
    subject: str
    line: str
    state: str
    first_ns: int
    last_ns: int
    account_id: str = ""
    instrument_id: str = ""
    count: int = 1
    resolved_by: str = ""


class CycleStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Show one check: its length and outcome.

    ``check`` is ``startup``, ``cheap``, ``deep``, ``gap``, ``demand`` or ``store``, with a ``result`` of ``clean``,
    ``discrepant``, ``unknown`` or ``failed``; in native mode also ``engine_inflight``, ``engine_orders`` and
    ``engine_positions``, the engine's own, which give no verdict: they are ``done`` or ``failed``.
    """

    time_ns: int
    check: str
    result: str
    secs: float
    verdict: str = ""
    discrepancies: int = 0
    steps: int = 0


class VenueQueryStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Sum up the questions of one kind that one client asked its venue."""

    client_id: str
    query: str
    count: int
    failures: int
    timeouts: int
    p50_ms: float | None = None
    p99_ms: float | None = None
    last_ns: int = 0
    last_error: str = ""


class OrdersStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Count the orders that need an eye."""

    open: int = 0
    inflight: int = 0
    inflight_oldest_ns: int | None = None
    external_claimed: int = 0
    external_unclaimed: int = 0
    external_filtered: int = 0
    inferred_fills: int = 0
    synthetic_orders: int = 0


class GuardChange(msgspec.Struct, frozen=True, kw_only=True):
    """Show one change of what the node may do, with who asked for it."""

    time_ns: int
    state: str
    reason: str
    source: str = ""
    who: str = ""
    rules: tuple[str, ...] = ()


class GuardHold(msgspec.Struct, frozen=True, kw_only=True):
    """Show what one hand, an operator or an auditor, holds a node to, whether or not another one is stricter."""

    source: str
    who: str
    state: str
    reason: str = ""
    since_ns: int = 0


class GuardStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Say what the node may do now. ``effective`` is the engine's own trading state as last read.

    ``rules`` are the rows of the policy behind it, ``alarm`` why the guard cannot act, ``loophole`` what passes
    although the state forbids it, ``sees_others`` whether another node of the same identity is alive, ``control`` how
    commands reach it (``OFF``, ``LISTENING``, ``LOST``), ``commands_refused`` how many messages were not obeyed, by
    reason, and ``holds`` what operators and auditors hold.
    """

    state: str = "ACTIVE"
    effective: str = ""
    since_ns: int = 0
    reason: str = ""
    source: str = ""
    who: str = ""
    rules: tuple[str, ...] = ()
    can_act: bool = True
    alarm: str = ""
    loophole: str = ""
    sees_others: bool = False
    control: str = "OFF"
    commands_refused: dict[str, int] = msgspec.field(default_factory=dict)
    holds: tuple[GuardHold, ...] = ()
    history: tuple[GuardChange, ...] = ()


class StoreStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Say how the node's Redis is: ``PRESENT``, ``LOST``, ``BEHIND`` or ``NONE`` (a node without a store)."""

    state: str = "NONE"
    since_ns: int = 0
    persistent: bool | None = None
    write_behind_events: int | None = None
    write_behind_ns: int | None = None
    ping_ms: float | None = None
    detail: str = ""


class LoopStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Say how the node's event loop is. The heartbeat is old when the loop hangs."""

    heartbeat_ns: int = 0
    lag_ms_p50: float | None = None
    lag_ms_p99: float | None = None
    lag_ms_max: float | None = None


class JournalStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Say how the journal is: ``OK``, ``FAILING`` or ``OFF``; what waits, and what was dropped."""

    state: str = "OFF"
    where: str = ""
    records: int = 0
    waiting: int = 0
    dropped: int = 0
    last_write_ns: int = 0
    error: str = ""


class NodeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Hold everything that is said of one node at one moment.

    ``source`` is ``node`` for a node's own word and ``watch`` for an auditor's outside of it. The names
    ``is_reconciled``, ``last_check_ns``, ``pending_discrepancies``, ``external_orders_count`` and
    ``inflight_orders_count`` are those of the reconciliation plan's data model.
    """

    schema: int = SCHEMA_VERSION
    source: str = "node"
    trueup_version: str = ""
    engine_version: str = ""
    trader_id: str = ""
    instance_id: str = ""
    environment: str = ""
    mode: str = ""
    started_ns: int = 0
    now_ns: int = 0
    phase: str = "INITIALIZING"
    phase_since_ns: int = 0
    failure: str = ""
    is_reconciled: bool = False
    verdict: str = "UNKNOWN"
    verdict_ns: int = 0
    verdict_age_secs_max: float | None = None
    lines: tuple[str, ...] = ()
    startup_secs: float | None = None
    last_check_ns: int = 0
    pending_discrepancies: int = 0
    external_orders_count: int = 0
    inflight_orders_count: int = 0
    accounts: tuple[AccountStatus, ...] = ()
    discrepancies: tuple[DiscrepancyStatus, ...] = ()
    discrepancies_hidden: int = 0
    resolved_lately: tuple[DiscrepancyStatus, ...] = ()
    cycles: tuple[CycleStatus, ...] = ()
    venue: tuple[VenueQueryStatus, ...] = ()
    orders: OrdersStatus = OrdersStatus()
    guard: GuardStatus = GuardStatus()
    store: StoreStatus = StoreStatus()
    loop: LoopStatus = LoopStatus()
    journal: JournalStatus = JournalStatus()
    events_dropped: int = 0


def encode(status: NodeStatus) -> bytes:
    """Return the status as JSON."""
    return msgspec.json.encode(status)


def decode(data: bytes | str) -> NodeStatus:
    """Return the status that a JSON text holds; fields of a later version that are not known here are left out.

    Raises
    ------
    msgspec.ValidationError, msgspec.DecodeError
        If it is not one.
    """
    return msgspec.json.decode(data, type=NodeStatus)
