"""What a benchmark hands back: figures with their samples, and what they do not say."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    Parameters
    ----------
    name : str
        What was measured, in words.
    unit : str
        Unit of `value` and `samples`.
    samples : tuple[float, ...]
        One value per repetition, in the order in which they were measured.
    goal : float, optional
        What was aimed at.
    better : {"more", "less"}
        Which way is better; decides whether the goal is met.
    note : str
        What belongs to this figure alone.
    """

    name: str
    unit: str
    samples: tuple[float, ...]
    goal: float | None = None
    better: Literal["more", "less"] = "more"
    note: str = ""

    def __post_init__(self) -> None:
        assert self.samples, f"{self.name} was not measured"

    @property
    def value(self) -> float:
        """Return the median of the samples."""
        return statistics.median(self.samples)

    @property
    def met(self) -> bool | None:
        """Return whether the median meets the goal; ``None`` without one."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.better == "more" else self.value <= self.goal


@dataclass(frozen=True, slots=True)
class Result:
    """One run of a benchmark.

    Parameters
    ----------
    title : str
        Heading in the document.
    measured : str
        What was done, with the sizes: enough to do it again.
    excludes : tuple[str, ...]
        What the figures leave out: each a reason not to read too much into them.
    figures : tuple[Figure, ...]
        What was measured.
    """

    title: str
    measured: str
    excludes: tuple[str, ...]
    figures: tuple[Figure, ...]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of the values lie: the nearest rank, never an interpolation."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]
