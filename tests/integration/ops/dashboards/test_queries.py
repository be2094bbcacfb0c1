"""Every query of every dashboard, on a real Prometheus that scraped a real node and a real auditor.

The tests follow one node, in the order in which they stand: well, then in trouble.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.ops.dashboards.ground import ALERT, AUDITOR, INSTANCE, Ground, observed_node
from tests.integration.ops.dashboards.prometheus import Asked, Window, ask, is_empty
from tests.integration.ops.waiting import until
from trueup.ops.alerts import ALERTS
from trueup.ops.dashboards import DASHBOARDS
from trueup.ops.export import all_files
from trueup.ops.metric import Source
from trueup.ops.metrics import metrics_of

pytestmark = [pytest.mark.node, pytest.mark.server]

TROUBLE_SECS = 60.0
"""A bound against hanging: rates need two scrapes, and a range query a step."""
SHOWN_SECS = 60.0
"""A bound against hanging: of a rate there is nothing where a busy Prometheus missed the scrapes around the event."""
SPECS = {spec.uid: spec for spec in DASHBOARDS}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Venue, store, node, auditor and Prometheus."""
    with observed_node(tmp_path_factory.mktemp("dashboards")) as made:
        yield made


def load(uid: str) -> dict[str, Any]:
    dashboard = json.loads(all_files()[f"grafana/dashboards/{uid}.json"])
    assert isinstance(dashboard, dict)
    return dashboard


def ask_now(ground: Ground, uid: str) -> Asked:
    return ask(load(uid), ground.prometheus, Window(ground.began_secs, time.time()))


def empty_ones(uid: str, asked: Asked) -> set[str]:
    """Return the titles of the panels of which a query gives nothing."""
    titles = {panel["id"]: panel["title"] for panel in load(uid)["panels"]}
    return {titles[number] for (number, _), answer in asked.answers.items() if is_empty(answer)}


@pytest.mark.parametrize("uid", SPECS)
def test_of_a_node_that_is_well_every_panel_shows_data_but_those_that_say_why_not(ground: Ground, uid: str) -> None:
    says_why = {panel.title for panel in SPECS[uid].panels if panel.nothing}
    until(lambda: not empty_ones(uid, ask_now(ground, uid)) - says_why, "a panel stayed empty", SHOWN_SECS)
    asked = ask_now(ground, uid)
    assert empty_ones(uid, asked) - says_why == set()
    assert asked.variables["instance"] in (INSTANCE, f"({INSTANCE})")


def test_every_metric_of_the_registry_is_in_prometheus_with_its_type(ground: Ground) -> None:
    told = ground.prometheus.metadata()
    for source, job in ((Source.NODE, "trueup"), (Source.WATCH, "trueup-watch")):
        wanted = {metric.name: metric.type.value for metric in metrics_of(source)}
        assert {name: told[job].get(name) for name in wanted} == wanted


def test_the_marks_stand_at_the_moments_of_the_changes(ground: Ground) -> None:
    asked = ask_now(ground, "trueup-node")

    phases = {row["metric"]["phase"]: float(row["values"][-1][1]) / 1000 for row in asked.marks["Phase changes"]}
    (since,) = ground.prometheus.instant(f'trueup_phase_since_timestamp_seconds{{instance="{INSTANCE}"}}')
    assert phases["MONITORING"] == pytest.approx(float(since["value"][1]), abs=0.001)
    # On a busy machine the guard may have held the node for a moment before; then there are marks of that, too.
    assert "ACTIVE" in {row["metric"]["state"] for row in asked.marks["Guard changes"]}


def test_in_trouble_the_panels_that_were_empty_show_it(ground: Ground) -> None:
    ground.lose_a_fill()
    ground.bring_trouble()

    until(lambda: still_empty(ground) == set(), "not every panel had something to show", TROUBLE_SECS)


def still_empty(ground: Ground) -> set[str]:
    """Return the titles of the panels that show nothing at all."""
    found = set()
    for uid in SPECS:
        asked = ask_now(ground, uid)
        for panel in load(uid)["panels"]:
            answers = [answer for (number, _), answer in asked.answers.items() if number == panel["id"]]
            if answers and all(map(is_empty, answers)):
                found.add(panel["title"])
    return found


def test_what_fires_is_listed_with_its_severity_and_since_when(ground: Ground) -> None:
    (table,) = [panel for panel in load("trueup-node")["panels"] if panel["title"] == "Alerts"]

    def listed() -> dict[str, tuple[float, float]]:
        """Return code of the severity and moment of the beginning of each alert."""
        answers = ask_now(ground, "trueup-node").answers
        both = [
            {row["metric"]["alertname"]: float(row["value"][1]) for row in answers[table["id"], letter]}
            for letter in "AB"
        ]
        return {name: (both[0][name], both[1][name] / 1000) for name in both[0].keys() & both[1].keys()}

    until(lambda: ALERT in listed(), f"{ALERT} is not listed")
    worth = {"info": 1, "warning": 2, "critical": 3}
    for name, (code, since) in listed().items():
        assert code == worth[ALERTS[name].severity], name
        assert ground.began_secs - 120 <= since <= time.time(), name


def test_an_auditor_s_series_come_from_the_auditor_and_the_node_s_from_the_node(ground: Ground) -> None:
    by_job = {
        (row["metric"]["job"], row["metric"]["instance"])
        for row in ground.prometheus.instant('count by (job, instance) ({__name__=~"trueup_.*"})')
    }
    assert by_job == {("trueup", INSTANCE), ("trueup-watch", AUDITOR)}
