"""Prune a chain at its old end, so that what stays can still be verified.

Before the oldest entries go, a checkpoint entry is appended that names the last of them with its hash. The first entry
that stays refers to that very hash, so a verifier finds the cut signed off in the chain itself, by the key where there
is one. A discrepancy that still stands and whose latest entry would go is said once more first.
"""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from trueup.journal.append import ChainRow, append, records_where
from trueup.journal.records import CARRIED, restated
from trueup.journal.schema import chains, discrepancies, entries
from trueup.journal.settings import NS_PER_DAY, JournalSettings
from trueup.journal.spelling import Spelling
from trueup.journal.values import RESOLVED, DiscrepancyRecord, Entry, EntryKind

PIECE_ROWS_MAX = 1_000
"""In one transaction: 100 ms of CPU time where half of them are said again (measured), while another process waits."""
PIECE_ROWS_MIN = 100
"""Below this a checkpoint would cost too much of what it frees."""
CARRIED_SHARE = 2
"""At most one entry in so many that go is said again, so that pruning always gets on."""


def prune(
    connection: sa.Connection, row: ChainRow, *, now_ns: int, settings: JournalSettings, spelling: Spelling
) -> tuple[ChainRow, int]:
    """Prune one piece of a chain, inside a transaction that holds its row.

    Parameters
    ----------
    connection : sa.Connection
        In a transaction.
    row : ChainRow
        The chain, as read in it.
    now_ns : int
        The time.
    settings : JournalSettings
        How long and how much to keep.
    spelling : Spelling
        For what is appended.

    Returns
    -------
    (ChainRow, int)
        The chain afterwards, and how many entries went.
    """
    cut = _cut(connection, row, now_ns, settings)
    if cut is None:
        return row, 0
    gone = entries.c.chain_id == row.id, entries.c.sequence <= cut
    count = connection.execute(sa.select(sa.func.count()).select_from(entries).where(*gone)).scalar_one()
    if count < PIECE_ROWS_MIN:
        return row, 0
    cut_hash = connection.execute(
        sa.select(entries.c.hash).where(entries.c.chain_id == row.id, entries.c.sequence == cut)
    ).scalar_one()
    standing = records_where(connection, row, discrepancies.c.is_open, discrepancies.c.sequence <= cut)
    carried = standing[-(count // CARRIED_SHARE) :]
    checkpoint = Entry(
        kind=EntryKind.CHECKPOINT,
        time_ns=now_ns,
        line=f"entries {row.first_sequence} to {cut} were pruned",
        data={
            "first_sequence": row.first_sequence,
            "cut_sequence": cut,
            "cut_hash": cut_hash,
            "count": count,
            "standing_left": len(standing) - len(carried),
        },
    )
    again = [_again(one, now_ns) for one in carried]
    row, _ = append(connection, row, [*again, checkpoint], seal=settings.seal, spelling=spelling)
    connection.execute(entries.delete().where(*gone))
    connection.execute(
        discrepancies.delete().where(
            discrepancies.c.chain_id == row.id, discrepancies.c.state == RESOLVED, discrepancies.c.sequence <= cut
        )
    )
    connection.execute(chains.update().where(chains.c.id == row.id).values(first_sequence=cut + 1))
    return ChainRow(row.id, cut + 1, row.head), count


def _cut(connection: sa.Connection, row: ChainRow, now_ns: int, settings: JournalSettings) -> int | None:
    """Return the number of the last entry to remove: one that is there, and never the newest one."""
    mine = entries.c.chain_id == row.id
    oldest = connection.execute(sa.select(sa.func.min(entries.c.sequence)).where(mine)).scalar_one_or_none()
    if oldest is None:
        return None
    limit = oldest + PIECE_ROWS_MAX - 1
    young = connection.execute(
        sa.select(sa.func.min(entries.c.sequence)).where(
            mine, entries.c.sequence <= limit, entries.c.time_ns >= now_ns - settings.retention_days * NS_PER_DAY
        )
    ).scalar_one_or_none()
    too_old = limit if young is None else young - 1
    wanted = min(max(too_old, row.head.sequence - settings.rows_max), limit, row.head.sequence - 1)
    found: int | None = connection.execute(
        sa.select(sa.func.max(entries.c.sequence)).where(mine, entries.c.sequence <= wanted)
    ).scalar_one_or_none()
    return found


def _again(record: DiscrepancyRecord, now_ns: int) -> Entry:
    said = {CARRIED: True, "reason": record.reason, "resolved_by": record.resolved_by, "looks": record.looks}
    return replace(restated(record, now_ns), data=said)
