"""Draw every dashboard once, over a node in trouble and over fifty simulated nodes, and keep what was measured.

    nice python -m tests.integration.ops.dashboards.record [--only node|fleet] [--packages DIR]

Needs Node.js and npm besides what the tests need. ``make generate`` writes the figures into the documents.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import redis

from tests.integration.ops.dashboards import grafana
from tests.integration.ops.dashboards.fleet import NODES, fleet
from tests.integration.ops.dashboards.ground import observed_node
from tests.integration.ops.dashboards.measured import MEASURED, Measured
from tests.integration.ops.dashboards.picture import page, shoot
from tests.integration.ops.dashboards.prometheus import Asked, Prometheus, Window, ask
from trueup.ops.export import all_files
from trueup.ops.observer import Observer

IMAGES = Path(__file__).resolve().parents[4] / "docs" / "images"
CALM_SECS, AFTERMATH_SECS = 40.0, 20.0
STORE_PAUSE_MS = 9_000
FLEET_SECS = 150.0
FLEET_ILL_SECS = (75.0, 3_600.0)
FLEET_SCRAPE_SECS = 15
"""As the deployed configuration has it."""


def draw(uid: str, prometheus: Prometheus, window: Window, packages: Path) -> Asked:
    """Ask a dashboard and write its picture."""
    dashboard: dict[str, Any] = json.loads(all_files()[f"grafana/dashboards/{uid}.json"])
    asked = ask(dashboard, prometheus, window)
    shown = grafana.shown(packages, dashboard, asked)
    shoot(page(dashboard, shown, window.since, window.until), IMAGES / f"{uid}.png")
    return asked


def node_story(directory: Path, packages: Path) -> None:
    """Let a node live through a lost fill, a cut stream, a deaf store, and a venue that refuses; draw while it does."""
    with observed_node(directory) as ground:
        time.sleep(CALM_SECS)
        ground.lose_a_fill()
        time.sleep(AFTERMATH_SECS)
        ground.stage.control.cut_streams(ground.stage.ready.account)
        time.sleep(AFTERMATH_SECS)
        with redis.Redis.from_url(ground.stage.store_url) as server:
            server.client_pause(STORE_PAUSE_MS, all=False)
        time.sleep(STORE_PAUSE_MS / 1000 + AFTERMATH_SECS)
        ground.bring_trouble()
        time.sleep(AFTERMATH_SECS)
        window = Window(ground.began_secs, time.time())
        for uid in ("trueup-node", "trueup-incident"):
            draw(uid, ground.prometheus, window, packages)


def fleet_story(directory: Path, packages: Path) -> Measured:
    """Scrape fifty simulated nodes for some minutes, draw the fleet, and return what its queries cost."""
    began = time.time()
    with fleet(FLEET_ILL_SECS) as targets, Observer(directory, targets, scrape_secs=FLEET_SCRAPE_SECS) as observer:
        prometheus = Prometheus(observer.prometheus_url, scrape_secs=FLEET_SCRAPE_SECS)
        time.sleep(FLEET_SECS)
        window = Window(began, time.time())
        before = _cpu_secs(observer.prometheus_url)
        dashboard = json.loads(all_files()["grafana/dashboards/trueup-fleet.json"])
        ask(dashboard, prometheus, window)
        cpu_secs = _cpu_secs(observer.prometheus_url) - before
        asked = draw("trueup-fleet", prometheus, window, packages)

        def value(expression: str) -> float:
            return max(float(row["value"][1]) for row in prometheus.instant(expression))

        titles = {panel["id"]: panel["title"] for panel in dashboard["panels"]}
        slowest = max(asked.secs, key=lambda key: asked.secs[key])
        return Measured(
            date=f"{datetime.now(UTC):%Y-%m-%d}",
            prometheus=_version(),
            load=round(os.getloadavg()[0], 1),
            cores=os.cpu_count() or 0,
            nodes=NODES,
            scrape_secs=FLEET_SCRAPE_SECS,
            minutes=round(FLEET_SECS / 60, 1),
            series_each=int(value('count by (instance) ({job="trueup", __name__=~"trueup_.*"})')),
            series_all=int(value('count({job=~"trueup|trueup-watch"})')),
            samples_each_scrape=int(value("sum(scrape_samples_scraped)")),
            scrape_ms_max=round(1000 * value('max(max_over_time(scrape_duration_seconds{job="trueup"}[2m]))'), 1),
            queries=len(asked.secs),
            query_cpu_ms_all=round(1000 * cpu_secs),
            query_ms_all=round(1000 * sum(asked.secs.values()), 1),
            query_ms_median=round(1000 * statistics.median(asked.secs.values()), 1),
            query_ms_max=round(1000 * asked.secs[slowest], 1),
            slowest=titles[slowest[0]],
        )


def _cpu_secs(url: str) -> float:
    """Return the processor time that a Prometheus has used so far, by its own word."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
        (line,) = [one for one in answer.read().decode().splitlines() if one.startswith("process_cpu_seconds_total ")]
    return float(line.split()[1])


def _version() -> str:
    done = subprocess.run(["prometheus", "--version"], capture_output=True, text=True, check=True, timeout=30)
    return (done.stdout or done.stderr).split()[2]


def main() -> None:
    """Draw, measure, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", choices=("node", "fleet"))
    parser.add_argument("--packages", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dashboards-") as name:
        directory = Path(name)
        packages = grafana.installed(arguments.packages or directory)
        if arguments.only != "fleet":
            (directory / "node").mkdir()
            node_story(directory / "node", packages)
        if arguments.only != "node":
            measured = fleet_story(directory / "fleet", packages)
            MEASURED.write_bytes(msgspec.json.format(msgspec.json.encode(measured), indent=1) + b"\n")


if __name__ == "__main__":
    main()
