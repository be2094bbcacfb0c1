"""Chains made in memory, as the storage makes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st

from trueup.journal.anchor import Anchor
from trueup.journal.chain import Head, Seal
from trueup.journal.proof import ChainProof, Fault
from trueup.journal.values import StoredEntry

CHAIN = "node/T-1"
KEYED = Seal(b"a key of thirty-two bytes, or so")

texts = st.text(max_size=12)
entries = st.builds(
    StoredEntry,
    chain=st.just(CHAIN),
    sequence=st.just(0),
    time_ns=st.integers(0, 2**62),
    kind=st.sampled_from(["VERDICT", "DISCREPANCY", "GUARD", "STEPS"]),
    topic=texts,
    state=texts,
    severity=texts,
    account_id=texts,
    instrument_id=texts,
    fingerprint=texts,
    subject=texts,
    line=texts,
    data=st.just("{}"),
    seal=st.just(""),
    previous_hash=st.just(""),
    hash=st.just(""),
)


def chained(bare: Sequence[StoredEntry], seal: Seal, after: Head | None = None) -> list[StoredEntry]:
    """Return the entries numbered and hashed one after the other."""
    head = after or Head.start(CHAIN)
    made = []
    for one in bare:
        unhashed = replace(one, sequence=head.sequence + 1, previous_hash=head.hash, seal=seal.name, hash="")
        entry = replace(unhashed, hash=seal.hash(unhashed))
        made.append(entry)
        head = Head(CHAIN, entry.sequence, entry.hash)
    return made


def faults(
    found: Sequence[StoredEntry],
    head: Head,
    *,
    seal: Seal,
    anchors: tuple[Anchor, ...] = (),
    first_sequence: int = 1,
) -> list[Fault]:
    """Prove a chain as it is found; `head` is what the table of chains says."""
    proof = ChainProof(CHAIN, seal, anchors)
    for one in found:
        proof.take(one)
    proof.finish(head, first_sequence)
    return proof.faults


def head_of(chain: Sequence[StoredEntry]) -> Head:
    return Head(CHAIN, chain[-1].sequence, chain[-1].hash) if chain else Head.start(CHAIN)
