"""``trueup store``: a store server of one's own, for trying things."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="store", help="A Valkey server on loopback, for trying things.", no_args_is_help=True)


POLL_SECS = 0.5


@app.callback()
def _root() -> None:
    """Serve a store."""


@app.command()
def serve(
    directory: Annotated[Path, typer.Argument(help="Where its data lie; made if it is not there.")],
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Its port; a free one if not given.")] = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM; print its address when it can be used.

    A real Valkey server with what a node needs of it: every write in a file, nothing evicted. It listens on loopback
    only and has no password; in production take a server of your own. Exit 2 if it cannot start.
    """
    from trueup.store.embedded import EmbeddedValkey

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with EmbeddedValkey.start(directory, port=port) as server:
            word = " (it was running already; ending this command ends it)" if server.adopted else ""
            typer.echo(f"{server.url} pid {server.pid}, data in {server.data_dir}{word}")
            while server.is_running:
                time.sleep(POLL_SECS)
    except KeyboardInterrupt:
        return
    raise typer.Exit(1)  # somebody else ended it
