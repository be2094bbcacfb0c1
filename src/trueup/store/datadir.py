"""The data directory of an embedded server: its lock, its record, its log.

The lock is an ``flock`` on an open file that the server inherits. It belongs to the open file, not to a process, so it
lives exactly as long as the last process that holds that file open: the server (or a rewrite child that it forked).
Whoever started the server may die in any way, and the lock stays; the server may die in any way, and the lock is gone.
No lock file is ever stale, and none is deleted.

The record says where the lock's holder can be reached. It is written before the server is started, so that a starter
that is killed between the two leaves a server that the next starter can still find, and it proves nothing by itself:
the server it points to is believed only when it says that it works in this very directory.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trueup.errors import StoreUnavailableError

LOCK_FILE_NAME = "trueup-valkey.lock"
RECORD_FILE_NAME = "trueup-valkey.json"
LOG_FILE_NAME = "valkey.log"

PATH_BYTES_MAX = 1000
"""The server reports its directory through a buffer of 1,024 bytes and says nothing beyond; adoption depends on that
answer."""

LOG_BYTES_MAX = 5_000_000
"""A log above this size is set aside at the next start (one generation is kept), so that restarts cannot fill a
disk."""

LOG_TAIL_BYTES_MAX = 8_192
"""How much of the log's end is read for an error message."""

RECORD_FORMAT = 1


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """Where the server of a data directory listens.

    Parameters
    ----------
    port : int
        The TCP port on 127.0.0.1.
    pid : int
        The server's process id, 0 until it has answered.
    run_id : str
        The server's own random id of this run, empty until it has answered.
    """

    port: int
    pid: int = 0
    run_id: str = ""


class DataDirectory:
    """A directory that at most one server may work in.

    Parameters
    ----------
    path : Path
        The directory. Created with its parents if missing; resolved, so that two spellings of one directory are one.

    Raises
    ------
    StoreUnavailableError
        If it cannot be created or written, or its path is too long.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.mkdir(parents=True, exist_ok=True)
            self.path = path.resolve(strict=True)
        except OSError as error:
            raise unusable_directory(path, error) from error
        length = len(os.fsencode(self.path))
        if length > PATH_BYTES_MAX:
            raise StoreUnavailableError(
                f"the store's data directory has a path of {length} bytes: {self.path}",
                allowed=f"at most {PATH_BYTES_MAX} bytes",
                action="choose a directory with a shorter path",
            )

    @property
    def log_path(self) -> Path:
        """The server's log."""
        return self.path / LOG_FILE_NAME

    def try_lock(self) -> int | None:
        """Take the lock without waiting.

        Returns
        -------
        int or None
            The descriptor that holds the lock (the caller closes it), or None if somebody else holds it.

        Raises
        ------
        StoreUnavailableError
            If the lock file cannot be opened, or the file system knows no locks.
        """
        try:
            descriptor = os.open(self.path / LOCK_FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unusable_directory(self.path, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError as error:
            os.close(descriptor)
            raise unusable_directory(self.path, error) from error
        return descriptor

    def read_record(self) -> ServerRecord | None:
        """Return the record, or None if there is none that can be understood (a torn or foreign file is no record)."""
        try:
            raw: Any = json.loads((self.path / RECORD_FILE_NAME).read_bytes())
            if raw["format"] != RECORD_FORMAT:
                return None
            record = ServerRecord(port=int(raw["port"]), pid=int(raw["pid"]), run_id=str(raw["run_id"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return record if 0 < record.port < 65_536 and record.pid >= 0 else None

    def write_record(self, record: ServerRecord) -> None:
        """Replace the record in one step. Only the holder of the lock may call this.

        Raises
        ------
        StoreUnavailableError
            If it cannot be written.
        """
        target = self.path / RECORD_FILE_NAME
        partial = target.with_suffix(".json.partial")
        try:
            partial.write_text(json.dumps({"format": RECORD_FORMAT, **asdict(record)}), encoding="utf-8")
            partial.replace(target)
        except OSError as error:
            raise unusable_directory(self.path, error) from error

    def open_log(self) -> tuple[int, int]:
        """Open the log for appending; set it aside first if it has grown too large.

        Returns
        -------
        tuple of int
            The descriptor (the caller closes it) and the offset at which this run's lines will begin.
        """
        try:
            if self.log_path.exists() and self.log_path.stat().st_size > LOG_BYTES_MAX:
                self.log_path.replace(self.log_path.with_suffix(".log.1"))
            descriptor = os.open(self.log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unusable_directory(self.path, error) from error
        return descriptor, os.fstat(descriptor).st_size

    def log_lines(self, offset: int, *, count_max: int = 200) -> list[str]:
        """Return the last lines of the log that were written at or after `offset`."""
        try:
            with self.log_path.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                file.seek(max(offset, end - LOG_TAIL_BYTES_MAX))
                text = file.read(LOG_TAIL_BYTES_MAX).decode("utf-8", "replace")
        except OSError:
            return []
        return [line.rstrip() for line in text.splitlines() if line.strip()][-count_max:]


def unusable_directory(path: Path, error: OSError) -> StoreUnavailableError:
    """Return the error that says why a data directory cannot serve."""
    reason = error.strerror or str(error)
    if error.errno == errno.ENOSPC:
        action = f"free space on the file system of {path}, or choose another directory"
    elif error.errno in (errno.ENOLCK, errno.ENOTSUP):
        action = "choose a directory on a local file system: this one knows no file locks"
    else:
        action = "choose a directory that this user can create and write"
    return StoreUnavailableError(
        f"the store's data directory {path} cannot be used: {reason}",
        allowed="a directory that this user can create and write, on a local file system",
        action=action,
    )
