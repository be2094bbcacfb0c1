"""Start node processes of benchmarks, one at a time, and read what they measured. Imports no NautilusTrader."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, Final

TIMEOUT_SECS: Final = 7_500.0
TAIL_LINES: Final = 15


class LifeError(RuntimeError):
    """A node process did not do what was to be measured."""


def start(life: str, **terms: Any) -> subprocess.Popen[str]:
    """Start a node process."""
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.node.worker", json.dumps({"life": life, **terms})],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )


def finish(process: subprocess.Popen[str], timeout_secs: float = TIMEOUT_SECS) -> dict[str, Any]:
    """Wait for a node process and return what it found.

    Raises
    ------
    LifeError
        If it ended otherwise, with the end of what it said.
    """
    try:
        said, _ = process.communicate(timeout=timeout_secs)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
        raise LifeError(f"not done after {timeout_secs:g} s: {said[-2000:]}") from None
    for line in said.splitlines():
        if line.startswith("FOUND "):
            found: dict[str, Any] = json.loads(line.removeprefix("FOUND "))
            print(f"  {process.args!r} {line}", file=sys.stderr, flush=True)
            return found
    raise LifeError("\n".join(said.splitlines()[-TAIL_LINES:]))


def live(life: str, **terms: Any) -> dict[str, Any]:
    """Run one node process to its end."""
    return finish(start(life, **terms))
