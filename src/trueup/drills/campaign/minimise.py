"""Make a failing episode small: leave out steps as long as it fails the same way.

Delta debugging over the lines: halves, then quarters, down to single lines; any subset of an episode's lines is an
episode, since steps that cannot be done are passed over. Bounded by runs, since a failure may be a matter of chance.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence

RUNS_MAX = 60
SECS_MAX = 240.0
"""What a failure is worth; one that is a matter of liveness takes half a minute each time."""

FailsWith = Callable[[Sequence[str]], Awaitable[bool]]


def signature(complaint: str) -> str:
    """Return the promise that a complaint says was broken, without what it was broken on."""
    return complaint.split(":", maxsplit=1)[0]


async def minimise(
    lines: Sequence[str], fails: FailsWith, *, runs_max: int = RUNS_MAX, secs_max: float = SECS_MAX
) -> tuple[tuple[str, ...], int]:
    """Return the fewest lines found that still fail, and how many runs that took.

    Parameters
    ----------
    lines : Sequence[str]
        The steps of a failing episode.
    fails : Callable
        Runs some of them, and says whether the failure is there.
    runs_max, secs_max : int, float
        Bound the search.
    """
    deadline = time.monotonic() + secs_max
    kept = list(lines)
    runs = 0
    parts = 2
    while len(kept) >= 2:
        size = -(-len(kept) // parts)
        for begin in range(0, len(kept), size):
            candidate = kept[:begin] + kept[begin + size :]
            if not candidate:
                continue
            if runs == runs_max or time.monotonic() > deadline:
                return tuple(kept), runs
            runs += 1
            if await fails(candidate):
                kept, parts = candidate, max(parts - 1, 2)
                break
        else:
            if size == 1:
                break
            parts = min(len(kept), parts * 2)
    return tuple(kept), runs
