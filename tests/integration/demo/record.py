"""Run the demonstration for many seeds and keep what came of it.

    nice python -m tests.integration.demo.record [--seeds 1-50] [--native 1-10] [--parallel 2]

``make generate`` then writes the table into ``docs/demo.md``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import msgspec

from trueup import __version__
from trueup.config.engine_versions import installed_version

MEASURED = Path(__file__).parent / "measured.json"
RUN_SECS_MAX = 240.0
MODES = ("verified", "native")


class Run(msgspec.Struct, frozen=True):
    """One demonstration.

    Parameters
    ----------
    verdict : str
        The comparison's; what the command said instead where it had none.
    exit_code : int
        The command's.
    compared, differing : dict
        How many positions, orders and fills were compared, and how many of them differed.
    secs : float
        The whole command, imports included.
    restart_secs : float
        From the second life's process to its trader running.
    """

    verdict: str
    exit_code: int
    compared: dict[str, int]
    differing: dict[str, int]
    secs: float
    restart_secs: float


class Measured(msgspec.Struct, frozen=True):
    """All that is on record, by mode and seed."""

    date: str
    versions: dict[str, str]
    parallel: int
    load: float
    runs: dict[str, dict[int, Run]]


def run(seed: int, mode: str, directory: Path) -> Run:
    """Run one demonstration as a user does."""
    report = directory / f"{mode}-{seed}.json"
    command = [sys.executable, "-m", "trueup", "demo", "--seed", str(seed), "--mode", mode, "--json", str(report)]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_SECS_MAX, check=False)
    secs = round(time.monotonic() - began, 1)
    if not report.exists():
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        return Run(" ".join(line.strip() for line in said[-3:]), done.returncode, {}, {}, secs, 0.0)
    told = msgspec.json.decode(report.read_bytes())
    return Run(
        verdict=told["verdict"],
        exit_code=done.returncode,
        compared={section: count["rows"] for section, count in told["counts"].items()},
        differing={section: count["differing"] for section, count in told["counts"].items()},
        secs=secs,
        restart_secs=round(told["timings"].get("restart", 0.0), 1),
    )


def record(wanted: dict[str, range], parallel: int) -> None:
    """Run all that is wanted, so many at a time, and keep each as it ends."""
    runs: dict[str, dict[int, Run]] = {}
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(parallel) as pool:
        for mode, seeds in wanted.items():
            for seed, one in zip(
                seeds, pool.map(partial(run, mode=mode, directory=Path(directory)), seeds), strict=True
            ):
                print(f"{mode} {seed}: {one}", flush=True)
                runs.setdefault(mode, {})[seed] = one
                _keep(runs, parallel)


def _keep(runs: dict[str, dict[int, Run]], parallel: int) -> None:
    measured = Measured(
        date=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        versions={"trueup": __version__, "nautilus_trader": str(installed_version())},
        parallel=parallel,
        load=round(os.getloadavg()[2], 1),
        runs=runs,
    )
    MEASURED.write_bytes(msgspec.json.format(msgspec.json.encode(measured), indent=2) + b"\n")


def read_measured() -> Measured:
    """Return what is on record."""
    return msgspec.json.decode(MEASURED.read_bytes(), type=Measured)


def render() -> str:
    """Return the tables of the document."""
    measured = read_measured()
    versions = ", ".join(f"{name} {version}" for name, version in measured.versions.items())
    parts = [
        f"\nMeasured {measured.date} with {versions}; {measured.parallel} at a time, load average {measured.load}.\n"
    ]
    for mode in MODES:
        runs = measured.runs.get(mode, {})
        if runs:
            parts += [_summary(mode, runs), _table(runs)]
    return "\n".join(parts) + "\n"


def _summary(mode: str, runs: dict[int, Run]) -> str:
    clean = sum(one.verdict == "CLEAN" and one.exit_code == 0 for one in runs.values())
    compared = sum(sum(one.compared.values()) for one in runs.values())
    differing = sum(sum(one.differing.values()) for one in runs.values())
    seconds = sorted(one.secs for one in runs.values())
    return (
        f"### `--mode {mode}`\n\n"
        f"CLEAN with exit 0: **{clean} of {len(runs)}**. {compared:,} positions, orders and fills were compared,"
        f" {differing:,} differ. A run took {statistics.median(seconds):.0f} s"
        f" ({seconds[0]:.0f} to {seconds[-1]:.0f}).\n"
    )


def _table(runs: dict[int, Run]) -> str:
    lines = [
        "| seed | verdict | exit | positions | orders | fills | differ | restart, s | whole run, s |",
        "|---:|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for seed, one in sorted(runs.items()):
        counts = [str(one.compared.get(section, "")) for section in ("position", "order", "fill")]
        differing = sum(one.differing.values())
        cells = (seed, one.verdict, one.exit_code, *counts, differing, one.restart_secs, one.secs)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def _span(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main() -> None:
    """Run what was asked for and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else "")
    parser.add_argument("--seeds", type=_span, default=_span("1-50"))
    parser.add_argument("--native", type=_span, default=_span("1-10"))
    parser.add_argument("--parallel", type=int, default=2)
    asked = parser.parse_args()
    record({"verified": asked.seeds, "native": asked.native}, asked.parallel)


if __name__ == "__main__":
    main()
