"""From the entries about a discrepancy to its one record: a pure fold.

Each entry carries the record's running totals in its own data, under ``record``. So the table of records, which is
there to be searched fast and which no hash protects, can be proven from the chain: every row must be what the latest
entry about it says.
"""

from __future__ import annotations

from typing import Any

import orjson

from trueup.journal.values import RESOLVED, DiscrepancyRecord, Entry, EntryKind, StoredEntry

TOTALS = "record"
"""The field of an entry's data that holds the totals."""
CARRIED = "carried"
"""Marks an entry that only says again how a discrepancy stands, before the entries about it are pruned."""


def folded(before: DiscrepancyRecord | None, entry: Entry, *, chain: str, sequence: int) -> DiscrepancyRecord:
    """Return the record after an entry.

    Parameters
    ----------
    before : DiscrepancyRecord or None
        What was known; None when the journal never had it.
    entry : Entry
        Of kind ``DISCREPANCY``.
    chain, sequence : str, int
        Where the entry stands.
    """
    carried = before is not None and entry.data.get(CARRIED) is True
    begins = before is None or (not before.is_open and entry.state != RESOLVED)
    if before is None:
        first_ns, occurrences, transitions = entry.time_ns, 1, 1
    else:
        first_ns = before.first_ns
        occurrences = before.occurrences + begins
        transitions = before.transitions + (not carried)
    return DiscrepancyRecord(
        chain=chain,
        fingerprint=entry.fingerprint,
        account_id=entry.account_id,
        instrument_id=entry.instrument_id,
        kind=entry.topic,
        severity=entry.severity,
        subject=entry.subject,
        line=entry.line,
        state=entry.state,
        reason=_text(entry.data.get("reason")),
        resolved_by=_text(entry.data.get("resolved_by")),
        first_ns=first_ns,
        opened_ns=entry.time_ns if before is None or begins else before.opened_ns,
        last_ns=before.last_ns if before is not None and carried else entry.time_ns,
        occurrences=occurrences,
        transitions=transitions,
        looks=_count(entry.data.get("looks"), begins=begins, before=before),
        sequence=sequence,
    )


def totals_of(record: DiscrepancyRecord) -> dict[str, int]:
    """Return what an entry carries of the record after it."""
    return {
        "first_ns": record.first_ns,
        "opened_ns": record.opened_ns,
        "last_ns": record.last_ns,
        "occurrences": record.occurrences,
        "transitions": record.transitions,
        "looks": record.looks,
    }


def record_of(entry: StoredEntry) -> DiscrepancyRecord:
    """Return the record as one entry of the chain says it.

    Raises
    ------
    KeyError, TypeError, ValueError
        If the entry's data hold no totals: such an entry was not written by the journal.
    """
    data = orjson.loads(entry.data)
    totals = data[TOTALS]
    return DiscrepancyRecord(
        chain=entry.chain,
        fingerprint=entry.fingerprint,
        account_id=entry.account_id,
        instrument_id=entry.instrument_id,
        kind=entry.topic,
        severity=entry.severity,
        subject=entry.subject,
        line=entry.line,
        state=entry.state,
        reason=_text(data.get("reason")),
        resolved_by=_text(data.get("resolved_by")),
        first_ns=totals["first_ns"],
        opened_ns=totals["opened_ns"],
        last_ns=totals["last_ns"],
        occurrences=totals["occurrences"],
        transitions=totals["transitions"],
        looks=totals["looks"],
        sequence=entry.sequence,
    )


def restated(record: DiscrepancyRecord, time_ns: int) -> Entry:
    """Return an entry that says of a discrepancy what its record says, without data."""
    return Entry(
        kind=EntryKind.DISCREPANCY,
        time_ns=time_ns,
        topic=record.kind,
        state=record.state,
        severity=record.severity,
        account_id=record.account_id,
        instrument_id=record.instrument_id,
        fingerprint=record.fingerprint,
        subject=record.subject,
        line=record.line,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(looks: Any, *, begins: bool, before: DiscrepancyRecord | None) -> int:
    """Return in how many comparisons the present life was seen; what a writer does not count stays as it was."""
    if isinstance(looks, int) and not isinstance(looks, bool):
        return looks
    return 1 if begins or before is None else before.looks
