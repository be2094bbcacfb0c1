"""Wait for states, never for times."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_SECS = 180.0
POLL_SECS = 0.1


def until(what: Callable[[], object], said: str, secs: float = PATIENCE_SECS) -> None:
    """Wait for a state; the time is a bound against hanging, and says nothing of how long it may take."""
    deadline = time.monotonic() + secs
    while not what():
        assert time.monotonic() < deadline, f"{said} within {secs:.0f} s"
        time.sleep(POLL_SECS)
