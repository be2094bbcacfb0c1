"""What a journal promises, whatever database it is kept in: inherited by one test class for each."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from tests.integration.journal.samples import EVERYTHING, NODE, NOW, SECOND, WATCH, change, prove, verdict, write
from trueup.errors import JournalError, JournalForeignError
from trueup.journal import Entry, EntryKind, Journal, JournalReader, Order, Place, Query, Settle, Source, schema
from trueup.journal.chain import Seal
from trueup.journal.database import writing_engine
from trueup.journal.proof import FaultCode
from trueup.journal.query import select_discrepancies, select_entries
from trueup.journal.settings import NS_PER_DAY
from trueup.journal.verify import Verification, verify

SAME = ("time_ns", "line", "topic", "state", "severity", "account_id", "instrument_id", "fingerprint", "subject")
KEY = b"a key that is long enough"

TAMPERINGS: dict[str, tuple[str, FaultCode]] = {
    "a line is changed": ("UPDATE entries SET line = 'nothing happened' WHERE sequence = 5", FaultCode.ALTERED),
    "data are changed": ("UPDATE entries SET data = '{}' WHERE sequence = 4", FaultCode.ALTERED),
    "a time is changed": ("UPDATE entries SET time_ns = time_ns + 1 WHERE sequence = 12", FaultCode.ALTERED),
    "a hash is changed": (f"UPDATE entries SET hash = '{'00' * 32}' WHERE sequence = 7", FaultCode.ALTERED),
    "an entry is removed": ("DELETE FROM entries WHERE sequence = 6", FaultCode.GAP),
    "the first one is removed": ("DELETE FROM entries WHERE sequence = 1", FaultCode.BEGINNING_MISSING),
    "the last one is removed": ("DELETE FROM entries WHERE sequence = 12", FaultCode.TRUNCATED),
    "one is removed and the rest moved up": (
        (
            "DELETE FROM entries WHERE sequence = 6; UPDATE entries SET sequence = -sequence WHERE sequence > 6;"
            "UPDATE entries SET sequence = -sequence - 1 WHERE sequence < 0"
        ),
        FaultCode.BROKEN_LINK,
    ),
    "two change places": (
        (
            "UPDATE entries SET sequence = -1 WHERE sequence = 5; UPDATE entries SET sequence = 5 WHERE sequence = 8;"
            "UPDATE entries SET sequence = 8 WHERE sequence = -1"
        ),
        FaultCode.BROKEN_LINK,
    ),
    "one is put in after the last": (
        (
            "INSERT INTO entries SELECT chain_id, 13, time_ns, kind, topic, state, severity, account_id, instrument_id,"
            " fingerprint, subject, line, data, seal, hash, hash FROM entries WHERE sequence = 12"
        ),
        FaultCode.ALTERED,
    ),
    "all entries go": ("DELETE FROM entries", FaultCode.TRUNCATED),
    "the chain's name is changed": ("UPDATE chains SET name = 'node/T-2'", FaultCode.ALTERED),
    "the chain goes with all it had": (
        "DELETE FROM discrepancies; DELETE FROM entries; DELETE FROM chains",
        FaultCode.CHAIN_MISSING,
    ),
    "the table of chains is changed": ("UPDATE chains SET head_hash = 'x'", FaultCode.HEAD_DIFFERS),
    "the tail goes and the table of chains is mended": (
        (
            "DELETE FROM entries WHERE sequence > 10; DELETE FROM discrepancies WHERE sequence > 10;"
            "UPDATE chains SET head_sequence = 10, head_hash = (SELECT hash FROM entries WHERE sequence = 10)"
        ),
        FaultCode.TRUNCATED,
    ),
    "a record is changed": (
        "UPDATE discrepancies SET state = 'RESOLVED' WHERE sequence = 11",
        FaultCode.RECORD_DIFFERS,
    ),
    "a record is hidden": ("UPDATE discrepancies SET is_open = false WHERE state = 'NEW'", FaultCode.RECORD_DIFFERS),
    "a record is removed": ("DELETE FROM discrepancies WHERE sequence = 10", FaultCode.RECORD_MISSING),
    "a record is put in": (
        (
            "INSERT INTO discrepancies SELECT chain_id, 'OTHER', fingerprint, is_open, instrument_id, kind, severity,"
            " subject, line, state, reason, resolved_by, first_ns, opened_ns, last_ns, occurrences, transitions, looks,"
            " sequence FROM discrepancies WHERE sequence = 10"
        ),
        FaultCode.RECORD_DIFFERS,
    ),
}


def twelve() -> list[Entry]:
    """Return twelve entries: two verdicts, three discrepancies that came and went, and one that stands."""
    changes = [change(number, state) for number in range(1, 4) for state in ("NEW", "HEALING", "RESOLVED")]
    return [verdict(0), *changes, change(4), verdict(5, "DISCREPANT")]


def tampered(place: Place, how: str, seal: Seal) -> tuple[Verification, FaultCode]:
    """Tamper with a journal of `twelve` entries and prove it with the anchors from before."""
    before = prove(place, seal)
    assert before.is_whole
    statements, code = TAMPERINGS[how]
    tamper(place, statements)
    with JournalReader.open(place) as reader:
        return verify(reader, seal=seal, anchors=[chain.anchor for chain in before.chains]), code


def tamper(place: Place, statements: str) -> None:
    """Change the tables behind the journal's back, with foreign keys out of the way."""
    engine = writing_engine(place)
    with engine.begin() as connection:
        for statement in statements.split(";"):
            connection.exec_driver_sql(statement)
    engine.dispose()


class JournalContract:
    """Inherit it and give a ``place`` that is empty."""

    def test_what_is_appended_is_read_back_field_by_field_in_its_order(self, place: Place) -> None:
        given = [verdict(0), change(1), change(1, "RESOLVED", time_ns=NOW + 9 * SECOND), verdict(10)]
        write(place, given)
        with JournalReader.open(place) as reader:
            entries = reader.entries(EVERYTHING)
            (record,) = reader.discrepancies()
        assert [entry.sequence for entry in entries] == [1, 2, 3, 4]
        for entry, one in zip(entries, given, strict=True):
            assert {name: getattr(entry, name) for name in SAME} == {name: getattr(one, name) for name in SAME}
            data = orjson.loads(entry.data)
            assert {name: data.get(name) or None for name in one.data} == {
                name: value or None for name, value in one.data.items()
            }
        assert (record.state, record.occurrences, record.transitions, record.resolved_by) == (
            "RESOLVED",
            1,
            2,
            "TRUE_UP",
        )
        assert record.age_ns(NOW * 2) == 8 * SECOND

    def test_a_discrepancy_that_comes_back_after_a_restart_is_the_same_record_with_one_more_life(
        self, place: Place
    ) -> None:
        write(place, [change(1), change(1, "RESOLVED")])
        write(place, [change(1, time_ns=NOW + NS_PER_DAY)])
        with JournalReader.open(place) as reader:
            (record,) = reader.discrepancies()
        assert (record.occurrences, record.transitions, record.is_open) == (2, 3, True)
        assert (record.first_ns, record.opened_ns) == (NOW + SECOND, NOW + NS_PER_DAY)
        assert prove(place).is_whole

    def test_the_same_fingerprint_on_two_accounts_is_two_records(self, place: Place) -> None:
        write(place, [change(1), change(1, account_id="BINANCE-2"), change(1, "RESOLVED")])
        with JournalReader.open(place) as reader:
            states = {one.account_id: one.state for one in reader.discrepancies()}
        assert states == {"BINANCE-1": "RESOLVED", "BINANCE-2": "NEW"}

    def test_a_keyed_chain_is_not_proven_without_its_key_nor_with_another(self, place: Place) -> None:
        write(place, [verdict(0), change(1)], key=KEY)
        assert prove(place, Seal(KEY)).is_whole
        with pytest.raises(JournalError, match="sealed with a key"):
            prove(place)
        other = prove(place, Seal(b"another key of that length"))
        assert [fault.code for fault in other.faults] == [FaultCode.OTHER_KEY]

    def test_filters_narrow_down_entries_and_records_alike(self, place: Place) -> None:
        other: dict[str, Any] = {"instrument_id": "ETHUSDT-PERP.BINANCE", "severity": "INFO", "topic": "ORDER_STATUS"}
        write(place, [change(1), change(1, "RESOLVED"), change(2, **other), change(17, account_id="B-2"), verdict(3)])

        def names(**narrowed: Any) -> list[str]:
            with JournalReader.open(place) as reader:
                return [
                    one.fingerprint[-2:] for one in reader.discrepancies(Query(order=Order.OLDEST_FIRST, **narrowed))
                ]

        assert names() == ["01", "02", "11"]
        assert names(open_only=True) == ["02", "11"]
        assert names(states=("RESOLVED",)) == ["01"]
        assert names(kinds=("ORDER_STATUS",)) == ["02"]
        assert names(severities=("INFO",)) == ["02"]
        assert names(account_id="B-2") == ["11"]
        assert names(instrument_id="ETHUSDT-PERP.BINANCE") == ["02"]
        assert names(fingerprint=f"{17:016x}"[:15]) == ["11"]
        assert names(fingerprint="000000000000000") == ["01", "02"]
        assert names(since_ns=NOW + 2 * SECOND, until_ns=NOW + 2 * SECOND) == ["02"]
        assert names(chain="watch/T-1") == []
        assert names(limit=1) == ["01"]
        with JournalReader.open(place) as reader:
            assert [one.kind for one in reader.entries(Query(kinds=("VERDICT",)))] == ["VERDICT"]
            assert [one.state for one in reader.entries(Query(fingerprint=f"{1:016x}"))] == ["RESOLVED", "NEW"]
            assert len(reader.entries(Query(kinds=("FILL_MISSING",), account_id="BINANCE-1"))) == 2
            assert reader.entry("node/T-1", 2) == reader.entries(EVERYTHING)[1]
            assert reader.entry("node/T-1", 99) is None

    def test_several_writers_have_chains_of_their_own_and_one_chain_may_have_two_writers_at_once(
        self, place: Place
    ) -> None:
        def one(source: Source, first: int) -> None:
            write(place, [change(number) for number in range(first, first + 40)], source=source)

        europe = replace(NODE, instance="eu-1")
        writers = [(NODE, 0), (NODE, 100), (WATCH, 200), (europe, 300)]
        threads = [threading.Thread(target=one, args=pair) for pair in writers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        proof = prove(place)
        assert proof.is_whole, proof.faults
        assert {chain.chain: chain.last for chain in proof.chains} == {
            "node/T-1": 80,
            "node/T-1/eu-1": 40,
            "watch/T-1": 40,
        }

    def test_pruning_by_rows_and_by_days_leaves_a_chain_that_can_be_proven_and_what_still_stands(
        self, place: Place
    ) -> None:
        day = NS_PER_DAY
        now = time.time_ns()
        old = [change(number, time_ns=now - 20 * day) for number in range(1, 4)]
        settled = [change(number, "RESOLVED", time_ns=now - 19 * day) for number in range(2, 4)]
        more = [verdict(number, time_ns=now - 15 * day + number) for number in range(200)]
        young = [verdict(number, time_ns=now - 5 * day + number) for number in range(50)]
        write(place, [*old, *settled, *more, *young], retention_days=10)
        write(place, [verdict(0, time_ns=now)], retention_days=10)
        with JournalReader.open(place) as reader:
            entries, records = reader.entries(EVERYTHING), reader.discrepancies()
        (standing,) = records
        assert standing.fingerprint == f"{1:016x}"
        assert (standing.first_ns, standing.occurrences, standing.transitions) == (now - 20 * day, 1, 1)
        assert len([entry for entry in entries if entry.kind == "VERDICT"]) == 51
        (checkpoint,) = [entry for entry in entries if entry.kind == "CHECKPOINT"]
        assert orjson.loads(checkpoint.data)["count"] == 205
        proof = prove(place)
        assert proof.is_whole, proof.faults
        assert proof.chains[0].records_unproven == 0

        write(place, [verdict(number, time_ns=now) for number in range(3_000)], rows_max=1_000, retention_days=10)
        for _ in range(3):  # a writer that ends at once prunes one piece
            write(place, [verdict(0, time_ns=now)], rows_max=1_000, retention_days=10)
        after = prove(place)
        assert after.is_whole, after.faults
        assert after.chains[0].last - after.chains[0].first < 1_200
        tamper(place, f"DELETE FROM entries WHERE sequence = {after.chains[0].first}")
        assert FaultCode.BEGINNING_MISSING in {fault.code for fault in prove(place).faults}

    def test_what_a_former_process_left_open_ends_when_the_account_is_proven_equal(self, place: Place) -> None:
        write(place, [change(1), change(2), change(3, account_id="B-2")])
        journal = Journal.open(place, source=NODE)
        started_ns = NOW + 100 * SECOND
        journal.append(change(2, "HEALING", time_ns=started_ns + 1))
        journal.settle(Settle(account_ids=("BINANCE-1",), before_ns=started_ns, time_ns=started_ns + 2))
        assert journal.close(30.0)
        with JournalReader.open(place) as reader:
            found = {one.fingerprint[-1]: (one.state, one.resolved_by) for one in reader.discrepancies()}
        assert found == {"1": ("RESOLVED", "WHILE_DOWN"), "2": ("HEALING", ""), "3": ("NEW", "")}
        assert prove(place).is_whole

    def test_an_entry_that_no_database_takes_is_left_out_and_said_and_the_others_are_kept(self, place: Place) -> None:
        journal = Journal.open(place, source=NODE)
        beyond = Entry(kind=EntryKind.VERDICT, time_ns=2**63, line="beyond 64 bits")
        for one in (verdict(1), beyond, verdict(2)):
            journal.append(one)
        assert journal.flush(30.0)
        assert journal.status().dropped == 1
        assert journal.status().state == "OK"
        assert journal.close(30.0)
        with JournalReader.open(place) as reader:
            kinds = [entry.kind for entry in reader.entries(EVERYTHING)]
        assert sorted(kinds) == ["DROPPED", "VERDICT", "VERDICT"]
        assert prove(place).is_whole

    def test_a_journal_of_a_later_version_is_refused_by_reader_and_writer_and_left_as_it_is(self, place: Place) -> None:
        write(place, [verdict(0)])
        tamper(place, "UPDATE journal_meta SET value = '99' WHERE name = 'schema_version'")
        with pytest.raises(JournalForeignError, match="version 99"):
            JournalReader.open(place)
        journal = Journal.open(place, source=NODE)
        journal.append(verdict(1))
        assert not journal.flush(1.0)
        assert journal.status().state == "FAILING"
        assert "version 99" in journal.status().error
        journal.close(0.1)
        tamper(place, "UPDATE journal_meta SET value = '1' WHERE name = 'schema_version'")
        assert prove(place).chains[0].last == 1

    def test_an_older_journal_is_brought_forward_by_its_writer_and_proves_as_before(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(place, [change(1)])

        def add_a_column(connection: sa.Connection) -> None:
            connection.exec_driver_sql("ALTER TABLE chains ADD COLUMN note TEXT NOT NULL DEFAULT ''")

        monkeypatch.setattr(schema, "SCHEMA_VERSION", 2)
        monkeypatch.setattr(schema, "MIGRATIONS", {1: add_a_column})
        with pytest.raises(JournalForeignError, match="older"):
            JournalReader.open(place)
        write(place, [change(2)])
        proof = prove(place)
        assert proof.is_whole
        assert proof.chains[0].last == 2
        tamper(place, "UPDATE chains SET note = 'there'")

    def test_what_is_listed_is_found_by_an_index(self, place: Place) -> None:
        write(place, [change(1)])
        for name, text in self.plans(place).items():
            assert self.uses_index(text), f"{name}: {text}"

    # -- what differs ------------------------------------------------------------------------------------------------

    def plans(self, place: Place) -> dict[str, str]:
        """Return how the database would answer each kind of question."""
        queries = {
            "newest discrepancies": select_discrepancies(Query()),
            "open ones": select_discrepancies(Query(open_only=True)),
            "of a kind": select_discrepancies(Query(kinds=("FILL_MISSING",))),
            "of an instrument": select_discrepancies(Query(instrument_id="X")),
            "of an account": select_discrepancies(Query(account_id="X")),
            "of a severity": select_discrepancies(Query(severities=("INFO",))),
            "in a state": select_discrepancies(Query(states=("NEW",))),
            "of a fingerprint": select_discrepancies(Query(fingerprint="ab")),
            "newest entries": select_entries(Query()),
            "entries since": select_entries(Query(since_ns=1)),
            "entries of a discrepancy": select_entries(Query(fingerprint="ab")),
        }
        engine = writing_engine(place)
        found = {}
        with engine.connect() as connection:
            for name, statement in queries.items():
                compiled = statement.compile(connection, compile_kwargs={"literal_binds": True})
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
                prefix = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
                rows = connection.exec_driver_sql(f"{prefix} {compiled}".replace("%", "%%"))
                found[name] = "; ".join(str(tuple(row)) for row in rows)
        engine.dispose()
        return found

    def uses_index(self, plan: str) -> bool:
        """Return whether neither table of rows is read from end to end."""
        raise NotImplementedError
