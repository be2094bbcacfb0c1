"""What a node's life cycle says to the outside: one value an event, listeners that can do no harm."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trueup.monitor.redaction import Redactor

_logger = logging.getLogger("trueup.node")

LISTENERS_MAX = 32
"""More listeners than this is a leak, not a wish."""


@dataclass(frozen=True, slots=True)
class LifeCycleEvent:
    """One event in the life of an attached node.

    Parameters
    ----------
    kind : str
        ``built``, ``phase``, ``engine_says``, ``verdict``, ``trading``, ``stream_gap``, ``failed``, ``guard`` or
        ``stopped``, among others; ``look`` for observers alone.
    time_ns : int
        Wall-clock time in nanoseconds since the epoch.
    data : Mapping[str, Any]
        What belongs to the kind; plain JSON values only.
    """

    kind: str
    time_ns: int
    data: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the event as one flat mapping for a JSON line."""
        return {"event": self.kind, "time_ns": self.time_ns, **self.data}


Listener = Callable[[LifeCycleEvent], None]


class Announcer:
    """Tell listeners what happens, without ever letting one of them hurt the node.

    A listener runs on the node's event loop: it must be quick. What it raises is counted and logged, not passed on,
    since an exception inside an engine's handler ends the process (measured on 1.231.0: ``os._exit(1)``).
    """

    def __init__(self) -> None:
        self._redactor = Redactor()
        self._listeners: list[Listener] = []
        self._observers: list[Listener] = []
        self.listener_failures: Counter[str] = Counter()

    def listen(self, listener: Listener) -> None:
        """Add a listener for every later event that is worth a line."""
        self._add(self._listeners, listener)

    def observe(self, observer: Listener) -> None:
        """Add a listener that hears the rest, too: every look, also one that found nothing new."""
        self._add(self._observers, observer)

    def say(self, kind: str, /, **data: Any) -> None:
        """Tell everybody about an event that happens now."""
        self._tell((*self._listeners, *self._observers), kind, data)

    def note(self, kind: str, /, **data: Any) -> None:
        """Tell the observers about an event that happens now, and nobody else: it is routine."""
        self._tell(self._observers, kind, data)

    def redact_with(self, redactor: Redactor) -> None:
        """Keep secrets out of whatever is said from now on: reasons quote adapters, and adapters quote requests."""
        self._redactor = redactor

    @property
    def redactor(self) -> Redactor:
        """Return what keeps secrets out."""
        return self._redactor

    def _add(self, listeners: list[Listener], listener: Listener) -> None:
        if len(self._listeners) + len(self._observers) >= LISTENERS_MAX:
            raise ValueError(f"more than {LISTENERS_MAX} listeners on one node")
        listeners.append(listener)

    def _tell(self, listeners: Iterable[Listener], kind: str, data: Mapping[str, Any]) -> None:
        event = LifeCycleEvent(kind, time.time_ns(), self._redactor.value(data))
        for listener in listeners:
            try:
                listener(event)
            except Exception:
                name = getattr(listener, "__name__", type(listener).__name__)
                self.listener_failures[name] += 1
                if self.listener_failures[name] == 1:  # it will fail again, at every look
                    _logger.exception(
                        "the listener %s failed on %s; from now on its failures are only counted", name, kind
                    )
