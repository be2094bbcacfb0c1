"""``trueup claims``: see who owns what is found at the venue, and change it while the node trades."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from trueup.claims.desk import ClaimsDesk

app = typer.Typer(help="See who owns what is found at the venue, and change it while the node trades.")

EXIT_NO_ANSWER = 3

File = Annotated[Path, typer.Argument(help="The configuration of the node (trueup.toml).")]
Strategy = Annotated[str, typer.Argument(help="The strategy's id, such as DESK-001.")]
What = Annotated[str, typer.Argument(help="An instrument id, or a pattern such as 'BTC*-PERP.BINANCE'.")]
Client = Annotated[str, typer.Option("--client", help="Only on the account of this client.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the change and in the journal.")]
Timeout = Annotated[float, typer.Option("--timeout", min=0.5, max=120.0, help="Seconds to wait for the node's answer.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_claims(file: File, as_json: AsJson = False, timeout: Timeout = 6.0) -> None:
    """List every claim: of the file, of the strategies, and added at run time.

    Exit 0 for a live node's own word; 3 if none answers, after what the files say.
    """
    from trueup.claims.telling import tell_list

    told = _desk(file, timeout).all()
    _show(told.data, tell_list(told.data), told.not_live, as_json=as_json)


@app.command("explain")
def explain(
    file: File,
    instrument_id: Annotated[str, typer.Argument(metavar="INSTRUMENT", help="An instrument id.")],
    client: Client = "",
    as_json: AsJson = False,
    timeout: Timeout = 6.0,
) -> None:
    """Say who owns what on an instrument, by which rule, and who holds what there now.

    Exit 0 for a live node's own word; 3 if none answers, after what the files say.
    """
    from trueup.claims.telling import tell_explained

    told = _desk(file, timeout).explain(instrument_id, client)
    _show(told.data, tell_explained(told.data), told.not_live, as_json=as_json)


@app.command("add")
def add(
    file: File,
    strategy: Strategy,
    what: What,
    product: Annotated[list[str] | None, typer.Option("--product", help="Narrow a pattern to a product.")] = None,
    client: Client = "",
    reason: Reason = "",
    timeout: Timeout = 30.0,
) -> None:
    """Let a strategy of the live node claim an instrument, and give it what nobody owns there.

    It holds over restarts. Exit 0 done and CLEAN, 1 refused or not CLEAN after it, 2 cannot run.
    """
    done = _desk(file, timeout).add(strategy, what, products=tuple(product or ()), client=client, reason=reason)
    _tell_change(done.lines, done.verdict)


@app.command("remove")
def remove(
    file: File, strategy: Strategy, what: What, client: Client = "", reason: Reason = "", timeout: Timeout = 30.0
) -> None:
    """Let go of a claim that was added at run time; of a stopped node, too. What it gave stays with the strategy.

    Exit 0 done, 1 refused, 2 cannot run.
    """
    done = _desk(file, timeout).remove(strategy, what, client=client, reason=reason)
    _tell_change(done.lines, done.verdict)


def _desk(file: Path, timeout_secs: float) -> ClaimsDesk:
    from trueup.claims.desk import ClaimsDesk
    from trueup.config.trading_node import LiveTradingNodeConfig

    return ClaimsDesk(LiveTradingNodeConfig.from_file(file), timeout_secs=timeout_secs)


def _show(data: object, lines: list[str], not_live: str, *, as_json: bool) -> None:
    import msgspec

    if as_json:
        shown = {"live": not not_live, "why": not_live, **msgspec.to_builtins(data)}
        typer.echo(json.dumps(shown, indent=2))
    else:
        if not_live:
            typer.echo(f"NO ANSWER: {not_live}. By the files, for the next start:")
        typer.echo("\n".join(lines))
    if not_live:
        raise typer.Exit(EXIT_NO_ANSWER)


def _tell_change(lines: tuple[str, ...], verdict: str) -> None:
    typer.echo("\n".join(lines))
    if verdict:
        typer.echo(f"verdict after it: {verdict}")
    if verdict not in ("", "CLEAN"):
        raise typer.Exit(1)
