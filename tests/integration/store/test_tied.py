"""Servers that end with the process that started them, though nothing of them is left to be found by."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from trueup.store.processes import ForeignProcess

pytestmark = pytest.mark.server

STARTER = textwrap.dedent(
    """
    import sys, threading
    from trueup.store.connection import open_client
    from trueup.store.embedded import EmbeddedValkey
    servers = []
    thread = threading.Thread(target=lambda: servers.append(EmbeddedValkey.start(sys.argv[1], ends_with_parent=True)))
    thread.start()
    thread.join()
    with open_client(servers[0].address) as client:
        client.ping()
    print(servers[0].pid, flush=True)
    sys.stdin.readline()
    servers[0].stop()
    print("stopped", flush=True)
    """
)


@pytest.mark.parametrize("end", ["killed", "stopped"])
def test_a_tied_server_outlives_the_thread_that_asked_for_it_and_not_the_process(tmp_path: Path, end: str) -> None:
    directory = tmp_path / "store"
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        pid = int(process.stdout.readline())  # it has answered after its thread had ended
        with ForeignProcess(pid) as server:
            assert not server.wait(0.0)
            if end == "killed":
                shutil.rmtree(directory)  # by its files nobody would find it again
                os.kill(process.pid, signal.SIGKILL)
            else:
                process.stdin.write("\n")
                process.stdin.flush()
                assert process.stdout.readline() == "stopped\n"
            assert server.wait(30.0)


def test_a_tied_emulator_ends_with_a_process_that_is_killed() -> None:
    program = (
        "import sys; from trueup.emulator.process import EmulatorProcess\n"
        "with EmulatorProcess(ends_with_parent=True) as one: print(one.pid, flush=True); sys.stdin.readline()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        with ForeignProcess(int(process.stdout.readline())) as emulator:
            assert not emulator.wait(0.0)
            os.kill(process.pid, signal.SIGKILL)
            assert emulator.wait(30.0)
