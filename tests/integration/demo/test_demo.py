"""The main job, as a user runs it: real node, real adapter, real store, real SIGKILL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.demo.record import read_measured

DEMO = [sys.executable, "-m", "trueup", "demo"]
RUN_TIMEOUT_SECS = 150


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*DEMO, *arguments], capture_output=True, text=True, timeout=RUN_TIMEOUT_SECS, check=False)


def children_that_name(text: str) -> list[int]:
    """Return the processes whose command line holds a text."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if text in command:
                found.append(int(entry.name))
    return found


def test_on_record_fifty_seeds_end_clean_in_verified_mode_and_none_in_native() -> None:
    runs = read_measured().runs
    assert sorted(runs["verified"]) == list(range(1, 51))
    for seed, one in runs["verified"].items():
        assert (one.verdict, one.exit_code, sum(one.differing.values())) == ("CLEAN", 0, 0), seed
        assert one.compared["order"] > 40, seed
    for seed, one in runs["native"].items():
        assert (one.verdict, one.exit_code) == ("DISCREPANT", 1), seed


@pytest.mark.node
def test_a_native_node_is_compared_with_the_venue_and_the_exit_code_is_the_verdict(tmp_path: Path) -> None:
    keep, report_path = tmp_path / "run", tmp_path / "report.json"
    done = run("--mode", "native", "--seed", "3", "--observe", "--keep", str(keep), "--json", str(report_path))
    report = json.loads(report_path.read_text(encoding="utf-8"))
    assert done.returncode == {"CLEAN": 0, "DISCREPANT": 1, "UNKNOWN": 3}[report["verdict"]], done.stderr
    assert report["mode"] == "native"
    assert report["seed"] == 3
    assert bool(report["discrepancies"]) == (report["verdict"] == "DISCREPANT")
    assert report["counts"]["order"]["rows"] > 40, "the burst and the warm-up must both have reached the venue"
    assert any("SIGKILL" in line for line in report["story"])
    assert any("another client" in line for line in report["story"])
    assert report["engine_says"]["lines"], "the engine's own words must be shown"
    assert report["engine_says"]["sentence"] in " ".join(done.stdout.replace("│", " ").split())
    assert str(keep) in done.stdout.replace("\n", "")
    assert (keep / "logs" / "second-life.console.log").exists()
    _the_observer_heard_the_death_and_nothing_without_a_reason(report["alerts"])
    assert "TrueupNodeDown" in done.stdout
    secret_free = "".join(path.read_text(errors="replace") for path in keep.glob("*.toml"))
    assert "api_secret =" not in secret_free
    assert not children_that_name(str(keep)), "every process that was started is ended"


def _the_observer_heard_the_death_and_nothing_without_a_reason(alerts: dict[str, Any]) -> None:
    (death,) = [one for one in alerts["fired"] if one["name"] == "TrueupNodeDown"]
    assert death["fired_secs"] < death["resolved_secs"]
    assert death["because"] == "the node was killed"
    # Which names a busy machine adds is not for a test to say; that they are told as unexpected is.
    assert alerts["unexpected"] == [one["name"] for one in alerts["fired"] if not one["because"]]
    assert set(alerts["unexpected"]) <= {"TrueupLoopLag", "TrueupLoopHung", "TrueupVenueSlow", "TrueupCheckSlow"}


@pytest.mark.node
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_whatever_ends_the_demonstration_ends_every_process_that_it_started(
    tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    keep = tmp_path / "run"
    process = subprocess.Popen(
        [*DEMO, "--observe", "--keep", str(keep)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (keep / "first-life.toml").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1.0)  # into the start of the node
    os.killpg(process.pid, sent)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in errors
    deadline = time.monotonic() + 60
    while children_that_name(str(keep)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not children_that_name(str(keep))


def test_a_directory_in_use_is_refused_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("", encoding="utf-8")
    done = run("--keep", str(tmp_path))
    assert done.returncode == 2
    assert "is not empty" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_store_that_does_not_answer_is_refused_with_its_address(tmp_path: Path) -> None:
    done = run("--keep", str(tmp_path / "run"), "--redis", "redis://127.0.0.1:1/0")
    assert done.returncode == 2
    assert "127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr
