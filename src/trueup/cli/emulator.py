"""``trueup emulator``: the venue emulator from the shell."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="emulator",
    help="A Binance USD-M futures venue on loopback, with faults.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _root() -> None:
    """Serve a Binance USD-M futures venue on loopback."""


@app.command()
def serve(
    port: Annotated[int | None, typer.Option(help="Port of REST, streams and WS API; 0 takes a free one.")] = None,
    control_port: Annotated[int | None, typer.Option(help="Port of the control API; 0 takes a free one.")] = None,
    config: Annotated[Path | None, typer.Option(help="Settings in TOML, or JSON in a file named *.json.")] = None,
    state: Annotated[
        Path | None, typer.Option(help="Directory of the durable ledger; without it nothing is kept.")
    ] = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM; print one JSON line with addresses and the default account's key when ready.

    Without a configuration the market walks once a second; with one it does what market.step_interval_ms says.
    """
    from trueup.emulator.serving import serve as run
    from trueup.emulator.settings import read_settings, walking

    settings = read_settings(config, port=port, control_port=control_port, state=state)
    run(settings if config is not None else walking(settings), typer.echo)
