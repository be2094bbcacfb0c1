"""Run the episodes of a seed, several at a time, and make those that fail small."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trueup.drills.campaign.episode import Episode, draw_episode
from trueup.drills.campaign.failure import Failure, write_failure
from trueup.drills.campaign.minimise import minimise, signature
from trueup.drills.campaign.result import EpisodeResult
from trueup.drills.campaign.run import EpisodeRun
from trueup.drills.fleet import Fleet
from trueup.drills.scenario import Mode, Scenario

CONCURRENT_EPISODES = 2
"""Two thirds of an episode are waiting, the rest is one core's work: on two cores this leaves the nodes room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignOptions:
    """What to run.

    Parameters
    ----------
    seed : int
        Of every episode, together with its number.
    episodes, first : int
        How many, beginning with which.
    modes : Sequence[Mode]
        Who reconciles; each episode is run once in each.
    concurrent : int
        How many at a time.
    failures : Path
        Where the files of failing episodes go.
    keep : Path, optional
        Where to keep the nodes' logs.
    patience : int
        The factor on every bound of time: 1 on a machine of one's own, more on one that others keep busy.
    """

    seed: int
    episodes: int
    first: int = 0
    modes: Sequence[Mode] = ("verified",)
    concurrent: int = CONCURRENT_EPISODES
    failures: Path = Path("drill-failures")
    keep: Path | None = None
    patience: int = 1


async def run_episode(
    fleet: Fleet, scenario: Scenario, mode: Mode, *, name: str = "", patience: int = 1
) -> EpisodeResult:
    """Run one episode at a place of its own."""
    async with fleet.place(name or f"{scenario.id}-{mode}") as at:
        run = EpisodeRun(scenario, mode, at.directory, at.nursery, at.store, number=at.number, patience=patience)
        return await run.run()


async def run_campaign(
    options: CampaignOptions,
    on_result: Callable[[Episode, EpisodeResult], None] = lambda *_: None,
    on_failure: Callable[[Failure], None] = lambda _: None,
    *,
    fleet: Fleet | None = None,
) -> list[tuple[Episode, EpisodeResult]]:
    """Run a campaign and return what came of each episode, in their order.

    Parameters
    ----------
    options : CampaignOptions
        What to run.
    on_result : Callable
        Called with each result as it comes.
    on_failure : Callable
        Called with each failing episode of verified mode, once it has been made small and written.
    fleet : Fleet, optional
        Where to run them; one of its own if not given, which costs 4 s of a core before the first episode.
    """
    places = asyncio.Semaphore(options.concurrent)
    numbers = range(options.first, options.first + options.episodes)
    async with contextlib.AsyncExitStack() as stack:
        inside = fleet if fleet is not None else await stack.enter_async_context(Fleet(options.keep))

        async def one(episode: Episode, mode: Mode) -> tuple[Episode, EpisodeResult]:
            async with places:
                result = await run_episode(inside, episode.scenario, mode, patience=options.patience)
                on_result(episode, result)
                if result.failed and mode == "verified":
                    on_failure(await _reduce(inside, episode, result, options))
            return episode, result

        drawn = [draw_episode(options.seed, number) for number in numbers]
        return list(await asyncio.gather(*(one(episode, mode) for episode in drawn for mode in options.modes)))


async def _reduce(fleet: Fleet, episode: Episode, result: EpisodeResult, options: CampaignOptions) -> Failure:
    scenario = episode.scenario
    wanted = {signature(line) for line in result.complaints}

    async def fails(lines: Sequence[str]) -> bool:
        steps = "\n".join(lines) + "\n"
        smaller = scenario.model_copy(update={"steps": steps})
        name = f"{scenario.id}-smaller"
        again = await run_episode(fleet, smaller, "verified", name=name, patience=options.patience)
        return bool(wanted & {signature(line) for line in again.complaints})

    lines, runs = await minimise(scenario.steps.splitlines(), fails)
    return await asyncio.to_thread(write_failure, options.failures, episode, result, lines, runs)
