"""Everything that watches one node, brought to life and to its end in one place.

A part is anything with a name, ``start()`` and ``close()``. None of them can hurt the node: what a part raises is said
and counted, what takes too long at the end is left behind. `PARTS` says which parts there are.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from trueup.config.sight.monitor import LogFormat, MonitorConfig
from trueup.monitor.redaction import RedactingFilter
from trueup.monitor.status import NodeStatus

_logger = logging.getLogger("trueup.node")

CLOSE_SECS_MAX = 5.0
"""For all parts together: a journal flushes in milliseconds, and a hung disk must not keep a node from ending."""


class Part(Protocol):
    """One piece that watches a node."""

    @property
    def name(self) -> str:
        """Return what it is called in logs."""

    def start(self) -> None:
        """Come to life. Called once, on the thread of the node, before its event loop runs; must not block."""

    def close(self) -> None:
        """End, and keep what was not kept yet. Called once, on a thread of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SightSettings:
    """Hold the sections that say how a node is watched.

    Parameters
    ----------
    monitor : MonitorConfig
        The monitor.
    journal, guard, ops : Any
        The sections of the same names; None leaves the part out.
    secret_texts : tuple of str
        What must not be said anywhere, longest first.
    state_dir : Path or None
        Where the journal is, unless its section names a place; None takes the node's default.
    config_fingerprint : str
        Tells one configuration from another; empty where there is no file.
    """

    monitor: MonitorConfig = field(default_factory=MonitorConfig)
    journal: Any = None
    guard: Any = None
    ops: Any = None
    secret_texts: tuple[str, ...] = ()
    state_dir: Path | None = None
    config_fingerprint: str = ""

    @classmethod
    def of(cls, config: Any) -> SightSettings:
        """Return the sections of a whole configuration (`LiveTradingNodeConfig`)."""
        from trueup.journal.configured import config_fingerprint, state_dir_of

        return cls(
            monitor=getattr(config, "monitor", MonitorConfig()),
            journal=getattr(config, "journal", None),
            guard=getattr(config, "guard", None),
            ops=getattr(config, "ops", None),
            secret_texts=config.secret_texts(),
            state_dir=state_dir_of(config),
            config_fingerprint=config_fingerprint(config),
        )

    def beside_own_lines(self) -> SightSettings:
        """Return the settings for a program that writes a line for each event itself: no second one by default."""
        if self.monitor.log_format is not LogFormat.AUTO or self.monitor.log_file is not None:
            return self
        return replace(self, monitor=self.monitor.model_copy(update={"log_format": LogFormat.OFF}))


@dataclass(frozen=True, slots=True, kw_only=True)
class SightContext:
    """Hold what a part may need of its node.

    Parameters
    ----------
    node : TradingNode
        Built, and not yet run.
    handle : Handle
        Its handle; ``handle.announcer`` tells what happens.
    settings : SightSettings
        All sections.
    monitor : NodeMonitor
        Its monitor, None where it is off. Who knows the guard or the journal gives it a function (`show_guard`,
        `show_journal`) that returns its part of the status at any time, on any thread.
    status : Callable[[], NodeStatus]
        The status of the node, on any thread.
    render_metrics : Callable[[], bytes] or None
        Prometheus' text format, on any thread; None without a monitor.
    verifies : bool
        Whether the node is in verified mode.
    node_dir : Path or None
        The node's state directory.
    """

    node: Any
    handle: Any
    settings: SightSettings
    monitor: Any
    status: Callable[[], NodeStatus]
    render_metrics: Callable[[], bytes] | None
    verifies: bool = True
    node_dir: Path | None = None


def _redaction(context: SightContext) -> Part | None:
    return RedactingFilter(context.handle.announcer.redactor)


def _monitor(context: SightContext) -> Part | None:
    part: Part | None = context.monitor
    return part


def _journal(context: SightContext) -> Part | None:
    from trueup.node.recording import recorder_of

    return recorder_of(context)


def _guard(context: SightContext) -> Part | None:
    from trueup.node.v1.guarding import guard_of

    return guard_of(context)


def _endpoint(context: SightContext) -> Part | None:
    from trueup.node.serving import endpoint_of

    return endpoint_of(context)


PARTS: tuple[Callable[[SightContext], Part | None], ...] = (
    _redaction,
    _monitor,
    _journal,
    _guard,
    _endpoint,
)
"""What makes each part, in the order in which they start and end backwards; None where the settings leave it out.

Whoever adds one writes a function like the first and imports the part inside of it, so that a node without it does not
pay for it. The order is: secrets kept out, monitor, journal, guard, endpoint.
"""


class Sight:
    """Bring the parts of one node to life, and end them.

    Parameters
    ----------
    context : SightContext
        The node.
    makers : sequence of callable
        What makes the parts; one that raises is said, and does not take the others with it.

    Attributes
    ----------
    ends_with_node : bool
        Whether ``node.dispose()`` ends the parts; a runner that has more to say after it says no, and ends them itself.
    failures : Counter of str
        Parts that could not be started or ended.
    """

    def __init__(self, context: SightContext, makers: Sequence[Callable[[SightContext], Part | None]] = PARTS) -> None:
        self._context = context
        self._makers = makers
        self._parts: list[Part] = []
        self._closed = threading.Event()
        self._at_exit = _closer(weakref.ref(self))
        self.ends_with_node = True
        self.failures: Counter[str] = Counter()

    def start(self) -> None:
        """Make and start the parts, in order; never raises."""
        for maker in self._makers:
            name = maker.__name__.strip("_")
            try:
                part = maker(self._context)
                if part is not None:
                    part.start()
                    self._parts.append(part)
            except Exception as error:
                self.failures[name] += 1
                _logger.exception("the %s could not be started", name)
                text = f"the {name} could not be started: {type(error).__name__}: {error}"
                self._context.handle.announcer.say("problem", text=text)
        atexit.register(self._at_exit)

    def close(self, secs_max: float = CLOSE_SECS_MAX) -> None:
        """End the parts, the last one first, within a bound; never raises, and does nothing the second time."""
        if self._closed.is_set():
            return
        self._closed.set()
        atexit.unregister(self._at_exit)
        deadline = time.monotonic() + secs_max
        for part in reversed(self._parts):
            name = f"trueup-close-{part.name}"
            thread = threading.Thread(target=self._close_one, args=(part,), name=name, daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the interpreter is ending and makes no more threads
                self._close_one(part)
                continue
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                _logger.error("%s did not end within %g s and is left behind", part.name, secs_max)

    def _close_one(self, part: Part) -> None:
        try:
            part.close()
        except Exception:
            self.failures[part.name] += 1
            _logger.exception("%s failed at its end", part.name)


def _closer(sight: weakref.ref[Sight]) -> Callable[[], None]:
    """Return what ends a sight at the end of the process, without keeping its node alive until then."""

    def close_at_exit() -> None:
        if (alive := sight()) is not None:
            alive.close()

    return close_at_exit
