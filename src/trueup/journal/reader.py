"""Read a journal: entries, records of discrepancies, and the proof of its chains. Never writes."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from trueup.errors import JournalError, JournalForeignError, JournalUnavailableError
from trueup.journal.append import record_from
from trueup.journal.database import reading_engine
from trueup.journal.place import Place
from trueup.journal.query import Query, select_discrepancies, select_entries
from trueup.journal.schema import chains, entries, require
from trueup.journal.trouble import TroubleKind, trouble_of
from trueup.journal.values import DiscrepancyRecord, StoredEntry

_ENTRY_COLUMNS = tuple(field.name for field in fields(StoredEntry))
PIECE_ROWS = 2_000
"""Rows fetched at a time: what a reader of a whole journal holds in memory."""


class JournalReader:
    """Read one journal. Use `JournalReader.open`, and `close` or ``with``.

    Parameters
    ----------
    place : Place
        Where it is.
    connection : sa.Connection
        That cannot write.
    """

    def __init__(self, place: Place, connection: sa.Connection) -> None:
        self.place = place
        self._connection = connection

    @classmethod
    def open(cls, place: Place | str | Path) -> Self:
        """Connect and check that it is a journal that this version can read.

        Raises
        ------
        JournalUnavailableError
            If there is nothing there, or it does not answer.
        JournalForeignError
            If it is not a journal, or one of another version.
        """
        found = place if isinstance(place, Place) else Place.parse(place)
        engine = reading_engine(found)
        with journal_errors(found):
            connection = engine.connect()
        reader = cls(found, connection)
        try:
            with reader.transaction() as checked:
                require(checked, found.shown)
        except BaseException:
            reader.close()
            raise
        return reader

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Give the connection inside one transaction: everything read in it is of one moment.

        Raises
        ------
        JournalError
            For whatever the database raises meanwhile.
        """
        with journal_errors(self.place), self._connection.begin():
            if self._connection.dialect.name == "postgresql":
                self._connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield self._connection

    def entries(self, query: Query | None = None) -> list[StoredEntry]:
        """Return entries of the chains, the newest first unless asked otherwise."""
        return list(self.each_entry(query or Query()))

    def discrepancies(self, query: Query | None = None) -> list[DiscrepancyRecord]:
        """Return records of discrepancies, the lately changed first unless asked otherwise."""
        return list(self.each_discrepancy(query or Query()))

    def entry(self, chain: str, sequence: int) -> StoredEntry | None:
        """Return one entry of a chain, None if it is not there."""
        statement = (
            sa.select(chains.c.name.label("chain"), entries)
            .join(chains, chains.c.id == entries.c.chain_id)
            .where(chains.c.name == chain, entries.c.sequence == sequence)
        )
        with self.transaction() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else entry_from(row)

    def each_entry(self, query: Query) -> Generator[StoredEntry]:
        """Yield entries, a bounded number of them in memory at a time."""
        with self.transaction() as connection, _streamed(connection, select_entries(query)) as rows:
            yield from map(entry_from, rows)

    def each_discrepancy(self, query: Query) -> Generator[DiscrepancyRecord]:
        """Yield records of discrepancies, a bounded number of them in memory at a time."""
        with self.transaction() as connection, _streamed(connection, select_discrepancies(query)) as rows:
            for row in rows:
                yield record_from(row, row.chain)

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()
        self._connection.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def entry_from(row: Any) -> StoredEntry:
    """Return the entry of one row that has the chain's name with it."""
    return StoredEntry(**{name: getattr(row, name) for name in _ENTRY_COLUMNS})


@contextmanager
def journal_errors(place: Place) -> Iterator[None]:
    """Turn what a database raises into the journal's own errors."""
    try:
        yield
    except JournalError:
        raise
    except (DBAPIError, OSError) as error:
        trouble = trouble_of(error)
        if trouble.kind is TroubleKind.CORRUPT:
            raise JournalForeignError(
                f"the journal {place} cannot be read: {trouble}",
                action="a running node moves it aside and begins a new one; see docs/journal.md for what can be saved",
            ) from None
        raise JournalUnavailableError(f"the journal {place} cannot be read: {trouble}") from None


def _streamed(connection: sa.Connection, statement: sa.Select[Any]) -> sa.CursorResult[Any]:
    return connection.execute(statement.execution_options(yield_per=PIECE_ROWS))
