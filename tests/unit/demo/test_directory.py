"""Where a demonstration keeps its things."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from trueup.demo.directory import RUNS_KEPT_MAX, prepare_directory
from trueup.errors import ConfigValueError


def test_a_directory_of_the_user_s_is_created_and_used(tmp_path: Path) -> None:
    assert (prepare_directory(tmp_path / "a" / "b") / "logs").is_dir()


def test_a_directory_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigValueError, match="not empty"):
        prepare_directory(tmp_path)
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "mine"


def test_a_path_that_is_a_file_is_refused_with_a_reason(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    with pytest.raises(ConfigValueError, match="cannot be used"):
        prepare_directory(file)


def test_runs_of_our_own_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = [prepare_directory(None) for _ in range(RUNS_KEPT_MAX + 3)]
    assert sum(one.exists() for one in made) <= RUNS_KEPT_MAX
    assert made[-1].exists()
