"""What the suite measured, kept for the page about the alerts."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.integration.ops.end_to_end.cases import NOT_SHOWN
from tests.integration.ops.end_to_end.trial import Shown
from trueup._version import __version__
from trueup.config.engine_versions import installed_version
from trueup.ops import alerts_reference

MEASURED = Path(alerts_reference.__file__).parent / alerts_reference.MEASURED
COMPRESS = 10
"""Waiting times and windows of a minute and more are divided by this: a day's suite becomes half an hour's."""


def keep(shown: Mapping[str, Shown]) -> None:
    """Add what was shown to what is on record."""
    MEASURED.parent.mkdir(exist_ok=True)
    with MEASURED.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # groups may run side by side
        file.seek(0)
        text = file.read()
        held = json.loads(text) if text else {}
        alerts = held.get("alerts", {}) | {name: _as_json(one) for name, one in shown.items()}
        load, now = os.getloadavg()[2], time.strftime("%Y-%m-%d %H:%M", time.gmtime())
        lowest, highest = held.get("loads", (load, load))
        document = {
            "how": _how(),
            "loads": [round(min(lowest, load), 1), round(max(highest, load), 1)],
            "between": [held.get("between", (now,))[0], now],
            "compress": COMPRESS,
            "alerts": dict(sorted(alerts.items())),
            "not_shown": NOT_SHOWN,
        }
        file.truncate(0)
        file.write(json.dumps(document, indent=2) + "\n")


def _as_json(one: Shown) -> dict[str, str | float | None]:
    return {"fault": one.fault, "fired_secs": one.fired_secs, "resolved_secs": one.resolved_secs}


def _how() -> str:
    tools = ", ".join(_version(program) for program in ("prometheus", "prometheus-alertmanager"))
    return (
        f"trueup {__version__} on NautilusTrader {installed_version()}, {tools}, scraped and evaluated every second, "
        f"on {os.cpu_count()} cores"
    )


def _version(program: str) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=True)
    first = (done.stdout + done.stderr).split("(")[0].split()
    return f"{first[0].strip(',').capitalize()} {first[2].partition('+')[0]}"
