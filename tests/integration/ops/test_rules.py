"""The generated rules, in Prometheus' own rule tester: silent just before, firing just after, resolved when cured."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.ops.scene import Scene
from tests.integration.ops.scenes import SCENES
from trueup.ops.alerts import ALERTS
from trueup.ops.rules import render, runbook_url

EVER_FIRING = {"TrueupWatchdog"}


def _promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)


def _expected(scene: Scene) -> dict[str, Any]:
    alert = ALERTS[scene.alert]
    return {
        "exp_labels": {**scene.labels, "severity": scene.severity, "component": alert.component.value},
        "exp_annotations": {
            "summary": scene.summary,
            "description": alert.description,
            "runbook_url": runbook_url(alert),
        },
    }


def _unit(scene: Scene) -> dict[str, Any]:
    checks = [
        (scene.start_secs + scene.silent_secs, []),
        (scene.start_secs + scene.fires_secs, [_expected(scene)]),
        (scene.end_secs + scene.resolves_secs, []),
    ]
    return {
        "name": scene.alert,
        "interval": f"{scene.step_secs}s",
        "input_series": [{"series": name, "values": scene.values(wave)} for name, wave in scene.series.items()],
        "alert_rule_test": [
            {"eval_time": f"{secs}s", "alertname": scene.alert, "exp_alerts": expected} for secs, expected in checks
        ],
    }


def _only(rules: str, alert: str) -> str:
    """Return the rule file with one alert and the recorded queries: promtool evaluates every rule at every step."""
    document = yaml.safe_load(rules)
    for group in document["groups"]:
        group["rules"] = [rule for rule in group["rules"] if "record" in rule or rule["alert"] == alert]
        if not alert.startswith("TrueupDetection"):
            group["rules"] = [rule for rule in group["rules"] if "record" not in rule]
    document["groups"] = [group for group in document["groups"] if group["rules"]]
    return yaml.safe_dump(document, sort_keys=False)


def _run(folder: Path, rules: str, scenes: tuple[Scene, ...]) -> subprocess.CompletedProcess[str]:
    files = []
    for scene in scenes:
        kept = _only(rules, scene.alert)
        (folder / f"{scene.alert}.rules.yml").write_text(kept)
        document = {
            "rule_files": [f"{scene.alert}.rules.yml"],
            "evaluation_interval": f"{scene.step_secs}s",
            # Else by chance: an alert that reads a recorded query would see this step's value, or the one before.
            "group_eval_order": [group["name"] for group in yaml.safe_load(kept)["groups"]],
            "tests": [_unit(scene)],
        }
        files.append(folder / f"{scene.alert}.test.yml")
        files[-1].write_text(yaml.safe_dump(document, sort_keys=False, width=10_000))
    return _promtool("test", "rules", *files)


def test_prometheus_itself_accepts_the_rules(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(render())

    done = _promtool("check", "rules", tmp_path / "rules.yml")

    assert done.returncode == 0, done.stderr
    assert "rules found" in done.stdout


def test_every_alert_but_the_dead_mans_switch_has_a_trial_of_its_own() -> None:
    assert {scene.alert for scene in SCENES} == set(ALERTS) - EVER_FIRING


def test_every_alert_is_silent_just_before_fires_just_after_and_is_resolved_by_the_cure(tmp_path: Path) -> None:
    done = _run(tmp_path, render(), SCENES)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_watchdog_fires_without_any_series(tmp_path: Path) -> None:
    alert = ALERTS["TrueupWatchdog"]
    (tmp_path / "rules.yml").write_text(render())
    expected = {
        "exp_labels": {"severity": "none", "component": "monitoring"},
        "exp_annotations": {
            "summary": alert.summary,
            "description": alert.description,
            "runbook_url": runbook_url(alert),
        },
    }
    unit = {
        "interval": "5s",
        "input_series": [],
        "alert_rule_test": [{"eval_time": "5s", "alertname": alert.name, "exp_alerts": [expected]}],
    }
    (tmp_path / "tests.yml").write_text(yaml.safe_dump({"rule_files": ["rules.yml"], "tests": [unit]}))

    done = _promtool("test", "rules", tmp_path / "tests.yml")

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("found", "broken", "alert"),
    [
        pytest.param("trueup_store_up == 0", "trueup_store_down == 0", "TrueupStoreDown", id="a wrong name"),
        pytest.param('state="HALTED"', 'state="halted"', "TrueupGuardHalted", id="a wrong label value"),
        pytest.param(
            "trueup_inflight_oldest_age_seconds > 30",
            "trueup_inflight_oldest_age_seconds > 31536000",
            "TrueupInflightStuck",
            id="a comparison that is never true",
        ),
        pytest.param(
            "trueup_inflight_oldest_age_seconds > 30",
            "trueup_inflight_oldest_age_seconds > 25",
            "TrueupInflightStuck",
            id="a threshold that moved",
        ),
        pytest.param("for: 30s", "for: 35s", "TrueupClientDisconnected", id="a duration that moved"),
        pytest.param(
            "on (job, instance, state)", "on (job, state)", "TrueupGuardOverridden", id="a join that mixes nodes"
        ),
    ],
)
def test_a_broken_rule_is_caught(tmp_path: Path, found: str, broken: str, alert: str) -> None:
    rules = render()
    assert found in rules
    scenes = tuple(scene for scene in SCENES if scene.alert == alert)
    assert _run(tmp_path, rules, scenes).returncode == 0

    done = _run(tmp_path, rules.replace(found, broken), scenes)

    assert done.returncode != 0
