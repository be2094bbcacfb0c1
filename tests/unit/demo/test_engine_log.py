"""What the engine said is read from its log as it stands, cut lines and all."""

from __future__ import annotations

import json
from pathlib import Path

from trueup.demo.engine_log import LINES_MAX, read_engine_says


def line(component: str, message: str, level: str = "INFO") -> str:
    return json.dumps({"level": level, "component": f"DEMO-001.{component}", "message": message})


def test_success_is_told_in_the_engine_s_own_words(tmp_path: Path) -> None:
    log = tmp_path / "node.json"
    log.write_text(
        "\n".join(
            [
                line("ExecClient-BINANCE", "Received 3 FillReports"),
                line("ExecEngine", "Reconciliation for BINANCE succeeded"),
                line("TradingNode", "Execution state reconciled"),
                line("Portfolio", "Execution state reconciled, says somebody else"),
            ]
        ),
        encoding="utf-8",
    )
    said = read_engine_says([log])
    assert said.succeeded is True
    assert said.sentence() == "TradingNode: Execution state reconciled"
    assert [one.component for one in said.lines] == ["ExecClient-BINANCE", "ExecEngine", "TradingNode"]


def test_failure_is_told_as_failure(tmp_path: Path) -> None:
    log = tmp_path / "node.json"
    log.write_text(line("TradingNode", "Execution state could not be reconciled", "ERROR"), encoding="utf-8")
    assert read_engine_says([log]).succeeded is False


def test_a_line_cut_by_a_kill_is_passed_over(tmp_path: Path) -> None:
    log = tmp_path / "node.json"
    log.write_text(line("ExecEngine", "Reconciling NET position") + '\n{"level": "INFO", "mess', encoding="utf-8")
    said = read_engine_says([log])
    assert len(said.lines) == 1
    assert said.succeeded is None


def test_a_node_that_left_no_log_said_nothing(tmp_path: Path) -> None:
    said = read_engine_says([])
    assert said.lines == ()
    assert said.sentence() == "nothing"


def test_only_the_newest_lines_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "node.json"
    log.write_text(
        "\n".join(line("ExecEngine", f"Reconciling order {n}") for n in range(LINES_MAX + 5)), encoding="utf-8"
    )
    said = read_engine_says([log])
    assert len(said.lines) == LINES_MAX
    assert said.lines[-1].message == f"Reconciling order {LINES_MAX + 4}"
