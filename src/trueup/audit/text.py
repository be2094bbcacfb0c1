"""An audit's report for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from trueup.audit.result import AccountResult, AuditReport, CoverageLine, StatementResult

COLOURS: Final = {"CLEAN": "green", "DISCREPANT": "red", "UNKNOWN": "yellow"}
SHOWN_MAX: Final = 25
NS_PER_SEC: Final = 1_000_000_000


def print_report(report: AuditReport, console: Console) -> None:
    """Print the report, account by account, and the verdict last."""
    for account in report.accounts:
        _print_account(account, console)
    console.print()
    line = Text("verdict ")
    line.append(report.state, style=f"bold {COLOURS[report.state]}")
    line.append(f", exit {report.exit_code}, {len(report.accounts)} account{_s(len(report.accounts))}")
    console.print(line)


def _print_account(account: AccountResult, console: Console) -> None:
    console.print()
    head = Text()
    head.append(account.state, style=f"bold {COLOURS[account.state]}")
    head.append(f"  {account.name}", style="bold")
    parts = [account.exchange, account.trader_id, account.account_id]
    head.append("  " + " · ".join(part for part in parts if part))
    console.print(head)
    for line in account_lines(account):
        console.print(Text(line))
    if account.coverage:
        console.print(_coverage_table(account.coverage))
    if account.statement is not None:
        _print_statement(account.statement, console)


def account_lines(account: AccountResult) -> Iterator[str]:
    """Yield what is said of an account, one line each."""
    if account.window_from_ns is not None:
        yield (
            f"  window {moment(account.window_from_ns)} to {moment(account.window_to_ns)}; node answerable since "
            f"{moment(account.expected_from_ns) if account.expected_from_ns is not None else 'its first records'}"
        )
        yield (
            f"  orders {account.orders_venue} at venue ({account.orders_open_venue} open), {account.orders_node} in "
            f"node; fills {account.fills_venue} at venue, {account.fills_node} in node; "
            f"{account.looks} look{_s(account.looks)}, {account.secs:.1f} s"
        )
    yield from (f"  unknown: {line}" for line in account.unknowns)
    yield from (f"  {line}" for line in account.unchecked)
    yield from (f"  second writer: {one.line}" for one in account.writers if one.certain)
    yield from (f"  second writer? {one.line}" for one in account.writers if not one.certain)
    for kind, count in account.discrepancies_by_kind.items():
        yield f"  {count} x {kind}"
    yield from (f"    {one.line}" for one in account.discrepancies[:SHOWN_MAX])
    if account.discrepancies_total > SHOWN_MAX:
        yield f"    and {account.discrepancies_total - SHOWN_MAX} more (all of them with --json or --html)"
    if account.pending_total:
        yield f"  {account.pending_total} on the way, no difference yet"
    yield from (f"  note: {line}" for line in account.notes)


def _coverage_table(lines: Iterable[CoverageLine]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2))
    table.add_column("  read")
    sides: dict[str, dict[str, CoverageLine]] = {}
    for line in lines:
        sides.setdefault(line.kind, {})[line.side] = line
    table.add_column("venue")
    table.add_column("node")
    for kind, by_side in sides.items():
        cells = [_cell(by_side.get(side)) for side in ("venue", "node")]
        table.add_row(f"  {kind.lower().replace('_', ' ')}", *cells)
    return table


def _cell(line: CoverageLine | None) -> Text:
    if line is None:
        return Text("-")
    words = line.state.replace("_", " ")
    more = f": {line.failures[0]}" if line.failures else ""
    return Text(words + more, style="" if line.state == "complete" else "yellow")


def _print_statement(found: StatementResult, console: Console) -> None:
    head = Text("  statement ")
    head.append(found.state, style=f"bold {COLOURS[found.state]}")
    head.append(f"  {found.file}: {found.rows} rows, {found.trades} trades")
    console.print(head)
    for one in found.findings[:SHOWN_MAX]:
        console.print(Text(f"    {one.line}"))
    hidden = len(found.findings) + found.findings_hidden - SHOWN_MAX
    if hidden > 0:
        console.print(Text(f"    and {hidden} more"))
    for line in found.sums:
        node = "" if line.node is None else f", node {line.node}"
        console.print(
            Text(
                f"    {'=' if line.agrees else '!'} {line.symbol} {line.what}: export {line.statement}, "
                f"venue {line.venue}{node} {line.currency}"
            )
        )
    for note in found.notes:
        console.print(Text(f"    note: {note}"))


def moment(time_ns: int | None) -> str:
    """Return an instant as people read it, in UTC."""
    if time_ns is None:
        return "?"
    if time_ns == 0:
        return "the beginning"
    return datetime.fromtimestamp(time_ns / NS_PER_SEC, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _s(count: int) -> str:
    return "" if count == 1 else "s"
