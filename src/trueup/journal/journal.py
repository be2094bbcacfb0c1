"""The journal as everybody uses it: open it, append, ask how it is, close it."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from trueup.journal.chain import Head
from trueup.journal.place import Place
from trueup.journal.query import Query
from trueup.journal.reader import JournalReader
from trueup.journal.settings import JournalSettings
from trueup.journal.values import DiscrepancyRecord, Entry, Settle, Source, StoredEntry
from trueup.journal.writer import Made, Writer
from trueup.monitor.status import JournalStatus

OK, FAILING, OFF = "OK", "FAILING", "OFF"
CLOSE_SECS = 5.0
"""How long the end of a process waits for what is still to be written."""


class Journal:
    """Write one chain of a journal, from any thread, without ever waiting. Use `Journal.open`.

    Parameters
    ----------
    place : Place
        Where it is.
    writer : Writer
        The thread that writes.
    """

    def __init__(self, place: Place, writer: Writer) -> None:
        self.place = place
        self._writer = writer

    @classmethod
    def open(cls, place: Place | str | Path, *, source: Source, settings: JournalSettings | None = None) -> Self:
        """Begin to write. Nothing is waited for: whether the database answers is told by `status`.

        Parameters
        ----------
        place : Place, str or Path
            A file, or ``postgresql+psycopg://USER@HOST:PORT/DATABASE``.
        source : Source
            Whose chain. The same source goes on with its chain after a restart.
        settings : JournalSettings, optional
            How.

        Raises
        ------
        ConfigValueError
            If the place is neither a path nor such a URL.
        """
        found = place if isinstance(place, Place) else Place.parse(place)
        writer = Writer(found, source, settings or JournalSettings())
        writer.start()
        return cls(found, writer)

    def append(self, entry: Entry) -> bool:
        """Hand an entry over; never waits, never raises. Return False if it was dropped (and counted)."""
        return self._writer.put(entry)

    def settle(self, settle: Settle) -> bool:
        """End what a former process left open; see `Settle`. Never waits, never raises."""
        return self._writer.put(settle)

    def append_made(self, make: Made) -> bool:
        """Hand over what makes entries; it is called in the writer's thread, where it may take its time."""
        return self._writer.put(make)

    def flush(self, secs: float = CLOSE_SECS) -> bool:
        """Wait until all that was handed over is on the disk; return whether it is."""
        return self._writer.flush(secs)

    def status(self) -> JournalStatus:
        """Return how the journal is, for an operator."""
        state = self._writer.state
        return JournalStatus(
            state=FAILING if state.trouble is not None else OK,
            where=self.place.shown,
            records=state.rows,
            waiting=self._writer.waiting,
            dropped=state.dropped,
            last_write_ns=state.last_write_ns,
            error="" if state.trouble is None else str(state.trouble),
        )

    @property
    def head(self) -> Head | None:
        """Return how far the chain is known to reach on the disk; None before it was first opened."""
        return self._writer.state.head

    def entries(self, query: Query | None = None) -> list[StoredEntry]:
        """Read entries, by a connection of its own; waits for the database. Raises `JournalError`."""
        with self.reader() as reader:
            return reader.entries(query)

    def discrepancies(self, query: Query | None = None) -> list[DiscrepancyRecord]:
        """Read records of discrepancies, by a connection of its own; waits for the database. Raises `JournalError`."""
        with self.reader() as reader:
            return reader.discrepancies(query)

    def reader(self) -> JournalReader:
        """Return a reader of the same journal."""
        return JournalReader.open(self.place)

    def close(self, secs: float = CLOSE_SECS) -> bool:
        """Write what waits, within the time; return whether everything is on the disk."""
        return self._writer.stop(secs)
