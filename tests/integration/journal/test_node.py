"""A real node writes its journal, is killed, and goes on with the same chain."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.integration.journal.node_main import KEY, SECRET
from tests.integration.node.lines import NodeProcess
from trueup.journal import JournalReader, Order, Query
from trueup.journal.anchor import anchors_of
from trueup.journal.chain import Seal
from trueup.journal.verify import verify

pytestmark = pytest.mark.node
MAIN = "tests.integration.journal.node_main"
EVERYTHING = Query(limit=None, order=Order.OLDEST_FIRST)


def test_what_a_node_saw_did_and_was_told_is_in_one_chain_across_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    arguments = (str(tmp_path / "truth.json"), str(tmp_path / "state"), str(path))
    first = NodeProcess(MAIN, "dies", *arguments)
    assert first.end(within_secs=120) == -9, first.tell()
    (told,) = [line for line in first.said if line["event"] == "journal"]
    assert told["state"] == "OK"
    assert told["records"] > 0

    with JournalReader.open(path) as reader:
        entries, records = reader.entries(EVERYTHING), reader.discrepancies()
    kinds = {entry.kind for entry in entries}
    assert {"STARTED", "PHASE", "VERDICT", "DISCREPANCY", "STEPS", "GUARD", "PROBLEM"} <= kinds
    assert "STOPPED" not in kinds, "it was killed"

    missing = [entry for entry in entries if entry.topic == "FILL_MISSING"]
    assert [entry.state for entry in missing] == ["NEW", "HEALING", "RESOLVED"]
    assert "T-1" in missing[0].subject
    (record,) = [one for one in records if one.kind == "FILL_MISSING"]
    assert (record.state, record.resolved_by, record.occurrences) == ("RESOLVED", "TRUE_UP", 1)
    assert record.first_ns == missing[0].time_ns
    assert record.transitions == len(missing)

    planned, applied = [entry for entry in entries if entry.kind == "STEPS"]
    assert planned.state == "PLANNED"
    assert any("trade T-1" in step for step in orjson.loads(planned.data)["steps"])
    assert record.fingerprint in orjson.loads(planned.data)["heals"]
    assert applied.state == "APPLIED"
    assert orjson.loads(applied.data)["done"]["Fill"] == 1
    assert missing[0].sequence < planned.sequence < applied.sequence < missing[-1].sequence

    proven = [entry for entry in entries if entry.kind == "VERDICT"]
    assert (proven[0].topic, proven[0].state) == ("startup", "CLEAN")
    assert orjson.loads(proven[0].data)["coverage"]["FILLS"] == "complete"
    assert any(entry.state == "DISCREPANT" for entry in proven)
    (guard,) = [entry for entry in entries if entry.kind == "GUARD"]
    assert guard.state in {"REDUCING", "HALTED"}
    left_open = {one.fingerprint for one in records if one.is_open}
    assert left_open, "the position was hidden when it was killed"

    elsewhere = str(tmp_path / "empty.json")  # meanwhile the account was cleared, by whatever hand
    second = NodeProcess(MAIN, "lives", elsewhere, *arguments[1:])
    assert second.end(within_secs=120) == 0, second.tell()
    with JournalReader.open(path) as reader:
        after = reader.entries(EVERYTHING)
        proof = verify(reader, seal=Seal(KEY.encode()), anchors=anchors_of(reader.place, None))
        still_open = reader.discrepancies(Query(open_only=True))
        gone = [one for one in reader.discrepancies() if one.fingerprint in left_open]
    assert proof.is_whole, proof.faults
    assert proof.anchors == 1
    assert [chain.chain for chain in proof.chains] == ["node/TESTER-001"]
    assert after[: len(entries)] == entries
    assert not still_open
    assert {one.resolved_by for one in gone} == {"WHILE_DOWN"}
    assert after[-1].kind == "STOPPED"
    begun = orjson.loads(after[len(entries)].data)
    assert begun["config_fingerprint"] == "0123456789abcdef"
    assert begun["engine_version"].startswith("1.")

    assert any("bad key ***" in entry.line for entry in after)
    for file in tmp_path.glob("journal.sqlite3*"):
        assert SECRET.encode() not in file.read_bytes()
        assert KEY.encode() not in file.read_bytes()
