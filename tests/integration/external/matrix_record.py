"""Make the whole matrix and keep what came of it; ``make generate`` then writes the table.

    nice python -m tests.integration.external.matrix_record [--only verified] [--missing]

Runs that are on record under the same name are replaced, the others stay.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from itertools import product
from pathlib import Path

import msgspec

from tests.integration.external.matrix_cells import Cell, cells
from tests.integration.external.matrix_report import MODES, RECORD, Record, Row, Run, read
from tests.integration.external.matrix_run import Conditions, MatrixRun, RunResult
from trueup.config.engine_versions import installed_version
from trueup.emulator.engine.symbols import symbol_table


def symbols() -> list[str]:
    """Return the venue's symbols, in its own order."""
    return [symbol for symbol in symbol_table() if symbol.endswith("USDT")]


def kept(result: RunResult, made: tuple[Cell, ...]) -> Run:
    """Return a run as it is kept."""
    rows = []
    for cell in made:
        outcome = result.outcomes[cell.name]
        said = sorted({doing for doing, _ in outcome.said})
        rows.append(
            Row(
                act=cell.act,
                own=cell.own.value,
                when=cell.when.value,
                doing=cell.doing,
                at_once=outcome.at_once,
                after=outcome.after,
                said=said,
            )
        )
    conditions = result.conditions
    return Run(conditions.mode, conditions.name, result.verdicts, result.lines[:20], rows, dict(result.pnl))


def is_good(run: Run) -> bool:
    """Return whether a run needs no repetition: what native mode does wrong stays, a bad verdict of ours must not."""
    return run.mode == "native" or set(run.verdicts.values()) <= {"CLEAN", "TRADING"}


def every() -> list[Conditions]:
    """Return the conditions of all runs: verified and native by turns."""
    several = product((True, False), (False, True), (True, False))
    return [
        Conditions(mode=mode, claims=claims, hedge=hedge, store=store)
        for claims, hedge, store in several
        for mode in MODES
    ]


def main() -> int:
    """Make the runs, keeping each as soon as it is made."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", choices=MODES)
    parser.add_argument("--few", action="store_true")
    parser.add_argument("--missing", action="store_true", help="make only what is not on record as good")
    given = parser.parse_args()
    made = cells(symbols(), few=given.few)
    runs = {(run.mode, run.conditions): run for run in (read().runs if RECORD.exists() else ())}
    good = {name for name, run in runs.items() if is_good(run)}
    for conditions in every():
        if given.only not in (None, conditions.mode):
            continue
        if given.missing and (conditions.mode, conditions.name) in good:
            continue
        with tempfile.TemporaryDirectory() as directory:
            result = MatrixRun(conditions, made, Path(directory)).run()
        runs[conditions.mode, conditions.name] = kept(result, made)
        ordered = [runs[one.mode, one.name] for one in every() if (one.mode, one.name) in runs]
        record = Record(engine=installed_version() or "", runs=ordered)
        RECORD.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
        wrong = sum(bool(one.at_once or one.after) for one in result.outcomes.values())
        print(f"{conditions.mode}, {conditions.name}: {wrong} of {len(made)} wrong, {result.secs} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
