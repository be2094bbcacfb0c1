"""Kill a node's own process at the n-th event of a kind, or list the events: what only the inside can count."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from nautilus_trader.live.node import TradingNode

from trueup.drills.records import Death

LANES = ("stage", "told", "engine", "file")
"""What is counted: stages of construction, what verified mode tells, the engine's events, files that are written."""


class Reaper:
    """Count the events of one life, and end it with SIGKILL at the one that was ordered.

    Nothing is raised and nothing is cleaned up: the process is gone in the middle of the call that told the event.

    Parameters
    ----------
    death : Death
        Which event ends this life, and where events are listed.
    state_directory : str
        Only files below it are counted.
    """

    def __init__(self, death: Death, state_directory: str) -> None:
        self._death = death
        self._state_directory = state_directory
        self._counts: Counter[str] = Counter()
        self._list: int | None = None
        if death.list_path:
            self._list = os.open(Path(death.list_path), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if death.lane == "file" or self._list is not None:
            sys.addaudithook(self._on_audit)

    def happens(self, lane: str, label: str) -> None:
        """Count an event; this may be the last thing that the process does."""
        self._counts[lane] += 1
        if self._list is not None:
            os.write(self._list, f"{lane} {label}\n".encode())
        if lane == self._death.lane and self._counts[lane] == self._death.number:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch_engine(self, node: TradingNode) -> None:
        """Count every event of orders, positions and accounts that the engine publishes."""
        node.kernel.msgbus.subscribe(topic="events.*", handler=self._on_event, priority=100)

    def watch_announcer(self, announcer: Any) -> None:
        """Count everything that verified mode tells, the routine looks among it."""
        announcer.observe(lambda event: self.happens("told", event.kind))

    def _on_event(self, event: Any) -> None:
        self.happens("engine", type(event).__name__)

    def _on_audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Count what is about to happen to a file of the node's state: it is opened for writing, renamed, removed."""
        if event == "open":
            path, mode, flags = arguments
            writes = bool(isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)) or "a" in str(mode or "")
            if writes and str(path).startswith(self._state_directory):
                self.happens("file", f"open {Path(str(path)).name}")
        elif event in {"os.rename", "os.remove", "os.truncate", "os.mkdir"} and str(arguments[0]).startswith(
            self._state_directory
        ):
            self.happens("file", f"{event.removeprefix('os.')} {Path(str(arguments[0])).name}")
