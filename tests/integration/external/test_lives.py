"""The law of ownership on a real node: over random lives every order and position has the one owner by right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.external.lives import Lives, Lost

pytestmark = [pytest.mark.node, pytest.mark.server, pytest.mark.timeout(900)]

SEED = 20261122
LONG_SEEDS = range(1, 21)


def test_own_and_external_activity_kills_and_claims_in_any_order_leave_one_owner_each_and_the_venues_totals(
    tmp_path: Path,
) -> None:
    lives = Lives(SEED, tmp_path)
    lives.live((Lost(store=True),), acts=12)
    assert lives.looks >= 6


@pytest.mark.long
@pytest.mark.parametrize("seed", LONG_SEEDS)
def test_twenty_longer_lives_keep_the_law(seed: int, tmp_path: Path) -> None:
    Lives(seed, tmp_path).live((Lost(store=False), Lost(store=seed % 2 == 0), Lost(store=False)), acts=40)
