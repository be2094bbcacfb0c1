"""The promise of verified mode in every scenario: equal under CLEAN, or an honest word; never CLEAN while different."""

from __future__ import annotations

import pytest

from tests.drills.conftest import Batch
from trueup.drills import Mode, Scenario, scenarios
from trueup.drills.judge import complaints

MODES: tuple[Mode, ...] = ("verified",)

pytestmark = [pytest.mark.node, pytest.mark.server]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scenario", [pytest.param(scenario, id=scenario.id) for scenario in scenarios()])
def test_a_verified_run_ends_equal_to_the_venue_or_says_honestly_that_it_does_not(
    batch: Batch, scenario: Scenario, mode: Mode
) -> None:
    assert not complaints(scenario, batch.outcome(scenario, mode))
