"""Repairs are on the disk before they are done, and forgotten once they are complete."""

from __future__ import annotations

from pathlib import Path

from trueup.node.ledger import LEDGER_FILE, RepairEntry, RepairLedger
from trueup.node.state import NodeState


def entry(name: str) -> RepairEntry:
    return RepairEntry(name, "revive", "A", 1, ({"init": {"client_order_id": name}},))


def test_a_repair_that_was_begun_is_found_by_the_next_life(tmp_path: Path) -> None:
    RepairLedger(tmp_path).begin(entry("one"))
    assert RepairLedger(tmp_path).unfinished() == (entry("one"),)


def test_a_repair_that_ended_is_not_found_again_while_another_is(tmp_path: Path) -> None:
    ledger = RepairLedger(tmp_path)
    ledger.begin(entry("one"))
    ledger.begin(entry("two"))
    ledger.end("one")
    assert ledger.unfinished() == (entry("two"),)


def test_the_file_goes_with_the_last_repair(tmp_path: Path) -> None:
    ledger = RepairLedger(tmp_path)
    ledger.begin(entry("one"))
    ledger.end("one")
    assert not (tmp_path / LEDGER_FILE).exists()


def test_a_line_that_a_kill_cut_off_was_never_begun(tmp_path: Path) -> None:
    ledger = RepairLedger(tmp_path)
    ledger.begin(entry("one"))
    path = tmp_path / LEDGER_FILE
    whole = path.read_bytes()
    for length in range(len(whole) - 1):
        path.write_bytes(whole + whole[:length])
        assert ledger.unfinished() == (entry("one"),)


def test_who_traded_what_is_remembered_once_and_survives_a_cut_line(tmp_path: Path) -> None:
    state = NodeState(tmp_path)
    for _ in range(3):
        state.remember_trader("BTC", "S-001")
    state.remember_trader("BTC", "S-002")
    path = tmp_path / "traders.jsonl"
    assert path.read_bytes().count(b"\n") == 2
    path.write_bytes(path.read_bytes() + b'["ETH", "S-')
    assert NodeState(tmp_path).traders() == {"BTC": frozenset({"S-001", "S-002"})}
