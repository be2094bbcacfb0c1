"""What an operator deploys: written whole, never over an operator's own changes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from trueup.cli.app import app
from trueup.errors import OpsFilesError
from trueup.ops.alerts import ALERTS
from trueup.ops.dashboards import DASHBOARDS
from trueup.ops.export import RULES_PATH, all_files, differences, export


def test_an_export_writes_every_file_and_the_second_one_changes_nothing(tmp_path: Path) -> None:
    first = export(tmp_path / "new" / "folder")
    second = export(tmp_path / "new" / "folder")

    assert set(first.written) == set(all_files())
    assert (second.written, set(second.unchanged)) == ((), set(all_files()))
    assert list(differences(tmp_path / "new" / "folder")) == []


def test_what_an_operator_changed_is_not_overwritten_and_nothing_else_is_written(tmp_path: Path) -> None:
    rules = tmp_path / RULES_PATH
    rules.parent.mkdir(parents=True)
    rules.write_text("mine")

    with pytest.raises(OpsFilesError, match=r"1 files in .* differ"):
        export(tmp_path)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [rules]
    assert rules.read_text() == "mine"


def test_force_overwrites(tmp_path: Path) -> None:
    export(tmp_path)
    (tmp_path / RULES_PATH).write_text("mine")

    assert export(tmp_path, force=True).written == (RULES_PATH,)


def test_a_folder_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")

    with pytest.raises(OpsFilesError, match="taken"):
        export(tmp_path / "taken")


def test_every_alert_links_to_its_runbook_under_the_base_that_was_given(tmp_path: Path) -> None:
    export(tmp_path, runbook_base="https://wiki.example.com/trueup/")

    groups = yaml.safe_load((tmp_path / RULES_PATH).read_text())["groups"]
    urls = {rule["alert"]: rule["annotations"]["runbook_url"] for g in groups for rule in g["rules"] if "alert" in rule}
    assert urls == {name: f"https://wiki.example.com/trueup/{name}.md" for name in ALERTS}


def test_every_click_on_an_alert_in_a_dashboard_leads_to_its_runbook_under_the_base_that_was_given() -> None:
    base = "https://wiki.example.com/trueup/"
    wanted = f'"{base}${{__data.fields.Alert}}.md"'

    for spec in DASHBOARDS:
        text = all_files(runbook_base=base)[f"grafana/dashboards/{spec.uid}.json"]
        assert '"runbooks/' not in text
        assert (wanted in text) == any(panel.title == "Alerts" and panel.columns for panel in spec.panels)


def test_the_committed_deployment_is_the_export() -> None:
    deploy = Path(__file__).resolve().parents[3] / "deploy"

    assert list(differences(deploy)) == [], "run 'make generate'"


def test_the_command_says_what_it_wrote_and_refuses_in_words(tmp_path: Path) -> None:
    runner = CliRunner()

    done = runner.invoke(app, ["ops", "export", str(tmp_path)])

    assert done.exit_code == 0
    assert done.output.splitlines()[-1] == f"{len(all_files())} files written, 0 unchanged"
    (tmp_path / RULES_PATH).write_text("mine")
    refused = runner.invoke(app, ["ops", "export", str(tmp_path)])
    assert isinstance(refused.exception, OpsFilesError)
    assert "--force" in str(refused.exception)


def test_a_difference_of_each_kind_is_told(tmp_path: Path) -> None:
    export(tmp_path)
    (tmp_path / RULES_PATH).write_text("other")
    (tmp_path / "README.md").unlink()
    (tmp_path / "stray.txt").write_text("")

    assert sorted(differences(tmp_path)) == [
        "README.md is absent",
        f"{RULES_PATH} differs",
        "stray.txt belongs to no export",
    ]
