"""Processes watched and ended without ever hitting a stranger.

A process id is only a number that the kernel gives out again. On Linux a *pidfd* names the process itself; it is opened
first and the process is identified afterwards, so that what is signalled is what was identified. Elsewhere the number
has to do. The number of a child is safe by itself until the child is reaped.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

WITHOUT_PIDFD_POLL_SECS = 0.02
"""Interval of looks at a process where the kernel cannot tell us of its end."""


class ChildProcess:
    """A running process that we started, with the same few operations as `ForeignProcess`."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self.child = child
        self.pid = child.pid

    def wait(self, timeout_secs: float) -> bool:
        """Wait until the process has ended, at most `timeout_secs`; return whether it has."""
        try:
            self.child.wait(timeout_secs)
        except subprocess.TimeoutExpired:
            return False
        return True

    def send(self, number: signal.Signals) -> None:
        """Send a signal; a process that has ended already is no error."""
        self.child.send_signal(number)

    def close(self) -> None:
        """Do nothing: a child is reaped by `wait`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class ForeignProcess:
    """A running process that somebody else started.

    Parameters
    ----------
    pid : int
        Its process id.

    Raises
    ------
    ProcessLookupError
        If there is no such process.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._descriptor: int | None = None
        if sys.platform == "linux":
            self._descriptor = os.pidfd_open(pid)
        else:
            os.kill(pid, 0)

    def wait(self, timeout_secs: float) -> bool:
        """Wait until the process has ended, at most `timeout_secs`; return whether it has."""
        if self._descriptor is not None:
            poller = select.poll()
            poller.register(self._descriptor, select.POLLIN)
            return bool(poller.poll(max(0, int(timeout_secs * 1000))))
        deadline = time.monotonic() + timeout_secs
        while _exists(self.pid):
            if time.monotonic() >= deadline:
                return False
            time.sleep(WITHOUT_PIDFD_POLL_SECS)
        return True

    def send(self, number: signal.Signals) -> None:
        """Send a signal; a process that has ended already is no error."""
        try:
            if self._descriptor is not None and sys.platform == "linux":
                signal.pidfd_send_signal(self._descriptor, number)
            else:
                os.kill(self.pid, number)
        except ProcessLookupError:
            pass

    def close(self) -> None:
        """Let go of the process; it goes on."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def servers_working_in(directory: Path) -> list[int]:
    """Return the process ids of Redis and Valkey servers whose working directory is `directory`.

    Finds the servers that somebody started by other means, without our lock. Linux only; an empty list says nothing
    elsewhere, nor about processes of other users.
    """
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            name = (entry / "comm").read_text(encoding="utf-8", errors="replace").strip()
            if name.startswith(("valkey", "redis")) and (entry / "cwd").readlink() == directory:
                found.append(int(entry.name))
        except OSError:  # ended meanwhile, or not ours to see
            continue
    return sorted(found)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
