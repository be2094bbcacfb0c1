"""Checking a file: the report, its forms, its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tests.unit.config.files import CLIENT, write
from trueup.cli.check import check, explain
from trueup.config.checking import check_file
from trueup.config.checking.lines import line_of
from trueup.config.checking.sarif import to_sarif
from trueup.config.checking.text import render_rule, render_text
from trueup.config.rules import ALL_RULES, Finding
from trueup.config.rules.live import CLOCK_SKEW
from trueup.errors import ConfigValueError

TEN_FAULTS = Path(__file__).parent / "data" / "ten_faults.toml"
EXAMPLE = Path(__file__).parents[3] / "examples" / "trueup.toml"

app = typer.Typer()
app.command()(check)
app.command()(explain)


def run(*arguments: str) -> tuple[int, str]:
    """Run a command and return its exit code and output."""
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_ten_faults_of_one_file_are_reported_at_once_each_with_its_id() -> None:
    report = check_file(TEN_FAULTS, environ={}, engine_version="1.231.0")
    assert {(str(one.rule.id), one.field) for one in report.findings} == {
        ("TU002", "redis.retries"),
        ("TU004", "reconciliation.inflight_check_interval_ms"),
        ("TU005", "reconciliation.purge_closed_orders_buffer_mins"),
        ("TU007", "redis.password"),
        ("TU101", "clients.BINANCE.position_mode"),
        ("TU206", "reconciliation.open_check_missing_retries"),
        ("TU301", "reconciliation.lookback_mins"),
        ("TU404", "reconciliation.filter_position_reports"),
        ("TU503", "redis.flush_on_start"),
        ("TU601", "engine.graceful_shutdown_on_exception"),
    }
    assert report.exit_code == 1


def test_each_of_the_ten_faults_is_found_on_its_line() -> None:
    report = check_file(TEN_FAULTS, environ={}, engine_version="1.231.0")
    lines = TEN_FAULTS.read_text().splitlines()
    for finding in report.findings:
        assert str(finding.rule.id) in lines[report.line(finding) - 1]


def test_the_example_that_ships_is_clean() -> None:
    report = check_file(EXAMPLE, environ={})
    assert report.findings == ()
    assert report.exit_code == 0


@pytest.mark.parametrize("version", ["1.222.0", "1.226.0", "1.231.0"])
def test_the_example_is_clean_on_every_supported_engine(version: str) -> None:
    assert check_file(EXAMPLE, environ={}, engine_version=version).findings == ()


def test_warnings_alone_do_not_fail_the_check(tmp_path: Path) -> None:
    report = check_file(write(tmp_path, "[redis]\n[risk]\nbypass = true" + CLIENT), environ={})
    assert report.counts == {"error": 0, "warning": 1, "info": 0}
    assert report.exit_code == 0


def test_a_faulty_section_does_not_set_off_the_rule_about_its_absence(tmp_path: Path) -> None:
    report = check_file(write(tmp_path, "redis = 5" + CLIENT), environ={})
    assert [str(one.rule.id) for one in report.findings] == ["TU004"]


def test_an_unreadable_file_is_a_finding_and_exits_two(tmp_path: Path) -> None:
    path = write(tmp_path, "[redis")
    for form in ("text", "json", "sarif"):
        code, output = run("check", str(path), "--format", form)
        assert code == 2
        assert "TU001" in output
        assert "trueup.toml" in output
    assert json.loads(run("check", str(tmp_path / "none.toml"), "--format", "json")[1])["exit_code"] == 2


def test_the_command_exits_zero_one_or_two(tmp_path: Path) -> None:
    assert run("check", str(EXAMPLE))[0] == 0
    assert run("check", str(TEN_FAULTS))[0] == 1
    assert run("check", str(tmp_path / "none.toml"))[0] == 2


def test_the_text_fits_eighty_columns_but_for_words_that_are_longer(tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    path.write_text(TEN_FAULTS.read_text())
    text = render_text(check_file(path, environ={}))
    assert [line for line in text.splitlines() if len(line) > 80 and max(map(len, line.split())) < 70] == []
    for finding in check_file(path, environ={}).findings:
        assert str(finding.rule.id) in text
        assert finding.field in text.replace("\n", " ")


def test_the_text_says_what_will_not_be_checked() -> None:
    text = render_text(check_file(EXAMPLE, environ={}))
    assert "What will not be checked:" in text
    assert "clean" in text
    assert "TRUEUP_CLIENTS__BINANCE__API_KEY" in text


def test_json_holds_every_finding_with_field_line_reason_and_advice() -> None:
    code, output = run("check", str(TEN_FAULTS), "--format", "json")
    report = json.loads(output)
    assert code == report["exit_code"] == 1
    assert report["counts"]["error"] == 9
    for finding in report["findings"]:
        assert set(finding) == {
            "id", "slug", "severity", "field", "found", "allowed", "why", "source", "do", "line",
        }  # fmt: skip
        assert finding["line"] > 1
        assert finding["do"]
    assert all(set(one) == {"subject", "consequence", "remedy"} for one in report["will_not_be_checked"])


def require_sarif(log: dict[str, Any]) -> None:
    """Require what the SARIF 2.1.0 schema requires of the parts that are used."""
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run_,) = log["runs"]
    driver = run_["tool"]["driver"]
    assert driver["name"] == "trueup"
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(set(ids)) == len(ids) == len(ALL_RULES)
    for rule in driver["rules"]:
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
    (invocation,) = run_["invocations"]
    assert isinstance(invocation["executionSuccessful"], bool)
    for notification in invocation["toolConfigurationNotifications"]:
        assert notification["message"]["text"]
        assert notification["level"] == "note"
    for result in run_["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"]
        assert location["physicalLocation"]["region"]["startLine"] >= 1


def test_sarif_has_the_shape_of_the_standard() -> None:
    code, output = run("check", str(TEN_FAULTS), "--format", "sarif")
    log = json.loads(output)
    require_sarif(log)
    assert code == 1
    assert len(log["runs"][0]["results"]) == 10
    require_sarif(to_sarif(check_file(EXAMPLE, environ={})))


def test_a_probe_adds_its_findings_and_takes_the_note_about_it_away() -> None:
    def probe(_: Any) -> tuple[Finding, ...]:
        return (Finding(CLOCK_SKEW, "clients.BINANCE", "the clock is 1,500 ms ahead"),)

    report = check_file(EXAMPLE, probe=probe, environ={})
    assert [str(one.rule.id) for one in report.findings] == ["TU813"]
    assert report.exit_code == 1
    assert "the store and the venue themselves" not in [one.subject for one in report.unchecked]


def test_a_probe_does_not_run_on_a_file_with_problems() -> None:
    def probe(_: Any) -> tuple[Finding, ...]:
        raise AssertionError("the store and the venue of a broken file must not be asked")

    report = check_file(TEN_FAULTS, probe=probe, environ={})
    assert "the store and the venue themselves" in [one.subject for one in report.unchecked]


@pytest.mark.parametrize("name", ["TU206", "tu206", "missing-order-livelock"])
def test_explain_tells_a_rules_reason_source_and_advice(name: str) -> None:
    code, output = run("explain", name)
    assert code == 0
    assert "TU206 missing-order-livelock (error)" in output
    assert "source: measured on NautilusTrader 1.231.0" in output
    assert "do: With open_check_open_only = false" in output


def test_explain_answers_a_misspelt_rule_with_the_likely_one() -> None:
    with pytest.raises(ConfigValueError, match="did you mean 'hedge-mode'"):
        explain("hedgemode")
    with pytest.raises(ConfigValueError, match="there is no rule 'zzzzzzzz'"):
        explain("zzzzzzzz")


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.slug)
def test_every_rule_can_be_explained_at_eighty_columns(rule: Any) -> None:
    assert all(len(line) <= 80 for line in render_rule(rule).splitlines())


def test_lines_are_found_in_lists_of_tables_quoted_keys_and_inline_tables() -> None:
    text = "\n".join([
        "top = 1",
        "[[strategies]]",
        'strategy_path = "a:B"',
        "[strategies.claims]",
        "claim_all = true",
        "[[strategies]]",
        'strategy_path = "c:D"',
        "[strategies.claims]",
        "claim_all = true",
        '[clients."BINANCE"]',
        "routing = { default = true }",
    ])  # fmt: skip
    assert line_of(text, "top") == 1
    assert line_of(text, "strategies[0].strategy_path") == 3
    assert line_of(text, "strategies[1].strategy_path") == 7
    assert line_of(text, "strategies[1].claims.claim_all") == 9
    assert line_of(text, "strategies[1].config_path") == 6
    assert line_of(text, "clients.BINANCE.routing.default") == 11
    assert line_of(text, "redis") == 1


def test_every_form_of_the_report_says_what_the_file_costs_at_the_venue(tmp_path: Path) -> None:
    path = write(tmp_path, "[redis]" + CLIENT)
    report = check_file(path, environ={}, engine_version="1.231.0")
    (cost,) = report.costs
    assert cost.start_weight == 43 + 2 * (85 + 10)  # the connection, and two readings of lists and of one history
    # Looks at working orders and positions every 5 s, at everything once a minute, the clock, the listen key.
    assert cost.steady_weight == pytest.approx(12 * 85 + 95 + 60 / 600 + 60 / 1_500, abs=0.05)
    assert "weight 233" in " ".join(render_text(report).split())
    assert json.loads(run("check", str(path), "--format", "json")[1])["venue_costs"][0]["start_weight"] == 233
    notes = to_sarif(report)["runs"][0]["invocations"][0]["toolConfigurationNotifications"]
    assert any("clients.BINANCE" in one["message"]["text"] and "weight 233" in one["message"]["text"] for one in notes)


def test_of_the_adapters_own_client_no_cost_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, "[redis]" + CLIENT + "hardened = false\n")
    assert check_file(path, environ={}).costs == ()


def test_a_start_that_cannot_end_in_time_fails_the_check_with_the_figures(tmp_path: Path) -> None:
    listed = ", ".join(f'"A{n}USDT-PERP.BINANCE"' for n in range(500))
    client = f'\n[clients.BINANCE]\ntype = "binance_usdm"\nenvironment = "testnet"\ninstrument_ids = [{listed}]\n'
    report = check_file(write(tmp_path, "[redis]" + client), environ={}, engine_version="1.231.0")
    assert [str(one.rule.id) for one in report.findings] == ["TU210"]
    assert "500 instruments takes about 122 s" in report.findings[0].found
    assert report.exit_code == 1
