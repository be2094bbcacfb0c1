"""The commands ``trueup check`` and ``trueup explain``."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trueup.errors import ConfigValueError

if TYPE_CHECKING:
    from trueup.config.checking.report import LiveProbe


class ReportFormat(StrEnum):
    """How a report is printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


def check(
    file: Annotated[Path, typer.Argument(help="The configuration of the node (trueup.toml).")],
    live: Annotated[bool, typer.Option("--live", help="Ask the store and the venue too.")] = False,
    report_format: Annotated[
        ReportFormat, typer.Option("--format", help="How to print the report.")
    ] = ReportFormat.TEXT,
) -> None:
    """Report every known trap in a configuration, and what it leaves unchecked.

    Exit 0 if there is no finding of error severity, 1 if there is one, 2 if the file cannot be read.
    """
    from trueup.config.checking import check_file
    from trueup.config.checking.sarif import to_sarif
    from trueup.config.checking.text import render_text

    report = check_file(file, probe=_live_probe() if live else None)
    if report_format is ReportFormat.TEXT:
        typer.echo(render_text(report))
    elif report_format is ReportFormat.JSON:
        typer.echo(json.dumps(report.as_dict(), indent=2))
    else:
        typer.echo(json.dumps(to_sarif(report), indent=2))
    raise typer.Exit(report.exit_code)


def _live_probe() -> LiveProbe:
    from trueup.config.live import probe_all

    return probe_all


def explain(rule: Annotated[str, typer.Argument(help="A rule's id (TU206) or name (missing-order-livelock).")]) -> None:
    """Explain a rule: why it exists, who says so, what to do.

    Exit 2 if there is no such rule.
    """
    import difflib

    from trueup.config.checking.text import render_rule
    from trueup.config.rules import ALL_RULES, rule_named

    found = rule_named(rule)
    if found is None:
        names = [name for one in ALL_RULES for name in (str(one.id), one.slug)]
        alike = difflib.get_close_matches(rule, names, n=1)
        raise ConfigValueError(
            f"there is no rule '{rule}'",
            allowed=f"{ALL_RULES[0].id} to {ALL_RULES[-1].id}, or a rule's name; docs/reference/rules.md lists them",
            action=f"did you mean '{alike[0]}'?" if alike else "",
        )
    typer.echo(render_rule(found))
