"""Where a session is killed: life, lane and number of an event, as a value and as a word on the command line."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trueup.errors import ConfigValueError

LANES = {
    "stage": "stages of the node's construction",
    "venue": "messages between node and venue: asked, answered, pushed, each before and after",
    "read": "commands by which the store is read",
    "write": "commands by which the store is written, before they reach it and after",
    "told": "what verified mode tells: phases, looks, plans, verdicts",
    "engine": "the engine's events of orders, positions and accounts, one for each step that a true-up applies",
    "file": "files of the node's state that are opened for writing, renamed or removed: the repair ledger",
}
"""What is counted, in the order of the table."""

INSIDE = frozenset({"stage", "told", "engine", "file"})
"""Lanes that only the node's own process can count."""

_WORD = re.compile(r"(?P<life>\d+):(?P<lane>[a-z]+):(?P<number>\d+)")
ALLOWED = f"LIFE:LANE:NUMBER, such as 2:venue:7, with a lane of {', '.join(LANES)}; two of them with a + between"


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """One event of a session.

    Parameters
    ----------
    life : int
        Of the node, from 1.
    lane : str
        What is counted.
    number : int
        Of the event among those of its lane in this life, from 1.
    """

    life: int
    lane: str
    number: int

    def __str__(self) -> str:
        return f"{self.life}:{self.lane}:{self.number}"


@dataclass(frozen=True, slots=True)
class Target:
    """Where one run is killed: once, or once more in the life after that.

    Parameters
    ----------
    first : Point
        The kill.
    again : Point, optional
        A second kill, in the life that follows the first.
    """

    first: Point
    again: Point | None = None

    def __str__(self) -> str:
        return str(self.first) if self.again is None else f"{self.first}+{self.again}"


def read_target(text: str) -> Target:
    """Return the target that a word names.

    Raises
    ------
    ConfigValueError
        If it names none.
    """
    points = [_read_point(part, text) for part in text.split("+")]
    if len(points) > 2 or (len(points) == 2 and points[1].life != points[0].life + 1):
        raise ConfigValueError(f"{text!r:.80} is not a kill point", allowed=f"{ALLOWED}, the second one life later")
    return Target(points[0], points[1] if len(points) == 2 else None)


def _read_point(part: str, text: str) -> Point:
    found = _WORD.fullmatch(part)
    if found is None or found["lane"] not in LANES or int(found["number"]) < 1 or int(found["life"]) < 1:
        raise ConfigValueError(f"{text!r:.80} is not a kill point", allowed=ALLOWED)
    return Point(int(found["life"]), found["lane"], int(found["number"]))
