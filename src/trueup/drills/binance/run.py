"""Live scenarios on the Binance adapter: one after the other, in the modes asked for side by side."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from trueup.drills.binance.life import Life
from trueup.drills.binance.scenario import BinanceScenario
from trueup.drills.described import Mode
from trueup.drills.outcome import Outcome
from trueup.emulator.process import EmulatorProcess

MODES: Final[tuple[Mode, ...]] = ("native", "verified")


def live(
    scenario: BinanceScenario,
    emulator: EmulatorProcess,
    directory: Path,
    modes: Sequence[Mode] = MODES,
    *,
    keep: Path | None = None,
) -> tuple[Outcome, ...]:
    """Live one scenario, on an account for each mode, and return what came of it in the order of the modes.

    Parameters
    ----------
    scenario : BinanceScenario
        What happens.
    emulator : EmulatorProcess
        The venue; its market stands still.
    directory : Path
        An empty one.
    modes : Sequence of {'native', 'verified'}
        Who reconciles.
    keep : Path, optional
        Where to keep the nodes' logs, in a directory for each run.
    """
    with ExitStack() as stack:
        places = [directory / mode for mode in modes]
        for place in places:
            place.mkdir()
        lives = [Life(scenario, mode, emulator, place) for mode, place in zip(modes, places, strict=True)]
        pool = stack.enter_context(ThreadPoolExecutor(len(lives), thread_name_prefix=scenario.id))
        try:
            outcomes = tuple(running.result() for running in [pool.submit(life.run) for life in lives])
        finally:  # Ctrl-C: the pool waits for its threads, which wait for their nodes
            for life in lives:
                life.end()
        if keep is not None:
            for mode, place in zip(modes, places, strict=True):
                _keep_logs(place, keep / f"{scenario.id}-{mode}")
    return outcomes


def run_binance(
    scenarios: Sequence[BinanceScenario],
    modes: Sequence[Mode],
    on_outcome: Callable[[Outcome], None] = lambda _: None,
    *,
    keep: Path | None = None,
) -> list[Outcome]:
    """Live scenarios on an emulator that is started for them, and return what came of them.

    Parameters
    ----------
    scenarios, modes
        What to run.
    on_outcome : Callable
        Called with each outcome as it comes.
    keep : Path, optional
        Where to keep the nodes' logs.
    """
    found: list[Outcome] = []
    with EmulatorProcess(ends_with_parent=True) as emulator:
        emulator.control.pause_market()
        for scenario in scenarios:
            with tempfile.TemporaryDirectory(prefix="drill-") as directory:
                outcomes = live(scenario, emulator, Path(directory), modes, keep=keep)
            for outcome in outcomes:
                found.append(outcome)
                on_outcome(outcome)
    return found


def _keep_logs(directory: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for log in directory.glob("*.log"):
        shutil.copy(log, target)
