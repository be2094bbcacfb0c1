"""What the native engine makes of every scenario: measured, compared with what is on record, not judged."""

from __future__ import annotations

import pytest

from tests.drills.conftest import Batch
from trueup.drills import Mode, Scenario, scenarios
from trueup.drills.measured import measured_of, read_measured

MODES: tuple[Mode, ...] = ("native",)

pytestmark = [pytest.mark.node, pytest.mark.server]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.id)
def test_a_native_run_ends_as_it_is_on_record(batch: Batch, scenario: Scenario, mode: Mode) -> None:
    outcome = batch.outcome(scenario, mode)
    assert not outcome.failure
    recorded = read_measured(mode)[scenario.id]
    measured = measured_of(outcome)
    if scenario.native.stable:
        assert measured.agrees(recorded), f"{outcome.lines} instead of {recorded}"
