"""What was said and done about orders and positions of nobody's, kept over restarts: once is once."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

RECORD_FILE = "outside.json"
RECORD_VERSION = 1
KEPT_MAX = 10_000
"""Subjects that are remembered; the oldest go first. Each takes about 100 bytes."""
RECORD_BYTES_MAX = 16 * 1024 * 1024


class Attempts(msgspec.Struct, frozen=True, kw_only=True):
    """Hold how often an order was to be cancelled, and when last."""

    count: int = 0
    last_ns: int = 0


class _Kept(msgspec.Struct, kw_only=True):
    version: int = RECORD_VERSION
    told: dict[str, int] = msgspec.field(default_factory=dict)
    attempts: dict[str, Attempts] = msgspec.field(default_factory=dict)


class OutsideRecord:
    """Remember what was told and what was tried, in a file of the node's state directory.

    A file that cannot be read is begun anew: what is told twice does no harm, and a cancel is bounded again.

    Parameters
    ----------
    directory : Path
        The state directory of one node.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / RECORD_FILE
        self._kept = self._read()

    def is_told(self, key: str) -> bool:
        """Return whether a subject was told before."""
        return key in self._kept.told

    def tell(self, key: str, time_ns: int) -> None:
        """Remember that a subject is told; returns when it is on the disk."""
        self._kept.told[key] = time_ns
        while len(self._kept.told) > KEPT_MAX:
            del self._kept.told[next(iter(self._kept.told))]
        self._write()

    def attempts(self, key: str) -> Attempts:
        """Return how often an order was to be cancelled."""
        return self._kept.attempts.get(key, Attempts())

    def try_again(self, key: str, time_ns: int) -> int:
        """Count one more attempt before it is made; return which it is. Returns when it is on the disk.

        Raises
        ------
        OSError
            If it cannot be written: an order is not cancelled that nobody would know of.
        """
        count = self.attempts(key).count + 1
        self._kept.attempts[key] = Attempts(count=count, last_ns=time_ns)
        while len(self._kept.attempts) > KEPT_MAX:
            del self._kept.attempts[next(iter(self._kept.attempts))]
        self._write()
        return count

    def _read(self) -> _Kept:
        try:
            if not self._path.exists() or self._path.stat().st_size > RECORD_BYTES_MAX:
                return _Kept()
            kept = msgspec.json.decode(self._path.read_bytes(), type=_Kept)
        except (OSError, msgspec.MsgspecError):
            return _Kept()
        return kept if kept.version == RECORD_VERSION else _Kept()

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(self._kept))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
