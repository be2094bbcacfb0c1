"""The command ``trueup drill upstream``: show the faults of the installed engine's own reconciliation."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from trueup.errors import ConfigValueError


def upstream(
    identifiers: Annotated[
        list[str] | None, typer.Argument(help="The faults' numbers, such as U01; all if none.")
    ] = None,
    keep_results: Annotated[bool, typer.Option("--record", help="Put the results on record for the document.")] = False,
) -> None:
    """Run the scenarios of known faults of the installed engine, with the engine alone and with trueup attached.

    Exit 0 if every verified run kept its promise, else 1. What the engine does is reported, not judged.
    """
    from trueup.drills.fleet import run_all
    from trueup.drills.upstream import ended, engine_version, faults, record, scenarios_of

    known = {fault.id: fault for fault in faults()}
    unknown = [name for name in identifiers or [] if name not in known]
    if unknown:
        raise ConfigValueError(f"there is no fault {unknown[0]}", allowed=f"{next(iter(known))} to {list(known)[-1]}")
    chosen = [known[name] for name in identifiers] if identifiers else list(known.values())
    scenarios = scenarios_of(chosen)
    outcomes = asyncio.run(run_all([(one, mode) for one in scenarios for mode in ("native", "verified")]))
    by_run = {(outcome.scenario_id, outcome.mode): outcome for outcome in outcomes}
    results = {one.id: ended(one, by_run[one.id, "native"], by_run[one.id, "verified"]) for one in scenarios}
    out = Console(highlight=False, markup=False, soft_wrap=True)
    out.print(f"NautilusTrader {engine_version()}")
    for fault in chosen:
        out.print(f"\n{fault.id}  {fault.what}  ({', '.join(fault.source) or 'measured'})")
        for name in fault.scenarios:
            out.print(f"  {name:<4} native    {results[name].native}")
            out.print(f"       verified  {results[name].verified}")
    if keep_results:
        record(engine_version(), results)
    if any(one.verified.startswith("BROKEN") for one in results.values()):
        raise typer.Exit(1)
