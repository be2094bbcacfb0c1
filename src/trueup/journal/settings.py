"""What a writer of the journal is told, in one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from trueup.journal.chain import KEY_BYTES_MIN, PLAIN, Seal

NS_PER_SECOND = 1_000_000_000
NS_PER_DAY = 86_400 * NS_PER_SECOND

RETENTION_DAYS = 90
"""A quarter: long enough to ask about last month's night."""
ROWS_MAX = 200_000
"""Entries of one chain: one every 40 s for 90 days. 110 to 250 MB, by how many of them are discrepancies (measured)."""
ROWS_MIN = 1_000
HEARTBEAT_SECS = 300.0
"""An unchanged verdict is written again after so long: 288 entries a day, and 26,000 in 90 days."""
QUEUE_MAX = 10_000
"""What waits for a database that does not answer: about 10 MB, and hours of an ordinary node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSettings:
    """Hold how a writer writes.

    Parameters
    ----------
    key : bytes
        Of the keyed chain; empty for a plain one.
    retention_days : int
        Entries older than this are pruned.
    rows_max : int
        Of one chain; the oldest beyond it are pruned.
    heartbeat_secs : float
        See `trueup.journal.thinning`.
    queue_max : int
        Entries that may wait; what comes on top is dropped and counted.
    state_dir : Path or None
        Where the anchor of a chain on a server is kept.
    secrets : tuple of str
        Texts that are blanked out of everything that is written.
    """

    key: bytes = field(default=b"", repr=False)
    retention_days: int = RETENTION_DAYS
    rows_max: int = ROWS_MAX
    heartbeat_secs: float = HEARTBEAT_SECS
    queue_max: int = QUEUE_MAX
    state_dir: Path | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        assert not self.key or len(self.key) >= KEY_BYTES_MIN, "the key is too short"
        assert self.rows_max >= ROWS_MIN, "a chain must hold more than one batch and its checkpoint"
        assert self.retention_days >= 1, "retention must be a day at least"
        assert self.queue_max >= 1, "a queue must hold something"

    @property
    def seal(self) -> Seal:
        """Return what hashes the entries."""
        return Seal(self.key) if self.key else PLAIN
