"""Append entries to one chain, inside a transaction that somebody else begins and ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from trueup.journal.chain import Head, Seal
from trueup.journal.records import folded, totals_of
from trueup.journal.schema import chains, discrepancies, entries
from trueup.journal.spelling import Spelling
from trueup.journal.values import DiscrepancyRecord, Entry, EntryKind, Source, StoredEntry

_RECORD_COLUMNS = tuple(field.name for field in fields(DiscrepancyRecord) if field.name != "chain")
_ENTRY_COLUMNS = tuple(field.name for field in fields(StoredEntry) if field.name != "chain")
_KEYS = {"chain_id", "account_id", "fingerprint"}


@dataclass(frozen=True, slots=True)
class ChainRow:
    """Hold one row of ``chains``: where a chain stands in this database."""

    id: int
    first_sequence: int
    head: Head


def find_chain(connection: sa.Connection, name: str, *, to_write: bool = False) -> ChainRow | None:
    """Return a chain's row; `to_write` holds it until the transaction ends."""
    query = sa.select(chains).where(chains.c.name == name)
    row = connection.execute(query.with_for_update() if to_write else query).one_or_none()
    if row is None:
        return None
    return ChainRow(row.id, row.first_sequence, Head(name, row.head_sequence, row.head_hash))


def begin_chain(connection: sa.Connection, source: Source) -> ChainRow:
    """Add a chain without an entry; if another process adds it at the same moment, take that one."""
    start = Head.start(source.chain)
    row = {
        "name": source.chain,
        "trader_id": source.trader_id,
        "role": source.role,
        "instance": source.instance,
        "first_sequence": 1,
        "head_sequence": 0,
        "head_hash": start.hash,
        "head_ns": 0,
    }
    connection.execute(_insert(connection, chains).values(row).on_conflict_do_nothing(index_elements=["name"]))
    found = find_chain(connection, source.chain, to_write=True)
    assert found is not None, "the chain was just added"
    return found


def append(
    connection: sa.Connection, row: ChainRow, new: Sequence[Entry], *, seal: Seal, spelling: Spelling
) -> tuple[ChainRow, tuple[StoredEntry, ...]]:
    """Append entries after a chain's head, and bring the records of discrepancies up to date.

    Parameters
    ----------
    connection : sa.Connection
        In a transaction that holds the chain's row.
    row : ChainRow
        The chain, as read in this transaction.
    new : sequence of Entry
        In their order.
    seal, spelling : Seal, Spelling
        How they are hashed and spelt.
    """
    if not new:
        return row, ()
    spelt = [spelling.entry(one) for one in new]
    known = _records(connection, row, {one.fingerprint for one in spelt if one.kind is EntryKind.DISCREPANCY})
    changed: dict[tuple[str, str], DiscrepancyRecord] = {}
    stored: list[StoredEntry] = []
    head = row.head
    for one in spelt:
        sequence = head.sequence + 1
        more: dict[str, Any] = {}
        if one.kind is EntryKind.DISCREPANCY:
            key = (one.account_id, one.fingerprint)
            record = folded(known.get(key), _bounded(one, spelling), chain=head.chain, sequence=sequence)
            known[key] = changed[key] = record
            more = {"record": totals_of(record), "reason": record.reason, "resolved_by": record.resolved_by}
        entry = _chained(one, head, spelling.data(one.data, more), seal)
        stored.append(entry)
        head = Head(head.chain, entry.sequence, entry.hash)
    connection.execute(entries.insert(), [_entry_row(one, row.id) for one in stored])
    if changed:
        connection.execute(_upsert(connection), [_record_row(one, row.id) for one in changed.values()])
    connection.execute(
        chains.update()
        .where(chains.c.id == row.id)
        .values(head_sequence=head.sequence, head_hash=head.hash, head_ns=stored[-1].time_ns)
    )
    return replace(row, head=head), tuple(stored)


def records_where(connection: sa.Connection, row: ChainRow, *conditions: Any) -> list[DiscrepancyRecord]:
    """Return the records of one chain that fulfil the conditions, oldest change first."""
    query = sa.select(discrepancies).where(discrepancies.c.chain_id == row.id, *conditions)
    found = connection.execute(query.order_by(discrepancies.c.last_ns, discrepancies.c.fingerprint))
    return [record_from(one, row.head.chain) for one in found]


def record_from(row: Any, chain: str) -> DiscrepancyRecord:
    """Return the record of one row of ``discrepancies``."""
    return DiscrepancyRecord(chain=chain, **{name: getattr(row, name) for name in _RECORD_COLUMNS})


def _bounded(entry: Entry, spelling: Spelling) -> Entry:
    """Return the entry with the two texts of its data that its record repeats spelt as the record's."""
    texts = {name: entry.data.get(name) for name in ("reason", "resolved_by")}
    said = {name: spelling.text(text) for name, text in texts.items() if isinstance(text, str)}
    if all(texts[name] == text for name, text in said.items()):
        return entry
    return replace(entry, data={**entry.data, **said})


def _records(
    connection: sa.Connection, row: ChainRow, fingerprints: Iterable[str]
) -> dict[tuple[str, str], DiscrepancyRecord]:
    wanted = sorted(fingerprints)
    if not wanted:
        return {}
    found = records_where(connection, row, discrepancies.c.fingerprint.in_(wanted))
    return {(one.account_id, one.fingerprint): one for one in found}


def _chained(entry: Entry, head: Head, data: str, seal: Seal) -> StoredEntry:
    unhashed = StoredEntry(
        chain=head.chain,
        sequence=head.sequence + 1,
        time_ns=entry.time_ns,
        kind=entry.kind.value,
        topic=entry.topic,
        state=entry.state,
        severity=entry.severity,
        account_id=entry.account_id,
        instrument_id=entry.instrument_id,
        fingerprint=entry.fingerprint,
        subject=entry.subject,
        line=entry.line,
        data=data,
        seal=seal.name,
        previous_hash=head.hash,
        hash="",
    )
    return replace(unhashed, hash=seal.hash(unhashed))


def _entry_row(entry: StoredEntry, chain_id: int) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(entry, name) for name in _ENTRY_COLUMNS}
    row["chain_id"] = chain_id
    return row


def _record_row(record: DiscrepancyRecord, chain_id: int) -> dict[str, Any]:
    row = {name: getattr(record, name) for name in _RECORD_COLUMNS}
    return {"chain_id": chain_id, "is_open": record.is_open, **row}


def _insert(connection: sa.Connection, table: sa.Table) -> Any:
    """Return an insert that knows ``ON CONFLICT``, which both databases spell alike."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def _upsert(connection: sa.Connection) -> Any:
    statement = _insert(connection, discrepancies)
    new = {column.name: statement.excluded[column.name] for column in discrepancies.c if column.name not in _KEYS}
    return statement.on_conflict_do_update(index_elements=sorted(_KEYS), set_=new)
