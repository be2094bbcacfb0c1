"""Run all scenarios that the collected tests ask for, several at a time, while the tests wait for their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import cast

import pytest

from trueup.drills import Mode, Outcome, Scenario, run_all

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
