"""Why a Valkey server died at its start, read from its last log lines. Pure.

The texts are those of Valkey 8 and 9 and of Redis 6.2 to 8, which share them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from trueup.errors import StoreCorruptError, StoreError, StoreUnavailableError

EXCERPT_LINES_MAX = 8
"""Lines of the server's log that an error message shows: enough for cause and consequence."""

_PORT_TAKEN = re.compile(r"Address already in use|Failed listening on port", re.IGNORECASE)
_DISK_FULL = re.compile(r"No space left on device|Disk quota exceeded|File too large", re.IGNORECASE)
_CORRUPT = re.compile(
    r"Bad file format reading the append only file"
    r"|Unexpected end of file reading the append only file"
    r"|Unrecoverable error reading the append only file"
    r"|Unable to obtain the AOF file|Invalid AOF manifest file|AOF manifest|AOF .{0,80}doesn't exist"
    r"|The RDB version|Wrong signature|Internal error in RDB|Terminating server after rdb file reading failure",
    re.IGNORECASE,
)
_CONFIG = re.compile(r"FATAL CONFIG FILE ERROR|Bad directive|Invalid argument", re.IGNORECASE)
_DENIED = re.compile(r"Permission denied|Read-only file system|Operation not permitted", re.IGNORECASE)
_DROPPED_TAIL = re.compile(r"AOF loaded anyway because aof-load-truncated is enabled|Truncating the AOF", re.IGNORECASE)


def port_was_taken(lines: Sequence[str]) -> bool:
    """Return whether the server died because its port was in use."""
    return any(_PORT_TAKEN.search(line) for line in lines)


def tail_was_dropped(lines: Sequence[str]) -> bool:
    """Return whether the server cut an unfinished last write off its append-only file while loading it."""
    return any(_DROPPED_TAIL.search(line) for line in lines)


def explain_death(lines: Sequence[str], *, exit_code: int, directory: Path, port: int) -> StoreError:
    """Return the error for a server that died before it answered.

    Parameters
    ----------
    lines : sequence of str
        What it logged in this run, oldest first.
    exit_code : int
        Its exit code; negative for a signal, as `subprocess` has it.
    directory : Path
        Its data directory.
    port : int
        The port that it was given.
    """
    excerpt = "".join(f"\n    {line}" for line in lines[-EXCERPT_LINES_MAX:]) or "\n    (it logged nothing)"
    text = "\n".join(lines)
    log_path = directory / "valkey.log"
    if _DISK_FULL.search(text):
        return StoreUnavailableError(
            f"the embedded Valkey server died at its start: the disk of {directory} is full{excerpt}",
            action=f"free space there, or choose another directory; the whole log is {log_path}",
        )
    if _CORRUPT.search(text):
        return StoreCorruptError(
            f"the append-only file in {directory}/appendonlydir is damaged and the server refuses to load it{excerpt}",
            allowed="an intact file, or one whose last write is cut short (that is repaired without a question)",
            action=(
                f"copy {directory} away first; then either restore a backup of it, or move it aside and start with an "
                "empty store, from which the node rebuilds its state from the venue (a cold start)"
            ),
        )
    if port_was_taken(lines):
        return StoreUnavailableError(
            f"port {port} on 127.0.0.1 is in use by another process{excerpt}",
            action="choose another port, or none to have a free one picked",
        )
    if _DENIED.search(text):
        return StoreUnavailableError(
            f"the embedded Valkey server may not write to {directory}{excerpt}",
            action="give this user write access to the directory and everything in it",
        )
    how = f"was killed by signal {-exit_code}" if exit_code < 0 else f"ended with exit code {exit_code}"
    cause = " (it does not understand its configuration)" if _CONFIG.search(text) else ""
    return StoreUnavailableError(
        f"the embedded Valkey server {how} before it answered{cause}{excerpt}",
        action=f"read the whole log: {log_path}",
    )
