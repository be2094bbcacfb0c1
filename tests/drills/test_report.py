"""The document and the commands: they say what is on record."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from trueup.cli.drill import app
from trueup.drills import Outcome, scenarios
from trueup.drills.compare import Comparison, Difference, Finding
from trueup.drills.measured import Measured, measured_of, read_measured
from trueup.drills.report import GROUPS, render
from trueup.errors import ConfigValueError

DOCUMENT = Path(__file__).parents[2] / "docs" / "scenarios.md"


def test_the_document_in_the_repository_is_the_one_that_the_records_give() -> None:
    assert DOCUMENT.read_text().startswith(render())


def test_every_scenario_is_on_record_in_native_mode_and_has_one_row() -> None:
    rows = [line for line in render().splitlines() if line.startswith("| ")]
    for scenario in scenarios():
        assert scenario.id in read_measured("native")
        assert scenario.group in GROUPS
        assert sum(row.startswith(f"| {scenario.id} |") for row in rows) == 1


def test_what_is_measured_agrees_with_the_baseline_wherever_the_baseline_is_stable() -> None:
    measured = read_measured("native")
    disagree = [
        scenario.id
        for scenario in scenarios()
        if scenario.native.stable and measured[scenario.id].converged != scenario.native.converged
    ]
    assert not disagree


def test_a_record_keeps_the_kinds_and_drops_what_changes_from_run_to_run() -> None:
    findings = (
        Finding(Difference.FILL_MISSING, "V-1/T-1", "1", ""),
        Finding(Difference.FILL_MISSING, "V-1/T-2", "1", ""),
    )
    outcome = Outcome("1", "native", trading=True, comparison=Comparison(findings, (), ()), equal_after_secs=1.234)
    measured = measured_of(outcome)
    assert measured.differences == ["fill missing x2"]
    assert measured.equal_after_secs == 1.2
    assert measured.agrees(Measured(trading=True, converged=False))
    assert not measured.agrees(Measured(trading=True, converged=True))
    assert not measured.agrees(Measured(trading=False, converged=False))


def test_list_names_every_scenario() -> None:
    listed = CliRunner().invoke(app, ["list"]).output
    for scenario in scenarios():
        assert scenario.id in listed


def test_show_prints_the_steps() -> None:
    shown = CliRunner().invoke(app, ["show", "4b"]).output
    assert "node submit V-2 SELL 5 @ 101" in shown
    assert "native: the quantity of a FILLED order is rewritten" in shown


def test_run_without_a_number_says_what_it_needs() -> None:
    with pytest.raises(ConfigValueError, match="no scenario is named"):
        CliRunner().invoke(app, ["run"], catch_exceptions=False)


@pytest.mark.node
@pytest.mark.server
def test_run_prints_every_difference_and_keeps_the_logs(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["run", "1c", "--mode", "native", "--keep-logs", str(tmp_path)])
    assert result.exit_code == 0
    assert "1c native   different" in result.output
    assert "fill missing V-1/T-1: venue 1 @ 100, node nothing" in result.output
    assert (tmp_path / "1c-native" / "life-2.log").stat().st_size > 0
