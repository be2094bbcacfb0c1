"""Run many scenarios, several at a time: most of a drill is waiting."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trueup.drills.campaign.run import EpisodeRun, outcome_of
from trueup.drills.nodes import Nursery
from trueup.drills.outcome import Outcome
from trueup.drills.runner import DrillRun
from trueup.drills.scenario import Mode, Scenario
from trueup.drills.store import DrillStore

CONCURRENT_RUNS = 10
"""Measured on two cores: below 6 most of it is waiting, at 16 the shortest thresholds (200 ms) begin to suffer."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one run happens.

    Parameters
    ----------
    directory : Path
        Empty, and gone after the run.
    nursery : Nursery
        Who forks its nodes.
    store : DrillStore
        The store that runs share.
    number : int
        Distinguishes it from runs that use the store at the same time.
    """

    directory: Path
    nursery: Nursery
    store: DrillStore
    number: int


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
        try:
            await self._open()
        except BaseException:  # whoever fails to come in is never asked to leave: the store would go on running
            await self._stack.aclose()
            raise
        return self

    async def _open(self) -> None:
        self._root = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="drill-")))
        store = self._store = DrillStore(self._root / "store", durable=False)
        await asyncio.to_thread(store.start)
        self._stack.callback(store.stop)
        await self._stack.enter_async_context(self._nursery)

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @contextlib.asynccontextmanager
    async def place(self, name: str) -> AsyncIterator[Place]:
        """Make a place for a run, and clear it afterwards, but for the logs where they are kept."""
        assert self._store is not None
        number = self._number = self._number + 1  # before anything is awaited: another place may be made meanwhile
        directory = self._root / str(number)
        await asyncio.to_thread(directory.mkdir)
        try:
            yield Place(directory, self._nursery, self._store, number)
        finally:
            if self._keep is not None:
                await asyncio.to_thread(_keep_logs, directory, self._keep / name)
            await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)

    async def run(self, scenario: Scenario, mode: Mode, *, real_time: bool = False, patience: int = 1) -> Outcome:
        """Run one scenario; `patience` is that of an episode."""
        async with self.place(f"{scenario.id}-{mode}") as at:
            if scenario.conduct == "episode":
                where = (at.directory, at.nursery, at.store)
                episode = EpisodeRun(scenario, mode, *where, number=at.number, patience=patience)
                return outcome_of(await episode.run(), episode.found)
            drill = DrillRun(scenario, mode, at.directory, at.nursery, at.store, number=at.number, real_time=real_time)
            try:
                return await drill.run()
            except Exception as error:  # whatever it is, the other runs go on, and this one says why it could not
                return Outcome(scenario.id, mode, failure=f"{type(error).__name__}: {error}")


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
