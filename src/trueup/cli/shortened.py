"""Print the first of many lines, and say how many are left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

LINES_SHOWN: Final = 12
"""Of what may be hundreds alike: a terminal's half."""


def shortened(lines: Sequence[str], shown_max: int) -> list[str]:
    """Return the first lines and, where there are more, one that counts the rest."""
    left = len(lines) - shown_max
    return [*lines[:shown_max], f"and {left} more"] if left > 0 else list(lines)
