"""What a node may do: the three trading states, and which of two is the stricter."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class GuardState(StrEnum):
    """What the node may do now; the engine's own trading states, the weakest first."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"

    @property
    def rank(self) -> int:
        """Return the place in the order of strictness, 0 for ACTIVE."""
        return _RANK[self]


_RANK = {state: rank for rank, state in enumerate(GuardState)}


def strictest(states: Iterable[GuardState]) -> GuardState:
    """Return the strictest of some states; ACTIVE where there is none."""
    return max(states, key=lambda state: state.rank, default=GuardState.ACTIVE)
