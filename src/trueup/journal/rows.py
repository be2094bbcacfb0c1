"""Entries and records as flat rows for tables, files and other programs."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from trueup.journal.values import DiscrepancyRecord, StoredEntry

ENTRY_COLUMNS = (
    "chain",
    "sequence",
    "time",
    "time_ns",
    "kind",
    "topic",
    "state",
    "severity",
    "account_id",
    "instrument_id",
    "fingerprint",
    "subject",
    "line",
    "data",
    "seal",
    "previous_hash",
    "hash",
)
RECORD_COLUMNS = (
    "chain",
    "fingerprint",
    "account_id",
    "instrument_id",
    "kind",
    "severity",
    "subject",
    "line",
    "state",
    "is_open",
    "reason",
    "resolved_by",
    "first",
    "first_ns",
    "opened",
    "opened_ns",
    "last",
    "last_ns",
    "occurrences",
    "transitions",
    "looks",
    "sequence",
)
WHOLE_NUMBERS = frozenset(
    {"sequence", "time_ns", "first_ns", "opened_ns", "last_ns", "occurrences", "transitions", "looks"}
)
TRUTH_VALUES = frozenset({"is_open"})

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def entry_row(entry: StoredEntry) -> dict[str, Any]:
    """Return an entry with its time in words beside the nanoseconds."""
    row = {**asdict(entry), "time": iso(entry.time_ns)}
    return {name: row[name] for name in ENTRY_COLUMNS}


def record_row(record: DiscrepancyRecord) -> dict[str, Any]:
    """Return a record with its times in words beside the nanoseconds."""
    times = {"first": iso(record.first_ns), "opened": iso(record.opened_ns), "last": iso(record.last_ns)}
    row = {**asdict(record), **times, "is_open": record.is_open}
    return {name: row[name] for name in RECORD_COLUMNS}


def iso(time_ns: int) -> str:
    """Return an instant as ISO 8601 in UTC, to the microsecond."""
    try:
        return (_EPOCH + timedelta(microseconds=time_ns // 1_000)).isoformat(timespec="microseconds")
    except OverflowError:
        return f"{time_ns} ns"
