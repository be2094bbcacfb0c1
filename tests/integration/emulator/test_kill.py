"""kill -9 at any moment of a load: the acknowledged history is there again, exactly, and nothing half done."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.emulator.load_main import GROUP, SETTINGS, apply, clock_at
from tests.unit.emulator.engine.arrange import fingerprint
from trueup.emulator.engine.venue import Venue

KILLS = 10
KILLS_LONG = 100


class Reference:
    """The same load in memory, never killed: what the state must be after each command."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.number = 0
        self.clock = clock_at(0)
        self.venue = Venue(SETTINGS, clock=self.clock)

    def run_to(self, number: int) -> bytes:
        """Run on to command `number` and return the state."""
        while self.number < number:
            apply(self.venue, self.seed, self.number)
            self.number += 1
            self.clock.advance(50)
        return fingerprint(self.venue)


def run_and_kill(directory: Path, seed: int, number: int, chance: random.Random) -> int:
    """Start the load at command `number`, kill it at a random moment, and return the last number acknowledged."""
    command = [sys.executable, "-m", "tests.integration.emulator.load_main", str(directory), str(seed), str(number)]
    root = Path(__file__).parents[3]
    acknowledged = number
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, text=True) as process:
        assert process.stdout is not None
        for _ in range(chance.randint(1, 30)):
            acknowledged = int(process.stdout.readline())
        time.sleep(chance.random() / 50)
        process.kill()
        for line in process.stdout:  # what was printed before the kill was acknowledged too
            if line.endswith("\n"):
                acknowledged = int(line)
    return acknowledged


def campaign(directory: Path, seed: int, kills: int) -> None:
    chance = random.Random(seed)
    reference = Reference(seed)
    number = 0
    for _ in range(kills):
        acknowledged = run_and_kill(directory, seed, number, chance)
        recovered = Venue.recover(directory, SETTINGS, clock=clock_at(acknowledged))
        recovered.ledger.check_invariants()
        found = fingerprint(recovered)
        recovered.close()
        # A group that was durable but not yet acknowledged may be there; then all of it is.
        matches = next(
            ([after] for after in (acknowledged, acknowledged + GROUP) if reference.run_to(after) == found), []
        )
        assert matches, f"the state after a kill is neither that of {acknowledged} commands nor of one group more"
        number = matches[0]
        if reference.number != number:  # the reference ran a group too far to look
            reference = Reference(seed)
            reference.run_to(number)


@pytest.mark.timeout(300)
def test_ten_kills_at_random_moments_lose_nothing_acknowledged(tmp_path: Path) -> None:
    campaign(tmp_path, seed=1, kills=KILLS)


@pytest.mark.long
@pytest.mark.timeout(0)
def test_a_hundred_kills_at_random_moments_lose_nothing_acknowledged(tmp_path: Path) -> None:
    campaign(tmp_path, seed=2, kills=KILLS_LONG)
