"""Find the one discrepancy, or the one entry, that an operator means."""

from __future__ import annotations

from trueup.errors import ConfigValueError
from trueup.journal.filters import fingerprint_of
from trueup.journal.query import Order, Query
from trueup.journal.reader import JournalReader
from trueup.journal.values import DiscrepancyRecord, StoredEntry

HISTORY_MAX = 1_000
"""Entries of one discrepancy that are shown, the newest ones."""


def discrepancy(reader: JournalReader, prefix: str) -> tuple[DiscrepancyRecord, list[StoredEntry]]:
    """Return a discrepancy and its entries, oldest first.

    Raises
    ------
    ConfigValueError
        If there is none, or several begin like this.
    """
    wanted = fingerprint_of(prefix, "the fingerprint")
    found = reader.discrepancies(Query(fingerprint=wanted, limit=20))
    names = sorted({one.fingerprint for one in found})
    if not found:
        raise ConfigValueError(f"no discrepancy's fingerprint begins with {wanted}", action="see 'trueup journal list'")
    if len(found) > 1:
        said = ", ".join(f"{one.fingerprint} ({one.chain}, {one.account_id})" for one in found[:5])
        if len(names) > 1:
            raise ConfigValueError(f"several discrepancies begin with {wanted}: {said}", action="give more digits")
    newest = found[0]  # the same difference may be known to a node and to an auditor: the latest word counts
    history = reader.entries(
        Query(
            fingerprint=newest.fingerprint,
            account_id=newest.account_id,
            order=Order.NEWEST_FIRST,
            limit=HISTORY_MAX,
        )
    )
    return newest, history[::-1]


def entry(reader: JournalReader, name: str) -> StoredEntry:
    """Return the entry that ``CHAIN:NUMBER`` names.

    Raises
    ------
    ConfigValueError
        If it is not of that form, or there is none.
    """
    chain, _, number = name.rpartition(":")
    if not chain or not number.isdigit():
        raise ConfigValueError(f"{name!r:.80} names no entry", allowed="CHAIN:NUMBER, such as node/TRADER-001:17")
    found = reader.entry(chain, int(number))
    if found is None:
        raise ConfigValueError(f"the journal has no entry {number} of {chain}", action="see 'trueup journal verify'")
    return found
