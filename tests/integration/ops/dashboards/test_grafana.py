"""Dashboards in Grafana's own code: its published types, and what its data code makes of a real node's answers.

Long: 188 MB of packages are installed from their lock (30 s), and Node.js is needed. Run it with
``pytest -m long tests/integration/ops/dashboards``.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ops.dashboards import grafana, types
from tests.integration.ops.dashboards.ground import ALERT, INSTANCE, Ground, observed_node
from tests.integration.ops.dashboards.prometheus import Window, ask
from trueup.ops.dashboards import DASHBOARDS
from trueup.ops.export import all_files

pytestmark = [pytest.mark.long, pytest.mark.node, pytest.mark.server, pytest.mark.timeout(600)]

GREEN, RED = "#56A64B", "#E02F44"
"""As Grafana's light theme draws its colours' names."""
LOADED: dict[str, dict[str, Any]] = {
    spec.uid: json.loads(all_files()[f"grafana/dashboards/{spec.uid}.json"]) for spec in DASHBOARDS
}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grafana's packages, as locked."""
    return grafana.installed(tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Venue, store, node, auditor and Prometheus."""
    with observed_node(tmp_path_factory.mktemp("grafana")) as made:
        yield made


def look(ground: Ground, packages: Path, uid: str) -> dict[str, dict[str, Any]]:
    """Return what each panel shows now, by its title."""
    asked = ask(LOADED[uid], ground.prometheus, Window(ground.began_secs, time.time()))
    return {panel["title"]: panel for panel in grafana.shown(packages, LOADED[uid], asked).values()}


def test_grafanas_published_types_accept_every_dashboard(packages: Path) -> None:
    assert types.faults(packages, LOADED) == []


@pytest.mark.parametrize(
    "fault", ["a misspelt field", "a word that is none", "a number for a word", "a misspelt option"]
)
def test_grafanas_published_types_refuse_a_broken_one(packages: Path, fault: str) -> None:
    broken = copy.deepcopy(LOADED)
    panel = next(one for one in broken["trueup-node"]["panels"] if one["type"] == "timeseries")
    match fault:
        case "a misspelt field":
            panel["descripton"] = panel.pop("description")
        case "a word that is none":
            panel["options"]["legend"]["displayMode"] = "tabel"
        case "a number for a word":
            panel["fieldConfig"]["defaults"]["unit"] = 5
        case _:
            panel["options"]["legnd"] = panel["options"].pop("legend")

    assert types.faults(packages, broken)


def test_of_a_node_that_is_well_words_colours_and_units_are_right(ground: Ground, packages: Path) -> None:
    shown = look(ground, packages, "trueup-node")

    for title, word in (("Verdict", "CLEAN"), ("Phase", "MONITORING"), ("Trading", "yes"), ("Guard", "ACTIVE")):
        assert shown[title]["values"] == [{"text": word, "color": GREEN}], title
    assert shown["Discrepancies"]["values"] == [{"text": "0", "color": GREEN}]
    assert shown["Alerts"]["empty"]
    assert shown["Alerts"]["nothing"] == "No alert fires"
    assert all(tick["text"].endswith("%") for tick in shown["Request weight"]["ticks"])
    assert all(tick["text"].endswith("s") for tick in shown["Time of a check"]["ticks"])
    assert {row["name"] for row in shown["Guard over time"]["rows"]} == {"asked for", "effective"}
    fleet = look(ground, packages, "trueup-fleet")["Nodes"]
    (row,) = [dict(zip(fleet["columns"], cells, strict=True)) for cells in fleet["rows"]]
    assert fleet["columns"][:5] == ["Instance", "Trader", "Mode", "Verdict", "Confirmed"]
    assert row["Instance"]["href"].startswith(f"/d/trueup-node?var-instance={INSTANCE}&")
    assert (row["Verdict"]["text"], row["Verdict"]["color"]) == ("CLEAN", GREEN)
    assert row["Confirmed"]["text"].endswith("s")


def test_in_trouble_the_worst_is_red_on_top_and_leads_to_its_runbook(ground: Ground, packages: Path) -> None:
    ground.bring_trouble()

    shown = look(ground, packages, "trueup-node")
    (store,) = shown["Store over time"]["rows"]
    assert (store["bars"][0]["text"], store["bars"][0]["color"]) == ("PRESENT", GREEN)
    assert (store["bars"][-1]["text"], store["bars"][-1]["color"]) == ("LOST", RED)
    alerts = shown["Alerts"]
    rows = [dict(zip(alerts["columns"], cells, strict=True)) for cells in alerts["rows"]]
    severities = [row["Severity"]["text"] for row in rows]
    assert severities == sorted(severities, key=["critical", "warning", "info"].index)
    (fires,) = [row for row in rows if row["Alert"]["text"] == ALERT]
    assert (fires["Severity"]["text"], fires["Severity"]["color"]) == ("critical", RED)
    assert fires["Since"]["text"].endswith("ago")
    assert fires["Alert"]["href"] == f"runbooks/{ALERT}.md"
