"""The long commands of ``trueup drill``: kill a session at every event of it, and soak a node for hours."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:  # the drills cost half a second, which no other command should pay
    from trueup.drills.scenario import Mode
    from trueup.drills.sweep.result import Kill

PROGRESS_EVERY = 25
EXIT_WRONG = 1


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(sweep)
    app.command()(network)
    app.command()(soak)


def sweep(
    points: Annotated[
        list[str] | None, typer.Argument(help="Where to kill, such as 2:venue:7; without any, at every event.")
    ] = None,
    native: Annotated[bool, typer.Option("--native", help="The engine alone reconciles.")] = False,
    count: Annotated[int | None, typer.Option("--points", min=1, help="So many events, evenly spread.")] = None,
    concurrent: Annotated[int, typer.Option(min=1, max=16, help="How many at a time.")] = 2,
    keep_logs: Annotated[Path | None, typer.Option(help="A directory to keep the nodes' logs in.")] = None,
    keep_results: Annotated[bool, typer.Option("--record", help="Put the results on record for the document.")] = False,
) -> None:
    """Kill a node with SIGKILL at every event of a fixed session, start it again, and compare it with the venue.

    Exit 0 if every node came back equal to the venue, under CLEAN in verified mode, and went on trading; else 1. What
    the native engine does is reported, not judged.
    """
    from trueup.drills.sweep.campaign import list_events, record_kills, run_targets, targets_of
    from trueup.drills.sweep.points import read_target
    from trueup.drills.sweep.result import wrong

    out = Console(highlight=False, markup=False, soft_wrap=True)
    mode: Mode = "native" if native else "verified"
    named = [read_target(text) for text in points or []]
    loads = [os.getloadavg()[0]]
    events: dict[tuple[int, str], list[str]] = {}
    done: list[Kill] = []

    def tell(kill: Kill) -> None:
        done.append(kill)
        loads.append(os.getloadavg()[0])
        if named or not kill.is_good:
            for line in _kill_lines(kill):
                out.print(line)
        elif len(done) % PROGRESS_EVERY == 0:
            out.print(f"sweep: {len(done)} killed, {len(wrong(done))} not equal")

    async def run() -> None:
        events.update({} if named else await list_events(mode))
        targets = named or targets_of(events, count)
        await run_targets(targets, mode, tell, events=events, concurrent=concurrent, keep=keep_logs)

    try:
        asyncio.run(run())
    finally:  # Ctrl-C after an hour must not lose the hour
        if keep_results and done:
            record_kills(done, events, loads, mode)
    reached = [kill for kill in done if kill.deaths]
    bad = wrong(done)
    twice = sum(kill.deaths > 1 for kill in reached)
    unequal = len(wrong(reached))
    out.print(
        f"{len(reached)} points in {mode} mode, {twice} of them twice in a row:"
        f" {len(reached) - unequal} equal, {unequal} not; {len(done) - len(reached)} not reached"
    )
    if bad and not native:
        raise typer.Exit(EXIT_WRONG)


def _kill_lines(kill: Kill) -> list[str]:
    times = {0: "not reached", 1: "killed", 2: "killed twice"}[min(kill.deaths, 2)]
    head = (
        f"{kill.target} {kill.mode}: {times} at {kill.event or 'an event'}: {'equal' if kill.is_good else 'NOT EQUAL'}"
    )
    return [f"{head} ({kill.secs:.1f} s)", *(f"    {line}" for line in (kill.failure, *kill.findings) if line)]


def network(
    identifiers: Annotated[list[str] | None, typer.Argument(help="The scenarios' numbers; without any, all.")] = None,
    keep: Annotated[Path | None, typer.Option(help="A new directory to keep logs in.")] = None,
    keep_results: Annotated[bool, typer.Option("--record", help="Put the results on record for the document.")] = False,
) -> None:
    """Disturb the ways between a node, its venue and its store, and see that it becomes CLEAN and equal.

    Exit 0 if every node did, else 1.
    """
    from trueup.drills.network.record import record
    from trueup.drills.network.run import run_network
    from trueup.drills.network.scenario import find_network_scenario, network_scenarios

    out = Console(highlight=False, markup=False, soft_wrap=True)
    chosen = [find_network_scenario(one) for one in identifiers or []] or list(network_scenarios())
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="network-") as scratch:
        for scenario in chosen:
            directory = (keep or Path(scratch)) / scenario.id
            directory.mkdir(parents=True)
            outcome = run_network(scenario, directory)
            outcomes.append(outcome)
            end = f"CLEAN after {outcome.clean_secs:.1f} s, equal" if outcome.is_good else "NOT AS PROMISED"
            out.print(f"{scenario.id:>4} {scenario.title}: {end} ({outcome.secs:.0f} s)")
            for line in (outcome.failure, *outcome.differences):
                if line:
                    out.print(f"    {line}")
            if keep_results:
                record(outcomes)
    if not all(outcome.is_good for outcome in outcomes):
        raise typer.Exit(EXIT_WRONG)


def soak(
    hours: Annotated[float, typer.Option(help="How long the node shall trade.")] = 1.0,
    sample: Annotated[float, typer.Option(help="Seconds between two samples.")] = 10.0,
    seed: Annotated[int, typer.Option(help="Of market, strategy and troubles.")] = 1,
    directory: Annotated[Path | None, typer.Option("--keep", help="A new directory for everything.")] = None,
    simulate_days: Annotated[
        int | None,
        typer.Option(min=1, max=366, help="Instead, step venue, engine and trueup through so many days by hand."),
    ] = None,
) -> None:
    """Let a busy node trade for hours while things go wrong, and say whether what it holds levels off.

    Ctrl-C ends it and reports what there is. Exit 0 if all is level and the node ended equal to the venue, 1 if not,
    3 if the run was too short to say.
    """
    from trueup.demo.directory import prepare_directory
    from trueup.drills.soak.plan import SoakPlan
    from trueup.drills.soak.report import text_lines, write_report
    from trueup.drills.soak.run import run_soak

    out = Console(highlight=False, markup=False, soft_wrap=True)
    if simulate_days is not None:
        raise typer.Exit(_simulate(prepare_directory(directory), simulate_days, seed, out))
    plan = SoakPlan(directory=prepare_directory(directory), hours=hours, sample_secs=sample, seed=seed)
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts what is in the background with Ctrl-C ignored
        signal.signal(number, signal.default_int_handler)
    report = run_soak(plan, lambda text: out.print(f"soak: {text}"))
    write_report(report, plan.directory / "report.json")
    lines = list(text_lines(report))
    (plan.directory / "report.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for line in lines:
        out.print(line)
    out.print(f"\nreport: {plan.directory / 'report.json'}")
    raise typer.Exit(report.exit_code)


def _simulate(directory: Path, days: int, seed: int, out: Console) -> int:
    """Step a node through days, tell what came of it, and return the exit code."""
    from trueup.drills.soak.month.report import month_lines, write_month
    from trueup.drills.soak.month.run import run_month

    logging.getLogger("trueup.guard").setLevel(logging.CRITICAL)  # it says every change at length, which are counted
    report = run_month(directory, days=days, seed=seed, say=lambda text: out.print(f"soak: {text}"))
    write_month(report, directory / "month.json")
    for line in month_lines(report):
        out.print(line)
    out.print(f"\nreport: {directory / 'month.json'}")
    return report.exit_code
