"""The commands ``trueup drill``: list the scenarios, show one, run some; others are in modules of their own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from trueup.cli import drill_campaign, drill_endurance, drill_upstream
from trueup.cli.drill_modes import ModeChoice
from trueup.cli.drill_own import drill_own
from trueup.cli.shortened import LINES_SHOWN, shortened
from trueup.errors import ConfigValueError

if TYPE_CHECKING:  # the drills cost half a second, which no other command should pay
    from trueup.drills.catalogue import AnyScenario
    from trueup.drills.outcome import Outcome

EXIT_INTERRUPTED = 130  # the shell's convention for SIGINT: 128 + 2

app = typer.Typer(
    name="drill", help="Run scenarios in which a live node loses touch with its venue.", no_args_is_help=True
)
drill_endurance.register(app)


app.command("campaign")(drill_campaign.campaign)
app.command("upstream")(drill_upstream.upstream)


@app.command(name="list")
def list_scenarios() -> None:
    """List every scenario, with what was measured of it."""
    from trueup.drills.catalogue import ELSEWHERE, elsewhere, every_scenario
    from trueup.drills.measured import read_measured

    native, verified = read_measured("native"), read_measured("verified")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("#", "what happens", "native", "verified"):
        table.add_column(heading, overflow="fold")
    for scenario in every_scenario():
        one, other = native.get(scenario.id), verified.get(scenario.id)
        table.add_row(
            scenario.id,
            scenario.title,
            "" if one is None else _word(one.converged),
            "" if other is None else (other.verdict or "refused"),
        )
    Console().print(table)
    for letter, command in ELSEWHERE.items():
        others = Table(box=None, show_header=False, pad_edge=False)
        for each in elsewhere():
            if each.id.startswith(letter):
                others.add_row(each.id, each.title)
        Console(highlight=False).print(f"\n{command}", others, sep="\n")


@app.command()
def show(identifier: Annotated[str, typer.Argument(help="The scenario's number, such as 4b, or its file.")]) -> None:
    """Show a scenario: what it is about, its configuration and its steps."""
    from trueup.drills.catalogue import ELSEWHERE, elsewhere, named_scenario

    out = Console(highlight=False, markup=False, soft_wrap=True)
    for other in elsewhere():
        if other.id == identifier:
            out.print(f"{other.id}  {other.title}\n\n{ELSEWHERE[identifier[0]]} {identifier}\n\n{other.steps.strip()}")
            return
    scenario = named_scenario(identifier)
    out.print(f"{scenario.id}  {scenario.title}")
    if scenario.story:
        out.print(f"\n{scenario.story.strip()}")
    out.print("\n" + "\n".join(scenario.setting))
    out.print(f"\n{scenario.steps.strip()}")
    if scenario.native.wrong:
        out.print(f"\nnative: {scenario.native.wrong}")


@app.command()
def run(
    identifiers: Annotated[list[str] | None, typer.Argument(help="The scenarios' numbers, or files of them.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Run every scenario.")] = False,
    config: Annotated[
        Path | None,
        typer.Option(help="A trueup.toml: run the scenarios for any strategy on one's own, at the Binance emulator."),
    ] = None,
    mode: Annotated[
        ModeChoice | None, typer.Option(help="Who reconciles; both, or with --config verified, if not given.")
    ] = None,
    real_time: Annotated[bool, typer.Option("--real-time", help="Run scaled scenarios unscaled.")] = False,
    concurrent: Annotated[
        int | None, typer.Option(min=1, max=64, help="How many at a time; those on the Binance adapter never.")
    ] = None,
    keep_logs: Annotated[Path | None, typer.Option(help="A directory to keep the nodes' logs in.")] = None,
    lines: Annotated[int, typer.Option(min=1, help="Differences to print of each run.")] = LINES_SHOWN,
    keep_results: Annotated[bool, typer.Option("--record", help="Put the results on record for the document.")] = False,
) -> None:
    """Run scenarios and print the differences between node and venue at the end.

    Exit 0 if every run was completed and every verified run kept its promise, else 1; 2 if a scenario is not known or
    its file is wrong, 130 if interrupted. What the native engine does is reported, not judged.
    """
    if config is not None:
        drill_own(config, identifiers or [], mode or ModeChoice.VERIFIED, keep_logs, lines)
        return
    from trueup.drills.catalogue import split
    from trueup.drills.measured import record

    chosen = _chosen(identifiers or [], every=every)
    by_id = {scenario.id: scenario for scenario in chosen}
    out = Console(highlight=False, markup=False, soft_wrap=True)
    broken: list[str] = []
    ended: list[Outcome] = []

    def tell(outcome: Outcome) -> None:
        ended.append(outcome)
        for line in _lines(outcome, shown_max=0 if every else lines):
            out.print(line)
        wrong = _wrong(by_id[outcome.scenario_id], outcome)
        broken.extend(wrong)
        for line in wrong:
            out.print(f"    BROKEN {line}")

    modes = (mode or ModeChoice.BOTH).modes
    simulated, on_binance = split(chosen)
    outcomes: list[Outcome] = []
    try:
        if simulated:
            from trueup.drills.fleet import CONCURRENT_RUNS, run_all

            pairs = [(scenario, each) for scenario in simulated for each in modes]
            fleet = run_all(pairs, tell, concurrent=concurrent or CONCURRENT_RUNS, keep=keep_logs, real_time=real_time)
            outcomes += asyncio.run(fleet)
        if on_binance:
            from trueup.drills.binance.run import run_binance

            outcomes += run_binance(on_binance, modes, tell, keep=keep_logs)
    except KeyboardInterrupt:
        runs = len(chosen) * len(modes)
        typer.echo(f"trueup: interrupted; {len(ended)} of {runs} runs had ended, and nothing is left running", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    if keep_results:
        for each in modes:
            record(each, [outcome for outcome in outcomes if outcome.mode == each])
    if broken:
        raise typer.Exit(1)


def _chosen(identifiers: list[str], *, every: bool) -> list[AnyScenario]:
    from trueup.drills.catalogue import every_scenario, named_scenario

    if every:
        return list(every_scenario())
    if not identifiers:
        raise ConfigValueError(
            "no scenario is named", allowed="numbers as `trueup drill list` prints them, files of scenarios, or --all"
        )
    return [named_scenario(identifier) for identifier in identifiers]


def _wrong(scenario: AnyScenario, outcome: Outcome) -> list[str]:
    from trueup.drills.judge import complaints

    if outcome.mode == "verified":
        return list(complaints(scenario, outcome))
    return [outcome.failure] if outcome.failure else []


def _word(converged: bool | None) -> str:
    return {True: "equal", False: "different", None: "does not trade"}[converged]


def _lines(outcome: Outcome, *, shown_max: int) -> list[str]:
    after = "" if outcome.equal_after_secs is None else f" after {outcome.equal_after_secs:.1f} s"
    verdict = "" if outcome.verdict is None else f", {outcome.verdict.verdict}"
    refused = "".join(f" ({start})" for start in outcome.starts[-1:] if start.startswith("refused"))
    head = f"{outcome.scenario_id:>4} {outcome.mode:<8} {_word(outcome.converged)}{after}{verdict}{refused}"
    if not shown_max:
        return [head]
    found = shortened(outcome.lines, shown_max)
    if len(outcome.lines) > shown_max and outcome.comparison is not None:
        found[-1] += f": {', '.join(outcome.comparison.kinds)} in all"
    said = [] if outcome.verdict is None else [f"says {line}" for line in outcome.verdict.discrepancies]
    return [head, *(f"    {line}" for line in (*found, *shortened(said, shown_max)))]
