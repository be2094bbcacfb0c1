"""The soak: its judge, its report, its troubles against a real emulator, and the published runs."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.config.trading_node import LiveTradingNodeConfig
from trueup.drills.soak.document import place, render_hour, render_trouble
from trueup.drills.soak.plan import KEY_VARIABLE, SECRET_VARIABLE, SoakPlan
from trueup.drills.soak.plot import svg
from trueup.drills.soak.report import SoakReport, read_report, text_lines, thinned, write_report
from trueup.drills.soak.run import run_soak
from trueup.drills.soak.samples import Sample, families, process_values
from trueup.drills.soak.trend import Bound, Finding, judge, median_slope, spread
from trueup.drills.soak.trouble import Trouble
from trueup.emulator.process import EmulatorProcess
from trueup.emulator.server import EmulatorUrls
from trueup.errors import ConfigValueError

BOUND = Bound(name="node_rss_bytes", title="Memory", per_hour_max=100.0)
MINUTES = [60.0 * number for number in range(121)]


@given(st.floats(-1e6, 1e6), st.floats(-1e3, 1e3), st.integers(10, 60), st.randoms(use_true_random=False))
def test_the_median_slope_is_the_line_s_own_whatever_an_eighth_of_the_samples_says(
    start: float, slope: float, count: int, rng: object
) -> None:
    points = [(float(at), start + slope * at) for at in range(count)]
    spoilt = set(rng.sample(range(count), count // 8))  # type: ignore[attr-defined]  # Hypothesis' Random
    noisy = [(at, value + (1e9 if index in spoilt else 0.0)) for index, (at, value) in enumerate(points)]
    assert median_slope(noisy) == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_a_leak_grows_a_saw_tooth_and_a_curve_that_flattens_are_level() -> None:
    leak = [(at, at) for at in MINUTES]
    tooth = [(at, 5_000.0 * (index % 10)) for index, at in enumerate(MINUTES)]
    flattens = [(at, 1e6 * (1 - math.exp(-at / 300))) for at in MINUTES]
    findings = [judge(BOUND, points, warmup_secs=900).finding for points in (leak, tooth, flattens)]
    assert findings == [Finding.GROWS, Finding.LEVEL, Finding.LEVEL]


def test_a_short_run_is_not_judged_but_a_ceiling_holds_from_the_start() -> None:
    short = [(at, at) for at in MINUTES[:12]]
    assert judge(BOUND, short, warmup_secs=60).finding is Finding.UNKNOWN
    ceiling = Bound(name="journal_rows", title="Entries", ceiling=10.0)
    assert judge(ceiling, [(0.0, 11.0), *((at, 1.0) for at in MINUTES[1:])], warmup_secs=900).finding is Finding.GROWS


def test_a_node_that_does_nothing_is_called_so() -> None:
    busy = Bound(name="venue_events", title="Events", per_hour_min=1_000.0)
    assert judge(busy, [(at, 7.0) for at in MINUTES], warmup_secs=900).finding is Finding.IDLE
    assert judge(busy, [(at, at) for at in MINUTES], warmup_secs=900).finding is Finding.LEVEL


def test_thinned_samples_keep_the_first_and_the_last() -> None:
    assert spread(list(range(1_000)), 11) == [round(index * 99.9) for index in range(11)]
    assert spread([1, 2], 11) == [1, 2]


def _report(*, complete: bool = True) -> SoakReport:
    values = {"node_rss_bytes": 4e8, "venue_events": 0.0, "store_keys": 100.0}
    samples = [Sample(at, values | {"venue_events": at * 10}, "CLEAN", "MONITORING") for at in MINUTES]
    return SoakReport(
        began="2026-01-01T00:00:00+00:00",
        version="trueup 0",
        hours_wanted=2.0,
        hours=2.0,
        complete=complete,
        plan={"warmup_share": 0.25},
        machine="2 cores",
        samples=samples,
        troubles={"stream cut": 3},
        trouble_failures={},
        sample_failures={"status: TimeoutError": 1},
        said={"verdict": 9},
        verdict_seconds={"CLEAN": 7_200.0},
        ending=[],
        ending_secs=4.0,
        failure="" if complete else "stopped by the user",
        families={"trueup_checks_total": [4, 5]},
    )


def test_a_report_is_written_read_told_and_drawn(tmp_path: Path) -> None:
    report = _report()
    write_report(report, tmp_path / "report.json")
    assert read_report(tmp_path / "report.json") == report
    text = "\n".join(text_lines(report))
    assert "stream cut 3" in text
    assert "equal to the venue" in text
    assert "trueup_checks_total: 4 after the warm-up, 5 at the end" in text
    assert svg(thinned(report)).count("<polyline") == 3
    early = _report(complete=False)
    assert "stopped by the user" in next(text_lines(early))
    assert early.exit_code == 1


def test_the_node_s_file_is_one_that_a_node_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "key")
    monkeypatch.setenv(SECRET_VARIABLE, "secret")
    urls = EmulatorUrls(
        rest="http://127.0.0.1:1", stream="ws://127.0.0.1:1", ws_api="ws://127.0.0.1:1", control="http://127.0.0.1:2"
    )
    path = tmp_path / "node.toml"
    path.write_text(SoakPlan(directory=tmp_path).node_file(urls, "redis://127.0.0.1:6390"))
    config = LiveTradingNodeConfig.from_file(path)
    assert config.journal.rows_max == 1_000
    assert config.reconciliation.purge_from_database is True


@pytest.mark.parametrize(("hours", "secs"), [(0.0, 10.0), (1e9, 10.0), (1.0, 0.0)])
def test_a_plan_out_of_bounds_is_refused(hours: float, secs: float, tmp_path: Path) -> None:
    with pytest.raises(ConfigValueError):
        SoakPlan(directory=tmp_path, hours=hours, sample_secs=secs)


def test_a_process_is_counted_from_outside_and_one_that_is_gone_is_nothing() -> None:
    values = process_values(os.getpid(), "node")
    assert values["node_rss_bytes"] > values["node_private_bytes"] > 10_000_000
    assert values["node_descriptors"] >= 3
    assert process_values(2**22 + 1, "node") == {}
    assert families('# HELP a b\na 1\nb{x="1"} 2\nb{x="2"} 3\n') == {"a": 1, "b": 2}


def test_every_trouble_can_be_made_and_none_is_left_at_the_end() -> None:
    with EmulatorProcess(settings={"symbols": ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"]}) as emulator:
        trouble = Trouble(emulator.control, emulator.ready.account, seed=3, interval_secs=1.0)
        for second in range(120):
            trouble.at(float(second))
        assert len(trouble.made) == 10
        assert trouble.failures == {}
        trouble.end()
        assert emulator.control.faults() == []


def test_the_published_hour_can_be_read_and_ended_equal_to_the_venue_although_it_was_not_busy() -> None:
    report = read_report(place("hour-of-trouble"))
    assert report.ending == []
    assert report.complete
    assert Finding.IDLE in {trend.finding for trend in report.trends()}
    assert "Node: resident memory" in render_trouble()


def test_the_published_run_was_busy_and_ended_equal_to_the_venue_after_an_hour_of_orders_was_purged() -> None:
    report = read_report(place("hour"))
    findings = {trend.bound.name: trend.finding for trend in report.trends()}
    assert {name for name, finding in findings.items() if finding is not Finding.LEVEL} == {"node_rss_bytes"}
    assert findings["store_keys"] is Finding.LEVEL
    assert (report.complete, report.ending, report.failure) == (True, [], "")
    assert "Store: keys" in render_hour()


@pytest.mark.long
@pytest.mark.node
@pytest.mark.timeout(900)
def test_a_node_soaked_for_three_minutes_ends_equal_to_the_venue(tmp_path: Path) -> None:
    report = run_soak(SoakPlan(directory=tmp_path, hours=0.05, sample_secs=2.0, seed=5), lambda _: None)
    assert report.failure == ""
    assert report.ending == []
    assert len(report.samples) > 30
