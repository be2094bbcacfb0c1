"""The head of a chain, kept outside the database: what shows that its newest entries were cut off.

A small file beside a SQLite journal, or in the state directory of a node that writes to a server. It is replaced every
few seconds, always after the entries it names are on the disk, so it never runs ahead of an honest journal. It protects
against accidents and against whoever forgets it; a copy on another machine (the log has the same figures) against more.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import orjson

from trueup.journal.chain import Head
from trueup.journal.place import Place

SUFFIX = ".head"
ANCHOR_BYTES_MAX = 4096


@dataclass(frozen=True, slots=True)
class Anchor:
    """Hold a chain's head as it was at some moment."""

    head: Head
    time_ns: int

    @classmethod
    def parse(cls, text: str) -> Anchor:
        """Read ``CHAIN:SEQUENCE:HASH``, as the log and ``trueup journal verify`` print it.

        Raises
        ------
        ValueError
            If it is not of that form.
        """
        chain, sequence, digest = text.strip().rsplit(":", 2)
        if len(bytes.fromhex(digest)) != 32 or not chain:
            raise ValueError(text)
        return cls(Head(chain, int(sequence), digest), 0)

    def __str__(self) -> str:
        return f"{self.head.chain}:{self.head.sequence}:{self.head.hash}"


def anchor_path(place: Place, chain: str, state_dir: Path | None) -> Path | None:
    """Return where a chain's anchor is kept; None for a server without a state directory."""
    name = chain.replace("/", "~")
    if place.path is not None:
        return place.path.with_name(f"{place.path.name}.{name}{SUFFIX}")
    return None if state_dir is None else state_dir / f"journal.{name}{SUFFIX}"


def read_anchor(path: Path | None) -> Anchor | None:
    """Return what a file holds; None where there is none, or where it was cut off by a loss of power."""
    if path is None:
        return None
    try:
        if path.stat().st_size > ANCHOR_BYTES_MAX:
            return None
        row = orjson.loads(path.read_bytes())
        digest = str(row["hash"])
        if len(bytes.fromhex(digest)) != 32:
            return None
        return Anchor(Head(str(row["chain"]), int(row["sequence"]), digest), int(row["time_ns"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_anchor(path: Path, anchor: Anchor) -> None:
    """Replace the file.

    Raises
    ------
    OSError
        If the disk does not take it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    head = anchor.head
    row = {"chain": head.chain, "sequence": head.sequence, "hash": head.hash, "time_ns": anchor.time_ns}
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with beside.open("wb") as file:
            file.write(orjson.dumps(row) + b"\n")
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def anchors_of(place: Place, state_dir: Path | None) -> tuple[Anchor, ...]:
    """Return every anchor that is kept for a journal, by the name of its chain."""
    found = (read_anchor(path) for path in anchor_files(place, state_dir))
    return tuple(sorted((one for one in found if one is not None), key=lambda one: one.head.chain))


def anchor_files(place: Place, state_dir: Path | None) -> list[Path]:
    """Return the files of a journal's anchors; those of one that was moved aside have another name, and are not its."""
    if place.path is not None:
        files = place.path.parent.glob(f"{place.path.name}.*{SUFFIX}")
    elif state_dir is not None:
        files = state_dir.glob(f"journal.*{SUFFIX}")
    else:
        return []
    held = ((path, read_anchor(path)) for path in files)
    return [path for path, anchor in held if anchor and anchor_path(place, anchor.head.chain, state_dir) == path]
