"""An audit's report as one HTML file: no script, no outside resource, light and dark, fit to be printed and kept.

Everything that is shown goes through one escape; the page forbids itself scripts and connections on top of that.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from importlib.resources import files

from trueup.audit.charts import coverage_chart, kinds_chart, queries_chart, timeline_chart
from trueup.audit.result import AccountResult, AuditReport, CoverageLine, StatementResult
from trueup.audit.text import moment

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
_MEANING = {
    "CLEAN": "Everything that was to be read was read, and node and venue say the same.",
    "DISCREPANT": "Node and venue differ.",
    "UNKNOWN": "Not everything could be read: equal is not proven, and neither is different.",
}


def render_html(report: AuditReport) -> str:
    """Return the whole page."""
    style = files("trueup.audit").joinpath("report.css").read_text(encoding="utf-8")
    accounts = "".join(_account(account) for account in report.accounts)
    links = "".join(
        f'<li><a href="#{escape(one.name, quote=True)}">{escape(one.name)}</a> {_badge(one.state)}</li>'
        for one in report.accounts
    )
    title = f"Audit of {report.file}: {report.state}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body>"
        f"<header><h1>Audit of {escape(report.file)} {_badge(report.state)}</h1>"
        f"<p>{_MEANING[report.state]} Exit code {report.exit_code}. "
        f"{moment(report.started_ns)} to {moment(report.ended_ns)} UTC, trueup {escape(report.trueup_version)}.</p>"
        f"<nav aria-label='Accounts'><ul>{links}</ul></nav></header><main>{accounts}</main></body></html>\n"
    )


def _account(account: AccountResult) -> str:
    identity = [account.exchange, account.trader_id, account.account_id]
    parts = [
        f"<section id='{escape(account.name, quote=True)}'><h2>{escape(account.name)} {_badge(account.state)}</h2>",
        f"<p class='dim'>{escape(' · '.join(part for part in identity if part))}</p>",
        _facts(account),
        _list("Unknown", account.unknowns, "warn"),
        _list("Not checked, by policy", account.unchecked, "warn"),
        _list("Other writers of this account", _writers(account), "bad"),
        _differences(account),
        _coverage(account.coverage),
        _positions(account),
        _list("On the way, no difference yet", _pending(account), "info"),
        "" if account.statement is None else _statement(account.statement),
        _queries(account),
        _list("Notes", account.notes, "info"),
    ]
    return "".join(parts) + "</section>"


def _facts(account: AccountResult) -> str:
    if account.window_from_ns is None:
        return ""
    expected = account.expected_from_ns
    facts = [
        ("Window", f"{moment(account.window_from_ns)} to {moment(account.window_to_ns)} UTC"),
        ("Node answerable since", "its first records" if expected is None else f"{moment(expected)} UTC"),
        ("Node's last event in the store", f"{moment(account.node_last_event_ns)} UTC"),
        ("Orders", f"{account.orders_venue} at venue, {account.orders_open_venue} open; {account.orders_node} in node"),
        ("Fills", f"{account.fills_venue} at venue, {account.fills_node} in node"),
        ("Looks", f"{account.looks} in {account.secs:.1f} s"),
    ]
    return "<dl>" + "".join(f"<div><dt>{name}</dt><dd>{escape(text)}</dd></div>" for name, text in facts) + "</dl>"


def _writers(account: AccountResult) -> list[str]:
    return [
        f"{'' if one.certain else 'perhaps: '}{one.line}"
        + (f" (such as {', '.join(one.examples)})" if one.examples else "")
        for one in account.writers
    ]


def _pending(account: AccountResult) -> list[str]:
    hidden = account.pending_total - len(account.pending)
    return [*account.pending, *([f"and {hidden} more"] if hidden > 0 else [])]


def _differences(account: AccountResult) -> str:
    if not account.discrepancies_total:
        return ""
    rows = [
        (
            one.severity,
            one.kind,
            one.instrument_id,
            one.subject,
            "" if one.venue is None else one.venue,
            "" if one.node is None else one.node,
            one.change,
            moment(one.time_ns) if one.time_ns else "",
        )
        for one in account.discrepancies
    ]
    hidden = account.discrepancies_total - len(account.discrepancies)
    heading = ("severity", "kind", "instrument", "subject", "venue", "node", "change", "venue time (UTC)")
    chart = timeline_chart(account.discrepancies, account.window_from_ns or 0, account.window_to_ns or 0)
    return (
        f"<h3>{account.discrepancies_total} differences</h3>{kinds_chart(account.discrepancies_by_kind)}{chart}"
        f"{_table(heading, rows)}" + (f"<p>{hidden} more are not listed here.</p>" if hidden else "")
    )


def _coverage(lines: tuple[CoverageLine, ...]) -> str:
    if not lines:
        return ""
    failures = [f"{line.side}: {failure}" for line in lines for failure in line.failures]
    return f"<h3>What was read</h3>{coverage_chart(lines)}{_list('Failed', failures, 'bad')}"


def _positions(account: AccountResult) -> str:
    if not account.positions:
        return ""
    rows = [
        (one.instrument_id, one.leg, one.venue or "not read", one.node or "not read", "yes" if one.agrees else "NO")
        for one in account.positions
    ]
    return "<h3>Positions</h3>" + _table(("instrument", "leg", "venue", "node", "equal"), rows)


def _statement(found: StatementResult) -> str:
    rows = [(str(one.row or ""), one.finding.replace("_", " "), one.line) for one in found.findings]
    sums = [
        (
            one.symbol,
            one.what,
            one.currency,
            one.statement,
            one.venue or "",
            one.node or "",
            "yes" if one.agrees else "NO",
        )
        for one in found.sums
    ]
    parts = [
        f"<h3>Statement {escape(found.file)} {_badge(found.state)}</h3>",
        f"<p>{found.rows} rows, {found.trades} trades",
        "" if found.from_ns is None else f", {moment(found.from_ns)} to {moment(found.to_ns)} UTC",
        ".</p>",
        _table(("line", "finding", "what"), rows) if rows else "",
        f"<p>{found.findings_hidden} more are not listed here.</p>" if found.findings_hidden else "",
        _table(("symbol", "sum of", "currency", "export", "venue", "node", "equal"), sums) if sums else "",
        _list("Assumptions", found.notes, "info"),
    ]
    return "".join(parts)


def _queries(account: AccountResult) -> str:
    if not account.queries:
        return ""
    errors = [f"{line.query}: {line.last_error}" for line in account.queries if line.last_error]
    return f"<h3>Questions to the venue</h3>{queries_chart(account.queries)}{_list('Last errors', errors, 'warn')}"


def _list(title: str, lines: Iterable[str], css: str) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<h3>{title}</h3><ul class='lines {css}'>{items}</ul>" if items else ""


def _table(heading: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in heading)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<div class='wide' tabindex='0'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _badge(state: str) -> str:
    return f"<span class='badge {state.lower()}'>{state}</span>"
