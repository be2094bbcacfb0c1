"""The dashboards as committed: what the typed builders made of the registry. What they say is linted beside."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.ops.promql import parse
from trueup.ops.alerts import ALERTS
from trueup.ops.dashboards import DASHBOARDS
from trueup.ops.export import GRAFANA_ALERTS_PATH, all_files

ROOT = Path(__file__).resolve().parents[3]
FILES = {spec.uid: f"grafana/dashboards/{spec.uid}.json" for spec in DASHBOARDS}


def _load(uid: str) -> dict[str, Any]:
    document = json.loads(all_files()[FILES[uid]])
    assert isinstance(document, dict)
    return document


def test_the_committed_dashboards_are_what_their_registry_makes() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/dashboards.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "")


def _through_the_types(dashboard: dict[str, Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from grafana_foundation_sdk.cog.encoder import JSONEncoder
        from grafana_foundation_sdk.models.dashboard import Dashboard

        return json.loads(json.dumps(Dashboard.from_json(dashboard), cls=JSONEncoder))


@pytest.mark.parametrize("uid", FILES)
def test_a_dashboard_survives_the_round_through_grafanas_own_types(uid: str) -> None:
    assert _through_the_types(_load(uid)) == _load(uid)


@pytest.mark.parametrize("key", ["descripton", "datasorce", "gridpos"])
def test_a_misspelt_field_does_not_survive_it(key: str) -> None:
    broken = _load("trueup-node")
    broken["panels"][1][key] = "x"

    assert _through_the_types(broken) != broken


def test_grafanas_own_alerts_ask_the_same_with_the_recorded_queries_written_out() -> None:
    document = yaml.safe_load(all_files()[GRAFANA_ALERTS_PATH])
    rules = {rule["title"]: rule for group in document["groups"] for rule in group["rules"]}

    assert set(rules) == set(ALERTS)
    assert len({rule["uid"] for rule in rules.values()}) == len(rules)
    for name, rule in rules.items():
        expression = rule["data"][0]["model"]["expr"]
        parse(expression)
        assert "instance:" not in expression
        if not name.startswith("TrueupDetection"):
            assert expression == ALERTS[name].expression
        assert len(rule["uid"]) <= 40
        assert "{{ $value }}" not in rule["annotations"]["summary"]


def test_the_data_source_that_grafanas_alerts_ask_is_the_provisioned_one() -> None:
    files = all_files()
    sources = yaml.safe_load(files["grafana/provisioning/datasources/trueup.yaml"])["datasources"]
    document = yaml.safe_load(files[GRAFANA_ALERTS_PATH])

    asked = {rule["data"][0]["datasourceUid"] for group in document["groups"] for rule in group["rules"]}
    assert asked == {source["uid"] for source in sources}
