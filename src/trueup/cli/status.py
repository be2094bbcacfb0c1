"""The command ``trueup status``: how one node is, or a fleet."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from trueup.errors import ConfigFileError, ConfigValueError

if TYPE_CHECKING:
    from rich.console import Console

    from trueup.monitor.endpoint.ask import Answer

TOKEN_VARIABLE = "TRUEUP_OPS__AUTH_TOKEN"  # noqa: S105 - the name of a variable, not a token
"""The variable that gives the node its token gives it to the reader, too."""

EXIT_INTERRUPTED = 130  # the shell's convention for SIGINT: 128 + 2
EXIT_CODES = {"CLEAN": 0, "DISCREPANT": 1, "UNKNOWN": 3}


def status(
    urls: Annotated[
        list[str] | None,
        typer.Argument(metavar="[URL]...", help="Ops endpoints: a URL, host:port or a port. Default: port 9464 here."),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Show it again and again until Ctrl-C.")] = False,
    every_secs: Annotated[
        float, typer.Option("--every", min=0.5, max=3600, help="Seconds between two readings with --watch.")
    ] = 2.0,
    timeout_secs: Annotated[
        float, typer.Option("--timeout", min=0.1, max=60, help="Seconds that one endpoint may take to answer.")
    ] = 5.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON; with --watch one line for each reading.")
    ] = False,
    token: Annotated[
        str | None,
        typer.Option("--token", help=f"Bearer token. Others see it in the process list: prefer {TOKEN_VARIABLE}."),
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="File that holds the bearer token alone.")
    ] = None,
) -> None:
    """Show how a node is, or a fleet: is it true to the venue now?

    Exit 0 when all are CLEAN, 1 when one is DISCREPANT, 3 when one is UNKNOWN, stale or cannot be reached, 2 when it
    cannot ask at all, 130 when interrupted.
    """
    from trueup.monitor.endpoint.ask import DEFAULT_URL, URLS_MAX, read_url

    bases = list(dict.fromkeys(read_url(url) for url in urls or [DEFAULT_URL]))
    if len(bases) > URLS_MAX:
        raise ConfigValueError(f"{len(bases)} URLs", allowed=f"{URLS_MAX} or fewer")
    asker = _Asker(bases, _token(token, token_file), timeout_secs)
    if watch:
        try:
            _watch(asker, every_secs, as_json=as_json)
        except KeyboardInterrupt:
            raise typer.Exit(EXIT_INTERRUPTED) from None
    answers = asker.ask()
    _print(answers, as_json=as_json)
    raise typer.Exit(EXIT_CODES[_verdict(answers)])


class _Asker:
    """Ask the same endpoints each time."""

    def __init__(self, urls: list[str], token: str | None, timeout_secs: float) -> None:
        self._urls = urls
        self._token = token
        self._timeout_secs = timeout_secs

    def ask(self) -> tuple[Answer, ...]:
        from trueup.monitor.endpoint.ask import ask_all

        return asyncio.run(ask_all(self._urls, token=self._token, timeout_secs=self._timeout_secs))


def _token(given: str | None, file: Path | None) -> str | None:
    if given is not None and file is not None:
        raise ConfigValueError("--token and --token-file are both given", allowed="one of them")
    if file is not None:
        try:
            given = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            raise ConfigFileError(f"{file} cannot be read: {reason.lower()}", allowed="a file with a token") from None
    token = os.environ.get(TOKEN_VARIABLE) if given is None else given
    if token is not None and not (token.isascii() and token.isprintable() and token):
        raise ConfigValueError("the token is empty or holds what no header can carry", allowed="printable ASCII")
    return token


def _verdict(answers: tuple[Answer, ...]) -> str:
    from trueup.monitor.endpoint.judgement import worst

    return worst([answer.verdict for answer in answers])


def _console() -> Console:
    from rich.console import Console

    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")  # a terminal that knows no check mark still gets the words
    return Console(highlight=False, markup=False, emoji=False)


def _print(answers: tuple[Answer, ...], *, as_json: bool) -> None:
    if as_json:
        typer.echo(_json(answers))
        return
    from trueup.monitor.endpoint.terminal import render

    console = _console()
    console.print(render(answers, console.width))


def _json(answers: tuple[Answer, ...]) -> str:
    import msgspec

    from trueup.monitor.endpoint.judgement import judge

    nodes: list[dict[str, object]] = []
    for answer in answers:
        if not answer.nodes:
            failure = answer.failure or "it has no node to speak of yet"
            nodes.append({"url": answer.url, "verdict": "UNKNOWN", "reasons": [failure], "status": None})
        for node in answer.nodes:
            found = judge(node)
            nodes.append({"url": answer.url, "verdict": found.verdict, "reasons": found.reasons, "status": node})
    return msgspec.json.encode({"verdict": _verdict(answers), "nodes": nodes}).decode()


def _watch(asker: _Asker, every_secs: float, *, as_json: bool) -> NoReturn:
    console = _console()
    if as_json or not console.is_terminal:
        while True:
            _print(asker.ask(), as_json=as_json)
            sys.stdout.flush()
            time.sleep(every_secs)
    from rich.console import Group
    from rich.live import Live

    from trueup.monitor.endpoint.terminal import render, watched_at

    with Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            live.update(Group(render(asker.ask(), console.width), watched_at()), refresh=True)
            time.sleep(every_secs)
