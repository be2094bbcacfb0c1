"""Messages: one form, one signature, one use, one addressee, in time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trueup.guard.book import Source
from trueup.guard.message import (
    MESSAGE_BYTES_MAX,
    Act,
    Answer,
    Command,
    MessageRefusedError,
    Purpose,
    RefusalReason,
    check_form,
    new_nonce,
    seal,
    unseal,
)
from trueup.guard.replay import SENDERS_MAX, Seen, admit
from trueup.model.guard import GuardState

KEY = b"thirty-two bytes of a secret key"
SECOND_NS = 1_000_000_000
NOW_NS = 1_000_000 * SECOND_NS
LAW = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=80, derandomize=True)


def command(**more: Any) -> Command:
    fields: dict[str, Any] = {
        "trader_id": "TRADER-001",
        "instance_id": "i-1",
        "sender": "desk",
        "sequence": 7,
        "nonce": "0" * 32,
        "issued_ns": NOW_NS,
        "source": Source.OPERATOR,
        "who": "olivia",
        "act": Act.HALT,
        "reason": "the desk is closed",
    }
    return Command(**{**fields, **more})


def open_command(blob: bytes, key: bytes = KEY) -> Command:
    return unseal(key, Purpose.COMMAND, blob, Command, MESSAGE_BYTES_MAX)


def refused(blob: bytes, key: bytes = KEY) -> RefusalReason:
    with pytest.raises(MessageRefusedError) as caught:
        open_command(blob, key)
    return caught.value.code


def test_what_was_sealed_is_what_is_unsealed() -> None:
    assert open_command(seal(KEY, Purpose.COMMAND, command())) == command()


@LAW
@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_no_bit_of_a_message_can_be_changed(place: int, change: int) -> None:
    blob = bytearray(seal(KEY, Purpose.COMMAND, command()))
    blob[place % len(blob)] ^= change
    assert refused(bytes(blob)) is RefusalReason.FORGED


@LAW
@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_refused_and_raise_nothing_else(blob: bytes) -> None:
    assert refused(blob) is RefusalReason.FORGED


@pytest.mark.parametrize("key", [b"another key of thirty-two bytes.", KEY[:-1], KEY + b"x"])
def test_another_key_makes_another_signature(key: bytes) -> None:
    assert refused(seal(KEY, Purpose.COMMAND, command()), key) is RefusalReason.FORGED


def test_an_unsigned_message_is_no_message() -> None:
    assert refused(seal(None, Purpose.COMMAND, command())) is RefusalReason.FORGED


def test_a_message_of_one_purpose_does_not_pass_for_another() -> None:
    answer = Answer(nonce="0" * 32, instance_id="i-1", applied=True, state=GuardState.ACTIVE, effective="ACTIVE")
    for blob in (seal(KEY, Purpose.ANSWER, command()), seal(KEY, Purpose.STATUS, answer)):
        assert refused(blob) is RefusalReason.FORGED


def test_an_oversized_message_is_refused_before_its_signature_is_looked_at() -> None:
    assert refused(b"x" * (MESSAGE_BYTES_MAX + 1)) is RefusalReason.OVERSIZED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"{}",
        msgspec.json.encode(command()) + b" ",
        b" " + msgspec.json.encode(command()),
        msgspec.json.encode({**msgspec.to_builtins(command()), "more": 1}),
        msgspec.json.encode(dict(reversed(list(msgspec.to_builtins(command()).items())))),
        msgspec.json.encode({**msgspec.to_builtins(command()), "act": "explode"}),
        msgspec.json.encode({**msgspec.to_builtins(command()), "sequence": "7"}),
    ],
)
def test_a_signed_message_in_another_form_is_malformed(body: bytes) -> None:
    blob = seal(KEY, Purpose.COMMAND, msgspec.Raw(body))  # type: ignore[arg-type]  # any bytes, signed
    assert refused(blob) is RefusalReason.MALFORMED


@pytest.mark.parametrize(
    "changes",
    [
        {"who": ""},
        {"sender": "s" * 121},
        {"nonce": "0" * 31},
        {"nonce": "G" * 32},
        {"reason": "  "},
        {"reason": "r" * 501},
        {"source": Source.POLICY},
        {"sequence": 0},
        {"issued_ns": -1},
    ],
)
def test_a_field_beyond_its_bounds_is_malformed(changes: dict[str, Any]) -> None:
    check_form(command())
    with pytest.raises(MessageRefusedError) as caught:
        check_form(command(**changes))
    assert caught.value.code is RefusalReason.MALFORMED


# -- once, for one process, in time ----------------------------------------------------------------------------------


def take(seen: Seen, one: Command, now_ns: int = NOW_NS) -> Seen:
    return admit(seen, one, trader_id="TRADER-001", instance_id="i-1", now_ns=now_ns, window_ns=30 * SECOND_NS)


def why(seen: Seen, one: Command, now_ns: int = NOW_NS) -> RefusalReason:
    with pytest.raises(MessageRefusedError) as caught:
        take(seen, one, now_ns)
    assert caught.value.is_authentic
    return caught.value.code


def test_a_message_counts_once() -> None:
    seen = take(Seen(), command())
    assert why(seen, command()) is RefusalReason.REPLAYED
    assert why(seen, command(nonce=new_nonce())) is RefusalReason.REPLAYED  # the same sequence
    assert why(seen, command(nonce=new_nonce(), sequence=6)) is RefusalReason.REPLAYED
    assert why(seen, command(sequence=8)) is RefusalReason.REPLAYED  # the same nonce
    take(seen, command(sequence=8, nonce=new_nonce()))


def test_each_sender_counts_for_itself() -> None:
    seen = take(Seen(), command(sequence=100))
    take(seen, command(sender="audit", sequence=1, nonce=new_nonce()))


def test_a_message_for_another_trader_or_process_is_refused() -> None:
    assert why(Seen(), command(trader_id="TRADER-002")) is RefusalReason.OTHER_TRADER
    assert why(Seen(), command(instance_id="i-0")) is RefusalReason.OTHER_INSTANCE


@pytest.mark.parametrize(("off_secs", "admitted"), [(-31, False), (-30, True), (0, True), (30, True), (31, False)])
def test_a_message_is_obeyed_within_its_window_only(off_secs: int, admitted: bool) -> None:
    one = command(issued_ns=NOW_NS + off_secs * SECOND_NS)
    if admitted:
        take(Seen(), one)
    else:
        assert why(Seen(), one) is RefusalReason.STALE


@LAW
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 5), st.integers(0, 3), st.integers(-40, 40)), max_size=30)
)
def test_whatever_comes_no_nonce_and_no_sequence_of_a_sender_is_admitted_twice(
    arrivals: list[tuple[str, int, int, int]],
) -> None:
    seen, admitted = Seen(), []
    for number, (sender, sequence, nonce, off_secs) in enumerate(arrivals):
        now_ns = NOW_NS + number * SECOND_NS
        one = command(sender=sender, sequence=sequence, nonce=f"{nonce:032x}", issued_ns=now_ns + off_secs * SECOND_NS)
        try:
            seen = take(seen, one, now_ns)
        except MessageRefusedError:
            continue
        admitted.append(one)
    assert len({one.nonce for one in admitted}) == len(admitted)
    for sender in "ab":
        sequences = [one.sequence for one in admitted if one.sender == sender]
        assert sequences == sorted(set(sequences))


def test_what_is_remembered_is_bounded() -> None:
    seen = Seen(sequences={f"s{number}": 1 for number in range(SENDERS_MAX)})
    assert why(seen, command(sender="one more")) is RefusalReason.TOO_MANY_SENDERS
    old = replace(seen, sequences={"desk": 1}, nonces={"f" * 32: NOW_NS - 61 * SECOND_NS})
    assert set(take(old, command()).nonces) == {"0" * 32}
