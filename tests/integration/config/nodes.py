"""Both ends of the supported versions, each in an interpreter of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[3]
OLDEST_PYTHON = ROOT / ".venv-oldest" / "bin" / "python"
"""Made by ``make setup-oldest``; ``make test`` does it first."""

INTERPRETERS = {"1.222": OLDEST_PYTHON, "1.231": Path(sys.executable)}


def run_script(
    python: Path,
    script: str,
    *arguments: str,
    cwd: Path,
    stdin: str = "",
    variables: Mapping[str, str] | None = None,
    limit_secs: float = 120.0,
) -> subprocess.CompletedProcess[str]:
    """Run a script of this folder in one of the interpreters, with this repository on its path."""
    return subprocess.run(
        [str(python), str(Path(__file__).parent / "scripts" / script), *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(variables or {})},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=limit_secs,
        check=False,
    )
