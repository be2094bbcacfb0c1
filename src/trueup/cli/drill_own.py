"""``trueup drill run --config``: the scenarios for any strategy, on an operator's own configuration."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from trueup.cli.drill_modes import ModeChoice
from trueup.cli.shortened import LINES_SHOWN, shortened

if TYPE_CHECKING:  # the drills cost half a second, which no other command should pay
    from trueup.drills.own.run import OwnOutcome


def drill_own(
    path: Path, identifiers: Sequence[str], mode: ModeChoice, keep: Path | None, lines_max: int = LINES_SHOWN
) -> None:
    """Run scenarios on a configuration, print what came of each, and exit 1 if one did not hold in verified mode."""
    from trueup.drills.own.config import OwnConfig
    from trueup.drills.own.run import run_own
    from trueup.drills.own.scenario import own_scenario, own_scenarios

    own = OwnConfig.from_file(path)
    chosen = tuple(own_scenario(one) for one in identifiers) if identifiers else own_scenarios()
    out = Console(highlight=False, markup=False, soft_wrap=True)
    strategies = ", ".join(one.strategy_path for one in own.config.strategies)
    out.print(f"{path}: {strategies} on {', '.join(own.symbols)}, at the emulator")

    def tell(outcome: OwnOutcome) -> None:
        title = next(one.title for one in chosen if one.id == outcome.scenario_id)
        word = f"holds after {outcome.clean_secs:.0f} s" if outcome.holds else "DOES NOT HOLD"
        seen = f"{outcome.orders} orders, {outcome.fills} fills, {outcome.starts} starts, {outcome.wall_secs:.0f} s"
        out.print(f"{outcome.scenario_id:>4} {outcome.mode:<8} {word} ({seen})  {title}")
        for line in shortened(outcome.lines, lines_max):
            out.print("     " + line.replace("\n", "\n     "))

    directory = Path(tempfile.mkdtemp(prefix="trueup-drill-")) if keep is None else keep
    outcomes = run_own(own, chosen, mode.modes, directory, tell)
    failed = [one for one in outcomes if not one.holds and one.mode == "verified"]
    held = sum(one.holds for one in outcomes)
    out.print(f"{held} of {len(outcomes)} hold")
    if keep is None and not failed:
        shutil.rmtree(directory, ignore_errors=True)
    else:
        out.print(f"logs and configuration of every life: {directory}")
    if failed:
        raise typer.Exit(1)
