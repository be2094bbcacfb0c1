"""The journal on a real disk: what was synced is there again, whatever happens to the file's end."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.unit.emulator.engine.arrange import BTC, START_MS, Desk, fingerprint, limit, market
from trueup.emulator.engine import journal
from trueup.emulator.engine.clock import ManualClock
from trueup.emulator.engine.enums import Side
from trueup.emulator.engine.framing import frame, read_frames
from trueup.emulator.engine.journal import Journal
from trueup.emulator.engine.venue import Venue
from trueup.errors import EmulatorError


def reopen(directory: Path) -> Venue:
    return Venue.recover(directory, clock=ManualClock(START_MS))


def traded(directory: Path) -> Desk:
    """Return a desk with an account, a position and a working order, all durable."""
    desk = Desk(directory=directory)
    desk.account()
    desk.venue.place_order("main", market(Side.BUY, "0.010"))
    desk.venue.place_order("main", limit(Side.SELL, "0.010", "51000.0"))
    desk.venue.journal.sync()
    return desk


def journal_file(directory: Path) -> Path:
    (path,) = directory.glob("journal-*.log")
    return path


def test_a_closed_venue_comes_back_exact(tmp_path: Path) -> None:
    desk = traded(tmp_path)
    before = fingerprint(desk.venue)
    desk.venue.close()
    venue = reopen(tmp_path)
    assert fingerprint(venue) == before
    venue.ledger.check_invariants()
    venue.close()


def test_a_venue_comes_back_from_a_checkpoint_and_what_followed_it(tmp_path: Path) -> None:
    desk = traded(tmp_path)
    desk.venue.checkpoint()
    desk.venue.place_order("main", market(Side.SELL, "0.004"))
    before = fingerprint(desk.venue)
    desk.venue.close()
    venue = reopen(tmp_path)
    assert fingerprint(venue) == before
    venue.close()


def test_what_was_never_synced_is_gone_and_nothing_else(tmp_path: Path) -> None:
    desk = traded(tmp_path)
    before = fingerprint(desk.venue)
    desk.venue.place_order("main", market(Side.BUY, "0.010"))
    assert isinstance(desk.venue.journal, Journal)
    os.close(desk.venue.journal._lock_fd)  # as a kill does: the lock goes, the memory too
    venue = reopen(tmp_path)
    assert fingerprint(venue) == before
    venue.close()


def test_a_torn_tail_is_cut_off_wherever_it_tore(tmp_path: Path) -> None:
    desk = traded(tmp_path)
    path = journal_file(tmp_path)
    before, whole = fingerprint(desk.venue), path.read_bytes()
    desk.venue.place_order("main", market(Side.BUY, "0.010"))
    desk.venue.close()
    tail = path.read_bytes()[len(whole) :]
    for length in range(0, len(tail), 7):
        path.write_bytes(whole + tail[:length])
        venue = reopen(tmp_path)
        assert fingerprint(venue) == before
        assert path.read_bytes() == whole
        venue.close()


def test_damage_in_the_middle_is_refused_with_file_and_offset(tmp_path: Path) -> None:
    desk = traded(tmp_path)
    path = journal_file(tmp_path)
    first = path.stat().st_size
    desk.venue.place_order("main", market(Side.BUY, "0.010"))
    desk.venue.journal.sync()
    desk.venue.place_order("main", market(Side.BUY, "0.010"))
    desk.venue.close()
    data = bytearray(path.read_bytes())
    data[first + 20] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(EmulatorError, match=f"{path.name} is damaged at byte {first}"):
        reopen(tmp_path)
    assert path.read_bytes() == data


def test_damage_of_the_state_file_or_the_history_is_refused(tmp_path: Path) -> None:
    traded(tmp_path).venue.close()
    for pattern in ("state-*.bin", "history.log"):
        (path,) = tmp_path.glob(pattern)
        whole = path.read_bytes()
        path.write_bytes(whole[:-1])
        with pytest.raises(EmulatorError, match=f"{path.name} is damaged"):
            reopen(tmp_path)
        path.write_bytes(whole)
    reopen(tmp_path).close()


def test_two_venues_never_share_a_directory(tmp_path: Path) -> None:
    desk = traded(tmp_path)
    with pytest.raises(EmulatorError, match="another emulator owns the state directory"):
        reopen(tmp_path)
    desk.venue.close()
    reopen(tmp_path).close()


def test_a_full_disk_refuses_commands_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = traded(tmp_path)
    durable = fingerprint(desk.venue)
    real_write = os.write

    def full(descriptor: int, data: memoryview) -> int:
        """Write a little, as a disk does that fills up, and then no more."""
        if len(data) > 10:
            return real_write(descriptor, bytes(data[:10]))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    desk.venue.place_order("main", market(Side.BUY, "0.010"))
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(EmulatorError, match="cannot be written: No space left on device"):
        desk.venue.journal.sync()
    after_first = fingerprint(desk.venue)
    with pytest.raises(EmulatorError, match="No space left on device"):
        desk.venue.place_order("main", market(Side.BUY, "0.010"))
    assert fingerprint(desk.venue) == after_first
    monkeypatch.undo()
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in tmp_path.glob("*.*"):
        (copy / path.name).write_bytes(path.read_bytes())
    killed_now = reopen(copy)
    assert fingerprint(killed_now) == durable
    killed_now.close()
    desk.venue.place_order("main", market(Side.BUY, "0.010"))
    before = fingerprint(desk.venue)
    desk.venue.close()
    venue = reopen(tmp_path)
    assert fingerprint(venue) == before
    venue.close()


def test_a_directory_that_cannot_be_written_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmulatorError, match="cannot be used"):
        reopen(tmp_path / "file")


def test_a_checkpoint_interrupted_before_its_new_journal_begins_goes_on(tmp_path: Path) -> None:
    desk = traded(tmp_path)
    before = fingerprint(desk.venue)
    old = journal_file(tmp_path)
    old_name, old_bytes = old.name, old.read_bytes()
    desk.venue.checkpoint()
    desk.venue.close()
    journal_file(tmp_path).unlink()
    (tmp_path / old_name).write_bytes(old_bytes)
    venue = reopen(tmp_path)
    assert fingerprint(venue) == before
    assert not (tmp_path / old_name).exists()
    venue.close()


def test_a_checkpoint_interrupted_before_its_state_file_leaves_the_old_one_in_force(tmp_path: Path) -> None:
    desk = traded(tmp_path)
    before = fingerprint(desk.venue)
    desk.venue.close()
    with (tmp_path / "history.log").open("ab") as history:
        history.write(frame(b"closed orders of a checkpoint that never was"))
    (tmp_path / "state-9.part").write_bytes(b"half")
    venue = reopen(tmp_path)
    assert fingerprint(venue) == before
    venue.close()


def test_frames_come_back_as_written(tmp_path: Path) -> None:
    path = tmp_path / "frames"
    payloads = [b"", b"one", b"tuf1 inside a payload", bytes(range(256))]
    path.write_bytes(b"".join(frame(payload) for payload in payloads))
    assert [payload for _, payload in read_frames(path)] == payloads


def test_history_stays_out_of_later_checkpoints(tmp_path: Path) -> None:
    desk = Desk(directory=tmp_path)
    desk.account()
    desk.venue.load_history("main", 2_000, symbols=(BTC,))
    desk.venue.checkpoint()
    history = (tmp_path / "history.log").stat().st_size
    desk.venue.place_order("main", limit(Side.BUY, "0.010", "49000.0"))
    desk.venue.checkpoint()
    (state,) = tmp_path.glob("state-*.bin")
    assert (tmp_path / "history.log").stat().st_size - history < 200
    assert state.stat().st_size < history / 10
    before = desk.venue.ledger.account("main").orders
    desk.venue.close()
    venue = reopen(tmp_path)
    assert venue.ledger.account("main").orders == before
    assert len(before) > 2_000
    venue.close()


def test_a_checkpoint_that_failed_leaves_no_trace_in_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = traded(tmp_path)
    copy = tmp_path / "copy"
    copy.mkdir()

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for step in ("_write_whole", "_open_log"):
        with monkeypatch.context() as disk:
            disk.setattr(journal if step == "_write_whole" else Journal, step, full)
            with pytest.raises(EmulatorError, match="No space left on device"):
                desk.venue.checkpoint()
    desk.venue.place_order("main", limit(Side.BUY, "0.010", "49000.0"))
    desk.venue.journal.sync()
    before = fingerprint(desk.venue)
    for path in tmp_path.glob("*.*"):
        (copy / path.name).write_bytes(path.read_bytes())
    killed_now = reopen(copy)
    assert fingerprint(killed_now) == before
    killed_now.close()
    desk.venue.checkpoint()
    desk.venue.close()
    venue = reopen(tmp_path)
    assert fingerprint(venue) == before
    venue.ledger.check_invariants()
    venue.close()


def test_a_directory_of_another_version_is_refused_in_words(tmp_path: Path) -> None:
    traded(tmp_path).venue.close()
    (path,) = tmp_path.glob("state-*.bin")
    path.write_bytes(frame(b"\x81\xa5other\x01"))
    with pytest.raises(EmulatorError, match="cannot be read"):
        reopen(tmp_path)
