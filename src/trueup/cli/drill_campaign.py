"""The command ``trueup drill campaign``: random episodes, watched and judged."""

from __future__ import annotations

import asyncio
import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from trueup.cli.drill_modes import ModeChoice

if TYPE_CHECKING:  # the drills cost half a second, which no other command should pay
    from trueup.drills.campaign.episode import Episode
    from trueup.drills.campaign.failure import Failure
    from trueup.drills.campaign.record import Slice
    from trueup.drills.campaign.result import EpisodeResult


def campaign(
    episodes: Annotated[int, typer.Option(min=1, max=100_000, help="How many episodes.")] = 20,
    seed: Annotated[int | None, typer.Option(help="The seed of all of them; drawn from the date if not given.")] = None,
    first: Annotated[int, typer.Option(min=0, help="The number of the first; a slice of the same seed goes on.")] = 0,
    mode: Annotated[ModeChoice, typer.Option(help="Who reconciles.")] = ModeChoice.VERIFIED,
    concurrent: Annotated[int, typer.Option(min=1, max=32, help="How many at a time.")] = 2,
    failures: Annotated[Path, typer.Option(help="Where to write the files of failing episodes.")] = Path(
        "drill-failures"
    ),
    keep_logs: Annotated[Path | None, typer.Option(help="A directory to keep the nodes' logs in.")] = None,
    keep_results: Annotated[bool, typer.Option("--record", help="Put the results on record.")] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Print the episodes' options and steps, and run nothing.")
    ] = False,
) -> None:
    """Run random episodes: trading, faults, kills; then faults heal, and the node must become CLEAN and equal.

    Exit 0 if no promise of verified mode was broken, else 1. A failing episode is made small and written as a scenario
    file. What the native engine does is counted, not judged.
    """
    from trueup.drills.campaign.campaign import CampaignOptions, run_campaign
    from trueup.drills.campaign.episode import draw_episode
    from trueup.drills.campaign.record import append, slice_of

    out = Console(highlight=False, markup=False, soft_wrap=True)
    chosen = int(time.strftime("%Y%m%d", time.gmtime())) if seed is None else seed
    if show:
        for number in range(first, first + episodes):
            episode = draw_episode(chosen, number)
            out.print(f"# {episode.name}: {episode.options.line}\n{episode.scenario.steps}")
        return
    out.print(f"seed {chosen}, episodes {first} to {first + episodes - 1}")

    def tell(episode: Episode, result: EpisodeResult) -> None:
        out.print(f"{result.line}\n    {episode.options.line}")
        for line in result.complaints:
            out.print(f"    BROKEN {line}")

    def tell_failure(failure: Failure) -> None:
        out.print(f"    {failure.steps} of {failure.steps_before} steps are enough ({failure.runs} runs)")
        out.print(f"    again: {failure.command}")

    options = CampaignOptions(
        seed=chosen,
        episodes=episodes,
        first=first,
        modes=mode.modes,
        concurrent=concurrent,
        failures=failures,
        keep=keep_logs,
    )
    began, before = time.monotonic(), _cpu_secs()
    ran = asyncio.run(run_campaign(options, tell, tell_failure))
    wall_secs, cpu_secs = time.monotonic() - began, _cpu_secs() - before
    broken = False
    for each in mode.modes:
        mine = [(episode, result) for episode, result in ran if result.mode == each]
        share = len(mine) / len(ran)
        kept = slice_of(chosen, each, mine, wall_secs=wall_secs * share, cpu_secs=cpu_secs * share)
        broken |= bool(kept.failing)
        out.print(_summary(kept))
        if keep_results:
            append(kept)
    if broken:
        raise typer.Exit(1)


def _cpu_secs() -> float:
    used = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def _summary(kept: Slice) -> str:
    endings = ", ".join(f"{number} {ending}" for ending, number in kept.endings.items())
    after = "" if kept.clean_secs is None else f"; true after {kept.clean_secs[0]} s ({kept.clean_secs[1]} s at most)"
    return (
        f"{kept.mode}: {kept.episodes} episodes: {endings}{after}; {kept.lost} with a lost fill, {kept.doubled} with a "
        f"doubled one, {kept.traded_different} traded while different, {len(kept.failing)} broken; "
        f"{kept.sums['kills']} kills, {kept.sums['faults']} faults; {kept.cpu_secs:.0f} s of CPU"
    )
