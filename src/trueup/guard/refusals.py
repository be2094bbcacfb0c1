"""Messages that were not obeyed: counted each, announced now and then."""

from __future__ import annotations

from collections import Counter

SAID_SECS = 10.0
"""Between two announcements of one kind: a flood is told by its count."""


class Refusals:
    """Count refused messages by reason. Written by one thread, read by any."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._said_at: dict[str, float] = {}

    def add(self, code: str, now_secs: float) -> int:
        """Count one; return how many there were if it is time to say so, else 0."""
        self._counts[code] += 1
        if now_secs - self._said_at.get(code, -SAID_SECS) < SAID_SECS:
            return 0
        self._said_at[code] = now_secs
        return self._counts[code]

    def counts(self) -> dict[str, int]:
        """Return how many there were, by reason."""
        return dict(self._counts)
