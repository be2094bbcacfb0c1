"""What a reader of the journal asks for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from trueup.journal.schema import chains, discrepancies, entries
from trueup.journal.values import RESOLVED

LIMIT = 100


class Order(StrEnum):
    """Which comes first."""

    NEWEST_FIRST = "newest first"
    OLDEST_FIRST = "oldest first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Narrow down entries or records of discrepancies. What is None is not narrowed down.

    Parameters
    ----------
    since_ns, until_ns : int or None
        Time of the entry, or of the discrepancy's last change; both ends included.
    kinds : tuple of str
        Kinds of entry (``VERDICT``), or of discrepancy (``FILL_MISSING``).
    severities, states : tuple of str
        As written.
    chain, account_id, instrument_id : str or None
        As written.
    fingerprint : str or None
        A fingerprint, or the beginning of one.
    open_only : bool
        Only discrepancies that still stand.
    limit : int or None
        At most so many.
    order : Order
        By time.
    """

    since_ns: int | None = None
    until_ns: int | None = None
    kinds: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    chain: str | None = None
    account_id: str | None = None
    instrument_id: str | None = None
    fingerprint: str | None = None
    open_only: bool = False
    limit: int | None = LIMIT
    order: Order = Order.NEWEST_FIRST


def select_entries(query: Query) -> sa.Select[Any]:
    """Return the statement for entries, with the name of their chain."""
    table = entries.c
    conditions = _common(query, entries, table.time_ns)
    if query.kinds:
        # A kind of discrepancy is the topic of its entries.
        conditions.append(sa.or_(table.kind.in_(query.kinds), table.topic.in_(query.kinds)))
    if query.open_only:
        conditions.append(table.state != RESOLVED)
    keys = (table.time_ns, table.chain_id, table.sequence)
    return _finished(sa.select(chains.c.name.label("chain"), entries), entries, conditions, query, keys)


def select_discrepancies(query: Query) -> sa.Select[Any]:
    """Return the statement for records of discrepancies, with the name of their chain."""
    table = discrepancies.c
    conditions = _common(query, discrepancies, table.last_ns)
    if query.kinds:
        conditions.append(table.kind.in_(query.kinds))
    if query.open_only:
        conditions.append(table.is_open)
    keys = (table.last_ns, table.chain_id, table.fingerprint, table.account_id)
    return _finished(sa.select(chains.c.name.label("chain"), discrepancies), discrepancies, conditions, query, keys)


def _common(query: Query, table: sa.Table, time: sa.Column[int]) -> list[Any]:
    column = table.c
    conditions: list[Any] = []
    if query.since_ns is not None:
        conditions.append(time >= query.since_ns)
    if query.until_ns is not None:
        conditions.append(time <= query.until_ns)
    if query.severities:
        conditions.append(column.severity.in_(query.severities))
    if query.states:
        conditions.append(column.state.in_(query.states))
    if query.chain is not None:
        conditions.append(chains.c.name == query.chain)
    if query.account_id is not None:
        conditions.append(column.account_id == query.account_id)
    if query.instrument_id is not None:
        conditions.append(column.instrument_id == query.instrument_id)
    if query.fingerprint is not None:
        # As a range, since an index serves a range on every server and in every collation.
        conditions += [column.fingerprint >= query.fingerprint, column.fingerprint < query.fingerprint + "\x7f"]
    return conditions


def _finished(
    statement: sa.Select[Any], table: sa.Table, conditions: list[Any], query: Query, keys: tuple[Any, ...]
) -> sa.Select[Any]:
    statement = statement.join(chains, chains.c.id == table.c.chain_id).where(*conditions)
    newest_first = query.order is Order.NEWEST_FIRST
    statement = statement.order_by(*(key.desc() if newest_first else key for key in keys))
    return statement if query.limit is None else statement.limit(query.limit)
