"""Write rows of the journal for other programs: CSV, Parquet, JSON lines; whole or not at all."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from itertools import batched
from pathlib import Path
from typing import IO, Any

import orjson

from trueup.errors import JournalUnavailableError
from trueup.journal.rows import TRUTH_VALUES, WHOLE_NUMBERS

PIECE_ROWS = 5_000
"""Rows in memory at a time, and in one group of a Parquet file."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet takes a cell that begins so for a formula (OWASP, CSV injection)."""


class ExportFormat(StrEnum):
    """How rows are written."""

    CSV = "csv"
    PARQUET = "parquet"
    JSONL = "jsonl"


def export(rows: Iterable[dict[str, Any]], columns: tuple[str, ...], form: ExportFormat, out: IO[bytes]) -> int:
    """Write rows to a stream; return how many.

    Parameters
    ----------
    rows : iterable of dict
        Each with every column.
    columns : tuple of str
        Their names, in order; there even when there is no row.
    form : ExportFormat
        How.
    out : binary stream
        Written to, and left open.
    """
    match form:
        case ExportFormat.CSV:
            return _csv(rows, columns, out)
        case ExportFormat.JSONL:
            return _jsonl(rows, out)
        case ExportFormat.PARQUET:
            return _parquet(rows, columns, out)


@contextmanager
def whole_file(path: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """Give a stream whose content becomes the file at the end, or leaves no trace if something fails.

    Parameters
    ----------
    path : Path
        The file.
    force : bool
        Replace one that is there.

    Raises
    ------
    JournalUnavailableError
        If there is one and it may not be replaced, or the directory does not take it.
    """
    if path.exists() and not force:
        raise _exists(path)
    try:
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.absolute().parent)
    except OSError as error:
        raise JournalUnavailableError(f"{path} cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if force:
            Path(name).replace(path)
        else:
            _link(Path(name), path)
    except OSError as error:
        raise JournalUnavailableError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        Path(name).unlink(missing_ok=True)


def _link(new: Path, path: Path) -> None:
    """Give the file its name; unlike a rename this replaces nothing that came meanwhile."""
    try:
        os.link(new, path)
    except FileExistsError:
        raise _exists(path) from None
    except OSError:  # a file system without links
        new.replace(path)


def _exists(path: Path) -> JournalUnavailableError:
    return JournalUnavailableError(f"{path} is there already", action="name another file, or give --force")


def safe_cell(value: Any) -> Any:
    """Return a value that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return "'" + value
    return value


def _csv(rows: Iterable[dict[str, Any]], columns: tuple[str, ...], out: IO[bytes]) -> int:
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=False)
    count = 0
    try:
        writer = csv.writer(text)
        writer.writerow(columns)
        for row in rows:
            writer.writerow([safe_cell(row[name]) for name in columns])
            count += 1
        text.flush()
    finally:
        text.detach()
    return count


def _jsonl(rows: Iterable[dict[str, Any]], out: IO[bytes]) -> int:
    count = 0
    for row in rows:
        out.write(orjson.dumps(row_as_json(row)) + b"\n")
        count += 1
    return count


def row_as_json(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its data as JSON instead of as text; data that are no JSON stay text."""
    if not isinstance(row.get("data"), str):
        return row
    try:
        return {**row, "data": orjson.loads(row["data"])}
    except orjson.JSONDecodeError:
        return row


def _parquet(rows: Iterable[dict[str, Any]], columns: tuple[str, ...], out: IO[bytes]) -> int:
    import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
    import pyarrow.parquet as pq  # type: ignore[import-untyped]  # the same

    schema = pa.schema([(name, _arrow_type(pa, name)) for name in columns])
    count = 0
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for piece in batched(rows, PIECE_ROWS):
            writer.write_table(pa.Table.from_pylist(list(piece), schema=schema))
            count += len(piece)
    return count


def _arrow_type(pa: Any, name: str) -> Any:
    if name in WHOLE_NUMBERS:
        return pa.int64()
    return pa.bool_() if name in TRUTH_VALUES else pa.string()
