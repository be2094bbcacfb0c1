"""A long start writes its outcome to the store at its end: whole, whatever happens amid it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.config.nodes import OLDEST_PYTHON
from tests.integration.node.lines import NodeProcess
from trueup.store.embedded import EmbeddedValkey
from trueup.store.reading import StoreReading
from trueup.store.redis_keys import StoreKeys
from trueup.store.redis_reader import RedisReader

pytestmark = [pytest.mark.node, pytest.mark.server]
MAIN = "tests.integration.node.long_start_main"
WHOLE_SECS = 90


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey.start(tmp_path / "valkey", fsync="always") as server:
        yield server


def started(case: str, port: int, state_dir: Path, **more: Any) -> tuple[int, list[dict[str, Any]]]:
    node = NodeProcess(MAIN, case, str(port), str(state_dir), **more)
    code = node.end(within_secs=WHOLE_SECS)
    assert not [line for line in node.said if line["event"] == "script_failed"], node.tell()
    return code, node.said


def only(said: list[dict[str, Any]], kind: str, **wanted: Any) -> dict[str, Any]:
    (line,) = [one for one in said if one["event"] == kind and all(one[k] == v for k, v in wanted.items())]
    return line


def stored(server: EmbeddedValkey) -> StoreReading:
    with RedisReader(server.address, StoreKeys("TESTER-001")) as reader:
        return reader.read_settled()


def assert_has_all(server: EmbeddedValkey, counts: dict[str, Any]) -> None:
    """Let the reader of the store, which shares no code with the writer, find what the node says it has."""
    with RedisReader(server.address, StoreKeys("TESTER-001")) as reader:
        assert reader.event_counts(counts["orders"]) == counts["orders"]
        reading = reader.read_settled()
    assert not reading.problems
    assert {one.record.client_order_id for one in reading.orders} == set(counts["orders"])
    held = {one.record.position_id: str(one.record.quantity) for one in reading.positions}
    assert held == counts["positions"]
    assert set(counts["positions"].values()) == {"30.000"}


def assert_restarts_change_nothing(server: EmbeddedValkey, state_dir: Path) -> None:
    code, said = started("plain", server.port, state_dir)
    assert code == 0
    assert only(said, "verdict", during="start-up")["steps"] == 0
    assert_has_all(server, only(said, "counts"))


@pytest.mark.parametrize(
    ("case", "stored_before", "python"),
    [("dies-amid", 0, None), ("dies-between", 31, None), ("dies-between", 31, OLDEST_PYTHON)],
)
def test_a_kill_amid_the_writing_leaves_whole_instruments_and_the_next_start_makes_the_rest(
    case: str, stored_before: int, python: Path | None, tmp_path: Path, valkey: EmbeddedValkey
) -> None:
    more = {} if python is None else {"python": python}
    code, _ = started(case, valkey.port, tmp_path / "state", **more)
    assert code == -signal.SIGKILL
    reading = stored(valkey)
    assert not reading.problems
    assert len(reading.orders) in {stored_before, stored_before - 1}  # the working order is on one of them
    assert len(reading.positions) == bool(stored_before)

    code, said = started("plain", valkey.port, tmp_path / "state", **more)
    assert code == 0
    assert only(said, "verdict", during="start-up")["verdict"] == "CLEAN"
    assert len(only(said, "counts")["orders"]) == 61
    assert_has_all(valkey, only(said, "counts"))
    if python is None:
        assert_restarts_change_nothing(valkey, tmp_path / "state")


def test_a_store_that_refuses_the_writing_is_brought_level_once_it_takes_it_and_has_no_proof_until_then(
    tmp_path: Path, valkey: EmbeddedValkey
) -> None:
    code, said = started("refused", valkey.port, tmp_path / "state")
    assert code == 0
    assert only(said, "verdict", during="start-up")["verdict"] == "CLEAN"
    assert only(said, "proof")["held"] == []
    assert_has_all(valkey, only(said, "counts"))
    assert_restarts_change_nothing(valkey, tmp_path / "state")


def test_a_store_that_dies_amid_the_writing_is_brought_level_when_it_is_back(tmp_path: Path) -> None:
    server = EmbeddedValkey.start(tmp_path / "valkey", fsync="always")
    port = server.port
    try:
        node = NodeProcess(MAIN, "store-dies", str(port), str(tmp_path / "state"), str(server.pid))
        node.await_line("start_the_store", within_secs=WHOLE_SECS)
        server.stop()
        server = EmbeddedValkey.start(tmp_path / "valkey", port=port, fsync="always")
        assert node.end(within_secs=WHOLE_SECS) == 0, node.tell()
        assert only(node.said, "verdict", during="start-up")["verdict"] == "CLEAN"
        assert_has_all(server, only(node.said, "counts"))
        assert_restarts_change_nothing(server, tmp_path / "state")
    finally:
        server.stop()
