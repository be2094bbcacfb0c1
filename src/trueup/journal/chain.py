"""The chain of hashes: what is hashed, how, and where a chain begins. Pure functions of values.

Every entry's hash is taken over the hash before it and over every one of its fields, the chain's name and its own
number included. So no entry can be changed, left out, moved or put in without every later hash being wrong.

A plain chain (SHA-256) shows that much to whoever holds a later hash. It does not stop one who may write the file from
making the whole rest of the chain anew; a keyed one (HMAC-SHA-256) does, as long as the key is not beside the file.
Neither shows by itself that the newest entries were cut off: that takes a hash kept elsewhere (see ``anchor.py``).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

import orjson

from trueup.journal.values import StoredEntry

FORMAT = 1
"""The first thing that is hashed: a later layout of the preimage gets another number."""

KEY_BYTES_MIN = 16
"""A shorter key could be found by trying."""


@dataclass(frozen=True, slots=True)
class Seal:
    """Hash entries, with a key or without one.

    Parameters
    ----------
    key : bytes
        The key; empty for a plain chain.
    """

    key: bytes = b""

    @property
    def name(self) -> str:
        """Return a name of the key that tells nothing about it; empty for a plain chain."""
        if not self.key:
            return ""
        return hmac.new(self.key, b"trueup journal key", hashlib.sha256).hexdigest()[:16]

    def hash(self, entry: StoredEntry) -> str:
        """Return the hash that the entry should bear, from its fields and `previous_hash`."""
        message = bytes.fromhex(entry.previous_hash) + canonical(entry)
        if not self.key:
            return hashlib.sha256(message).hexdigest()
        return hmac.new(self.key, message, hashlib.sha256).hexdigest()

    def __repr__(self) -> str:
        return f"Seal({self.name or 'plain'})"


PLAIN = Seal()


def canonical(entry: StoredEntry) -> bytes:
    """Return the one spelling of an entry that is hashed: a JSON array of its fields in their order.

    An array of texts and whole numbers has one reading alone, so that no two entries have the same bytes.
    """
    return orjson.dumps(
        [
            FORMAT,
            entry.chain,
            entry.sequence,
            entry.time_ns,
            entry.kind,
            entry.topic,
            entry.state,
            entry.severity,
            entry.account_id,
            entry.instrument_id,
            entry.fingerprint,
            entry.subject,
            entry.line,
            entry.data,
            entry.seal,
        ]
    )


def genesis(chain: str) -> str:
    """Return what stands before a chain's first entry."""
    return hashlib.sha256(b"trueup journal\n" + chain.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """Hold how far a chain reaches: the number of its last entry (0 for none) and that one's hash."""

    chain: str
    sequence: int
    hash: str

    @classmethod
    def start(cls, chain: str) -> Head:
        """Return the head of a chain without an entry."""
        return cls(chain, 0, genesis(chain))
