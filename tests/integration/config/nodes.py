"""Both ends of the supported versions, each in an interpreter of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.integration.forked import run_forked

ROOT = Path(__file__).parents[3]
OLDEST_PYTHON = ROOT / ".venv-oldest" / "bin" / "python"
"""Made by ``make setup-oldest``; ``make test`` does it first."""

INTERPRETERS = {"1.222": OLDEST_PYTHON, "1.231": Path(sys.executable)}


def run_module(
    python: Path,
    module: str,
    *arguments: str,
    cwd: Path = ROOT,
    stdin: str = "",
    variables: Mapping[str, str] | None = None,
    limit_secs: float = 120.0,
) -> subprocess.CompletedProcess[str]:
    """Run a module of the tests in one of the interpreters, with this repository on its path.

    In this interpreter it is forked from a process that has imported the engine.
    """
    added = {"PYTHONPATH": str(ROOT), **(variables or {})}
    if python == Path(sys.executable):
        return run_forked(module, *arguments, given=stdin, directory=cwd, variables=added, limit_secs=limit_secs)
    return subprocess.run(
        [str(python), "-m", module, *arguments],
        cwd=cwd,
        env={**os.environ, **added},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=limit_secs,
        check=False,
    )


def run_script(
    python: Path,
    script: str,
    *arguments: str,
    cwd: Path,
    stdin: str = "",
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a script of this folder; see `run_module`."""
    module = f"{__package__}.scripts.{script}"
    return run_module(python, module, *arguments, cwd=cwd, stdin=stdin, variables=variables)
