"""The statuses of nodes in a terminal: the same words as on the page, in Rich."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from trueup.monitor.endpoint.ask import Answer
from trueup.monitor.endpoint.judgement import judge
from trueup.monitor.endpoint.words import NS_PER_SECOND, count, span
from trueup.monitor.status import AccountStatus, DiscrepancyStatus, GuardChange, NodeStatus

DISCREPANCIES_SHOWN = 20
"""Of one node; a terminal has no scroll bar to speak of, and the page shows all of them."""
HISTORY_SHOWN = 3
LINES_SHOWN = 3
TEXT_CHARS_MAX = 400
WIDE_COLUMNS = 100
INDENT = (0, 0, 0, 2)

_WIDTHS_MIN = {"now": 12, "verdict": 10, "severity": 8, "at": 12, "node": 12}
"""Columns that are read at a glance are not broken, unless what stands in them is longer than it should be."""

_VERDICTS = {
    "CLEAN": ("✓", "True to the venue", "bold green"),
    "DISCREPANT": ("✗", "Not true to the venue", "bold red"),
    "UNKNOWN": ("?", "Not known", "bold yellow"),
}
_SEVERITIES = {"CRITICAL": ("bold red", 0), "WARNING": ("yellow", 1), "INFO": ("dim", 2)}
_COVERAGE = {"complete": ("whole", ""), "cut": ("cut short", "yellow"), "failed": ("failed", "red")}
_STATES = {
    **dict.fromkeys(("MONITORING", "RECONCILED", "ACTIVE", "PRESENT", "OK", "NONE", "OFF"), ""),
    **dict.fromkeys(("ERROR", "HALTED", "LOST", "FAILING"), "bold red"),
}
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Controls, escapes and what turns the direction of text: an order's name must not steer a terminal."""


def printable(text: object) -> str:
    """Return a text that came from elsewhere as one that a terminal only shows."""
    clean = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", str(text))
    return clean if len(clean) <= TEXT_CHARS_MAX else clean[:TEXT_CHARS_MAX] + " ..."


def render(answers: Sequence[Answer], width: int) -> RenderableType:
    """Return what a terminal shows: one node in full, or a fleet as a list with its discrepancies.

    Parameters
    ----------
    answers : Sequence[Answer]
        What the endpoints said.
    width : int
        Columns of the terminal; below 100 less stands beside each other, and more beneath.
    """
    if len(answers) == 1 and len(answers[0].nodes) == 1:
        return Group(*_whole_node(answers[0].nodes[0], width))
    return Group(_fleet(answers, width), *_fleet_discrepancies(answers, width))


def _whole_node(node: NodeStatus, width: int) -> Iterator[RenderableType]:
    yield from _headline(node)
    yield Text()
    yield _figures(node)
    if node.discrepancies or node.discrepancies_hidden:
        yield from (_heading("discrepancies"), *_discrepancies(node, DISCREPANCIES_SHOWN, width))
    if node.accounts:
        yield from (_heading("accounts"), _accounts(node))
    if node.venue:
        yield from (_heading("venue"), _venue(node))
    if node.guard.history:
        yield from (_heading("guard history"), _guard_history(node))


def _heading(text: str) -> Text:
    return Text.assemble("\n", (printable(text), "bold"))


def _headline(node: NodeStatus) -> Iterator[RenderableType]:
    found = judge(node)
    sign, words, style = _VERDICTS[found.verdict]
    age = f"verdict {_age(node.verdict_ns, node.now_ns)} ago" if node.verdict_ns else "no verdict yet"
    who = "  ".join(filter(None, (node.trader_id, node.environment, node.mode)))
    yield Text.assemble((f"{sign} {words}", style), f"   {printable(who)}   ", (age, "dim"))
    lines = list(found.reasons)
    if found.verdict != "CLEAN":
        lines += [line for line in node.lines if line not in lines][:LINES_SHOWN]
    for line in lines:
        yield Padding(printable(line), INDENT)


def _figures(node: NodeStatus) -> Table:
    guard, loop, store, journal, orders = node.guard, node.loop, node.store, node.journal, node.orders
    guard_note = guard.reason if guard.can_act else f"it cannot act{f': {guard.alarm}' if guard.alarm else ''}"
    if guard.loophole:
        guard_note = f"{guard_note}; passes all the same: {guard.loophole}"
    if guard.effective and guard.effective != guard.state:
        guard_note = f"{guard_note}; the engine is {guard.effective}"
    oldest = f", oldest {_age(orders.inflight_oldest_ns, node.now_ns)}" if orders.inflight_oldest_ns else ""
    ping = "" if store.ping_ms is None else f"ping {_millis(store.ping_ms)}"
    dropped = f", {count(journal.dropped, 'record')} dropped" if journal.dropped else ""
    rows: tuple[tuple[str, str, str], ...] = (
        ("phase", node.phase, f"for {_age(node.phase_since_ns, node.now_ns)}" if node.phase_since_ns else ""),
        ("guard", guard.state, guard_note),
        ("orders", f"{orders.open} open", f"{orders.inflight} in flight{oldest}"),
        ("external", str(node.external_orders_count), f"{orders.external_unclaimed} unclaimed"),
        ("loop lag", f"p99 {_millis(loop.lag_ms_p99)}", f"longest {_millis(loop.lag_ms_max)}"),
        ("store", store.state, "  ".join(filter(None, (ping, store.detail)))),
        ("journal", journal.state, f"{journal.records:,} records{dropped}  {journal.error}".rstrip()),
    )
    if node.source == "watch":  # an auditor outside knows neither the guard, nor the orders in flight, nor the loop
        rows = tuple(row for row in rows if row[0] in ("phase", "store", "journal"))
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(style="dim", overflow="fold")
    for name, value, note in rows:
        table.add_row(name, Text(printable(value), style=_STATES.get(value, "")), printable(note))
    return table


def _discrepancies(node: NodeStatus, shown_max: int, width: int) -> Iterator[RenderableType]:
    ordered = sorted(node.discrepancies, key=lambda one: (_SEVERITIES.get(one.severity, ("", 3))[1], one.first_ns))
    rows = [_row(one, node.now_ns) for one in ordered[:shown_max]]
    if width >= WIDE_COLUMNS:
        table = _table("severity", "kind", "what: node -> venue", right=("age", "seen"))
        for row in rows:
            table.add_row(*row)
        yield table
    else:
        for severity, kind, line, age, seen in rows:
            yield Text.assemble(severity, f"  {kind}  {age}, {seen}")
            yield Padding(line, INDENT)
    hidden = max(0, len(ordered) - shown_max) + node.discrepancies_hidden
    if hidden:
        yield Text(f"  and {count(hidden, 'discrepancy', 'discrepancies')} more", style="dim")


def _row(one: DiscrepancyStatus, now_ns: int) -> tuple[Text, str, str, str, str]:
    style = _SEVERITIES.get(one.severity, ("", 3))[0]
    kind, line = printable(_words(one.kind)), printable(one.line)
    return Text(printable(_words(one.severity)), style=style), kind, line, _age(one.first_ns, now_ns), f"{one.count}x"


def _accounts(node: NodeStatus) -> Table:
    table = _table("account", "verdict", "coverage", right=("age",))
    for one in node.accounts:
        style = _VERDICTS.get(one.verdict, _VERDICTS["UNKNOWN"])[2]
        verdict = Text(printable(one.verdict), style=style)
        table.add_row(printable(one.account_id), verdict, _coverage(one), _age(one.time_ns, node.now_ns))
    return table


def _coverage(account: AccountStatus) -> Text:
    """Return what was not read whole by name, and the rest as one word."""
    odd = [one for one in account.coverage if one.state not in ("complete", "not_asked")]
    text = Text()
    for one in odd:
        word, style = _COVERAGE.get(one.state, (printable(one.state), "yellow"))
        text.append(f"{printable(_words(one.kind)).lower()} {word}", style=style)
        text.append(f" ({printable(one.detail)})\n" if one.detail else "\n", style="dim")
    whole = [_words(one.kind).lower() for one in account.coverage if one.state == "complete"]
    text.append(printable(", ".join(whole) + " whole" if whole else "nothing read whole"))
    return text


def _venue(node: NodeStatus) -> Table:
    table = _table("query", "client", right=("asked", "failed", "p50", "p99"))
    for one in node.venue:
        failed = one.failures + one.timeouts
        table.add_row(
            printable(_words(one.query)),
            printable(one.client_id),
            f"{one.count:,}",
            Text(f"{failed:,}", style="red" if failed else ""),
            _millis(one.p50_ms),
            _millis(one.p99_ms),
        )
    return table


def _guard_history(node: NodeStatus) -> Table:
    table = _table("at", "state", "why")
    for one in reversed(node.guard.history[-HISTORY_SHOWN:]):
        state = Text(printable(one.state), style=_STATES.get(one.state, "yellow"))
        table.add_row(_clock(one.time_ns), state, printable(_with_source(one)))
    return table


def _with_source(change: GuardChange) -> str:
    source = " ".join(filter(None, (change.source, change.who)))
    because = ", ".join(filter(None, (source, *change.rules)))
    return f"{change.reason} ({because})" if because else change.reason


def _fleet(answers: Sequence[Answer], width: int) -> Table:
    is_wide = width >= WIDE_COLUMNS
    table = _table("node", "now", *(("phase", "guard") if is_wide else ()), "why", right=("open", "age"))
    for answer in answers:
        if answer.failure or not answer.nodes:
            reason = answer.failure or "it has no node to speak of yet"
            blank = ("", "") if is_wide else ()
            table.add_row(
                printable(answer.url.removeprefix("http://")), _verdict("UNKNOWN"), *blank, printable(reason), "", ""
            )
        for node in answer.nodes:
            found = judge(node)
            table.add_row(
                printable(node.trader_id or answer.url),
                _verdict(found.verdict),
                *(
                    (printable(node.phase), "" if node.source == "watch" else printable(node.guard.state))
                    if is_wide
                    else ()
                ),
                printable("; ".join(found.reasons)),
                f"{len(node.discrepancies) + node.discrepancies_hidden:,}",
                _age(node.verdict_ns, node.now_ns),
            )
    return table


def _fleet_discrepancies(answers: Sequence[Answer], width: int) -> Iterator[RenderableType]:
    for answer in answers:
        for node in answer.nodes:
            if node.discrepancies:
                yield _heading(node.trader_id or answer.url)
                yield from _discrepancies(node, DISCREPANCIES_SHOWN // 4, width)


def _verdict(verdict: str) -> Text:
    sign, _, style = _VERDICTS[verdict]
    return Text(f"{sign} {verdict}", style=style)


def _table(*left: str, right: Sequence[str] = ()) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for name in left:
        table.add_column(name, overflow="fold", min_width=_WIDTHS_MIN.get(name))
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _age(then_ns: int, now_ns: int) -> str:
    return span((now_ns - then_ns) / NS_PER_SECOND) if then_ns else "none"


def _millis(value: float | None) -> str:
    if value is None:
        return "none"
    return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.3g} ms"


def _clock(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / NS_PER_SECOND, UTC).strftime("%H:%M:%S UTC")


def watched_at() -> Text:
    """Return the line beneath a live view: when it was read, and how to end it."""
    return Text(f"read at {_clock(time.time_ns())}, Ctrl-C ends", style="dim")
