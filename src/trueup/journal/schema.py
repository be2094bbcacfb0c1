"""The tables of a journal, their version, and the way forward from an older one.

::

    journal_meta      what this database is: ``application``, ``schema_version``, ``created_ns``
    chains            one row a writer: its name, where its chain begins and ends
    entries           the chains themselves; never changed, only cut off at their old end
    discrepancies     one row a discrepancy of an account, made from the entries about it; there to be searched
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

import sqlalchemy as sa

from trueup.errors import JournalForeignError

APPLICATION = "trueup-journal"
SQLITE_APPLICATION_ID = 0x54555031
"""``TUP1``: in the header of the file, where it can be read even when the rest cannot."""
SCHEMA_VERSION = 1

Name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""A text that is compared byte by byte, so that an index serves a prefix search on every server."""

metadata = sa.MetaData()

journal_meta = sa.Table(
    "journal_meta",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

chains = sa.Table(
    "chains",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", Name, nullable=False, unique=True),
    sa.Column("trader_id", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("instance", sa.Text, nullable=False),
    sa.Column("first_sequence", sa.BigInteger, nullable=False),
    sa.Column("head_sequence", sa.BigInteger, nullable=False),
    sa.Column("head_hash", sa.Text, nullable=False),
    sa.Column("head_ns", sa.BigInteger, nullable=False),
)

entries = sa.Table(
    "entries",
    metadata,
    sa.Column("chain_id", sa.Integer, sa.ForeignKey("chains.id"), primary_key=True, autoincrement=False),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("time_ns", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("instrument_id", sa.Text, nullable=False),
    sa.Column("fingerprint", Name, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("line", sa.Text, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.Column("seal", sa.Text, nullable=False),
    sa.Column("previous_hash", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Index("entries_by_time", "time_ns"),
    sa.Index("entries_by_kind", "kind", "time_ns"),
    sa.Index("entries_by_fingerprint", "fingerprint", "time_ns"),
)

discrepancies = sa.Table(
    "discrepancies",
    metadata,
    sa.Column("chain_id", sa.Integer, sa.ForeignKey("chains.id"), primary_key=True, autoincrement=False),
    sa.Column("account_id", Name, primary_key=True),
    sa.Column("fingerprint", Name, primary_key=True),
    sa.Column("is_open", sa.Boolean, nullable=False),
    sa.Column("instrument_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("line", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("resolved_by", sa.Text, nullable=False),
    sa.Column("first_ns", sa.BigInteger, nullable=False),
    sa.Column("opened_ns", sa.BigInteger, nullable=False),
    sa.Column("last_ns", sa.BigInteger, nullable=False),
    sa.Column("occurrences", sa.BigInteger, nullable=False),
    sa.Column("transitions", sa.BigInteger, nullable=False),
    sa.Column("looks", sa.BigInteger, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Index("discrepancies_by_time", "last_ns"),
    sa.Index("discrepancies_by_state", "state", "last_ns"),
    sa.Index("discrepancies_open", "is_open", "last_ns"),
    sa.Index("discrepancies_by_severity", "severity", "last_ns"),
    sa.Index("discrepancies_by_kind", "kind", "last_ns"),
    sa.Index("discrepancies_by_instrument", "instrument_id", "last_ns"),
    sa.Index("discrepancies_by_account", "account_id", "last_ns"),
    sa.Index("discrepancies_by_fingerprint", "fingerprint"),
)

Migration = Callable[[sa.Connection], None]

MIGRATIONS: Mapping[int, Migration] = MappingProxyType({})
"""From a version to the next one. A migration may add; what is hashed it must leave alone."""

_CREATION_LOCK = 0x5452_5545_5550
"""Of PostgreSQL's advisory locks, for the one who creates or migrates the tables."""


def prepare(connection: sa.Connection, place: str) -> None:
    """Create the tables where there are none, or bring them to this version. Call it in a transaction that writes.

    Parameters
    ----------
    connection : sa.Connection
        In a transaction.
    place : str
        For the text of an error.

    Raises
    ------
    JournalForeignError
        If the database holds something else, or is of a later version.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CREATION_LOCK)))
    found = version_of(connection, place)
    if found is None:
        _create(connection)
        return
    for step in range(found, SCHEMA_VERSION):
        MIGRATIONS[step](connection)
        connection.execute(
            journal_meta.update().where(journal_meta.c.name == "schema_version").values(value=str(step + 1))
        )


def require(connection: sa.Connection, place: str) -> None:
    """Check that a reader of this version can read the tables.

    Raises
    ------
    JournalForeignError
        If there is no journal, or one that is older or later.
    """
    found = version_of(connection, place)
    if found is None:
        raise JournalForeignError(f"{place} holds no journal", action="name the journal of a node, or its trueup.toml")
    if found < SCHEMA_VERSION:
        raise JournalForeignError(
            f"{place} is a journal of version {found}, which is older than this program's {SCHEMA_VERSION}",
            action="let a node or 'trueup watch' of this version write to it once: that brings it forward",
        )


def version_of(connection: sa.Connection, place: str) -> int | None:
    """Return the version of the tables, None where there are none at all.

    Raises
    ------
    JournalForeignError
        If there are other tables, or the version is later than this program's.
    """
    present = set(sa.inspect(connection).get_table_names())
    if journal_meta.name not in present:
        clash = sorted(present & set(metadata.tables))
        if clash or (present and connection.dialect.name == "sqlite"):
            raise JournalForeignError(
                f"{place} is a database of something else: it has the tables {', '.join(sorted(present)[:5])}",
                action="give the journal a file, a database or a schema of its own",
            )
        return None
    rows = {row.name: row.value for row in connection.execute(sa.select(journal_meta))}
    if rows.get("application") != APPLICATION or not rows.get("schema_version", "").isdigit():
        raise JournalForeignError(f"{place} is a database of something else", action="give the journal its own")
    found = int(rows["schema_version"])
    if found > SCHEMA_VERSION:
        raise JournalForeignError(
            f"{place} is a journal of version {found}; this program knows versions up to {SCHEMA_VERSION}",
            action="use the trueup that wrote it, or a later one",
        )
    return found


def _create(connection: sa.Connection) -> None:
    metadata.create_all(connection, checkfirst=False)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA application_id = {SQLITE_APPLICATION_ID}")
    rows = {"application": APPLICATION, "schema_version": str(SCHEMA_VERSION), "created_ns": str(time.time_ns())}
    connection.execute(journal_meta.insert(), [{"name": name, "value": value} for name, value in rows.items()])
