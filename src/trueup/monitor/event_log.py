"""The monitor's log: one structured line for each event, written by a thread of its own.

Secrets are out of an event before it is heard (`trueup.node.announcer`). A handler on the node's loop only puts a value
into a bounded queue. A full pipe or a slow disk therefore delays the log and nothing else; what finds the queue full is
counted as dropped.
"""

from __future__ import annotations

import logging
import queue
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import structlog

from trueup.config.sight.monitor import LogFormat
from trueup.node.announcer import LifeCycleEvent

_logger = logging.getLogger("trueup.monitor")

QUEUE_MAX = 10_000
"""Lines that wait; at 500 bytes each, 5 MB."""
FLUSH_SECS_MAX = 2.0
"""At the end, for what still waits."""

LEVELS: Mapping[str, str] = {
    "failed": "error",
    "problem": "warning",
    "stream_gap": "warning",
    "guard": "warning",
    "guard_alarm": "critical",
    "guard_refused": "error",
    "guard_control": "warning",
    "external": "warning",
    "intervention": "warning",
}
"""Events that are not information; discrepancies, verdicts and the store have levels of their own."""
_NUMBERS = logging.getLevelNamesMapping()


class EventLog:
    """Write events to a stream or a file.

    Parameters
    ----------
    log_format : LogFormat
        ``CONSOLE`` or ``JSON``.
    path : Path or None
        A file that is appended to; None for standard error.
    identity : Mapping[str, str]
        Put on every line.
    """

    def __init__(self, log_format: LogFormat, path: Path | None, identity: Mapping[str, str]) -> None:
        self.dropped = 0
        self.failed = 0
        self._path = path
        self._waiting: queue.Queue[LifeCycleEvent | None] = queue.Queue(QUEUE_MAX)
        self._thread = threading.Thread(target=self._run, name="trueup-log", daemon=True)
        self._out: BinaryIO | None = None
        self._as_json = log_format is LogFormat.JSON
        self._identity = dict(identity)

    def start(self) -> None:
        """Open the file and begin to write."""
        # Unbuffered: what a full disk refuses is lost and counted, and does not pile up in front of the next line.
        self._out = sys.stderr.buffer if self._path is None else self._path.open("ab", buffering=0)
        self._thread.start()

    def put(self, event: LifeCycleEvent) -> None:
        """Take an event in, at once."""
        try:
            self._waiting.put_nowait(event)
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        """Write what waits, within a bound, and close the file."""
        try:
            self._waiting.put(None, timeout=FLUSH_SECS_MAX)
        except queue.Full:
            return
        self._thread.join(FLUSH_SECS_MAX)
        if self._path is not None and self._out is not None and not self._thread.is_alive():
            with suppress(OSError):
                self._out.close()

    def _run(self) -> None:
        log = self._logger()
        while (event := self._waiting.get()) is not None:
            try:
                fields = {name: value for name, value in event.data.items() if value not in (None, "", (), [])}
                log.log(_NUMBERS[level_of(event).upper()], event.kind, time_ns=event.time_ns, **fields)
            except Exception:
                self.failed += 1
                if self.failed == 1:  # the disk is full or the pipe is gone: say it once, count the rest
                    _logger.exception("the monitor's log cannot be written")

    def _logger(self) -> Any:
        colours = self._path is None and sys.stderr.isatty()
        renderer = _json_line if self._as_json else _console_line(structlog.dev.ConsoleRenderer(colors=colours))
        log = structlog.wrap_logger(
            structlog.BytesLogger(self._out),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                renderer,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        )
        return log.bind(**self._identity)


def level_of(event: LifeCycleEvent) -> str:
    """Return how loud an event is. Pure."""
    data = event.data
    match event.kind:
        case "verdict":
            return "info" if data.get("verdict") == "CLEAN" else "warning"
        case "discrepancy":
            if data.get("state") in {"GIVEN_UP", "REFUSED"}:
                return "error"
            return "info" if data.get("state") == "RESOLVED" else "warning"
        case "store":
            return "info" if data.get("state") == "PRESENT" else "error"
        case "stopped":
            return "info" if not data.get("exit_code") else "error"
        case kind:
            return LEVELS.get(kind, "info")


def _json_line(_logger: Any, _method: str, fields: Any) -> bytes:
    return orjson.dumps(fields, default=str)


def _console_line(render: Any) -> Any:
    def line(logger: Any, method: str, fields: Any) -> bytes:
        return str(render(logger, method, fields)).encode()

    return line
