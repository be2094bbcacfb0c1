"""``trueup probe``: show which faults of an adapter the installed engine has, and that ours does not have them."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from trueup.errors import ConfigValueError

EXIT_BROKEN = 1

app = typer.Typer(help="Show which faults of an adapter the installed engine has, against an emulated venue.")


@app.callback()
def _root() -> None:
    """Hold the venues as commands, one day more than one."""


@app.command("binance")
def binance(
    repair_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Repairs to try, such as BN01; all when absent.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Try each repair of the Binance client: the adapter's own client, then the hardened one.

    Nothing but a loopback emulator is contacted. Exit 0 when the hardened client shows no fault, 1 when it shows one.
    """
    from trueup.config.engine_versions import installed_version
    from trueup.venues.binance.probe.run import as_records, run_probe
    from trueup.venues.binance.repairs import REPAIR_BY_ID

    unknown = [one for one in repair_ids or () if one not in REPAIR_BY_ID]
    if unknown:
        raise ConfigValueError(
            f"there is no repair {', '.join(unknown)}", allowed=", ".join(REPAIR_BY_ID), action="see docs/binance.md"
        )
    results = run_probe(repair_ids or None)
    if as_json:
        typer.echo(json.dumps(as_records(results), indent=2))
    else:
        table = Table(title=f"NautilusTrader {installed_version()}", show_lines=True)
        for name in ("repair", "adapter's client", "hardened client"):
            table.add_column(name, overflow="fold")
        for result in results:
            table.add_row(
                f"{result.repair.id} {result.repair.title}",
                f"{'FAULT' if result.is_needed else 'sound'}: {result.adapter.detail}",
                f"{'sound' if result.is_repaired else 'FAULT'}: {result.hardened.detail}",
            )
        Console().print(table)
        needed = sum(result.is_needed for result in results)
        typer.echo(f"{needed} of {len(results)} faults are in the installed adapter; ", nl=False)
        typer.echo(f"{sum(not result.is_repaired for result in results)} in the hardened client.")
    if not all(result.is_repaired for result in results):
        raise typer.Exit(EXIT_BROKEN)
