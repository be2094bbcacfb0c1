"""Walk one chain and find where it is broken: a pure fold over its entries, in their order."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import orjson

from trueup.journal.anchor import Anchor
from trueup.journal.chain import Head, Seal, genesis
from trueup.journal.values import EntryKind, StoredEntry


class FaultCode(StrEnum):
    """What can be wrong with a chain."""

    ALTERED = "ALTERED"  # an entry's hash is not the one of its fields
    BROKEN_LINK = "BROKEN_LINK"  # an entry does not follow from the one before it
    GAP = "GAP"  # entries are missing between two others
    BEGINNING_MISSING = "BEGINNING_MISSING"  # the oldest entries are missing, and no checkpoint signs that off
    TRUNCATED = "TRUNCATED"  # the newest entries are missing
    HEAD_DIFFERS = "HEAD_DIFFERS"  # the table of chains, or an anchor, names another hash
    CHAIN_MISSING = "CHAIN_MISSING"  # an anchor names a chain that is not there
    RECORD_DIFFERS = "RECORD_DIFFERS"  # a discrepancy's record is not what its latest entry says
    RECORD_MISSING = "RECORD_MISSING"  # a discrepancy that has entries has no record
    UNSEALED = "UNSEALED"  # an entry without a key after one with it, or a plain chain where a keyed one is expected
    OTHER_KEY = "OTHER_KEY"  # sealed with another key than the given one
    STRAY = "STRAY"  # entries or records of a chain that has no row


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Hold one thing that is wrong.

    Parameters
    ----------
    code : FaultCode
        What.
    chain : str
        Where.
    sequence : int
        The first entry that is not as it must be; 0 where no entry can be named.
    text : str
        A sentence.
    """

    code: FaultCode
    chain: str
    sequence: int
    text: str

    def __str__(self) -> str:
        where = f" at entry {self.sequence}" if self.sequence else ""
        return f"{self.chain}{where}: {self.code}: {self.text}"


@dataclass(slots=True)
class ChainProof:
    """Walk one chain: give it every entry by `take`, then call `finish`. It stops looking at its first fault.

    Parameters
    ----------
    chain : str
        The chain.
    seal : Seal
        With the key of a keyed chain.
    anchors : tuple of Anchor
        Heads that were kept elsewhere.
    """

    chain: str
    seal: Seal
    anchors: tuple[Anchor, ...] = ()
    faults: list[Fault] = field(default_factory=list)
    first: int = 0
    last: Head | None = None
    count: int = 0
    keyed: int = 0
    damage: list[StoredEntry] = field(default_factory=list)
    _first_previous: str = ""
    _signed_off: dict[int, str] = field(default_factory=dict)
    _seen: dict[int, str] = field(default_factory=dict)

    def take(self, entry: StoredEntry) -> None:
        """Look at the next entry."""
        self.count += 1
        if not self.faults:
            self._check(entry)
        if self.last is None:
            self.first, self._first_previous = entry.sequence, entry.previous_hash
        self.last = Head(self.chain, entry.sequence, entry.hash)
        self.keyed += bool(entry.seal)
        self._remember(entry)

    def finish(self, row: Head, first_sequence: int) -> None:
        """Look at both ends.

        Parameters
        ----------
        row : Head
            What the table of chains says about the newest entry.
        first_sequence : int
            What it says about the oldest.
        """
        last = self.last or Head(self.chain, first_sequence - 1, "")
        if self.last is None and not row.sequence:
            last = Head.start(self.chain)
        self._check_beginning(first_sequence)
        if self.seal.key and self.count and not self.keyed:
            self._add(FaultCode.UNSEALED, self.first, "a key was given, and no entry is sealed with one")
        if row.sequence > last.sequence:
            self._add(
                FaultCode.TRUNCATED, last.sequence + 1, f"it ends at {last.sequence} and had {row.sequence} entries"
            )
        elif row != last:
            self._add(FaultCode.HEAD_DIFFERS, last.sequence, "the table of chains names another head")
        for anchor in self.anchors:
            self._check_anchor(anchor, last)

    # -- parts -------------------------------------------------------------------------------------------------------

    def _check(self, entry: StoredEntry) -> None:
        sequence = entry.sequence
        if self.last is not None and sequence != self.last.sequence + 1:
            text = f"entry {self.last.sequence} is followed by entry {sequence}"
            return self._add(FaultCode.GAP, self.last.sequence + 1, text)
        if self.last is not None and entry.previous_hash != self.last.hash:
            return self._add(FaultCode.BROKEN_LINK, sequence, "it does not follow from the entry before it")
        if self.seal.key and not entry.seal and self.keyed:
            return self._add(FaultCode.UNSEALED, sequence, "it has no seal, and an earlier one has")
        if self.seal.key and entry.seal and entry.seal != self.seal.name:
            text = f"it is sealed with the key {entry.seal}, and the given one is {self.seal.name}"
            return self._add(FaultCode.OTHER_KEY, sequence, text)
        seal = self.seal if entry.seal else Seal()
        if not _is_hash(entry.previous_hash) or seal.hash(entry) != entry.hash:
            return self._add(FaultCode.ALTERED, sequence, f"its fields do not have its hash ({entry.kind})")
        return None

    def _check_beginning(self, first_sequence: int) -> None:
        if not self.count:
            return
        if self.first == 1:
            if self._first_previous != genesis(self.chain):
                self._add(FaultCode.BEGINNING_MISSING, 1, "the first entry does not begin the chain")
            return
        signed = self._signed_off.get(self.first - 1)
        if signed is None:
            text = f"it begins at {self.first}, and no checkpoint says that what was before it was pruned"
            self._add(FaultCode.BEGINNING_MISSING, self.first - 1, text)
        elif signed != self._first_previous:
            text = "the checkpoint names another entry before it than it does itself"
            self._add(FaultCode.BEGINNING_MISSING, self.first, text)
        elif first_sequence != self.first:
            text = f"the table of chains says that it begins at {first_sequence}"
            self._add(FaultCode.HEAD_DIFFERS, self.first, text)

    def _check_anchor(self, anchor: Anchor, last: Head) -> None:
        head = anchor.head
        if head.sequence > last.sequence:
            text = f"it ends at {last.sequence}, and an anchor knows entry {head.sequence}"
            self._add(FaultCode.TRUNCATED, last.sequence + 1, text)
        elif head.sequence in self._seen and self._seen[head.sequence] != head.hash:
            self._add(FaultCode.HEAD_DIFFERS, head.sequence, "an anchor knows this entry by another hash")

    def _remember(self, entry: StoredEntry) -> None:
        if any(anchor.head.sequence == entry.sequence for anchor in self.anchors):
            self._seen[entry.sequence] = entry.hash
        if entry.kind == EntryKind.CHECKPOINT:
            data = _data(entry)
            cut = data.get("cut_sequence")
            if isinstance(cut, int):
                self._signed_off[cut] = str(data.get("cut_hash"))
        elif entry.kind == EntryKind.DAMAGE:
            self.damage.append(entry)

    def _add(self, code: FaultCode, sequence: int, text: str) -> None:
        self.faults.append(Fault(code=code, chain=self.chain, sequence=sequence, text=text))


def _is_hash(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) == 32
    except ValueError:
        return False


def _data(entry: StoredEntry) -> dict[str, object]:
    try:
        data = orjson.loads(entry.data)
    except orjson.JSONDecodeError:
        return {}
    return data if isinstance(data, dict) else {}
