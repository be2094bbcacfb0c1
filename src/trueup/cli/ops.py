"""``trueup ops``: what an operator deploys beside a node."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trueup.errors import OpsFilesError

app = typer.Typer(no_args_is_help=True, help="Rules, dashboards, runbooks and units to deploy beside a node.")


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write into.")],
    runbook_base: Annotated[
        str, typer.Option("--runbook-base", metavar="URL", help="Address under which you serve the runbooks.")
    ] = "runbooks",
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that differ.")] = False,
) -> None:
    """Write Prometheus rules, an Alertmanager configuration, dashboards, runbooks, units and a compose file."""
    from trueup.ops import export as exporting

    done = exporting.export(folder, runbook_base=runbook_base, force=force)
    for name in done.written:
        typer.echo(f"wrote {folder / name}")
    typer.echo(f"{len(done.written)} files written, {len(done.unchanged)} unchanged")


@app.command()
def runbook(
    name: Annotated[str, typer.Argument(metavar="[ALERT]", help="Name of an alert; without it, the list.")] = "",
) -> None:
    """Print the runbook of an alert, or the list of all alerts."""
    from trueup.ops.alerts import ALERTS
    from trueup.ops.export import written_files

    if not name:
        width = max(map(len, ALERTS))
        for alert in ALERTS.values():
            typer.echo(f"{alert.name:<{width}}  {alert.severity:<8}  {alert.description.split('. ')[0].rstrip('.')}.")
        return
    by_name = {known.lower().removeprefix("trueup"): known for known in ALERTS}
    known = by_name.get(name.lower().removeprefix("trueup"))
    if known is None:
        raise OpsFilesError(
            f"{name!r} is not an alert",
            allowed=", ".join(ALERTS),
            action="list them with: trueup ops runbook",
        )
    typer.echo(written_files()[f"runbooks/{known}.md"])
