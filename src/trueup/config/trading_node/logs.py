"""Logs of a node: JSON lines, with what the engine's Rust part says among them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field

from trueup.config.base import Count, Off, Section
from trueup.config.trading_node.forms import FILE_NAME


class LogLevel(StrEnum):
    """The engine's log levels."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    OFF = "OFF"


class LogFormat(StrEnum):
    """The form of the log file."""

    JSON = "json"
    TEXT = "text"


class LogsConfig(Section):
    """Configure the engine's log. It belongs to the process: the first node of a process decides."""

    level: LogLevel = LogLevel.INFO
    """Least level on standard output."""

    level_file: LogLevel | None = LogLevel.INFO
    """Least level in the file; ``OFF`` for no file."""

    directory: Path = Path("logs")
    """Directory of the file, relative to where the node starts."""

    file_name: str | None = Field(default=None, pattern=FILE_NAME)
    """Name without ending; the engine's own daily name if none."""

    format: LogFormat = LogFormat.JSON
    """``json`` (one object a line) or ``text``."""

    file_size_bytes_max: Annotated[Count | None, Off] = Field(default=100_000_000, ge=1)
    """Size at which the file is rotated."""

    files_max: Count = Field(default=10, ge=0, le=10_000)
    """Rotated files that are kept."""

    use_pyo3: bool = True
    """Let the Rust part log. Without it a failed write to Redis is never mentioned."""

    colors: bool = False
    """Colour standard output."""

    component_levels: dict[str, LogLevel] = Field(default_factory=dict)
    """Levels of single components."""
