"""Places for journals: files, and databases of one real server."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.integration.journal.postgresql import PASSWORD, PostgresServer
from trueup.journal import Place

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """Give one real PostgreSQL server to a module."""
    found = PostgresServer()
    yield found
    found.close()


@pytest.fixture
def new_database(server: PostgresServer) -> Callable[[], Place]:
    """Give what makes an empty database of the module's server."""

    def make() -> Place:
        name = f"journal_{next(_NUMBERS)}"
        admin = Place.parse(server.url(), PASSWORD)
        engine = sa.create_engine(admin.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        return Place.parse(server.url(name), PASSWORD)

    return make


@pytest.fixture
def file_place(tmp_path: Path) -> Place:
    """Give the place of a file that is not there yet."""
    return Place(path=tmp_path / "state" / "journal.sqlite3")
