"""Episodes with real nodes: fixed ones, fresh ones, and those that campaigns once failed on."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.drills.conftest import SharedFleet
from trueup.cli.drill import app
from trueup.drills import Mode, Outcome, Scenario
from trueup.drills.campaign.campaign import CampaignOptions, run_campaign, run_episode
from trueup.drills.campaign.failure import Failure
from trueup.drills.campaign.result import EpisodeResult
from trueup.drills.campaign.run import EpisodeRun
from trueup.drills.fleet import Fleet
from trueup.drills.judge import complaints
from trueup.drills.scenario import found_episodes, read_scenario

pytestmark = [pytest.mark.node, pytest.mark.server]

FIXED_SEED = 20261122
FRESH_SEED = int(time.strftime("%Y%m%d", time.gmtime()))
"""Of the day: every day of CI tries others, and two runs of a day the same."""
FIXED, FRESH = 20, 40
"""Each takes 1.0 s of a core, mostly the six starts in it (75 ms to trading, 15 ms to fork), and waits nine times that:
the sixty take 61 s of a core, and 3.7 s more for the fleet that all tests here share."""
FIXED_LONG, FRESH_LONG = 100, 100
CONCURRENT = 6
PATIENCE = 3
"""Of bounds of time alone: the machine that runs these is slow and busy at times."""
NATIVE_REPEATS = 2
"""What the engine alone makes of an episode can hang on which of its timers fires first; see `test_native`."""


def broken(fleet: SharedFleet, seed: int, episodes: int, first: int = 0, *, failures: Path) -> list[str]:
    """Run episodes in verified mode and return every broken promise, with what reproduces it."""
    options = CampaignOptions(
        seed=seed, first=first, episodes=episodes, concurrent=CONCURRENT, failures=failures, patience=PATIENCE
    )
    told: list[str] = []

    def tell(failure: Failure) -> None:
        told.append(failure.path.read_text())

    ran = fleet.run(lambda inside: run_campaign(options, on_failure=tell, fleet=inside))
    assert len(ran) == episodes
    assert all(result.looks for _, result in ran)
    return [f"{episode.name}: {line}" for episode, result in ran for line in result.complaints] + told


@pytest.mark.timeout(900)
def test_no_promise_is_broken_in_fixed_episodes(fleet: SharedFleet, tmp_path: Path) -> None:
    assert not broken(fleet, FIXED_SEED, FIXED, failures=tmp_path)


@pytest.mark.timeout(900)
def test_no_promise_is_broken_in_fresh_episodes(fleet: SharedFleet, tmp_path: Path) -> None:
    assert not broken(fleet, FRESH_SEED, FRESH, first=1_000, failures=tmp_path)


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_no_promise_is_broken_in_a_long_slice(fleet: SharedFleet, tmp_path: Path) -> None:
    assert not broken(fleet, FIXED_SEED, FIXED_LONG, first=FIXED, failures=tmp_path)
    assert not broken(fleet, FRESH_SEED, FRESH_LONG, first=1_000 + FRESH, failures=tmp_path)


def test_what_campaigns_once_failed_on_holds_in_verified_mode_and_the_native_engine_does_as_measured(
    fleet: SharedFleet,
) -> None:
    modes: tuple[Mode, ...] = ("verified", "native")
    pairs = [(scenario, mode) for scenario in found_episodes() for mode in modes]

    async def run(inside: Fleet) -> list[Outcome]:
        runs = (inside.run(scenario, mode, patience=PATIENCE) for scenario, mode in pairs)
        return list(await asyncio.gather(*runs))

    for (scenario, mode), outcome in zip(pairs, fleet.run(run), strict=True):
        if mode == "verified":
            assert not complaints(scenario, outcome)
            assert outcome.converged
        else:
            assert ends_as_measured(fleet, scenario, outcome), scenario.id


def ends_as_measured(fleet: SharedFleet, scenario: Scenario, native: Outcome) -> bool:
    """Return whether the engine alone ended as it is on record, here or in a run without others beside it."""
    wanted = bool(scenario.native.converged)
    for _ in range(NATIVE_REPEATS):
        if native.converged is wanted:
            break
        native = fleet.run(lambda inside: inside.run(scenario, "native", patience=PATIENCE))
    return native.converged is wanted


UNEXPLAINED = """
id = "0-unexplained"
group = "campaign"
title = "The venue moves a position without any fill, and a venue that is broken does not heal"
preset = "fast"
conduct = "episode"
reconciliation_timeout_secs = 4.0
steps = '''
node start
node submit V-1 BUY 2 @ 100
venue fill V-1 2
wait 0.5s
venue moves BTC to 3 @ 101
node kill
node cancel V-1
'''
"""


def test_a_node_that_cannot_become_true_is_complained_about_and_steps_that_cannot_be_done_are_counted(
    fleet: SharedFleet,
) -> None:
    scenario = read_scenario(UNEXPLAINED, "unexplained.toml")
    result = fleet.run(lambda inside: run_episode(inside, scenario, "verified"))
    assert result.ending == "not trading"
    assert result.skipped == 1
    (line,) = result.complaints
    assert line.startswith("the node does not trade though nothing is broken: refused: the node could not be proven")


UNWRITTEN = """
id = "0-unwritten"
group = "campaign"
title = "A store loses what it was told before it wrote it down"
preset = "fast"
conduct = "episode"
reconciliation_timeout_secs = 4.0
steps = '''
node start
node submit V-1 BUY 2 @ 100
node submit V-2 BUY 3 @ 100
node kill
venue cancel V-1
node start
wait 1s
'''
[verified]
settings = { history = "current" }
"""


@pytest.mark.parametrize("lost", [("",), ("orders:", "index:")], ids=["everything", "all but the proof"])
def test_a_node_whose_store_wrote_orders_down_too_late_is_true_again_since_its_last_proof(
    fleet: SharedFleet, lost: tuple[str, ...]
) -> None:
    scenario = read_scenario(UNWRITTEN, "unwritten.toml")
    remembered = []

    async def run_forgetting(inside: Fleet) -> EpisodeResult:
        async with inside.place("unwritten") as at:
            where = (at.directory, at.nursery, at.store)
            run = EpisodeRun(scenario, "verified", *where, number=at.number, patience=PATIENCE)
            remembers = run.stage.remembers

            async def forgetful() -> bool:
                remembered.append(await remembers())
                for what in lost:
                    await at.store.forget(run.stage.trader_id, what)
                return await remembers()

            run.stage.remembers = forgetful  # type: ignore[method-assign]  # what a kill before the write leaves behind
            return await run.run()

    result = fleet.run(run_forgetting)
    assert remembered == [False, True]
    assert result.complaints == ()
    assert (result.ending, result.orders) == ("equal", 2)


def test_the_command_shows_an_episode_and_runs_a_file_of_one(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["campaign", "--seed", "7", "--episodes", "1", "--first", "3", "--show"])
    assert "# 7-3: " in shown.output
    assert "node start" in shown.output
    path = tmp_path / "small.toml"
    path.write_text(UNEXPLAINED.replace("venue moves BTC to 3 @ 101\n", "").replace("node cancel V-1\n", ""))
    ran = CliRunner().invoke(app, ["run", str(path), "--mode", "verified"])
    assert ran.exit_code == 0, ran.output
    assert "0-unexplained verified equal" in ran.output
