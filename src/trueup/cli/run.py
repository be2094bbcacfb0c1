"""The command ``trueup run``: build a node from a file, attach to it, run it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, TextIO

import orjson
import typer

from trueup.node.announcer import LifeCycleEvent

HUMAN_LINES = {
    "built": "node built ({mode}, {trader_id})",
    "phase": "phase {phase}",
    "engine_says": 'the engine says: "{text}"',
    "trading": "trading has started",
    "stream_gap": "gap in the stream of {account_id}: {reason}",
    "verdict": "verdict {verdict} ({during}, {discrepancies} differences, {steps} steps)",
    "discrepancy": "{state}: {line}",
    "claims": "{line}",
    "external": "{line}",
    "store": "store {state} ({url})",
    "problem": "problem: {text}",
    "guard": "guard {state} ({source} {who}): {reason}",
    "journal_head": "journal head {head}",
    "guard_alarm": "GUARD: {text}",
    "guard_refused": "command to the guard refused ({code}, {count} so far): {text}",
    "guard_control": "commands to the guard: {state}",
    "ops": "status page at {url}",
    "ops_failed": "no status page: {text}",
    "failed": "NOT TRADING: {reason}",
    "stopping": "stopping on {signal} (once more to force)",
    "stopped": "stopped, exit code {exit_code}",
}


class _LineWriter:
    """Write one line for each life-cycle event, as JSON or for people, flushed at once."""

    def __init__(self, out: TextIO, *, as_json: bool) -> None:
        self._out = out
        self._as_json = as_json

    def __call__(self, event: LifeCycleEvent) -> None:
        data = event.as_dict()
        if self._as_json:
            text = orjson.dumps(data, default=str).decode()
        else:
            text = "trueup: " + HUMAN_LINES.get(event.kind, "{event}").format_map(data)
            if event.kind == "verdict":
                text += "".join(f"\n  {line}" for line in data.get("lines", ()))
        self._out.write(text + "\n")
        self._out.flush()


def _own_stdout() -> TextIO:
    """Take standard output for our lines alone; what the engine's logger prints goes to standard error.

    The engine's logger writes to file descriptor 1 from native code: swapping ``sys.stdout`` would not catch it.
    """
    sys.stdout.flush()
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return own


def run(
    file: Annotated[Path, typer.Argument(help="The configuration of the node (trueup.toml).")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the node's life cycle as JSON lines on standard output.")
    ] = False,
) -> None:
    """Build a node, keep it true to its venue, and run it until it is stopped.

    Strategies are imported as Python finds them, and then from the directory in which the command is run.

    Exit 0 after a clean stop, 1 if the start-up failed or could not be verified (the node never traded), 2 if it
    cannot run at all, 4 if the node would not stop in time, 130 if it was forced.
    """
    from trueup.config.trading_node import LiveTradingNodeConfig
    from trueup.node.attach import attach
    from trueup.node.build import build_node
    from trueup.node.runner import NodeRunner
    from trueup.node.sight import SightSettings

    # A console script does not look where it is run, as `python -m` does; last, so that nothing there hides a library.
    sys.path.append(str(Path.cwd()))
    config = LiveTradingNodeConfig.from_file(file)
    writer = _LineWriter(_own_stdout() if as_json else sys.stderr, as_json=as_json)
    node = build_node(config)
    sight = SightSettings.of(config).beside_own_lines()
    handle = attach(node, config.reconciliation, sight=sight, external=config.external.book())
    handle.listen(writer)
    handle.announcer.say("built", mode=str(config.reconciliation.mode), trader_id=str(node.trader_id))
    handle.announcer.say("phase", phase=handle.phase.value)
    code = NodeRunner(node, handle).run()
    sys.stdout.flush()
    raise typer.Exit(code)
