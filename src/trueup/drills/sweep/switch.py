"""Count the events that the outside of a node sees, and kill its process at the one that was ordered."""

from __future__ import annotations

import contextlib
import os
import signal
from collections import Counter, defaultdict
from collections.abc import Callable

from trueup.drills.records import Death
from trueup.drills.sweep.points import INSIDE, Point, Target


class KillSwitch:
    """Know where a session is to die, and see to it.

    Parameters
    ----------
    target : Target, optional
        Where; None kills nowhere and lists every event.
    pid : Callable[[], int]
        The process id of the node of now; 0 while there is none.

    Attributes
    ----------
    labels : dict
        What happened, by life and lane, in order, as the outside saw it.
    struck : list of str
        The events at which the process was killed from the outside.
    struck_life : int
        The last life that was ended so; 0 for none.
    """

    def __init__(self, target: Target | None, pid: Callable[[], int]) -> None:
        self._target = target
        self._pid = pid
        self._life = 0
        self._counts: Counter[str] = Counter()
        self._armed: Point | None = None
        self.labels: dict[tuple[int, str], list[str]] = defaultdict(list)
        self.struck: list[str] = []
        self.struck_life = 0

    def begin_life(self, life: int, list_path: str = "") -> Death:
        """Begin to count anew, and return what the node itself has to count."""
        self._life = life
        self._counts.clear()
        points = () if self._target is None else (self._target.first, self._target.again)
        self._armed = next((point for point in points if point is not None and point.life == life), None)
        if self._armed is None or self._armed.lane not in INSIDE:
            return Death(list_path=list_path)
        return Death(self._armed.lane, self._armed.number, list_path)

    @property
    def armed(self) -> Point | None:
        """Return where this life is to end."""
        return self._armed

    def happens(self, lane: str, label: str) -> bool:
        """Count an event, and return whether it was this life's last."""
        self._counts[lane] += 1
        self.labels[self._life, lane].append(label)
        armed = self._armed
        if armed is None or armed.lane != lane or armed.number != self._counts[lane]:
            return False
        pid = self._pid()
        if not pid:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self.struck.append(label)
        self.struck_life = self._life
        return True
