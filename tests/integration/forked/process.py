"""A program of the tests as a process that is forked, and used as one that was started."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Final

import orjson

from trueup.drills.nodes import SINGLE_THREADED

PIPE: Final = -1
DEVNULL: Final = -3
STDERR: Final = 2
START_SECS_MAX: Final = 60.0
END_SECS_MAX: Final = 30.0


class _Zygote:
    """The process that forks; see `tests.integration.forked.zygote`."""

    def __init__(self) -> None:
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # Unbuffered, a long line on a full pipe is cut where a signal interrupts it.
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.forked.zygote", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**inherited, **SINGLE_THREADED},
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for the tests, which then close the socket
            )

    def order(self, order: Mapping[str, object], descriptors: list[int]) -> None:
        socket.send_fds(self._orders, [orjson.dumps(order)], descriptors)

    def close(self) -> None:
        self._orders.close()
        try:
            self._process.wait(END_SECS_MAX)
        finally:
            self._process.kill()
            self._process.wait()


_zygote: _Zygote | None = None


def close() -> None:
    """End what forks, with all that it forked; the next program starts another."""
    global _zygote
    if _zygote is not None:
        ended, _zygote = _zygote, None
        ended.close()


class ForkedProcess:
    """A module of the tests as the main program of a process, with what of `subprocess.Popen` its users need.

    Parameters
    ----------
    module : str
        What is run, as ``python -m`` would in the directory of the tests.
    arguments : str
        Those of the program.
    stdin, stdout, stderr : int
        Where they lead: `PIPE`, `DEVNULL` or a descriptor. A pipe's end is the attribute of the same name, of text.
    directory : Path, optional
        Where it works, if not here.
    variables : Mapping[str, str], optional
        Added to the environment.
    """

    def __init__(
        self,
        module: str,
        *arguments: str,
        stdin: int = DEVNULL,
        stdout: int = DEVNULL,
        stderr: int = DEVNULL,
        directory: Path | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        global _zygote
        _zygote = _zygote or _Zygote()
        self._code: int | None = None
        self._heard = b""
        theirs: list[int] = []
        self.stdin, self.stdout, self.stderr = (
            _end(kind, theirs, writes=number == 0) for number, kind in enumerate((stdin, stdout, stderr))
        )
        self._report, report = os.pipe()
        theirs.append(report)
        order = {
            "module": module,
            "arguments": arguments,
            "directory": str(directory or Path.cwd()),
            "environment": {**os.environ, **(variables or {})},
        }
        _zygote.order(order, theirs)
        for one in theirs:
            os.close(one)
        self.pid = self._next(START_SECS_MAX)

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float = END_SECS_MAX) -> int:
        """Wait until it has ended and return the exit code."""
        if self._code is None:
            self._code = self._next(timeout)
            os.close(self._report)
        return self._code

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it whatever it does."""
        self.send_signal(signal.SIGKILL)

    def _next(self, timeout: float) -> int:
        deadline = time.monotonic() + timeout
        while b"\n" not in self._heard:
            ready, _, _ = select.select([self._report], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise subprocess.TimeoutExpired("a forked program", timeout)
            said = os.read(self._report, 100)
            if not said:
                raise AssertionError("the process that forks has ended")
            self._heard += said
        line, _, self._heard = self._heard.partition(b"\n")
        return int(line)


def run_forked(
    module: str,
    *arguments: str,
    given: str = "",
    directory: Path | None = None,
    variables: Mapping[str, str] | None = None,
    limit_secs: float = 120.0,
) -> subprocess.CompletedProcess[str]:
    """Run a module of the tests to its end, as `subprocess.run` with ``capture_output`` would.

    Parameters
    ----------
    module, arguments, directory, variables
        See `ForkedProcess`.
    given : str
        What it reads.
    limit_secs : float
        It is ended then.
    """
    with ExitStack() as stack:
        read, out, err = (stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8")) for _ in range(3))
        read.write(given)
        read.seek(0)
        process = ForkedProcess(
            module,
            *arguments,
            stdin=read.fileno(),
            stdout=out.fileno(),
            stderr=err.fileno(),
            directory=directory,
            variables=variables,
        )
        try:
            code = process.wait(limit_secs)
        finally:
            process.kill()
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess((module, *arguments), code, out.read(), err.read())


def _end(where: int, theirs: list[int], *, writes: bool) -> IO[str] | None:
    """Make one standard stream: keep the program's end of it among `theirs`, return ours."""
    if where >= 0:
        theirs.append(os.dup(where))
        return None
    if where == DEVNULL:
        theirs.append(os.open(os.devnull, os.O_RDWR))
        return None
    reading, writing = os.pipe()
    ours, other = (writing, reading) if writes else (reading, writing)
    theirs.append(other)
    return os.fdopen(ours, "w" if writes else "r", encoding="utf-8")
