"""A report for people, at eighty columns."""

from __future__ import annotations

import textwrap

from trueup.config.checking.report import CheckReport
from trueup.config.rules import Finding, Rule

WIDTH = 80


def render_text(report: CheckReport, *, width: int = WIDTH) -> str:
    """Return a report as text.

    Parameters
    ----------
    report : CheckReport
        The report.
    width : int
        Columns; only words that are longer stick out.
    """
    lines = [
        *_wrap(
            f"{report.path}: {_summary(report)} (NautilusTrader {report.engine_version or 'not installed'})", "", width
        )
    ]
    for finding in report.findings:
        lines += ["", *_finding(report, finding, width)]
    if report.costs:
        lines += ["", "What it costs at the venue:"]
        for cost in report.costs:
            lines += _wrap(cost.line, "  - ", width)
    if report.unchecked:
        lines += ["", "What will not be checked:"]
        for one in report.unchecked:
            lines += _wrap(f"{one.subject}: {one.consequence}", "  - ", width)
            if one.remedy:
                lines += _wrap(f"to close the gap: {one.remedy}", "    ", width)
    return "\n".join(lines)


def render_rule(rule: Rule, *, width: int = WIDTH) -> str:
    """Return a rule's explanation as text."""
    lines = [f"{rule.id} {rule.slug} ({rule.severity})", ""]
    lines += _wrap(rule.why, "", width)
    lines += ["", *_wrap(f"source: {rule.source}", "", width), *_wrap(f"do: {rule.action}", "", width)]
    return "\n".join(lines)


def _summary(report: CheckReport) -> str:
    parts = [f"{count} {name}{'s' if count > 1 else ''}" for name, count in report.counts.items() if count]
    return ", ".join(parts) or "clean"


def _finding(report: CheckReport, finding: Finding, width: int) -> list[str]:
    place = f"line {report.line(finding)}" if report.text else ""
    lines = [f"{finding.rule.severity} {finding.rule.id} {finding.rule.slug}  {place}".rstrip()]
    found = finding.found if finding.found.startswith(finding.field) else f"{finding.field}: {finding.found}"
    lines += _wrap(found.removeprefix(": "), "  ", width)
    if finding.allowed:
        lines += _wrap(f"allowed: {finding.allowed}", "  ", width)
    lines += _wrap(f"why: {finding.rule.why}", "  ", width)
    lines += _wrap(f"do: {finding.to_do}", "  ", width)
    return lines


def _wrap(text: str, lead: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_long_words=False,
        break_on_hyphens=False,
    )
