"""The command ``trueup audit``: compare a node with its venue once, from outside of the node."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from trueup.audit.run import Audited, FileAuditor
    from trueup.audit.statement import Statement


def audit(
    file: Annotated[Path, typer.Argument(help="The configuration of the node, or of the auditor alone.")],
    account: Annotated[list[str] | None, typer.Option(help="Audit this account only; may be given again.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write a report that a browser opens offline.")] = None,
    statement: Annotated[
        Path | None, typer.Option(help="Reconcile a trade history exported at the venue, too.")
    ] = None,
    journal: Annotated[bool, typer.Option(help="Record the verdict in the journal.")] = True,
) -> None:
    """Compare what a node keeps in its store with what the venue says, from outside of the node.

    Nothing is changed on either side; a node that hangs or is dead is audited like any other. Exit 0 for CLEAN, 1 for
    DISCREPANT, 3 for UNKNOWN (not everything could be read), 2 if the audit cannot run.
    """
    from rich.console import Console

    from trueup.audit.html import render_html
    from trueup.audit.result import encode
    from trueup.audit.run import FileAuditor
    from trueup.audit.statement import read_statement
    from trueup.audit.text import print_report
    from trueup.config.trading_node import LiveTradingNodeConfig

    config = LiveTradingNodeConfig.from_file(file)
    export = None if statement is None else read_statement(statement)
    auditor = FileAuditor(config, file.name, tuple(account or ()))
    if export is not None and len(auditor.plans) > 1:
        from trueup.errors import ConfigValueError

        names = ", ".join(plan.name for plan in auditor.plans)
        raise ConfigValueError(
            f"--statement belongs to one account, and there are {len(auditor.plans)}",
            allowed=f"--account with one of {names}",
            action="name the account",
        )
    audited = asyncio.run(_audit(auditor, export))
    if journal:
        _record(auditor, audited)
    report = audited.report
    if html is not None:
        write_whole(html, render_html(report).encode())
    if as_json:
        sys.stdout.buffer.write(encode(report))
        sys.stdout.flush()
    else:
        print_report(report, Console(highlight=False, markup=False, soft_wrap=True))
    raise typer.Exit(report.exit_code)


async def _audit(auditor: FileAuditor, statement: Statement | None) -> Audited:
    try:
        return await auditor.audit(statement=statement)
    finally:
        await auditor.close()


def _record(auditor: FileAuditor, audited: Audited) -> None:
    """Write the verdicts into the journal; what keeps it from being written is told, and changes no verdict."""
    from trueup.audit.journalling import AuditJournal
    from trueup.audit.lives import follow
    from trueup.core.lifecycle import Ledger

    if not auditor.config.journal.enabled:
        return
    journal = AuditJournal(auditor.config, "audit", (auditor.trader_id_of(plan) for plan in auditor.plans))
    try:
        for outcome in audited.outcomes.values():
            _, transitions = follow(Ledger(), outcome)
            journal.record(outcome, transitions)
            journal.settle(outcome, audited.report.started_ns)
    finally:
        if not journal.close():
            typer.echo("trueup: the journal could not be written; see `trueup journal`", err=True)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all.

    Raises
    ------
    ConfigFileError
        If it cannot be written.
    """
    from trueup.errors import ConfigFileError

    draft = path.with_name(path.name + ".part")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ConfigFileError(
            f"{path} cannot be written: {reason}", action="check the path and its permissions"
        ) from error
