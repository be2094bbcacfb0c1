"""The command ``trueup watch``: audit a node continuously, from outside of the node."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import orjson
import typer

if TYPE_CHECKING:
    from trueup.audit.guard_demand import GuardDemand
    from trueup.audit.run import FileAuditor
    from trueup.config.trading_node import LiveTradingNodeConfig

EXIT_INTERRUPTED = 130  # the shell's convention for SIGINT: 128 + 2
NS_PER_SEC = 1_000_000_000


def watch(
    file: Annotated[Path, typer.Argument(help="The configuration of the node, or of the auditor alone.")],
    account: Annotated[list[str] | None, typer.Option(help="Watch this account only; may be given again.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    cycles: Annotated[int | None, typer.Option(min=1, help="End after so many audits of each account.")] = None,
) -> None:
    """Audit continuously, tell every change in a line, and serve metrics, health and a status page.

    SIGTERM ends it with 0, Ctrl-C with 130. It exits with 2 if it cannot run; a venue or a store that does not answer
    is no reason to end.
    """
    from trueup.audit.run import FileAuditor
    from trueup.config.trading_node import LiveTradingNodeConfig

    config = LiveTradingNodeConfig.from_file(file)
    auditor = FileAuditor(config, file.name, tuple(account or ()))
    lines = WatchLines(sys.stdout, as_json=as_json)
    raise typer.Exit(asyncio.run(_watch(config, auditor, lines, cycles)))


class WatchLines:
    """Write one line for each event, for people or as JSON, flushed at once.

    Parameters
    ----------
    out : TextIO
        Where to.
    as_json : bool
        As JSON objects.
    """

    def __init__(self, out: TextIO, *, as_json: bool) -> None:
        self._out = out
        self._as_json = as_json

    def __call__(self, kind: str, data: Mapping[str, Any]) -> None:
        """Write one event."""
        now_ns = time.time_ns()
        if self._as_json:
            text = orjson.dumps({"event": kind, "time_ns": now_ns, **data}).decode()
        else:
            clock = datetime.fromtimestamp(now_ns / NS_PER_SEC, UTC).strftime("%Y-%m-%d %H:%M:%S")
            text = f"{clock} {_words(kind, data)}"
        self._out.write(text + "\n")
        self._out.flush()


def _words(kind: str, data: Mapping[str, Any]) -> str:
    who = f"{data['account']}: " if "account" in data else ""
    if kind == "verdict":
        before = f"{data['before']} -> " if data["before"] else ""
        count = data["differences"]
        differences = f", {count} difference{'' if count == 1 else 's'}" if count else ""
        why = f": {'; '.join(data['why'])}" if data["why"] else ""
        return f"{who}{before}{data['verdict']}{differences}{why}"
    if kind in ("differs", "gone"):
        return f"{who}{kind} {data['line']}"
    return f"{who}{data.get('text', kind)}"


async def _watch(config: LiveTradingNodeConfig, auditor: FileAuditor, lines: WatchLines, cycles: int | None) -> int:
    from trueup.audit.journalling import AuditJournal
    from trueup.audit.watch import Watcher
    from trueup.monitor.endpoint import OpsEndpoint

    stop, heard = asyncio.Event(), [0]
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _on_signal, stop, heard, number)
    traders = sorted({auditor.trader_id_of(plan) for plan in auditor.plans})
    journal = AuditJournal(config, "watch", traders) if config.journal.enabled else None
    watcher = Watcher(auditor, lines, journal=journal, demands=_demands(config, auditor))
    endpoint = OpsEndpoint(
        config.audit.ops,
        watcher.statuses,
        watcher.metrics,
        announce=lambda url: lines("serving", {"text": f"status page at {url}", "url": url}),
    )
    try:
        endpoint.start()
        lines("started", {"text": f"watching {', '.join(one.name for one in watcher.accounts)}"})
        await watcher.run(stop, cycles_max=cycles)
    finally:
        endpoint.close()
        await auditor.close()
        if journal is not None:
            await asyncio.to_thread(journal.close)
    lines("stopped", {"text": "stopped"})
    return EXIT_INTERRUPTED if heard[0] == signal.SIGINT else 0


def _on_signal(stop: asyncio.Event, heard: list[int], number: int) -> None:
    heard[0] = number
    stop.set()


def _demands(config: LiveTradingNodeConfig, auditor: FileAuditor) -> dict[str, GuardDemand]:
    """Return the way to the guard of each node, where one is wished and a control key is there."""
    from trueup.audit.guard_demand import GuardDemand
    from trueup.config.live.store import address_of
    from trueup.errors import ConfigValueError
    from trueup.guard.control import GuardControl

    wish = config.audit.demand_guard
    if wish is None:
        return {}
    if config.guard.control_key is None:
        raise ConfigValueError(
            "audit.demand_guard is set, and there is no guard.control_key to sign a demand with",
            allowed="TRUEUP_GUARD__CONTROL_KEY, the same as the node's",
            action='give it, or set audit.demand_guard = "off"',
        )
    key = config.guard.control_key.get_secret_value()
    found = {}
    for plan in auditor.plans:
        redis = plan.settings.redis or config.redis
        if redis is not None:
            line = GuardControl(address_of(redis), key, auditor.trader_id_of(plan), who=f"trueup watch {plan.name}")
            found[plan.name] = GuardDemand(line, wish)
    return found
