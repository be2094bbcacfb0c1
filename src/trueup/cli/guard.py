"""``trueup guard``: hold a node back, let it go, and see why it is held."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trueup.errors import ConfigValueError, StoreUnavailableError

if TYPE_CHECKING:
    from trueup.config.trading_node.live_config import LiveTradingNodeConfig
    from trueup.model.guard import GuardState

app = typer.Typer(help="Hold a node back, let it go, and see why it is held.")

EXIT_NO_ANSWER = 3

File = Annotated[Path, typer.Argument(help="The configuration of the node (trueup.toml).")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the change and in the journal.")]
Timeout = Annotated[float, typer.Option("--timeout", min=0.5, max=60.0, help="Seconds to wait for the node's answer.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("status")
def status(file: File, as_json: AsJson = False) -> None:
    """Show what the node may do, since when, why, and by whom.

    Exit 0 for a live node's own word; 3 if none answers, after showing what the next start begins with.
    """
    import msgspec

    from trueup.guard.commanding import GuardDesk
    from trueup.guard.wording import tell_live, tell_stopped

    desk = GuardDesk(_config(file))
    why = "no node says that it lives"
    try:
        heard = desk.heard()
    except StoreUnavailableError as error:
        heard, why = None, error.found
    if heard is not None:
        if as_json:
            data = {"live": True, "authentic": heard.is_authentic, **msgspec.to_builtins(heard.word)}
            typer.echo(json.dumps(data, indent=2))
        else:
            typer.echo("\n".join(tell_live(heard)))
        return
    record = desk.record()
    if as_json:
        data = {"live": False, "why": why, "directory": str(desk.directory), **msgspec.to_builtins(record)}
        typer.echo(json.dumps(data, indent=2))
    else:
        typer.echo(f"NO ANSWER: {why}. In {desk.directory}, for the next start:")
        typer.echo("\n".join(tell_stopped(record)))
    raise typer.Exit(EXIT_NO_ANSWER)


@app.command("halt")
def halt(file: File, reason: Reason = "", timeout: Timeout = 6.0) -> None:
    """Let the node place and change no order; cancels pass. Holds over restarts until released.

    Exit 0 done and acknowledged, 1 refused by the node, 2 cannot run, 3 no answer.
    """
    from trueup.model.guard import GuardState

    _command(file, GuardState.HALTED, reason, timeout=timeout)


@app.command("reduce")
def reduce(file: File, reason: Reason = "", timeout: Timeout = 6.0) -> None:
    """Let the node place no order that adds to a position it knows of. Holds over restarts until released.

    Exit 0 done and acknowledged, 1 refused by the node, 2 cannot run, 3 no answer.
    """
    from trueup.model.guard import GuardState

    _command(file, GuardState.REDUCING, reason, timeout=timeout)


@app.command("release")
def release(
    file: File,
    reason: Reason = "",
    force: Annotated[
        bool, typer.Option("--force", help="Release although the last verdict is not CLEAN; on your own account.")
    ] = False,
    timeout: Timeout = 6.0,
) -> None:
    """Let go of what operator, auditor and policy hold. The policy holds again on the next trouble.

    Exit 0 done and acknowledged, 1 refused by the node, 2 cannot run, 3 no answer.
    """
    from trueup.model.guard import GuardState

    _command(file, GuardState.ACTIVE, reason, timeout=timeout, force=force)


@app.command("explain")
def explain(file: File, as_json: AsJson = False) -> None:
    """Print the policy in force: the default rows, and what the file adds to them or changes."""
    from trueup.guard.wording import explain_policy, policy_as_data

    policy = _config(file).guard.policy()
    if as_json:
        typer.echo(json.dumps(policy_as_data(policy), indent=2))
    else:
        typer.echo("\n".join(explain_policy(policy)))


def _config(file: Path) -> LiveTradingNodeConfig:
    from trueup.config.trading_node import LiveTradingNodeConfig

    return LiveTradingNodeConfig.from_file(file)


def _command(file: Path, state: GuardState, reason: str, *, timeout: float, force: bool = False) -> None:
    from trueup.guard.commanding import GuardDesk

    if not reason.strip():
        raise ConfigValueError(
            "there is no reason",
            allowed='--reason "a sentence that a colleague understands next week"',
        )
    done = GuardDesk(_config(file), timeout_secs=timeout).command(state, reason, force=force)
    typer.echo(done.line, err=done.exit_code != 0)
    raise typer.Exit(done.exit_code)
