"""What the tests of drills share: a fleet, and the runs of all scenarios that the collected tests ask for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, cast

import pytest

from trueup.drills import Mode, Outcome, Scenario, run_all
from trueup.drills.fleet import Fleet

Pair = tuple[Scenario, Mode]
RESULT_TIMEOUT_SECS = 170.0  # below the limit of a test, so that a stuck campaign says what it is


class Batch:
    """A campaign in a thread of its own, with a future for each run."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self._futures: dict[tuple[str, str], Future[Outcome]] = {
            (scenario.id, mode): Future() for scenario, mode in pairs
        }
        self._thread = threading.Thread(target=self._run, args=(pairs,), name="drills")
        self._thread.start()

    def _run(self, pairs: Sequence[Pair]) -> None:
        try:
            asyncio.run(run_all(pairs, self._settle))
        except BaseException as error:
            for future in self._futures.values():
                if not future.done():
                    future.set_exception(error)
            raise

    def _settle(self, outcome: Outcome) -> None:
        self._futures[outcome.scenario_id, outcome.mode].set_result(outcome)

    def outcome(self, scenario: Scenario, mode: Mode) -> Outcome:
        """Return what came of a run, once it has ended."""
        return self._futures[scenario.id, mode].result(RESULT_TIMEOUT_SECS)

    def close(self) -> None:
        """Wait until everything that was started has ended."""
        self._thread.join()


@pytest.fixture(scope="module")
def batch(request: pytest.FixtureRequest) -> Iterator[Batch]:
    """Start the runs of every test of this module at once.

    The tests of one module run in one worker (``--dist loadfile``), in the order in which the runs were started.
    """
    pairs: list[Pair] = []
    for item in request.session.items:
        if isinstance(item, pytest.Function) and item.module is request.module and hasattr(item, "callspec"):
            pair = cast("Pair", (item.callspec.params["scenario"], item.callspec.params["mode"]))
            if pair not in pairs:
                pairs.append(pair)
    running = Batch(pairs)
    yield running
    running.close()


class SharedFleet:
    """A fleet on an event loop of its own, in a thread: what it takes to come to life, 4 s of a core, it takes once.

    Use it as a context manager.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fleet")
        self._fleet = Fleet()

    def __enter__(self) -> SharedFleet:
        self._thread.start()
        try:
            self.run(lambda fleet: fleet.__aenter__())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.run(lambda fleet: fleet.__aexit__())
        finally:
            self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run[T](self, job: Callable[[Fleet], Coroutine[Any, Any, T]]) -> T:
        """Run something on the fleet's loop and return what comes of it."""
        return asyncio.run_coroutine_threadsafe(job(self._fleet), self._loop).result()


@pytest.fixture(scope="module")
def fleet() -> Iterator[SharedFleet]:
    """Return a fleet that the tests of a module share."""
    with SharedFleet() as shared:
        yield shared
