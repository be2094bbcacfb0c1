"""The fleet's dashboard over fifty nodes, each with as many series as it ever can have, in a real Prometheus."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.ops.dashboards.fleet import NODES, SICK, fleet, instance, trader
from tests.integration.ops.dashboards.prometheus import Asked, Prometheus, Window, ask
from tests.integration.ops.waiting import until
from trueup.ops.dashboards.fleet import NODES_SHOWN
from trueup.ops.export import all_files
from trueup.ops.metric import Source
from trueup.ops.metrics import series_limit
from trueup.ops.observer import Observer

SCRAPE_SECS = 5
ILL_SECS = (10.0, 3_600.0)
SCRAPED_SERIES = 5
"""What Prometheus itself adds to each target: up, and four about the scrape."""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Any], Asked, Prometheus]]:
    """The dashboard, and its answers while five nodes are ill."""
    dashboard = json.loads(all_files()["grafana/dashboards/trueup-fleet.json"])
    began = time.time()
    with (
        fleet(ILL_SECS) as targets,
        Observer(tmp_path_factory.mktemp("fleet"), targets, scrape_secs=SCRAPE_SECS) as observer,
    ):
        prometheus = Prometheus(observer.prometheus_url, scrape_secs=SCRAPE_SECS)

        def value(expression: str) -> float:
            return sum(float(row["value"][1]) for row in prometheus.instant(expression))

        until(lambda: value('count(up{job="trueup"} == 1)') == NODES, "not every node was scraped")
        until(lambda: value("count(trueup_reconciled == 0)") == 2, "nobody fell ill")
        until(lambda: value('count(count_over_time(up{job="trueup-watch"}[1m]) > 2)') == 1, "no auditor was scraped")
        until(lambda: value('count(ALERTS{alertstate="firing", job="trueup"})') > 0, "no alert fired")
        yield dashboard, ask(dashboard, prometheus, Window(began, time.time())), prometheus


def answers(asked: tuple[dict[str, Any], Asked, Prometheus], title: str) -> dict[str, list[dict[str, Any]]]:
    """Return a panel's answers by letter."""
    dashboard, found, _ = asked
    (number,) = [panel["id"] for panel in dashboard["panels"] if panel["title"] == title]
    return {letter: answer for (panel, letter), answer in found.answers.items() if panel == number}


def test_the_table_has_a_line_for_every_node_from_every_query(asked: tuple[dict[str, Any], Asked, Prometheus]) -> None:
    everybody = {instance(number) for number in range(1, NODES + 1)}
    for letter, answer in answers(asked, "Nodes").items():
        assert {row["metric"]["instance"] for row in answer} == everybody, letter
        assert len(answer) == NODES, letter


def test_who_is_in_trouble_is_counted_and_named(asked: tuple[dict[str, Any], Asked, Prometheus]) -> None:
    discrepant, unknown, _, _, heavy = map(instance, SICK)
    counts = {
        title: float(answers(asked, title)["A"][0]["value"][1])
        for title in ("Answering", "Not proven true", "Not trading", "Held back", "Discrepancies", "Down")
    }
    assert counts == {
        "Answering": NODES,
        "Not proven true": 2,
        "Not trading": 1,
        "Held back": 1,
        "Discrepancies": 2,
        "Down": 0,
    }
    (verdicts,) = answers(asked, "Nodes that were not CLEAN").values()
    assert {row["metric"]["instance"] for row in verdicts} == {discrepant, unknown}
    (outside,) = answers(asked, "Accounts that were not CLEAN from outside").values()
    assert {row["metric"]["trader_id"] for row in outside} == {trader(SICK[0])}
    auditor = {row["metric"]["instance"]: float(row["value"][1]) for row in answers(asked, "Nodes")["H"]}
    assert {name for name, code in auditor.items() if code == 2} == {discrepant}
    named = answers(asked, "Request weight")["C"]
    assert {row["metric"]["instance"] for row in named} == {heavy}
    idle = {row["metric"]["instance"] for row in answers(asked, "Nodes")["J"] if row["value"][1] == "1"}
    assert idle == {instance(SICK[3])}


def test_no_panel_but_the_tables_draws_more_lines_than_can_be_told_apart(
    asked: tuple[dict[str, Any], Asked, Prometheus],
) -> None:
    dashboard, found, _ = asked
    tables = {panel["id"] for panel in dashboard["panels"] if panel["type"] == "table"}
    for (number, letter), answer in found.answers.items():
        if number not in tables:
            moments = Counter(moment for row in answer for moment, _ in row.get("values") or [row["value"]])
            assert max(moments.values(), default=0) <= NODES_SHOWN, (number, letter)


def test_prometheus_holds_as_many_series_of_a_node_as_the_registry_says_and_no_more(
    asked: tuple[dict[str, Any], Asked, Prometheus],
) -> None:
    *_, prometheus = asked
    counted = {
        row["metric"]["instance"]: int(row["value"][1])
        for row in prometheus.instant('count by (instance) ({job="trueup", __name__!~"ALERTS.*|instance:.*"})')
    }
    limit = series_limit(Source.NODE, accounts=1, clients=1)
    assert set(counted.values()) == {limit + SCRAPED_SERIES}
    assert len(counted) == NODES
