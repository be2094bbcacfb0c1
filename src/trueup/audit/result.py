"""The outcome of an audit, as it is printed, written as JSON and drawn: frozen values of plain types.

Times are nanoseconds since the epoch. Quantities and prices are texts, so that no reader rounds them.
"""

from __future__ import annotations

from typing import Any

import msgspec

SCHEMA_VERSION = 1
"""Raised when a field changes its meaning or goes; new fields do not raise it."""

EXIT_CLEAN, EXIT_DISCREPANT, EXIT_CANNOT_RUN, EXIT_UNKNOWN = 0, 1, 2, 3
_EXIT_CODES = {"CLEAN": EXIT_CLEAN, "DISCREPANT": EXIT_DISCREPANT, "UNKNOWN": EXIT_UNKNOWN}
_WORST_FIRST = ("DISCREPANT", "UNKNOWN", "CLEAN")


class CoverageLine(msgspec.Struct, frozen=True, kw_only=True):
    """Say how far one kind of record was read on one side.

    ``state`` is ``complete``, ``cut``, ``failed``, ``partial`` (the answer does not span what was asked) or
    ``not_asked``.
    """

    side: str
    kind: str
    state: str
    asked_from_ns: int | None = None
    asked_to_ns: int | None = None
    got_from_ns: int | None = None
    got_to_ns: int | None = None
    failures: tuple[str, ...] = ()


class DiscrepancyLine(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one difference."""

    fingerprint: str
    kind: str
    severity: str
    subject: str
    line: str
    instrument_id: str = ""
    venue: str | None = None
    node: str | None = None
    change: str = ""
    time_ns: int = 0
    looks: int = 0


class WriterLine(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the traces of another writer of the account.

    ``certain`` tells a second node from what a former life of the same one would leave, too.
    """

    who: str
    certain: bool
    line: str
    orders: int = 0
    last_ns: int = 0
    examples: tuple[str, ...] = ()


class PositionLine(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one position as both sides have it; None for a side that was not read."""

    instrument_id: str
    leg: str
    venue: str | None
    node: str | None
    agrees: bool


class QueryLine(msgspec.Struct, frozen=True, kw_only=True):
    """Sum up the questions of one kind."""

    query: str
    count: int
    failures: int = 0
    timeouts: int = 0
    p50_ms: float | None = None
    max_ms: float | None = None
    p99_ms: float | None = None
    last_ns: int = 0
    last_error: str = ""


class SumLine(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one exact sum over one symbol, by each leg of the reconciliation; None where a leg does not tell it."""

    symbol: str
    what: str
    currency: str
    statement: str
    venue: str | None
    node: str | None
    agrees: bool


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one finding of the statement: ``bad_row``, ``missing_in_statement``, ``missing_at_venue``,
    ``missing_in_node``, ``differs`` or ``sum``."""

    finding: str
    line: str
    row: int = 0


class StatementResult(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a venue's export says beside the venue's interface and the node."""

    file: str
    state: str
    rows: int
    trades: int
    from_ns: int | None = None
    to_ns: int | None = None
    columns: tuple[str, ...] = ()
    findings: tuple[StatementLine, ...] = ()
    findings_hidden: int = 0
    sums: tuple[SumLine, ...] = ()
    notes: tuple[str, ...] = ()


class AccountResult(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the outcome of one account.

    ``unchecked`` has one line for each policy of ``[external]`` that ignores anything: the state says nothing of that.
    """

    name: str
    exchange: str
    state: str
    trader_id: str = ""
    account_id: str = ""
    time_ns: int = 0
    window_from_ns: int | None = None
    window_to_ns: int | None = None
    expected_from_ns: int | None = None
    node_last_event_ns: int = 0
    looks: int = 0
    secs: float = 0.0
    orders_venue: int = 0
    orders_node: int = 0
    orders_open_venue: int = 0
    fills_venue: int = 0
    fills_node: int = 0
    coverage: tuple[CoverageLine, ...] = ()
    discrepancies: tuple[DiscrepancyLine, ...] = ()
    discrepancies_total: int = 0
    discrepancies_by_kind: dict[str, int] = {}
    pending: tuple[str, ...] = ()
    pending_total: int = 0
    unknowns: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    writers: tuple[WriterLine, ...] = ()
    positions: tuple[PositionLine, ...] = ()
    queries: tuple[QueryLine, ...] = ()
    statement: StatementResult | None = None


class AuditReport(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the outcome of one audit of a file."""

    schema: int = SCHEMA_VERSION
    trueup_version: str = ""
    file: str = ""
    started_ns: int = 0
    ended_ns: int = 0
    state: str = "UNKNOWN"
    exit_code: int = EXIT_UNKNOWN
    accounts: tuple[AccountResult, ...] = ()


def worst(states: list[str]) -> str:
    """Return the worst of several verdicts; UNKNOWN where there is none."""
    return next((state for state in _WORST_FIRST if state in states), "UNKNOWN")


def exit_code_of(state: str) -> int:
    """Return the exit code that stands for a verdict."""
    return _EXIT_CODES[state]


def encode(report: AuditReport) -> bytes:
    """Return the report as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def decode(data: bytes | str) -> AuditReport:
    """Return the report that a JSON text holds. Raises `msgspec.ValidationError` or `msgspec.DecodeError`."""
    return msgspec.json.decode(data, type=AuditReport)


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of the report."""
    return msgspec.json.schema(AuditReport)
