"""A data directory after which no server remains, whatever the test did."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from trueup.store.datadir import DataDirectory
from trueup.store.embedded import EmbeddedValkey
from trueup.store.processes import ForeignProcess, servers_working_in


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """Give a directory; afterwards end what still works in it and fail the test for it."""
    path = tmp_path / "store"
    yield path
    if not path.exists():
        return
    left = servers_working_in(path.resolve())
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    lock = DataDirectory(path).try_lock()
    if lock is not None:
        os.close(lock)
    assert not left, f"the test left servers behind: {left}"


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    """Give one server for a module's tests; each test uses keys of its own."""
    with EmbeddedValkey.start(tmp_path_factory.mktemp("valkey")) as server:
        yield server


def end_by_sigkill(pid: int) -> None:
    """Kill a process that is not ours to reap and wait until it is gone."""
    with ForeignProcess(pid) as process:
        process.send(signal.SIGKILL)
        assert process.wait(10.0)
