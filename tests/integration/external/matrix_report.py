"""What is on record of the matrix, as a table: who did what and when, and what each mode made of it."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import msgspec

RECORD = Path(__file__).parent / "matrix.json"
MODES = ("verified", "native")


class Row(msgspec.Struct, frozen=True):
    """One cell of one run: what was wrong when the act was taken in, and after the restart."""

    act: str
    own: str
    when: str
    doing: str
    at_once: list[str]
    after: list[str]
    said: list[str]


class Run(msgspec.Struct, frozen=True):
    """One run: its conditions, the verdicts, its cells, and what was earned by node and venue."""

    mode: str
    conditions: str
    verdicts: dict[str, str]
    lines: list[str]
    rows: list[Row]
    pnl: dict[str, tuple[str, str]]


class Record(msgspec.Struct, frozen=True):
    """All runs, and what they were made with."""

    engine: str
    runs: list[Run]


def read() -> Record:
    """Return what is on record."""
    return msgspec.json.decode(RECORD.read_bytes(), type=Record)


def wrongs(row: Row) -> list[str]:
    """Return in words what a cell shows, without its numbers."""
    found = dict.fromkeys([*(_plain(one) for one in row.at_once), *(f"{_plain(one)} (restart)" for one in row.after)])
    return [one for one in found if not (one.endswith(" (restart)") and one.removesuffix(" (restart)") in found)]


def _plain(text: str) -> str:
    for beginning, words in (
        ("position split", "one position with two owners"),
        ("position of EXTERNAL", "the strategy's position belongs to nobody"),
        ("position of", "position of the wrong owner"),
        ("position", "another position than the venue"),
        ("open order unknown", "an open order is unknown"),
        ("order of EXTERNAL", "the strategy's order belongs to nobody"),
        ("order of", "order of the wrong owner"),
        ("the node does not trade", "the node does not start"),
    ):
        if text.startswith(beginning):
            return words
    return "an ended order counts as open" if "that the venue ended" in text else "another order than the venue's"


def render() -> str:
    """Return the table of the guide."""
    record = read()
    return "\n".join([*_summary(record), "", *_verdicts(record), "", *_cells(record), "", *_earnings(record), ""])


def _summary(record: Record) -> list[str]:
    lines = [
        f"Measured on NautilusTrader {record.engine}. A cell is right where the node's open orders, quantities, prices",
        "and position are the venue's and belong to whom they should, when the act was taken in and again after the",
        "restart.",
        "",
        "| Run | " + " | ".join(f"{mode}: right" for mode in MODES) + " | native: what is wrong |",
        "|---|---|---|---|",
    ]
    for conditions in dict.fromkeys(run.conditions for run in record.runs):
        by_mode = {run.mode: run for run in record.runs if run.conditions == conditions}
        shown = []
        for mode in MODES:
            run = by_mode.get(mode)
            right = 0 if run is None else sum(not wrongs(row) for row in run.rows)
            shown.append("not run" if run is None else f"{right} of {len(run.rows)}")
        native = by_mode.get("native")
        kinds = Counter(one for row in native.rows for one in wrongs(row)) if native is not None else Counter[str]()
        wrong = "; ".join(f"{count} x {kind}" for kind, count in kinds.most_common())
        wrong = wrong or ("not run" if native is None else "nothing")
        lines.append(f"| {conditions} | {' | '.join(shown)} | {wrong} |")
    return lines


def _verdicts(record: Record) -> list[str]:
    """Return what the verdicts of verified mode were, any that was not CLEAN with what it was about."""
    runs = [run for run in record.runs if run.mode == "verified"]
    strange = [
        f"- {run.conditions}, {occasion}: {verdict}, {run.lines[0] if run.lines else 'no reason given'}"
        for run in runs
        for occasion, verdict in run.verdicts.items()
        if verdict not in {"CLEAN", "TRADING"}
    ]
    count = sum(verdict in {"CLEAN", "TRADING"} for run in runs for verdict in run.verdicts.values())
    total = sum(len(run.verdicts) for run in runs)
    said = f"Of {total} starts and verdicts in verified mode {count} were good: trading, or CLEAN."
    return (
        [said, "", "The others (*closed* is after the strategy had closed everything):", "", *strange]
        if strange
        else [said]
    )


def _cells(record: Record) -> list[str]:
    keys = dict.fromkeys((row.act, row.own) for run in record.runs for row in run.rows)
    lines = ["| Act | On | The node says | verified: right | native: right |", "|---|---|---|---|---|"]
    for act, own in keys:
        found: dict[str, list[Row]] = {mode: [] for mode in MODES}
        for run in record.runs:
            found[run.mode] += [row for row in run.rows if (row.act, row.own) == (act, own)]
        doing = next(row.doing for rows in found.values() for row in rows)
        shown = " | ".join(_right(found[mode]) for mode in MODES)
        lines.append(f"| {act.replace('_', ' ')} | {own} | {doing} | {shown} |")
    return lines


def _right(rows: list[Row]) -> str:
    """Return how many cells are right, and when the others are wrong in which way."""
    right = sum(not wrongs(row) for row in rows)
    whens: dict[str, list[str]] = {}
    for row in rows:
        for one in wrongs(row):
            whens.setdefault(one, []).append(row.when)
    kinds = "; ".join(f"{one}: {', '.join(dict.fromkeys(held))}" for one, held in whens.items())
    return f"{right} of {len(rows)}" + (f" ({kinds})" if kinds else "")


def _earnings(record: Record) -> list[str]:
    pairs = [pair for run in record.runs for pair in run.pnl.values()]
    equal = sum(_same(mine, venues) for mine, venues in pairs)
    return [
        f"Closed by the strategy that claimed them, {equal} of {len(pairs)} positions earned in the node what they",
        "earned at the venue, realised profit less commissions, to the last decimal.",
    ]


def _same(mine: str, venues: str) -> bool:
    return Decimal(mine) == Decimal(venues)
