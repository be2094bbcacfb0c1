"""The commands ``trueup journal``: list, show, verify, export."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Generator
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import orjson
import typer

if TYPE_CHECKING:
    from trueup.journal.export import ExportFormat
    from trueup.journal.query import Query
    from trueup.journal.reader import JournalReader

app = typer.Typer(name="journal", help="Read and prove the record of a node.", no_args_is_help=True)

LIMIT = 100
EXIT_DAMAGED = 1


class Form(StrEnum):
    """How rows are written: `trueup.journal.export.ExportFormat`, which would cost every command its import."""

    CSV = "csv"
    PARQUET = "parquet"
    JSONL = "jsonl"


class What(StrEnum):
    """What is exported."""

    ENTRIES = "entries"
    DISCREPANCIES = "discrepancies"


Source = Annotated[
    str, typer.Argument(metavar="FILE_OR_CONFIG", help="A journal (file or PostgreSQL URL), or a node's trueup.toml.")
]
Since = Annotated[str | None, typer.Option(help="From then on: 2026-11-22T14:00 (UTC), or how long ago: 2h, 7d.")]
Until = Annotated[str | None, typer.Option(help="Up to then.")]
Kinds = Annotated[list[str] | None, typer.Option("--kind", help="Of discrepancy (FILL_MISSING) or entry (VERDICT).")]
Severities = Annotated[list[str] | None, typer.Option("--severity", help="INFO, WARNING or CRITICAL.")]
States = Annotated[list[str] | None, typer.Option("--state", help="Such as CONFIRMED, RESOLVED, DISCREPANT, HALTED.")]
Account = Annotated[str | None, typer.Option(help="Account id.")]
Instrument = Annotated[str | None, typer.Option(help="Instrument id.")]
Fingerprint = Annotated[str | None, typer.Option(help="A discrepancy's fingerprint, or the beginning of one.")]
Chain = Annotated[str | None, typer.Option(help="One writer's chain, such as node/TRADER-001.")]
OpenOnly = Annotated[bool, typer.Option("--open", help="Only discrepancies that still stand.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command(name="list")
def list_(
    source: Source,
    entries: Annotated[bool, typer.Option("--entries", help="List the entries of the chains instead.")] = False,
    since: Since = None,
    until: Until = None,
    kind: Kinds = None,
    severity: Severities = None,
    state: States = None,
    account: Account = None,
    instrument: Instrument = None,
    fingerprint: Fingerprint = None,
    chain: Chain = None,
    open_only: OpenOnly = False,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many, the newest first.")] = LIMIT,
    as_json: AsJson = False,
) -> None:
    """List discrepancies, the lately changed first; with --entries everything that was recorded.

    Exit 0, or 2 if the journal cannot be read.
    """
    from trueup.cli import journal_text
    from trueup.journal.rows import entry_row, record_row

    query = _query(since, until, kind, severity, state, account, instrument, fingerprint, chain, open_only, limit)
    with _reader(source) as reader:
        if entries:
            found = reader.entries(query)
            _say(journal_text.entries(found), [_with_data(entry_row(one)) for one in found], as_json=as_json)
        else:
            records = reader.discrepancies(query)
            shown = journal_text.discrepancies(records, time.time_ns(), limit)
            _say(shown, [record_row(one) for one in records], as_json=as_json)


@app.command()
def show(
    source: Source,
    which: Annotated[str, typer.Argument(help="A fingerprint (its first digits are enough), or CHAIN:NUMBER.")],
    as_json: AsJson = False,
) -> None:
    """Show one discrepancy with its history, or one entry with its data.

    Exit 0, or 2 if there is no such one.
    """
    from trueup.cli import journal_text
    from trueup.journal import lookup
    from trueup.journal.rows import entry_row, record_row

    with _reader(source) as reader:
        if ":" in which:
            entry = lookup.entry(reader, which)
            _say(journal_text.entry(entry), _with_data(entry_row(entry)), as_json=as_json)
            return
        record, history = lookup.discrepancy(reader, which)
        data = {**record_row(record), "entries": [_with_data(entry_row(one)) for one in history]}
        _say(journal_text.discrepancy(record, history, time.time_ns()), data, as_json=as_json)


@app.command()
def verify(
    source: Source,
    anchor: Annotated[
        list[str] | None, typer.Option(help="A head that was kept elsewhere: CHAIN:NUMBER:HASH, as the log says it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Prove every chain: nothing changed, left out, moved or put in; and nothing cut off, as far as anchors tell.

    Exit 0 if all is whole, 1 if something is damaged, 2 if the journal cannot be read.
    """
    from trueup.cli import journal_text
    from trueup.journal.filters import anchor_of
    from trueup.journal.target import target_of
    from trueup.journal.verify import verify as prove

    target = target_of(source)
    kept = (*target.anchors(), *(anchor_of(text) for text in anchor or ()))
    with _reader(source) as reader:
        found = prove(reader, seal=target.seal, anchors=kept)
    _say(journal_text.verification(found), journal_text.verification_data(found), as_json=as_json)
    if not found.is_whole:
        raise typer.Exit(EXIT_DAMAGED)


@app.command()
def export(
    source: Source,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The file; standard output without it.")] = None,
    what: Annotated[What, typer.Option(help="What to write.")] = What.ENTRIES,
    form: Annotated[Form | None, typer.Option("--format", help="How; by default as the file is named.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    since: Since = None,
    until: Until = None,
    kind: Kinds = None,
    severity: Severities = None,
    state: States = None,
    account: Account = None,
    instrument: Instrument = None,
    fingerprint: Fingerprint = None,
    chain: Chain = None,
    open_only: OpenOnly = False,
) -> None:
    """Write entries or discrepancies, the oldest first, as CSV, Parquet or JSON lines.

    Exit 0, or 2 if the journal cannot be read or the file not written.
    """
    from dataclasses import replace

    from trueup.journal.export import export as write
    from trueup.journal.export import whole_file
    from trueup.journal.query import Order
    from trueup.journal.rows import ENTRY_COLUMNS, RECORD_COLUMNS

    query = _query(since, until, kind, severity, state, account, instrument, fingerprint, chain, open_only, None)
    query = replace(query, order=Order.OLDEST_FIRST)
    columns = ENTRY_COLUMNS if what is What.ENTRIES else RECORD_COLUMNS
    chosen = _form_of(out, form)
    # Closed before the reader: whoever reads standard output may leave in the middle.
    with _reader(source) as reader, closing(_rows(reader, what, query)) as rows:
        if out is None:
            _to_stdout(lambda stream: write(rows, columns, chosen, stream))
            return
        with whole_file(out, force=force) as file:
            count = write(rows, columns, chosen, file)
    typer.echo(f"{count} {what} written to {out}", err=True)


def _query(
    since: str | None,
    until: str | None,
    kinds: list[str] | None,
    severities: list[str] | None,
    states: list[str] | None,
    account: str | None,
    instrument: str | None,
    fingerprint: str | None,
    chain: str | None,
    open_only: bool,
    limit: int | None,
) -> Query:
    from trueup.journal import filters
    from trueup.journal.query import Query

    now_ns = time.time_ns()
    return Query(
        since_ns=None if since is None else filters.time_ns_of(since, now_ns, "--since"),
        until_ns=None if until is None else filters.time_ns_of(until, now_ns, "--until"),
        kinds=filters.words_of(kinds or (), filters.KINDS, "--kind"),
        severities=filters.words_of(severities or (), filters.SEVERITIES, "--severity"),
        states=filters.words_of(states or (), filters.STATES, "--state"),
        chain=chain,
        account_id=account,
        instrument_id=instrument,
        fingerprint=None if fingerprint is None else filters.fingerprint_of(fingerprint, "--fingerprint"),
        open_only=open_only,
        limit=limit,
    )


def _reader(source: str) -> JournalReader:
    from trueup.journal.reader import JournalReader
    from trueup.journal.target import target_of

    return JournalReader.open(target_of(source).place)


def _rows(reader: JournalReader, what: What, query: Query) -> Generator[dict[str, Any]]:
    from trueup.journal.rows import entry_row, record_row

    if what is What.ENTRIES:
        with closing(reader.each_entry(query)) as entries:
            yield from map(entry_row, entries)
    else:
        with closing(reader.each_discrepancy(query)) as records:
            yield from map(record_row, records)


def _form_of(out: Path | None, given: Form | None) -> ExportFormat:
    from trueup.errors import ConfigValueError
    from trueup.journal.export import ExportFormat

    if given is not None:
        return ExportFormat(given.value)
    suffix = "" if out is None else out.suffix.lower().lstrip(".")
    if suffix in {"ndjson", "json"}:
        return ExportFormat.JSONL
    if suffix not in list(ExportFormat):
        raise ConfigValueError(
            "the format is not named", allowed="--format csv, parquet or jsonl, or a file with such an ending"
        )
    return ExportFormat(suffix)


def _to_stdout(write: Any) -> None:
    out: IO[bytes] = sys.stdout.buffer
    try:
        write(out)
        out.flush()
    except BrokenPipeError:  # whoever reads has had enough, such as head; Python would complain at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _with_data(row: dict[str, Any]) -> dict[str, Any]:
    from trueup.journal.export import row_as_json

    return row_as_json(row)


def _say(shown: Any, data: Any, *, as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())
        return
    from rich.console import Console

    # Piped, the lines keep their length for the next program to cut.
    console = Console(highlight=False, markup=False) if sys.stdout.isatty() else Console(width=240, highlight=False)
    console.print(shown)
