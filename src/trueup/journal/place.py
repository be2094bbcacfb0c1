"""Where a journal is: a file, or a database of a PostgreSQL server."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from trueup.errors import ConfigValueError

FILE_NAME = "journal.sqlite3"
"""In a node's state directory, unless the settings name another place."""
ALLOWED = "a path, sqlite:///PATH, or postgresql+psycopg://USER@HOST:PORT/DATABASE"
POSTGRESQL_DRIVERS = frozenset({"postgresql", "postgres", "postgresql+psycopg"})


@dataclass(frozen=True, slots=True)
class Place:
    """Name a journal's place.

    Parameters
    ----------
    path : Path or None
        The file; None for a server.
    server : str
        The server's URL without a password; empty for a file.
    password : str
        For the server; never shown.
    """

    path: Path | None = None
    server: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, text: str | Path, password: str = "") -> Place:
        """Read a path or a URL.

        Parameters
        ----------
        text : str or Path
            See `ALLOWED`.
        password : str
            For a server: it may not stand in the URL, which is shown in logs and on screens.

        Raises
        ------
        ConfigValueError
            If it is neither, or if there is a password in it. The text is not repeated in the error then.
        """
        if isinstance(text, Path) or "://" not in text:
            if not str(text).strip():
                raise ConfigValueError("the journal's place is empty", allowed=ALLOWED)
            return cls(path=Path(text).expanduser())
        try:
            url = sa.make_url(text)
        except (ArgumentError, ValueError):
            raise ConfigValueError("the journal's place is not a URL that can be read", allowed=ALLOWED) from None
        if url.password is not None:
            raise ConfigValueError(
                "there is a password in the journal's URL",
                allowed=ALLOWED,
                action="take it out and give it by TRUEUP_JOURNAL__PASSWORD, or by the PostgreSQL client's own means",
            )
        if url.drivername in {"sqlite", "sqlite+pysqlite"}:
            if not url.database or url.database == ":memory:":
                raise ConfigValueError("a journal in memory is gone with its process", allowed=ALLOWED)
            return cls(path=Path(url.database).expanduser())
        if url.drivername not in POSTGRESQL_DRIVERS:
            raise ConfigValueError(f"the journal cannot be kept in {url.drivername!r}", allowed=ALLOWED)
        return cls(server=url.set(drivername="postgresql+psycopg").render_as_string(), password=password)

    @property
    def shown(self) -> str:
        """Return the place in words, without a secret in it."""
        return self.server if self.path is None else str(self.path)

    @property
    def url(self) -> sa.URL:
        """Return the URL of the database, with the password."""
        if self.path is not None:
            return sa.URL.create("sqlite+pysqlite", database=str(self.path))
        url = sa.make_url(self.server)
        return url.set(password=self.password) if self.password else url

    def __str__(self) -> str:
        return self.shown
