"""The journal on a real PostgreSQL server."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from tests.integration.journal.contract import KEY, JournalContract, tampered, twelve
from tests.integration.journal.postgresql import PASSWORD, PostgresServer
from tests.integration.journal.samples import NODE, WATCH, change, prove, verdict, write
from trueup.config.sight.journal import JournalConfig
from trueup.errors import JournalForeignError, JournalUnavailableError
from trueup.journal import Journal, JournalReader, Place
from trueup.journal.chain import Seal
from trueup.journal.configured import probe

pytestmark = pytest.mark.server


class TestJournalOnAServer(JournalContract):
    @pytest.fixture
    def place(self, new_database: Callable[[], Place]) -> Place:
        return new_database()

    def uses_index(self, plan: str) -> bool:
        return "Seq Scan on discrepancies" not in plan and "Seq Scan on entries" not in plan

    @pytest.mark.parametrize(
        "how", ["a line is changed", "the tail goes and the table of chains is mended", "a record is hidden"]
    )
    def test_tampering_with_the_tables_is_found(self, place: Place, how: str) -> None:
        write(place, twelve(), key=KEY)
        found, code = tampered(place, how, Seal(KEY))
        assert code in {fault.code for fault in found.faults}, found.faults

    def test_a_server_that_goes_and_comes_back_loses_nothing_that_was_handed_over(
        self, place: Place, server: PostgresServer
    ) -> None:
        journal = Journal.open(place, source=NODE)
        journal.append(verdict(0))
        assert journal.flush(30.0)
        server.stop(signal.SIGQUIT)  # without a checkpoint, as after a loss of power
        for number in range(1, 50):
            assert journal.append(change(number))
        assert not journal.flush(1.0)
        status = journal.status()
        assert (status.state, status.dropped) == ("FAILING", 0)
        assert "server" in status.error
        assert PASSWORD not in str(status)
        with pytest.raises(JournalUnavailableError):
            JournalReader.open(place)
        server.start()
        assert journal.flush(60.0)
        assert journal.status().state == "OK"
        assert journal.close(30.0)
        proof = prove(place)
        assert proof.is_whole
        assert proof.chains[0].last == 50

    def test_a_connection_that_the_server_ends_is_made_anew(self, place: Place) -> None:
        journal = Journal.open(place, source=WATCH)
        journal.append(verdict(0))
        assert journal.flush(30.0)
        with JournalReader.open(place) as reader, reader.transaction() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        journal.append(verdict(1))
        assert journal.flush(30.0)
        assert journal.close(30.0)
        assert prove(place).chains[0].last == 2

    def test_a_reader_cannot_write_and_a_database_of_something_else_is_no_journal(self, place: Place) -> None:
        with pytest.raises(JournalForeignError, match="holds no journal"):
            JournalReader.open(place)
        write(place, [verdict(0)])
        with JournalReader.open(place) as reader:
            with pytest.raises(JournalUnavailableError, match="read-only"), reader.transaction() as connection:
                connection.exec_driver_sql("DELETE FROM entries")
            assert len(reader.entries()) == 1

    def test_a_look_before_the_start_tells_what_would_go_wrong(self, place: Place, server: PostgresServer) -> None:
        assert probe(place) == ""
        wrong = Place(server=place.server, password="not-the-password")
        assert "password" in probe(wrong)
        assert "not-the-password" not in probe(wrong)
        missing = Place.parse(server.url("no_such_database"), PASSWORD)
        assert "no_such_database" in probe(missing)
        nobody = Place.parse(f"postgresql+psycopg://{server.url().partition('//')[2].replace(str(server.port), '1')}")
        assert probe(nobody)
        assert JournalConfig(url=place.server).is_server
