"""What came of a soak, as a value, as text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from trueup.drills.soak.bounds import MIB, bounds_of
from trueup.drills.soak.samples import Sample
from trueup.drills.soak.trend import Bound, Finding, Trend, judge, spread

SAMPLES_KEPT_MAX = 400
"""In the published result; the run's own directory has all of them."""


class SoakReport(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a run.

    Parameters
    ----------
    began : str
        UTC, ISO 8601.
    version : str
        Of trueup, and of the engine.
    hours_wanted, hours : float
        As asked for, and as it was.
    complete : bool
        Whether it ran to its end.
    plan : dict
        What the run was given.
    machine : str
        Where it ran, and how busy that was.
    samples : list of Sample
        What was seen.
    troubles, trouble_failures, sample_failures : dict of str to int
        What was made to go wrong; what could not be; what could not be read.
    said : dict of str to int
        The node's own words, by kind.
    verdict_seconds : dict of str to float
        How long which verdict stood.
    ending : list of str
        What differed from the venue at the end, after the troubles were taken back; nothing if nothing did.
    ending_secs : float, optional
        How long after that the node was CLEAN.
    failure : str
        Why the run ended before its time; empty if it did not.
    families : dict of str to list of int
        Metric families whose number of series changed: after the warm-up, and at the end.
    """

    began: str
    version: str
    hours_wanted: float
    hours: float
    complete: bool
    plan: dict[str, float]
    machine: str
    samples: list[Sample]
    troubles: dict[str, int]
    trouble_failures: dict[str, int]
    sample_failures: dict[str, int]
    said: dict[str, int]
    verdict_seconds: dict[str, float]
    ending: list[str]
    ending_secs: float | None
    failure: str = ""
    families: dict[str, list[int]] = {}

    @property
    def warmup_secs(self) -> float:
        """Return what is not judged of a value that waits for the purge."""
        if "warmup_secs" in self.plan:
            return self.plan["warmup_secs"]
        return self.plan["warmup_share"] * self.hours * 3_600

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """Return what is judged."""
        return bounds_of({name for sample in self.samples[-1:] for name in sample.values})

    def series(self, name: str) -> list[tuple[float, float]]:
        """Return one value's samples: seconds since the start, and value."""
        return [(sample.at_secs, sample.values[name]) for sample in self.samples if name in sample.values]

    def trends(self) -> list[Trend]:
        """Return every judged series."""
        share_secs = self.plan["warmup_share"] * self.hours * 3_600
        return [
            judge(
                bound,
                self.series(bound.name),
                warmup_secs=self.warmup_secs if bound.waits_for_purge else share_secs,
            )
            for bound in self.bounds
        ]

    @property
    def exit_code(self) -> int:
        """Return 0 if all is level and the node ended true, 1 if not, 3 if the run was too short to say."""
        findings = {trend.finding for trend in self.trends()}
        if self.failure or self.ending or findings & {Finding.GROWS, Finding.IDLE}:
            return 1
        return 3 if Finding.UNKNOWN in findings or not self.complete else 0


def thinned(report: SoakReport) -> SoakReport:
    """Return the report with few enough samples to be published."""
    return msgspec.structs.replace(report, samples=spread(report.samples, SAMPLES_KEPT_MAX))


def write_report(report: SoakReport, path: Path) -> None:
    """Write the report as JSON, whole or not at all."""
    draft = path.with_name(path.name + ".part")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    draft.replace(path)


def read_report(path: Path) -> SoakReport:
    """Return a report that was written."""
    return msgspec.json.decode(path.read_bytes(), type=SoakReport)


def amount(name: str, value: float | None) -> str:
    """Return a value in the unit of its name, in a reader's size."""
    if value is None:
        return ""
    if name.endswith("_bytes"):
        return f"{value / MIB:,.1f} MiB" if abs(value) >= MIB / 10 else f"{value / 1024:,.1f} KiB"
    if name.endswith("_ms"):
        return f"{value:,.1f} ms"
    return f"{value:,.0f}" if abs(value) >= 10 or value == round(value) else f"{value:,.1f}"


def limit_in_words(bound: Bound) -> str:
    """Return what a value may do."""
    if bound.per_hour_min is not None:
        return f"at least {amount(bound.name, bound.per_hour_min)} an hour"
    if bound.per_hour_max is not None:
        return f"{amount(bound.name, bound.per_hour_max)} an hour"
    return f"at most {amount(bound.name, bound.ceiling)}"


def counted(numbers: dict[str, int] | Counter[str]) -> str:
    """Return counts in a line, the most frequent first."""
    return ", ".join(f"{name} {count:,}" for name, count in sorted(numbers.items(), key=lambda one: -one[1]))


def text_lines(report: SoakReport) -> Iterator[str]:
    """Yield the report for a terminal."""
    state = "" if report.complete else f" of {report.hours_wanted:g} (ended early: {report.failure or 'stopped'})"
    yield f"soak of {report.hours:.2f} hours{state}, {len(report.samples)} samples; {report.version}; {report.machine}"
    yield (
        f"the first {report.plan['warmup_share']:.0%} are left out, of memory, store and lag the first"
        f" {report.warmup_secs / 60:.0f} minutes; what is judged is the later half of the rest"
    )
    yield ""
    rows: list[Sequence[str]] = [("", "first", "last", "an hour", "later half", "bound", "")]
    for trend in report.trends():
        name = trend.bound.name
        rows.append(
            (
                trend.bound.title,
                amount(name, trend.first),
                amount(name, trend.last),
                amount(name, trend.per_hour),
                amount(name, trend.late_per_hour),
                limit_in_words(trend.bound),
                trend.finding.value,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        yield "  ".join(cells).rstrip()
    yield ""
    yield f"made to go wrong: {counted(report.troubles) or 'nothing'}"
    yield f"the node said: {counted(report.said)}"
    yield "verdict: " + ", ".join(f"{name} {secs:.0f} s" for name, secs in sorted(report.verdict_seconds.items()))
    if report.trouble_failures or report.sample_failures:
        failures = Counter(report.trouble_failures) + Counter(report.sample_failures)
        yield f"could not be done or read: {counted(failures)}"
    for family, numbers in sorted(report.families.items()):
        yield f"series of {family}: {numbers[0]} after the warm-up, {numbers[1]} at the end"
    after = "" if report.ending_secs is None else f", CLEAN {report.ending_secs:.1f} s after the last trouble"
    yield "at the end: " + ("equal to the venue" if not report.ending else "; ".join(report.ending)) + after
