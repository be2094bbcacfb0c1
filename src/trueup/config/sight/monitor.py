"""The monitor in the node: what it logs, and how closely it looks at the event loop."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field

from trueup.config.base import Number, Section


class LogFormat(StrEnum):
    """How the monitor's log is written."""

    AUTO = "auto"  # console, unless `trueup run` says the same in its own lines
    CONSOLE = "console"
    JSON = "json"
    OFF = "off"


class MonitorConfig(Section):
    """Configure the monitor: status, metrics and structured logs of a node."""

    enabled: bool = True
    """Watch the node. Without it there is no status and no metric of it."""

    log_format: LogFormat = LogFormat.AUTO
    """``console`` or ``json``, one line for each event; ``off`` for none; ``auto`` is ``console``, and nothing under
    ``trueup run``, which says the same in lines of its own."""

    log_file: Path | None = None
    """Where the log goes, from the directory in which the node is started; without it, standard error."""

    loop_sample_ms: Annotated[int, Number] = Field(default=100, ge=10, le=1_000)
    """Between two measurements of how late the event loop is; the heartbeat comes as often."""

    poll_secs: Annotated[float, Number] = Field(default=1.0, ge=0.1, le=10.0)
    """Between two counts of the node's orders and positions. A count that takes long makes itself rarer."""

    cycles_kept: Annotated[int, Number] = Field(default=200, ge=10, le=10_000)
    """Checks kept for the timeline."""

    discrepancies_shown: Annotated[int, Number] = Field(default=100, ge=1, le=10_000)
    """Discrepancies listed in the status; what is beyond is counted."""
