"""The law of the chain: whatever is done to it, it is found, and where."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.journal.chains import CHAIN, KEYED, chained, entries, faults, head_of, texts
from trueup.journal.anchor import Anchor
from trueup.journal.chain import PLAIN, Head, Seal, canonical
from trueup.journal.proof import FaultCode
from trueup.journal.values import StoredEntry

seals = st.sampled_from([PLAIN, KEYED])
chains = st.tuples(st.lists(entries, min_size=2, max_size=8), seals).map(lambda pair: (chained(*pair), pair[1]))
FIELDS = [field.name for field in fields(StoredEntry)]
NUMBERS = {"sequence", "time_ns"}


def checkpoint(cut: StoredEntry) -> StoredEntry:
    data = orjson.dumps({"cut_sequence": cut.sequence, "cut_hash": cut.hash}).decode()
    return replace(cut, kind="CHECKPOINT", data=data)


@given(chains)
def test_an_untouched_chain_is_whole_with_and_without_an_anchor_at_any_of_its_entries(
    made: tuple[list[StoredEntry], Seal],
) -> None:
    chain, seal = made
    anchors = tuple(Anchor(Head(CHAIN, one.sequence, one.hash), 0) for one in chain)
    assert faults(chain, head_of(chain), seal=seal, anchors=anchors) == []
    assert faults(chain, head_of(chain), seal=seal) == []


@given(chains, st.data())
def test_a_change_of_any_field_of_any_entry_is_found_at_that_entry(
    made: tuple[list[StoredEntry], Seal], data: st.DataObject
) -> None:
    chain, seal = made
    index = data.draw(st.integers(0, len(chain) - 1))
    name = data.draw(st.sampled_from([name for name in FIELDS if name != "chain"]))
    value: Any = data.draw(st.integers(0, 2**40) if name in NUMBERS else texts)
    assume(getattr(chain[index], name) != value)
    before = head_of(chain)
    chain[index] = replace(chain[index], **{name: value})
    found = faults(chain, before, seal=seal)
    assert found, f"{name} of entry {index + 1} was changed"
    if name != "sequence":
        # An entry's own hash shows at the entry after it, or at the head where it is the last.
        assert found[0].sequence in {index + 1, index + 2}


@given(chains, st.data())
def test_a_removed_entry_is_found_wherever_it_was(made: tuple[list[StoredEntry], Seal], data: st.DataObject) -> None:
    chain, seal = made
    index = data.draw(st.integers(0, len(chain) - 1))
    whole = head_of(chain)
    removed = chain.pop(index)
    found = faults(chain, whole, seal=seal)
    assert [fault.sequence for fault in found[:1]] == [removed.sequence]
    # One who also mends the table of chains is found by the anchor.
    anchor = Anchor(whole, 0)
    assert faults(chain, head_of(chain), seal=seal, anchors=(anchor,))


@given(chains, st.data())
def test_entries_in_another_order_are_found_numbered_anew_or_not(
    made: tuple[list[StoredEntry], Seal], data: st.DataObject
) -> None:
    chain, seal = made
    order = data.draw(st.permutations(range(len(chain))))
    assume(list(order) != list(range(len(chain))))
    moved = [chain[index] for index in order]
    assert faults(moved, head_of(chain), seal=seal)
    renumbered = [replace(one, sequence=number) for number, one in enumerate(moved, 1)]
    assert faults(renumbered, head_of(renumbered), seal=seal)


@given(chains, entries, st.data())
def test_an_entry_put_in_is_found_even_when_its_own_hash_is_right(
    made: tuple[list[StoredEntry], Seal], bare: StoredEntry, data: st.DataObject
) -> None:
    chain, seal = made
    index = data.draw(st.integers(0, len(chain) - 1))
    before = chain[index - 1] if index else None
    after = None if before is None else Head(CHAIN, before.sequence, before.hash)
    (forged,) = chained([bare], seal, after)
    rest = [replace(one, sequence=one.sequence + 1) for one in chain[index:]]
    assert faults([*chain[:index], forged, *rest], head_of(rest), seal=seal)


@given(st.lists(entries, min_size=3, max_size=8), st.data())
def test_a_plain_chain_made_anew_passes_unless_somebody_kept_a_hash(
    bare: list[StoredEntry], data: st.DataObject
) -> None:
    """What a plain chain does not prove, and what an anchor adds."""
    chain = chained(bare, PLAIN)
    index = data.draw(st.integers(0, len(bare) - 1))
    rewritten = chained([*bare[:index], replace(bare[index], line=bare[index].line + "!"), *bare[index + 1 :]], PLAIN)
    assert faults(rewritten, head_of(rewritten), seal=PLAIN) == []
    (found,) = faults(rewritten, head_of(rewritten), seal=PLAIN, anchors=(Anchor(head_of(chain), 0),))
    assert found.code is FaultCode.HEAD_DIFFERS


@given(st.lists(entries, min_size=2, max_size=8), st.sampled_from([PLAIN, Seal(b"another key of the right length")]))
def test_a_keyed_chain_made_anew_without_the_key_is_found(bare: list[StoredEntry], forger: Seal) -> None:
    rewritten = chained(bare, forger)
    (found,) = faults(rewritten, head_of(rewritten), seal=KEYED)[:1]
    assert found.code in {FaultCode.UNSEALED, FaultCode.OTHER_KEY}
    # Bearing the right key's name does not help: the hash is wrong.
    named = [replace(one, seal=KEYED.name) for one in rewritten]
    assert faults(named, head_of(named), seal=KEYED)[0].code is FaultCode.ALTERED


@given(st.lists(entries, min_size=2, max_size=8), st.data())
def test_a_key_given_later_protects_what_was_written_before_it_and_cannot_be_left_off_again(
    bare: list[StoredEntry], data: st.DataObject
) -> None:
    middle = data.draw(st.integers(1, len(bare) - 1))
    early = chained(bare[:middle], PLAIN)
    late = chained(bare[middle:], KEYED, head_of(early))
    assert faults([*early, *late], head_of(late), seal=KEYED) == []
    forged = chained([replace(bare[0], line="never")], PLAIN)
    rewritten = [*chained([*[replace(bare[0], line="never")], *bare[1:middle]], PLAIN), *late]
    assert forged[0].hash == rewritten[0].hash
    assert faults(rewritten, head_of(late), seal=KEYED) or bare[0].line == "never"
    (plain_again,) = chained(bare[:1], PLAIN, head_of(late))
    found = faults([*early, *late, plain_again], head_of([plain_again]), seal=KEYED)
    assert [fault.code for fault in found] == [FaultCode.UNSEALED]


@given(st.lists(entries, min_size=3, max_size=8), seals, st.data())
def test_a_cut_beginning_needs_a_checkpoint_that_names_the_cut(
    bare: list[StoredEntry], seal: Seal, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(1, len(bare) - 1))
    before = chained(bare, seal)
    signed = [*before, *chained([checkpoint(before[cut - 1])], seal, head_of(before))]
    kept = signed[cut:]
    assert faults(kept, head_of(signed), seal=seal, first_sequence=cut + 1) == []
    # Cut further than signed off, or not signed off at all, or with another hash in the checkpoint.
    beyond = kept[1:]
    assert faults(beyond, head_of(signed), seal=seal, first_sequence=cut + 2)[0].code is FaultCode.BEGINNING_MISSING
    unsigned = before[cut:]
    assert faults(unsigned, head_of(before), seal=seal, first_sequence=cut + 1)[0].code is FaultCode.BEGINNING_MISSING
    other = replace(before[cut - 1], hash="00" * 32)
    lying = [*before, *chained([checkpoint(other)], seal, head_of(before))][cut:]
    assert faults(lying, head_of(lying), seal=seal, first_sequence=cut + 1)[0].code is FaultCode.BEGINNING_MISSING


@given(entries, entries)
def test_two_entries_have_the_same_bytes_only_if_they_are_the_same(one: StoredEntry, other: StoredEntry) -> None:
    assert (canonical(one) == canonical(other)) == (one == other)


def test_shifting_text_from_one_field_into_the_next_changes_the_bytes() -> None:
    (one,) = chained([entry_of("ab", "c")], PLAIN)
    (other,) = chained([entry_of("a", "bc")], PLAIN)
    assert one.hash != other.hash


def entry_of(subject: str, line: str) -> StoredEntry:
    empty = dict.fromkeys(FIELDS, "")
    return StoredEntry(**{**empty, "chain": CHAIN, "sequence": 0, "time_ns": 0, "subject": subject, "line": line})  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize("text", ["", "node/T-1:1", "node/T-1:x:" + "00" * 32, "node/T-1:1:00", ":1:" + "00" * 32])
def test_a_text_that_is_no_anchor_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of the texts that Python's own parsers raise
        Anchor.parse(text)


@given(st.integers(1, 2**60), st.binary(min_size=32, max_size=32))
def test_an_anchor_reads_what_it_prints(sequence: int, digest: bytes) -> None:
    anchor = Anchor(Head("watch/T-1/eu:1", sequence, digest.hex()), 0)
    assert Anchor.parse(str(anchor)) == anchor
