"""The published soaks, for the document."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from trueup.drills.soak.bounds import BOUNDS
from trueup.drills.soak.month.report import CEILINGS, read_month
from trueup.drills.soak.report import SoakReport, amount, counted, limit_in_words, read_report


def place(name: str) -> Path:
    """Return where a published run lies."""
    return Path(str(files("trueup.drills.soak").joinpath("measured", f"{name}.json")))


def render_bounds() -> str:
    """Return the table of what each value may do."""
    lines = ["| value | at most, or at least | because |", "|---|---|---|"]
    for bound in BOUNDS:
        limit = limit_in_words(bound)
        lines.append(f"| {bound.title} | {limit} | {bound.why} |")
    return "\n".join(lines) + "\n"


def render_trouble() -> str:
    """Return the section of the hour in which something went wrong every six seconds."""
    return _section(place("hour-of-trouble"))


def render_hour() -> str:
    """Return the section of the hour under load."""
    return _section(place("hour"))


def render_month() -> str:
    """Return the table of the month in simulated time."""
    path = place("month")
    if not path.exists():
        return "Not run yet.\n"
    report = read_month(path)
    lines = [
        f"{report.days} days from {report.begins} on, seed {report.seed}, in {report.cpu_secs:.0f} s of CPU time.",
        "",
        "| | days 11 to 20 | days 21 to 30 | at most higher by | |",
        "|---|---:|---:|---:|---|",
    ]
    for one in report.rises():
        figures = (amount(one.name, value) for value in (one.before, one.last, one.rise_max))
        lines.append(f"| {one.title} | {' | '.join(figures)} | {'level' if one.is_level else 'grows'} |")
    for name, (title, ceiling) in CEILINGS.items():
        highest = max(sample[name] for sample in report.samples)
        lines.append(f"| {title} | | at most {highest:,.0f} | no more than {ceiling:,.0f} | kept |")
    end = "equal to the venue" if not report.differing else f"{report.differing} differences"
    chain = "whole" if report.journal_whole else "NOT whole"
    lines += ["", f"What happened: {counted(report.counts)}; {counted(report.verdicts)}."]
    lines += ["", f"At the end: {end}, the journal's chain {chain}."]
    return "\n".join(lines) + "\n"


def _section(path: Path) -> str:
    if not path.exists():
        return "Not run yet.\n"
    return "\n".join(_lines(read_report(path))) + "\n"


def _lines(report: SoakReport) -> Iterator[str]:
    yield f"{report.began}, {report.hours:.2f} hours, {report.version}, {report.machine}."
    yield ""
    yield "| | first | last | an hour | later half, an hour | bound | |"
    yield "|---|---:|---:|---:|---:|---|---|"
    for trend in report.trends():
        name = trend.bound.name
        figures = (trend.first, trend.last, trend.per_hour, trend.late_per_hour)
        cells = [
            trend.bound.title,
            *(amount(name, value) for value in figures),
            limit_in_words(trend.bound),
            trend.finding.value,
        ]
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield f"Made to go wrong: {counted(report.troubles)}."
    yield ""
    verdicts = ", ".join(f"{name} {secs:,.0f} s" for name, secs in sorted(report.verdict_seconds.items()))
    yield f"The verdict that stood at the samples: {verdicts}."
    yield ""
    if report.failure:
        yield f"Ended early: {report.failure}."
    elif report.ending:
        yield f"At the end: {'; '.join(report.ending)}."
    else:
        yield (
            f"Started again on what it left, without trading: equal to the venue in open orders and positions after"
            f" {report.ending_secs or 0:.0f} s."
        )
