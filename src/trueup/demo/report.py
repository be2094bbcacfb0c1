"""What the demonstration shows at its end: the table, the verdict, the JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from trueup.demo.engine_log import EngineSays
from trueup.demo.observation import COMPRESS, Observed
from trueup.demo.rows import Row
from trueup.model import Discrepancy, Verdict, VerdictState

AGREEING_ROWS_MAX = 6
"""Rows that agree are shown up to here in each section, and counted beyond."""
DIFFERING_ROWS_MAX = 25
"""Rows that differ are shown up to here in each section; the JSON has them all."""

NAME_CHARS_MAX = 20
"""Fits an instrument id of the common symbols, and leaves 80 columns to the rest."""

VERDICT_STYLES = {
    VerdictState.CLEAN: "bold green",
    VerdictState.DISCREPANT: "bold red",
    VerdictState.UNKNOWN: "bold yellow",
}
VERDICT_WORDS = {
    VerdictState.CLEAN: "node and venue agree",
    VerdictState.DISCREPANT: "node and venue differ",
    VerdictState.UNKNOWN: "not everything could be compared",
}
EXIT_CODES = {VerdictState.CLEAN: 0, VerdictState.DISCREPANT: 1, VerdictState.UNKNOWN: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoReport:
    """All that a demonstration found.

    ``timings`` are in seconds, by stage.
    """

    mode: str
    seed: int
    verdict: Verdict
    discrepancies: tuple[Discrepancy, ...]
    rows: tuple[Row, ...]
    engine_says: EngineSays
    node_says: tuple[dict[str, Any], ...]
    story: tuple[str, ...]
    timings: dict[str, float]
    directory: Path
    observed: Observed | None = None

    @property
    def exit_code(self) -> int:
        """Return 0 for CLEAN, 1 for DISCREPANT, 3 for UNKNOWN."""
        return EXIT_CODES[self.verdict.state]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        counts = {
            section: {
                "rows": sum(1 for row in self.rows if row.section == section),
                "differing": sum(1 for row in self.rows if row.section == section and not row.agrees),
            }
            for section in ("position", "order", "fill")
        }
        return {
            "verdict": str(self.verdict.state),
            "mode": self.mode,
            "seed": self.seed,
            "engine_says": {
                "succeeded": self.engine_says.succeeded,
                "sentence": self.engine_says.sentence(),
                "lines": [str(line) for line in self.engine_says.lines],
            },
            "discrepancies": [
                {
                    "kind": str(one.kind),
                    "fingerprint": one.fingerprint,
                    "severity": str(one.severity),
                    "explanation": one.explain(),
                }
                for one in self.discrepancies
            ],
            "unknowns": list(self.verdict.unknowns),
            "counts": counts,
            "story": list(self.story),
            "node_says": list(self.node_says),
            "timings": {stage: round(secs, 3) for stage, secs in self.timings.items()},
            "directory": str(self.directory),
            "alerts": None if self.observed is None else self.observed.as_dict(),
        }


def show(report: DemoReport, console: Console) -> None:
    """Print the tables, what the engine said, the times, the verdict and where the logs are."""
    console.print()
    console.print(_books(report.rows))
    console.print(_engine_panel(report))
    if report.observed is not None:
        console.print(_alerts(report.observed))
    console.print(_timings(report.timings))
    console.print(_verdict_panel(report))


def _books(rows: tuple[Row, ...]) -> RenderableType:
    table = Table(title="Venue and node, record by record", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("record", no_wrap=True)
    table.add_column("at the venue")
    table.add_column("in the node")
    table.add_column("verdict")
    for section in ("position", "order", "fill", "other"):
        held = [row for row in rows if row.section == section]
        if held:
            _add_section(table, section, held)
    return table


def _add_section(table: Table, section: str, rows: list[Row]) -> None:
    differing = [row for row in rows if not row.agrees]
    agreeing = [row for row in rows if row.agrees]
    title = f"{section}s: {len(rows)}, {len(differing)} differ" if section != "other" else "other"
    table.add_section()
    table.add_row(Text(title, style="bold"))
    for held, shown_max, words in (
        (differing, DIFFERING_ROWS_MAX, "differ"),
        (agreeing, AGREEING_ROWS_MAX, "agree"),
    ):
        for row in held[:shown_max]:
            table.add_row(_short(row.name), row.venue, row.node, _row_verdict(row))
        if len(held) > shown_max:
            table.add_row(f"… {len(held) - shown_max} more {words}")


def _short(name: str) -> str:
    """Return the end of a long name, which is the part that tells orders of one strategy apart."""
    return name if len(name) <= NAME_CHARS_MAX else "…" + name[-(NAME_CHARS_MAX - 1) :]


def _row_verdict(row: Row) -> Text:
    if row.agrees:
        return Text("agree", style="green")
    prefix = f"{row.section.upper()}_"
    kinds = dict.fromkeys(one.kind.removeprefix(prefix).replace("_", " ").lower() for one in row.differences)
    return Text(", ".join(kinds), style="red")


def _engine_panel(report: DemoReport) -> RenderableType:
    said = report.engine_says
    words = {True: "success", False: "failure", None: "neither success nor failure"}[said.succeeded]
    style = "green" if said.succeeded else "yellow"
    lines: Iterable[Text] = (Text(str(line), overflow="fold") for line in said.lines[-8:])
    return Panel(Group(*lines), title=f"What the engine said of the restart: {words}", title_align="left", style=style)


def _alerts(observed: Observed) -> RenderableType:
    if observed.absent:
        return Text(observed.absent, style="yellow")
    table = Table(title="Alerts that fired", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("alert", no_wrap=True)
    for column in ("severity", "fired at", "resolved at", "because"):
        table.add_column(column)
    for one in observed.fired:
        resolved = "still fires" if one.resolved_secs is None else f"{one.resolved_secs:.0f} s"
        because = Text(one.because) if one.because else Text("nothing that was done: UNEXPECTED", style="red")
        table.add_row(one.name, one.severity, f"{one.fired_secs:.0f} s", resolved, because)
    unexpected = ", ".join(observed.unexpected)
    said = Text(
        f"fired and not expected: {unexpected}" if unexpected else "nothing fired that was not expected",
        style="red" if unexpected else "green",
    )
    note = Text(f"waiting times and windows of a minute and more were divided by {COMPRESS}", style="dim")
    return Group(table, said, note) if observed.fired else Group(Text("no alert fired"), note)


def _timings(timings: dict[str, float]) -> Text:
    return Text("times: " + ", ".join(f"{stage} {secs:.1f} s" for stage, secs in timings.items()), style="dim")


def _verdict_panel(report: DemoReport) -> RenderableType:
    state = report.verdict.state
    style = VERDICT_STYLES[state]
    text = Text()
    text.append(f"{state}: {VERDICT_WORDS[state]}", style=style)
    text.append(f"  (mode {report.mode}, seed {report.seed})\n")
    if state is VerdictState.DISCREPANT:
        text.append(f"{len(report.discrepancies)} discrepancies")
        if report.engine_says.succeeded:
            text.append(f', while the engine said "{report.engine_says.sentence()}"')
        text.append("\n")
    for unknown in report.verdict.unknowns:
        text.append(f"unknown: {unknown}\n")
    text.append(f"logs, configuration and report: {report.directory}")
    return Panel(text, title="Verdict", title_align="left", border_style=style)
