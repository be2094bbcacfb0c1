"""A data directory after which no server remains, whatever the test did."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from trueup.store.connection import open_client
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


@contextmanager
def engine(server: EmbeddedValkey, *, python: Path = Path(sys.executable), **options: Any) -> Iterator[dict[str, Any]]:
    """Run a real engine that writes into `server`; give the state of its cache while it is there.

    Everything is written when the state is given: the engine's writer is asynchronous, so its last write is awaited.
    """
    process = subprocess.Popen(
        [str(python), "-m", "tests.integration.store.engine_world", str(server.port), json.dumps(options)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdin is not None
        state = None
        for line in process.stdout:  # the engine's own components may speak first
            if line.startswith("STATE "):
                state = json.loads(line.removeprefix("STATE "))
                break
        assert state is not None, "the engine ended without a state"
        yield state
        process.stdin.write("\n")
        process.stdin.close()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait(10)
        for stream in (process.stdin, process.stdout):
            if stream is not None and not stream.closed:
                stream.close()


@pytest.fixture
def empty_valkey(valkey: EmbeddedValkey) -> EmbeddedValkey:
    """Give the module's server with nothing in it."""
    with open_client(valkey.address) as client:
        client.flushdb()
    return valkey
