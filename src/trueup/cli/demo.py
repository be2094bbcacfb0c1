"""The command ``trueup demo``: the main job, on embedded defaults."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


class DemoMode(StrEnum):
    """Who reconciles."""

    NATIVE = "native"
    VERIFIED = "verified"


def demo(
    seed: Annotated[int, typer.Option(help="Seed of the market, the strategy and the absence.", min=0)] = 1,
    mode: Annotated[DemoMode, typer.Option(help="Who reconciles: the engine alone, or trueup.")] = DemoMode.VERIFIED,
    keep: Annotated[Path | None, typer.Option(help="An empty directory for logs, store and venue ledger.")] = None,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write the report here as JSON.")] = None,
    redis: Annotated[str | None, typer.Option(help="A Redis or Valkey URL instead of the embedded server.")] = None,
    observe: Annotated[
        bool, typer.Option("--observe", help="Run Prometheus and Alertmanager beside it, and show which alerts fired.")
    ] = False,
) -> None:
    """Run a live node, kill it in a burst, run it again, and compare it with the venue.

    Exit 0 if node and venue agree, 1 if they do not, 3 if not everything could be compared, 2 if the demonstration
    cannot run, 130 if it was interrupted.
    """
    from trueup.demo.directory import prepare_directory
    from trueup.demo.report import show
    from trueup.demo.story import DemoOptions, run_demo, write_json

    console = Console(highlight=False)
    began = time.monotonic()

    def say(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.1f} s[/dim]  ", end="")
        console.print(text, markup=False, soft_wrap=True)

    directory = prepare_directory(keep)
    say(f"trueup demo, mode {mode}, seed {seed}, in {directory}")
    options = DemoOptions(directory=directory, mode=str(mode), seed=seed, store_url=redis, observe=observe)
    report = run_demo(options, say)
    write_json(report, directory / "report.json")
    if json_path is not None:
        write_json(report, json_path)
    show(report, console)
    raise typer.Exit(report.exit_code)
