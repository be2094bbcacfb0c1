"""From an operator's settings to a journal's place and to how it is written."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import sqlalchemy as sa
from pydantic import BaseModel

from trueup.config.sight.journal import JournalConfig
from trueup.config.trading_node.live_config import LiveTradingNodeConfig
from trueup.errors import JournalError, JournalUnavailableError
from trueup.journal.chain import PLAIN, Seal
from trueup.journal.database import reading_engine
from trueup.journal.place import FILE_NAME, Place
from trueup.journal.reader import journal_errors
from trueup.journal.schema import version_of
from trueup.journal.settings import JournalSettings
from trueup.node.state import default_state_dir

NO_STORE = "no-store"
"""Names the state directory of a node without a store: its journal outlives it, whatever else it forgets."""


def state_dir_of(config: LiveTradingNodeConfig) -> Path:
    """Return the state directory of the node that a file configures: where its journal is unless told otherwise."""
    if config.reconciliation.state_dir is not None:
        return config.reconciliation.state_dir
    return default_state_dir(config.trader_id, NO_STORE if config.redis is None else config.redis.address)


def place_of(journal: JournalConfig, state_dir: Path) -> Place:
    """Return where the settings say that the journal is.

    Raises
    ------
    ConfigValueError
        If the URL cannot be used.
    """
    password = "" if journal.password is None else journal.password.get_secret_value()
    return Place.parse(journal.url or state_dir / FILE_NAME, password)


def seal_of(journal: JournalConfig) -> Seal:
    """Return what seals the entries."""
    return PLAIN if journal.secret_key is None else Seal(journal.secret_key.get_secret_value().encode())


def settings_of(journal: JournalConfig, *, state_dir: Path, secrets: tuple[str, ...] = ()) -> JournalSettings:
    """Return how the settings say that the journal is written.

    Parameters
    ----------
    journal : JournalConfig
        The section.
    state_dir : Path
        Of the node.
    secrets : tuple of str
        What must never be written.
    """
    return JournalSettings(
        key=seal_of(journal).key,
        retention_days=journal.retention_days,
        rows_max=journal.rows_max,
        heartbeat_secs=journal.heartbeat_secs,
        queue_max=journal.queue_max,
        state_dir=state_dir,
        secrets=secrets,
    )


def config_fingerprint(config: BaseModel) -> str:
    """Return 16 hexadecimal digits that tell one configuration from another, secrets left out.

    Secrets count as there or not there: with the same settings and another key it is the same.
    """
    return hashlib.sha256(config.model_dump_json().encode()).hexdigest()[:16]


def probe(place: Place) -> str:
    """Look whether a journal could be written there, without writing; return what is wrong, or an empty text."""
    try:
        if place.path is not None and not place.path.exists():
            return _directory_trouble(place.path)
        engine = reading_engine(place)
        try:
            with journal_errors(place), engine.connect() as connection, connection.begin():
                version_of(connection, place.shown)
                if connection.dialect.name == "postgresql":
                    return _server_trouble(connection)
        finally:
            engine.dispose()
    except JournalError as error:
        return error.found
    if place.path is not None and not os.access(place.path, os.W_OK):
        return f"{place.path} may not be written to"
    return ""


def _directory_trouble(path: Path) -> str:
    """Return what keeps a new file from being made."""
    directory = path.absolute().parent
    while not directory.exists():
        directory = directory.parent
    if not directory.is_dir():
        return f"{directory} is not a directory"
    return "" if os.access(directory, os.W_OK | os.X_OK) else f"{directory} may not be written to"


def _server_trouble(connection: sa.Connection) -> str:
    if connection.execute(sa.text("SELECT pg_is_in_recovery()")).scalar_one():
        raise JournalUnavailableError("the server is a replica and takes no writes")
    schema, may = connection.execute(
        sa.text("SELECT current_schema(), has_schema_privilege(current_schema(), 'CREATE')")
    ).one()
    return "" if may else f"the user may not make tables in the schema {schema}"
