"""Hold dashboards to the types that Grafana itself publishes, with TypeScript's compiler.

Not the version that the builders were made of: what one of them does not know is drift, and is listed here.
"""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.integration.ops.dashboards.grafana import FOLDER

COMPILE_SECS_MAX = 120
PANELS = {"stat": "Stat", "timeseries": "TimeSeries", "table": "Table", "state-timeline": "StateTimeline"}
"""Grafana's name of a panel's types, by its name in JSON."""
TYPES = "grafana-schema-13"
OPTIONS = TYPES + "/dist/esm/raw/composable/{folder}/panelcfg/x/{name}PanelCfg_types.gen"
DRIFT = {
    "variable": ("auto", "auto_count", "auto_min"),
    "mark": ("expr", "step", "titleFormat", "useValueForTime"),
    "mark's query": ("expr", "interval", "range", "instant", "exemplar", "format"),
    "table": ("footer",),
}
"""Fields that the builders write and Grafana 13's types do not name: how a variable that is no interval would step;
what the Prometheus data source alone reads of a mark and of its query; an empty footer. They are not compiled."""


def known(dashboard: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dashboard without what is known to have drifted."""
    found: dict[str, Any] = copy.deepcopy(dict(dashboard))
    parts = (
        (found["templating"]["list"], "variable"),
        (found["annotations"]["list"], "mark"),
        ([mark["target"] for mark in found["annotations"]["list"]], "mark's query"),
        ([panel["options"] for panel in found["panels"] if panel["type"] == "table"], "table"),
    )
    for ones, kind in parts:
        for one in ones:
            for field in DRIFT[kind]:
                one.pop(field, None)
    return found


def program(dashboards: Mapping[str, dict[str, Any]]) -> str:
    """Return a program that is right where the dashboards keep to the types."""
    return "\n".join(_lines(dashboards)) + "\n"


def _lines(dashboards: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    yield 'import type { Json } from "./json";'
    yield f'import type {{ Dashboard }} from "{TYPES}";'
    for name in PANELS.values():
        source = OPTIONS.format(folder=name.lower(), name=name)
        names = f"Options as {name}Options" + ("" if name == "Stat" else f", FieldConfig as {name}Field")
        yield f'import type {{ {names} }} from "{source}";'
    for number, (uid, whole) in enumerate(dashboards.items()):
        dashboard = known(whole)
        yield f"// {uid}"
        yield f"export const dashboard{number}: Json<Dashboard> = {json.dumps(dashboard)};"
        for panel in dashboard["panels"]:
            if panel["type"] == "row":
                continue
            name, suffix = PANELS[panel["type"]], f"{number}_{panel['id']}"
            yield f"export const options{suffix}: Partial<Json<{name}Options>> = {json.dumps(panel['options'])};"
            custom = panel["fieldConfig"]["defaults"].get("custom")
            if custom and name != "Stat":
                yield f"export const custom{suffix}: Partial<Json<{name}Field>> = {json.dumps(custom)};"


def faults(installation: Path, dashboards: Mapping[str, dict[str, Any]]) -> list[str]:
    """Return what the compiler does not accept."""
    shutil.copy(FOLDER / "json.ts", installation)
    (installation / "dashboards.ts").write_text(program(dashboards), encoding="utf-8")
    how = ("--noEmit", "--strict", "--skipLibCheck", "--module", "esnext", "--moduleResolution", "bundler")
    done = subprocess.run(
        ["node", "node_modules/typescript/bin/tsc", *how, "--pretty", "false", "dashboards.ts"],
        cwd=installation,
        capture_output=True,
        text=True,
        timeout=COMPILE_SECS_MAX,
        check=False,
    )
    found = [line for line in done.stdout.splitlines() if "error TS" in line]
    assert found or done.returncode == 0, done.stdout + done.stderr
    return found
