"""The documents, the committed files and the command line are what the project says of itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def tracked_files() -> list[Path]:
    listed = run("git", "ls-files").stdout.split()
    return [ROOT / name for name in listed]


def test_generated_documents_are_fresh_and_links_and_snippets_hold() -> None:
    done = run(sys.executable, "scripts/docs_check.py")
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_lock_file_names_an_index_and_every_requirement_is_hashed() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text, lock
        assert "index-url" not in text, lock
        requirements = re.findall(r"^[a-z0-9][^\n]*==[^\n]*\\$", text, re.MULTILINE)
        assert len(requirements) > 20, lock
        assert len(requirements) == len(re.findall(r"^[a-z0-9].*==", text, re.MULTILINE)), lock


def test_every_package_of_the_source_tree_is_committed() -> None:
    # An ignore pattern once hid a package named 'build'.
    committed = set(tracked_files())
    missing = [path for path in (ROOT / "src").rglob("*.py") if path not in committed and not _is_new(path)]
    assert missing == []


def _is_new(path: Path) -> bool:
    """Return whether git would show the file as untracked: not committed yet, but not hidden either."""
    return run("git", "check-ignore", "-q", str(path)).returncode != 0


@pytest.mark.parametrize("command", ["demo", "check", "explain", "run", "emulator", "drill", "probe"])
def test_every_command_helps(command: str) -> None:
    done = run(sys.executable, "-m", "trueup", command, "--help")
    assert done.returncode == 0
    assert "Usage: " in done.stdout


def test_an_unknown_command_is_refused_without_a_traceback() -> None:
    done = run(sys.executable, "-m", "trueup", "reconcile")
    assert done.returncode == 2
    assert "No such command" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_suitable_python_is_said_clearly_with_what_to_do() -> None:
    done = subprocess.run(
        ["/bin/sh", str(ROOT / "scripts" / "find_python.sh")],
        env={"PATH": "/nonexistent", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode in {0, 1}  # 0 where a system-wide interpreter stands at a fixed place
    if done.returncode == 1:
        assert "no suitable Python" in done.stderr
        assert "do:" in done.stderr
