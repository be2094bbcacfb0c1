"""Start a node's main program as a subprocess and read its life-cycle lines."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import orjson

from tests.integration.forked import PIPE, ForkedProcess


class NodeProcess:
    """One node in a process of its own; lines marked ``LINE`` are its life cycle."""

    def __init__(self, module: str, *arguments: str, python: Path = Path(sys.executable)) -> None:
        self._process = _start(module, arguments, python)
        self.pid = self._process.pid
        self.said: list[dict[str, Any]] = []
        self.other: list[str] = []
        self._queue: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if line.startswith("LINE "):
                self._queue.put(orjson.loads(line[5:]))
            else:
                self.other.append(line)
        self._queue.put(None)

    def await_line(self, kind: str, *, within_secs: float = 60.0, **wanted: Any) -> dict[str, Any]:
        """Return the next line of a kind that holds what is wanted."""
        deadline = time.monotonic() + within_secs
        while True:
            try:
                line = self._queue.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                self.close()
                raise AssertionError(f"no {kind} {wanted} within {within_secs} s: {self.tell()}") from None
            if line is None:
                self.close()
                raise AssertionError(f"the node ended before {kind} {wanted}: {self.tell()}")
            self.said.append(line)
            if line["event"] == kind and all(line.get(name) == value for name, value in wanted.items()):
                return line

    def tell(self) -> str:
        return "\n".join([*map(str, self.said), *self.other[-60:]])

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self, *, within_secs: float = 60.0) -> int:
        """Wait for the process, then read what it still said; kill it where it does not end."""
        try:
            code = self._process.wait(within_secs)
        except subprocess.TimeoutExpired:
            self.close()
            raise AssertionError(f"the node did not end within {within_secs} s: {self.tell()}") from None
        self._reader.join(5)
        while not self._queue.empty():
            if (line := self._queue.get()) is not None:
                self.said.append(line)
        assert self._process.stderr is not None
        self._process.stderr.close()
        return code

    def close(self) -> None:
        """End the process whatever it does, and let go of it."""
        self._process.kill()
        self._process.wait(5)
        self._reader.join(5)
        assert self._process.stderr is not None
        self._process.stderr.close()

    @property
    def phases(self) -> list[str]:
        return [line["phase"] for line in self.said if line["event"] == "phase"]


def _start(module: str, arguments: tuple[str, ...], python: Path) -> subprocess.Popen[str] | ForkedProcess:
    if python == Path(sys.executable):
        return ForkedProcess(module, *arguments, stderr=PIPE)
    return subprocess.Popen(
        [str(python), "-m", module, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
