"""Connections to a journal's database: one that writes, others that only read."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from trueup.errors import JournalForeignError, JournalUnavailableError
from trueup.journal.place import Place
from trueup.journal.schema import SQLITE_APPLICATION_ID, version_of

BUSY_SECS = 5.0
"""How long a writer waits for another one's transaction; ours take milliseconds."""
CONNECT_SECS = 5
"""How long to wait for a server."""
STATEMENT_MS_MAX = 30_000
"""A statement of a writer that takes longer waits for somebody who will not let go."""
SILENCE_MS_MAX = 10_000
"""How long a server's host may be silent before the connection counts as lost."""
WAL_BYTES_KEPT = 16 * 1024 * 1024

_HEADER = b"SQLite format 3\x00"
_APPLICATION_ID_AT = 68
"""Offset in the header of a SQLite file (its file format, section 1.3)."""


def writing_engine(place: Place) -> sa.Engine:
    """Return an engine whose transactions take the writer's lock at their start.

    Raises
    ------
    JournalUnavailableError
        If the driver is missing, or the directory cannot be made.
    """
    if place.path is None:
        return _server_engine(place, read_only=False)
    path = place.path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Private from its first byte on: the side files of SQLite take the mode of the file.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise JournalUnavailableError(
            f"the journal {path} cannot be written: {error.strerror or error}",
            action="name a directory that the process may write to, in [journal] url",
        ) from None
    return _sqlite_engine(lambda: _connect(str(path)), begin="BEGIN IMMEDIATE", prepare=_prepare_writer)


def reading_engine(place: Place) -> sa.Engine:
    """Return an engine that cannot write.

    Raises
    ------
    JournalUnavailableError
        If there is no such file, it may not be read, or the driver is missing.
    JournalForeignError
        If the file is no database.
    """
    if place.path is None:
        return _server_engine(place, read_only=True)
    path = place.path
    _require_database(path)
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    if not os.access(path.parent, os.W_OK) and not _has_log(path):
        # A copy on a medium that cannot be written to: nobody changes it, and no shared memory can be made beside it.
        uri += "&immutable=1"
    return _sqlite_engine(lambda: _connect(uri, uri=True), begin="BEGIN", prepare=None)


def refuse_foreign(place: Place) -> None:
    """Refuse a SQLite file of something else before anything of it is changed, be it the mode of its log.

    Raises
    ------
    JournalForeignError
        If it is one, or a journal of a later version.
    """
    if place.path is None or not _begins_as_database(place.path):
        return  # none yet, an empty one, or a broken one: the writer sees to that
    engine = reading_engine(place)
    try:
        with engine.connect() as connection, connection.begin():
            version_of(connection, place.shown)
    finally:
        engine.dispose()


def is_our_file(path: Path) -> bool:
    """Return whether a file bears the mark of a journal in its header, whatever the rest of it looks like."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError:
        return False
    mark = header[_APPLICATION_ID_AT : _APPLICATION_ID_AT + 4]
    return header.startswith(_HEADER) and mark == SQLITE_APPLICATION_ID.to_bytes(4, "big")


def _require_database(path: Path) -> None:
    try:
        with path.open("rb") as file:
            header = file.read(len(_HEADER))
    except FileNotFoundError:
        raise JournalUnavailableError(
            f"there is no journal at {path}", action="name the journal of a node, or its trueup.toml"
        ) from None
    except OSError as error:
        raise JournalUnavailableError(f"{path} cannot be read: {error.strerror or error}") from None
    if header != _HEADER:
        empty = " (it is empty)" if not header else ""
        raise JournalForeignError(
            f"{path} is not a journal{empty}", action="name the journal of a node, or its trueup.toml"
        )


def _begins_as_database(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_HEADER)) == _HEADER
    except OSError:
        return False


def _has_log(path: Path) -> bool:
    log = path.with_name(path.name + "-wal")
    with suppress(OSError):
        return log.stat().st_size > 0
    return False


def _connect(database: str, *, uri: bool = False) -> sqlite3.Connection:
    # The driver's own transactions are off: SQLAlchemy's are made explicit below.
    return sqlite3.connect(database, timeout=BUSY_SECS, isolation_level=None, check_same_thread=False, uri=uri)


def _prepare_writer(connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # What was told to be written is on the disk, through a loss of power too: an anchor may already name it.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute(f"PRAGMA journal_size_limit = {WAL_BYTES_KEPT}")
    cursor.close()


def _sqlite_engine(
    creator: Callable[[], sqlite3.Connection], *, begin: str, prepare: Callable[[Any], None] | None
) -> sa.Engine:
    engine = sa.create_engine("sqlite+pysqlite://", creator=creator, poolclass=NullPool)

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    if prepare is not None:

        @sa.event.listens_for(engine, "connect")
        def _connected(connection: Any, _record: Any) -> None:
            prepare(connection)

    return engine


def _server_engine(place: Place, *, read_only: bool) -> sa.Engine:
    options = f"-c statement_timeout={STATEMENT_MS_MAX} -c lock_timeout={int(BUSY_SECS * 1000)}"
    if read_only:
        options += " -c default_transaction_read_only=on"
    try:
        return sa.create_engine(
            place.url,
            poolclass=NullPool,
            connect_args={
                "connect_timeout": CONNECT_SECS,
                "tcp_user_timeout": SILENCE_MS_MAX,
                "application_name": "trueup-journal",
                "options": options,
            },
        )
    except ModuleNotFoundError:
        raise JournalUnavailableError(
            "the driver for PostgreSQL is not installed", action="install trueup[postgresql]"
        ) from None
