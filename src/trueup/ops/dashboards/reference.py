"""The reference of the dashboards, generated from their registry: each panel, and what an empty one means."""

from __future__ import annotations

from collections.abc import Iterator

from trueup.ops.dashboards import DASHBOARDS
from trueup.ops.panel import DashboardSpec


def render() -> str:
    """Return the part of ``docs/dashboards.md`` that tells of every panel."""
    return "\n".join(line for spec in DASHBOARDS for line in _dashboard(spec))


def _dashboard(spec: DashboardSpec) -> Iterator[str]:
    title = spec.title.removeprefix("trueup / ")
    yield from ("", f"## {title}", "", spec.description, "")
    choices = ", ".join(f"{one.label}{' (several)' * one.several}" for one in spec.variables)
    marks = ", ".join(one.name.lower() for one in spec.annotations)
    yield f"Choices: {choices}. Marks on the time axis: {marks}. Looks back: {spec.since.removeprefix('now-')}."
    yield from ("", f"![The data of the dashboard {title}, drawn by the project](images/{spec.uid}.png)", "")
    yield from (
        "| Question | Panel | What it tells | Where it may be empty, and what that means |",
        "|---|---|---|---|",
    )
    for row in spec.rows:
        for index, panel in enumerate(row.panels):
            question = row.title if index == 0 else ""
            yield f"| {question} | {panel.title} | {panel.description} | {panel.nothing} |"
    yield ""
