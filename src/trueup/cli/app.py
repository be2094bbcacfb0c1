"""The command ``trueup``: register the commands and turn errors into messages and exit codes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from trueup._version import __version__
from trueup.cli import (
    audit,
    check,
    claims,
    demo,
    drill,
    emulator,
    guard,
    journal,
    ops,
    probe,
    run,
    status,
    store,
    watch,
)
from trueup.errors import TrueupError

EXIT_INTERRUPTED = 130  # the shell's convention for SIGINT: 128 + 2

app = typer.Typer(
    name="trueup",
    help="Keep a live NautilusTrader node true to the venue, and prove it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"trueup {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Hold the options that stand before any command."""


app.command("demo")(demo.demo)
app.command("check")(check.check)
app.command("explain")(check.explain)
app.command("run")(run.run)
app.command("audit")(audit.audit)
app.command("watch")(watch.watch)
app.command("status")(status.status)
app.add_typer(emulator.app, name="emulator")
app.add_typer(drill.app, name="drill")
app.add_typer(probe.app, name="probe")
app.add_typer(journal.app, name="journal")
app.add_typer(ops.app, name="ops")
app.add_typer(guard.app, name="guard")
app.add_typer(claims.app, name="claims")
app.add_typer(store.app, name="store")


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        app()
    except TrueupError as error:
        Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(f"trueup: {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
