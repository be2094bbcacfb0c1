"""The durable record of discrepancies, verdicts, steps and guard changes: hash-chained, bounded, never in the way.

Writing: `Journal.open`, `Journal.append`, `Journal.close`. Reading: `JournalReader.open`.
"""

from trueup.journal.journal import Journal
from trueup.journal.place import Place
from trueup.journal.query import Order, Query
from trueup.journal.reader import JournalReader
from trueup.journal.settings import JournalSettings
from trueup.journal.values import DiscrepancyRecord, Entry, EntryKind, Settle, Source, StoredEntry

__all__ = [
    "DiscrepancyRecord",
    "Entry",
    "EntryKind",
    "Journal",
    "JournalReader",
    "JournalSettings",
    "Order",
    "Place",
    "Query",
    "Settle",
    "Source",
    "StoredEntry",
]
