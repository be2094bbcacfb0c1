"""What the engine said about its own reconciliation, read from the node's JSON log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

COMPONENTS = frozenset({"ExecEngine", "TradingNode", "ExecClient-BINANCE", "BinanceFuturesExecutionClient"})
WORDS = ("econcil", "RUNNING", "StatusReport", "FillReport")
LINES_MAX = 40
"""Bounds what a report shows; the log itself is kept whole."""


@dataclass(frozen=True, slots=True)
class EngineLine:
    """One line of the engine's log."""

    level: str
    component: str
    message: str

    def __str__(self) -> str:
        return f"{self.component}: {self.message}"


@dataclass(frozen=True, slots=True)
class EngineSays:
    """What the engine said, and whether it called that a success.

    ``succeeded`` is None when it said neither.
    """

    lines: tuple[EngineLine, ...]
    succeeded: bool | None

    def sentence(self) -> str:
        """Return the line that sums it up, in the engine's own words."""
        for line in reversed(self.lines):
            if "Execution state reconciled" in line.message or "Reconciliation for" in line.message:
                return str(line)
        return str(self.lines[-1]) if self.lines else "nothing"


def read_engine_says(log_files: Sequence[Path]) -> EngineSays:
    """Read what the engine said about reconciliation.

    Parameters
    ----------
    log_files : Sequence[Path]
        The NautilusTrader logs of one life in their JSON format, oldest first (the engine rotates by size). A last
        line cut by a kill is passed over.

    Returns
    -------
    EngineSays
        At most ``LINES_MAX`` lines, the newest.
    """
    lines: list[EngineLine] = []
    for log_file in log_files:
        for raw in log_file.read_text(encoding="utf-8", errors="replace").splitlines():
            line = _parse(raw)
            if line is not None:
                lines.append(line)
    return EngineSays(lines=tuple(lines[-LINES_MAX:]), succeeded=_succeeded(lines))


def _parse(raw: str) -> EngineLine | None:
    try:
        entry = json.loads(raw)
    except ValueError:
        return None
    if not isinstance(entry, dict):
        return None
    component, message = str(entry.get("component", "")), str(entry.get("message", ""))
    name = component.rpartition(".")[2]  # the engine writes TRADER-ID.Component
    if name not in COMPONENTS or not any(word in message for word in WORDS):
        return None
    return EngineLine(level=str(entry.get("level", "")), component=name, message=message)


def _succeeded(lines: list[EngineLine]) -> bool | None:
    for line in reversed(lines):
        if "Execution state reconciled" in line.message:
            return True
        if "Execution state could not be reconciled" in line.message or "Reconciliation failed" in line.message:
            return False
    return None
