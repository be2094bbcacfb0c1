"""One life of the demonstrated node: a subprocess of ``trueup run``, its life-cycle lines, its death."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from trueup.errors import NodeError
from trueup.tied import start_tied

LINES_MAX = 10_000
"""Bounds what a node may say before it is read."""

STOP_TIMEOUT_SECS = 30.0
"""The node's own limits for stopping (post-stop, disconnection, shutdown) add up to less."""

ERROR_TEXT_LINES = 12


class NodeLife:
    """A node in a process of its own, from start to kill or stop.

    Parameters
    ----------
    config_path : Path
        What ``trueup run`` is given.
    output_path : Path
        Where the node's standard error goes (the engine's console log).
    environment : Mapping[str, str]
        Added to the environment: the venue's key and secret.
    without : str
        Variables of this process that begin so are not handed on; none are left out when empty.
    """

    def __init__(
        self, config_path: Path, output_path: Path, environment: Mapping[str, str], *, without: str = ""
    ) -> None:
        self.output_path = output_path
        self.events: list[dict[str, Any]] = []
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue(maxsize=LINES_MAX)
        with output_path.open("wb") as output:
            self._process = start_tied(
                [sys.executable, "-m", "trueup", "run", str(config_path), "--json"],
                stdout=subprocess.PIPE,
                stderr=output,
                stdin=subprocess.DEVNULL,
                env={**_inherited(without), **environment},
                start_new_session=True,  # Ctrl-C reaches the demonstration, which then stops the node itself
            )
        self._reader = threading.Thread(target=self._read, name="node-lines", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Return the exit code, None while it runs."""
        return self._process.poll()

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool], what: str, timeout_secs: float) -> dict[str, Any]:
        """Wait until the node says something.

        Raises
        ------
        NodeError
            If it ends first, or does not say it in time.
        """
        deadline = time.monotonic() + timeout_secs
        while (left_secs := deadline - time.monotonic()) > 0:
            try:
                event = self._lines.get(timeout=left_secs)
            except queue.Empty:
                break
            if event is None:
                raise NodeError(
                    f"the node ended with exit code {self._process.wait()} before {what}{self._last_words()}",
                    action=f"read {self.output_path}",
                )
            self.events.append(event)
            if wanted(event):
                return event
        raise NodeError(
            f"the node did not come to {what} within {timeout_secs:.0f} s{self._last_words()}",
            action=f"read {self.output_path}",
        )

    def heard(self) -> list[dict[str, Any]]:
        """Return what the node said since the last call, without waiting; what `wait_for` took is not among it."""
        fresh: list[dict[str, Any]] = []
        while True:
            try:
                event = self._lines.get_nowait()
            except queue.Empty:
                return fresh
            if event is None:
                self._lines.put(None)  # for who asks next: it has ended
                return fresh
            fresh.append(event)

    def kill(self) -> None:
        """End it with SIGKILL: no handler runs, nothing is flushed."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Ask it to stop, and end it if it will not; return the exit code."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=STOP_TIMEOUT_SECS)
            except subprocess.TimeoutExpired:
                self.kill()
        return self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._reader.join(timeout=1.0)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for raw in self._process.stdout:
            try:
                event = json.loads(raw)
            except ValueError:
                continue  # a line cut by the kill
            if isinstance(event, dict):
                try:
                    self._lines.put_nowait(event)
                except queue.Full:
                    continue  # nobody waits for so many; the log file has them all
        self._lines.put(None)

    def _last_words(self) -> str:
        try:
            lines = self.output_path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        words = [line for line in lines if line.strip()][-ERROR_TEXT_LINES:]
        return "".join(f"\n  | {line}" for line in words)


def _inherited(without: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not (without and name.startswith(without))}
