"""Prove a whole journal: every chain, both ends of each, and the records that were made from it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from trueup.errors import JournalError
from trueup.journal.anchor import Anchor
from trueup.journal.append import record_from
from trueup.journal.chain import PLAIN, Head, Seal
from trueup.journal.proof import ChainProof, Fault, FaultCode
from trueup.journal.reader import PIECE_ROWS, JournalReader, entry_from
from trueup.journal.records import record_of
from trueup.journal.schema import chains, discrepancies, entries
from trueup.journal.values import DiscrepancyRecord, EntryKind, StoredEntry

Latest = dict[tuple[str, str], tuple[int, bytes]]
"""Account and fingerprint to the number of the latest entry about it, and a digest of the record that it says."""

FAULTS_MAX = 100
"""Faults told of one journal; the first one matters most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainResult:
    """Say what was found of one chain.

    Parameters
    ----------
    chain : str
        Its name.
    first, last : int
        Its oldest and newest entry.
    hash : str
        Of the newest: to be kept elsewhere, as an anchor for the next time.
    keyed : int
        How many of its entries are sealed with a key.
    damage : tuple of str
        What the journal itself recorded about damage.
    records_unproven : int
        Records of discrepancies whose latest entry was pruned, so that nothing proves them.
    """

    chain: str
    first: int
    last: int
    hash: str
    keyed: int
    damage: tuple[str, ...]
    records_unproven: int

    @property
    def anchor(self) -> Anchor:
        """Return the newest entry as an anchor."""
        return Anchor(Head(self.chain, self.last, self.hash), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Hold the outcome: every chain, and every fault, the first ones of each chain first."""

    chains: tuple[ChainResult, ...]
    faults: tuple[Fault, ...]
    anchors: int
    has_key: bool

    @property
    def is_whole(self) -> bool:
        """Return whether nothing was found wrong."""
        return not self.faults


def verify(reader: JournalReader, *, seal: Seal = PLAIN, anchors: Iterable[Anchor] = ()) -> Verification:
    """Prove a journal at one moment, while others may go on to write it.

    Parameters
    ----------
    reader : JournalReader
        The journal.
    seal : Seal
        With the key of a keyed journal.
    anchors : iterable of Anchor
        Heads that were kept elsewhere, read *before* this is called: what is written later is no fault.

    Raises
    ------
    JournalError
        If the journal is keyed and no key was given, or cannot be read.
    """
    kept = tuple(anchors)
    faults: list[Fault] = []
    results: list[ChainResult] = []
    with reader.transaction() as connection:
        rows = list(connection.execute(sa.select(chains).order_by(chains.c.name)))
        for row in rows:
            mine = tuple(anchor for anchor in kept if anchor.head.chain == row.name)
            result, found = _one_chain(connection, row, seal, mine)
            results.append(result)
            faults += found
        faults += _strays(connection, [row.id for row in rows])
    names = {row.name for row in rows}
    faults += [
        Fault(
            code=FaultCode.CHAIN_MISSING,
            chain=anchor.head.chain,
            sequence=0,
            text=f"an anchor knows its entry {anchor.head.sequence}, and there is no such chain",
        )
        for anchor in kept
        if anchor.head.chain not in names
    ]
    return Verification(
        chains=tuple(results), faults=tuple(faults[:FAULTS_MAX]), anchors=len(kept), has_key=bool(seal.key)
    )


def _one_chain(
    connection: sa.Connection, row: Any, seal: Seal, anchors: tuple[Anchor, ...]
) -> tuple[ChainResult, list[Fault]]:
    proof = ChainProof(row.name, seal, anchors)
    latest: Latest = {}
    statement = sa.select(sa.literal(row.name).label("chain"), entries).where(entries.c.chain_id == row.id)
    ordered = statement.order_by(entries.c.sequence).execution_options(yield_per=PIECE_ROWS)
    with connection.execute(ordered) as rows:
        for entry in map(entry_from, rows):
            if entry.seal and not seal.key:
                raise JournalError(
                    f"the chain {row.name} is sealed with a key", action="give the key by TRUEUP_JOURNAL__SECRET_KEY"
                )
            proof.take(entry)
            if entry.kind == EntryKind.DISCREPANCY:
                latest[(entry.account_id, entry.fingerprint)] = (entry.sequence, _digest_of(entry))
    proof.finish(Head(row.name, row.head_sequence, row.head_hash), row.first_sequence)
    unproven, found_records = (0, []) if proof.faults else _records(connection, row, proof, latest)
    last = proof.last or Head.start(row.name)
    result = ChainResult(
        chain=row.name,
        first=proof.first,
        last=last.sequence,
        hash=last.hash,
        keyed=proof.keyed,
        damage=tuple(one.line for one in proof.damage),
        records_unproven=unproven,
    )
    return result, [*proof.faults, *found_records]


def _records(connection: sa.Connection, row: Any, proof: ChainProof, latest: Latest) -> tuple[int, list[Fault]]:
    """Compare the records of one chain with what its entries say; return how many nothing proves, and the faults."""
    faults: list[Fault] = []
    unproven = 0
    statement = sa.select(discrepancies).where(discrepancies.c.chain_id == row.id)
    with connection.execute(statement.execution_options(yield_per=PIECE_ROWS)) as rows:
        for found in rows:
            record = record_from(found, row.name)
            sequence, said = latest.pop((record.account_id, record.fingerprint), (0, b""))
            if not sequence and record.sequence < proof.first:
                unproven += 1
            elif said != _digest(record) or found.is_open != record.is_open:
                faults.append(_differs(record, sequence))
    faults += [
        Fault(
            code=FaultCode.RECORD_MISSING,
            chain=row.name,
            sequence=sequence,
            text=f"the discrepancy {fingerprint} has entries and no record",
        )
        for (_, fingerprint), (sequence, _) in sorted(latest.items())
    ]
    return unproven, faults


def _digest(record: DiscrepancyRecord) -> bytes:
    return hashlib.blake2b(repr(record).encode(), digest_size=16).digest()


def _digest_of(entry: StoredEntry) -> bytes:
    try:
        return _digest(record_of(entry))
    except (KeyError, TypeError, ValueError):
        return b""  # not written by the journal: it differs from every record


def _differs(record: DiscrepancyRecord, sequence: int) -> Fault:
    said = "no entry speaks of it" if not sequence else f"its latest entry is {sequence}, which says otherwise"
    return Fault(
        code=FaultCode.RECORD_DIFFERS,
        chain=record.chain,
        sequence=sequence,
        text=f"the record of discrepancy {record.fingerprint} is not from the chain: {said}",
    )


def _strays(connection: sa.Connection, chain_ids: list[int]) -> list[Fault]:
    faults = []
    for table in (entries, discrepancies):
        statement = sa.select(sa.func.count()).select_from(table).where(table.c.chain_id.not_in(chain_ids))
        count = connection.execute(statement).scalar_one()
        if count:
            text = f"{count} rows of {table.name} belong to no chain"
            faults.append(Fault(code=FaultCode.STRAY, chain="(none)", sequence=0, text=text))
    return faults
