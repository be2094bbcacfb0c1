"""What ``trueup journal`` prints for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from trueup.journal.rows import iso
from trueup.journal.values import DiscrepancyRecord, StoredEntry
from trueup.journal.verify import Verification

STYLES = {"CRITICAL": "bold red", "WARNING": "yellow", "INFO": ""}
FINGERPRINT_DIGITS = 8
"""Enough to tell the discrepancies of a journal apart, and `show` takes them."""


def discrepancies(records: Sequence[DiscrepancyRecord], now_ns: int, limit: int) -> RenderableType:
    """Return a table of discrepancies."""
    if not records:
        return Text("no discrepancy")
    table = _table("last change (UTC)", "state", "age", "kind", "times", "account", "instrument", "fingerprint", "what")
    for one in records:
        state = one.state if one.is_open or not one.resolved_by else f"{one.state} ({one.resolved_by})"
        table.add_row(
            _when(one.last_ns),
            Text(state, style=STYLES.get(one.severity, "") if one.is_open else "dim"),
            duration(one.age_ns(now_ns)),
            _plain(one.kind),
            str(one.occurrences),
            _plain(one.account_id),
            _plain(one.instrument_id),
            one.fingerprint[:FINGERPRINT_DIGITS],
            _plain(f"{one.line}; {one.reason}" if one.reason else one.line),
        )
    if len(records) < limit:
        return table
    return Group(table, Text(f"the first {limit}; --limit shows more", style="dim"))


def entries(found: Sequence[StoredEntry]) -> RenderableType:
    """Return a table of entries."""
    if not found:
        return Text("no entry")
    table = _table("time (UTC)", "kind", "state", "entry", "what")
    for one in found:
        style = STYLES.get(one.severity, "")
        name = f"{one.chain}:{one.sequence}"
        table.add_row(
            _when(one.time_ns), _plain(one.kind), Text(one.state, style=style), _plain(name), _plain(one.line)
        )
    return table


def entry(one: StoredEntry) -> RenderableType:
    """Return everything of one entry."""
    lines = [f"{one.chain}:{one.sequence}  {iso(one.time_ns)}", one.line, ""]
    named = ("kind", "topic", "state", "severity", "account_id", "instrument_id", "fingerprint", "subject")
    lines += [f"{name.replace('_id', ''):<14} {getattr(one, name)}" for name in named if getattr(one, name)]
    lines += [f"{'hash':<14} {one.hash}", f"{'previous':<14} {one.previous_hash}"]
    lines += [f"{'sealed with':<14} key {one.seal}"] if one.seal else []
    return Text("\n".join([*lines, "", *_data(one)]))


def discrepancy(one: DiscrepancyRecord, history: Sequence[StoredEntry], now_ns: int) -> RenderableType:
    """Return one discrepancy with everything that happened to it."""
    times = f"{one.occurrences} time{'s' if one.occurrences > 1 else ''}"
    stands = f"stands for {duration(one.age_ns(now_ns))}" if one.is_open else f"lasted {duration(one.age_ns(now_ns))}"
    head = [
        f"{one.kind} {one.severity}  {one.state}{f' by {one.resolved_by}' if one.resolved_by else ''}",
        one.line,
        *([one.reason] if one.reason else []),
        "",
        f"fingerprint    {one.fingerprint}",
        f"subject        {one.subject}",
        f"account        {one.account_id}",
        f"instrument     {one.instrument_id}",
        f"first seen     {iso(one.first_ns)}",
        f"came up        {times}, the last time {iso(one.opened_ns)}; {stands}",
        f"according to   {one.chain}",
        "",
    ]
    return Group(Text("\n".join(head)), entries(history))


def verification(found: Verification) -> RenderableType:
    """Return the outcome of a proof."""
    lines: list[str] = []
    for chain in found.chains:
        if not chain.last:
            lines.append(f"{chain.chain}: no entry yet")
            continue
        sealed = f", {chain.keyed} of them sealed with a key" if chain.keyed else ", not sealed with a key"
        lines.append(f"{chain.chain}: entries {chain.first} to {chain.last}{sealed}")
        lines.append(f"  head {chain.anchor}")
        lines += [f"  recorded damage: {line}" for line in chain.damage]
        if chain.records_unproven:
            lines.append(f"  {chain.records_unproven} open discrepancies whose last entry was pruned")
    lines += [f"DAMAGED {fault}" for fault in found.faults]
    if found.is_whole:
        lines.append(f"whole, and it agrees with {found.anchors} anchor{'' if found.anchors == 1 else 's'}")
    if not found.anchors:
        lines.append("without an anchor nothing shows whether newer entries were cut off (--anchor CHAIN:NUMBER:HASH)")
    if any(chain.last and not chain.keyed for chain in found.chains):
        lines.append("a chain without a key can be made anew by whoever may write the journal")
    return Text("\n".join(lines))


def verification_data(found: Verification) -> dict[str, Any]:
    """Return the outcome of a proof for JSON."""
    return {
        "whole": found.is_whole,
        "anchors": found.anchors,
        "chains": [
            {
                "chain": chain.chain,
                "first": chain.first,
                "last": chain.last,
                "hash": chain.hash,
                "sealed": chain.keyed,
                "damage": list(chain.damage),
                "records_unproven": chain.records_unproven,
            }
            for chain in found.chains
        ],
        "faults": [
            {"code": fault.code.value, "chain": fault.chain, "sequence": fault.sequence, "text": fault.text}
            for fault in found.faults
        ],
    }


def duration(span_ns: int) -> str:
    """Return a duration in the two figures that matter: ``3 d 4 h``, ``12 min``, ``4.2 s``."""
    secs = span_ns / 1_000_000_000
    if secs < 60:
        return f"{secs:.1f} s"
    mins, hours, days = int(secs) // 60, int(secs) // 3_600, int(secs) // 86_400
    if days:
        return f"{days} d {hours % 24} h"
    return f"{hours} h {mins % 60} min" if hours else f"{mins} min"


def _table(*headings: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=heading != "what")
    return table


def _when(time_ns: int) -> str:
    return iso(time_ns)[:19].replace("T", " ")


def _plain(text: str) -> Text:
    """Return a text as it is: what it holds is neither markup nor an order to the terminal."""
    return Text("".join(one if one.isprintable() else " " for one in text))


def _data(one: StoredEntry) -> list[str]:
    try:
        return orjson.dumps(orjson.loads(one.data), option=orjson.OPT_INDENT_2).decode().splitlines()
    except orjson.JSONDecodeError:
        return [one.data]
