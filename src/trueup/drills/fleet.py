"""Run many scenarios, several at a time: most of a drill is waiting."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from trueup.drills.nodes import Nursery
from trueup.drills.outcome import Outcome
from trueup.drills.runner import DrillRun
from trueup.drills.scenario import Mode, Scenario
from trueup.drills.store import DrillStore

CONCURRENT_RUNS = 10
"""Measured on two cores: below 6 most of it is waiting, at 16 the shortest thresholds (200 ms) begin to suffer."""


class Fleet:
    """What runs share: the process that forks nodes, and a store.

    Use it as an asynchronous context manager.

    Parameters
    ----------
    keep : Path, optional
        A directory to keep the logs in.
    """

    def __init__(self, keep: Path | None = None) -> None:
        self._keep = keep
        self._stack = contextlib.AsyncExitStack()
        self._nursery = Nursery()
        self._root = Path()
        self._store: DrillStore | None = None
        self._number = 0

    async def __aenter__(self) -> Fleet:
        self._root = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="drill-")))
        store = self._store = DrillStore(self._root / "store", durable=False)
        await asyncio.to_thread(store.start)
        self._stack.callback(store.stop)
        await self._stack.enter_async_context(self._nursery)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def run(self, scenario: Scenario, mode: Mode, *, real_time: bool = False) -> Outcome:
        """Run one scenario."""
        self._number += 1
        number = self._number
        directory = self._root / str(number)
        await asyncio.to_thread(directory.mkdir)
        drill = DrillRun(scenario, mode, directory, self._nursery, self._store, number=number, real_time=real_time)
        try:
            outcome = await drill.run()
        except Exception as error:  # whatever it is, the other runs go on, and this one says why it could not
            outcome = Outcome(scenario.id, mode, failure=f"{type(error).__name__}: {error}")
        if self._keep is not None:
            target = self._keep / f"{scenario.id}-{mode}"
            await asyncio.to_thread(_keep_logs, directory, target)
        await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
        return outcome


def _keep_logs(directory: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for log in directory.glob("*.log"):
        shutil.copy(log, target)


async def run_all(
    chosen: Sequence[tuple[Scenario, Mode]],
    on_outcome: Callable[[Outcome], None] = lambda _: None,
    *,
    concurrent: int = CONCURRENT_RUNS,
    keep: Path | None = None,
    real_time: bool = False,
) -> list[Outcome]:
    """Run scenarios, several at a time, and return what came of them in the order given.

    Parameters
    ----------
    chosen : Sequence[tuple[Scenario, Mode]]
        What to run.
    on_outcome : Callable
        Called with each outcome as it comes.
    concurrent : int
        How many at a time.
    keep : Path, optional
        Where to keep the logs.
    real_time : bool
        Whether every duration is as the scenarios state it.
    """
    places = asyncio.Semaphore(concurrent)

    async with Fleet(keep) as fleet:

        async def one(scenario: Scenario, mode: Mode) -> Outcome:
            async with places:
                outcome = await fleet.run(scenario, mode, real_time=real_time)
            on_outcome(outcome)
            return outcome

        return list(await asyncio.gather(*(one(scenario, mode) for scenario, mode in chosen)))
