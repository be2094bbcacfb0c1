"""The values of the journal: who writes, what an entry says, and what is kept of a discrepancy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from trueup.errors import ConfigValueError

CHAIN_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
"""What names a chain ends up in the name of a file and in the preimage of every hash."""

RESOLVED = "RESOLVED"
"""The state of a discrepancy that is gone: the only one in which its record is not open."""


class EntryKind(StrEnum):
    """What an entry is about."""

    STARTED = "STARTED"
    STOPPED = "STOPPED"
    PHASE = "PHASE"
    VERDICT = "VERDICT"
    DISCREPANCY = "DISCREPANCY"
    STEPS = "STEPS"
    GUARD = "GUARD"
    CLAIMS = "CLAIMS"
    INTERVENTION = "INTERVENTION"
    STORE = "STORE"
    STREAM_GAP = "STREAM_GAP"
    PROBLEM = "PROBLEM"
    NOTE = "NOTE"
    CHECKPOINT = "CHECKPOINT"
    DROPPED = "DROPPED"
    DAMAGE = "DAMAGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Name the writer of a chain. The name is the same after a restart, so that the chain goes on.

    Parameters
    ----------
    trader_id : str
        The node that is written about.
    role : str
        Who writes: ``node``, ``audit``, ``watch``, ``guard``.
    instance : str
        Tells two nodes of one trader id apart in a journal that both write to; mostly empty.

    Raises
    ------
    ConfigValueError
        If a part is not a name.
    """

    trader_id: str
    role: str = "node"
    instance: str = ""

    def __post_init__(self) -> None:
        for name, part in (("trader_id", self.trader_id), ("role", self.role), ("instance", self.instance or "x")):
            if CHAIN_PART.fullmatch(part) is None:
                raise ConfigValueError(
                    f"the {name} of a journal's writer is {part!r}",
                    allowed="1 to 64 letters, digits, '_', '.', ':' and '-', the first a letter or a digit",
                )

    @property
    def chain(self) -> str:
        """Return the name of the writer's chain: ``node/TRADER-001``, or ``node/TRADER-001/INSTANCE``."""
        return "/".join(part for part in (self.role, self.trader_id, self.instance) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Hold what a writer wants to have recorded.

    Parameters
    ----------
    kind : EntryKind
        What it is about.
    time_ns : int
        When it happened, in nanoseconds since the epoch.
    line : str
        The one line that a person reads.
    topic : str
        What exactly: a discrepancy's kind (``FILL_MISSING``), the check that gave a verdict, a guard's source.
    state : str
        Of the discrepancy (``CONFIRMED``), the verdict (``CLEAN``), the guard (``HALTED``), the phase.
    severity : str
        ``INFO``, ``WARNING`` or ``CRITICAL``.
    account_id, instrument_id, fingerprint, subject : str
        What it concerns; empty where it does not apply. A discrepancy has a fingerprint.
    data : Mapping[str, Any]
        Everything else; plain JSON values.
    """

    kind: EntryKind
    time_ns: int
    line: str
    topic: str = ""
    state: str = ""
    severity: str = "INFO"
    account_id: str = ""
    instrument_id: str = ""
    fingerprint: str = ""
    subject: str = ""
    data: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Ask the writer to end the discrepancies that a former process left open and that are not there any more.

    A process remembers the lives of discrepancies in its memory. After a kill it begins without, and what was gone
    meanwhile would stay open in the journal for ever. So who proves an account equal for the first time says so.

    Parameters
    ----------
    account_ids : tuple of str
        What was proven equal.
    before_ns : int
        Ends only what last changed before this: the begin of the present process.
    time_ns : int
        When it was proven.
    """

    account_ids: tuple[str, ...]
    before_ns: int
    time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """Hold an entry as it stands in a chain.

    Parameters
    ----------
    chain : str
        The chain's name.
    sequence : int
        Its place there, from 1 on without a gap.
    data : str
        Its data as JSON text, exactly as it was hashed.
    previous_hash, hash : str
        Of the entry before it, and its own; hexadecimal.
    seal : str
        Names the key of a keyed hash; empty for a plain one.
    """

    chain: str
    sequence: int
    time_ns: int
    kind: str
    topic: str
    state: str
    severity: str
    account_id: str
    instrument_id: str
    fingerprint: str
    subject: str
    line: str
    data: str
    seal: str
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscrepancyRecord:
    """Hold all that is kept of one discrepancy of one account: one record, however often it came back.

    Parameters
    ----------
    chain : str
        Whose word it is.
    kind : str
        What differs, such as ``FILL_MISSING``.
    state : str
        The life cycle's, as last entered.
    first_ns : int
        When it was first seen, ever.
    opened_ns : int
        When its present (or last) life began.
    last_ns : int
        When its state last changed.
    occurrences : int
        How many lives it has had: 1, and one more for every time it came back.
    transitions : int
        How many entries the chain had for it.
    looks : int
        In how many comparisons it was seen, as far as the writer counted them.
    sequence : int
        Of its latest entry in the chain.
    """

    chain: str
    fingerprint: str
    account_id: str
    instrument_id: str
    kind: str
    severity: str
    subject: str
    line: str
    state: str
    reason: str
    resolved_by: str
    first_ns: int
    opened_ns: int
    last_ns: int
    occurrences: int
    transitions: int
    looks: int
    sequence: int

    @property
    def is_open(self) -> bool:
        """Return whether it still stands."""
        return self.state != RESOLVED

    def age_ns(self, now_ns: int) -> int:
        """Return how long its present life has lasted, or its last one did, never negative."""
        return max(0, (now_ns if self.is_open else self.last_ns) - self.opened_ns)
