"""What the native engine makes of every scenario: measured, compared with what is on record, not judged.

A native end can hang on which of the engine's timers fires first: on a busy machine 8d and 8o each ended equal once,
and as on record in every other run. So a run that ends otherwise is repeated, alone; only a scenario that never ends as
on record fails. This says that the document's native column is true of the engine as it is, and nothing of trueup.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.drills.conftest import Batch
from trueup.drills import Mode, Scenario, run_all, scenarios
from trueup.drills.measured import measured_of, read_measured

MODES: tuple[Mode, ...] = ("native",)
REPEATS = 2

pytestmark = [pytest.mark.node, pytest.mark.server]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.id)
def test_a_native_run_ends_as_it_is_on_record(batch: Batch, scenario: Scenario, mode: Mode) -> None:
    outcome = batch.outcome(scenario, mode)
    assert not outcome.failure
    if not scenario.native.stable:
        return
    recorded = read_measured(mode)[scenario.id]
    seen = [outcome]
    while not measured_of(seen[-1]).agrees(recorded) and len(seen) <= REPEATS:
        seen += asyncio.run(run_all([(scenario, mode)]))
    lines = "; or ".join(str(one.failure or one.lines) for one in seen)
    assert measured_of(seen[-1]).agrees(recorded), f"{lines}, instead of {recorded}"
