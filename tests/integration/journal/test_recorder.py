"""The recorder of a node: what it hears becomes entries, the event loop waits for nothing, the memory is bounded."""

from __future__ import annotations

import gc
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.integration.journal.samples import EVERYTHING, NODE, NOW, SECOND, prove
from trueup.config.live.journal import probe_journal
from trueup.config.sight.journal import JournalConfig
from trueup.config.trading_node.live_config import LiveTradingNodeConfig
from trueup.journal import JournalReader, JournalSettings, Place, recorder
from trueup.journal.anchor import Anchor
from trueup.journal.configured import config_fingerprint, place_of, settings_of, state_dir_of
from trueup.journal.recorder import JournalRecorder
from trueup.journal.verify import verify
from trueup.node.announcer import Announcer, LifeCycleEvent

GROWTH_BYTES_MAX = 200_000
"""One entry kept for each of the 20,000 looks would be ten megabytes and more."""


class Node:
    """An announcer, and a recorder of what it says."""

    def __init__(self, place: Place, **settings: Any) -> None:
        self.announcer = Announcer()
        self.recorder = JournalRecorder(
            self.announcer,
            place=place,
            source=NODE,
            settings=JournalSettings(**settings),
            about={"trueup_version": "1", "config_fingerprint": "abc"},
            at_the_end=lambda: {"phase": "MONITORING", "failure": ""},
        )
        self.recorder.start()

    def hear(self, kind: str, time_ns: int, /, **data: Any) -> None:
        self.recorder.hear(LifeCycleEvent(kind, time_ns, data))

    def flush(self) -> None:
        assert self.recorder.journal is not None
        assert self.recorder.journal.flush(60.0), self.recorder.status()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(path=tmp_path / "journal.sqlite3")


def look(node: Node, second: int, verdict: str = "CLEAN") -> None:
    check = "deep" if second % 60 == 0 else "cheap"
    coverage = {"ORDERS_OPEN": "complete", "FILLS": "complete" if check == "deep" else "not_asked"}
    data = {"account_id": "B-1", "verdict": verdict, "check": check, "coverage": coverage, "secs": second / 1e6}
    node.hear("look", NOW + second * SECOND, **data)


def test_what_a_node_says_becomes_entries_with_its_start_and_its_end_around(place: Place) -> None:
    node = Node(place)
    node.announcer.say("built", mode="verified", trader_id="T-1")
    node.announcer.say("phase", phase="RECONCILING")
    node.announcer.note("look", account_id="B-1", verdict="CLEAN", check="startup", coverage={"FILLS": "complete"})
    node.announcer.say("verdict", verdict="CLEAN", during="start-up", lines=[])
    node.announcer.say("guard", state="HALTED", reason="a position is hidden", source="policy")
    node.announcer.say("guard_alarm", text="the guard cannot act", can_act=False, state="HALTED")
    node.announcer.say("guard_control", state="LISTENING")
    node.announcer.say("store", state="LOST", url="redis://127.0.0.1:1")
    node.announcer.say("stream_gap", account_id="B-1", reason="the socket was closed")
    node.announcer.say("claims", line="S-1 claims BTCUSDT", strategy="S-1")
    node.announcer.say("failed", reason="no proof")
    node.announcer.say("something_new", text="for a later version", figure=1)
    node.flush()
    status = node.recorder.status()
    assert (status.state, status.records, status.dropped, status.error) == ("OK", 12, 0, "")
    assert status.where == str(place)
    assert status.last_write_ns > NOW
    node.recorder.close()
    assert not node.announcer.listener_failures
    with JournalReader.open(place) as reader:
        entries = sorted(reader.entries(EVERYTHING), key=lambda entry: entry.sequence)
    assert [(entry.kind, entry.state) for entry in entries] == [
        ("STARTED", ""),
        ("STARTED", ""),
        ("PHASE", "RECONCILING"),
        ("VERDICT", "CLEAN"),
        ("GUARD", "HALTED"),
        ("GUARD", "HALTED"),
        ("GUARD", "LISTENING"),
        ("STORE", "LOST"),
        ("STREAM_GAP", ""),
        ("CLAIMS", ""),
        ("PROBLEM", ""),
        ("NOTE", ""),
        ("STOPPED", ""),
    ]
    assert orjson.loads(entries[0].data)["config_fingerprint"] == "abc"
    assert orjson.loads(entries[-1].data)["phase"] == "MONITORING"
    assert [entry.severity for entry in entries if entry.severity == "CRITICAL"] == ["CRITICAL"] * 4
    assert prove(place).is_whole


def test_the_node_says_now_and_then_how_far_its_chain_reaches(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "HEAD_SECS_FIRST", 0.0)
    node = Node(place)
    node.flush()
    said: list[str] = []
    node.announcer.listen(lambda event: said.append(event.data["head"]) if event.kind == "journal_head" else None)
    for number in range(3):
        node.announcer.say("guard", state="ACTIVE", number=number)
    node.flush()
    node.recorder.close()
    assert len(said) == 1, "and not again for an hour"
    kept = Anchor.parse(said[0])
    with JournalReader.open(place) as reader:
        assert verify(reader, anchors=[kept]).is_whole
        assert "journal_head" not in {entry.kind for entry in reader.entries()}
    assert kept.head.chain == "node/T-1"


def test_whoever_says_something_waits_for_nothing_even_when_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file where a directory belongs")
    node = Node(Place(path=tmp_path / "blocked" / "journal.sqlite3"), queue_max=100)
    calls: list[str] = []
    in_the_writers_thread: Callable[..., Any] = node.recorder._made

    def made(event: Any) -> Any:
        calls.append(threading.current_thread().name)
        return in_the_writers_thread(event)

    node.recorder._made = made  # type: ignore[method-assign]  # to see where the work is done
    for number in range(1_000):
        node.announcer.say("guard", state="ACTIVE", number=number)
    assert not node.announcer.listener_failures
    assert node.recorder.status().waiting <= 100
    assert node.recorder.status().dropped >= 900 - 1
    deadline = time.monotonic() + 30
    while node.recorder.status().state != "FAILING" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert node.recorder.status().state == "FAILING"
    assert set(calls) <= {"trueup-journal-node/T-1"}
    node.recorder.journal.close(0.1)  # type: ignore[union-attr]  # it was started


def test_a_busy_day_leaves_no_more_in_memory_than_an_hour_and_few_rows(place: Place) -> None:
    node = Node(place, heartbeat_secs=300.0, rows_max=2_000)

    def live(from_second: int, seconds: int) -> None:
        for second in range(from_second, from_second + seconds, 5):
            look(node, second, "DISCREPANT" if second % 3_600 < 10 else "CLEAN")
            if second % 600 == 0:
                for state in ("NEW", "HEALING", "RESOLVED"):
                    node.hear(
                        "discrepancy",
                        NOW + second * SECOND,
                        fingerprint=f"{second % 50_000:016x}",
                        account_id="B-1",
                        kind="FILL_MISSING",
                        state=state,
                        line=f"a difference at {second}",
                    )
            if second % 3_000 == 0:
                node.flush()
        node.flush()

    live(0, 3_600)
    gc.collect()
    tracemalloc.start()
    try:
        live(3_600, 86_400)
        gc.collect()
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < GROWTH_BYTES_MAX
    node.recorder.close()
    with JournalReader.open(place) as reader:
        entries, records = reader.entries(EVERYTHING), reader.discrepancies()
    verdicts = [entry for entry in entries if entry.kind == "VERDICT"]
    assert len(verdicts) <= 2 * 25 * 12 + 4 * 25, "a heartbeat for each depth in each span, and each change"
    assert len([entry for entry in entries if entry.kind == "DISCREPANCY"]) == 3 * 150
    assert records
    assert prove(place).is_whole


def test_the_settings_of_a_file_say_where_the_journal_is_and_never_hold_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    plain = LiveTradingNodeConfig(trader_id="T-1")
    assert place_of(plain.journal, state_dir_of(plain)).path == tmp_path / "trueup" / "T-1@no-store" / "journal.sqlite3"
    with_store = LiveTradingNodeConfig(trader_id="T-1", redis={"host": "db", "port": 1})
    assert state_dir_of(with_store) == tmp_path / "trueup" / "T-1@db:1"
    server = {"url": "postgresql://u@db/j", "password": "hush-hush", "secret_key": "k3y-" * 8}
    sealed = LiveTradingNodeConfig(trader_id="T-1", journal=server)
    assert place_of(sealed.journal, tmp_path).url.password == "hush-hush"
    assert settings_of(sealed.journal, state_dir=tmp_path).seal.name
    assert {"hush-hush", "k3y-" * 8} <= set(sealed.secret_texts())
    other_key = LiveTradingNodeConfig(trader_id="T-1", journal={**server, "secret_key": "y3k-" * 8})
    assert config_fingerprint(sealed) == config_fingerprint(other_key) != config_fingerprint(plain)
    assert JournalConfig(url="sqlite:////srv/j").file == "/srv/j"


def test_a_check_of_the_configuration_tells_that_nothing_could_be_written(tmp_path: Path) -> None:
    def found(**journal: Any) -> list[tuple[str, str]]:
        config = LiveTradingNodeConfig(trader_id="T-1", journal=journal)
        return [(one.rule.id, one.found) for one in probe_journal(config)]

    blocker = tmp_path / "file"
    blocker.write_text("no directory")
    ((rule, said),) = found(url=str(blocker / "j.sqlite3"))
    assert rule == "TU806"
    assert str(blocker) in said
    ((_, said),) = found(url=str(blocker))
    assert "is not a journal" in said
    assert found(url=str(tmp_path / "new" / "j.sqlite3")) == []
    assert found(url=str(blocker), enabled=False) == []
    assert not (tmp_path / "new").exists(), "a look makes nothing"
