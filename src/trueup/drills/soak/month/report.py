"""What came of a simulated month, as a value, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import msgspec

from trueup.drills.soak.report import amount, counted

LEVELS: dict[str, tuple[str, float]] = {
    "engine_orders": ("Engine: orders in its cache", 10.0),
    "engine_positions": ("Engine: positions in its cache", 1.0),
    "engine_position_fills": ("Engine: fills that its positions hold", 20.0),
    "engine_account_events": ("Engine: states of the account", 10.0),
    "lives_open": ("Core: discrepancies that live", 5.0),
    "sightings": ("Core: sightings of the two-look rule", 5.0),
    "metric_series": ("Monitor: metric series", 5.0),
    "journal_rows": ("Journal: entries", 200.0),
    "journal_bytes": ("Journal: bytes on disk", 512.0 * 1024),
}
"""What must level off: its name in words, and by how much the last third's median may lie above the one before."""
CEILINGS: dict[str, tuple[str, float]] = {
    "lives_ended": ("Core: lives that ended and are remembered", 1_000.0),
    "guard_changes": ("Guard: changes that are remembered", 100.0),
}
"""What grows to a stated bound and no further."""
DAYS_OF_THIRD_MIN = 3


class Rise(NamedTuple):
    """Hold what one value did: medians of the last two thirds of the days, and how much the last may lie higher."""

    name: str
    title: str
    before: float
    last: float
    rise_max: float

    @property
    def is_level(self) -> bool:
        """Return whether it does not lie higher than that."""
        return self.last - self.before <= self.rise_max


class MonthReport(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what came of a month.

    Parameters
    ----------
    begins : str
        The first instant, ISO 8601.
    days, seed : int
        As asked for.
    cpu_secs : float
        What it took of the processor.
    samples : list of dict
        One for each midnight (UTC).
    counts : dict of str to int
        What happened, by name.
    verdicts : dict of str to int
        Looks, by what they found.
    unclean : list of str
        Differences that lived on although the stream had been open for long: there should be none.
    differing : int
        Differences between venue and node at the end.
    journal_whole : bool
        Whether the journal's chain was proven.
    """

    begins: str
    days: int
    seed: int
    cpu_secs: float
    samples: list[dict[str, float]]
    counts: dict[str, int]
    verdicts: dict[str, int]
    unclean: list[str]
    differing: int
    journal_whole: bool

    def rises(self) -> list[Rise]:
        """Return what each value did; nothing of less than nine days. The first third is left out."""
        third = len(self.samples) // 3
        if third < DAYS_OF_THIRD_MIN:
            return []
        found = []
        for name, (title, rise_max) in LEVELS.items():
            before = median(one[name] for one in self.samples[third : 2 * third])
            last = median(one[name] for one in self.samples[2 * third :])
            found.append(Rise(name, title, before, last, rise_max))
        return found

    @property
    def faults(self) -> list[str]:
        """Return in words what is not as it should be."""
        grown = [one for one in self.rises() if not one.is_level]
        found = [f"{one.title} rose from {one.before:,.0f} to {one.last:,.0f}" for one in grown]
        for name, (title, ceiling) in CEILINGS.items():
            highest = max(one[name] for one in self.samples)
            found += [f"{title} came to {highest:,.0f}, more than {ceiling:,.0f}"] if highest > ceiling else []
        found += self.unclean
        found += [f"{self.differing} differences at the end"] if self.differing else []
        return found + ([] if self.journal_whole else ["the journal's chain is not whole"])

    @property
    def exit_code(self) -> int:
        """Return 0 if all is as it should be, 1 if not, 3 if the days were too few to say."""
        if self.faults:
            return 1
        return 0 if self.rises() else 3


def write_month(report: MonthReport, path: Path) -> None:
    """Write the report as JSON, whole or not at all."""
    draft = path.with_name(path.name + ".part")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    draft.replace(path)


def read_month(path: Path) -> MonthReport:
    """Return a report that was written."""
    return msgspec.json.decode(path.read_bytes(), type=MonthReport)


def month_lines(report: MonthReport) -> Iterator[str]:
    """Yield the report for a terminal."""
    took = f"{report.cpu_secs:.0f} s of CPU time"
    yield f"{report.days} simulated days from {report.begins} on, seed {report.seed}, {took}"
    yield ""
    for one in report.rises():
        before, last = amount(one.name, one.before), amount(one.name, one.last)
        state = "level" if one.is_level else "GROWS"
        yield f"{one.title}: {before}, then {last} (at most {amount(one.name, one.rise_max)} more): {state}"
    if not report.rises():
        yield "too few days to say what levels off: nine are needed"
    for name, (title, ceiling) in CEILINGS.items():
        yield f"{title}: {max(one[name] for one in report.samples):,.0f} of {ceiling:,.0f}"
    yield ""
    yield counted(report.counts)
    yield counted(report.verdicts)
    if not report.faults:
        yield "at the end: equal to the venue, and the journal's chain is whole"
    yield from (f"WRONG: {fault}" for fault in report.faults)
