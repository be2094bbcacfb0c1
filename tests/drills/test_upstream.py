"""The table of the engine's own faults: what it is made of, and what the command says."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from trueup.cli.app import app
from trueup.drills import scenarios
from trueup.drills.upstream import Ended, faults, read_record, record, render
from trueup.errors import ConfigValueError

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ["1.222.0", "1.226.0", "1.230.0", "1.231.0"]


def test_there_are_enough_faults_each_with_its_number_and_scenarios_that_exist() -> None:
    known = {scenario.id for scenario in scenarios()}
    listed = faults()
    assert len(listed) >= 25
    assert [fault.id for fault in listed] == [f"U{number:02}" for number in range(1, len(listed) + 1)]
    for fault in listed:
        assert fault.scenarios, fault.id
        assert set(fault.scenarios) <= known, fault.id


def test_every_fault_is_on_record_on_every_version_and_trueup_broke_no_promise_on_any() -> None:
    kept = read_record()
    wanted = {name for fault in faults() for name in fault.scenarios}
    assert list(kept) == VERSIONS
    for version, results in kept.items():
        assert wanted <= set(results), version
        assert [name for name, one in results.items() if one.verified.startswith("BROKEN")] == [], version


def test_every_fault_shows_on_the_newest_engine() -> None:
    newest = read_record()[VERSIONS[-1]]
    assert [f.id for f in faults() if all(newest[name].native == "right" for name in f.scenarios)] == []


def test_a_version_is_recorded_beside_the_others_in_the_order_of_their_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "measured").mkdir()
    monkeypatch.setattr("trueup.drills.upstream._path", lambda *parts: tmp_path.joinpath(*parts))
    for version in ("1.231.0", "1.222.0", "1.230.0"):
        record(version, {"4c": Ended("order missing", "CLEAN")})
    record("1.230.0", {"4f": Ended("right", "REFUSED")})
    assert list(read_record()) == ["1.222.0", "1.230.0", "1.231.0"]
    assert set(read_record()["1.230.0"]) == {"4c", "4f"}


def test_the_table_counts_what_is_on_record() -> None:
    text = render()
    for fault in faults():
        assert f"| {fault.id} | {fault.what} |" in text
    assert "not run" not in text


def test_a_fault_that_does_not_exist_is_refused_with_those_that_do() -> None:
    done = CliRunner().invoke(app, ["drill", "upstream", "U99"])
    assert isinstance(done.exception, ConfigValueError)
    assert "U01 to U" in str(done.exception)
