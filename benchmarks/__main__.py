"""Run benchmarks: ``python -m benchmarks [NAME ...] [--quick | --render]``.

A benchmark is a module of this package with a function ``run(quick: bool) -> Result``. Its result goes to
``benchmarks/results/<name>.json`` with machine, versions, date and load, and ``docs/benchmarks.md`` is written anew
with its charts from all of these files. Without names all benchmarks run. ``--quick`` runs each at a fraction of its
size, to see that it works: its figures are printed and kept nowhere. ``--render`` measures nothing and writes the
document and its charts.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import benchmarks
from benchmarks.document import RESULTS, write
from benchmarks.machine import describe
from benchmarks.result import Result

type Run = Callable[[bool], Result]


def discover() -> dict[str, Run]:
    """Return the benchmarks of this package by the name of their module."""
    found: dict[str, Run] = {}
    for module in pkgutil.iter_modules(benchmarks.__path__):
        if not module.name.startswith("_"):
            run = getattr(importlib.import_module(f"benchmarks.{module.name}"), "run", None)
            if run is not None:
                found[module.name] = run
    return found


def measure(name: str, run: Run, *, quick: bool) -> dict[str, Any]:
    """Run one benchmark and return what is kept of it."""
    load_before = os.getloadavg()[0]
    result = run(quick)
    kept = asdict(result)
    for figure, shown in zip(result.figures, kept["figures"], strict=True):
        shown |= {"value": figure.value, "met": figure.met}
        goal = "" if figure.met is None else f"  goal {figure.goal:g}: {'met' if figure.met else 'NOT MET'}"
        print(f"{name}: {figure.name}: {figure.value:,.2f} {figure.unit}{goal}", flush=True)
    return {"quick": quick, "machine": asdict(describe(load_before)), "result": kept}


def main() -> int:
    """Run what was named; 2 for a name that is no benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks to run; all without any")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--quick", action="store_true", help="a fraction of the size; nothing is kept")
    how.add_argument("--render", action="store_true", help="write document and charts from what is kept; nothing runs")
    asked = parser.parse_args()
    if asked.render:
        write()
        return 0
    found = discover()
    unknown = sorted(set(asked.names) - set(found))
    if unknown:
        print(f"benchmarks: no benchmark {', '.join(unknown)}; there are {', '.join(sorted(found))}", file=sys.stderr)
        return 2
    for name in asked.names or sorted(found):
        stored = measure(name, found[name], quick=asked.quick)
        if not asked.quick:
            RESULTS.mkdir(exist_ok=True)
            (RESULTS / f"{name}.json").write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
            write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
