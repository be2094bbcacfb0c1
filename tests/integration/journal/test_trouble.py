"""A journal in a file and everything that can befall it: the node goes on, the operator is told, nothing is lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from tests.integration.journal.samples import EVERYTHING, NODE, NOW, SECOND, WATCH, change, prove, verdict, write
from trueup.errors import JournalForeignError, JournalUnavailableError
from trueup.journal import Entry, Journal, JournalReader, JournalSettings, Place, Query, StoredEntry, database
from trueup.journal.configured import probe
from trueup.journal.proof import FaultCode
from trueup.monitor.status import JournalStatus


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(path=tmp_path / "journal.sqlite3")


def await_status(journal: Journal, holds: Callable[[JournalStatus], bool], within_secs: float = 30.0) -> JournalStatus:
    deadline = time.monotonic() + within_secs
    while not holds(status := journal.status()):
        assert time.monotonic() < deadline, status
        time.sleep(0.02)
    return status


def path_of(place: Place) -> Path:
    assert place.path is not None
    return place.path


def entries(place: Place) -> list[StoredEntry]:
    """Return the entries of the one chain as they follow each other, whatever their times say."""
    with JournalReader.open(place) as reader:
        return sorted(reader.entries(EVERYTHING), key=lambda entry: entry.sequence)


def lines(place: Place) -> list[str]:
    return [entry.line for entry in entries(place)]


def test_kills_at_many_moments_break_no_chain_and_lose_nothing_that_was_on_the_disk(tmp_path: Path) -> None:
    _kill(tmp_path, kills=15, seed=1)


@pytest.mark.long
def test_hundreds_of_kills_break_no_chain(tmp_path: Path) -> None:
    for seed in range(2, 6):
        _kill(tmp_path / str(seed), kills=150, seed=seed)


def _kill(directory: Path, *, kills: int, seed: int) -> None:
    command = [sys.executable, "-m", "tests.integration.journal.kill_main", str(directory / "j"), str(kills), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) > kills // 2, done.stdout


def test_a_disk_that_is_full_for_a_while_costs_what_did_not_fit_into_the_queue_and_says_so(place: Place) -> None:
    command = [sys.executable, "-m", "tests.integration.journal.full_disk_main", str(place.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr
    assert lines(place)[-1].endswith("entries were dropped: more came than could be written")


def test_a_database_that_may_not_grow_is_told_as_a_full_disk(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    write(place, [verdict(0)])
    prepare = database._prepare_writer

    def with_a_limit(connection: sqlite3.Connection) -> None:
        prepare(connection)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    monkeypatch.setattr(database, "_prepare_writer", with_a_limit)
    journal = Journal.open(place, source=NODE)
    for number in range(100):
        journal.append(change(number))
    status = await_status(journal, lambda one: one.state == "FAILING")
    assert "full" in status.error
    monkeypatch.setattr(database, "_prepare_writer", prepare)
    assert journal.flush(60.0)
    assert journal.close(30.0)
    assert prove(place).chains[0].last == 101


def test_a_file_that_somebody_holds_is_waited_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECS", 0.1)
    write(place, [verdict(0)])
    holder = sqlite3.connect(path_of(place), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    journal = Journal.open(place, source=NODE)
    assert all(journal.append(change(number)) for number in range(10))
    status = await_status(journal, lambda one: one.state == "FAILING")
    assert "another process holds" in status.error
    assert len(lines(place)) == 1, "a reader is not held up"
    holder.execute("ROLLBACK")
    holder.close()
    assert journal.flush(60.0)
    assert (journal.status().state, journal.status().dropped) == ("OK", 0)
    assert journal.close(30.0)
    assert prove(place).chains[0].last == 11


def test_a_batch_whose_commit_was_made_though_the_answer_was_lost_is_not_written_twice(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = SQLiteDialect_pysqlite.do_commit
    lost: list[bool] = []

    def commit_and_lose_the_answer(dialect: Any, connection: Any) -> None:
        commit(dialect, connection)  # type: ignore[no-untyped-call]  # SQLAlchemy's dialects are not typed
        if armed and not lost:
            lost.append(True)
            raise sqlite3.OperationalError("the answer was lost")

    armed: list[bool] = []
    monkeypatch.setattr(SQLiteDialect_pysqlite, "do_commit", commit_and_lose_the_answer)
    journal = Journal.open(place, source=NODE)
    journal.append(verdict(0))
    for _ in range(2):  # the second turn begins when the first has looked after its retention, a transaction too
        assert journal.flush(30.0)
    armed.append(True)
    for number in range(1, 11):
        journal.append(change(number))
    assert journal.flush(60.0)
    assert lost
    assert journal.close(30.0)
    assert [entry.time_ns for entry in entries(place)] == [NOW + number * SECOND for number in range(11)]
    assert prove(place).is_whole


@pytest.mark.parametrize("damage", ["behind the header", "with the header"])
def test_a_corrupt_file_is_moved_aside_whole_and_the_next_one_begins_with_the_fact(place: Place, damage: str) -> None:
    path = path_of(place)
    write(place, [change(number) for number in range(200)])
    head = prove(place).chains[0]
    content = path.read_bytes()
    kept = 100 if damage == "behind the header" else 0
    broken = content[:kept] + os.urandom(len(content) - kept)
    path.write_bytes(broken)
    with pytest.raises(JournalForeignError):
        prove(place)
    write(place, [verdict(1)])
    (aside,) = path.parent.glob("journal.sqlite3.corrupt-*Z")
    assert aside.read_bytes() == broken
    first, second = entries(place)
    assert (first.kind, first.severity, second.kind) == ("DAMAGE", "CRITICAL", "VERDICT")
    said = orjson.loads(first.data)
    assert (said["moved_to"], said["known_sequence"], said["known_hash"]) == (aside.name, 200, head.hash)
    proof = prove(place)
    assert proof.is_whole
    assert proof.chains[0].damage == (first.line,)


def test_when_two_processes_write_and_one_moves_the_corrupt_file_aside_the_other_follows(place: Place) -> None:
    path = path_of(place)
    node = Journal.open(place, source=NODE)
    node.append(verdict(0))
    assert node.flush(30.0)
    other = sqlite3.connect(path)
    while other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:  # else all of it is in the log beside it
        time.sleep(0.01)
    other.close()
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    write(place, [verdict(1)], source=WATCH)
    assert list(path.parent.glob("journal.sqlite3.corrupt-*"))
    node.append(verdict(2))
    assert node.flush(60.0)
    assert node.close(30.0)
    proof = prove(place)
    assert proof.is_whole, proof.faults
    assert {chain.chain for chain in proof.chains} == {"node/T-1", "watch/T-1"}
    assert len(list(path.parent.glob("journal.sqlite3.corrupt-*Z"))) == 1, "moved aside once"
    (told,) = next(chain.damage for chain in proof.chains if chain.chain == "node/T-1")
    # Whoever notices first moves it: the other one finds its chain gone.
    assert "1 entries of this chain was here and is gone" in told or "was corrupt and was moved" in told


@pytest.mark.parametrize("content", [b"trader_id = 'T-1'\n" * 100, b""])
def test_a_file_of_something_else_is_never_touched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "trueup.toml"
    if content:
        path.write_bytes(content)
    else:
        other = sqlite3.connect(path)
        other.execute("CREATE TABLE accounts (id INTEGER)")
        other.close()
        content = path.read_bytes()
    journal = Journal.open(path, source=NODE)
    journal.append(verdict(0))
    status = await_status(journal, lambda one: one.state == "FAILING")
    assert "not a journal" in status.error or "something else" in status.error
    assert not journal.close(0.1)
    assert path.read_bytes() == content
    with pytest.raises(JournalForeignError):
        JournalReader.open(path)


def test_a_journal_that_was_deleted_or_emptied_begins_anew_and_says_what_is_gone(place: Place) -> None:
    path = path_of(place)
    journal = Journal.open(place, source=NODE)
    journal.append(verdict(0))
    assert journal.flush(30.0)
    assert journal.close(30.0)
    journal = Journal.open(place, source=NODE)
    assert journal.flush(30.0)
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    journal.append(verdict(1))
    assert journal.flush(60.0)
    assert journal.close(30.0)
    assert "1 entries of this chain was here and is gone" in lines(place)[0]
    path.write_bytes(b"")
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    write(place, [verdict(2)])
    assert "is gone" in lines(place)[0]


def test_an_older_copy_put_back_goes_on_after_the_gap_and_never_hides_it(place: Place, tmp_path: Path) -> None:
    path = path_of(place)
    write(place, [verdict(0)])
    shutil.copy(path, tmp_path / "copy")
    write(place, [verdict(1), change(2)])
    shutil.copy(tmp_path / "copy", path)
    before = prove(place)
    assert [fault.code for fault in before.faults] == [FaultCode.TRUNCATED]
    write(place, [verdict(3)])
    after = prove(place)
    assert [(fault.code, fault.sequence) for fault in after.faults] == [(FaultCode.GAP, 2)]
    assert "the rest is lost" in after.chains[0].damage[0]
    # Put back on purpose, with the anchor taken away, it goes on where the copy ends.
    shutil.copy(tmp_path / "copy", path)
    for anchor in path.parent.glob("*.head"):
        anchor.unlink()
    write(place, [verdict(4)])
    assert prove(place).is_whole


def test_a_directory_that_cannot_be_made_is_told_and_tried_again(tmp_path: Path) -> None:
    blocker = tmp_path / "state"
    blocker.write_text("a file where a directory belongs")
    place = Place(path=blocker / "journal.sqlite3")
    journal = Journal.open(place, source=NODE)
    journal.append(verdict(0))
    status = await_status(journal, lambda one: one.state == "FAILING")
    assert str(place) in status.error
    assert str(blocker) in probe(place)
    blocker.unlink()
    assert probe(place) == ""
    assert journal.flush(60.0)
    assert journal.close(30.0)
    assert lines(place)
    assert path_of(place).stat().st_mode & 0o077 == 0, "nobody else may read it"
    assert probe(place) == ""


def test_a_copy_that_cannot_be_written_to_can_be_read(tmp_path: Path, place: Place) -> None:
    write(place, [change(1)])
    kept = tmp_path / "medium"
    kept.mkdir()
    shutil.copy(path_of(place), kept / "j.sqlite3")
    kept.chmod(0o555)
    try:
        assert len(lines(Place(path=kept / "j.sqlite3"))) == 1
    finally:
        kept.chmod(0o755)
    with pytest.raises(JournalUnavailableError, match="no journal at"):
        JournalReader.open(tmp_path / "nowhere")


def test_what_makes_entries_may_raise_and_the_writer_goes_on(place: Place) -> None:
    def broken() -> list[Entry]:
        raise RuntimeError("a bug")

    journal = Journal.open(place, source=NODE, settings=JournalSettings(heartbeat_secs=1.0))
    journal.append_made(broken)
    journal.append_made(lambda: [verdict(1), verdict(2)])
    assert journal.flush(30.0)
    assert journal.close(30.0)
    assert not journal.append(verdict(3)), "closed is closed"
    assert len(lines(place)) == 2


def test_a_listing_reads_one_moment_while_another_process_writes(place: Place) -> None:
    write(place, [change(number) for number in range(3_000)])
    with JournalReader.open(place) as reader:
        rows = reader.each_entry(EVERYTHING)
        first = next(rows)
        write(place, [change(number, "RESOLVED", time_ns=NOW * 2) for number in range(100)])
        assert 1 + sum(1 for _ in rows) == 3_000
        assert first.sequence == 1
        assert len(reader.entries(Query(limit=None))) == 3_100
