"""The monitor's log: whole lines, no secrets, and nobody waits for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trueup.config.sight.monitor import LogFormat
from trueup.monitor import event_log
from trueup.monitor.event_log import LEVELS, EventLog, level_of
from trueup.node.announcer import LifeCycleEvent


def written(path: Path, *events: LifeCycleEvent, log_format: LogFormat = LogFormat.JSON) -> list[str]:
    log = EventLog(log_format, path, {"trader_id": "T-1"})
    log.start()
    for event in events:
        log.put(event)
    log.close()
    assert (log.dropped, log.failed) == (0, 0)
    return path.read_text(encoding="utf-8").splitlines()


def test_a_discrepancy_is_one_json_line_with_its_explanation_and_its_level(tmp_path: Path) -> None:
    data = {"kind": "FILL_MISSING", "state": "NEW", "line": "fill T-1 missing in node", "reason": "", "venue": None}
    (line,) = written(tmp_path / "log", LifeCycleEvent("discrepancy", 7, data))
    said = json.loads(line)
    assert said["event"] == "discrepancy"
    assert said["level"] == "warning"
    assert (said["line"], said["time_ns"], said["trader_id"]) == ("fill T-1 missing in node", 7, "T-1")
    assert said["timestamp"].endswith("Z")
    assert not {"reason", "venue"} & set(said)


def test_every_event_that_is_loud_is_written_as_loud_as_it_is(tmp_path: Path) -> None:
    lines = written(tmp_path / "log", *(LifeCycleEvent(kind, 7, {"text": "it is so"}) for kind in LEVELS))
    assert {said["event"]: said["level"] for said in map(json.loads, lines)} == LEVELS


def test_the_console_form_is_one_line_too(tmp_path: Path) -> None:
    event = LifeCycleEvent("verdict", 7, {"verdict": "CLEAN", "lines": []})
    (line,) = written(tmp_path / "log", event, log_format=LogFormat.CONSOLE)
    assert "verdict" in line
    assert "CLEAN" in line


def test_a_full_queue_drops_and_counts_instead_of_waiting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(event_log, "QUEUE_MAX", 3)
    log = EventLog(LogFormat.JSON, tmp_path / "log", {})  # its thread does not run yet
    for number in range(5):
        log.put(LifeCycleEvent("phase", number, {}))
    assert log.dropped == 2
    log.start()
    log.close()
    assert len((tmp_path / "log").read_text(encoding="utf-8").splitlines()) == 3


def test_a_log_that_cannot_be_written_is_counted_and_the_rest_is_still_tried(caplog: pytest.LogCaptureFixture) -> None:
    log = EventLog(LogFormat.JSON, Path("/dev/full"), {})
    log.start()
    for number in range(4):
        log.put(LifeCycleEvent("phase", number, {}))
    log.close()
    assert log.failed == 4
    assert [record.message for record in caplog.records] == ["the monitor's log cannot be written"]


@pytest.mark.parametrize(
    ("kind", "data", "level"),
    [
        ("verdict", {"verdict": "CLEAN"}, "info"),
        ("verdict", {"verdict": "UNKNOWN"}, "warning"),
        ("discrepancy", {"state": "NEW"}, "warning"),
        ("discrepancy", {"state": "GIVEN_UP"}, "error"),
        ("discrepancy", {"state": "RESOLVED"}, "info"),
        ("store", {"state": "LOST"}, "error"),
        ("store", {"state": "PRESENT"}, "info"),
        ("stopped", {"exit_code": 0}, "info"),
        ("stopped", {"exit_code": 4}, "error"),
        ("failed", {}, "error"),
        ("something new", {}, "info"),
    ],
)
def test_an_event_is_as_loud_as_it_is_bad(kind: str, data: dict[str, Any], level: str) -> None:
    assert level_of(LifeCycleEvent(kind, 0, data)) == level
