"""Grafana's own data code, in Node: what it makes of the answers to a dashboard's queries."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.integration.ops.dashboards.prometheus import Asked

FOLDER = Path(__file__).resolve().parent.parent / "grafana"
INSTALL_SECS_MAX = 300
RUN_SECS_MAX = 60


def installed(cache: Path) -> Path:
    """Install the locked packages below a folder, once, and return where the program runs."""
    target = cache / "grafana"
    lock = (FOLDER / "package-lock.json").read_bytes()
    mark = target / "installed.lock"
    if not mark.exists() or mark.read_bytes() != lock:
        target.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(FOLDER / name, target)
        done = subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=target,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECS_MAX,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        mark.write_bytes(lock)
    shutil.copy(FOLDER / "panels.mjs", target)
    return target


def shown(installation: Path, dashboard: Mapping[str, Any], asked: Asked) -> dict[int, dict[str, Any]]:
    """Return, by panel id, the words, colours and lines that Grafana's data code makes of the answers."""
    panels = [
        {
            "panel": panel,
            "answers": {target["refId"]: asked.answers[panel["id"], target["refId"]] for target in panel["targets"]},
        }
        for panel in dashboard["panels"]
        if panel["type"] != "row"
    ]
    window = {"from": asked.window.since, "to": asked.window.until, "step": asked.window.step_secs}
    done = subprocess.run(
        ["node", "panels.mjs"],
        cwd=installation,
        input=json.dumps({"window": window, "panels": panels}),
        capture_output=True,
        text=True,
        timeout=RUN_SECS_MAX,
        check=False,
        env={**os.environ, "TZ": "UTC"},
    )
    assert done.returncode == 0, done.stderr
    return {int(number): panel for number, panel in json.loads(done.stdout).items()}
