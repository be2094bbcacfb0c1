"""Entries for tests, and the shortest way to a journal with some in it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from trueup.journal import Entry, EntryKind, Journal, JournalReader, JournalSettings, Order, Place, Query, Source
from trueup.journal.anchor import anchors_of
from trueup.journal.chain import PLAIN, Seal
from trueup.journal.verify import Verification, verify

NODE = Source(trader_id="T-1")
WATCH = Source(trader_id="T-1", role="watch")
EVERYTHING = Query(limit=None, order=Order.OLDEST_FIRST)
SECOND = 1_000_000_000
NOW = 1_795_000_000 * SECOND


def change(number: int, state: str = "NEW", *, time_ns: int | None = None, **more: Any) -> Entry:
    """Return one transition of discrepancy `number`."""
    named: dict[str, Any] = {
        "topic": "FILL_MISSING",
        "severity": "CRITICAL",
        "account_id": "BINANCE-1",
        "instrument_id": "BTCUSDT-PERP.BINANCE",
        "fingerprint": f"{number:016x}",
        "subject": f"fill T-{number} of order O-{number}",
        "line": f"fill T-{number} missing in node: nothing -> 1 @ 100",
    }
    return Entry(
        kind=EntryKind.DISCREPANCY,
        time_ns=NOW + number * SECOND if time_ns is None else time_ns,
        state=state,
        data={"reason": "", "resolved_by": "TRUE_UP" if state == "RESOLVED" else None, "looks": 2},
        **(named | more),
    )


def verdict(number: int, state: str = "CLEAN", *, time_ns: int | None = None) -> Entry:
    return Entry(
        kind=EntryKind.VERDICT,
        time_ns=NOW + number * SECOND if time_ns is None else time_ns,
        line=f"{state} on BINANCE-1 (deep)",
        topic="deep",
        state=state,
        account_id="BINANCE-1",
        data={"coverage": {"FILLS": "complete"}},
    )


def write(place: Place, new: Iterable[Entry], *, source: Source = NODE, **settings: Any) -> None:
    """Write entries and wait until they are on the disk."""
    journal = Journal.open(place, source=source, settings=JournalSettings(**settings))
    for one in new:
        assert journal.append(one)
    assert journal.close(30.0), journal.status()


def prove(place: Place, seal: Seal = PLAIN, state_dir: Path | None = None) -> Verification:
    anchors = anchors_of(place, state_dir)
    with JournalReader.open(place) as reader:
        return verify(reader, seal=seal, anchors=anchors)
