"""One writer's hold on a journal: open it, append to its chain, prune it. Blocking; belongs to the writer's thread."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import sqlalchemy as sa

from trueup.errors import JournalUnavailableError
from trueup.journal.anchor import Anchor, anchor_path, read_anchor, write_anchor
from trueup.journal.append import ChainRow, append, begin_chain, find_chain, records_where
from trueup.journal.chain import Head
from trueup.journal.database import refuse_foreign, writing_engine
from trueup.journal.place import Place
from trueup.journal.records import restated
from trueup.journal.retention import prune
from trueup.journal.schema import chains, discrepancies, entries, prepare
from trueup.journal.settings import JournalSettings
from trueup.journal.spelling import Spelling
from trueup.journal.values import RESOLVED, Entry, EntryKind, Settle, Source

_logger = logging.getLogger("trueup.journal")

WHILE_DOWN = "WHILE_DOWN"
GONE = "not seen again since the restart, and the account was proven equal"


class Storage:
    """Write one chain of one journal. Made by `Storage.open`; closed after any error and opened anew.

    Parameters
    ----------
    place, source, settings : Place, Source, JournalSettings
        Where, whose chain, and how.
    connection : sa.Connection
        That writes.
    """

    def __init__(self, place: Place, source: Source, settings: JournalSettings, connection: sa.Connection) -> None:
        self._place = place
        self._source = source
        self._settings = settings
        self._connection = connection
        self._spelling = Spelling(settings.secrets)
        self._anchor_path = anchor_path(place, source.chain, settings.state_dir)
        self._anchor: Anchor | None = None
        self._anchored_at = -float("inf")
        self.identity = identity_of(place)
        self.attempted: Head | None = None
        self.first_sequence = 1
        self.head = Head.start(source.chain)

    @classmethod
    def open(cls, place: Place, source: Source, settings: JournalSettings, known: Head | None = None) -> Storage:
        """Connect, create or migrate the tables, find the chain, and note in it what is wrong with its end.

        Parameters
        ----------
        place, source, settings : Place, Source, JournalSettings
            Where, whose chain, and how.
        known : Head, optional
            How far this process knows the chain to reach.

        Raises
        ------
        JournalError
            If the place is not one for a journal.
        sqlalchemy.exc.DBAPIError, OSError
            If the database does not serve; `trueup.journal.trouble` tells what that means.
        """
        refuse_foreign(place)
        connection = writing_engine(place).connect()
        storage = cls(place, source, settings, connection)
        try:
            with connection.begin():
                prepare(connection, place.shown)
                row = find_chain(connection, source.chain, to_write=True) or begin_chain(connection, source)
                row, damage = storage._resumed(row, known)
                row = storage._append(row, damage)
            storage._keep(row)
        except BaseException:
            storage.close()
            raise
        return storage

    @property
    def rows(self) -> int:
        """Return how many entries the chain holds."""
        return self.head.sequence - self.first_sequence + 1

    def write(self, new: Sequence[Entry | Settle]) -> None:
        """Append entries in one transaction; when this returns they are on the disk."""
        if identity_of(self._place) != self.identity:
            raise JournalUnavailableError(f"the journal {self._place} was moved or removed by somebody else")
        with self._connection.begin():
            row = self._row()
            batch: list[Entry] = []
            for one in new:
                if isinstance(one, Entry):
                    batch.append(one)
                    continue
                row = self._append(row, batch)
                batch = self._settled(row, one)
            row = self._append(row, batch)
            self.attempted = row.head
        self.attempted = None
        self._keep(row)

    def holds(self, head: Head) -> bool:
        """Return whether the chain has an entry of this number and hash: a commit whose answer was lost was made."""
        query = sa.select(entries.c.hash).where(entries.c.chain_id == chains.c.id, entries.c.sequence == head.sequence)
        with self._connection.begin():
            found = self._connection.execute(query.where(chains.c.name == head.chain)).scalar_one_or_none()
        return found == head.hash

    def prune(self, now_ns: int) -> int:
        """Prune what is too old or too much, one bounded piece; return how many entries went."""
        with self._connection.begin():
            row, removed = prune(
                self._connection, self._row(), now_ns=now_ns, settings=self._settings, spelling=self._spelling
            )
        if removed:
            self._keep(row)
        return removed

    def anchor(self, *, every_secs: float) -> None:
        """Write the head into the anchor file, at most this often; a disk that does not take it is no failure."""
        if self._anchor_path is None or time.monotonic() - self._anchored_at < every_secs:
            return
        if self._anchor is not None and self._anchor.head == self.head:
            return
        self._anchored_at = time.monotonic()
        anchor = Anchor(self.head, time.time_ns())
        try:
            write_anchor(self._anchor_path, anchor)
        except OSError as error:
            _logger.warning("the journal's anchor %s was not written: %s", self._anchor_path, error)
            return
        self._anchor = anchor

    def close(self) -> None:
        """Let go of the database."""
        with suppress(Exception):  # whatever is wrong with it, it is let go
            self._connection.close()
        self._connection.engine.dispose()

    # -- parts -------------------------------------------------------------------------------------------------------

    def _append(self, row: ChainRow, new: Sequence[Entry]) -> ChainRow:
        row, _ = append(self._connection, row, new, seal=self._settings.seal, spelling=self._spelling)
        return row

    def _settled(self, row: ChainRow, wanted: Settle) -> list[Entry]:
        table = discrepancies.c
        found = records_where(
            self._connection,
            row,
            table.is_open,
            table.account_id.in_(wanted.account_ids),
            table.last_ns < wanted.before_ns,
        )
        gone = {"reason": GONE, "resolved_by": WHILE_DOWN}
        return [replace(restated(one, wanted.time_ns), state=RESOLVED, data=gone) for one in found]

    def _row(self) -> ChainRow:
        row = find_chain(self._connection, self._source.chain, to_write=True)
        if row is None:
            raise JournalUnavailableError(f"the chain {self._source.chain} was removed from {self._place}")
        return row

    def _keep(self, row: ChainRow) -> None:
        self.head = row.head
        self.first_sequence = row.first_sequence

    def _resumed(self, row: ChainRow, known: Head | None) -> tuple[ChainRow, list[Entry]]:
        """Return the chain from where it must go on, and an entry where that is not where it ends.

        It goes on after the highest number that it is known to have had: a gap stays to be seen, and is not mended.
        """
        last = self._last(row)
        anchor = read_anchor(self._anchor_path)
        heads = [known, None if anchor is None else anchor.head]
        mine = [one for one in heads if one is not None and one.chain == row.head.chain]
        kept = max(mine, key=lambda one: one.sequence, default=last)
        head, damage = row.head, []
        if last != row.head:
            said = f"its table says that it ends at {row.head.sequence}, its last entry is {last.sequence}"
            damage.append(self._damage(said, row.head))
            head = max(last, row.head, key=lambda one: one.sequence)
        if kept.sequence > head.sequence and not head.sequence:
            said = f"a journal with {kept.sequence} entries of this chain was here and is gone"
            damage.append(self._damage(said, kept))
        elif kept.sequence > head.sequence:
            said = f"it ends at {head.sequence}; it had {kept.sequence} entries: the rest is lost"
            damage.append(self._damage(said, kept))
            head = kept
        for one in damage:
            _logger.error("%s: %s", self._place, one.line)
        return ChainRow(row.id, row.first_sequence, head), damage

    def _last(self, row: ChainRow) -> Head:
        query = sa.select(entries.c.sequence, entries.c.hash).where(entries.c.chain_id == row.id)
        last = self._connection.execute(query.order_by(entries.c.sequence.desc()).limit(1)).one_or_none()
        if last is None:
            return Head.start(row.head.chain) if not row.head.sequence else Head(row.head.chain, 0, "")
        return Head(row.head.chain, last.sequence, last.hash)

    def _damage(self, said: str, known: Head) -> Entry:
        return Entry(
            kind=EntryKind.DAMAGE,
            time_ns=time.time_ns(),
            severity="CRITICAL",
            line=f"the chain {self._source.chain} is not whole: {said}",
            data={"known_sequence": known.sequence, "known_hash": known.hash},
        )


def identity_of(place: Place) -> tuple[int, int] | None:
    """Return what the name of the file leads to now, to notice that it was moved aside."""
    if place.path is None:
        return None
    try:
        status = os.stat(place.path)  # noqa: PTH116 - the same call, and this runs before every transaction
    except OSError:
        return None
    return (status.st_dev, status.st_ino)
