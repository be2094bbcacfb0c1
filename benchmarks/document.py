"""``docs/benchmarks.md`` and its charts from the result files: nothing in them was typed or drawn by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.charts import Drawn, drawn

ROOT: Final = Path(__file__).resolve().parent.parent
RESULTS: Final = ROOT / "benchmarks" / "results"
DOCUMENT: Final = ROOT / "docs" / "benchmarks.md"
IMAGES: Final = ROOT / "docs" / "images" / "benchmarks"

_HEAD: Final = """\
# Benchmarks

Written by `make bench` from [the result files](../benchmarks/results). Every figure is the median of its repetitions,
with the lowest and the highest beside it. Each table says what its figures leave out, and how busy the machine was with
other work: above the number of cores, rates by the clock are lower bounds and times are upper bounds.

In the charts the engine alone is orange and a verified node blue or another cool colour; a bar is the median, the line
over it reaches from the lowest to the highest repetition, and a dashed mark is the goal.
"""


def render(results: Path = RESULTS) -> str:
    """Return the document."""
    return "\n".join([_HEAD, *(_section(name, stored) for name, stored in _kept(results).items())])


def charts(results: Path = RESULTS) -> dict[str, str]:
    """Return every chart of the document by the name of its file."""
    kept = _kept(results).items()
    return {chart.file: chart.svg for name, stored in kept for chart in drawn(name, stored["result"])}


def write(results: Path = RESULTS, document: Path = DOCUMENT, images: Path = IMAGES) -> None:
    """Write the document and its charts anew, and remove charts that are in it no more."""
    document.write_text(render(results), encoding="utf-8")
    images.mkdir(parents=True, exist_ok=True)
    shown = charts(results)
    for path in images.glob("*.svg"):
        if path.name not in shown:
            path.unlink()
    for name, svg in shown.items():
        (images / name).write_text(svg, encoding="utf-8")


def _kept(results: Path) -> Mapping[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(results.glob("*.json"))}


def _image(chart: Drawn) -> str:
    return f"![{chart.title}](images/benchmarks/{chart.file})\n"


def _section(name: str, stored: dict[str, Any]) -> str:
    machine, result = stored["machine"], stored["result"]
    versions = ", ".join(f"{package} {found}" for package, found in machine["versions"].items())
    return "\n".join(
        [
            f"## {result['title']}",
            "",
            f"`python -m benchmarks {name}`{' --quick' if stored['quick'] else ''}, {machine['date']}.",
            "",
            result["measured"],
            "",
            *(_image(chart) for chart in drawn(name, result)),
            "| What | Median | Lowest to highest | Goal | Met |",
            "|---|---:|---:|---:|---|",
            *(_row(figure) for figure in result["figures"]),
            "",
            "Left out or limited:",
            "",
            *(f"- {line}" for line in result["excludes"]),
            f"- {_conditions(machine)}",
            f"- Python {machine['python']}; {versions}.",
            "",
        ]
    )


def _conditions(machine: dict[str, Any]) -> str:
    return (
        f"The machine: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}."
        f" Load average {machine['load_before']} before and {machine['load_after']} after, its own included."
        f" A million additions in a loop of Python took {machine['loop_ms']} ms of CPU time after the run."
    )


def _row(figure: dict[str, Any]) -> str:
    samples, unit = figure["samples"], figure["unit"]
    spread = f"{_number(min(samples))} to {_number(max(samples))} ({len(samples)})" if len(samples) > 1 else "once"
    goal = (
        ""
        if figure["goal"] is None
        else f"{'at least' if figure['better'] == 'more' else 'under'} {_number(figure['goal'])}"
    )
    met = {None: "", True: "yes", False: "**no**"}[figure["met"]]
    note = f" ({figure['note']})" if figure["note"] else ""
    return f"| {figure['name']}{note} | {_number(figure['value'])} {unit} | {spread} | {goal} | {met} |"


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
