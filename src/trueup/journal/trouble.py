"""What went wrong with a database, in the few words that decide what to do about it."""

from __future__ import annotations

import errno
import sqlite3
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.exc import DBAPIError

from trueup.errors import JournalForeignError, TrueupError


class TroubleKind(StrEnum):
    """What an operator, or the writer, can do about it."""

    FULL = "FULL"  # free the disk
    LOCKED = "LOCKED"  # wait, or find who holds it
    CORRUPT = "CORRUPT"  # move it aside and begin a new one
    FOREIGN = "FOREIGN"  # not ours to touch: only an operator can decide
    REFUSED = "REFUSED"  # a permission is missing
    UNREACHABLE = "UNREACHABLE"  # no server, no directory, a disk that fails
    UNWRITABLE = "UNWRITABLE"  # this entry will never be taken; others may be


@dataclass(frozen=True, slots=True)
class Trouble:
    """Hold one failure: its kind, and a sentence."""

    kind: TroubleKind
    text: str

    def __str__(self) -> str:
        return self.text


_SQLITE = {
    sqlite3.SQLITE_FULL: (TroubleKind.FULL, "the disk is full"),
    sqlite3.SQLITE_BUSY: (TroubleKind.LOCKED, "another process holds the file"),
    sqlite3.SQLITE_LOCKED: (TroubleKind.LOCKED, "another process holds the file"),
    sqlite3.SQLITE_CORRUPT: (TroubleKind.CORRUPT, "the file is corrupt"),
    sqlite3.SQLITE_NOTADB: (TroubleKind.CORRUPT, "the file is not a database"),
    sqlite3.SQLITE_READONLY: (TroubleKind.REFUSED, "the file may not be written to"),
    sqlite3.SQLITE_PERM: (TroubleKind.REFUSED, "the file may not be opened"),
    sqlite3.SQLITE_CANTOPEN: (TroubleKind.UNREACHABLE, "the file cannot be opened"),
    sqlite3.SQLITE_IOERR: (TroubleKind.UNREACHABLE, "the disk does not read or write"),
    sqlite3.SQLITE_CONSTRAINT: (TroubleKind.UNWRITABLE, "the entry contradicts the tables"),
    sqlite3.SQLITE_TOOBIG: (TroubleKind.UNWRITABLE, "the entry is too large"),
    sqlite3.SQLITE_MISMATCH: (TroubleKind.UNWRITABLE, "the entry contradicts the tables"),
}

_POSTGRESQL = {
    "53100": (TroubleKind.FULL, "the server's disk is full"),
    "53200": (TroubleKind.FULL, "the server is out of memory"),
    "55P03": (TroubleKind.LOCKED, "another process holds the chain"),
    "40P01": (TroubleKind.LOCKED, "another process holds the chain"),
    "57014": (TroubleKind.LOCKED, "the statement took too long"),
    "28000": (TroubleKind.REFUSED, "the server refuses the user"),
    "28P01": (TroubleKind.REFUSED, "the server refuses the password"),
    "42501": (TroubleKind.REFUSED, "the user may not write there"),
    "25006": (TroubleKind.REFUSED, "the server takes no writes (a replica?)"),
    "XX001": (TroubleKind.UNREACHABLE, "the server says that its data are corrupt"),
    "XX002": (TroubleKind.UNREACHABLE, "the server says that an index is corrupt"),
}
"""By SQLSTATE. A server's corruption is its administrator's affair: nothing is moved aside there."""

_UNWRITABLE_CLASSES = ("22", "23")
"""SQLSTATE classes of a value that the server will never take: data exception, constraint violation."""


def trouble_of(error: Exception) -> Trouble:
    """Return what an error means, with a sentence that holds no secret.

    Parameters
    ----------
    error : Exception
        From SQLAlchemy, the driver, the file system, or trueup itself.
    """
    if isinstance(error, JournalForeignError):
        return Trouble(TroubleKind.FOREIGN, error.found)
    if isinstance(error, TrueupError):
        return Trouble(TroubleKind.UNREACHABLE, error.found)
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _sqlite(cause)
    if isinstance(cause, OSError):
        return Trouble(_kind_of_errno(cause), f"{cause.strerror or cause}: {cause.filename or 'the file'}")
    state = getattr(cause, "sqlstate", None) or ""
    kind, text = _POSTGRESQL.get(state, (TroubleKind.UNREACHABLE, "the server does not serve"))
    if state.startswith(_UNWRITABLE_CLASSES) or isinstance(cause, OverflowError | UnicodeError):
        kind, text = TroubleKind.UNWRITABLE, "the entry holds what the database does not take"
    return Trouble(kind, f"{text} ({_first_line(cause)})")


def _sqlite(error: sqlite3.Error) -> Trouble:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # raised by the driver itself, about a value
        return Trouble(TroubleKind.UNWRITABLE, f"the entry holds what the database does not take ({error})")
    kind, text = _SQLITE.get(code & 0xFF, (TroubleKind.UNREACHABLE, "the file does not serve"))
    return Trouble(kind, f"{text} ({error.sqlite_errorname}: {_first_line(error)})")


def _kind_of_errno(error: OSError) -> TroubleKind:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return TroubleKind.FULL
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return TroubleKind.REFUSED
    return TroubleKind.UNREACHABLE


def _first_line(error: BaseException | None) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200]
