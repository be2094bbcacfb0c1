"""A month in simulated time: a slice of it in every run, the whole of it among the long tests."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from trueup.cli.app import app
from trueup.drills.soak.document import place, render_month
from trueup.drills.soak.month.report import CEILINGS, LEVELS, MonthReport, month_lines, read_month, write_month
from trueup.drills.soak.month.run import run_month

CLOCKS_GO_BACK = datetime(2026, 10, 25, tzinfo=UTC)
"""At 01:00 UTC in Europe."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("trueup.guard")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


@pytest.fixture
def _local_time() -> Iterator[None]:
    before = os.environ.get("TZ")
    yield
    os.environ.pop("TZ", None)
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


def test_two_days_are_stepped_through_with_every_difference_healed_and_all_of_it_on_record(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["drill", "soak", "--simulate-days", "2", "--keep", str(tmp_path / "kept")])
    assert done.exit_code == 3, done.output  # two days do not tell what levels off
    assert "equal to the venue" in done.output
    report = read_month(tmp_path / "kept" / "month.json")
    assert report.faults == []
    assert report.counts["purge cycles"] == 288
    assert report.counts["midnights (UTC)"] == 2
    assert report.counts["streams ended after a day"] == 1
    assert report.counts["listen keys expired"] == 1
    assert report.counts["events lost on an open stream"] > 0
    assert report.counts["Fill applied"] > 0, "what was lost is healed by trueup's own steps"
    assert report.counts["ReplayPosition applied"] > 0
    assert report.verdicts["looks DISCREPANT"] > 0
    assert report.verdicts["looks CLEAN"] > 250
    assert report.counts["orders"] > 400
    assert report.samples[-1]["engine_orders"] < 60, "an hour's orders"


@pytest.mark.usefixtures("_local_time")
def test_the_night_in_which_the_clocks_go_back_is_like_any_other(tmp_path: Path) -> None:
    seen = []
    for zone in ("UTC", "Europe/Berlin"):
        os.environ["TZ"] = zone
        time.tzset()
        (tmp_path / zone[:3]).mkdir()
        report = run_month(tmp_path / zone[:3], days=1, seed=2, begins=CLOCKS_GO_BACK)
        sizes = [{name: one[name] for name in one if name != "journal_bytes"} for one in report.samples]
        seen.append((report.counts, report.verdicts, sizes, report.faults))
    assert seen[0] == seen[1]


def _report(days: int, rise: float = 0.0, **more: Any) -> MonthReport:
    samples = [dict.fromkeys((*LEVELS, *CEILINGS), 10.0 + rise * day) for day in range(days)]
    fields: dict[str, Any] = {"unclean": [], "differing": 0, "journal_whole": True} | more
    return MonthReport(
        begins="2026-10-10", days=days, seed=1, cpu_secs=1.0, samples=samples, counts={}, verdicts={}, **fields
    )


def test_what_rises_from_one_third_to_the_next_is_told(tmp_path: Path) -> None:
    assert _report(30).exit_code == 0
    assert _report(8).exit_code == 3
    risen = _report(30, rise=1.0)
    assert risen.exit_code == 1
    assert any("Monitor: metric series rose from 24 to 34" in fault for fault in risen.faults)
    assert [one.is_level for one in _report(9, rise=1.0).rises()][:2] == [True, False]
    assert _report(30, unclean=["still there"]).faults == ["still there"]
    assert _report(30, differing=2).faults == ["2 differences at the end"]
    assert _report(30, journal_whole=False).exit_code == 1
    assert "more than 1,000" in " ".join(_report(30, rise=100.0).faults)
    write_month(risen, tmp_path / "month.json")
    assert read_month(tmp_path / "month.json") == risen
    assert any("GROWS" in line for line in month_lines(risen))


def test_the_published_month_levelled_off_and_ended_equal_to_the_venue() -> None:
    report = read_month(place("month"))
    assert (report.days, report.exit_code) == (30, 0)
    assert report.counts["purge cycles"] > 4_000
    assert report.counts["midnights (UTC)"] == 30
    assert "Engine: orders in its cache" in render_month()


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_month_levels_off(tmp_path: Path, seed: int) -> None:
    assert run_month(tmp_path, days=30, seed=seed).faults == []
