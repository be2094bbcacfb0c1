"""``docs/benchmarks.md`` from the result files: nothing in the document was typed by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
RESULTS: Final = ROOT / "benchmarks" / "results"
DOCUMENT: Final = ROOT / "docs" / "benchmarks.md"

_HEAD: Final = """\
# Benchmarks

Written by `make bench` from [the result files](../benchmarks/results). Every figure is the median of its repetitions,
with the lowest and the highest beside it. Each table says what its figures leave out, and how busy the machine was with
other work: above the number of cores, rates by the clock are lower bounds and times are upper bounds.
"""


def render(results: Path = RESULTS) -> str:
    """Return the document."""
    kept = sorted(results.glob("*.json"))
    return "\n".join([_HEAD, *(_section(path.stem, json.loads(path.read_text(encoding="utf-8"))) for path in kept)])


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
