"""What a guard remembers: whole, synced, bounded, and halted when it cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from trueup.guard.book import Change, GuardBook, Hold, Source
from trueup.guard.record import RECORD_BYTES_MAX, GuardFile, GuardRecord
from trueup.guard.replay import Seen
from trueup.guard.sender import Sender
from trueup.model.guard import GuardState

HOLD = Hold(state=GuardState.HALTED, reason="the desk is closed", who="olivia", time_ns=5)
CHANGE = Change(time_ns=5, state=GuardState.HALTED, source=Source.OPERATOR, reason="the desk is closed", who="olivia")


def test_what_was_written_is_read_and_what_only_this_process_knows_is_not_kept(tmp_path: Path) -> None:
    book = GuardBook(policy=GuardState.REDUCING, operator=HOLD, elsewhere=GuardState.HALTED, history=(CHANGE,))
    seen = Seen(sequences={"desk": 7}, nonces={"0" * 32: 5})
    GuardFile(tmp_path / "state").write(GuardRecord.of(book, seen))
    record = GuardFile(tmp_path / "state").read()
    assert record.book() == GuardBook(operator=HOLD, history=(CHANGE,))
    assert record.seen() == seen
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["guard.json"]


def test_no_record_holds_nothing(tmp_path: Path) -> None:
    assert GuardFile(tmp_path).read().book().state is GuardState.ACTIVE


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"version": 2}', b'{"operator": 5}', b"\xff" * 10, b" " * (RECORD_BYTES_MAX + 1)]
)
def test_a_record_that_cannot_be_read_is_taken_for_a_halt(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "guard.json").write_bytes(content)
    book = GuardFile(tmp_path).read().book()
    assert book.state is GuardState.HALTED
    assert book.operator is not None
    assert "cannot be read" in book.operator.reason


def test_a_directory_belongs_to_one_node_at_a_time(tmp_path: Path) -> None:
    node, other = GuardFile(tmp_path), GuardFile(tmp_path)
    assert node.claim()
    assert not other.claim()
    with other.claimed() as is_stopped:
        assert not is_stopped
    node.let_go()
    with other.claimed() as is_stopped:
        assert is_stopped
    assert node.claim()
    node.let_go()


def test_a_sequence_only_grows_over_processes_lost_clocks_and_lost_files(tmp_path: Path) -> None:
    name, first = Sender(tmp_path).next(1_000)
    assert (first, Sender(tmp_path).next(1_000)) == (1_000, (name, 1_001))
    assert Sender(tmp_path).next(5) == (name, 1_002)  # the clock went back
    (tmp_path / "guard-sender.json").write_bytes(b"torn")
    assert Sender(tmp_path).next(2_000)[0] != name  # a new name, which has no past
