"""What a guard remembers across restarts: holds, history, and which commands it has seen.

One small file in the node's state directory, replaced as a whole, synced before it counts. A record that is there and
cannot be read may have held an operator's halt, so it is taken for one.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from trueup.guard.book import Change, GuardBook, Hold, Source
from trueup.guard.replay import Seen
from trueup.model.guard import GuardState

_logger = logging.getLogger("trueup.guard")

RECORD_FILE = "guard.json"
LOCK_FILE = "guard.lock"
RECORD_BYTES_MAX = 4 * 1024 * 1024
"""1,000 changes with reasons of 500 characters, and 1,000 nonces, are under 1 MB."""
RECORD_VERSION = 1


class GuardRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what is kept: see `GuardBook` and `Seen`."""

    version: int = RECORD_VERSION
    operator: Hold | None = None
    auditors: tuple[Hold, ...] = ()
    history: tuple[Change, ...] = ()
    sequences: dict[str, int] = msgspec.field(default_factory=dict)
    nonces: dict[str, int] = msgspec.field(default_factory=dict)

    @classmethod
    def of(cls, book: GuardBook, seen: Seen) -> GuardRecord:
        """Return what is to be kept of a book and of the commands seen."""
        return cls(
            operator=book.operator,
            auditors=book.auditors,
            history=book.history,
            sequences=dict(seen.sequences),
            nonces=dict(seen.nonces),
        )

    def book(self) -> GuardBook:
        """Return the book with which the next process begins."""
        return GuardBook(operator=self.operator, auditors=self.auditors, history=self.history)

    def seen(self) -> Seen:
        """Return the commands seen by earlier processes."""
        return Seen(sequences=self.sequences, nonces=self.nonces)


class GuardFile:
    """The record of one node.

    Parameters
    ----------
    directory : Path
        The node's state directory; made if it is not there.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / RECORD_FILE
        self._lock: Any = None

    def read(self) -> GuardRecord:
        """Return the record; an empty one where there is none, a halted one where it cannot be read."""
        try:
            if not self.path.exists():
                return GuardRecord()
            if self.path.stat().st_size > RECORD_BYTES_MAX:
                raise ValueError(f"it is larger than {RECORD_BYTES_MAX} bytes")
            record = msgspec.json.decode(self.path.read_bytes(), type=GuardRecord)
            if record.version != RECORD_VERSION:
                raise ValueError(f"it is of version {record.version}, and {RECORD_VERSION} is understood")
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            reason = f"the guard's record {self.path} cannot be read ({error}); it may have held a halt"
            _logger.critical("%s: HALTED until an operator releases it", reason)
            return GuardRecord(
                operator=Hold(state=GuardState.HALTED, reason=reason[:500], who="trueup", time_ns=time.time_ns())
            )
        return record

    def write(self, record: GuardRecord) -> None:
        """Replace the record; returns when it is on the disk.

        Raises
        ------
        OSError
            If it cannot be written; the old one stands.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(record))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
        directory = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(directory)  # the name of the file lives in its directory
        finally:
            os.close(directory)

    def claim(self) -> bool:
        """Take the lock that says that a node of this directory lives; return whether nobody else has it.

        The system lets go of it when the process ends, however it ends.
        """
        if self._lock is not None:
            return True
        self.directory.mkdir(parents=True, exist_ok=True)
        file = (self.directory / LOCK_FILE).open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._lock = file
        return True

    def let_go(self) -> None:
        """Let go of the lock."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @contextmanager
    def claimed(self) -> Iterator[bool]:
        """Hold the lock for a moment, if nobody else has it."""
        got = self.claim()
        try:
            yield got
        finally:
            if got:
                self.let_go()


def stopped_change(hold: Hold | None, source: Source, reason: str, who: str, time_ns: int) -> Change:
    """Return the change that a command to a stopped node makes."""
    state = GuardState.ACTIVE if hold is None else hold.state
    return Change(time_ns=time_ns, state=state, source=source, reason=reason, who=who)
